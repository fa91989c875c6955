package reconcile

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/source"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// An approval is of the very services that were shown: when the set grows in the
// same revision, none of them goes; when it is that set again, all of it.
func TestApprovalIsOfTheWholeSet(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.many("a", 20)
		for _, name := range []string{"a00", "a01", "a02", "a03"} {
			doc := w.files.files["a/"+name+".yaml"]
			w.files.put("a/"+name+".yaml", strings.Replace(doc, "  cluster: default\n", "  cluster: default\n  policy: {onDelete: prune}\n", 1))
		}
		w.sync(w.scoped("a", false))
		w.drop("a", 0, 6)
		_, hash, _ := strings.Cut(w.sync(w.scoped("a", false))["a00"].Status.Why, "approve --deletes ")
		e := w.scoped("a", false)
		keys, err := e.ApproveDeletes(t.Context(), w.load(e), hash)
		if err != nil || len(keys) != 4 {
			t.Fatalf("approved %v, %v", keys, err)
		}
		out := w.sync(w.scoped("a", true)) // two more, which say nothing themselves
		w.want(out["a00"], status.StateStalled, status.NeedsApproval, status.ExitHeld)
		if got := w.services(); len(got) != 20 {
			t.Fatalf("the approval of 4 let %d services go out of 6", 20-len(got))
		}
		w.sync(w.scoped("a", false))
		if got := w.services(); len(got) != 16 || slices.Contains(got, "a00") || !slices.Contains(got, "a04") {
			t.Errorf("left after the approved deletion: %v", got)
		}
	})
}

// An approval that was written to some of the services only, because the command
// was killed, is none.
func TestHalfAnApproval(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.many("a", 20)
		w.sync(w.scoped("a", false))
		w.drop("a", 0, 4)
		_, hash, _ := strings.Cut(w.sync(w.scoped("a", true))["a00"].Status.Why, "approve --deletes ")
		e := w.scoped("a", true)
		_, err := e.ApproveDeletes(t.Context(), w.load(e), hash)
		w.ok(err)
		w.untag("a02", resource.TagApproved)
		w.sync(w.scoped("a", true))
		if got := w.services(); len(got) != 20 {
			t.Errorf("half an approval deleted %d services", 20-len(got))
		}
	})
}

// What a daemon has deleted in a revision counts against that revision's cap,
// also when the rest comes to light only then: as with a listing that lags.
func TestCapCountsWhatIsDone(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.many("a", 30)
		w.sync(w.scoped("a", false))
		w.drop("a", 0, 4)
		for _, name := range []string{"a02", "a03"} {
			w.untag(name, resource.TagScope)
		}
		e := w.scoped("a", true)
		stop := w.run(e)
		w.until("two have gone", func() bool { return len(w.services()) == 28 })
		for _, name := range []string{"a02", "a03"} {
			w.tag(name, resource.TagScope, "a")
		}
		w.until("the rest is held back", func() bool {
			return stands(e, "a02", status.NeedsApproval)() && stands(e, "a03", status.NeedsApproval)()
		})
		stop()
		if got := w.services(); len(got) != 28 {
			t.Errorf("one revision deleted %d services of 30", 30-len(got))
		}
	})
}

// The approval of a manual plan that deletes is not used up by the look that only
// begins to wait for the second one.
func TestManualApprovalOfADeletion(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("web.yaml", web)
		w.wait(w.engine())
		manual := func(doc string) string {
			return strings.Replace(doc, "  cluster: default\n", "  cluster: default\n  policy: {mode: manual, prune: true}\n", 1)
		}
		w.files.put("web.yaml", manual(without(web, "  alarms:", "")))
		out := w.wait(w.engine())["web"]
		w.want(out, status.StateDrifted, status.ManualMode, status.ExitHeld)
		e := w.engine()
		w.ok(e.ApprovePlan(t.Context(), w.load(e).Units[0], out.Plan.Seal.Hash))
		mark := w.mark()
		w.want(w.wait(w.engine())["web"], status.StateReady, status.Synced, 0)
		if !w.wrote(mark, "DeleteAlarms") {
			t.Errorf("the approved deletion did not happen: %v", w.writes(mark))
		}
		if w.told(EventState, "it is created when it stays away") > 0 {
			t.Error("a deletion is told as a creation")
		}
	})
}

// A run that waits for its second look deletes nothing when the documents are
// others by then, or cannot be read.
func TestDocumentsMoveWhileARunWaits(t *testing.T) {
	for name, c := range map[string]struct {
		move func(w *world)
		why  string
	}{
		"it is back":   {func(w *world) { w.files.put("a/a01.yaml", hello("a01", "nginx:1.29")) }, "the documents have changed"},
		"another one":  {func(w *world) { w.files.put("b.yaml", hello("b", "nginx:1.29")) }, "the documents have changed"},
		"unreadable":   {func(w *world) { w.files.fail(errDisk) }, "the source could not be read"},
		"a bad answer": {func(w *world) { w.files.fail(nil, source.Problem{Path: "x.yaml", Message: "permission denied"}) }, "could not be read"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.many("a", 3)
				w.sync(w.scoped("a", true))
				w.drop("a", 1, 2)
				e := w.scoped("a", true)
				e.o.AbsenceGrace, e.grace.grace = minute, minute
				go func() {
					w.sleep(minute / 2)
					c.move(w)
				}()
				mark := w.mark()
				out := w.sync(e)["a01"]
				w.want(out, status.StateProgressing, status.Waiting, status.ExitNotDone)
				if !strings.Contains(out.Status.Why, c.why) {
					t.Errorf("it is told %q", out.Status.Why)
				}
				w.quiet(mark, "a run whose documents moved")
			})
		})
	}
}

// A suspension in the middle of a deletion stops it before the next write, and
// keeps it so.
func TestSuspendedWhileDeleting(t *testing.T) {
	for _, after := range []string{"DeleteScalingPolicy", "DeleteAlarms", "DeregisterTaskDefinition", "AddTags"} {
		t.Run("after "+after, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.files.put("web.yaml", web)
				w.files.put("other.yaml", hello("other", "nginx:1.29"))
				w.sync(w.scoped("a", true))
				w.files.put("web.yaml", "")
				mark, at := w.mark(), 0
				w.spoil(func(_ context.Context, c sandbox.Call) *sandbox.Fault {
					if at == 0 && strings.HasPrefix(c.Operation, "Describe") && w.wrote(mark, after) {
						at = 1
						w.tag("web", resource.TagSuspend, "until=2099-01-01T00:00:00Z by=user/anna")
						at = w.mark()
					}
					return nil
				})
				out := w.syncFor(t.Context(), w.scoped("a", true), 10*minute)["web"]
				if at == 0 {
					t.Fatalf("the moment never came: %v", w.writes(mark))
				}
				w.quiet(at, "a suspended deletion")
				if out.Status.Reason != status.Suspended {
					t.Errorf("it says %s %s", out.Status.Reason, out.Status.Why)
				}
				w.spoil(nil)
				w.untag("web", resource.TagSuspend)
				w.sync(w.scoped("a", true))
				if left := w.owned("default/web"); len(left) > 0 {
					t.Errorf("after its end there are left: %v", left)
				}
			})
		})
	}
}
