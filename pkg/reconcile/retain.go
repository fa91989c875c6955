package reconcile

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// defaultKeepRevisions is policy.keepRevisions where nobody wrote it.
const defaultKeepRevisions = 10

// wholeHistory is as many deployments as anybody reads to learn which revisions
// they refer to. A service with more keeps all of its revisions.
const wholeHistory = 200

// looks is how often the history is listed before a revision goes: a list that leaves a
// deployment out says nothing of it, and a revision that is put away cannot be brought back.
const looks = 2

// rolledOut notes that this process has seen a rollout of a unit under way: its
// success is when old revisions are put away.
func (e *Engine) rolledOut(key resource.UnitKey) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.retiring[key] = true
}

// retire deregisters the revisions of a unit's task definition that are older
// than the newest policy.keepRevisions and that nothing refers to: no deployment
// of the service's history, no quarantine or hold, no service of another
// document. Only after a rollout that this process saw succeed, and never where
// any of that could not be read. It returns how many calls it made.
func (e *Engine) retire(ctx context.Context, u *resource.Unit, service resource.Live) int {
	e.mu.Lock()
	due := e.retiring[u.Key]
	delete(e.retiring, u.Key)
	e.mu.Unlock()
	k := e.byKind[resource.KindTaskDefinition]
	counter, ok := k.(resource.Census)
	if !due || !ok || service.Presence != resource.Present || e.o.Rollouts == nil || u.Object(serviceID(u).Of(resource.KindTaskDefinition, "")) == nil {
		return 0
	}
	old, err := e.superfluous(ctx, u, service, counter)
	if err != nil {
		e.log.Sugar().Infow("old task definition revisions stay: what refers to them could not be read", "unit", u.Key.String(), "error", err)
		return 0
	}
	done := 0
	for _, l := range e.readStrays(ctx, u, old) {
		if ctx.Err() != nil || l.Presence != resource.Present {
			continue
		}
		call, release := finishing(resource.WithOrigin(e.from(ctx, u, "retire"), func(o *resource.Origin) { o.ID, o.ARN = l.ID, l.ARN }))
		err := k.Delete(call, resource.Write{Object: resource.Stray(l), Live: l, Unit: service})
		release()
		if err != nil {
			e.log.Sugar().Infow("an old task definition revision stays", "unit", u.Key.String(), "revision", l.ARN, "error", err)
			return done
		}
		done++
		e.tell(Event{Unit: u.Key, Kind: EventStep, Message: fmt.Sprintf("deregistered %s: older than the %d revisions that are kept", plan.RevisionName(l.ARN), keptRevisions(u))})
	}
	return done
}

func keptRevisions(u *resource.Unit) int {
	if u.Policy.KeepRevisions > 0 {
		return u.Policy.KeepRevisions
	}
	return defaultKeepRevisions
}

// superfluous are the revisions that may go.
func (e *Engine) superfluous(ctx context.Context, u *resource.Unit, service resource.Live, counter resource.Census) ([]resource.Live, error) {
	owned, err := counter.Owned(ctx, u.Key.Target, e.currentFrame().Owner)
	if err != nil {
		return nil, err
	}
	var mine []resource.Live
	for i := range owned {
		if f := &owned[i]; f.ID.Key() == u.Key && e.inScope(f.Tags) {
			mine = append(mine, e.recall(f))
		}
	}
	if len(mine) <= keptRevisions(u) {
		return nil, nil
	}
	slices.SortFunc(mine, func(a, b resource.Live) int { return number(b.ARN) - number(a.ARN) })
	used := map[string]bool{}
	if service.Service != nil {
		used[service.Service.TaskDefinition] = true
	}
	q, _ := plan.ParseQuarantine(service.Tags[resource.TagQuarantine])
	hold, _ := plan.ParseHold(service.Tags[resource.TagHold])
	old := mine[keptRevisions(u):]
	for range looks {
		if err := e.referred(ctx, service, used); err != nil {
			return nil, err
		}
		old = slices.DeleteFunc(old, func(l resource.Live) bool {
			return used[l.ARN] || e.runs(l.ARN, u.Key) || q.TaskDefinition == plan.RevisionName(l.ARN) ||
				hold.To == plan.RevisionName(l.ARN) || hold.Has(l.Tags[resource.TagSpecHash])
		})
		if len(old) == 0 {
			return nil, nil
		}
	}
	return old, nil
}

// referred adds the revisions that deployments of the service's history refer to.
func (e *Engine) referred(ctx context.Context, service resource.Live, used map[string]bool) error {
	history, err := e.o.Rollouts.History(ctx, service, wholeHistory)
	switch {
	case err != nil:
		return err
	case len(history) >= wholeHistory:
		return fmt.Errorf("the service has %d deployments or more in its history", wholeHistory)
	}
	for _, d := range history {
		if d.TaskDefinition == "" {
			return fmt.Errorf("nobody can tell what the deployment %s runs", d.ARN)
		}
		used[d.TaskDefinition] = true
	}
	return nil
}

// number is the revision's, of its ARN.
func number(arn string) int {
	n, _ := strconv.Atoi(arn[strings.LastIndexByte(arn, ':')+1:])
	return n
}
