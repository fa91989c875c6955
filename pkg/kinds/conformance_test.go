package kinds_test

import (
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// TestAppliedIsClean: after apply nothing differs, a second apply writes
// nothing, also after a restart and when the rollout has ended.
func TestAppliedIsClean(t *testing.T) {
	for name, yaml := range map[string]string{"hello": hello, "worker": worker, "web": web} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			u := w.load(yaml)
			for id, l := range w.observe(u, false) {
				if l.Presence != resource.Absent {
					t.Fatalf("%s is %s before anything was made: %v", id.Local(), l.Presence, l.Err)
				}
			}
			if n := w.apply(u); n < len(u.Objects) {
				t.Fatalf("%d writes made %d objects", n, len(u.Objects))
			}
			w.clean(u)
			w.settle()
			w.clean(u)
			w.fresh()
			w.clean(u)
			if n := w.apply(u); n != 0 {
				t.Errorf("a second apply wrote %d times", n)
			}
		})
	}
}
