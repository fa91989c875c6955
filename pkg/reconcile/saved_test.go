package reconcile

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// save is diff: the plans of a process of its own, sealed.
func (w *world) save() map[resource.UnitKey]plan.Seal {
	w.t.Helper()
	out := map[resource.UnitKey]plan.Seal{}
	e := w.engine()
	for _, p := range e.Plan(w.t.Context(), w.load(e).Units) {
		if !p.Seal.Whole() {
			w.t.Errorf("the seal of %s is not whole", p.Unit)
		}
		out[p.Unit] = p.Seal
	}
	return out
}

func (w *world) carryOut(saved map[resource.UnitKey]plan.Seal, wait bool) map[string]Outcome {
	w.t.Helper()
	return w.apply(w.engine(), ApplyOptions{Wait: wait, Saved: saved})
}

// refused checks that a unit was left alone, and why.
func (w *world) refused(mark int, o Outcome, why string) {
	w.t.Helper()
	if o.Status.Reason != status.ChangedSincePlanned || o.Exit() != status.ExitNotDone || !strings.Contains(o.Status.Why, why) ||
		!strings.Contains(o.Status.Why, "run diff again") {
		w.t.Errorf("%s %q (exit %d), want ChangedSincePlanned because of %q", o.Status.Reason, o.Status.Why, o.Exit(), why)
	}
	w.quiet(mark, "a plan that moved")
}

func TestSavedPlanIsCarriedOut(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("web.yaml", web)
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		saved := w.save()
		for name, o := range w.carryOut(saved, true) {
			w.want(o, status.StateReady, status.Synced, 0)
			if name == "web" && o.Writes == 0 {
				t.Error("nothing was written")
			}
		}
		// It was carried out: what it says to create is there.
		mark := w.mark()
		w.refused(mark, w.carryOut(saved, true)["hello"], "needs nothing any more")
		// And a plan of an unchanged world does nothing, and is done.
		w.want(w.carryOut(w.save(), false)["web"], status.StateReady, status.Synced, 0)
		w.quiet(mark, "an empty plan")
	})
}

func TestSavedPlanTouchesItsUnitsOnly(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("a.yaml", hello("a", "nginx:1.29"))
		w.files.put("b.yaml", hello("b", "nginx:1.29", "  dependsOn: [a]"))
		w.wait(w.engine())
		w.files.put("a.yaml", hello("a", "nginx:1.30"))
		w.files.put("b.yaml", hello("b", "nginx:1.30", "  dependsOn: [a]"))
		saved := w.save()
		for key := range saved {
			if key.Name == "a" {
				delete(saved, key)
			}
		}
		mark := w.mark()
		out := w.carryOut(saved, true)
		if out["a"].Writes != 0 || out["a"].Left == 0 {
			t.Errorf("a, of which the plan says nothing: %d writes, %d left", out["a"].Writes, out["a"].Left)
		}
		w.want(out["b"], status.StateProgressing, status.DependencyMissing, 1) // a is not as its document says
		w.quiet(mark, "a dependency that is not Ready")
	})
}

func TestSavedPlanThatMoved(t *testing.T) {
	service := func(w *world, edit func(*ecs.UpdateServiceInput)) {
		in := &ecs.UpdateServiceInput{Cluster: aws.String("default"), Service: aws.String("hello")}
		edit(in)
		_, err := w.person().Write.ECS.UpdateService(w.t.Context(), in)
		w.ok(err)
	}
	for name, tc := range map[string]struct {
		move func(w *world)
		why  string
	}{
		"the service was changed in AWS": {func(w *world) {
			service(w, func(in *ecs.UpdateServiceInput) { in.EnableECSManagedTags = aws.Bool(true) })
		}, "service was changed in AWS"},
		"the document changed": {func(w *world) {
			w.files.put("hello.yaml", hello("hello", "nginx:1.31"))
		}, "is written otherwise in the documents"},
		"the document went back": {func(w *world) {
			w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		}, "needs nothing any more"},
		"somebody else did it": {func(w *world) { w.wait(w.engine()) }, "needs nothing any more"},
		"it is suspended": {func(w *world) {
			w.tag("hello", resource.TagSuspend, "until=2199-01-01T00:00:00Z by=ann reason=freeze")
		}, "was changed in AWS"},
		"the policy changed": {func(w *world) {
			w.files.put("hello.yaml", hello("hello", "nginx:1.30", "  policy: {mode: manual}"))
		}, "is held back now (ManualMode)"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
				w.wait(w.engine())
				w.files.put("hello.yaml", hello("hello", "nginx:1.30"))
				saved := w.save()
				tc.move(w)
				mark := w.mark()
				w.refused(mark, w.carryOut(saved, true)["hello"], tc.why)
				// What is planned now can be saved and done.
				for _, o := range w.carryOut(w.save(), true) {
					if o.Status.Reason == status.ChangedSincePlanned {
						t.Errorf("a fresh plan is refused: %s", o.Status.Why)
					}
				}
			})
		})
	}
}

// What moves between the rounds of one apply is not in the plan, either.
func TestSavedPlanAcrossRounds(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("web.yaml", web)
		saved := w.save()
		// The service's create is throttled once: its target group is made by then.
		w.spoil(once("CreateService", sandbox.Fault{Status: 400, Code: "ThrottlingException", Message: "Rate exceeded"}))
		w.want(w.carryOut(saved, true)["web"], status.StateReady, status.Synced, 0)
		if n := w.done("CreateService"); n != 1 {
			t.Errorf("%d CreateService", n)
		}
	})
}

func TestSavedPlanKeepsWhatIsBlocked(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		w.wait(w.engine())
		w.files.put("hello.yaml", hello("hello", "nginx:1.30", "  policy: {mode: manual}"))
		mark := w.mark()
		w.want(w.carryOut(w.save(), true)["hello"], status.StateDrifted, status.ManualMode, 3)
		w.quiet(mark, "a blocked plan")
	})
}

// Autoscaling moves the count all day: no reason to refuse.
func TestSavedPlanAndAutoscaling(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("web.yaml", web)
		w.wait(w.engine())
		w.files.put("web.yaml", strings.Replace(web, "nginx:1.29", "nginx:1.30", 1))
		saved := w.save()
		_, err := w.person().Write.ECS.UpdateService(t.Context(), &ecs.UpdateServiceInput{
			Cluster: aws.String("default"), Service: aws.String("web"), DesiredCount: aws.Int32(3)})
		w.ok(err)
		o := w.carryOut(saved, true)["web"]
		w.want(o, status.StateReady, status.Synced, 0)
		if o.Status.Desired != 3 {
			t.Errorf("desired %d, the autoscaler said 3", o.Status.Desired)
		}
	})
}
