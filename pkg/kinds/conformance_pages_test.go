package kinds_test

import (
	"context"
	"reflect"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// onePerPage makes AWS give one thing a page, whatever was asked for: "AWS may
// return fewer than the maximum" is what every paged operation's reference says.
func onePerPage(w *world, spoilt func(sandbox.Call) *sandbox.Fault) {
	fault := sandbox.FaultFunc(func(_ context.Context, c sandbox.Call) *sandbox.Fault {
		in := reflect.Indirect(reflect.ValueOf(c.Input))
		for _, member := range []string{"MaxResults", "MaxRecords", "PageSize", "ResourcesPerPage"} {
			if f := in.FieldByName(member); f.IsValid() && f.Type() == reflect.TypeFor[*int32]() && f.CanSet() {
				f.Set(reflect.ValueOf(aws.Int32(1)))
			}
		}
		return spoilt(c)
	})
	w.fault.Store(&fault)
}

// paged are the calls by which a sweep reads everything of a kind page by page,
// with how many things each service of the fleet has there. Services and task
// definitions are asked for by name and have no pages.
var paged = map[string]struct {
	operation string
	each      int
}{
	resource.KindTargetGroup:     {"DescribeTargetGroups", 1},
	resource.KindListenerRule:    {"DescribeRules", 1},
	resource.KindScalableTarget:  {"DescribeScalableTargets", 1},
	resource.KindScalingPolicy:   {"DescribeScalingPolicies", 2},
	resource.KindScheduledAction: {"DescribeScheduledActions", 1},
	resource.KindAlarm:           {"DescribeAlarms", 3},
}

// TestConformancePages: of every kind a sweep, a direct read and a census find
// the same when an answer has one thing a page, with the tagging API and without.
func TestConformancePages(t *testing.T) {
	const services = 21 // more than are asked for one by one
	w := newWorld(t)
	all := &resource.Unit{}
	var units []*resource.Unit
	for n := range services {
		u := w.load(fleet(n))
		w.apply(u)
		units = append(units, u)
		all.Key = u.Key
		all = all.With(append(all.Objects(), u.Objects()...)...)
	}
	w.settle()
	for _, denied := range []bool{false, true} {
		onePerPage(w, func(c sandbox.Call) *sandbox.Fault {
			if denied && c.Operation == "GetResources" {
				return &sandbox.Fault{Code: "AccessDeniedException", Message: "not authorized"}
			}
			return nil
		})
		w.fresh()
		mark := w.mark()
		live := w.observe(all, false)
		calls := w.calls(mark)
		for _, u := range units {
			for _, o := range u.Objects() {
				for _, c := range w.changes(u, o.ID, live) {
					t.Errorf("denied=%v: %s: %+v", denied, o.ID, c)
				}
			}
		}
		for kind, p := range paged {
			if calls[p.operation] < services*p.each {
				t.Errorf("denied=%v: %s was read in %d calls of %s: this test shows nothing", denied, kind, calls[p.operation], p.operation)
			}
		}
		last := units[services-1]
		for id, l := range w.observe(last, true) {
			if l.Presence != resource.Present || l.ARN != live[id].ARN {
				t.Errorf("denied=%v: %s read directly is %s %s, the sweep had %s", denied, id, l.Presence, l.ARN, live[id].ARN)
			}
		}
		censusByPage(t, w, all, denied)
	}
	for _, k := range kinds.All(nil) {
		if _, ok := paged[k.Name()]; !ok && k.Name() != resource.KindService && k.Name() != resource.KindTaskDefinition {
			t.Errorf("of %s nobody said how it is paged", k.Name())
		}
	}
}

// censusByPage: what is ours is found whole, of kinds that carry tags and of those
// that hang on a scalable target.
func censusByPage(t *testing.T, w *world, all *resource.Unit, denied bool) {
	t.Helper()
	var targets []resource.Live
	for _, k := range w.kinds {
		var want []string
		for _, o := range all.Objects() {
			if o.ID.Kind == k.Name() {
				want = append(want, o.ID.String())
			}
		}
		var found []resource.Found
		var err error
		switch k := k.(type) {
		case resource.Census:
			found, err = k.Owned(t.Context(), resource.DefaultTarget, resource.DefaultOwner)
		case resource.Attached:
			found, err = k.Attached(t.Context(), resource.DefaultOwner, targets)
		default:
			t.Errorf("%s has no census", k.Name())
		}
		var got []string
		for _, l := range found {
			got = append(got, l.ID.String())
		}
		if k.Name() == resource.KindScalableTarget {
			for _, f := range found {
				targets = append(targets, k.(resource.Recalling).Recall(f))
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("denied=%v: the census of %s has %d of %d (%v)", denied, k.Name(), len(got), len(want), err)
		}
	}
}
