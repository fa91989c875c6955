package sweep

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/iampolicy"
	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/source"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// What the operators and people sign with: the policy holds the operators only.
const (
	operatorKey = "AKIAOPERATOR"
	personKey   = "AKIAPERSON"
)

// Paces of the operators in a case.
const (
	poll         = 59 * time.Second // of a rollout: ECS works as well when nobody looks
	resync       = 60 * time.Second
	absenceGrace = 60 * time.Second
	callTimeout  = 60 * time.Second // of a call, as the real client has it
)

// world is the AWS, the documents and the operators of one case. It lives in a bubble.
type world struct {
	ctx      context.Context
	scenario *scenario
	aws      *sandbox.Sandbox
	second   *sandbox.Sandbox // the account of the target second; nil where the scenario has one only
	files    *files
	tap      *tap
	watchers watchers
	plans    map[resource.UnitKey]plan.Seal // that were saved
	apart    bool                           // its operators are processes of their own, whose paces are others
	seed     uint64
	drawn    map[time.Duration]uint64 // how often, by what was drawn from

	mu       sync.Mutex
	problems []string // what invariants were broken
	events   []reconcile.Event
	told     bytes.Buffer // log lines and events, for canaries
	audit    bytes.Buffer
	clocks   clocks
	quiet    int       // full passes in a row that wrote nothing and left nothing under way
	writes   int       // of the operators, when the last full pass ended
	spoiled  int       // calls that a fault had befallen by then
	seen     int       // calls, a second ago
	idle     int       // calls, when the last second in which none was made ended
	rested   int       // calls, when the last full pass that was the first at rest began
	restedAt time.Time // and when it ended
	restarts int       // processes that are to be started
	kills    int       // processes that were killed

	calls sync.WaitGroup // of operators and people, that are on their way

	person   sync.Once
	personal *awsclient.Pool // of people

	proc      *process
	operators int           // that run at the same time, 0 for one
	resync    time.Duration // of operators that start from now on, 0 for the usual
}

// broken notes that an invariant does not hold.
func (w *world) broken(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.problems) < 20 {
		w.problems = append(w.problems, fmt.Sprintf(format, args...))
	}
}

// isBroken is whether an invariant did not hold.
func (w *world) isBroken() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.problems) > 0
}

// called is the AWS that a call goes to: that of the Region in its signature.
func (w *world) called(r *http.Request) http.RoundTripper {
	if w.second != nil && strings.Contains(r.Header.Get("Authorization"), "/"+secondRegion+"/") {
		return abroad{w.second.Transport()}
	}
	return w.aws.Transport()
}

// account makes one AWS of the world: a fresh one, or that of the ground.
func (w *world) account(name string, g ground, from *sandbox.Image) *sandbox.Sandbox {
	x, strikes := newWatcher(w, name), w.tap.in(name)
	o := sandbox.Options{Watch: x.see, Logf: w.broken, Now: g.now, Door: w.door, Speed: g.speed, Fault: func(ctx context.Context, c sandbox.Call) *sandbox.Fault {
		x.call(c)
		f := strikes(ctx, c)
		x.read(c, f)
		return w.scenario.told(c, f)
	}}
	if o.Now == nil {
		o.Now = w.now
	}
	if from == nil {
		x.aws = sandbox.New(o)
	} else {
		x.aws = from.Sandbox(o)
	}
	w.watchers[name] = x
	return w.authorised(x.aws, g)
}

func (w *world) authorised(a *sandbox.Sandbox, g ground) *sandbox.Sandbox {
	if err := a.Authorise(operatorKey, g.policy); err != nil {
		panic(err)
	}
	return a
}

// export keeps all accounts of the world as a ground.
func (w *world) export(t *testing.T, g *ground) {
	keep := func(a *sandbox.Sandbox) *sandbox.Image {
		raw, err := a.Export()
		if err != nil {
			t.Fatal(err)
		}
		i, err := sandbox.ReadImage(raw)
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	g.world = keep(w.aws)
	if w.second != nil {
		g.second = keep(w.second)
	}
}

// sandboxes are all accounts of the world, by what their things are told by in pictures
// and calls.
func (w *world) sandboxes() map[string]*sandbox.Sandbox {
	all := map[string]*sandbox.Sandbox{"": w.aws}
	if w.second != nil {
		all[secondTarget+"/"] = w.second
	}
	return all
}

// scope is what the documents belong to.
const scope = "sweep"

// random are the case's own sequences: one for each n, because what draws from one is
// one goroutine, and the order of several would be chance.
func (w *world) random(n time.Duration) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.drawn[n]++
	z := w.seed + uint64(n) + w.drawn[n]*0x9e3779b97f4a7c15 // splitmix64
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return time.Duration((z ^ (z >> 31)) % uint64(n))
}

// policy is what the operators of a scenario may do, made from its documents.
func (s *scenario) policy(more ...documents) []byte {
	var units []*resource.Unit
	for _, docs := range append([]documents{s.before, s.past, s.after}, more...) {
		e := reconcile.New(reconcile.Options{Kinds: kinds.All(nil), Sections: kinds.Sections(), Source: &files{all: docs},
			Lint: func(u *resource.Unit) []spec.Problem {
				units = append(units, u)
				return nil
			}})
		_, _ = e.Load(context.Background()) // what cannot be read asks for no leave, and the operator says so
	}
	return iampolicy.For(units, iampolicy.Options{Owner: resource.DefaultOwner, Account: sandbox.Account, Region: sandbox.Region, Prune: s.prune}).JSON()
}

// asDir names a snapshot as the program does that reads it from a directory: what people
// approve is a plan for a revision. Where the names are others, nothing is ever approved.
func asDir(s *source.Snapshot) {
	sum := sha256.New()
	for i := range s.Files {
		f := &s.Files[i]
		f.Path = documentsName + "/" + f.Path
		fmt.Fprintf(sum, "%d %s %x ", len(f.Path), f.Path, f.Sum())
	}
	s.Revision = fmt.Sprintf("dir-%x", sum.Sum(nil)[:6])
}
