package reconcile

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// Plan says what would be done to the units, in their order. It writes nothing.
func (e *Engine) Plan(ctx context.Context, units []*resource.Unit) []plan.Plan {
	outcomes := e.Inspect(ctx, units)
	plans := make([]plan.Plan, len(outcomes))
	for i, o := range outcomes {
		plans[i] = o.Plan
	}
	return plans
}

// Inspect plans the units and says how they stand. It writes nothing.
func (e *Engine) Inspect(ctx context.Context, units []*resource.Unit) []Outcome {
	e.count(ctx, e.targetsOf(units), units)
	live := e.observe(ctx, units)
	out := make([]Outcome, len(units))
	e.each(units, func(i int) {
		out[i] = e.pass(ctx, units[i], only(units[i], live), false)
	})
	for _, o := range out {
		e.settle(o.Status)
	}
	return out
}

// Apply reconciles every unit once, in the order of their dependencies; with
// Wait it goes on until each is Ready or finally not. When ctx ends it stops
// watching; the deployments go on.
func (e *Engine) Apply(ctx context.Context, units []*resource.Unit, o ApplyOptions) []Outcome {
	if o.Timeout <= 0 {
		o.Timeout = DefaultWaitTimeout
	}
	a := &application{e: e, units: units, o: o, out: make([]Outcome, len(units)), open: map[int]bool{}, tries: make([]int, len(units)), wrote: map[int]bool{}}
	a.agree()
	e.fleet.enrol(units)
	for i := range units {
		a.open[i] = true
	}
	deadline := time.Now().Add(o.Timeout)
	within, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	for {
		a.round(within)
		if within.Err() != nil && ctx.Err() == nil { // the round itself was cut short
			a.expire()
			return a.out
		}
		pause, again := a.close()
		if !again {
			return a.out
		}
		if left := time.Until(deadline); left <= pause {
			if !rest(ctx, left) {
				return a.cut(ctx)
			}
			a.round(ctx) // the last look
			if _, again := a.close(); again {
				a.timedOut()
			}
			return a.out
		}
		if !rest(ctx, pause) {
			return a.cut(ctx)
		}
	}
}

// expire ends an application in the middle of a round: what is decided stays,
// everything else timed out.
func (a *application) expire() {
	for i := range a.open {
		if a.final(a.units[i], a.out[i]) {
			delete(a.open, i)
		}
	}
	a.timedOut()
}

// application is an Apply under way.
type application struct {
	e     *Engine
	units []*resource.Unit
	o     ApplyOptions
	out   []Outcome
	open  map[int]bool // units that are not done with
	tries []int        // second looks that a unit has had
	mu    sync.Mutex
	wrote map[int]bool // units that the last round wrote
	seen  time.Time    // when the first round ended: every object was looked for
	// agreed are the saved plans that are carried out.
	agreed map[resource.UnitKey]*agreement
}

// maxSecondLooks bounds how often a one-shot command plans a unit again because
// the world moved under it, or an answer was lost.
const maxSecondLooks = 5

// round makes one pass over the open units: observed together, and then done
// layer by layer, so that a service comes after those that it depends on.
func (a *application) round(ctx context.Context) {
	var units []*resource.Unit
	index := map[*resource.Unit]int{}
	for i, u := range a.units {
		if a.open[i] {
			index[u] = i
			units = append(units, u)
		}
	}
	if a.seen.IsZero() {
		a.e.count(ctx, a.e.targetsOf(units), units)
	} else if slices.ContainsFunc(units, func(u *resource.Unit) bool { return u.Gone }) {
		a.e.reconsider(ctx)
	}
	live := a.e.observe(ctx, units)
	a.e.seed(ctx, units, live)
	for _, layer := range a.e.selfLast(layers(units)) {
		a.e.each(layer, func(n int) {
			u, i := layer[n], index[layer[n]]
			out := a.e.passOf(ctx, u, only(u, live), a.writes(u), a.saved(u))
			if ctx.Err() != nil && out.Writes == 0 && !a.seen.IsZero() {
				return // what a stop cut off says less than the round before
			}
			a.note(i, out.Writes > 0)
			out.Writes += a.out[i].Writes
			a.out[i] = out
			if u.Gone && out.Plan.Empty() {
				a.e.dismiss(out.Status)
				return
			}
			a.e.settle(a.out[i].Status)
		})
	}
	if a.seen.IsZero() {
		a.seen = time.Now()
	}
}

