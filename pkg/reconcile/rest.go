package reconcile

import (
	"context"
	"sync"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// A unit is at rest when a pass found nothing to do, nothing held back and nothing
// under way. As long as its document and all that was read of it are the same to the
// byte, another pass would find the same: most of what a steady sweep would cost is
// not spent. What was read is kept as a digest. Nothing that a plan is made from is
// left out of it, and once in a while a pass is made all the same.

// calmFor is after how long a unit at rest is planned anew.
const calmFor = 30 * time.Minute

// calm is what a pass over a unit at rest found.
type calm struct {
	unit   *resource.Unit
	seen   shape.Sum
	world  uint64 // picture of it
	status status.Service
	until  time.Time
}

// sights lend the lists of what is identified.
var sights = sync.Pool{New: func() any { return new([]resource.Live) }}

// sight identifies all that was read of a unit, among what was read of others; false when
// something of it is missing or unknown.
func sight(u *resource.Unit, live map[resource.ID]resource.Live) (sum shape.Sum, whole bool) {
	if u.Gone {
		return sum, false
	}
	room := sights.Get().(*[]resource.Live)
	all := (*room)[:0]
	defer func() {
		clear(all)
		*room = all
		sights.Put(room)
	}()
	for id := range u.IDs() {
		l, ok := live[id]
		if !ok || l.Presence != resource.Present {
			return sum, false
		}
		all = append(all, l)
	}
	if id := scalableTargetID(u); !u.Has(id) {
		l, ok := live[id]
		if ok && l.Presence == resource.Unknown {
			return sum, false
		}
		if ok {
			all = append(all, l)
		}
	}
	return shape.Digest(all)
}

// resting is the outcome of a pass that need not be made, and the picture of what was
// read; false when it must be.
func (d *daemon) resting(m *member, u *resource.Unit, live map[resource.ID]resource.Live, seen shape.Sum) (Outcome, uint64, bool) {
	d.mu.Lock()
	r := m.calm
	d.mu.Unlock()
	if r == nil || r.unit != u || r.seen != seen || time.Now().After(r.until) || len(d.e.unnamed(u, live)) > 0 {
		return Outcome{}, 0, false
	}
	s := r.status
	s.Revision = d.e.currentFrame().Source
	return Outcome{Status: s, Plan: plan.Plan{Unit: u.Key, Revision: s.Revision, ContentHash: u.ContentHash, Steps: []plan.Step{}}}, r.world, true
}

// calmed puts a unit to rest after a pass that saw all of it, or rouses it.
func (d *daemon) calmed(m *member, u *resource.Unit, live map[resource.ID]resource.Live, seen shape.Sum, world uint64, out Outcome, whole bool) {
	var r *calm
	if whole && d.e.rests(u, live, out) {
		r = &calm{unit: u, seen: seen, world: world, status: out.Status, until: time.Now().Add(d.e.jitter(calmFor))}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	m.calm = r
}

// rests reports whether a pass left nothing that time or anybody else than AWS and the
// document could move.
func (e *Engine) rests(u *resource.Unit, live map[resource.ID]resource.Live, out Outcome) bool {
	p := out.Plan
	_, raised := p.Raised()
	if out.Status.Reason != status.Synced || out.Err != nil || out.Writes > 0 || out.Left > 0 || raised || p.Quarantine != nil ||
		p.NeedsHistory() || p.NeedsPrevious() || len(p.NeedsGroups()) > 0 || out.rollout != nil && !out.rollout.Status.Ended() {
		return false
	}
	for i := range p.Steps {
		if s := &p.Steps[i]; s.Action != plan.ActionNone || s.Blocked != "" || s.Stray {
			return false
		}
	}
	for i := range u.Hooks {
		if state, known := plan.HookOf(u, live[taskDefinitionID(u)], u.Hooks[i].Name); known && state.Phase == plan.HookStarted {
			return false
		}
	}
	e.ended.mu.Lock()
	watched := e.ended.watching[u.Key]
	e.ended.mu.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	return watched == "" && !e.retiring[u.Key]
}

// onePass makes the pass that a unit needs, or says what it would find; told is whether
// the unit stalls, so that nothing was written. What was read may be that of others, too.
func (d *daemon) onePass(ctx context.Context, m *member, u *resource.Unit, live map[resource.ID]resource.Live) (out Outcome, world uint64, stalled bool) {
	began := time.Now()
	seen, whole := sight(u, live)
	if whole {
		if out, world, ok := d.resting(m, u, live, seen); ok {
			d.e.m.Reconciled(u.Key, out.Status.Reason, time.Since(began))
			return out, world, false
		}
	}
	live = only(u, live)
	world = picture(u, live)
	stalled = d.stalled(m, world)
	out = d.e.pass(ctx, u, live, !stalled)
	d.calmed(m, u, live, seen, world, out, whole && !stalled && ctx.Err() == nil)
	return out, world, stalled
}
