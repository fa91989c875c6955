package awsclient

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
)

// swift answers before net/http is through with a request: the SDK has closed the body
// when net/http looks whether there is more of it.
type swift struct{ t *testing.T }

func (s swift) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, r.ContentLength))
	if err != nil || int64(len(body)) != r.ContentLength {
		s.t.Errorf("the body is %q (%v)", body, err)
	}
	_ = r.Body.Close()
	if n, err := io.CopyBuffer(io.Discard, r.Body, make([]byte, 10)); n != 0 || err != nil {
		s.t.Errorf("more of the body: %d bytes, %v: net/http closes the connection for that", n, err)
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"services": []}`)), Request: r}, nil
}

// TestBodies: an answer that comes at once is not lost.
func TestBodies(t *testing.T) {
	p, err := New(t.Context(), Options{Targets: map[string]Target{"default": {Region: "us-east-1"}}, Static: true, Unlimited: true,
		Endpoint: "http://sandbox.invalid", HTTPClient: &http.Client{Transport: swift{t}}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := p.For(t.Context(), "default")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"hello", "hello" + strings.Repeat("o", mostHeldBody)} {
		if _, err := c.Read.ECS.DescribeServices(t.Context(), &ecs.DescribeServicesInput{Services: []string{name}}); err != nil {
			t.Error(err)
		}
	}
}
