package reconcile

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"k8s.io/client-go/util/workqueue"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/source"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// Rhythms of the daemon that nobody needs to set.
const (
	firstBackoff  = 500 * time.Millisecond
	longBackoff   = 5 * time.Minute
	slowTimer     = 5 * time.Minute        // between tries of what only a person mends
	verifyAfter   = 2 * time.Second        // a look at what was just written
	conflictPause = 100 * time.Millisecond // before planning again what moved
	maxConflicts  = 5                      // in a row, before they back off
)

// daemon is a Run under way: a queue of units, workers that reconcile them, a
// sweep that reads all of AWS at a steady rhythm, and an ear on the source.
type daemon struct {
	e      *Engine
	queue  workqueue.TypedRateLimitingInterface[resource.UnitKey] // before lines
	lines  *lineup
	hints  chan struct{}
	wake   chan struct{} // a sweep is wanted
	yield  *yield        // of sweeps, to edits
	pauses backoff       // of the queue, by unit
	unread *unread
	// patience is for units that ECS is at by itself, maybe for long.
	patience backoff

	mu       sync.Mutex
	loaded   Loaded // the last that could be read
	took     bool   // there was one
	outage   outage // why it is not the newest
	units    map[resource.UnitKey]*member
	taken    chan struct{}             // closed when a worker takes what a sweep read, nil when no sweep waits for it
	problems map[spec.Problem]bool     // told: said of each
	open     []*sweep                  // that have not ended, the oldest first: one may begin before the workers are through with the last
	waiting  map[resource.UnitKey]bool // units that wait for another to become Ready
	held     headcount[status.Reason]
}

// member is one unit that the daemon looks after. The lock of the daemon guards it.
type member struct {
	unit   *resource.Unit
	frozen frozen // why the document in force is not the newest, zero when it is
	// fresh is what the latest sweep read of it and no worker has used;
	// touched counts the passes, so that a sweep that overlaps one is not believed.
	fresh   map[resource.ID]resource.Live
	touched int
	last    lastPass
	calm    *calm // nil for a unit that must be planned
	retry   retryState
	hinted  time.Time // when a hint brought the last pass
}

// Run reconciles until ctx ends: every unit when its document changes, when
// something is under way, after a failure with growing pauses, and all of them
// every Resync. It returns nil when ctx ended, at most 20 s later, and an
// error only when the source cannot be read at the start and that is for a person to
// mend. One that is away, or has nothing yet but what may not be used (a commit that
// is not signed), is waited for: nothing is in force, and nothing is written.
func (e *Engine) Run(ctx context.Context) error {
	first, err := e.Load(ctx)
	switch {
	case err == nil, source.Refused(err), source.Away(err):
	case ctx.Err() != nil:
		return nil
	default:
		return err
	}
	d := newDaemon(e)
	if err != nil {
		d.tellSource(ctx, err)
	} else {
		d.take(first, false) // the first sweep reads all of them together
	}
	e.mu.Lock()
	e.daemon = d
	e.mu.Unlock()
	var wg sync.WaitGroup
	wg.Go(func() { d.listen(ctx) })
	wg.Go(func() { d.sweeps(ctx) })
	wg.Go(func() { d.readAgain(ctx) })
	for range e.o.Workers {
		wg.Go(func() { d.work(ctx, false) })
	}
	wg.Go(func() { d.work(ctx, true) }) // when all others wait for an AWS that is slow
	d.loop(ctx)
	d.queue.ShutDown() // a worker finishes the call in hand and begins no other
	wg.Wait()
	return nil
}

func newDaemon(e *Engine) *daemon {
	giving := &yield{}
	lines, pauses := newLineup(giving), newBackoff(firstBackoff, e.o.Random)
	return &daemon{
		e: e, yield: giving, pauses: pauses, unread: newUnread(), patience: newBackoff(e.o.Poll, e.o.Random), hints: make(chan struct{}, 1), wake: make(chan struct{}, 1),
		units: map[resource.UnitKey]*member{}, problems: map[spec.Problem]bool{}, waiting: map[resource.UnitKey]bool{}, lines: lines,
		queue: workqueue.NewTypedRateLimitingQueueWithConfig(pauses, workqueue.TypedRateLimitingQueueConfig[resource.UnitKey]{
			DelayingQueue: workqueue.NewTypedDelayingQueueWithConfig(workqueue.TypedDelayingQueueConfig[resource.UnitKey]{Queue: lines}),
		}),
	}
}

