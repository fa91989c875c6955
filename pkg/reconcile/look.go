package reconcile

import (
	"context"
	"fmt"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// Picture is one service at one moment, for people who watch it.
type Picture struct {
	Outcome
	// Deployment is the newest one, whether it runs or has ended; nil for none.
	Deployment *resource.Deployment
	Targets    []resource.GroupHealth
	// Events are the service's newest events, newest first.
	Events []resource.ServiceEvent
	// Unread says of each part that could not be read why.
	Unread []string
}

// bare reports whether nothing is known of a unit but its name (Bare).
func bare(u *resource.Unit) bool { return u.ContentHash == "" }

// Look plans units, writes nothing, and says how they and their deployments
// stand. Of a unit without a document (Bare) only what AWS has is judged.
func (e *Engine) Look(ctx context.Context, units []*resource.Unit) []Picture {
	out := make([]Picture, len(units))
	if len(units) > 0 && !bare(units[0]) {
		for i, o := range e.Inspect(ctx, units) {
			out[i].Outcome = o
		}
	}
	e.each(units, func(i int) {
		if bare(units[i]) {
			out[i].Outcome = e.glance(ctx, units[i])
		}
		e.depict(ctx, &out[i])
	})
	return out
}

// Glimpse shows units as the last pass of this engine left them, with what their
// services look like now. Unlike Look it decides nothing: it is for whoever watches
// beside the passes.
func (e *Engine) Glimpse(ctx context.Context, units []*resource.Unit) []Picture {
	out := make([]Picture, len(units))
	e.each(units, func(i int) {
		u := units[i]
		e.mu.Lock()
		out[i].Status = e.status[u.Key]
		e.mu.Unlock()
		if svc := u.Object(serviceID(u)); svc != nil {
			_, out[i].live = e.reread(ctx, u, svc, nil)
			e.depict(ctx, &out[i])
		}
	})
	return out
}

// depict adds what is asked for people's eyes only.
func (e *Engine) depict(ctx context.Context, p *Picture) {
	live := p.live
	if live.Presence != resource.Present || e.o.Rollouts == nil {
		return
	}
	unread := func(what string, err error) {
		if err != nil {
			p.Unread = append(p.Unread, fmt.Sprintf("%s: %v", what, err))
		}
	}
	var err error
	p.Deployment, err = e.o.Rollouts.Current(ctx, live)
	unread("deployment", err)
	p.nameShares(ctx, e, live)
	p.Targets, err = e.o.Rollouts.Targets(ctx, live)
	unread("target health", err)
	p.Events, err = e.o.Rollouts.Events(ctx, live)
	unread("events", err)
}

// nameShares says which task definition each side of the deployment has.
func (p *Picture) nameShares(ctx context.Context, e *Engine, live resource.Live) {
	d := p.Deployment
	if d == nil {
		return
	}
	d.Target.TaskDefinition = plan.RevisionName(d.TaskDefinition)
	for i := range d.Sources {
		s := &d.Sources[i]
		was := []resource.Deployment{{TargetRevision: s.Revision}}
		if err := e.o.Rollouts.Fill(ctx, live, was); err == nil {
			s.TaskDefinition = plan.RevisionName(was[0].Content[resource.KindTaskDefinition].ARN)
		}
	}
}

// glance is Inspect for one unit, also for one without a document.
func (e *Engine) glance(ctx context.Context, u *resource.Unit) Outcome {
	if !bare(u) {
		return e.Inspect(ctx, []*resource.Unit{u})[0]
	}
	_, live := e.reread(ctx, u, u.Object(serviceID(u)), nil)
	f := finding{unit: u, service: live, now: now(), plan: plan.Plan{Unit: u.Key, Steps: []plan.Step{}}}
	switch live.Presence {
	case resource.Unknown:
		f.unknown = live.Err
	case resource.Present:
		f.rollout, f.unknown = e.o.Rollouts.Current(ctx, live)
	}
	out := Outcome{Plan: f.plan, Status: judge(f), live: live, rollout: f.rollout}
	if d := f.rollout; d != nil && d.Status.Ended() && d.Status.Bad() {
		// No document says what is wanted: what was deployed last is what counts.
		out.Status.Reason, out.Status.State = badReason(d.Status), status.StateStalled
		out.Status.Why = fmt.Sprintf("the last deployment, of %s, %s: %s", plan.RevisionName(d.TaskDefinition), pastTense(string(badReason(d.Status))), orElse(d.Reason, "ECS gives no reason"))
	}
	if live.Presence == resource.Absent {
		out.Err = fmt.Errorf("%s: there is no such ECS service", u.Key)
		out.Status.Reason, out.Status.State, out.Status.Why = status.DependencyMissing, status.StateStalled, "there is no such ECS service"
	}
	e.settle(out.Status)
	return out
}

// deployed reports whether the service has the content that the document wants:
// nothing that starts a deployment differs, held back or not.
func (o Outcome) deployed() bool {
	if o.live.Presence != resource.Present {
		return false
	}
	for _, s := range o.Plan.Steps {
		if s.ID.Kind != resource.KindService && s.ID.Kind != resource.KindTaskDefinition || s.Stray {
			continue
		}
		if s.Blocked == status.Quarantined || s.Action != plan.ActionNone && s.Effect.Deploys() {
			return false
		}
	}
	return true
}

// under is the deployment that runs now, nil for none.
func (o Outcome) under() *resource.Deployment {
	if o.rollout == nil || o.rollout.Status.Ended() {
		return nil
	}
	return o.rollout
}

// History lists the newest deployments of a unit's service, newest first.
func (e *Engine) History(ctx context.Context, u *resource.Unit, n int) ([]resource.Deployment, error) {
	live, err := e.present(ctx, u)
	if err != nil {
		return nil, err
	}
	return e.o.Rollouts.History(ctx, live, n)
}

// Tasks lists the tasks of a unit's service.
func (e *Engine) Tasks(ctx context.Context, u *resource.Unit) ([]resource.ServiceTask, error) {
	live, err := e.present(ctx, u)
	if err != nil {
		return nil, err
	}
	return e.o.Rollouts.Tasks(ctx, live)
}

// Events lists what ECS tells of a unit's service, newest first.
func (e *Engine) Events(ctx context.Context, u *resource.Unit) ([]resource.ServiceEvent, error) {
	live, err := e.present(ctx, u)
	if err != nil {
		return nil, err
	}
	return e.o.Rollouts.Events(ctx, live)
}

// present reads the unit's ECS service, whoever owns it: looking harms nobody.
func (e *Engine) present(ctx context.Context, u *resource.Unit) (resource.Live, error) {
	svc := u.Object(serviceID(u))
	if svc == nil {
		return resource.Live{}, fmt.Errorf("%s: the document has no ECS service", u.Key)
	}
	_, live := e.reread(ctx, u, svc, nil)
	switch live.Presence {
	case resource.Unknown:
		return live, fmt.Errorf("%s: the ECS service could not be read: %w", u.Key, live.Err)
	case resource.Absent:
		return live, fmt.Errorf("%s: there is no such ECS service", u.Key)
	}
	return live, nil
}
