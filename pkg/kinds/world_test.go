package kinds_test

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// world is one sandbox with the kinds over it, and a person's own clients.
type world struct {
	t        tester
	sandbox  *sandbox.Sandbox
	pool     *awsclient.Pool
	kinds    []resource.Kind
	rollouts resource.Rollouts
	raw      *awsclient.Clients
	fault    atomic.Pointer[sandbox.FaultFunc]
	settled  map[resource.ID]look // how each object was when clean found nothing
}

// look is all that the answer of a comparison hangs on.
type look struct {
	unit    *resource.Unit
	live    resource.Live
	service map[string]string // its tags
	scaled  bool
	attrs   map[resource.ID]map[string]string // what references become
}

// tester is what a test and a drawn case have in common.
type tester interface {
	Helper()
	Logf(string, ...any)
	Errorf(string, ...any)
	Fatalf(string, ...any)
	Fatal(...any)
	Context() context.Context
}

func newWorld(t *testing.T) *world { t.Helper(); return newWorldFor(t) }

func newWorldFor(t tester) *world {
	t.Helper()
	w := &world{t: t}
	w.sandbox = sandbox.New(sandbox.Options{Logf: t.Logf, Fault: func(ctx context.Context, c sandbox.Call) *sandbox.Fault {
		if f := w.fault.Load(); f != nil {
			return (*f)(ctx, c)
		}
		return nil
	}})
	pool, err := awsclient.New(t.Context(), awsclient.Options{
		Targets: map[string]awsclient.Target{resource.DefaultTarget: {Region: sandbox.Region}},
		Static:  true, Endpoint: "http://sandbox.invalid", Unlimited: true,
		HTTPClient: &http.Client{Transport: w.sandbox.Transport()},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.pool = pool
	w.fresh()
	if w.raw, err = pool.For(t.Context(), resource.DefaultTarget); err != nil {
		t.Fatal(err)
	}
	return w
}

// secure makes the listener one of HTTPS: rules that authenticate are for those only.
func (w *world) secure() *world {
	w.t.Helper()
	_, err := w.raw.Write.ELB.ModifyListener(w.t.Context(), &elasticloadbalancingv2.ModifyListenerInput{ListenerArn: aws.String(anyListener), Protocol: elbtypes.ProtocolEnumHttps,
		Certificates: []elbtypes.Certificate{{CertificateArn: aws.String("arn:aws:acm:us-east-1:123456789012:certificate/0")}}})
	if err != nil {
		w.t.Fatal(err)
	}
	return w
}

// fresh forgets all that the kinds keep in memory, as a restart does.
func (w *world) fresh() {
	w.kinds, w.rollouts = kinds.All(w.pool), kinds.NewRollouts(w.pool)
}

func (w *world) kind(name string) resource.Kind {
	w.t.Helper()
	for _, k := range w.kinds {
		if k.Name() == name {
			return k
		}
	}
	w.t.Fatalf("no kind %s", name)
	return nil
}

var frame = resource.Frame{Owner: resource.DefaultOwner}

// load turns one document into a unit; any error fails the test.
func (w *world) load(yaml string) *resource.Unit {
	w.t.Helper()
	u, problems := desire(w.t, yaml)
	for _, p := range problems {
		if p.Severity == spec.Error {
			w.t.Fatal(p)
		}
	}
	return u
}

func desire(t tester, yaml string) (*resource.Unit, []spec.Problem) {
	t.Helper()
	r := spec.Parse([]spec.File{{Path: "spec.yaml", Data: []byte(yaml)}}, kinds.Sections(), spec.Options{})
	for _, p := range r.Problems {
		if p.Severity == spec.Error {
			t.Fatal(p)
		}
	}
	if len(r.Documents) != 1 {
		t.Fatalf("%d documents", len(r.Documents))
	}
	return resource.Desire(frame, resource.DefaultTarget, r.Documents[0], kinds.All(nil))
}

// ordered are the unit's objects, each after those that it needs.
func (w *world) ordered(u *resource.Unit) []resource.Object {
	w.t.Helper()
	var out []resource.Object
	done := map[resource.ID]bool{}
	for len(out) < u.Len() {
		before := len(out)
		for _, o := range u.Objects() {
			ready := !slices.ContainsFunc(o.Needs, func(id resource.ID) bool { return !done[id] })
			if !done[o.ID] && ready {
				out, done[o.ID] = append(out, *o), true
			}
		}
		if len(out) == before {
			w.t.Fatalf("a circle among the objects of %s", u.Key)
		}
	}
	return out
}

// observe asks about every object of a unit, kind by kind.
func (w *world) observe(u *resource.Unit, direct bool) map[resource.ID]resource.Live {
	w.t.Helper()
	live := map[resource.ID]resource.Live{}
	for _, k := range w.kinds {
		var objects []*resource.Object
		for _, o := range u.Objects() {
			if o.ID.Kind == k.Name() {
				objects = append(objects, o)
			}
		}
		if len(objects) == 0 {
			continue
		}
		found := k.Observe(w.t.Context(), resource.Query{Target: resource.DefaultTarget, Objects: objects, Direct: direct, Live: live})
		for _, o := range objects {
			if _, ok := found[o.ID]; !ok {
				w.t.Fatalf("%s was asked for and not answered", o.ID)
			}
		}
		maps.Copy(live, found)
	}
	return live
}

func attrsOf(live map[resource.ID]resource.Live) func(resource.ID) map[string]string {
	return func(id resource.ID) map[string]string { return live[id].Attributes() }
}

// changes is what differs for one object: fields by the kind, then tags.
func (w *world) changes(u *resource.Unit, id resource.ID, live map[resource.ID]resource.Live) []diff.Change {
	w.t.Helper()
	o, _ := resource.Resolve(*u.Object(id), attrsOf(live))
	l := live[id]
	if l.Presence != resource.Present {
		w.t.Fatalf("%s is %s: %v", id.Local(), l.Presence, l.Err)
	}
	k := w.kind(id.Kind)
	svc := live[id.Of(resource.KindService, "")]
	changed := svc.Tags[resource.TagSpecHash] != u.ContentHash
	if id.Surrounding() {
		changed = resource.LineDeleted(&o, &l)
	}
	out := k.Diff(&o, &l, resource.Compare{
		Policy:            u.Policy,
		HasScalableTarget: live[id.Of(resource.KindScalableTarget, "")].Presence == resource.Present,
		InputChanged:      changed,
	})
	if k.Taggable() {
		for _, key := range slices.Sorted(maps.Keys(o.Tags)) {
			if have, ok := l.Tags[key]; !ok {
				out = append(out, diff.Change{Path: "tags." + key, Op: diff.Add, New: o.Tags[key], Effect: diff.None, Reason: diff.FromSpec})
			} else if have != o.Tags[key] {
				out = append(out, diff.Change{Path: "tags." + key, Op: diff.Replace, Old: have, New: o.Tags[key], Effect: diff.None, Reason: diff.FromSpec})
			}
		}
		for _, key := range slices.Sorted(maps.Keys(l.Tags)) {
			if _, ok := o.Tags[key]; !ok {
				out = append(out, diff.Change{Path: "tags." + key, Op: diff.Remove, Old: l.Tags[key], Effect: diff.None, Reason: diff.FromSpec})
			}
		}
	}
	return out
}

func writable(changes []diff.Change) []diff.Change {
	return slices.DeleteFunc(slices.Clone(changes), func(c diff.Change) bool { return c.Informational })
}

func paths(changes []diff.Change) []string {
	out := []string{}
	for _, c := range changes {
		out = append(out, c.Path)
	}
	return out
}

// apply brings a unit into the world the way that apply does: in order, each
// object read again before it is written. It returns how many writes that took.
func (w *world) apply(u *resource.Unit) int {
	w.t.Helper()
	writes := len(w.sandbox.Writes())
	live := w.observe(u, false)
	for _, o := range w.ordered(u) {
		k := w.kind(o.ID.Kind)
		resolved, open := resource.Resolve(o, attrsOf(live))
		if len(open) > 0 {
			w.t.Fatalf("%s: %v still open", o.ID.Local(), open)
		}
		l := k.Observe(w.t.Context(), resource.Query{Target: resource.DefaultTarget, Objects: []*resource.Object{&resolved}, Direct: true, Live: live})[o.ID]
		var err error
		switch l.Presence {
		case resource.Unknown:
			w.t.Fatalf("%s: %v", o.ID.Local(), l.Err)
		case resource.Absent:
			l, err = k.Create(w.t.Context(), resource.Write{Object: resolved, Live: l, Token: "token-" + u.ContentHash, Unit: live[o.ID.Of(resource.KindService, "")]})
		default:
			live[o.ID] = l
			if cs := writable(w.changes(u, o.ID, live)); len(cs) > 0 {
				l, err = k.Update(w.t.Context(), resource.Write{Object: resolved, Live: l, Changes: cs, Unit: live[o.ID.Of(resource.KindService, "")]})
			}
		}
		if err != nil {
			w.t.Fatalf("%s: %v", o.ID.Local(), err)
		}
		if l.Presence != resource.Present || l.ARN == "" || l.Name == "" {
			w.t.Fatalf("%s: the write answered %s, ARN %q, name %q", o.ID.Local(), l.Presence, l.ARN, l.Name)
		}
		live[o.ID] = l
	}
	return len(w.sandbox.Writes()) - writes
}

// settle lets the world do what it does by itself.
func (w *world) settle() { w.sandbox.Advance(10 * time.Minute) }

// clean fails unless nothing at all differs.
func (w *world) clean(u *resource.Unit) {
	w.t.Helper()
	for _, direct := range []bool{false, true} {
		live := w.observe(u, direct)
		attrs := map[resource.ID]map[string]string{}
		for id, l := range live {
			attrs[id] = l.Attributes()
		}
		for _, o := range u.Objects() {
			now := look{u, live[o.ID], live[o.ID.Of(resource.KindService, "")].Tags, live[o.ID.Of(resource.KindScalableTarget, "")].Presence == resource.Present, attrs}
			if before, ok := w.settled[o.ID]; ok && reflect.DeepEqual(now, before) {
				continue // Diff is pure: the same answer again
			}
			found := 0
			for _, c := range w.changes(u, o.ID, live) {
				found++
				w.t.Errorf("direct=%t: %s differs right after apply: %+v", direct, o.ID.Local(), c)
			}
			// Nor would the next edit of the content bring anything else to light.
			resolved, _ := resource.Resolve(*o, attrsOf(live))
			l := live[o.ID]
			for _, c := range w.kind(o.ID.Kind).Diff(&resolved, &l, resource.Compare{Policy: u.Policy, InputChanged: true,
				HasScalableTarget: live[o.ID.Of(resource.KindScalableTarget, "")].Presence == resource.Present}) {
				found++
				w.t.Errorf("direct=%t: %s would differ after an edit: %+v", direct, o.ID.Local(), c)
			}
			if found == 0 {
				if w.settled == nil {
					w.settled = map[resource.ID]look{}
				}
				w.settled[o.ID] = now
			}
		}
	}
}

func edit(t *testing.T, yaml, old, new string) string {
	t.Helper()
	if strings.Count(yaml, old) != 1 {
		t.Fatalf("%q occurs %d times", old, strings.Count(yaml, old))
	}
	return strings.Replace(yaml, old, new, 1)
}

// jsonEncoder prints as people would, without HTML escapes.
func jsonEncoder(w io.Writer) *json.Encoder {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e
}
