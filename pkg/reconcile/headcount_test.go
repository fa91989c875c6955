package reconcile

import (
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// A unit whose document goes while a pass over it is under way was taken out of what is
// held up: what that pass finds is not counted.
func TestAPassOverWhatIsGoneHoldsNothingUp(t *testing.T) {
	found := func(reasons ...status.Reason) (out Outcome) {
		for _, r := range reasons {
			out.Plan.Steps = append(out.Plan.Steps, plan.Step{Blocked: r})
		}
		return out
	}
	d := newDaemon(New(Options{}))
	defer d.queue.ShutDown()
	u := &resource.Unit{Key: resource.UnitKey{Target: resource.DefaultTarget, Cluster: "main", Name: "one"}}
	d.take(Loaded{Units: []*resource.Unit{u}, Complete: true}, false)
	m := d.units[u.Key]
	d.learn(m, 0, found(status.OnHold, status.OnHold), true)
	if d.held.of[status.OnHold] != 2 {
		t.Fatalf("held up are %v", d.held.of)
	}
	d.take(Loaded{Complete: true}, false)
	d.learn(m, 0, found(status.Unobserved), true)
	if len(d.held.of) > 0 {
		t.Errorf("of nothing %v are held up", d.held.of)
	}
	d.take(Loaded{Units: []*resource.Unit{u}, Complete: true}, false)
	d.learn(m, 0, found(status.OnHold), true) // still of the one that was
	d.learn(d.units[u.Key], 0, found(status.AbsenceGrace), true)
	if d.take(Loaded{Complete: true}, false); len(d.held.of) > 0 {
		t.Errorf("of nothing %v are held up after that", d.held.of)
	}
}
