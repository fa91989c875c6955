package reconcile

import (
	"context"
	"fmt"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// Bare is a unit of which nothing is known but the ECS service's name: what a
// command works on that needs no document.
func (e *Engine) Bare(key resource.UnitKey) *resource.Unit {
	k := e.byKind[resource.KindService]
	u := &resource.Unit{Key: key}
	return u.With(&resource.Object{ID: serviceID(u), Want: k.Section().New(), Section: k.Section().Path, Tags: map[string]string{}})
}

// Suspend puts a lease on a service: until it ends, nothing of the unit is
// written by anybody who carries this owner's name. It stands in a tag of the
// ECS service, which is read again before every write, so that it takes effect
// before the next one, also in the middle of an apply. The lease that it
// replaces is returned, zero for none.
func (e *Engine) Suspend(ctx context.Context, u *resource.Unit, s plan.Suspension) (before plan.Suspension, err error) {
	live, err := e.ownService(ctx, u)
	if err != nil {
		return before, err
	}
	before, _ = plan.ParseSuspension(live.Tags[resource.TagSuspend], now())
	call, done := finishing(e.from(ctx, u, "suspend"))
	defer done()
	if err := e.o.Rollouts.Tag(call, u.Key.Target, live.ARN, map[string]string{resource.TagSuspend: s.Tag()}, nil); err != nil {
		return before, fmt.Errorf("%s: it could not be suspended: %w", u.Key, err)
	}
	return before, nil
}

// Resume takes the lease off, also one that has ended by itself, and says what
// it was. A service that is not suspended is an error.
func (e *Engine) Resume(ctx context.Context, u *resource.Unit) (plan.Suspension, error) {
	live, err := e.ownService(ctx, u)
	if err != nil {
		return plan.Suspension{}, err
	}
	tag, tagged := live.Tags[resource.TagSuspend]
	if !tagged {
		return plan.Suspension{}, fmt.Errorf("%s: it is not suspended", u.Key)
	}
	s, _ := plan.ParseSuspension(tag, now())
	call, done := finishing(e.from(ctx, u, "resume"))
	defer done()
	if err := e.o.Rollouts.Tag(call, u.Key.Target, live.ARN, nil, []string{resource.TagSuspend}); err != nil {
		return s, fmt.Errorf("%s: it could not be resumed: %w", u.Key, err)
	}
	return s, nil
}

// ownService reads the ECS service of a unit directly, and answers only for one
// that is there and ours.
func (e *Engine) ownService(ctx context.Context, u *resource.Unit) (resource.Live, error) {
	svc := u.Object(serviceID(u))
	if svc == nil {
		return resource.Live{}, fmt.Errorf("%s: the document has no ECS service", u.Key)
	}
	if err := e.misplaced(ctx, u); err != nil {
		return resource.Live{}, fmt.Errorf("%s: %w", u.Key, err)
	}
	_, live := e.reread(ctx, u, svc, nil)
	owner := e.currentFrame().Owner
	switch {
	case live.Presence == resource.Unknown:
		return live, fmt.Errorf("%s: the ECS service could not be read: %w", u.Key, live.Err)
	case live.Presence == resource.Absent:
		return live, fmt.Errorf("%s: there is no such ECS service; write policy.mode: observe into a document that must not be applied yet", u.Key)
	case live.Tags[resource.TagOwner] == "":
		return live, fmt.Errorf("%s: the ECS service is not ours: it carries no %s tag, and nothing of it is written before a document adopts it", u.Key, resource.TagOwner)
	case live.Tags[resource.TagOwner] != owner:
		return live, fmt.Errorf("%s: the ECS service is not ours: it is owned by %q and this is %q; say it to that operator with --owner %s",
			u.Key, live.Tags[resource.TagOwner], owner, live.Tags[resource.TagOwner])
	}
	return live, nil
}

// untouchable: nothing at all may be written, not even what is remembered. A person
// who suspended a service, and one who only observes, wants to find it as it is.
func (v *view) untouchable() bool {
	if v.unit.Policy.Mode == "observe" {
		return true
	}
	_, suspended := plan.ParseSuspension(v.service().Tags[resource.TagSuspend], now())
	return suspended
}
