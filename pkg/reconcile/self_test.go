package reconcile

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

const selfARN = "arn:aws:ecs:us-east-1:123456789012:service/default/operator"

// operator is the document of the operator's own service.
func operator(image string, policy ...string) string {
	return strings.NewReplacer("desiredCount: 2", "desiredCount: 1",
		"deploymentConfiguration:\n", "deploymentConfiguration:\n      maximumPercent: 100\n      minimumHealthyPercent: 0\n").Replace(hello("operator", image, policy...))
}

// The operator's own service comes after all others, whatever its wave; the next
// operator goes on where this one was stopped.
func TestItUpdatesItselfLast(t *testing.T) {
	for _, slots := range []int{0, 1} {
		t.Run(fmt.Sprintf("slots %d", slots), func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.self, w.slots = selfARN, slots
				put := func(image string) {
					w.files.put("a.yaml", hello("api", image))
					w.files.put("operator.yaml", operator(image, inWave(-3)))
					w.files.put("web.yaml", hello("web", image, inWave(2)))
				}
				put("nginx:1.29")
				w.ready(w.wait(w.engine()), "api", "operator", "web")
				h := w.harbour(nil)
				put("nginx:1.30")
				w.ready(w.wait(w.engine()), "api", "operator", "web")
				if got := strings.Join(h.starts(), " "); got != "api web operator" {
					t.Errorf("apply deployed %s", got)
				}

				e := w.engine()
				stop := w.run(e)
				w.until("everything is seen", func() bool { return w.told(EventPass, "3 services ready") > 0 })
				h = w.harbour(nil)
				put("nginx:1.31")
				w.until("it waits", stands(e, "operator", status.SelfLast))
				if got := why(e, "operator"); !strings.HasPrefix(got, "SelfLast: this service runs the operator itself, which updates itself last; it waits for ") {
					t.Error(got)
				}
				w.until("its own deployment", func() bool { return h.of("operator") == 1 })
				stop() // ECS stops the old task first
				mark := w.mark()
				e = w.engine()
				defer w.run(e)()
				w.until("the new one sees all ready", func() bool {
					return stands(e, "api", status.Synced)() && stands(e, "web", status.Synced)() && stands(e, "operator", status.Synced)()
				})
				if got := strings.Join(h.starts(), " "); got != "api web operator" {
					t.Errorf("the daemon deployed %s", got)
				}
				w.quiet(mark, "the next operator")
			})
		})
	}
}

// What failed or waits for a person does not keep a newer operator away: it may be
// what mends it. Nor does what never ends, for more than an hour.
func TestItUpdatesItselfThoughOthersFail(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.self = selfARN
		put := func(image, others string) {
			w.files.put("a.yaml", hello("api", others))
			w.files.put("manual.yaml", hello("manual", others, "  policy: {mode: manual}"))
			w.files.put("needs.yaml", hello("needs", others, "  dependsOn: [api]"))
			w.files.put("operator.yaml", operator(image))
			w.files.put("web.yaml", hello("web", others, inWave(2)))
		}
		all := []string{"api", "manual", "needs", "operator", "web"}
		put("nginx:1.29", "nginx:1.29")
		w.files.put("manual.yaml", hello("manual", "nginx:1.29"))
		w.ready(w.wait(w.engine()), all...)
		h := w.harbour(nil)
		put("nginx:1.30", "nginx:crash")
		o := w.wait(w.engine())
		w.want(o["api"], status.StateStalled, status.RolledBack, 5)
		w.want(o["web"], status.StateStalled, status.WaveFailed, 1)
		w.want(o["operator"], status.StateReady, status.Synced, 0)
		if got := strings.Join(h.starts(), " "); got != "api operator" {
			t.Errorf("deployed %s", got)
		}
	})
	inWorldAt(t, 1, func(t *testing.T, w *world) {
		w.self, w.pace = selfARN, minute
		endless := func(image string) string {
			return strings.ReplaceAll(hello("api", image), "enable: true", "enable: false")
		}
		w.files.put("a.yaml", endless("nginx:1.29"))
		w.files.put("operator.yaml", operator("nginx:1.29"))
		w.ready(w.wait(w.engine()), "api", "operator")
		h := w.harbour(nil)
		w.files.put("a.yaml", endless("nginx:crash"))
		w.files.put("operator.yaml", operator("nginx:1.30"))
		e := w.engine()
		defer w.run(e)()
		w.sleep(selfPatience - 5*minute)
		if got := why(e, "operator"); h.of("operator") != 0 || !strings.HasSuffix(got, "it waits for api (RolloutInProgress)") {
			t.Errorf("%v; %s", h.starts(), got)
		}
		w.sleep(30 * minute)
		if h.of("operator") != 1 {
			t.Errorf("it waits for ever: %s", why(e, "operator"))
		}
	})
}

