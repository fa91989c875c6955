package reconcile

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// sweeps reads everything whenever it is asked to; workers never wait for it.
func (d *daemon) sweeps(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.wake:
			d.sweepOnce(ctx)
		}
	}
}

// sweepOnce observes all units in full batches, target by target, and hands each
// its part as soon as its target has answered.
func (d *daemon) sweepOnce(ctx context.Context) {
	d.mu.Lock()
	var units []*resource.Unit
	touched := map[resource.UnitKey]int{}
	for key, m := range d.units {
		units = append(units, m.unit)
		touched[key] = m.touched
	}
	s := newSweep(units)
	s.counts = d.took
	d.open = append(d.open, s)
	d.mu.Unlock()
	sortUnits(units)
	var wg sync.WaitGroup
	for _, us := range byTarget(units) {
		wg.Go(func() {
			live := d.e.observeTelling(d.behind(ctx), us, d.prefer)
			d.e.seed(ctx, us, live)
			if ctx.Err() == nil {
				d.hand(s, us, live, touched)
			}
		})
	}
	wg.Wait()
	d.e.count(d.behind(ctx), d.e.targetsOf(units), units) // shares what the sweep read of tags
	d.e.rotations(d.e.targetsOf(units))
	d.depart(ctx)
	if ctx.Err() == nil {
		d.finish(s)
	}
}

// hand gives each unit what a sweep read of it.
func (d *daemon) hand(s *sweep, units []*resource.Unit, live map[resource.ID]resource.Live, touched map[resource.UnitKey]int) {
	d.mu.Lock()
	for _, u := range units {
		s.take(u.Key)
		m := d.units[u.Key]
		if m == nil || m.unit != u {
			s.drop(u.Key)
			continue
		}
		if m.touched == touched[u.Key] {
			m.fresh = only(u, live)
		} // else it is read again by its worker
	}
	d.mu.Unlock()
	for _, u := range units {
		d.queue.Add(u.Key)
	}
}

// prefer lets those go ahead that run what another document says, and that no pass
// of this process has seen: they were edited while nobody looked. The rest of the
// sweep may take minutes.
func (d *daemon) prefer(units []*resource.Unit, live map[resource.ID]resource.Live) {
	var edited []resource.UnitKey
	d.mu.Lock()
	for _, u := range units {
		m, s := d.units[u.Key], live[serviceID(u)]
		if m != nil && m.unit == u && m.last.digest == "" && s.Presence == resource.Present && !u.Carries(s.Tags[resource.TagSpecHash]) {
			edited = append(edited, u.Key)
		}
	}
	d.mu.Unlock()
	d.lines.Hurry(edited...)
	for _, key := range edited {
		d.queue.Add(key)
	}
}

// sweep is one full pass over all units, to be told of when it ends.
type sweep struct {
	mu    sync.Mutex
	left  map[resource.UnitKey]bool // to be read, or read and not passed over yet
	read  map[resource.UnitKey]bool
	total int
	began time.Time
	told  bool
	// counts: documents were in force. A look at nothing, for want of them, makes
	// nobody ready.
	counts bool
}

func newSweep(units []*resource.Unit) *sweep {
	s := &sweep{left: map[resource.UnitKey]bool{}, read: map[resource.UnitKey]bool{}, total: len(units), began: time.Now()}
	for _, u := range units {
		s.left[u.Key] = true
	}
	return s
}

// take says that the sweep has read a unit; drop that a worker was through with it
// since, or that it is gone.
func (s *sweep) take(key resource.UnitKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read[key] = true
}

func (s *sweep) drop(key resource.UnitKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.read[key] {
		delete(s.left, key)
	}
}

// finish tells the end of a full pass, once.
func (d *daemon) finish(s *sweep) {
	s.mu.Lock()
	done := len(s.left) == 0 && !s.told
	s.told = s.told || done
	s.mu.Unlock()
	if done {
		d.mu.Lock()
		if i := slices.Index(d.open, s); i >= 0 { // and those before it, which a unit that is gone may keep open
			d.open = slices.Delete(d.open, 0, i+1)
		}
		d.mu.Unlock()
		d.e.mu.Lock()
		d.e.ready = d.e.ready || s.counts
		d.e.mu.Unlock()
		d.e.m.Passed(time.Since(s.began))
		d.e.tell(Event{Kind: EventPass, Message: summary(d.e.Status())})
	}
}
