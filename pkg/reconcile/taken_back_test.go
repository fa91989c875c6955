package reconcile

import (
	"strings"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// A document that raised the count, and is taken back before its rollout has ended, has
// raised nothing outside of git: the count goes back with it.
func TestAnEditThatIsTakenBackIsNoRaise(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		before := hello("hello", "nginx:1.29")
		w.files.put("hello.yaml", before)
		e := w.engine()
		defer w.run(e)()
		w.until("Ready", stands(e, "hello", status.Synced))
		w.files.put("hello.yaml", strings.Replace(hello("hello", "nginx:1.30"), "desiredCount: 2", "desiredCount: 5", 1))
		w.until("under way", func() bool { return w.count("hello") == 5 })
		w.files.put("hello.yaml", before)
		if took := w.until("two again", func() bool { return w.count("hello") == 2 }); took > minute {
			t.Errorf("the count went back after %s\n%s", took, w.story())
		}
	})
}
