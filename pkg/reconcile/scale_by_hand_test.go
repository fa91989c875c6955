package reconcile

import (
	"strings"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// More tasks by hand are kept for driftGrace, then the document holds again; fewer
// are refused, since they would come back at once.
func TestScaleAgainstADocument(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29", "  policy: {driftGrace: 30m}"))
		e := w.engine()
		defer w.run(e)()
		w.until("ready", stands(e, "hello", status.Synced))
		by := w.engine()
		u := w.load(by).Units[0]
		mark := w.mark()
		if _, err := by.Scale(t.Context(), u, 1); err == nil || !strings.Contains(err.Error(), "the document says 2, and fewer tasks are put back in the next pass") {
			t.Errorf("fewer: %v", err)
		}
		if s, err := by.Scale(t.Context(), u, 2); err != nil || s.From != 2 {
			t.Errorf("the same: %+v %v", s, err)
		}
		w.quiet(mark, "refused, or nothing to do")
		s, err := by.Scale(t.Context(), u, 4)
		w.ok(err)
		if s.From != 2 || s.Until == "" || !strings.Contains(s.Then, "then the document's 2 hold again") {
			t.Errorf("%+v", s)
		}
		w.until("it is seen", stands(e, "hello", status.DriftGrace))
		w.sleep(20 * minute)
		if n := w.service("hello").DesiredCount; n != 4 {
			t.Errorf("%d tasks within the grace", n)
		}
		w.sleep(15 * minute)
		if n := w.service("hello").DesiredCount; n != 2 {
			t.Errorf("%d tasks after the grace", n)
		}
		if n := w.done("UpdateService"); n != 2 {
			t.Errorf("%d updates, want there and back", n)
		}
	})
}

// Whose count it is decides what a person may do to it.
func TestScaleByOwner(t *testing.T) {
	for _, c := range []struct {
		name, doc, want string
		n               int32
		refused         bool
	}{
		{"autoscaler, within", web, "an autoscaler owns the count, between 2 and 6, and goes on from there", 5, false},
		{"autoscaler, above", web, "an autoscaler owns the count, between 2 and 6: change scaling", 7, true},
		{"autoscaler, below", web, "an autoscaler owns the count, between 2 and 6: change scaling", 1, true},
		{"no grace", hello("web", "nginx:1.29", "  policy: {driftGrace: 0s}"), "more tasks are taken away in the next pass", 3, true},
		{"ignored", hello("web", "nginx:1.29", "  policy: {ignore: [service.desiredCount]}"), "the document leaves the count alone", 1, false},
		{"observed", hello("web", "nginx:1.29", "  policy: {mode: observe}"), "policy.mode is observe", 3, true},
		{"manual", hello("web", "nginx:1.29", "  policy: {mode: manual}"), "come back when somebody approves it", 1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.files.put("web.yaml", strings.NewReplacer("mode: observe", "mode: auto", "mode: manual", "mode: auto").Replace(c.doc))
				w.wait(w.engine())
				w.files.put("web.yaml", c.doc)
				e := w.engine()
				u := w.load(e).Units[0]
				mark := w.mark()
				s, err := e.Scale(t.Context(), u, c.n)
				if c.refused {
					if err == nil || !strings.Contains(err.Error(), c.want) {
						t.Errorf("%v", err)
					}
					w.quiet(mark, "refused")
					return
				}
				w.ok(err)
				if n := w.service("web").DesiredCount; n != c.n || !strings.Contains(s.Then, c.want) {
					t.Errorf("%d tasks, %+v", n, s)
				}
				mark = w.mark()
				w.apply(w.engine(), ApplyOptions{})
				w.quiet(mark, "afterwards")
			})
		})
	}
}
