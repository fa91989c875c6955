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
