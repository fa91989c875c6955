package reconcile

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// pass is one reconcile of one unit from what was observed of it: plan, and if
// write is set, execute exactly that plan. Whatever goes wrong stays with the unit.
func (e *Engine) pass(ctx context.Context, u *resource.Unit, live map[resource.ID]resource.Live, write bool) Outcome {
	return e.passOf(ctx, u, live, write, nil)
}

// passOf is a pass that writes no more than was agreed to; nil for whatever is planned.
func (e *Engine) passOf(ctx context.Context, u *resource.Unit, live map[resource.ID]resource.Live, write bool, agreed *agreement) (out Outcome) {
	ctx = e.from(ctx, u, "")
	began := time.Now()
	defer func() {
		if p := recover(); p != nil {
			e.panicked(u.Key, p)
			out = e.broken(u, caught(p))
		}
		if write {
			e.m.Reconciled(u.Key, out.Status.Reason, time.Since(began))
		}
	}()
	if write && agreed != nil {
		v := e.look(ctx, u, live, false) // as diff looked
		if agreed.compare(v.plan); agreed.moved != "" {
			return agreed.refuse(&v)
		}
		defer func() { agreed.begun = agreed.begun || out.Writes > 0 }()
	}
	v := e.look(ctx, u, live, write)
	writes := 0
	if write && ctx.Err() == nil {
		n, err := e.tendHooks(ctx, &v)
		if writes += n; err != nil {
			return e.unwritten(&v, err)
		}
		if n > 0 {
			v = e.look(ctx, u, v.live, write)
			if agreed != nil {
				agreed.begun = true
			}
		}
	}
	if write && v.plan.Quarantine != nil && !v.untouchable() && ctx.Err() == nil {
		if err := e.remember(ctx, &v); err != nil {
			return e.unwritten(&v, err)
		}
		writes++
		v = e.look(ctx, u, v.live, write)
		if agreed != nil {
			agreed.begun = true
		}
	}
	word := false // by which this pass writes
	if underWay := v.hooksApproved(); write && (underWay || v.approved(e.currentFrame().Owner)) && ctx.Err() == nil {
		free := e.released(ctx, &v)
		if underWay || !e.mustWait(ctx, &v, &free) {
			if _, begun := v.word(); !underWay && !begun && slices.ContainsFunc(free.plan.Steps, plan.Step.Writes) {
				if err := e.begin(ctx, &v); err != nil {
					return e.unwritten(&v, err)
				}
				writes++
				free = e.released(ctx, &v)
			}
			v, word = free, true
		}
	}
	f := finding{unit: u, plan: v.plan, service: v.service(), rollout: v.rollout, unknown: v.rolloutErr,
		image: v.image(), now: now()}
	var err error
	if write {
		e.await(&v)
		e.loops.hold(&v)
		e.turn(&v, agreed)
		e.verify(ctx, &v, agreed)
		if agreed != nil {
			agreed.allow(&v)
		}
		x := e.execute(ctx, &v)
		e.loops.learn(&v, x)
		e.fights.learn(&v, x)
		writes += x.writes
		if x.writes > 0 {
			e.overwrote(u)
		}
		if err = x.err; v.usedUp(word, e.currentFrame().Owner) {
			writes++
			err = errors.Join(err, e.consume(ctx, &v))
		}
		f.executed, f.touched, f.plan = true, x.touched, v.plan
		if x.touched {
			f.service, f.image = x.known[serviceID(u)], "" // what it is being moved to
			e.after(ctx, x, &f)
		}
	}
	f.cause = e.why(ctx, u.Key, f.service, f.rollout)
	out = Outcome{Plan: f.plan, Status: judge(f), Writes: writes, Err: err, Left: f.left(), live: f.service, rollout: f.rollout}
	e.fleet.saw(u, f, out)
	switch r := out.Status.Reason; {
	case write && r == status.RolloutInProgress:
		e.rolledOut(u.Key)
	case write && r == status.Synced && out.Left == 0 && writes == 0 && ctx.Err() == nil:
		out.Writes += e.retire(ctx, u, v.service())
	}
	if out.Status.Reason == status.Synced && out.Left == 0 {
		e.mu.Lock()
		e.synced[u.Key] = u.Digest
		e.mu.Unlock()
	}
	return out
}

// untouched reports whether this process has seen AWS as this very document
// wants it: what differs since then was changed in AWS.
func (e *Engine) untouched(u *resource.Unit) bool {
	e.mu.Lock()
	seen := e.synced[u.Key]
	e.mu.Unlock()
	return seen != "" && seen == u.Digest
}

// overwrote forgets that AWS was seen as another document wants it: this one has been
// written since, perhaps not to its end, and whoever goes back to the other one finds
// what this one wrote, and no drift.
func (e *Engine) overwrote(u *resource.Unit) {
	e.mu.Lock()
	if e.synced[u.Key] != u.Digest {
		delete(e.synced, u.Key)
	}
	e.mu.Unlock()
	e.raises.overwrote(u)
}

