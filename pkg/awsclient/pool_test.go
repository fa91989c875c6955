package awsclient

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// wire answers at the HTTP seam and keeps what it was sent.
type wire struct {
	mu     sync.Mutex
	seen   []*http.Request
	bodies []string
	answer func(n int, r *http.Request, body string) (*http.Response, error)
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	body := ""
	if r.Body != nil {
		b, _ := io.ReadAll(r.Body)
		body = string(b)
	}
	if strings.Contains(body, "GetCallerIdentity") {
		return reply(200, "text/xml", `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">`+
			`<GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/u</Arn><UserId>u</UserId>`+
			`<Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`), nil
	}
	w.mu.Lock()
	w.seen, w.bodies = append(w.seen, r), append(w.bodies, body)
	n := len(w.seen)
	w.mu.Unlock()
	return w.answer(n, r, body)
}

func (w *wire) calls() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.seen)
}

func reply(status int, contentType, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{
		"Content-Type": {contentType}, "X-Amzn-Requestid": {"req-1"}},
		Body: io.NopCloser(strings.NewReader(body))}
}

// refusal is an awsJson error.
func refusal(status int, code, message string) func(int, *http.Request, string) (*http.Response, error) {
	return func(int, *http.Request, string) (*http.Response, error) {
		return reply(status, "application/x-amz-json-1.1", `{"__type":"`+code+`","message":"`+message+`"}`), nil
	}
}

func ok(int, *http.Request, string) (*http.Response, error) {
	return reply(200, "application/x-amz-json-1.1", `{}`), nil
}

func newPool(t *testing.T, w *wire, change func(*Options)) *Pool {
	t.Helper()
	o := Options{
		Targets: map[string]Target{"default": {Region: "us-east-1"}},
		Static:  true, Endpoint: "http://sandbox.invalid", HTTPClient: &http.Client{Transport: w},
	}
	if change != nil {
		change(&o)
	}
	p, err := New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func clients(t *testing.T, p *Pool) *Clients {
	t.Helper()
	c, err := p.For(t.Context(), "default")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestStaticPoolReadsNoEnvironment(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL", "http://elsewhere.invalid")
	t.Setenv("AWS_ENDPOINT_URL_ECS", "http://elsewhere.invalid")
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAREAL")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "real")
	t.Setenv("AWS_REGION", "eu-central-1")
	t.Setenv("AWS_PROFILE", "does-not-exist")
	w := &wire{answer: ok}
	p := newPool(t, w, nil)
	c := clients(t, p)
	if c.Account != "123456789012" || c.Region != "us-east-1" || c.Caller != "arn:aws:iam::123456789012:user/u" {
		t.Errorf("clients: %+v", c)
	}
	if _, err := c.Read.ECS.ListClusters(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	r := w.seen[0]
	if r.URL.Host != "sandbox.invalid" {
		t.Errorf("the call went to %s", r.URL.Host)
	}
	if a := r.Header.Get("Authorization"); !strings.Contains(a, "Credential=sandbox/") || !strings.Contains(a, "us-east-1/ecs") {
		t.Errorf("signed with %q", a)
	}
	if p.Override() != "" {
		t.Errorf("override: %q", p.Override())
	}
}

func TestGuard(t *testing.T) {
	w := &wire{answer: ok}
	p := newPool(t, w, nil)
	full, guarded := clients(t, p), clients(t, p.ReadOnly())
	for name, api := range map[string]API{"read": full.Read, "read of read-only": guarded.Read, "write of read-only": guarded.Write} {
		_, err := api.ECS.UpdateService(t.Context(), &ecs.UpdateServiceInput{Service: aws.String("x")})
		if !errors.Is(err, ErrGuarded) {
			t.Errorf("%s: %v", name, err)
		}
		_, err = api.CloudWatch.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{})
		if !errors.Is(err, ErrGuarded) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := w.calls(); n != 0 {
		t.Errorf("%d calls were sent", n)
	}
	if _, err := full.Write.ECS.UpdateService(t.Context(), &ecs.UpdateServiceInput{Service: aws.String("x")}); err != nil {
		t.Error(err)
	}
	if n := w.calls(); n != 1 {
		t.Errorf("%d calls were sent", n)
	}
}

func TestAttempts(t *testing.T) {
	for _, tc := range []struct {
		name   string
		answer func(int, *http.Request, string) (*http.Response, error)
		write  bool
		sends  int
		class  resource.Class
	}{
		{"read throttled", refusal(400, "ThrottlingException", "Rate exceeded"), false, 2, resource.ClassThrottled},
		{"read 500", refusal(500, "ServerException", "x"), false, 2, resource.ClassTransient},
		{"read no answer", lost, false, 2, resource.ClassTransient},
		{"read of a full quota", refusal(400, "LimitExceededException", "x"), false, 1, resource.ClassInvalid},
		{"write throttled", refusal(400, "ThrottlingException", "Rate exceeded"), true, 1, resource.ClassThrottled},
		{"write 500", refusal(500, "ServerException", "x"), true, 1, resource.ClassUnknownOutcome},
		{"write 503 of a proxy", html503, true, 1, resource.ClassUnknownOutcome},
		{"write no answer", lost, true, 1, resource.ClassUnknownOutcome},
		{"write denied", refusal(400, "AccessDeniedException", "x"), true, 1, resource.ClassDenied},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &wire{answer: tc.answer}
				var told []Call
				c := clients(t, newPool(t, w, func(o *Options) { o.OnCall = func(c Call) { told = append(told, c) } }))
				told = nil
				var err error
				if tc.write {
					_, err = c.Write.ECS.CreateService(t.Context(), &ecs.CreateServiceInput{ServiceName: aws.String("x")})
				} else {
					_, err = c.Read.ECS.DescribeServices(t.Context(), &ecs.DescribeServicesInput{Services: []string{"x"}})
				}
				if got := resource.ClassOf(err); got != tc.class {
					t.Errorf("class %v, want %v (%v)", got, tc.class, err)
				}
				if n := w.calls(); n != tc.sends {
					t.Errorf("%d sends, want %d", n, tc.sends)
				}
				if len(told) != tc.sends {
					t.Fatalf("told of %d attempts", len(told))
				}
				if c := told[0]; c.Service != "ecs" || c.Write != tc.write || !c.Sent || c.Target != "default" ||
					resource.ClassOf(c.Err) == resource.ClassOther || c.Throttled != (tc.class == resource.ClassThrottled) {
					t.Errorf("told %+v", c)
				}
			})
		})
	}
}

