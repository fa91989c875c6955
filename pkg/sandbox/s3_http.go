package sandbox

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
)

// maxObject bounds what the sandbox takes as one object; S3 takes 5 GB.
const maxObject = 80 << 20

// s3Routes tell an operation by its method, whether a key is named, and the
// parameter of the query that makes it another one.
var s3Routes = []struct {
	method string
	bucket bool
	key    bool
	query  string
	name   string
}{
	{"GET", false, false, "", "ListBuckets"},
	{"PUT", true, false, "versioning", "PutBucketVersioning"},
	{"GET", true, false, "versioning", "GetBucketVersioning"},
	{"GET", true, false, "location", "GetBucketLocation"},
	{"GET", true, false, "list-type", "ListObjectsV2"},
	{"PUT", true, false, "", "CreateBucket"},
	{"HEAD", true, false, "", "HeadBucket"},
	{"DELETE", true, false, "", "DeleteBucket"},
	{"PUT", true, true, "", "PutObject"},
	{"GET", true, true, "", "GetObject"},
	{"HEAD", true, true, "", "HeadObject"},
	{"DELETE", true, true, "", "DeleteObject"},
}

// s3Foreign are the parameters of the query that name an operation which the
// sandbox does not have (uploads, tagging, acl, …).
var s3Foreign = []string{"acl", "cors", "delete", "encryption", "lifecycle", "logging", "notification", "object-lock", "partNumber", "policy",
	"replication", "restore", "retention", "tagging", "torrent", "uploadId", "uploads", "versions", "website", "attributes"}

// forS3 tells a request for S3 by the service that it was signed for: its paths
// and hosts may look like anything.
func forS3(r *http.Request) bool {
	scope := r.Header.Get("Authorization")
	if scope == "" {
		scope = r.URL.Query().Get("X-Amz-Credential")
	}
	return strings.Contains(scope, "/s3/aws4_request")
}

// routeS3 finds bucket, key and operation.
func (q *request) routeS3(r *http.Request) error {
	q.service, q.values = serviceOf{key: "s3"}, r.URL.Query()
	in := &s3In{query: q.values, header: r.Header.Clone()}
	q.s3, q.head = in, r.Method == http.MethodHead
	path := strings.TrimPrefix(r.URL.Path, "/")
	if in.Bucket = hostBucket(cmp.Or(r.Host, r.URL.Host)); in.Bucket == "" {
		in.Bucket, path, _ = strings.Cut(path, "/")
	}
	in.Key = path
	body, err := s3Body(r, in.header)
	if err != nil {
		return err
	}
	in.body = body
	for _, name := range s3Foreign {
		if q.values.Has(name) {
			return s3NotImplemented()
		}
	}
	for _, route := range s3Routes {
		if route.method == r.Method && route.bucket == (in.Bucket != "") && route.key == (in.Key != "") && (route.query == "" || q.values.Has(route.query)) {
			q.operation = route.name
			return nil
		}
	}
	return s3Refuse(http.StatusMethodNotAllowed, "MethodNotAllowed", "The specified method is not allowed against this resource.")
}

// hostBucket is the bucket in front of a host name ("virtual-hosted-style"), ""
// where the path names it.
func hostBucket(hostport string) string {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	for _, base := range []string{".s3.amazonaws.com", ".s3." + Region + ".amazonaws.com", ".localhost", ".sandbox.invalid"} {
		if bucket, ok := strings.CutSuffix(host, base); ok && bucket != "s3" {
			return bucket
		}
	}
	return ""
}

// s3Body reads the content: as it is, or in the chunks of "aws-chunked", whose
// trailers then stand among the headers.
func s3Body(r *http.Request, header http.Header) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxObject+1))
	if err != nil {
		return nil, s3Refuse(http.StatusBadRequest, "IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header")
	}
	if len(raw) > maxObject {
		return nil, s3Refuse(http.StatusBadRequest, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
	}
	sum := header.Get("X-Amz-Content-Sha256")
	if !strings.HasPrefix(sum, "STREAMING-") {
		have := sha256.Sum256(raw)
		if len(sum) == 64 && sum != hex.EncodeToString(have[:]) {
			return nil, s3Refuse(http.StatusBadRequest, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.")
		}
		return raw, nil
	}
	return unchunk(raw, header)
}

// unchunk reads "SIZE[;chunk-signature=…]\r\nDATA\r\n…0\r\nTRAILER: VALUE\r\n\r\n"
// ("Signature calculations: transferring a payload in multiple chunks").
func unchunk(raw []byte, header http.Header) ([]byte, error) {
	broken := s3Refuse(http.StatusBadRequest, "IncompleteBody", "The request body terminated unexpectedly")
	r := bufio.NewReader(bytes.NewReader(raw))
	var out []byte
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return nil, broken
		}
		size, _, _ := strings.Cut(strings.TrimSpace(line), ";")
		n, err := strconv.ParseInt(size, 16, 32)
		if err != nil || n < 0 || int(n) > len(raw) {
			return nil, broken
		}
		if n == 0 {
			break
		}
		chunk := make([]byte, n+2)
		if _, err := io.ReadFull(r, chunk); err != nil {
			return nil, broken
		}
		out = append(out, chunk[:n]...)
	}
	for {
		line, err := r.ReadString('\n')
		name, value, ok := strings.Cut(strings.TrimSpace(line), ":")
		if ok {
			header.Set(name, strings.TrimSpace(value))
		}
		if err != nil || strings.TrimSpace(line) == "" {
			break
		}
	}
	if want := header.Get("X-Amz-Decoded-Content-Length"); want != "" && want != strconv.Itoa(len(out)) {
		return nil, broken
	}
	return out, nil
}

// s3Succeed writes an answer.
func (q *request) s3Succeed(id string, out *s3Out) answer {
	a := answer{status: out.status, header: q.headers(id), body: bytes.Clone(out.body)}
	if a.status == 0 {
		a.status = http.StatusOK
	}
	for name, values := range out.header {
		a.header[name] = values
	}
	if out.doc != nil {
		raw, err := xml.Marshal(out.doc)
		if err != nil {
			return q.fail(id, internalFailure(err.Error()))
		}
		a.body = append([]byte(xml.Header), raw...)
		a.header.Set("Content-Type", "application/xml")
	}
	if q.head {
		a.body = nil
	}
	return a
}

// s3Fail writes an error. An answer to HEAD has no body, and thereby no code.
func (q *request) s3Fail(id string, e *apiError) answer {
	a := answer{status: e.Status, header: q.headers(id)}
	if a.status == 0 {
		a.status = http.StatusBadRequest
	}
	if q.head {
		return a
	}
	var b bytes.Buffer
	b.WriteString(xml.Header + "<Error>")
	field := func(name, value string) {
		fmt.Fprintf(&b, "<%s>", name)
		_ = xml.EscapeText(&b, []byte(value)) // a bytes.Buffer never fails
		fmt.Fprintf(&b, "</%s>", name)
	}
	field("Code", e.Code)
	field("Message", e.Message)
	switch {
	case q.s3 == nil:
	case e.Code == "NoSuchBucket":
		field("BucketName", q.s3.Bucket)
	case e.Code == "NoSuchKey":
		field("Key", q.s3.Key)
	}
	field("RequestId", id)
	field("HostId", a.header.Get("X-Amz-Id-2"))
	b.WriteString("</Error>")
	a.body = b.Bytes()
	a.header.Set("Content-Type", "application/xml")
	return a
}