// loop reads the source when it may have changed, and at every resync even if
// nobody said so. When it cannot be read it is tried again, with growing pauses: nobody
// hints twice.
func (d *daemon) loop(ctx context.Context) {
	d.wakeSweep()
	resync := time.NewTimer(d.e.jitter(d.e.o.Resync))
	defer resync.Stop()
	var again <-chan time.Time // while there is nothing yet, or not what a hint was about
	pause := firstBackoff
	load := func(fetched func()) {
		if d.load(ctx, fetched) {
			again, pause = nil, firstBackoff
		} else if again == nil {
			again = time.After(d.e.jitter(pause))
			pause = min(2*pause, d.e.o.Resync)
		}
	}
	if !d.inForce() {
		again = time.After(d.e.jitter(pause))
	}
	for {
		d.e.turned()
		select {
		case <-ctx.Done():
			return
		case <-again:
			again = nil
			load(func() {})
		case <-d.hints:
			held := false
			load(func() { // what is far away takes its time: that is nobody's hurry here
				held = true
				d.yield.begin()
			})
			if held { // units that were edited stand in line by now
				d.yield.end()
			}
		case <-resync.C:
			load(func() {})
			d.wakeSweep()
			resync.Reset(d.e.jitter(d.e.o.Resync))
		}
	}
}

func (d *daemon) wakeSweep() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// listen passes the source's hints on, and starts again should it give up.
func (d *daemon) listen(ctx context.Context) {
	for ctx.Err() == nil {
		if err := d.watch(ctx); err != nil {
			d.e.log.Sugar().Warnw("the source cannot be watched: it is read at every resync", "error", err)
		}
		if !rest(ctx, d.e.jitter(d.e.o.Resync)) {
			return
		}
	}
}

func (d *daemon) watch(ctx context.Context) (err error) {
	defer func() {
		if v := recover(); v != nil {
			d.e.panicked(resource.UnitKey{}, v)
			err = caught(v)
		}
	}()
	return d.e.o.Source.Watch(ctx, d.hints)
}

// work reconciles one unit after another, those that were edited first; one worker
// has time for no others.
func (d *daemon) work(ctx context.Context, onlyEdited bool) {
	for {
		key, edited, shut := d.lines.Next(onlyEdited)
		if shut {
			return
		}
		if ctx.Err() == nil {
			if edited {
				d.safely(resource.Ahead(ctx), key)
			} else {
				d.giveWay(ctx)
				d.safely(ctx, key)
			}
		}
		d.queue.Done(key)
		if edited {
			d.yield.end() // if it comes again at once, it stands in line by now
		}
		d.e.m.QueueDepth(d.queue.Len())
	}
}

// safely keeps whatever goes wrong with one unit from the others.
func (d *daemon) safely(ctx context.Context, key resource.UnitKey) {
	defer func() {
		if v := recover(); v != nil {
			d.e.panicked(key, v)
			d.failed(key, caught(v))
			d.queue.AddRateLimited(key)
		}
	}()
	d.one(ctx, key)
}

// failed ends a pass that panicked outside of passOf: the unit was looked at, as far as
// that goes, and neither keeps a full pass open nor the operator from being ready.
func (d *daemon) failed(key resource.UnitKey, p *panicError) {
	defer func() {
		if v := recover(); v != nil { // whoever is told of it panics himself
			d.e.panicked(key, v)
		}
	}()
	defer d.passed(key)
	d.mu.Lock()
	m := d.units[key]
	d.mu.Unlock()
	if m != nil {
		d.e.settle(d.e.broken(m.unit, p).Status)
	}
}

// passed takes a unit out of the sweeps that wait for it.
func (d *daemon) passed(key resource.UnitKey) {
	d.mu.Lock()
	open := slices.Clone(d.open)
	d.mu.Unlock()
	for _, s := range open {
		s.drop(key)
		d.finish(s)
	}
}

// one makes one pass over one unit and decides when the next one is due.
func (d *daemon) one(ctx context.Context, key resource.UnitKey) {
	d.mu.Lock()
	m := d.units[key]
	if m == nil {
		d.mu.Unlock()
		d.forget(key)
		return
	}
	u, frozen := m.unit, m.frozen
	d.mu.Unlock()
	d.unread.drop(key)
	live := d.fetch(m)
	if live == nil {
		live = d.e.observeLean(ctx, []*resource.Unit{u})
	}
	out, world, stalled := d.onePass(ctx, m, u, live)
	if ctx.Err() != nil && out.Writes == 0 {
		return // what a stop cut off says nothing about the unit
	}
	if stalled {
		out = d.keepReason(m, out)
		d.e.fleet.stands(key, out.Status)
	}
	d.learn(m, world, out, stalled)
	if !d.left(u, out) {
		d.e.settle(stale(out.Status, frozen))
		d.schedule(ctx, key, m, out)
	}
	d.mu.Lock()
	gone := d.units[key] == nil
	d.mu.Unlock()
	if gone { // its document went during the pass: nobody would forget it again
		d.e.forget(key)
	}
	d.blocked()
	d.dependents(key)
	d.turns()
	d.passed(key)
}

