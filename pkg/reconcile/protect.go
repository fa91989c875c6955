package reconcile

import (
	"context"
	"errors"
	"runtime/debug"
	"time"

	"go.uber.org/zap"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// errPanic marks what a recovered panic left behind.
var errPanic = errors.New("internal error")

// panicError is a recovered panic with the place where it happened.
type panicError struct {
	value any
	stack string
}

func (p *panicError) Error() string { return "internal error: " + shape.Fault(p.value) }

func caught(v any) *panicError {
	if p, ok := v.(*panicError); ok {
		return p
	}
	return &panicError{value: v, stack: string(debug.Stack())}
}

// panicked counts and logs a panic; the unit stalls, the others go on.
func (e *Engine) panicked(key resource.UnitKey, v any) {
	p := caught(v)
	e.m.Panic()
	e.log.Error("recovered from a panic: please report it", zap.Stringer("unit", key),
		zap.String("panic", shape.Fault(p.value)), zap.String("stack", p.stack))
}

// finishTime is how long a call in hand may still take once the process was
// told to stop; Run returns within 20 s.
const finishTime = 15 * time.Second

// finishing is a context for one write: it outlives the caller's by finishTime,
// so that a write under way is not cut off with its outcome unknown.
func finishing(ctx context.Context) (context.Context, context.CancelFunc) {
	out, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		t := time.NewTimer(finishTime)
		defer t.Stop()
		select {
		case <-t.C:
			cancel()
		case <-out.Done():
		}
	})
	return out, func() { stop(); cancel() }
}

// now is the time as plans and tags spell it.
func now() string { return time.Now().UTC().Format(time.RFC3339) }

// keyedLocks are locks by name whose wait can be given up. They are channels
// and not mutexes because they are held over calls.
type keyedLocks struct{ get chan map[string]chan struct{} }

func newKeyedLocks() *keyedLocks {
	k := &keyedLocks{get: make(chan map[string]chan struct{}, 1)}
	k.get <- map[string]chan struct{}{}
	return k
}

// lock waits for the name's lock; the answer releases it.
func (k *keyedLocks) lock(ctx context.Context, name string) (release func(), err error) {
	locks := <-k.get
	l := locks[name]
	if l == nil {
		l = make(chan struct{}, 1)
		locks[name] = l
	}
	k.get <- locks
	select {
	case l <- struct{}{}:
		return func() { <-l }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
