package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox/wire"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// answer is a response before it meets a connection.
type answer struct {
	status int
	header http.Header
	body   []byte
	drop   bool // close the connection instead
}

// ServeHTTP answers AWS requests of every service, told apart by their form. A
// panic of an operation becomes an error on the wire.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if serveOwnPage(s, w, r) {
		return
	}
	a := s.answer(r)
	if a.drop {
		panic(http.ErrAbortHandler) // net/http's way to cut a connection
	}
	for k, v := range s.dated(a.header) {
		w.Header()[k] = v
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // the client is gone: nobody to tell
}

// Transport answers SDK calls in process: no port, works inside synctest.
func (s *Sandbox) Transport() http.RoundTripper { return roundTripper{s} }

type roundTripper struct{ s *Sandbox }

// RoundTrip answers an SDK call in process.
func (rt roundTripper) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	a := rt.s.answer(r)
	if err := r.Context().Err(); err != nil {
		return nil, err // the caller gave up while a fault held the answer back
	}
	if a.drop {
		return nil, io.ErrUnexpectedEOF
	}
	return &http.Response{
		Status: fmt.Sprintf("%d %s", a.status, http.StatusText(a.status)), StatusCode: a.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r, Header: rt.s.dated(a.header),
		Body: io.NopCloser(bytes.NewReader(a.body)), ContentLength: int64(len(a.body)),
	}, nil
}

// answer takes one request from its bytes to its answer.
func (s *Sandbox) answer(r *http.Request) answer {
	id := s.requestID()
	q, err := readRequest(r)
	if err != nil {
		return q.fail(id, err)
	}
	o, ok := s.ops[q.service.key+"."+q.operation]
	if !ok {
		return q.fail(id, q.unknown())
	}
	if err := authenticated(r, q); err != nil {
		return q.fail(id, err)
	}
	in := o.in()
	if err := q.decode(in); err != nil {
		return q.fail(id, err)
	}
	fault := s.fault(r, o, in)
	if err := s.signedInTime(r, q); err != nil {
		s.note(id, o, r, in, errorCode(err))
		return q.fail(id, err)
	}
	if fault != nil && fault.PageSize > 0 {
		limitPage(in, fault.PageSize)
	}
	switch {
	case fault == nil:
		return s.patient(id, q, o, in, r, nil)
	case fault.From != nil:
		s.note(id, o, r, in, "")
		return fault.From.patient(id, q, o, in, r, fault)
	case fault.spoilsAnswer():
		a := s.patient(id, q, o, in, r, fault)
		switch {
		case fault.Body != nil:
			a.body = fault.Body
		case fault.Garble:
			a.body = a.body[:len(a.body)/2]
		}
		return a
	case fault.Late != nil:
		go func() {
			<-fault.Late
			s.patient(id, q, o, in, r.WithContext(context.WithoutCancel(r.Context())), nil)
		}()
		return fault.answer(id, q)
	case fault.AfterEffect:
		s.patient(id, q, o, in, r, nil)
	default:
		s.note(id, o, r, in, fault.code())
	}
	return fault.answer(id, q)
}

// patient runs an operation, and runs it again as long as it waits for something.
func (s *Sandbox) patient(id string, q request, o operation, in any, r *http.Request, f *Fault) answer {
	a, wait, news := s.execute(id, q, o, in, r, f)
	for end := time.Now().Add(s.onTheWall(wait)); wait > 0; {
		t := time.NewTimer(min(time.Until(end), s.onTheWall(wait)))
		select {
		case <-r.Context().Done():
			t.Stop()
			s.note(id, o, r, in, "")
			return a
		case <-news:
			t.Stop()
		case <-t.C:
		}
		last := !time.Now().Before(end)
		if a, wait, news = s.execute(id, q, o, in, r, f); last && wait > 0 {
			s.note(id, o, r, in, "")
			break
		}
	}
	return a
}

// onTheWall is how long a time of the world is on the clock.
func (s *Sandbox) onTheWall(d time.Duration) time.Duration {
	return time.Duration(float64(d) / s.opts.Speed)
}

// tellNews wakes the calls that wait. The lock on the world is held.
func (s *Sandbox) tellNews() {
	close(s.news)
	s.news = make(chan struct{})
}

