package keyed

import (
	"context"
	"sync"
)

// Locks are locks by name. Nothing is kept of a name that nobody holds or waits for. The
// zero value is ready.
type Locks struct {
	mu sync.Mutex
	by map[string]*lock
}

type lock struct {
	turn chan struct{}
	by   int // who hold it or wait for it
}

// Lock waits for the name's lock, at most as long as ctx lasts; the answer releases it.
func (k *Locks) Lock(ctx context.Context, name string) (release func(), err error) {
	k.mu.Lock()
	if k.by == nil {
		k.by = map[string]*lock{}
	}
	l := k.by[name]
	if l == nil {
		l = &lock{turn: make(chan struct{}, 1)}
		k.by[name] = l
	}
	l.by++
	k.mu.Unlock()
	select {
	case l.turn <- struct{}{}:
		return func() { <-l.turn; k.leave(name, l) }, nil
	case <-ctx.Done():
		k.leave(name, l)
		return nil, ctx.Err()
	}
}

// leave forgets a name with the last who held it or waited for it.
func (k *Locks) leave(name string, l *lock) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if l.by--; l.by == 0 {
		delete(k.by, name)
	}
}
