package reconcile

import (
	"context"
	"testing"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// How the hooks of a revision stand is written on the revision: while reads do not show
// it, nobody takes it for what it was when it was registered. A hook would be asked for
// in every pass, its outcome be written over and its time begin anew.
func TestHooksOfARevisionNotSeen(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		e := w.engine()
		defer w.run(e)()
		w.until("Ready", stands(e, "hello", status.Synced))
		w.sleep(minute)
		before, err := w.sandbox.Replica()
		w.ok(err)
		until := time.Now().Add(2 * minute)
		w.spoil(func(_ context.Context, c sandbox.Call) *sandbox.Fault {
			if c.Operation == "DescribeTaskDefinition" && time.Now().Before(until) {
				return &sandbox.Fault{From: before}
			}
			return nil
		})
		registered, updated := w.done("RegisterTaskDefinition"), w.done("UpdateService")
		w.files.put("hello.yaml", hooked("nginx:1.30", "./migrate up", "./smoke"))
		w.sleep(10 * minute)
		w.until("Ready", stands(e, "hello", status.Synced))
		if n := w.done("RunTask"); n != 2 {
			t.Errorf("tasks were asked for %d times, for two hooks", n)
		}
		if r, u := w.done("RegisterTaskDefinition")-registered, w.done("UpdateService")-updated; r != 1 || u != 1 {
			t.Errorf("%d registrations and %d updates, want one of each", r, u)
		}
	})
}
