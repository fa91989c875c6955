package reconcile

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// scaled is hello under an autoscaler, with a range and more words in its scaling.
func scaled(low, high int, more ...string) string {
	return strings.Replace(hello("hello", "nginx:1.29", fmt.Sprintf("  scaling:\n    minCapacity: %d\n    maxCapacity: %d", low, high), strings.Join(more, "\n")),
		"    desiredCount: 2\n", "", 1)
}

// autoscaled moves the count as the autoscaler does: by itself.
func (w *world) autoscaled(n int32) {
	w.t.Helper()
	_, err := w.person().Write.ECS.UpdateService(w.t.Context(), &ecs.UpdateServiceInput{Service: aws.String("hello"), DesiredCount: &n})
	w.ok(err)
	w.sandbox.Advance(10 * minute)
}

func (w *world) bounds() (low, high int32) {
	w.t.Helper()
	out, err := w.person().Read.AutoScaling.DescribeScalableTargets(w.t.Context(), &applicationautoscaling.DescribeScalableTargetsInput{ServiceNamespace: "ecs"})
	w.ok(err)
	if len(out.ScalableTargets) != 1 {
		w.t.Fatalf("%d scalable targets", len(out.ScalableTargets))
	}
	return *out.ScalableTargets[0].MinCapacity, *out.ScalableTargets[0].MaxCapacity
}

func (w *world) approve(hash string) { w.tag("hello", resource.TagApproved, hash) }

func targetStep(o Outcome) plan.Step {
	for _, s := range o.Plan.Steps {
		if s.ID.Kind == resource.KindScalableTarget {
			return s
		}
	}
	return plan.Step{}
}

// A maximum below the live count stops running tasks at once, because
// RegisterScalableTarget pulls the count into the range by itself: that waits for
// a person. A higher minimum starts tasks, and is only shown.
func TestBoundsNeverCutTheCountBySurprise(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", scaled(2, 40))
		w.wait(w.engine())
		w.autoscaled(24)
		mark := w.mark()
		w.want(w.apply(w.engine(), ApplyOptions{})["hello"], status.StateReady, status.Synced, 0)

		w.files.put("hello.yaml", scaled(2, 10))
		o := w.apply(w.engine(), ApplyOptions{})["hello"]
		w.want(o, status.StateStalled, status.NeedsApproval, 3)
		w.quiet(mark, "unasked")
		s := targetStep(o)
		if c := o.Plan.Consequence.Count; c == nil || *c != (plan.Count{From: 24, To: 10, Bound: "maxCapacity"}) ||
			len(s.Changes) != 1 || s.Changes[0].Note != "stops 14 of 24 running tasks" {
			t.Errorf("%+v: %+v", c, s.Changes)
		}
		hash := o.Plan.Approval
		if want := "with maxCapacity 10 it stops 14 of 24 running tasks; `ecs-operator approve hello --plan " + hash + "` allows that"; hash == "" || !strings.Contains(s.Why, want) {
			t.Errorf("%q, want %q", s.Why, want)
		}

		w.approve("another")
		mark = w.mark()
		o = w.apply(w.engine(), ApplyOptions{})["hello"]
		w.want(o, status.StateStalled, status.NeedsApproval, 3)
		if !strings.Contains(targetStep(o).Why, "the approval another is of another plan") {
			t.Error(targetStep(o).Why)
		}
		w.quiet(mark, "with the approval of another plan")

		w.autoscaled(20) // the autoscaler goes on, and what was approved stays approved
		w.approve(hash)
		w.apply(w.engine(), ApplyOptions{})
		w.sandbox.Advance(10 * minute)
		if n := w.service("hello").DesiredCount; n != 10 {
			t.Errorf("%d tasks, want 10", n)
		}
		w.want(w.wait(w.engine())["hello"], status.StateReady, status.Synced, 0)
		if o := w.apply(w.engine(), ApplyOptions{})["hello"]; o.Plan.Approval != "" {
			t.Errorf("approval %q", o.Plan.Approval)
		}
		for _, tag := range w.service("hello").Tags {
			if *tag.Key == resource.TagApproved {
				t.Error("the approval outlives what it was for")
			}
		}
		mark = w.mark()
		w.wait(w.engine())
		w.quiet(mark, "after the approval is spent")

		w.files.put("hello.yaml", scaled(14, 40))
		o = w.apply(w.engine(), ApplyOptions{})["hello"]
		if c := o.Plan.Consequence.Count; c == nil || c.String() != "starts 4 tasks" {
			t.Errorf("%v", c)
		}
		if low, high := w.bounds(); low != 14 || high != 40 || w.service("hello").DesiredCount != 14 {
			t.Errorf("%d..%d, %d tasks", low, high, w.service("hello").DesiredCount)
		}
	})
}