// forget ends the pauses of a unit that is not looked after any more.
func (d *daemon) forget(key resource.UnitKey) {
	d.queue.Forget(key)
	d.patience.Forget(key)
}

// schedule says when a unit is looked at again, by the table of after.
func (d *daemon) schedule(ctx context.Context, key resource.UnitKey, m *member, out Outcome) {
	when := after(out.Status.Reason)
	class := resource.ClassOf(out.Err)
	if class == resource.ClassTransient || class == resource.ClassThrottled || when == nextPatient && out.Err != nil {
		when = nextBackoff
	}
	if adopted(out.Plan) {
		when = nextNow
	}
	if m.unit.Gone && out.Status.Reason == status.DependencyMissing {
		when = nextResync // its successor wakes it; to look at it costs more calls than at others
	}
	d.mu.Lock()
	if when == nextNow {
		if m.retry.conflicts++; m.retry.conflicts > maxConflicts {
			when = nextBackoff
		}
	} else {
		m.retry.conflicts = 0
	}
	d.mu.Unlock()
	if when != nextPatient {
		d.patience.Forget(key)
	}
	switch when {
	case nextNow:
		if resource.IsAhead(ctx) {
			d.lines.Hurry(key)
		}
		d.queue.AddAfter(key, conflictPause)
		return
	case nextBackoff:
		pause := d.pauses.When(key)
		if r := out.Status.Reason; out.Err == nil && out.Writes == 0 && (r == status.Unobserved || r == status.Throttled) {
			d.unread.add(key, pause)
		} else {
			d.queue.AddAfter(key, pause)
		}
		return
	case nextPoll:
		d.queue.AddAfter(key, d.e.jitter(min(d.e.o.Poll, d.e.o.AbsenceGrace)))
	case nextSlow:
		d.queue.AddAfter(key, d.e.jitter(slowTimer))
	case nextPatient, nextResync:
		if out.Writes > 0 {
			d.queue.AddAfter(key, min(verifyAfter, d.e.o.Poll))
		} else if when == nextPatient {
			d.unread.add(key, d.patience.When(key))
		}
	}
	d.queue.Forget(key)
}

// dependents wakes the units that wait for one that has become Ready.
func (d *daemon) dependents(key resource.UnitKey) {
	d.e.mu.Lock()
	ready := d.e.status[key].State == status.StateReady
	d.e.mu.Unlock()
	if !ready {
		return
	}
	d.mu.Lock()
	var wake []resource.UnitKey
	for k := range d.waiting {
		m := d.units[k]
		if m == nil || !m.retry.waits {
			delete(d.waiting, k)
			continue
		}
		if slices.Contains(m.unit.DependsOn, key) || d.e.inherits(m.unit, key) {
			wake = append(wake, k)
		}
	}
	d.mu.Unlock()
	for _, k := range wake {
		d.queue.Add(k)
	}
}

// fewWake is how many units are woken one by one; more are read together.
const fewWake = 10

// turns wakes the units whose turn has come: a wave below them is done, or a
// rollout has ended.
func (d *daemon) turns() {
	wake := d.e.fleet.ready()
	if len(wake) > fewWake {
		d.wakeSweep()
		return
	}
	for _, key := range wake {
		d.queue.Add(key)
	}
}

// jitter spreads what would otherwise happen all at once: ±10 %.
func (e *Engine) jitter(d time.Duration) time.Duration {
	return d - d/10 + e.o.Random(d/5+1)
}

// backoff is a pause by unit that grows: exponential, with jitter.
type backoff struct {
	workqueue.TypedRateLimiter[resource.UnitKey]
	random func(time.Duration) time.Duration
}

func newBackoff(first time.Duration, random func(time.Duration) time.Duration) backoff {
	return backoff{workqueue.NewTypedItemExponentialFailureRateLimiter[resource.UnitKey](first, longBackoff), random}
}

// When is the next pause, up to half again as long.
func (b backoff) When(key resource.UnitKey) time.Duration {
	d := b.TypedRateLimiter.When(key)
	return d + b.random(d/2+1)
}

// forgetting says what happens to a service whose document is gone.
func forgetting(key resource.UnitKey) string {
	return fmt.Sprintf("the document of %s is gone: it is not looked after any more, and nothing of it is deleted unless its scope and policy.onDelete say so", key)
}