// Its own service is neither deleted nor run twice at once, and only its own.
func TestWhatItDoesNotDoToItself(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.self = selfARN
		w.files.put("operator.yaml", operator("nginx:1.29"))
		w.files.put("web.yaml", hello("web", "nginx:1.29"))
		w.ready(w.sync(w.scoped("shop", true)), "operator", "web")
		for _, c := range []struct{ what, old, new, why string }{
			{"side by side", "deploymentConfiguration:\n", "deploymentConfiguration:\n      strategy: CANARY\n      canaryConfiguration: {canaryPercent: 10, canaryBakeTimeInMinutes: 1}\n", "under CANARY two of it would run side by side"},
			{"deleted", "  service:\n", "  service:\n    schedulingStrategy: DAEMON\n", "cannot make it anew once it has deleted it"},
		} {
			mark := w.mark()
			doc := strings.Replace(operator("nginx:1.30", "  policy: {recreate: true}"), c.old, c.new, 1)
			if c.what == "deleted" {
				doc = strings.Replace(doc, "    desiredCount: 1\n", "", 1)
			}
			w.files.put("operator.yaml", doc)
			o := w.wait(w.scoped("shop", false))["operator"]
			w.want(o, status.StateStalled, status.SelfUnsafe, 2)
			if !strings.Contains(o.Status.Why, c.why) {
				t.Errorf("%s: %q", c.what, o.Status.Why)
			}
			w.quiet(mark, c.what)
		}

		mark := w.mark()
		w.files.put("operator.yaml", "")
		for range 2 {
			w.sync(w.scoped("shop", true))
		}
		w.quiet(mark, "its document is gone")
		w.self = strings.Replace(selfARN, "us-east-1", "eu-west-1", 1) // that is another service
		w.sync(w.scoped("shop", true))
		if n := w.done("DeleteService"); n != 1 {
			t.Errorf("%d services were deleted; one was nobody's own", n)
		}
	})
}

func TestAdviceForItself(t *testing.T) {
	for _, c := range []struct{ doc, want string }{
		{operator("nginx:1.29"), ""},
		{hello("operator", "nginx:1.29"), "no two of it run at once|desiredCount: 1"},
		{hello("other", "nginx:1.29"), ""},
	} {
		inWorld(t, func(t *testing.T, w *world) {
			w.self = selfARN
			w.files.put("operator.yaml", c.doc)
			var got []string
			for _, p := range w.load(w.engine()).Problems {
				if p.Severity != spec.Warning || !strings.HasPrefix(p.Message, "this service runs the operator itself: ") || p.File != "operator.yaml" || p.Line == 0 {
					t.Errorf("%+v", p)
				}
				got = append(got, p.Message)
			}
			want := strings.Split(c.want, "|")
			if c.want == "" {
				want = nil
			}
			if len(got) != len(want) {
				t.Fatalf("%q, want %q", got, want)
			}
			for i := range want {
				if !strings.Contains(got[i], want[i]) {
					t.Errorf("%q, want %q", got[i], want[i])
				}
			}
		})
	}
}

func TestWhoIsSelf(t *testing.T) {
	at := func(arn string) resource.Live {
		return resource.Live{ID: resource.ID{Kind: resource.KindService}, ARN: arn}
	}
	e := New(Options{Self: selfARN})
	for arn, want := range map[string]bool{
		selfARN: true,
		"arn:aws:ecs:us-east-1:123456789012:service/operator":         true, // the old form
		"arn:aws:ecs:us-east-1:123456789012:service/other/operator":   false,
		"arn:aws:ecs:us-east-1:123456789012:service/default/web":      false,
		"arn:aws:ecs:us-east-1:999999999999:service/default/operator": false,
		"arn:aws:ecs:eu-west-1:123456789012:service/default/operator": false,
		"arn:aws:ecs:us-east-1:123456789012:cluster/default":          false,
		"": false,
	} {
		if got := e.isSelf("default", at(arn)); got != want {
			t.Errorf("%s: %v", arn, got)
		}
	}
	if New(Options{}).isSelf("default", at(selfARN)) {
		t.Error("an operator that is no task has a service of its own")
	}
	if selfPatience < 30*time.Minute {
		t.Error("shorter than a usual deployment")
	}
}
