package reconcile

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// lease suspends a service of the documents for a while, as the command does.
func (w *world) lease(name string, d time.Duration) {
	w.t.Helper()
	e := w.engine()
	for _, u := range w.load(e).Units {
		if u.Key.Name == name {
			_, err := e.Suspend(w.t.Context(), u, plan.Suspension{Until: time.Now().Add(d), By: "user/anna", Reason: "load test"})
			w.ok(err)
		}
	}
}

// A suspension needs no git, keeps the daemon from every write, and ends by itself.
func TestASuspensionEndsByItself(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		e := w.engine()
		defer w.run(e)()
		w.until("Ready", stands(e, "hello", status.Synced))
		w.lease("hello", 2*hour)
		mark := w.mark()
		w.files.put("hello.yaml", hello("hello", "nginx:1.30"))
		w.until("Suspended", stands(e, "hello", status.Suspended))
		w.scale("hello", 1)
		w.sleep(hour)
		if got := w.writes(mark); len(got) != 1 || !strings.HasPrefix(got[0], "UpdateService") { // the person's own
			t.Errorf("while it is suspended: writes %v", got)
		}
		if n := w.told(EventState, "suspended until "); n == 0 {
			t.Errorf("nobody was told:\n%s", w.story())
		}
		w.sleep(hour + 2*minute)
		w.until("Ready again", stands(e, "hello", status.Synced))
		if s := w.service("hello"); s.DesiredCount != 2 || !strings.HasSuffix(*s.TaskDefinition, ":2") {
			t.Errorf("after its end: %d tasks of %s", s.DesiredCount, *s.TaskDefinition)
		}
		w.files.put("hello.yaml", hello("hello", "nginx:1.31")) // a lease that has ended is in nobody's way
		w.until("the next image", func() bool { return strings.HasSuffix(*w.service("hello").TaskDefinition, ":3") })
	})
}

// A suspension in the middle of an apply stops it before the next write.
func TestASuspensionTakesEffectBeforeTheNextWrite(t *testing.T) {
	edits := []string{"threshold: 5", "threshold: 6", "nginx:1.29", "nginx:1.30", "maxCapacity: 6", "maxCapacity: 8",
		"protocol: HTTP, port: 80", "healthCheckPath: /ready, protocol: HTTP, port: 80"}
	calls := []string{"ModifyTargetGroup", "PutMetricAlarm", "RegisterTaskDefinition", "UpdateService", "RegisterScalableTarget"}
	for i, after := range calls[:len(calls)-1] {
		t.Run("after "+after, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.files.put("web.yaml", web)
				w.wait(w.engine())
				w.files.put("web.yaml", strings.NewReplacer(edits...).Replace(web))
				e := w.engine()
				l := w.load(e)
				mark, done := w.mark(), false
				w.spoil(func(_ context.Context, c sandbox.Call) *sandbox.Fault {
					if !done && strings.HasPrefix(c.Operation, "Describe") && w.wrote(mark, after) {
						done = true // between this write and the next read of the service
						w.tag("web", resource.TagSuspend, "until=2099-01-01T00:00:00Z by=user/anna")
					}
					return nil
				})
				out := e.Apply(t.Context(), l.Units, ApplyOptions{})
				if !done {
					t.Fatalf("the moment never came: %v", w.writes(mark))
				}
				for _, later := range calls[i+1:] {
					if w.wrote(mark, later) {
						t.Errorf("%s after the suspension: %v", later, w.writes(mark))
					}
				}
				if r := out[0].Status.Reason; r != status.Suspended && r != status.RolloutInProgress {
					t.Errorf("it says %s %s", r, out[0].Status.Why)
				}
				before := w.mark()
				w.apply(w.engine(), ApplyOptions{})
				w.quiet(before, "the next apply")
			})
		})
	}
}

// wrote reports whether an operation has written since a mark.
func (w *world) wrote(since int, operation string) bool {
	for _, entry := range w.sandbox.Writes()[since:] {
		if entry.Operation == operation {
			return true
		}
	}
	return false
}

// policy.mode: observe reports and writes nothing at all; neither does a
// suspended service get the memory of a failure written.
func TestObserveWritesNothing(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"observe", "suspended"} {
		for _, what := range []string{"drift", "a new image", "a rolled back deployment", "a failed deployment", "everything gone"} {
			t.Run(how+"/"+what, func(t *testing.T) {
				inWorld(t, func(t *testing.T, w *world) {
					text := web
					w.files.put("web.yaml", text)
					w.wait(w.engine())
					switch what {
					case "drift":
						w.scale("web", 1)
						w.untag("web", resource.TagRevision)
						text = strings.Replace(web, "threshold: 5", "threshold: 7", 1)
					case "a new image":
						text = strings.Replace(web, "nginx:1.29", "nginx:1.30", 1)
					case "a rolled back deployment", "a failed deployment":
						text = strings.Replace(web, "nginx:1.29", "nginx:crash", 1)
						if what == "a failed deployment" {
							text = strings.Replace(text, "rollback: true", "rollback: false", 1)
						}
						w.files.put("web.yaml", text)
						w.apply(w.engine(), ApplyOptions{})
						w.sandbox.Advance(3 * hour)
					case "everything gone":
						w.files.put("web.yaml", "")
						text = strings.ReplaceAll(web, "name: web}", "name: web2}")
					}
					if how == "observe" {
						text = strings.Replace(text, "  cluster: default\n", "  cluster: default\n  policy: {mode: observe}\n", 1)
					} else if what == "everything gone" {
						t.Skip("what is not there cannot be suspended")
					} else {
						w.lease("web", 100*hour)
					}
					w.files.put("web.yaml", text)
					mark := w.mark()
					e := w.engine()
					stop := w.run(e)
					w.sleep(hour)
					stop()
					w.apply(w.engine(), ApplyOptions{Wait: true, Timeout: minute})
					w.quiet(mark, how+", "+what)
					s := e.Status()[0]
					if s.Reason == status.Synced {
						t.Errorf("it says %s %s", s.Reason, s.Why)
					}
				})
			})
		}
	}
}
