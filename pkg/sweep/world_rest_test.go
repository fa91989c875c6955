package sweep

import (
	"fmt"
	"testing/synctest"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// restless: something has just been done to the world, so that it is not at rest.
func (w *world) restless() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.quiet = 0
}

// heard keeps what the operator tells, and counts its quiet passes.
func (w *world) heard(p *process, e reconcile.Event) {
	settled := true
	calls, writes, spoiled := w.tap.counted()
	if e.Kind == reconcile.EventPass {
		for _, s := range w.services(p) {
			settled = settled && (isSettled(s.Reason) && w.mayRest(s.Reason) || w.tap.rests(s.Reason) || w.scenario.diff && s.Reason == status.Reconciling || w.scenario.saved && s.Reason == status.ChangedSincePlanned)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	fmt.Fprintln(&w.told, e.Kind, e.Message)
	w.events = append(w.events, e)
	if e.Kind != reconcile.EventPass || p.dead {
		return
	}
	if w.quiet++; writes != w.writes || spoiled != w.spoiled || !settled {
		w.quiet = 0 // who was not answered may have held something back
	}
	w.spoiled = spoiled
	if w.quiet == 1 {
		if w.rested, w.restedAt = w.idle, time.Now(); w.rested == 0 { // it was at rest from the beginning
			w.rested = calls
		}
	}
	w.writes = writes
}

// mayRest is whether a service of this scenario may be left standing so: what is tried
// again after minutes only is waited for, unless the fault has an end of its own.
func (w *world) mayRest(r status.Reason) bool {
	if len(w.scenario.rest) == 0 || w.tap.strike != nil && w.tap.strike.fault.ends != nil {
		return true
	}
	for _, expected := range w.scenario.rest {
		if r == expected {
			return true
		}
	}
	return false
}

// isSettled is whether nothing is under way in a service that stands so.
func isSettled(r status.Reason) bool {
	switch r {
	case status.Reconciling, status.RolloutInProgress, status.RollingBack, status.Throttled, status.Unobserved, status.ChangedSincePlanned,
		status.DeploymentRunning, status.AbsenceGrace, status.Draining, status.Waiting, status.OutcomeUnknown, status.WaveWaiting,
		status.ConcurrencyLimit, status.DriftGrace, status.AccessDenied, status.InternalError, "":
		return false
	}
	return true
}

// stands are the reasons of all services, by name; of those of the second account with
// its target in front.
func (w *world) stands() map[string]status.Reason {
	out := map[string]status.Reason{}
	for _, s := range w.services(w.proc) {
		name := s.Name
		if s.Target == secondTarget {
			name = s.Target + "/" + name
		}
		out[name] = s.Reason
	}
	return out
}

// settle lets the world live until it is at rest, for at most so long, and says
// whether it came to that.
func (w *world) settle(most time.Duration) bool {
	began := time.Now()
	acts := w.scenario.acts
	for time.Since(began) < most {
		synctest.Wait()
		if *first && w.isBroken() { // a bug is caught: what comes of it is nobody's matter
			w.tap.release()
			return false
		}
		for len(acts) > 0 && time.Since(began) >= acts[0].after && acts[0].do(w.human()) == nil {
			acts = acts[1:] // what failed is tried again, as people do
			w.restless()
		}
		w.revive()
		if w.tap.busy() { // what is seen while the fault goes on is not the end
			w.restless()
		}
		calls, _, _ := w.tap.counted()
		w.mu.Lock()
		if calls == w.seen {
			w.idle = calls
		}
		w.seen = calls
		rest := w.quiet >= 3 && w.restarts == 0
		w.mu.Unlock()
		if rest && len(acts) == 0 && !w.tap.busy() {
			return true
		}
		time.Sleep(time.Second)
		for _, a := range w.sandboxes() {
			a.Advance(0) // it lives by itself, whether somebody asks or not
		}
	}
	return false
}

// elapse lets time go by in the bubble.
func elapse(d time.Duration) { time.Sleep(d) }