// Registering pulls the count in whatever was changed, and when the target is
// new: both wait as well.
func TestRegisteringAnythingPullsTheCount(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		w.wait(w.engine())
		w.autoscaled(9)
		w.files.put("hello.yaml", strings.Replace(scaled(2, 6), "  scaling:", "  policy: {desiredCount: initial}\n  scaling:", 1))
		o := w.apply(w.engine(), ApplyOptions{})["hello"]
		w.want(o, status.StateStalled, status.NeedsApproval, 3)
		if s := targetStep(o); s.Action != plan.ActionCreate || !strings.Contains(s.Why, "stops 3 of 9 running tasks") {
			t.Errorf("%+v", s)
		}
		w.approve(o.Plan.Approval)
		w.wait(w.engine())
		w.wait(w.engine())

		w.autoscaled(8) // above the maximum, by hand
		w.files.put("hello.yaml", scaled(3, 6))
		o = w.apply(w.engine(), ApplyOptions{})["hello"]
		w.want(o, status.StateStalled, status.NeedsApproval, 3)
		if s := targetStep(o); len(s.Changes) != 1 || s.Changes[0].Note != "registering it again pulls the count to its maxCapacity 6: stops 2 of 8 running tasks" {
			t.Errorf("%+v", s.Changes)
		}
	})
}

// A scheduled action moves a bound by design: that is no drift, and no other
// change takes it back.
func TestScheduledBoundsAreNoDrift(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		const morning = "    scheduledActions:\n      morning: {schedule: \"cron(0 6 * * ? *)\", timezone: Europe/Paris, scalableTargetAction: {minCapacity: 12}}\n      evening: {schedule: \"cron(0 20 * * ? *)\", timezone: Europe/Paris, scalableTargetAction: {minCapacity: 4}}"
		w.files.put("hello.yaml", scaled(4, 40, morning))
		w.wait(w.engine())
		for range 24 { // until the morning
			w.sandbox.Advance(hour)
			if low, _ := w.bounds(); low == 12 {
				break
			}
		}
		if low, _ := w.bounds(); low != 12 || w.service("hello").DesiredCount != 12 {
			t.Fatalf("the morning never came: %d, %d tasks", low, w.service("hello").DesiredCount)
		}
		w.sandbox.Advance(10 * minute)
		mark := w.mark()
		o := w.wait(w.engine())["hello"]
		w.want(o, status.StateReady, status.Synced, 0)
		w.quiet(mark, "in the morning")
		if s := targetStep(o); len(s.Changes) != 1 || s.Changes[0].Note != "the scheduled action morning has set it" || !s.Changes[0].Informational {
			t.Errorf("%+v", s.Changes)
		}
		w.files.put("hello.yaml", scaled(4, 50, morning))
		w.wait(w.engine())
		if low, high := w.bounds(); low != 12 || high != 50 {
			t.Errorf("%d..%d, want 12..50", low, high)
		}
		w.files.put("hello.yaml", scaled(4, 9, strings.ReplaceAll(morning, "12}", "6}")))
		w.apply(w.engine(), ApplyOptions{}) // the schedule changes at once
		o = w.apply(w.engine(), ApplyOptions{})["hello"]
		w.approve(o.Plan.Approval)
		w.wait(w.engine())
		if low, high := w.bounds(); low != 4 || high != 9 { // 9 beside 12 is refused: both go
			t.Errorf("%d..%d, want 4..9", low, high)
		}
	})
}

// While a scalable target exists no UpdateService carries a count, whatever is
// deployed (P12).
func TestAutoscaledCountIsNeverSent(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		var mu sync.Mutex
		var sent []string
		watch := func(_ context.Context, c sandbox.Call) *sandbox.Fault {
			if c.Operation != "UpdateService" {
				return nil
			}
			b, err := json.Marshal(c.Input)
			if err == nil && strings.Contains(string(b), `"DesiredCount":`) && !strings.Contains(string(b), `"DesiredCount":null`) {
				mu.Lock()
				sent = append(sent, string(b))
				mu.Unlock()
			}
			return nil
		}
		w.files.put("hello.yaml", scaled(2, 40))
		w.wait(w.engine())
		w.autoscaled(7)
		w.spoil(watch)
		for _, text := range []string{
			strings.Replace(scaled(2, 40), "nginx:1.29", "nginx:1.30", 1),
			strings.Replace(scaled(2, 40), "  service:\n", "  service:\n    enableExecuteCommand: true\n    desiredCount: 3\n", 1),
			strings.Replace(scaled(2, 40), "  scaling:", "  policy: {desiredCount: band}\n  scaling:", 1),
		} {
			w.files.put("hello.yaml", text)
			w.want(w.wait(w.engine())["hello"], status.StateReady, status.Synced, 0)
			if n := w.service("hello").DesiredCount; n != 7 {
				t.Errorf("%d tasks, want the autoscaler's 7", n)
			}
		}
		mu.Lock()
		defer mu.Unlock()
		if len(sent) > 0 {
			t.Errorf("sent: %v", sent)
		}
	})
}
