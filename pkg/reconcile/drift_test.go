package reconcile

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// scale is a person at the console.
func (w *world) scale(service string, n int32) {
	w.t.Helper()
	_, err := w.person().Write.ECS.UpdateService(w.t.Context(), &ecs.UpdateServiceInput{Service: aws.String(service), DesiredCount: aws.Int32(n)})
	w.ok(err)
}

func (w *world) count(service string) int32 { return w.service(service).DesiredCount }

func policy(text, words string) string {
	return strings.Replace(text, "  cluster: default\n", "  cluster: default\n  policy: {"+words+"}\n", 1)
}

// inStep lets the world's clock run as ours does: what AWS stamps is then comparable.
func (w *world) inStep() { w.sandbox = w.aws(1) }

// Too few tasks are healed at once; too many are kept for an hour, shown, and
// then taken away. What else differs is healed meanwhile.
func TestARaisedCountIsHeldAndALoweredOneHealed(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		e := w.engine()
		defer w.run(e)()
		w.until("Ready", stands(e, "hello", status.Synced))

		w.scale("hello", 1)
		if took := w.until("two again", func() bool { return w.count("hello") == 2 }); took > 2*minute {
			t.Errorf("a lowered count was healed after %s", took)
		}
		w.until("Ready", stands(e, "hello", status.Synced))

		w.scale("hello", 5)
		raised := time.Now()
		w.until("DriftGrace", stands(e, "hello", status.DriftGrace))
		s := e.Status()[0]
		if s.State != status.StateDrifted || !strings.Contains(s.Why, "somebody raised the count from 2 to 5 outside of git, seen since ") || !strings.Contains(s.Why, "(policy.driftGrace 1h0m0s)") {
			t.Errorf("it says %s %s", s.State, s.Why)
		}
		w.untag("hello", resource.TagRevision) // what only the tag would tell, this process knows
		_, err := w.person().Write.ECS.UpdateService(t.Context(), &ecs.UpdateServiceInput{Service: aws.String("hello"), EnableExecuteCommand: aws.Bool(true)})
		w.ok(err)
		w.until("the other field", func() bool { return !w.service("hello").EnableExecuteCommand })
		if n := w.count("hello"); n != 5 {
			t.Errorf("with the other field the count became %d", n)
		}
		w.sleep(40 * minute)
		if n := w.count("hello"); n != 5 {
			t.Errorf("after %s the count is %d", time.Since(raised), n)
		}
		w.scale("hello", 6) // raised once more: that is kept for an hour of its own
		w.sleep(30 * minute)
		if n := w.count("hello"); n != 6 {
			t.Errorf("half an hour after the second raise the count is %d", n)
		}
		w.sleep(32 * minute)
		if n := w.count("hello"); n != 2 {
			t.Errorf("an hour after the second raise the count is %d", n)
		}
		w.until("Ready", stands(e, "hello", status.Synced))
		if n := w.told(EventDrift, "service changed: desiredCount"); n == 0 {
			t.Errorf("nobody was told:\n%s", w.story())
		}
	})
}

// The document's own lowering waits for nothing, nor does it where the document
// says that nothing is held.
func TestWhatIsNoRaise(t *testing.T) {
	for name, tc := range map[string]struct {
		before, after string
		raise         int32
		want          int32
	}{
		"the document lowers it":                {hello("hello", "nginx:1.29"), strings.Replace(hello("hello", "nginx:1.29"), "desiredCount: 2", "desiredCount: 1", 1), 0, 1},
		"the document lowers it below a raise":  {hello("hello", "nginx:1.29"), strings.Replace(hello("hello", "nginx:1.29"), "desiredCount: 2", "desiredCount: 1", 1), 4, 1},
		"the document takes the raise over":     {hello("hello", "nginx:1.29"), strings.Replace(hello("hello", "nginx:1.29"), "desiredCount: 2", "desiredCount: 4", 1), 4, 4},
		"driftGrace 0s":                         {policy(hello("hello", "nginx:1.29"), "driftGrace: 0s"), "", 4, 2},
		"a count that is the autoscaler's":      {policy(web, "desiredCount: band"), "", 5, 5},
		"a count that counts at creation alone": {policy(hello("hello", "nginx:1.29"), "desiredCount: initial"), "", 5, 5},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				service := "hello"
				if strings.Contains(tc.before, "name: web}") && strings.Contains(tc.before, "scaling:") {
					service = "web"
				}
				w.files.put("a.yaml", tc.before)
				e := w.engine()
				w.wait(e)
				if tc.raise > 0 {
					w.scale(service, tc.raise)
				}
				if tc.after != "" {
					w.files.put("a.yaml", tc.after)
				}
				w.want(w.wait(e)[service], status.StateReady, status.Synced, 0)
				if n := w.count(service); n != tc.want {
					t.Errorf("the count is %d, want %d", n, tc.want)
				}
			})
		})
	}
}

// One-shot runs and restarted daemons have seen nothing: when ECS started the
// newest task tells them how old a raise is at least.
func TestARaiseIsHeldOverRestarts(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.inStep()
		w.files.put("hello.yaml", policy(hello("hello", "nginx:1.29"), "driftGrace: 30m"))
		w.wait(w.engine())
		w.scale("hello", 4)
		for range 5 {
			w.sleep(5 * minute)
			mark := w.mark()
			w.want(w.apply(w.engine(), ApplyOptions{Wait: true})["hello"], status.StateDrifted, status.DriftGrace, 1)
			w.quiet(mark, "within the half hour")
		}
		w.sleep(6 * minute)
		w.want(w.wait(w.engine())["hello"], status.StateReady, status.Synced, 0)
		if n := w.count("hello"); n != 2 {
			t.Errorf("after half an hour a new process leaves %d", n)
		}
	})
}