// execute runs an operation in the world of now, and says how long it would wait
// for more. The answer is encoded before the world is let go, because it may
// point into it.
func (s *Sandbox) execute(id string, q request, o operation, in any, r *http.Request, f *Fault) (a answer, wait time.Duration, news chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() { news = s.news }()
	code := ""
	defer func() {
		if p := recover(); p != nil {
			s.opts.logf("sandbox: %s.%s panicked: %s\n%s", o.service, o.name, shape.Fault(p), debug.Stack())
			code = "InternalFailure"
			a = q.fail(id, internalFailure(fmt.Sprintf("%s failed in the sandbox: %s", o.name, shape.Fault(p))))
		}
		if wait == 0 { // else it has not happened yet
			s.journal.add(entryOf(id, s.world.Clock, o, r, in, code))
		}
		if err := s.persist(); err != nil {
			a = q.fail(id, internalFailure(err.Error()))
		}
	}()
	if s.world.advance(s.now()) || o.writes {
		s.dirty = true
	}
	c := &call{w: s.world, Now: s.world.Clock, AccessKey: accessKey(r)}
	err := s.authorised(c, q, o, in)
	if err == nil {
		err = checkEnums(o, in)
	}
	var out any
	if err == nil {
		out, err = o.run(c, in)
		wait = c.wait
	}
	if err != nil {
		code = errorCode(err)
		return q.fail(id, err), 0, nil
	}
	if o.writes && wait == 0 {
		s.world.seen(o.name)
		s.tellNews()
	}
	if f != nil && f.Rewrite != nil {
		f.Rewrite(out)
	}
	return q.succeed(id, out), wait, nil
}

func internalFailure(text string) error {
	return &apiError{Code: "InternalFailure", Message: text, Status: http.StatusInternalServerError}
}

func errorCode(err error) string {
	if err == nil {
		return ""
	}
	var e *apiError
	if errors.As(err, &e) {
		return e.Code
	}
	return "InternalFailure"
}

// requestID is unique within the sandbox and looks like AWS'.
func (s *Sandbox) requestID() string {
	n := s.requests.Add(1)
	h := digest(fmt.Sprint("request", s.opts.Seed, s.born.UnixNano(), n))
	return fmt.Sprintf("%s-%s-%s-%s-%s", h[:8], h[8:12], h[12:16], h[16:20], h[20:32])
}

// authenticated checks that a request is signed; by whom and for what is the
// authoriser's business.
func authenticated(r *http.Request, q request) error {
	auth := r.Header.Get("Authorization")
	switch {
	case strings.HasPrefix(auth, "AWS4-HMAC-SHA256 "), strings.HasPrefix(auth, "AWS4-ECDSA-P256-SHA256 "):
		return nil
	case auth == "" && q.values.Get("X-Amz-Signature") != "": // presigned
		return nil
	case auth == "" && q.protocol == protocolQuery:
		return &apiError{Code: "MissingAuthenticationToken", Message: "Request is missing Authentication Token", Status: http.StatusForbidden}
	case auth == "":
		return &apiError{Code: "MissingAuthenticationTokenException", Message: "Missing Authentication Token", Status: http.StatusBadRequest}
	}
	return &apiError{Code: "IncompleteSignature", Message: "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter.", Status: http.StatusForbidden}
}

// accessKey is the key id that a request was signed with.
func accessKey(r *http.Request) string {
	_, rest, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	key, _, _ := strings.Cut(rest, "/")
	return key
}

// serviceOf describes how the services are told apart and spoken to.
type serviceOf struct {
	key       string      // as in operation.service
	target    string      // prefix of X-Amz-Target, and the name in a smithy path
	version   string      // of the Query protocol
	namespace string      // of its XML
	names     wire.Naming // of the members
}

var services = []serviceOf{
	{key: "ecs", target: "AmazonEC2ContainerServiceV20141113", names: wire.LowerCamel},
	{key: "application-autoscaling", target: "AnyScaleFrontendService", names: wire.GoNames},
	{key: "tagging", target: "ResourceGroupsTaggingAPI_20170126", names: wire.GoNames},
	{key: "monitoring", target: "GraniteServiceVersion20100801", version: "2010-08-01", namespace: "http://monitoring.amazonaws.com/doc/2010-08-01/", names: wire.GoNames},
	{key: "logs", target: "Logs_20140328", names: wire.LowerCamel},
	{key: "elasticloadbalancing", version: "2015-12-01", namespace: "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/", names: wire.GoNames},
	{key: "ecr", target: "AmazonEC2ContainerRegistry_V20150921", names: wire.LowerCamel},
	{key: "secretsmanager", target: "secretsmanager", names: wire.GoNames},
	{key: "ssm", target: "AmazonSSM", names: wire.GoNames},
	{key: "iam", version: "2010-05-08", namespace: "https://iam.amazonaws.com/doc/2010-05-08/", names: wire.GoNames},
	{key: "ec2", version: "2016-11-15", namespace: "http://ec2.amazonaws.com/doc/2016-11-15/", names: wire.GoNames},
	{key: "sqs", target: "AmazonSQS", version: "2012-11-05", namespace: "http://queue.amazonaws.com/doc/2012-11-05/", names: wire.GoNames},
	{key: "lambda", names: wire.GoNames},
	{key: "sts", version: "2011-06-15", namespace: "https://sts.amazonaws.com/doc/2011-06-15/", names: wire.GoNames},
}
