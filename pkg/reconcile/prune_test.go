package reconcile

import (
	"strings"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// without takes a part of the web document out: from the line that begins with
// one text to the line before the one that begins with another.
func without(doc, from, to string) string {
	a := strings.Index(doc, "\n"+from)
	b := len(doc)
	if to != "" {
		b = a + 1 + strings.Index(doc[a+1:], "\n"+to)
	}
	return doc[:a] + doc[b:] + "\n"
}

const pruning1 = "  cluster: default\n  policy: {prune: true}\n"

// What a document does not name any more is told, and with policy.prune deleted,
// after two observations and in reverse order of need.
func TestSurroundingsGoneFromTheDocument(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("web.yaml", web)
		w.want(w.wait(w.engine())["web"], status.StateReady, status.Synced, 0)

		bare := without(without(web, "  scaling:", "  alarms:"), "  alarms:", "")
		w.files.put("web.yaml", bare)
		mark := w.mark()
		out := w.apply(w.engine(), ApplyOptions{})["web"]
		w.want(out, status.StateReady, status.Synced, 0)
		told := 0
		for _, s := range out.Plan.Steps {
			if s.Stray && s.Told() && strings.Contains(s.Why, "policy.prune: true would delete it") {
				told++
			}
		}
		if told != 3 { // alarm, scalable target, policy
			t.Errorf("%d strays are told, want 3: %s", told, steps(out))
		}
		w.quiet(mark, "without policy.prune")

		w.files.put("web.yaml", strings.Replace(bare, "  cluster: default\n", pruning1, 1))
		shown := w.engine().Plan(t.Context(), w.load(w.engine()).Units)[0]
		if n := deletes(shown); n != 3 {
			t.Errorf("diff shows %d deletes, want 3", n)
		}
		out = w.apply(w.engine(), ApplyOptions{})["web"]
		w.want(out, status.StateReady, status.Synced, 0)
		want := []string{"DeleteScalingPolicy", "DeregisterScalableTarget", "DeleteAlarms"}
		got := w.writes(mark)
		for i := range want {
			if len(got) != len(want) || !strings.HasPrefix(got[i], want[i]) {
				t.Fatalf("writes %v, want %v", got, want)
			}
		}
		mark = w.mark()
		w.want(w.apply(w.engine(), ApplyOptions{})["web"], status.StateReady, status.Synced, 0)
		w.quiet(mark, "afterwards")
	})
}

func deletes(p plan.Plan) (n int) {
	for _, s := range p.Steps {
		if s.Action == plan.ActionDelete && s.Blocked == "" {
			n++
		}
	}
	return n
}
