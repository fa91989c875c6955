package awsclient

import (
	"bytes"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// mostHeldBody is up to what size the body of a request is sent from memory, where it is
// anyway.
const mostHeldBody = 1 << 20

// bodies gives net/http the bodies of requests as it likes them. As the SDK gives them,
// answers get lost: net/http sends the headers and the body of a reader that it does not
// know at once and then looks whether there is more of the body (transfer.go, writeBody).
// When the answer came first, the SDK has closed the body by then, and smithy-go's
// WriteTo of a closed body says io.EOF (1.28.8, transport/http/internal/io/safe.go), which
// net/http takes for a write that failed: it closes the connection while the answer is
// being read. A body in memory goes out in one piece with its headers, before an answer
// can come.
type bodies struct{ aws.HTTPClient }

func (c bodies) Do(r *http.Request) (*http.Response, error) {
	switch {
	case r.Body == nil || r.Body == http.NoBody:
	case r.ContentLength > 0 && r.ContentLength <= mostHeldBody:
		data := make([]byte, r.ContentLength)
		if _, err := io.ReadFull(r.Body, data); err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(data))
	default:
		r.Body = struct{ io.ReadCloser }{r.Body} // no WriteTo
	}
	return c.HTTPClient.Do(r)
}
