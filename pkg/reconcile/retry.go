package reconcile

import (
	"context"
	"fmt"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// Retry lifts the quarantine of a unit of the last Load, so that its content is
// deployed once more, and says what it lifted. ECS' history still shows the
// failure, so the tag stays and says that it is lifted: the daemon, which may be
// another process, would otherwise find the failure and quarantine it again.
func (e *Engine) Retry(ctx context.Context, key resource.UnitKey) (plan.Quarantine, error) {
	var none plan.Quarantine
	e.mu.Lock()
	u := e.loaded[key]
	e.mu.Unlock()
	if u == nil {
		return none, fmt.Errorf("%s: no such service among the documents", key)
	}
	live, err := e.ownService(ctx, u)
	if err != nil {
		return none, err
	}
	held, err := e.release(ctx, u, live)
	if err != nil {
		return none, err
	}
	q, tagged := plan.ParseQuarantine(live.Tags[resource.TagQuarantine])
	hooks, err := e.retryHooks(ctx, u)
	switch {
	case err != nil:
		return none, err
	case held && (!tagged || q.Lifted || !u.Carries(q.Hash)):
		return plan.Quarantine{Hash: u.ContentHash, Cause: string(status.OnHold), Hooks: strings.Join(hooks, ", ")}, nil
	case (!tagged || q.Lifted) && len(hooks) > 0:
		return plan.Quarantine{Hash: u.ContentHash, Cause: string(status.HookFailed), Hooks: strings.Join(hooks, ", ")}, nil
	case !tagged || q.Lifted:
		return none, fmt.Errorf("%s: nothing is quarantined", key)
	}
	lifted := q
	lifted.Lifted = true
	call, done := finishing(e.from(ctx, u, "retry"))
	defer done()
	if err := e.o.Rollouts.Tag(call, key.Target, live.ARN, map[string]string{resource.TagQuarantine: lifted.Tag()}, nil); err != nil {
		return none, fmt.Errorf("%s: the quarantine could not be lifted: %w", key, err)
	}
	e.ended.forget(key)
	q.Hooks = strings.Join(hooks, ", ")
	return q, nil
}

// release takes the unit's content out of what a rollback by hand has put aside,
// and says whether it was there.
func (e *Engine) release(ctx context.Context, u *resource.Unit, live resource.Live) (bool, error) {
	h, ok := plan.ParseHold(live.Tags[resource.TagHold])
	if !ok || !h.Carries(u) {
		return false, nil
	}
	tag, err := h.Without(u).Tag()
	set, remove := map[string]string{resource.TagHold: tag}, []string(nil)
	if err != nil || tag == "" {
		set, remove = nil, []string{resource.TagHold}
	}
	call, done := finishing(e.from(ctx, u, "retry"))
	defer done()
	if err := e.o.Rollouts.Tag(call, u.Key.Target, live.ARN, set, remove); err != nil {
		return false, fmt.Errorf("%s: the hold could not be lifted: %w", u.Key, err)
	}
	return true, nil
}
