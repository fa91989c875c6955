package reconcile

import (
	"context"
	"fmt"
	"slices"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// opens reports whether a step begins the rollout of the document's content: the
// deployment, or the first task before it. The way back after a failed hook is none:
// what it deploys is not the document's, and nothing may stand in its way.
func opens(s plan.Step) bool {
	if s.Settled != nil {
		return false
	}
	return begins(s) && (s.Action != plan.ActionRun || s.Section == resource.Hook{Stage: spec.PreDeploy, Name: s.ID.Name}.Section())
}

// verify holds a rollout that would start now while something that it needs is
// missing; what else there is to do is done. In a pass that starts none nobody is
// asked anything. What could not be checked is told and holds nothing.
func (e *Engine) verify(ctx context.Context, v *view, agreed *agreement) {
	if e.o.Verify == nil || v.unit.Gone || ctx.Err() != nil || !slices.ContainsFunc(v.plan.Steps, opens) {
		return
	}
	found := e.o.Verify(ctx, v.unit)
	e.tellUnchecked(v.unit.Key, found)
	if missing := resource.Missing(found); len(missing) > 0 && ctx.Err() == nil {
		e.holdRollout(v, agreed, status.VerifyFailed, resource.MissingWords(missing))
	}
}

// tellUnchecked tells what could not be checked, once for as long as that is the same.
func (e *Engine) tellUnchecked(key resource.UnitKey, found []resource.Finding) {
	words, n := "", 0
	for _, f := range found {
		if f.Verdict != resource.NotChecked {
			continue
		}
		if n++; n == 1 {
			words = fmt.Sprintf("not checked before the rollout: %s %s: %s", f.Check, f.Name, f.Why)
		}
	}
	if n > 1 {
		words += fmt.Sprintf("; and %d more (ecs-operator verify %s)", n-1, key.Name)
	}
	e.mu.Lock()
	before := e.unchecked[key]
	if e.unchecked[key] = words; words == "" {
		delete(e.unchecked, key)
	}
	e.mu.Unlock()
	if words != "" && words != before {
		e.tell(Event{Unit: key, Kind: EventStep, Message: words})
	}
}
