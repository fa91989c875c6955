package reconcile

import (
	"errors"
	"fmt"
	"time"
)

// stuckAfter is how long the daemon's loop may be late before it counts as stuck.
const stuckAfter = 2 * time.Minute

// Alive is nil while the daemon's loop turns: it does so at every resync, however
// AWS behaves. Before Run it is nil.
func (e *Engine) Alive() error {
	e.mu.Lock()
	beat := e.beat
	e.mu.Unlock()
	if late := time.Since(beat) - 2*e.o.Resync; !beat.IsZero() && late > stuckAfter {
		return fmt.Errorf("the loop has not turned for %s", time.Since(beat).Round(time.Second))
	}
	return nil
}

// Ready is nil once the first full pass has ended: every service was looked at.
func (e *Engine) Ready() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.loaded == nil {
		return errors.New("there are no documents yet: the source could not be read")
	}
	if !e.ready {
		return errors.New("the first pass over all services has not ended yet")
	}
	return nil
}

func (e *Engine) turned() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.beat = time.Now()
}
