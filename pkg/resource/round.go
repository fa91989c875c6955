package resource

import (
	"context"
	"sync"
)

// Round is one full pass over a fleet that is looked at part by part, so that it is never
// held as a whole. What AWS gives only as a whole list, and each part needs a piece of, is
// read once for all parts.
type Round struct {
	objects map[string]int

	mu    sync.Mutex
	lists map[any]any // of once
}

// NewRound begins a round over so many objects, by kind.
func NewRound(objects map[string]int) *Round {
	return &Round{objects: objects, lists: map[any]any{}}
}

// once is what a list was read as.
type once[V any] struct {
	turn  chan struct{} // holds the one who reads it, or looks whether it was read
	read  bool
	value V
	err   error
}

// Once gives what a round knows under a key, and reads it where it does not yet; whoever
// asks meanwhile waits, for as long as his context lets him. An error is known, too: what
// could not be read for one part is not asked for again for the next. Without a round it
// reads.
func Once[V any](ctx context.Context, r *Round, key any, read func() (V, error)) (V, error) {
	if r == nil {
		return read()
	}
	r.mu.Lock()
	list, _ := r.lists[key].(*once[V])
	if list == nil {
		list = &once[V]{turn: make(chan struct{}, 1)}
		r.lists[key] = list
	}
	r.mu.Unlock()
	select {
	case list.turn <- struct{}{}:
	case <-ctx.Done():
		var none V
		return none, ctx.Err()
	}
	defer func() { <-list.turn }()
	if !list.read {
		list.value, list.err = read()
		list.read = list.err == nil || ctx.Err() == nil // that he left says nothing to the others
	}
	return list.value, list.err
}

// Whole is how many objects are asked for, in all parts of the round.
func (q Query) Whole() int {
	n := len(q.Objects)
	if q.Round != nil && n > 0 {
		n = max(n, q.Round.objects[q.Objects[0].ID.Kind])
	}
	return n
}
