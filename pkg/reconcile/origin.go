package reconcile

import (
	"cmp"
	"context"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// from says in a context what a unit's writes come from; action is what is done,
// "" where the steps of a plan say it.
func (e *Engine) from(ctx context.Context, u *resource.Unit, action string) context.Context {
	e.mu.Lock()
	frame, ref, signer := e.frame, e.source.ref, e.source.signer
	e.mu.Unlock()
	return resource.WithOrigin(ctx, func(o *resource.Origin) {
		o.Owner, o.Scope, o.Revision, o.Ref, o.Signer = frame.Owner, frame.Scope, frame.Source, ref, signer
		o.Unit, o.Pos = u.Key, u.Pos
		if action != "" {
			o.Action, o.ID = action, serviceID(u)
		}
	})
}

// origin says of which step the writes are.
func (x *execution) origin(ctx context.Context, s *plan.Step) context.Context {
	return resource.WithOrigin(x.e.from(ctx, x.unit, string(s.Action)), func(o *resource.Origin) {
		o.ID, o.ARN, o.Plan = s.ID, s.ARN, x.plan.Seal.Hash
		for _, c := range s.Changes {
			if !c.Informational && strings.Contains(c.Pos, ":") { // a way back has no document: "-"
				o.Pos = c.Pos
				return
			}
		}
		if wanted := x.plan.Object(x.unit, s.ID); wanted != nil {
			o.Pos = cmp.Or(wanted.Pos, o.Pos)
		}
	})
}

// byHand is the view of a plan of one step which a verb makes by itself, sealed
// like every other: u is the unit of the document, as what the step is of.
func byHand(u, as *resource.Unit, live resource.Live, s plan.Step) view {
	as.Pos = u.Pos
	return view{unit: as, live: map[resource.ID]resource.Live{s.ID: live}, plan: plan.Sealed(plan.Plan{Unit: u.Key, Steps: []plan.Step{s}})}
}

// onPlan says which plan a person's word is about.
func onPlan(ctx context.Context, hash string) context.Context {
	return resource.WithOrigin(ctx, func(o *resource.Origin) { o.Plan = hash })
}
