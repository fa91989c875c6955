package sweep

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/ecs-operator/ecs-operator/pkg/audit"
	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// soak is a fleet with its AWS and its operator. It keeps nothing of what is said and
// done, as the world of a case does: its own memory must not grow.
type soak struct {
	ctx    context.Context
	rnd    *rand.Rand // of the main goroutine
	fleet  map[string]*soaked
	next   int // number of the next service
	source *shelf
	aws    *sandbox.Sandbox
	people *awsclient.Pool
	engine *reconcile.Engine
	stop   func()

	mu     sync.Mutex
	chance *rand.Rand // of the calls
	rate   float64    // how often a call meets a fault
	count  *soakCount
	others float64 // MB that were there before
}

func newSoak(ctx context.Context, services int, seed uint64) *soak {
	s := &soak{ctx: ctx, rnd: rand.New(rand.NewPCG(seed, 1)), chance: rand.New(rand.NewPCG(seed, 2)), fleet: map[string]*soaked{}, source: &shelf{},
		count: &soakCount{Faults: map[string]int{}}}
	for range services {
		s.add()
	}
	s.source.put(s.documents())
	s.aws = sandbox.New(s.options())
	s.people = s.clients("person/1")
	return s
}

// options are those of its AWS.
func (s *soak) options() sandbox.Options { return sandbox.Options{Fault: s.see} }

// see counts the operator's calls and lets some of them fail.
func (s *soak) see(_ context.Context, c sandbox.Call) *sandbox.Fault {
	if !strings.Contains(c.UserAgent, "ecs-operator/") {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count.Calls++
	if c.Write {
		s.count.Writes++
	}
	if s.rate == 0 || s.chance.Float64() >= s.rate {
		return nil
	}
	kind := soakFaultKinds[s.chance.IntN(len(soakFaultKinds))]
	s.count.Faults[kind.name]++
	return kind.does(c)
}

// soakFaultKinds are faults of a single call; that of a denial holds a service up for
// minutes, and only a third of those of AWS are such.
var soakFaultKinds = []struct {
	name string
	does func(c sandbox.Call) *sandbox.Fault
}{

	{"throttled", throttled.in},
	{"internal", broken.in},
	{"denied", denied.in},
	{"lost call", func(sandbox.Call) *sandbox.Fault { return &sandbox.Fault{Drop: true} }},
	{"lost answer", func(sandbox.Call) *sandbox.Fault { return &sandbox.Fault{Drop: true, AfterEffect: true} }},
	{"garbled", func(sandbox.Call) *sandbox.Fault { return &sandbox.Fault{Garble: true} }},
	{"late", func(sandbox.Call) *sandbox.Fault {
		done := make(chan struct{})
		time.AfterFunc(20*time.Second, func() { close(done) })
		return &sandbox.Fault{Late: done}
	}},
}

// clients are those of the operator, or of people.
func (s *soak) clients(agent string) *awsclient.Pool {
	o := awsclient.Options{HTTPClient: &http.Client{Transport: patient{s}}, Endpoint: "http://sandbox.invalid",
		Targets: (&scenario{}).targets(), Static: true, AccessKey: operatorKey, UserAgent: agent, Unlimited: agent == "person/1"}
	trail := audit.To(io.Discard)
	o.OnCall = func(c awsclient.Call) {
		if r, ok := audit.Of(c); ok {
			_ = trail.Add(r) // into nothing
		}
	}
	pool, err := awsclient.New(s.ctx, o)
	if err != nil {
		panic(err)
	}
	return pool
}

// patient gives a call up when it has lasted too long, as the real client does.
type patient struct{ s *soak }

func (p patient) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(r.Context(), callTimeout)
	defer cancel()
	return p.s.aws.Transport().RoundTrip(r.WithContext(ctx))
}

// start begins an operator.
func (s *soak) start() {
	pool := s.clients("ecs-operator/1.2.3")
	s.engine = reconcile.New(reconcile.Options{
		Kinds: kinds.All(pool), Rollouts: kinds.NewRollouts(pool), Sections: kinds.Sections(), Source: s.source, Resync: *soakResync, Prune: true,
		Frame: resource.Frame{Scope: scope},
		OnEvent: func(e reconcile.Event) {
			if e.Kind == reconcile.EventPass {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.count.Passes++
			}
		},
		Log: zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(io.Discard), zap.DebugLevel)),
	})
	ctx, cancel := context.WithCancel(s.ctx)
	done := make(chan error, 1)
	run := s.engine.Run
	go func() { done <- run(ctx) }()
	s.stop = func() {
		cancel()
		if err := <-done; err != nil {
			s.count.wrong("Run returned %v", err)
		}
		s.engine, s.stop = nil, nil
	}
}