// close takes out what is done with, and says whether and when to go on.
func (a *application) close() (pause time.Duration, again bool) {
	pause = a.e.o.Poll
	for i := range a.units {
		if !a.open[i] {
			continue
		}
		r := a.out[i].Status.Reason
		if agreed := a.saved(a.units[i]); agreed != nil && agreed.moved != "" {
			delete(a.open, i)
			continue
		}
		soon := r == status.ChangedSincePlanned || r == status.OutcomeUnknown || adopted(a.out[i].Plan) || a.wrote[i] && pruning(a.out[i].Plan)
		switch {
		case soon && a.tries[i] < maxSecondLooks:
			a.tries[i]++
			pause = min(pause, waitTick<<a.tries[i]+a.e.o.Random(waitTick))
		case graced(a.out[i].Plan) && time.Since(a.seen) < 2*a.e.o.AbsenceGrace+a.e.o.Poll:
			// The grace is this process' own: the next one would begin it anew.
			pause = min(pause, max(a.e.o.AbsenceGrace/4, waitTick))
		case !a.o.Wait || a.final(a.units[i], a.out[i]):
			delete(a.open, i)
		}
	}
	return pause, len(a.open) > 0
}

// graced: something is made only when it has stayed away for a while.
func graced(p plan.Plan) bool {
	return slices.ContainsFunc(p.Steps, func(s plan.Step) bool { return s.Blocked == status.AbsenceGrace })
}

// note keeps whether a round wrote a unit: what is deleted comes after that.
func (a *application) note(i int, wrote bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.wrote[i] = wrote
}

// pruning: something is deleted when the rest is done.
func pruning(p plan.Plan) bool {
	return slices.ContainsFunc(p.Steps, func(s plan.Step) bool { return s.Stray && s.Blocked == status.Waiting })
}

// adopted: what else differs from the spec may be written only now.
func adopted(p plan.Plan) bool {
	return slices.ContainsFunc(p.Steps, func(s plan.Step) bool { return s.Action == plan.ActionAdopt && s.Blocked == "" })
}

// final reports whether waiting cannot change how a unit stands.
func (a *application) final(u *resource.Unit, o Outcome) bool {
	s := o.Status
	switch s.Reason {
	case status.RollingBack:
		return false
	case status.AccessDenied, status.ClusterMissing, status.DriftGrace, status.VerifyFailed:
		return true
	case status.ChangedSincePlanned:
		if a.saved(u) != nil { // it was looked at again, and nobody agreed to what is to be done now
			return true
		}
	case status.DependencyMissing:
		if u.Gone {
			return !a.heirMayCome(u)
		}
		for _, need := range u.DependsOn {
			if !a.mayComeTrue(need) {
				return true
			}
		}
		return false
	case status.WaveFailed:
		return true
	case status.WaveWaiting:
		return !a.waveMayOpen(u)
	case status.SelfLast:
		return len(a.open) == 1 && !a.e.fleet.selfOpen()
	}
	if u.Gone && a.e.doubtOf(u.Key) != "" { // this run reads no other documents
		return true
	}
	if !a.writes(u) && o.Left > 0 { // nobody does it here
		return true
	}
	return s.State == status.StateReady || s.Reason.Exit() != status.ExitNotDone
}

// mayComeTrue reports whether a service that another depends on is still being
// worked on, or Ready already.
func (a *application) mayComeTrue(key resource.UnitKey) bool {
	for i, u := range a.units {
		if u.Key == key {
			return a.open[i] || a.out[i].Status.State == status.StateReady
		}
	}
	return false
}

// waveMayOpen reports whether the services of lower waves are still being worked
// on, or have let go of this one's since it was refused.
func (a *application) waveMayOpen(u *resource.Unit) bool {
	for i, other := range a.units {
		if a.open[i] && other.Policy.Wave < u.Policy.Wave {
			return true
		}
	}
	return a.e.fleet.open(u.Policy.Wave)
}

