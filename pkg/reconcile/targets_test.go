package reconcile

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// abroad is a world with a second AWS: target "b" is another region of it.
type abroad struct {
	*world
	b      *sandbox.Sandbox
	spoilB func(*http.Request) (*http.Response, error) // nil: it answers
}

// RoundTrip leads calls to the AWS of their region, which their signature names.
func (w *abroad) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.Contains(r.Header.Get("Authorization"), "/eu-west-1/") {
		return w.sandbox.Transport().RoundTrip(r)
	}
	if w.spoilB != nil {
		return w.spoilB(r)
	}
	return w.b.Transport().RoundTrip(r)
}

func inTwoWorlds(t *testing.T, run func(t *testing.T, w *abroad)) {
	inWorld(t, func(t *testing.T, w *world) {
		run(t, &abroad{world: w, b: sandbox.New(sandbox.Options{Speed: 10})})
	})
}

// engine is an operator with the targets a and b.
func (w *abroad) engine(place func(string) string) *Engine {
	w.t.Helper()
	pool, err := awsclient.New(w.t.Context(), awsclient.Options{
		Targets:    map[string]awsclient.Target{"a": {Region: sandbox.Region}, "b": {Region: "eu-west-1"}},
		HTTPClient: &http.Client{Transport: w}, Endpoint: "http://sandbox.invalid", Static: true, Unlimited: true,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return New(Options{
		Kinds: kinds.All(pool), Rollouts: kinds.NewRollouts(pool), Sections: kinds.Sections(), Source: w.files,
		Targets: []string{"a", "b"}, Place: place,
		Where: func(ctx context.Context, target string) (string, string, error) {
			c, err := pool.For(ctx, target)
			if err != nil {
				return "", "", err
			}
			return c.Account, c.Region, nil
		},
		Poll: 5 * time.Second, AbsenceGrace: 2 * time.Second, Metrics: &w.counts,
	})
}

// instances loads the documents as environments would give them: one for each
// of the targets, changed by edit.
func (w *abroad) instances(e *Engine, targets string, edit func(*spec.Document)) Loaded {
	w.t.Helper()
	snap, err := w.files.Snapshot(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	var all spec.Result
	for _, target := range strings.Fields(targets) {
		var files []spec.File
		for _, f := range snap.Files {
			files = append(files, spec.File{Path: f.Path, Data: f.Data()})
		}
		res := spec.Parse(files, e.o.Sections, e.o.Parse)
		for _, d := range res.Documents {
			d.Target = target
			if edit != nil {
				edit(&d)
			}
			all.Documents = append(all.Documents, d)
		}
		all.Problems = append(all.Problems, res.Problems...)
	}
	return e.enforce(snap, e.units(snap, all))
}

func (w *abroad) applied(e *Engine, l Loaded) map[string]Outcome {
	out := map[string]Outcome{}
	for _, o := range e.Apply(w.t.Context(), l.Units, ApplyOptions{Wait: true, Timeout: 10 * time.Minute}) {
		out[o.Plan.Unit.String()] = o
	}
	return out
}

// One run works on several targets, each with its own AWS; one that refuses
// every call stalls its own services and nobody else's.
func TestSeveralTargets(t *testing.T) {
	inTwoWorlds(t, func(t *testing.T, w *abroad) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		e := w.engine(nil)
		for name, o := range w.applied(e, w.instances(e, "a b", nil)) {
			w.want(o, status.StateReady, status.Synced, 0)
			if name != "a/default/hello" && name != "b/default/hello" {
				t.Errorf("there is a unit %s", name)
			}
		}
		for _, s := range []*sandbox.Sandbox{w.sandbox, w.b} {
			if n := created(s); n != 1 {
				t.Errorf("%d services were created in one of the two, want 1", n)
			}
		}

		w.spoilB = func(*http.Request) (*http.Response, error) { return nil, context.DeadlineExceeded }
		w.files.put("hello.yaml", hello("hello", "nginx:1.30"))
		e = w.engine(nil)
		out := w.applied(e, w.instances(e, "a b", nil))
		w.want(out["a/default/hello"], status.StateReady, status.Synced, 0)
		if b := out["b/default/hello"]; b.Status.State == status.StateReady || b.Exit() == 0 {
			t.Errorf("b is %s %s (exit %d) although nothing there answered", b.Status.State, b.Status.Reason, b.Exit())
		}
	})
}

func created(s *sandbox.Sandbox) int {
	n := 0
	for _, e := range s.Writes() {
		if e.Operation == "CreateService" && e.Error == "" {
			n++
		}
	}
	return n
}

// The daemon goes on with one target while another never answers.
func TestASilentTargetHoldsNobodyUp(t *testing.T) {
	inTwoWorlds(t, func(t *testing.T, w *abroad) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		w.spoilB = func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() }
		e := w.engine(nil)
		l := w.instances(e, "a b", nil)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		d := newDaemon(e)
		d.take(l, false)
		done := make(chan struct{})
		go func() { defer close(done); d.sweepOnce(ctx) }()
		for range e.o.Workers {
			go d.work(ctx, false)
		}
		rest(ctx, 2*time.Minute) // in the bubble: no time passes outside
		for _, s := range e.Status() {
			if s.Target == "a" && s.State != status.StateReady {
				t.Errorf("a is %s %s %q after two minutes", s.State, s.Reason, s.Why)
			}
		}
		if created(w.sandbox) != 1 {
			t.Errorf("a was not deployed while b is silent")
		}
		stop()
		d.queue.ShutDown()
		<-done
	})
}

