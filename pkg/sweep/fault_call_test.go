package sweep

import (
	"strings"
	"sync/atomic"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// word is an error as the services spell it: those with JSON, those with the Query
// protocol, and CloudWatch, whose codes are those of its model whatever is spoken.
type word struct {
	json, query, cloudwatch string
	status                  int
	queryStatus             int // 0: the same
	message                 string
}

// The errors of the promises, in the words of AWS: the common errors of each service's
// API reference, and what awsclient's rules quote.
var (
	throttled   = word{json: "ThrottlingException", query: "Throttling", cloudwatch: "Throttling", status: 400, message: "Rate exceeded"}
	broken      = word{json: "ServerException", query: "InternalFailure", cloudwatch: "InternalServiceFault", status: 500, message: "An internal error occurred."}
	unavailable = word{json: "ServiceUnavailableException", query: "ServiceUnavailable", cloudwatch: "ServiceUnavailable", status: 503, message: "Service Unavailable. Please try again later."}
	denied      = word{json: "AccessDeniedException", query: "AccessDenied", cloudwatch: "AccessDenied", status: 400, queryStatus: 403, message: "User: arn:aws:sts::123456789012:assumed-role/ecs-operator/task is not authorized to perform this action"}
	expired     = word{json: "ExpiredTokenException", query: "ExpiredToken", cloudwatch: "ExpiredToken", status: 400, queryStatus: 403, message: "The security token included in the request is expired"}
)

// in is the error as the service of a call says it.
func (x word) in(c sandbox.Call) *sandbox.Fault {
	f := &sandbox.Fault{Code: x.json, Message: x.message, Status: x.status}
	switch c.Service {
	case "elasticloadbalancing", "sts", "iam":
		f.Code = x.query
	case "monitoring":
		f.Code = x.cloudwatch
	case "application-autoscaling", "tagging":
		if x.json == "ServerException" {
			f.Code = "InternalServiceException"
		}
		return f
	default:
		return f
	}
	if x.queryStatus != 0 {
		f.Status = x.queryStatus
	}
	return f
}

// once answers a call with an error.
func once(x word) func(*world, *strike, sandbox.Call) *sandbox.Fault {
	return func(_ *world, _ *strike, c sandbox.Call) *sandbox.Fault { return x.in(c) }
}

// times answers this call and the next of its operation with an error, n in all.
func times(n int64, x word) func(*world, *strike, sandbox.Call) *sandbox.Fault {
	return func(w *world, _ *strike, c sandbox.Call) *sandbox.Fault {
		var met atomic.Int64
		met.Store(1)
		until := time.Now().Add(10 * time.Minute)
		w.tap.hold(func() bool { return met.Load() >= n || time.Now().After(until) }) // or it is not called any more
		w.tap.then(func(later sandbox.Call) *sandbox.Fault {
			if later.Service == c.Service && later.Operation == c.Operation && met.Add(1) <= n {
				return x.in(later)
			}
			return nil
		})
		return x.in(c)
	}
}

// silence holds a call until the client gives it up.
func silence(s *strike) { <-s.ctx.Done() }

// callFaults befall one call.
func callFaults() []*fault {
	return []*fault{
		{name: "F1", says: "throttled once", strike: once(throttled)},
		{name: "F1-10", says: "throttled ten times", strike: times(10, throttled), lasts: 20 * time.Minute},
		{name: "F1-long", says: "throttled for ten minutes", applies: firstLook, pointless: many, lasts: 20 * time.Minute, strike: func(w *world, _ *strike, c sandbox.Call) *sandbox.Fault {
			until := time.Now().Add(10 * time.Minute)
			w.tap.hold(func() bool { return time.Now().After(until) })
			w.tap.then(func(later sandbox.Call) *sandbox.Fault {
				if later.Service == c.Service && later.Operation == c.Operation && time.Now().Before(until) {
					return throttled.in(later)
				}
				return nil
			})
			return throttled.in(c)
		}},
		{name: "F2", says: "an internal error", strike: once(broken)},
		{name: "F2-503", says: "the service is unavailable", strike: once(unavailable)},
		{name: "F3", says: "a timeout before the effect", strike: func(_ *world, s *strike, _ sandbox.Call) *sandbox.Fault {
			silence(s)
			return &sandbox.Fault{Drop: true}
		}, lasts: callTimeout},
		// On reads a lost answer is what F3 shows; so it is for C1, F7 and F8.
		{name: "F4", says: "a reset after the effect", applies: writes, revisions: 1, strike: func(*world, *strike, sandbox.Call) *sandbox.Fault {
			return &sandbox.Fault{Drop: true, AfterEffect: true}
		}},
		{name: "F5", says: "access denied", strike: once(denied), lasts: 10 * time.Minute},
		{name: "F5-token", says: "the credentials expired", strike: once(expired), lasts: 10 * time.Minute},
		{name: "F6", says: "half an answer after the effect", strike: func(*world, *strike, sandbox.Call) *sandbox.Fault {
			return &sandbox.Fault{Garble: true}
		}, revisions: 1},
		{name: "F6-html", says: "an answer of somebody else after the effect", strike: func(*world, *strike, sandbox.Call) *sandbox.Fault {
			return &sandbox.Fault{Body: []byte("<html><body><h1>It works!</h1></body></html>\n")}
		}, revisions: 1},
		{name: "F7", says: "slower than the client waits; the effect lands after", applies: writes, revisions: 1, repeats: true, strike: func(w *world, s *strike, _ sandbox.Call) *sandbox.Fault {
			silence(s)
			land := make(chan struct{})
			w.tap.during(5*time.Second, func() { close(land) })
			return &sandbox.Fault{Late: land}
		}, lasts: callTimeout + 5*time.Second},
		{name: "F8", says: "the effect lands after the next call", applies: writes, revisions: 1, repeats: true, strike: func(w *world, _ *strike, _ sandbox.Call) *sandbox.Fault {
			land := make(chan struct{})
			w.tap.afterNext(func() { close(land) })
			return &sandbox.Fault{Late: land}
		}},
	}
}

// many: of many services each tries for itself, and what they may do together depends on
// how many there are.
func many(s *scenario) bool { return len(s.before) > 3 || len(s.after) > 3 }

// firstLook: the operator looks for its services for the first time. What goes on for long
// begins there: elsewhere it would be no other.
func firstLook(m made) bool {
	return m.Ordinal == 1 && strings.HasSuffix(m.Operation, "ecs.DescribeServices")
}

// crashFaults end the process.
func crashFaults() []*fault {
	return []*fault{
		{name: "C0", says: "killed before it was sent", strike: func(w *world, _ *strike, _ sandbox.Call) *sandbox.Fault {
			w.kill()
			return &sandbox.Fault{Drop: true}
		}},
		{name: "C1", says: "killed after the effect, before the answer", applies: writes, revisions: 1, strike: killed},
		{name: "C2", says: "killed, and again at as many calls after the restart", revisions: 2, strike: func(w *world, s *strike, c sandbox.Call) *sandbox.Fault {
			var n atomic.Int64
			w.tap.then(func(later sandbox.Call) *sandbox.Fault {
				if n.Add(1) == int64(s.nth) {
					return killed(w, s, later)
				}
				return nil
			})
			return killed(w, s, c)
		}},
	}
}

func killed(w *world, _ *strike, _ sandbox.Call) *sandbox.Fault {
	w.kill()
	return &sandbox.Fault{Drop: true, AfterEffect: true}
}

// creates: the call makes something that was not there.
func creates(m made) bool {
	_, operation, _ := strings.Cut(m.Operation, ".")
	return m.Write && (strings.HasPrefix(operation, "Create") || strings.HasPrefix(operation, "Register") || strings.HasPrefix(operation, "Put"))
}
