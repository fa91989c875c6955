package awsclient

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// ErrSilent is the error of a key about which a call that succeeded said
// nothing. Silence is unknown, never absence.
var ErrSilent = errors.New("AWS' answer says nothing about it")

// Result is what a batch learned about one key: a value, or why it is unknown.
type Result[V any] struct {
	Value V
	Err   error
}

// Batch packs the keys of many callers into few calls. While calls are under
// way the keys of later callers gather, and a key that is asked for twice
// before its call starts is asked for once. It never joins a call that has
// started, so that a read before a write is as young as it must be. Keys for an
// edit (resource.Ahead) go into the next call, whatever waits, and it need not wait
// for another to end.
//
// Call is given at most Size keys and answers each with a value ("is not there"
// is a value too). Its error belongs to every key that it did not answer: it is
// one failure, shared. Its context ends when the last caller who waits for one
// of its keys has left.
type Batch[K comparable, V any] struct {
	Size     int // keys a call
	Parallel int // calls at once
	Call     func(ctx context.Context, keys []K) (map[K]V, error)

	mu      sync.Mutex
	running int
	queue   []*flight[K, V]
}

// flight is one key on its way.
type flight[K comparable, V any] struct {
	key     K
	done    chan struct{}
	result  Result[V]
	waiters int
	ahead   bool
	way     func(context.Context) // of resource.Behind, when all who wait for it are
	leave   func()                // told when waiters drops to zero after the start
}

// Do asks for keys and answers each of them. A caller whose context ends has
// that context's error for what is not answered yet.
func (b *Batch[K, V]) Do(ctx context.Context, keys []K) map[K]Result[V] {
	mine := b.join(keys, resource.IsAhead(ctx), resource.Way(ctx))
	out := make(map[K]Result[V], len(mine))
	for key, f := range mine {
		select {
		case <-f.done:
			out[key] = f.result
			continue
		default:
		}
		select {
		case <-f.done:
			out[key] = f.result
		case <-ctx.Done():
			b.quit(f)
			out[key] = Result[V]{Err: ctx.Err()}
		}
	}
	return out
}

// join queues keys, or joins what is queued already, and starts what may start.
func (b *Batch[K, V]) join(keys []K, ahead bool, way func(context.Context)) map[K]*flight[K, V] {
	b.mu.Lock()
	defer b.mu.Unlock()
	queued := make(map[K]*flight[K, V], len(b.queue))
	for _, f := range b.queue {
		queued[f.key] = f
	}
	mine := make(map[K]*flight[K, V], len(keys))
	for _, key := range keys {
		if mine[key] != nil {
			continue
		}
		f := queued[key]
		if f == nil {
			f = &flight[K, V]{key: key, done: make(chan struct{}), way: way}
			b.queue = append(b.queue, f)
		}
		f.waiters++
		f.ahead = f.ahead || ahead
		if way == nil {
			f.way = nil
		}
		mine[key] = f
	}
	if ahead {
		slices.SortStableFunc(b.queue, func(x, y *flight[K, V]) int {
			switch {
			case x.ahead == y.ahead:
				return 0
			case x.ahead:
				return -1
			}
			return 1
		})
	}
	b.start()
	return mine
}

// quit takes a caller off a key.
func (b *Batch[K, V]) quit(f *flight[K, V]) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if f.waiters--; f.waiters > 0 {
		return
	}
	if f.leave != nil {
		f.leave()
		return
	}
	for i, q := range b.queue {
		if q == f {
			b.queue = append(b.queue[:i], b.queue[i+1:]...)
			return
		}
	}
}

// start makes as many calls as may run; the lock is held.
func (b *Batch[K, V]) start() {
	for len(b.queue) > 0 && (b.running < max(1, b.Parallel) || b.queue[0].ahead && b.running == max(1, b.Parallel)) {
		n := min(len(b.queue), max(1, b.Size))
		chunk := append([]*flight[K, V]{}, b.queue[:n]...)
		b.queue = append([]*flight[K, V]{}, b.queue[n:]...)
		b.running++
		ctx, cancel := context.WithCancel(context.Background())
		if chunk[0].ahead {
			ctx = resource.Ahead(ctx)
		} else if way := chunk[0].way; way != nil && !slices.ContainsFunc(chunk, func(f *flight[K, V]) bool { return f.way == nil }) {
			ctx = resource.Behind(ctx, way)
		}
		left := len(chunk)
		for _, f := range chunk {
			f.leave = func() {
				if left--; left == 0 {
					cancel()
				}
			}
		}
		go b.run(ctx, cancel, chunk)
	}
}

func (b *Batch[K, V]) run(ctx context.Context, cancel context.CancelFunc, chunk []*flight[K, V]) {
	defer cancel()
	keys := make([]K, len(chunk))
	for i, f := range chunk {
		keys[i] = f.key
	}
	values, err := b.call(ctx, keys)
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, f := range chunk {
		v, ok := values[f.key]
		switch {
		case ok:
			f.result.Value = v
		case err != nil:
			f.result.Err = err
		default:
			f.result.Err = fmt.Errorf("%v: %w", f.key, ErrSilent)
		}
		close(f.done)
	}
	b.running--
	b.start()
}

// call is Call with a panic turned into the error of this one call.
func (b *Batch[K, V]) call(ctx context.Context, keys []K) (values map[K]V, err error) {
	defer func() {
		if p := recover(); p != nil {
			values, err = nil, fmt.Errorf("panic in a batched call: %s\n%s", shape.Fault(p), debug.Stack())
		}
	}()
	return b.Call(ctx, keys)
}
