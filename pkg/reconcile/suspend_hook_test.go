package reconcile

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// A suspension that comes while it is being noted that a hook is about to run keeps its
// task from being started; it runs once when the suspension has ended.
func TestASuspensionKeepsAHookFromStarting(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		w.wait(w.engine())
		w.files.put("hello.yaml", hooked("nginx:1.30", "true", "true"))
		var done atomic.Bool
		w.spoil(func(_ context.Context, c sandbox.Call) *sandbox.Fault {
			if c.Operation == "TagResource" && done.CompareAndSwap(false, true) {
				w.tag("hello", resource.TagSuspend, "until=2099-01-01T00:00:00Z by=user/anna")
			}
			return nil
		})
		mark := w.mark()
		e := w.engine()
		defer w.run(e)()
		w.until("Suspended", stands(e, "hello", status.Suspended))
		w.sleep(10 * minute)
		if !done.Load() || w.done("RunTask") != 0 {
			t.Errorf("suspended: %v, and %d tasks of hooks: %v", done.Load(), w.done("RunTask"), w.writes(mark))
		}
		w.untag("hello", resource.TagSuspend)
		w.until("Synced", func() bool { return w.image("hello") == "nginx:1.30" && stands(e, "hello", status.Synced)() })
		if n := w.done("RunTask"); n != 2 {
			t.Errorf("%d tasks in the end, want one of each hook", n)
		}
	})
}
