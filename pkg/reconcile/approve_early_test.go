package reconcile

import (
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// A plan may be approved before the daemon has the documents that it is of: whoever still
// has the former ones, with which nothing is left to do, keeps the word.
func TestApprovedBeforeItsDocumentIsThere(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		doc := func(image string) string { return hello("hello", image, "  policy: {mode: manual}") }
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		w.wait(w.engine())
		w.files.put("hello.yaml", doc("nginx:1.29"))
		daemon := w.engine()
		w.want(w.apply(daemon, ApplyOptions{})["hello"], status.StateReady, status.Synced, 0)

		w.files.put("hello.yaml", doc("nginx:1.30"))
		e := w.engine()
		out := w.apply(e, ApplyOptions{})["hello"]
		w.want(out, status.StateDrifted, status.ManualMode, status.ExitHeld)
		w.ok(e.ApprovePlan(t.Context(), w.load(e).Units[0], out.Plan.Seal.Hash))

		w.files.put("hello.yaml", doc("nginx:1.29")) // as the daemon has it until it reads again
		w.want(w.apply(daemon, ApplyOptions{})["hello"], status.StateReady, status.Synced, 0)
		if w.tagOf("hello", resource.TagApproved) != out.Plan.Seal.Hash {
			t.Error("the approval is gone before its document was there")
		}
		w.files.put("hello.yaml", doc("nginx:1.30"))
		w.want(w.wait(daemon)["hello"], status.StateReady, status.Synced, 0)
		if tag := w.tagOf("hello", resource.TagApproved); tag != "" {
			t.Errorf("the approval outlives what it was for: %s", tag)
		}
	})
}
