package awsclient

import (
	"context"
	"slices"
	"sync"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// turns lets callers through one at a time, in the order in which they came, those
// of an edit (resource.Ahead) before all others. The zero value is free.
type turns struct {
	mu          sync.Mutex
	busy        bool
	ahead, rest []chan struct{}
}

// take waits for the caller's turn; whoever has it gives it back with next.
func (t *turns) take(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t.mu.Lock()
	if !t.busy {
		t.busy = true
		t.mu.Unlock()
		return nil
	}
	mine := make(chan struct{})
	line := &t.rest
	if resource.IsAhead(ctx) {
		line = &t.ahead
	}
	*line = append(*line, mine)
	t.mu.Unlock()
	select {
	case <-mine:
		return nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	at := slices.Index(*line, mine)
	if at >= 0 {
		*line = slices.Delete(*line, at, at+1)
	}
	t.mu.Unlock()
	if at < 0 { // it came at the same moment
		t.next()
	}
	return ctx.Err()
}

// next gives the turn to who is first.
func (t *turns) next() {
	t.mu.Lock()
	defer t.mu.Unlock()
	line := &t.ahead
	if len(*line) == 0 {
		line = &t.rest
	}
	if len(*line) == 0 {
		t.busy = false
		return
	}
	close((*line)[0])
	*line = (*line)[1:]
}
