package reconcile

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// redeployGuard keeps a field that AWS does not give back as it was written from
// deploying the same content on every pass. It remembers, per service, the
// changes that this process deployed last, until it has seen the service
// without a change that deploys. The same changes coming back before that were
// never taken: nobody else can have undone what was never there. The zero value
// is ready.
type redeployGuard struct {
	mu   sync.Mutex
	sent map[resource.UnitKey]string
}

// hold blocks the deployment of a plan that was already made in vain.
func (g *redeployGuard) hold(v *view) {
	s := deployment(v)
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case v.plan.Quarantine != nil || s != nil && s.Blocked == status.Quarantined:
		delete(g.sent, v.unit.Key) // ECS took it back: that is why it differs again, and retry may send it once more
	case s == nil || s.Action != plan.ActionUpdate:
		if v.service().Presence == resource.Present && settledPlan(v) {
			delete(g.sent, v.unit.Key)
		}
	case s.Blocked == "" && g.sent[v.unit.Key] != "" && g.sent[v.unit.Key] == fingerprint(s):
		s.Blocked = status.RefusedByAWS
		s.Why = fmt.Sprintf("AWS does not keep %s as written: it was deployed, and differs again; write what AWS gives back, or name the path in policy.ignore",
			changedFields(slices.DeleteFunc(slices.Clone(s.Changes), func(c diff.Change) bool { return !c.Effect.Deploys() })))
	}
}

// learn remembers a deployment that was started.
func (g *redeployGuard) learn(v *view, x *execution) {
	s := deployment(v)
	if s == nil || s.Action != plan.ActionUpdate || s.Blocked != "" || x.failed[s.ID] {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.sent == nil {
		g.sent = map[resource.UnitKey]string{}
	}
	g.sent[v.unit.Key] = fingerprint(s)
}

// forget drops a unit that nobody looks after any more.
func (g *redeployGuard) forget(key resource.UnitKey) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.sent, key)
}

// deployment is the step that starts one, nil for none.
func deployment(v *view) *plan.Step {
	for i := range v.plan.Steps {
		if s := &v.plan.Steps[i]; s.ID.Kind == resource.KindService && s.Effect.Deploys() {
			return s
		}
	}
	return nil
}

// settledPlan: everything was read, so that no change means that none is left.
func settledPlan(v *view) bool {
	return !slices.ContainsFunc(v.plan.Steps, func(s plan.Step) bool { return s.Blocked != "" })
}

// fingerprint names a deployment by what it would change, and into what; "" for
// a forced one that retry asked for, which changes nothing and is never the same.
func fingerprint(s *plan.Step) string {
	var b strings.Builder
	for _, c := range s.Changes {
		if !c.Informational && c.Effect.Deploys() && fmt.Sprint(c.Old) != fmt.Sprint(c.New) {
			fmt.Fprintf(&b, "%s %v %v\n", c.Path, c.Old, c.New)
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return b.String() + s.Tags[resource.TagSpecHash]
}
