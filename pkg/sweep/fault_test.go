package sweep

import (
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// fault is one kind of what can go wrong at a call.
type fault struct {
	name string // as in the promises: "F4"
	says string
	// applies is whether it can befall a call; nil for all.
	applies func(m made) bool
	// strike is what happens at the call; it may leave more to do in s.
	strike func(w *world, s *strike, c sandbox.Call) *sandbox.Fault
	// lasts is how long it goes on: what is added to the time that a case may take.
	lasts time.Duration
	// revisions, deployments: how many more of them than in the reference there may be.
	revisions, deployments int
}

func writes(m made) bool { return m.Write }
func reads(m made) bool  { return !m.Write }

// answer is a fault that answers with an error, once.
func answer(code, message string, status int) func(*world, *strike, sandbox.Call) *sandbox.Fault {
	return func(*world, *strike, sandbox.Call) *sandbox.Fault {
		return &sandbox.Fault{Code: code, Message: message, Status: status}
	}
}

// faults are all kinds, in the order of the report.
func faults() []*fault {
	return []*fault{
		{name: "F1", says: "throttled once", strike: answer("ThrottlingException", "Rate exceeded", 400)},
		{name: "F2", says: "an internal error", strike: answer("ServerException", "Service Unavailable. Please try again later.", 500)},
		{name: "F3", says: "a timeout before the effect", strike: func(*world, *strike, sandbox.Call) *sandbox.Fault { return &sandbox.Fault{Drop: true} }},
		{name: "F4", says: "a reset after the effect", strike: func(*world, *strike, sandbox.Call) *sandbox.Fault {
			return &sandbox.Fault{Drop: true, AfterEffect: true}
		}},
		{name: "C0", says: "killed before it was sent", strike: func(w *world, _ *strike, _ sandbox.Call) *sandbox.Fault {
			w.kill()
			return &sandbox.Fault{Drop: true}
		}},
		{name: "C1", says: "killed after the effect, before the answer", strike: func(w *world, _ *strike, _ sandbox.Call) *sandbox.Fault {
			w.kill()
			return &sandbox.Fault{Drop: true, AfterEffect: true}
		}},
	}
}
