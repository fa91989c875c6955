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

// sweepOnce observes all units in full batches, target by target and part by part, and
// hands each what was read of it as soon as its part has been read.
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
			d.sweepTarget(ctx, s, us, touched)
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

// partSize is how many units a sweep looks at before it hands on what it has read: full
// calls of every kind (pages of 10, 20, 50 and 100), and not more in memory than it takes
// for that. What is left of a fleet goes with the last part, up to a half more.
const partSize = 100

// sweepTarget observes the units of one target.
func (d *daemon) sweepTarget(ctx context.Context, s *sweep, units []*resource.Unit, touched map[resource.UnitKey]int) {
	parts := d.e.partsOf(units)
	for i := range parts {
		if p := &parts[i]; d.unseen(p.units) {
			p.known = d.e.observeServices(d.behind(ctx), *p)
			if ctx.Err() != nil {
				return
			}
			d.prefer(p.units, p.known)
		}
	}
	for i := range parts {
		p := parts[i]
		parts[i] = part{units: p.units} // what was read is not held any longer than it takes
		if i >= 2 {
			d.follow(ctx, parts[i-2].units)
		}
		live := d.e.observePart(d.behind(ctx), p)
		d.e.noted(live, s.began) // its lists may be as old
		d.e.seed(ctx, p.units, live)
		if ctx.Err() != nil {
			return
		}
		d.hand(s, p.units, live, touched)
	}
}

// followFor is how long a sweep waits for the workers to take what it has read.
const followFor = time.Minute

// follow lets the workers take what was read of some units before more is read: what waits
// for them is ten times as large as what is kept, and grows old. Where they take very long a
// sweep goes on without them.
func (d *daemon) follow(ctx context.Context, units []*resource.Unit) {
	late := time.NewTimer(followFor)
	defer late.Stop()
	for {
		d.mu.Lock()
		wait := slices.ContainsFunc(units, func(u *resource.Unit) bool {
			m := d.units[u.Key]
			return m != nil && m.fresh != nil
		})
		if wait && d.taken == nil {
			d.taken = make(chan struct{})
		}
		taken := d.taken
		d.mu.Unlock()
		if !wait {
			return
		}
		select {
		case <-taken:
		case <-late.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// fetch takes what a sweep read of a unit and others, nil for nothing, and tells a sweep that
// follows.
func (d *daemon) fetch(m *member) map[resource.ID]resource.Live {
	d.mu.Lock()
	defer d.mu.Unlock()
	live := m.fresh
	m.fresh = nil
	if d.taken != nil {
		close(d.taken)
		d.taken = nil
	}
	return live
}

// partsOf cuts the units of a target into the parts of a round; a fleet that is no more
// than one is whole.
func (e *Engine) partsOf(units []*resource.Unit) (parts []part) {
	target := units[0].Key.Target
	if len(units) <= e.partSize*3/2 {
		return []part{{target: target, units: units}}
	}
	objects := map[string]int{}
	for _, u := range units {
		for id := range u.IDs() {
			objects[id.Kind]++
		}
	}
	objects[resource.KindScalableTarget] = len(units) // one that no document has is asked for, too
	round := resource.NewRound(objects)
	for len(units) > 0 {
		n := min(e.partSize, len(units))
		if len(units) <= e.partSize*3/2 {
			n = len(units)
		}
		parts = append(parts, part{target: target, units: units[:n], round: round})
		units = units[n:]
	}
	return parts
}

// unseen: no pass of this process has seen some of the units.
func (d *daemon) unseen(units []*resource.Unit) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.ContainsFunc(units, func(u *resource.Unit) bool {
		m := d.units[u.Key]
		return m != nil && m.last.digest == ""
	})
}

// hand gives each unit what a sweep read of its part: all take from one map, and change nothing in it.
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
			m.fresh = live
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
		d.e.tell(Event{Kind: EventPass, Message: d.e.summary()})
	}
}
