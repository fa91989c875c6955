package kinds_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// refuse lets operations be throttled for as long as the test goes on.
func (w *world) refuse(operations ...string) {
	w.spoil(func(c sandbox.Call) *sandbox.Fault {
		if slices.Contains(operations, c.Operation) {
			return &sandbox.Fault{Code: "ThrottlingException", Message: "Rate exceeded", Status: 400}
		}
		return nil
	})
}

// While the tagging API refuses to say which revisions have the wanted content, those
// of the family are looked at; while nobody says it, it is not known, for a while.
func TestOlderRevisionWithoutTags(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		first := w.load(hello)
		w.apply(first)
		w.settle()
		id := serviceOf(first).Of(resource.KindTaskDefinition, "")
		one := w.observe(first, false)[id].ARN
		w.apply(w.load(edit(t, hello, "nginx:1.29", "nginx:1.30")))
		w.settle()
		w.fresh()
		w.refuse("GetResources")
		if l := w.observe(first, true)[id]; l.ARN != one {
			t.Errorf("with the tagging API refused the revision is %s, not %s: %v", l.ARN, one, l.Err)
		}
		w.fresh()
		w.refuse("GetResources", "ListTaskDefinitions")
		if l := w.observe(first, true)[id]; l.Presence != resource.Unknown || resource.ClassOf(l.Err) != resource.ClassThrottled {
			t.Errorf("with both refused it is %s: %v", l.Presence, l.Err)
		}
		time.Sleep(3 * time.Minute)
		if l := w.observe(first, true)[id]; l.Presence != resource.Present || l.ARN == one {
			t.Errorf("after three minutes it is %s %s: %v", l.Presence, l.ARN, l.Err)
		}
		w.refuse()
		if l := w.observe(first, true)[id]; l.ARN != one {
			t.Errorf("afterwards it is %s: %v", l.ARN, l.Err)
		}
	})
}

// Two documents that share a family, and register one after the other what reads do
// not show yet: each finds its own again.
func TestSharedFamilyWhileReadsLag(t *testing.T) {
	w := newWorld(t)
	shared := edit(t, hello, "taskDefinition:", "taskDefinition:\n    family: shared")
	a, b := w.load(shared), w.load(edit(t, edit(t, shared, "name: hello", "name: other"), "nginx:1.29", "nginx:1.30"))
	made := map[string]string{}
	w.spoil(func(c sandbox.Call) *sandbox.Fault {
		if c.Operation == "DescribeTaskDefinition" {
			return &sandbox.Fault{Code: "ClientException", Message: "Unable to describe task definition.", Status: 400}
		}
		return nil
	})
	for _, u := range []*resource.Unit{a, b} {
		id := serviceOf(u).Of(resource.KindTaskDefinition, "")
		l, err := w.kind(id.Kind).Create(t.Context(), resource.Write{Object: *u.Object(id)})
		if err != nil {
			t.Fatal(err)
		}
		made[u.Key.Name] = l.ARN
	}
	for _, u := range []*resource.Unit{a, b} {
		id := serviceOf(u).Of(resource.KindTaskDefinition, "")
		if l := w.observe(u, true)[id]; l.Presence != resource.Present || l.ARN != made[u.Key.Name] {
			t.Errorf("%s: the revision is %s %s, not %s", u.Key, l.Presence, l.ARN, made[u.Key.Name])
		}
	}
}