// A document that insists on an account or region is not touched anywhere else.
func TestWrongAccount(t *testing.T) {
	for name, edit := range map[string]func(*spec.Document){
		"account": func(d *spec.Document) { d.Account = "999999999999" },
		"region":  func(d *spec.Document) { d.Region = "ap-south-1" },
	} {
		t.Run(name, func(t *testing.T) {
			inTwoWorlds(t, func(t *testing.T, w *abroad) {
				w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
				e := w.engine(nil)
				out := w.applied(e, w.instances(e, "a", edit))["a/default/hello"]
				w.want(out, status.StateStalled, status.WrongAccount, status.ExitError)
				if !strings.Contains(out.Status.Why, "nothing is read or written") {
					t.Errorf("says %q", out.Status.Why)
				}
				for _, entry := range w.sandbox.Journal() {
					if entry.Operation != "GetCallerIdentity" {
						t.Errorf("%s was called in the wrong place", entry.Operation)
					}
				}
			})
		})
	}
	inTwoWorlds(t, func(t *testing.T, w *abroad) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		e := w.engine(nil)
		out := w.applied(e, w.instances(e, "a", func(d *spec.Document) { d.Account, d.Region = sandbox.Account, sandbox.Region }))
		w.want(out["a/default/hello"], status.StateReady, status.Synced, 0)
	})
}

// What a targets file does not have is an error of the document that names it,
// and two targets that are one AWS may not both have a service of one name.
func TestTargetsOfDocuments(t *testing.T) {
	inTwoWorlds(t, func(t *testing.T, w *abroad) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		e := w.engine(nil)
		l := w.instances(e, "a c", nil)
		if len(l.Units) != 1 || l.Units[0].Key.Target != "a" {
			t.Errorf("units %v", l.Units)
		}
		p, frozen := l.Frozen["c/default/hello"]
		if want := `hello.yaml:1:1: the target "c" is not configured: there is a, b`; !frozen || !strings.HasPrefix(p.String(), want) {
			t.Errorf("the document of target c says %q, want %q", p, want)
		}

		l = w.instances(w.engine(func(string) string { return "one place" }), "a b", nil)
		for _, identity := range []string{"a/default/hello", "b/default/hello"} {
			if l.frozen(identity).reason != status.NameConflict {
				t.Errorf("%s: %v, want a name conflict", identity, l.frozen(identity))
			}
		}
		if l = w.instances(e, "a b", nil); len(l.Units) != 2 {
			t.Errorf("in two places: %d units, problems %v", len(l.Units), l.Problems)
		}
	})
}
