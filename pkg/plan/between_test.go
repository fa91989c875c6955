package plan_test

import (
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

func between(was, is *resource.Unit) plan.Plan {
	return plan.Between(plan.Input{Frame: frame, Unit: is, Kinds: kinds(), Now: now, Gone: &plan.Departure{}}, was)
}

func TestBetween(t *testing.T) {
	replacing := webDoc("nginx:1", 81)
	replacing.Policy = spec.Policy{Recreate: true}
	for _, tc := range []struct {
		name    string
		was, is spec.Document
		effect  diff.Effect
		actions map[string]plan.Action // of the kinds that have one
	}{
		{"the same", helloDoc("nginx:1"), helloDoc("nginx:1"), diff.None, nil},
		{"the same, with all around", webDoc("nginx:1", 80), webDoc("nginx:1", 80), diff.None, nil},
		{"an image", helloDoc("nginx:1"), helloDoc("nginx:2"), diff.NewDeployment,
			map[string]plan.Action{resource.KindTaskDefinition: plan.ActionUpdate, resource.KindService: plan.ActionUpdate}},
		{"a port", webDoc("nginx:1", 80), replacing, diff.Replacement,
			map[string]plan.Action{resource.KindTargetGroup: plan.ActionReplace, resource.KindService: plan.ActionUpdate, resource.KindAlarm: plan.ActionUpdate}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := between(desire(tc.was), desire(tc.is))
			if p.Consequence.Effect != tc.effect || p.Empty() != (tc.actions == nil) {
				t.Errorf("effect %q, empty %v: %+v", p.Consequence.Effect, p.Empty(), p.Steps)
			}
			for _, s := range p.Steps {
				if want := tc.actions[s.ID.Kind]; s.Blocked == "" && s.Action != plan.ActionNone && s.Action != want {
					t.Errorf("%s: %s, want %s", s.ID, s.Action, want)
				}
				for _, c := range s.Changes {
					if c.Reason == diff.FromDrift {
						t.Errorf("%s: %s is drift, and was edited", s.ID, c.Path)
					}
				}
			}
		})
	}
}

// A document that is new is as in an AWS that has nothing; one that is gone is what
// its policy says.
func TestBetweenNewAndGone(t *testing.T) {
	p := between(nil, desire(webDoc("nginx:1", 80)))
	for _, s := range p.Steps {
		if s.Action != plan.ActionCreate || s.Blocked != "" {
			t.Errorf("%s: %s %s", s.ID, s.Action, s.Blocked)
		}
	}
	if !p.Consequence.Creates {
		t.Errorf("consequence %+v", p.Consequence)
	}

	if p := between(desire(helloDoc("nginx:1")), nil); !p.Empty() {
		t.Errorf("nobody said that it goes: %+v", p.Steps)
	}
	going := helloDoc("nginx:1")
	going.Policy = spec.Policy{OnDelete: "prune"}
	p = between(desire(going), nil)
	if p.Consequence.Effect != diff.Deletion || p.Consequence.Tasks != 2 {
		t.Errorf("consequence %+v of %+v", p.Consequence, p.Steps)
	}
}
