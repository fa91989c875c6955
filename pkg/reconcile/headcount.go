package reconcile

import (
	"maps"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// headcount is how many there are of each sort, kept up where one moves: a fleet is not walked
// for each of its services. No zero is kept. moved is whether it has changed since it was
// told last.
type headcount[K comparable] struct {
	of    map[K]int
	moved bool
}

func (c *headcount[K]) add(k K, n int) {
	if c.of == nil {
		c.of = map[K]int{}
	}
	if c.of[k] += n; c.of[k] == 0 {
		delete(c.of, k)
	}
	c.moved = true
}

// news is what is to be told; nil for nothing new.
func (c *headcount[K]) news() map[K]int {
	if !c.moved {
		return nil
	}
	c.moved = false
	return maps.Clone(c.of)
}

// stand keeps how a service stands; the lock is held.
func (e *Engine) stand(key resource.UnitKey, s status.Service) {
	before, known := e.status[key]
	e.status[key] = s
	if known && before.State == s.State {
		return
	}
	if known {
		e.states.add(before.State, -1)
	}
	e.states.add(s.State, 1)
}

// unstand forgets it; the lock is held.
func (e *Engine) unstand(key resource.UnitKey) {
	if before, known := e.status[key]; known {
		delete(e.status, key)
		e.states.add(before.State, -1)
	}
}

// hold keeps what of a unit is held up, in place of what was; the lock of the daemon is held.
func (d *daemon) hold(was, is map[status.Reason]int) {
	if maps.Equal(was, is) {
		return
	}
	for r, n := range was {
		d.held.add(r, -n)
	}
	for r, n := range is {
		d.held.add(r, n)
	}
}

// blocked tells what is held up, over all units.
func (d *daemon) blocked() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if now := d.held.news(); now != nil {
		d.e.m.Blocked(now) // under the lock: what is told last must be the newest
	}
}
