package reconcile

import (
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// hintPause is the shortest time between two passes that hints bring to one unit:
// one service that flaps must not spend what the others need.
const hintPause = 5 * time.Second

// Requeue hints that something happened to a service, of whatever target: a
// daemon that runs looks at it now. It answers how many units it means. What
// happened is not believed but read, so that a wrong hint costs a look and
// nothing else.
func (e *Engine) Requeue(cluster, name string) int {
	e.mu.Lock()
	d := e.daemon
	e.mu.Unlock()
	if d == nil {
		return 0
	}
	wait := map[resource.UnitKey]time.Duration{}
	now := time.Now()
	d.mu.Lock()
	for key, m := range d.units {
		if key.Cluster != cluster || key.Name != name {
			continue
		}
		if wait[key] = max(0, m.hinted.Add(hintPause).Sub(now)); wait[key] == 0 {
			m.hinted = now
		}
		m.fresh = nil // read before what the hint is about, as what a sweep under way reads may be
		m.touched++
	}
	d.mu.Unlock()
	for key, pause := range wait {
		d.queue.AddAfter(key, pause) // the queue keeps the earliest of several
	}
	return len(wait)
}
