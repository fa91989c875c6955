package reconcile

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// unread are the units that wait to be read again because AWS did not answer, or because ECS
// has tasks to start or to end of its own accord. Each has its own growing pause; those whose
// time has come are read together, as a sweep reads them: AWS that was away for minutes, or a
// zone that failed, leaves a whole fleet behind, and reading each of it alone takes ten times
// as many calls.
type unread struct {
	mu    sync.Mutex
	waits map[resource.UnitKey]attempt
	busy  map[string]bool // targets, of which some are being read again
	next  time.Time       // when the first of them is due, as whoever waits for it knows
	moved chan struct{}   // one is due before that
}

// attempt is when a unit is due, and from when on it goes with others.
type attempt struct{ early, due time.Time }

func newUnread() *unread {
	return &unread{waits: map[resource.UnitKey]attempt{}, busy: map[string]bool{}, moved: make(chan struct{}, 1)}
}

// add has a unit wait. The pauses of units that failed together differ by up to a half
// (backoff): from two thirds of its own on, each goes with the first.
func (u *unread) add(key resource.UnitKey, pause time.Duration) {
	u.mu.Lock()
	defer u.mu.Unlock()
	now := time.Now()
	a := attempt{early: now.Add(pause * 2 / 3), due: now.Add(pause)}
	u.waits[key] = a
	if a.due.Before(u.next) && !u.busy[key.Target] { // else done wakes
		u.wake()
	}
}

// drop ends the wait of a unit that is being looked at.
func (u *unread) drop(key resource.UnitKey) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.waits, key)
}

// done says that those of a target have been read.
func (u *unread) done(target string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.busy, target)
	u.wake()
}

// wake is called with the lock held.
func (u *unread) wake() {
	select {
	case u.moved <- struct{}{}:
	default:
	}
}

// take gives the units that are due, by target, and how long it is to the next. A target
// of which there are many is busy until done; meanwhile its others wait.
func (u *unread) take() (due map[string][]resource.UnitKey, wait time.Duration) {
	u.mu.Lock()
	defer u.mu.Unlock()
	now := time.Now()
	due = map[string][]resource.UnitKey{}
	for key, a := range u.waits {
		if !a.due.After(now) && !u.busy[key.Target] {
			due[key.Target] = nil
		}
	}
	for key, a := range u.waits {
		if _, ok := due[key.Target]; ok && !a.early.After(now) {
			due[key.Target] = append(due[key.Target], key)
			delete(u.waits, key)
		}
	}
	for target, keys := range due {
		if len(keys) > fewWake {
			u.busy[target] = true
		}
	}
	u.next = now.Add(longBackoff)
	for key, a := range u.waits {
		if !u.busy[key.Target] && a.due.Before(u.next) {
			u.next = a.due
		}
	}
	return due, u.next.Sub(now)
}

// readAgain reads what is to be read again, whenever some of it is due: a few units by
// themselves, more of them together.
func (d *daemon) readAgain(ctx context.Context) {
	var reading sync.WaitGroup
	defer reading.Wait()
	for {
		due, wait := d.unread.take()
		for _, target := range slices.Sorted(maps.Keys(due)) {
			keys := due[target]
			sortKeys(keys)
			if len(keys) <= fewWake {
				for _, key := range keys {
					d.queue.Add(key)
				}
				continue
			}
			reading.Go(func() {
				defer d.unread.done(target)
				d.sweepAgain(ctx, keys)
			})
		}
		next := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			next.Stop()
			return
		case <-d.unread.moved:
		case <-next.C:
		}
		next.Stop()
	}
}

// sweepAgain observes some units of one target as a sweep does. It is no full pass.
func (d *daemon) sweepAgain(ctx context.Context, keys []resource.UnitKey) {
	var units []*resource.Unit
	touched := map[resource.UnitKey]int{}
	d.mu.Lock()
	for _, key := range keys {
		if m := d.units[key]; m != nil {
			units = append(units, m.unit)
			touched[key] = m.touched
		}
	}
	d.mu.Unlock()
	if len(units) == 0 {
		return
	}
	sortUnits(units)
	d.sweepTarget(ctx, newSweep(units), units, touched)
}