// after reads the service again that a pass wrote, and the rollout that this
// may have begun.
func (e *Engine) after(ctx context.Context, x *execution, f *finding) {
	svc := x.unit.Object(serviceID(x.unit))
	if svc == nil {
		return
	}
	_, fresh := e.reread(ctx, x.unit, svc, x.known)
	if before := x.live[svc.ID].Service; older(before, f.service.Service, fresh.Service) {
		f.rollout, f.unknown = nil, nil // of before the write: it says nothing of what was begun
		return
	}
	if fresh.Presence == resource.Present && fresh.Service != nil {
		f.service = fresh
		e.watch(x.unit.Key, fresh)
	}
	f.rollout, f.unknown = e.current(ctx, x.unit, f.service)
}

// older reports whether a read after a write shows the service as it was before it
// (AWS' reads lag): the write's own answer named another primary deployment.
func older(before, wrote, fresh *resource.ServiceState) bool {
	return before != nil && wrote != nil && fresh != nil &&
		wrote.PrimaryID != before.PrimaryID && fresh.PrimaryID == before.PrimaryID
}

// await blocks everything that a unit would write while a service that it
// depends on is not Ready.
func (e *Engine) await(v *view) {
	for _, need := range v.unit.DependsOn {
		e.mu.Lock()
		s, known := e.status[need]
		e.mu.Unlock()
		why := ""
		switch {
		case !known:
			why = "waits for " + need.Name + ", which is not among the documents"
		case s.State != status.StateReady:
			why = "waits for " + need.Name + " to be Ready"
		case e.fleet.changed(need):
			why = "waits for " + need.Name + " to be Ready with its present document"
		default:
			continue
		}
		for i := range v.plan.Steps {
			if s := &v.plan.Steps[i]; s.Writes() {
				s.Blocked, s.Why = status.DependencyMissing, why
			}
		}
		return
	}
}

// unwritten is the outcome when the quarantine could not be written: nothing
// else is done then.
func (e *Engine) unwritten(v *view, err error) Outcome {
	e.fleet.glimpsed(v.unit.Key, v.service())
	r, why := status.Reconciling, "what must be remembered first could not be written: "+err.Error()
	switch resource.ClassOf(err) {
	case resource.ClassDenied:
		r = status.AccessDenied
	case resource.ClassThrottled:
		r = status.Throttled
	}
	for i := range v.plan.Steps {
		if s := &v.plan.Steps[i]; s.Writes() {
			s.Blocked, s.Why = r, why
		}
	}
	s := judge(finding{unit: v.unit, plan: v.plan, service: v.service(), rollout: v.rollout, image: v.image(), executed: true, now: now()})
	return Outcome{Plan: v.plan, Status: s, Err: err}
}

// broken is the outcome of a pass that panicked.
func (e *Engine) broken(u *resource.Unit, p *panicError) Outcome {
	e.fleet.tried(u.Key)
	f := finding{unit: u, executed: true, now: now(), plan: plan.Plan{Unit: u.Key, Revision: e.currentFrame().Source}}
	s := judge(f)
	s.Reason, s.State = status.InternalError, status.StateStalled
	s.Why = p.Error() + ": please report it; the other services go on"
	s.Conditions = conditions(s, false, f)
	return Outcome{Plan: f.plan, Status: s, Err: p}
}

// settle keeps a unit's status and tells what is new about it.
func (e *Engine) settle(s status.Service) {
	key := resource.UnitKey{Target: s.Target, Cluster: s.Cluster, Name: s.Name}
	e.mu.Lock()
	before, known := e.status[key]
	e.stand(key, s)
	if now := e.states.news(); now != nil {
		e.m.Services(now) // under the lock: they are not told again before one moves, so that the newest must be the last
	}
	e.mu.Unlock()
	if !known || before.State != s.State || before.Reason != s.Reason || before.Why != s.Why {
		e.tell(Event{Unit: key, Kind: EventState, Reason: s.Reason, Status: &s, Message: sentence(s)})
	}
}

// dismiss tells the last that there is to be told of a service that no document
// names, and keeps no status of it: it is none of those that are looked after.
func (e *Engine) dismiss(s status.Service) {
	key := resource.UnitKey{Target: s.Target, Cluster: s.Cluster, Name: s.Name}
	e.mu.Lock()
	_, known := e.status[key]
	e.unstand(key)
	e.mu.Unlock()
	if known {
		e.tell(Event{Unit: key, Kind: EventState, Reason: s.Reason, Status: &s, Message: sentence(s)})
	}
}

// sentence says a status in one line.
func sentence(s status.Service) string {
	if s.Why == "" {
		return string(s.State)
	}
	return string(s.State) + ": " + s.Why
}

// tell passes an event on, one at a time.
func (e *Engine) tell(ev Event) {
	if e.o.OnEvent == nil {
		return
	}
	e.eventMu.Lock()
	defer e.eventMu.Unlock()
	ev.Time = time.Now()
	e.o.OnEvent(ev)
}

// AllReady is how many services there are, and whether the last passes found all of them
// ready. It is asked after each event.
func (e *Engine) AllReady() (services int, all bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.status), e.states.of[status.StateReady] == len(e.status)
}

// Status returns what the last passes found, sorted.
func (e *Engine) Status() []status.Service {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := make([]status.Service, 0, len(e.status))
	for _, s := range e.status {
		out = append(out, s)
	}
	sortBy(out, func(s status.Service) string { return s.Target + "/" + s.Cluster + "/" + s.Name })
	return out
}
