package reconcile

import (
	"context"
	"sync"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// yieldFor bounds for how long a sweep gives way: an edit is through by then, or waits
// for something else.
const yieldFor = 250 * time.Millisecond

// yield holds up sweeps, between one call and the next, and passes that nobody waits for
// while an edit is in hand: they would have its processors, and AWS' attention. After
// each time that it was closed it stays open for as long, so that edits without end stop
// no sweep. The zero value is open.
type yield struct {
	mu    sync.Mutex
	edits int
	since time.Time     // when it was closed
	open  time.Time     // until when it must not be closed
	free  chan struct{} // closed when the last edit is through; nil for none in hand
}

// begin says that an edit is in hand, until end.
func (y *yield) begin() {
	y.mu.Lock()
	defer y.mu.Unlock()
	now := time.Now()
	if y.edits++; y.edits == 1 && !now.Before(y.open) {
		y.since, y.free = now, make(chan struct{})
	}
}

func (y *yield) end() {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.edits--; y.edits == 0 && y.free != nil {
		now := time.Now()
		y.open = now.Add(min(now.Sub(y.since), yieldFor))
		close(y.free)
		y.free = nil
	}
}

// wait waits as long as an edit is in hand, up to yieldFor since it came.
func (y *yield) wait(ctx context.Context) {
	y.mu.Lock()
	free, left := y.free, time.Until(y.since.Add(yieldFor))
	y.mu.Unlock()
	if free == nil || left <= 0 {
		return
	}
	t := time.NewTimer(left)
	defer t.Stop()
	select {
	case <-free:
	case <-t.C:
	case <-ctx.Done():
	}
}

// behind lets a sweep give way to edits, and giveWay a pass that nobody waits for. With
// one worker nothing does: calls keep their order.
func (d *daemon) behind(ctx context.Context) context.Context {
	if d.e.o.Workers > 1 {
		return resource.Behind(ctx, d.yield.wait)
	}
	return ctx
}

func (d *daemon) giveWay(ctx context.Context) {
	if d.e.o.Workers > 1 {
		d.yield.wait(ctx)
	}
}
