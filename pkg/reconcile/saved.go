package reconcile

import (
	"fmt"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// agreement is one unit's saved plan while it is carried out: somebody has seen
// it, and nothing else is done. Until the first write the whole plan must be made
// again as it was; from then on the steps that are left must be found as they were.
type agreement struct {
	seal  plan.Seal
	begun bool
	moved string // why nothing is done
}

// compare holds a fresh plan against the saved one, unless that is being carried out.
func (a *agreement) compare(now plan.Plan) {
	if a.begun || a.moved != "" {
		return
	}
	if why := a.seal.Moved(now.Seal); len(why) > 0 {
		const most = 3
		if n := len(why); n > most {
			why = append(why[:most:most], fmt.Sprintf("%d more", n-most))
		}
		a.moved = "not as it was when the plan was saved: " + strings.Join(why, "; ") + ". Nothing was written; run diff again"
	}
}

// allow blocks what the saved plan does not have.
func (a *agreement) allow(v *view) {
	for i := range v.plan.Steps {
		s := &v.plan.Steps[i]
		switch {
		case !s.Writes():
		case a.begun && !a.has(s, v.plan.Seal):
			s.Blocked, s.Why = status.ChangedSincePlanned, fmt.Sprintf("%s (%s) is not in the saved plan, or was changed meanwhile; run diff again for what is left", s.ID.Local(), s.Action)
		}
	}
}

// has finds a step among those that are left of the saved plan, on an object that
// is as it was. What was deleted to be made anew is made in a later pass.
func (a *agreement) has(s *plan.Step, now plan.Seal) bool {
	seen := ""
	for _, step := range now.Steps {
		if step.ID == s.ID.Local() {
			seen = step.Seen
		}
	}
	for _, saved := range a.seal.Steps {
		if saved.ID != s.ID.Local() {
			continue
		}
		if saved.Blocked == status.Waiting && saved.Action == s.Action {
			return true // it was shown as what comes later, after our own writes
		}
		if saved.Blocked != "" {
			continue
		}
		if saved.Action == s.Action && saved.Seen == seen || saved.Action == plan.ActionReplace && s.Action == plan.ActionCreate {
			return true
		}
	}
	return false
}

// refuse makes the outcome of a unit that has moved: nothing is written, and
// that is what its status says.
func (a *agreement) refuse(v *view) Outcome {
	for i := range v.plan.Steps {
		if s := &v.plan.Steps[i]; s.Action != plan.ActionNone || s.Blocked != "" {
			s.Blocked, s.Why = status.ChangedSincePlanned, a.moved // whatever else holds it back
		}
	}
	f := finding{unit: v.unit, plan: v.plan, service: v.service(), rollout: v.rollout, unknown: v.rolloutErr,
		image: v.image(), now: now(), executed: true}
	s := judge(f)
	s.Reason, s.Why = status.ChangedSincePlanned, a.moved
	s.State = stateOf(s.Reason)
	s.Conditions = conditions(s, false, f)
	return Outcome{Plan: f.plan, Status: s}
}

// saved is the agreement on a unit; nil where none is needed.
func (a *application) saved(u *resource.Unit) *agreement { return a.agreed[u.Key] }

// writes reports whether the unit may be written at all: with a saved plan, only
// those that stand in it. The others are looked at, because some wait for them.
func (a *application) writes(u *resource.Unit) bool {
	return a.o.Saved == nil || a.saved(u) != nil
}

// agree takes the saved plan in.
func (a *application) agree() {
	a.agreed = make(map[resource.UnitKey]*agreement, len(a.o.Saved))
	for key, seal := range a.o.Saved {
		a.agreed[key] = &agreement{seal: seal}
	}
}

// Vanished is the outcome of a unit of a saved plan that the documents do not
// have any more.
func Vanished(key resource.UnitKey, why string) Outcome {
	s := status.Service{Target: key.Target, Cluster: key.Cluster, Name: key.Name,
		Reason: status.ChangedSincePlanned, State: stateOf(status.ChangedSincePlanned), Why: why}
	s.Conditions = conditions(s, false, finding{now: now()})
	return Outcome{Plan: plan.Plan{Unit: key}, Status: s}
}

// Needed are the units of a saved plan and those that they wait for, which are
// only looked at.
func Needed(units []*resource.Unit, saved map[resource.UnitKey]plan.Seal) []*resource.Unit {
	byKey := map[resource.UnitKey]*resource.Unit{}
	for _, u := range units {
		byKey[u.Key] = u
	}
	need := map[resource.UnitKey]bool{}
	var mark func(key resource.UnitKey)
	mark = func(key resource.UnitKey) {
		if u := byKey[key]; u != nil && !need[key] {
			need[key] = true
			for _, to := range u.DependsOn {
				mark(to)
			}
		}
	}
	for key := range saved {
		mark(key)
	}
	var out []*resource.Unit
	for _, u := range units {
		if need[u.Key] {
			out = append(out, u)
		}
	}
	return out
}