// cut is what stands when the caller does not want to wait any longer.
func (a *application) cut(ctx context.Context) []Outcome {
	for i := range a.open {
		if a.out[i].Err == nil {
			a.out[i].Err = context.Cause(ctx)
		}
	}
	return a.out
}

// timedOut marks what was still under way.
func (a *application) timedOut() {
	for i := range a.open {
		o := &a.out[i]
		o.TimedOut = true
		o.Status.Why = fmt.Sprintf("not done after %s: %s", a.o.Timeout, orElse(o.Status.Why, string(o.Status.Reason)))
		switch d := o.rollout; {
		case o.Status.Reason != status.RolloutInProgress:
		case d != nil && d.Shifts(): // ECS gives every stage a day
			if d.LifecycleStage == "SCALE_UP" {
				o.Status.Why += "; ECS rolls it back when the new tasks are not healthy within 24 hours of their start, `ecs-operator abort` does so now"
			}
		case !guarded(a.units[i]):
			o.Status.Why += "; neither a deployment circuit breaker nor alarms are set, so ECS goes on trying for ever: set service.deploymentConfiguration.deploymentCircuitBreaker"
		}
		o.Status.Reason = status.TimedOut
		o.Status.State = stateOf(status.TimedOut)
	}
}

// guarded reports whether something ends a rollout that does not succeed.
func guarded(u *resource.Unit) bool {
	o := u.Object(serviceID(u))
	if o == nil {
		return false
	}
	body, _ := shape.Plain(o.Want, nil).(map[string]any)
	config, _ := body["deploymentConfiguration"].(map[string]any)
	for _, guard := range []string{"deploymentCircuitBreaker", "alarms"} {
		g, _ := config[guard].(map[string]any)
		if on, _ := g["enable"].(bool); on {
			return true
		}
	}
	return false
}

// Exit is the outcome's share of a command's exit code.
func (o Outcome) Exit() int {
	codes := []int{status.ExitOK}
	for _, s := range o.Plan.Steps {
		if s.Blocked != "" {
			codes = append(codes, s.Blocked.Exit())
		}
	}
	switch r := o.Status.Reason; {
	case o.TimedOut:
		codes = append(codes, status.ExitTimeout)
	case r == status.RolloutInProgress, (r == status.Reconciling || r == status.Draining) && o.Left == 0 && o.Err == nil, r == status.Suspended:
		// nothing is left to write
	default:
		codes = append(codes, r.Exit())
	}
	return status.WorstExit(codes...)
}

// layers sorts units so that each comes after those that it depends on, and after
// those of lower waves. Those without a document come last: whether one goes may depend
// on how another, that takes its place, stands.
func layers(units []*resource.Unit) [][]*resource.Unit {
	if gone := of(units, true); len(gone) > 0 {
		return append(layers(of(units, false)), gone)
	}
	waiting := map[resource.UnitKey]bool{}
	for _, u := range units {
		waiting[u.Key] = true
	}
	var out [][]*resource.Unit
	for len(units) > 0 {
		var layer, rest []*resource.Unit
		wave := units[0].Policy.Wave
		for _, u := range units {
			wave = min(wave, u.Policy.Wave)
		}
		for _, u := range units {
			ready := u.Policy.Wave == wave
			for _, need := range u.DependsOn {
				ready = ready && (!waiting[need] || need == u.Key)
			}
			if ready {
				layer = append(layer, u)
			} else {
				rest = append(rest, u)
			}
		}
		if len(layer) == 0 { // a circle; Load refuses them
			layer, rest = rest, nil
		}
		for _, u := range layer {
			delete(waiting, u.Key)
		}
		out = append(out, layer)
		units = rest
	}
	return out
}

// of are the units without a document, or those with one.
func of(units []*resource.Unit, gone bool) (out []*resource.Unit) {
	for _, u := range units {
		if u.Gone == gone {
			out = append(out, u)
		}
	}
	return out
}

// each calls fn for every unit, as many at once as there are workers.
func (e *Engine) each(units []*resource.Unit, fn func(i int)) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, e.o.Workers)
	for i := range units {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			fn(i)
		})
	}
	wg.Wait()
}

// rest waits, and reports whether it was left alone.
func rest(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
