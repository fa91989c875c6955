package reconcile

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// ApprovePlan lets what waits for a person in a unit's plan happen once: all of it
// with policy.mode: manual, else what its NeedsApproval steps would do. The plan is
// made again, and where it is the one of that hash, the service is tagged with it.
func (e *Engine) ApprovePlan(ctx context.Context, u *resource.Unit, hash string) error {
	out := e.Inspect(ctx, []*resource.Unit{u})[0]
	now := out.Plan.Approval
	if u.Policy.Mode == "manual" {
		now = out.Plan.Seal.Hash
	}
	switch {
	case out.Err != nil:
		return fmt.Errorf("%s: %w", u.Key, out.Err)
	case out.Plan.Empty():
		return fmt.Errorf("%s: nothing differs, so that there is nothing to approve", u.Key)
	case (now == "" || now == hash) && strings.TrimSuffix(e.serviceTag(ctx, u, resource.TagApproved), begunWord) == hash:
		return nil // approved already, and not done yet: whether it was begun stands in the tag
	case now == "":
		return fmt.Errorf("%s: nothing in its plan waits for an approval (policy.mode is not manual)", u.Key)
	case now != hash:
		return fmt.Errorf("%s: the plan is not %s any more, it is %s: look at diff, and approve what it shows", u.Key, hash, now)
	}
	live, err := e.ownService(ctx, u)
	if err != nil {
		return err
	}
	call, done := finishing(onPlan(e.from(ctx, u, "approve"), hash))
	defer done()
	if err := e.o.Rollouts.Tag(call, u.Key.Target, live.ARN, map[string]string{resource.TagApproved: hash}, nil); err != nil {
		return fmt.Errorf("%s: the approval could not be written: %w", u.Key, err)
	}
	return nil
}

// serviceTag is a tag of the unit's service, where that is ours.
func (e *Engine) serviceTag(ctx context.Context, u *resource.Unit, tag string) string {
	live, err := e.ownService(ctx, u)
	if err != nil {
		return ""
	}
	return live.Tags[tag]
}

// begunWord stands behind the hash of a plan that is being carried out. A word without it
// that no plan waits for was given early: its document has not been read yet.
const begunWord = " begun"

// word is the plan that a person has approved, "" for none, and whether it was begun.
func (v *view) word() (hash string, begun bool) {
	return strings.CutSuffix(v.service().Tags[resource.TagApproved], begunWord)
}

// approved reports whether a plan that waits for a person has that person's word:
// the service's tag names this very plan.
func (v *view) approved(owner string) bool {
	hash, _ := v.word()
	if hash == "" || hash != v.plan.Seal.Hash || v.unit.Policy.Mode != "manual" || v.service().Tags[resource.TagOwner] != owner {
		return false
	}
	for _, s := range v.plan.Steps {
		if s.Blocked == status.ManualMode {
			return true
		}
	}
	return false
}

// released is the view of a unit whose plan a person has let happen.
func (e *Engine) released(ctx context.Context, v *view) view {
	u := *v.unit
	u.Policy.Mode = ""
	r := e.look(ctx, &u, v.live, true)
	r.unit = v.unit
	return r
}

// mustWait reports whether an approved plan may not be carried out now: in a freeze,
// before its turn, or while something that it needs is missing, the approval is kept
// for later, and the view says so.
func (e *Engine) mustWait(ctx context.Context, v, free *view) bool {
	e.turn(free, nil)
	e.verify(ctx, free, nil)
	for _, held := range free.plan.Steps {
		switch held.Blocked {
		case status.FreezeWindow, status.WaveWaiting, status.WaveFailed, status.ConcurrencyLimit, status.SelfLast, status.VerifyFailed:
			for i := range v.plan.Steps {
				if s := &v.plan.Steps[i]; s.Blocked == status.ManualMode {
					s.Blocked, s.Why = held.Blocked, "the plan is approved; "+held.Why
				}
			}
			return true
		}
	}
	return false
}

// usedUp reports whether a person's word is not needed any more: something was done by it,
// and what remains, or is the same again some day, needs another one; or nothing is left to
// do of a plan that was begun, as after a crash between a write and consume. A write that
// AWS throttled, or whose answer was lost, uses no word up: nobody is asked twice for what
// was not done once.
func (v *view) usedUp(word bool, owner string) bool {
	tags := v.service().Tags
	switch {
	case tags[resource.TagApproved] == "" || tags[resource.TagOwner] != owner || v.unit.Policy.Mode != "manual" || v.unit.Gone:
		return false
	case word:
		return slices.ContainsFunc(v.plan.Steps, plan.Step.Writes)
	}
	_, begun := v.word()
	return begun && v.plan.Empty() && !v.untouchable()
}

// begin notes on a word, before anything is done by it, that its plan is carried out: a
// crash in between is told from a word that was given early.
func (e *Engine) begin(ctx context.Context, v *view) error {
	service := v.service()
	hash, _ := v.word()
	call, done := finishing(onPlan(e.from(ctx, v.unit, "approval used"), hash))
	defer done()
	if err := e.o.Rollouts.Tag(call, v.unit.Key.Target, service.ARN, map[string]string{resource.TagApproved: hash + begunWord}, nil); err != nil {
		return err
	}
	service.Tags = maps.Clone(service.Tags)
	service.Tags[resource.TagApproved] = hash + begunWord
	v.live = maps.Clone(v.live)
	v.live[serviceID(v.unit)] = service
	return nil
}

// consume takes the word off.
func (e *Engine) consume(ctx context.Context, v *view) error {
	service := v.service()
	hash, _ := v.word()
	call, done := finishing(onPlan(e.from(ctx, v.unit, "approval used"), hash))
	defer done()
	if err := e.o.Rollouts.Tag(call, v.unit.Key.Target, service.ARN, nil, []string{resource.TagApproved}); err != nil {
		return err
	}
	e.tell(Event{Unit: v.unit.Key, Kind: EventStep, Message: "the approved plan " + hash + " is carried out"})
	return nil
}

// manualWay is how a plan that waits for a person is let happen.
func manualWay(p *plan.Plan) {
	for i := range p.Steps {
		if s := &p.Steps[i]; s.Blocked == status.ManualMode {
			s.Why = fmt.Sprintf("policy.mode is manual: the plan waits for: ecs-operator approve %s --plan %s", p.Unit.Name, p.Seal.Hash)
		}
	}
}
