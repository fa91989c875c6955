package reconcile

import (
	"strings"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// A unit whose pass panics where nothing of it is read or written any more stalls by
// itself: the full pass ends, and the operator is ready.
func TestPanicOutsideOfAPass(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("good.yaml", hello("good", "nginx:1.29"))
		w.files.put("bad.yaml", hello("bad", "nginx:1.29"))
		e := w.engine()
		tell := e.o.OnEvent
		e.o.OnEvent = func(ev Event) {
			tell(ev)
			if ev.Kind == EventState && ev.Unit.Name == "bad" {
				panic("nobody can be told of it")
			}
		}
		defer w.run(e)()
		w.until("ready", func() bool { return e.Ready() == nil && stands(e, "good", status.Synced)() })
		w.until("told", stands(e, "bad", status.InternalError))
		for _, s := range e.Status() {
			if s.Name == "bad" && !strings.Contains(s.Why, "please report it") {
				t.Errorf("it says %q", s.Why)
			}
		}
	})
}