func lost(int, *http.Request, string) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }

func html503(int, *http.Request, string) (*http.Response, error) {
	return reply(503, "text/html", "<html>no</html>"), nil
}

func TestErrorCarriesWhatAWSSaid(t *testing.T) {
	w := &wire{answer: refusal(400, "ClusterNotFoundException", "Cluster not found. See https://user:hunter2@example.com/?X-Amz-Security-Token=abc")}
	c := clients(t, newPool(t, w, nil))
	_, err := c.Write.ECS.CreateService(t.Context(), &ecs.CreateServiceInput{ServiceName: aws.String("x")})
	var e *resource.Error
	if !errors.As(err, &e) {
		t.Fatalf("%T %v", err, err)
	}
	const want = "ecs:CreateService: ClusterNotFoundException: Cluster not found. See https://***@example.com/?X-Amz-Security-Token=***"
	if got := err.Error(); got != "operation error ECS: CreateService, "+want[len("ecs:CreateService: "):] {
		t.Errorf("inside the SDK's frame: %s", got)
	}
	if e.Class != resource.ClassNotFound || e.RequestID != "req-1" || e.Error() != want {
		t.Errorf("%v %q\n%s", e.Class, e.RequestID, e)
	}
}

func TestCancellation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{answer: func(_ int, r *http.Request, _ string) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}}
		c := clients(t, newPool(t, w, nil))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := c.Read.ECS.ListClusters(ctx, nil)
		if !errors.Is(err, context.DeadlineExceeded) || resource.ClassOf(err) != resource.ClassOther {
			t.Errorf("read: %v (%v)", err, resource.ClassOf(err))
		}
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = c.Write.ECS.CreateService(ctx, &ecs.CreateServiceInput{ServiceName: aws.String("x")})
		if !errors.Is(err, context.DeadlineExceeded) || resource.ClassOf(err) != resource.ClassUnknownOutcome {
			t.Errorf("a write that was sent may have happened: %v (%v)", err, resource.ClassOf(err))
		}
	})
}

// dead is an endpoint where nobody listens, until it is up.
type dead struct {
	up     wire
	onSend func()
	mu     sync.Mutex
	sends  int
	alive  bool
}

func (d *dead) RoundTrip(r *http.Request) (*http.Response, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.alive {
		return d.up.RoundTrip(r)
	}
	d.sends++
	if d.onSend != nil {
		d.onSend()
	}
	return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
}

func (d *dead) pool(t *testing.T) *Pool {
	return newPool(t, nil, func(o *Options) { o.HTTPClient = &http.Client{Transport: d} })
}

// TestOneFailureForAll: who asks while a load fails, and a little later, gets
// its error without a call.
func TestOneFailureForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &dead{}
		p := d.pool(t)
		errs := make([]error, 8)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() { _, errs[i] = p.For(t.Context(), "default") })
		}
		all.Wait()
		for range 8 { // and one after the other, as the kinds of a pass
			_, err := p.ReadOnly().For(t.Context(), "default")
			errs = append(errs, err)
		}
		for _, err := range errs {
			if resource.ClassOf(err) != resource.ClassTransient || err != errs[0] {
				t.Errorf("got %v", err)
			}
		}
		if d.sends != 2 { // the attempts of one read
			t.Errorf("%d sends", d.sends)
		}
		time.Sleep(failureAge - time.Nanosecond)
		if _, err := p.For(t.Context(), "default"); err == nil || d.sends != 2 {
			t.Errorf("before the end: %v, %d sends", err, d.sends)
		}
		time.Sleep(time.Nanosecond)
		if _, err := p.For(t.Context(), "default"); err == nil || d.sends != 4 {
			t.Errorf("after it: %v, %d sends", err, d.sends)
		}
		d.alive = true
		time.Sleep(failureAge)
		clients(t, p)
		clients(t, p.ReadOnly())
	})
}

// TestOwnEndIsNobodyElses: a caller that gives up spoils nothing for the others.
func TestOwnEndIsNobodyElses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &dead{}
		p := d.pool(t)
		ctx, cancel := context.WithCancel(t.Context())
		d.onSend = cancel
		if _, err := p.For(ctx, "default"); !errors.Is(err, context.Canceled) || d.sends != 1 {
			t.Errorf("got %v, %d sends", err, d.sends)
		}
		d.alive = true
		clients(t, p)
	})
}

func TestNobodyListens(t *testing.T) {
	w := &wire{answer: func(int, *http.Request, string) (*http.Response, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	}}
	synctest.Test(t, func(t *testing.T) {
		c := clients(t, newPool(t, w, nil))
		_, err := c.Read.ECS.DescribeServices(t.Context(), &ecs.DescribeServicesInput{Services: []string{"x"}})
		var e *resource.Error
		const want = `ecs:DescribeServices: NoConnection: Post "http://sandbox.invalid/": dial tcp: connection refused`
		if !errors.As(err, &e) || e.Error() != want || e.Class != resource.ClassTransient {
			t.Errorf("got %v", e)
		}
	})
}
