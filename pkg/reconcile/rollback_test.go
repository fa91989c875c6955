package reconcile

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// commits deploys images one after the other, each as a commit of its own.
func (w *world) commits(images ...string) {
	w.t.Helper()
	for _, image := range images {
		w.files.put("hello.yaml", hello("hello", image))
		w.want(w.wait(w.engine())["hello"], status.StateReady, status.Synced, 0)
	}
}

// rollback is the command, in a process of its own.
func (w *world) rollback(to string) WayBack {
	w.t.Helper()
	e := w.engine()
	out, err := e.Rollback(w.t.Context(), w.load(e).Units[0], to, "anna")
	w.ok(err)
	return out
}

func (w *world) tagOf(service, key string) string {
	w.t.Helper()
	for _, t := range w.service(service).Tags {
		if aws.ToString(t.Key) == key {
			return aws.ToString(t.Value)
		}
	}
	return ""
}

// A rollback by hand goes to the content before; what it leaves stays on hold, for
// every process and beyond ECS' history, while drift beside it is healed; the next
// commit is deployed.
func TestRollbackByHand(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.commits("nginx:1.29", "nginx:1.30", "nginx:1.31")
		out := w.rollback("")
		if out.Already || out.From != "default-hello:3" || out.To != "default-hello:2" || out.Deployment == "" {
			t.Errorf("%+v", out)
		}
		e := w.engine()
		stop := w.run(e)
		w.until("the way back", func() bool { return stands(e, "hello", status.OnHold)() && w.service("hello").RunningCount == 2 })
		stop()
		mark := w.mark()
		for range 2 {
			o := w.wait(w.engine())["hello"]
			w.want(o, status.StateStalled, status.OnHold, 3)
			if why := o.Status.Why; !strings.Contains(why, "rolled back by hand to default-hello:2 by anna, waiting for a new commit") {
				t.Errorf("why: %s", why)
			}
		}
		if again := w.rollback(""); !again.Already || again.To != "default-hello:2" {
			t.Errorf("again: %+v", again)
		}
		w.sandbox.Advance(100 * day)
		w.want(w.wait(w.engine())["hello"], status.StateStalled, status.OnHold, 3)
		w.quiet(mark, "while it is on hold")
		if got := w.image("hello"); got != "nginx:1.30" {
			t.Errorf("the service runs %s", got)
		}
		_, err := w.person().Write.ECS.UpdateService(t.Context(), &ecs.UpdateServiceInput{
			Cluster: aws.String("default"), Service: aws.String("hello"), DesiredCount: aws.Int32(1)})
		w.ok(err)
		w.want(w.wait(w.engine())["hello"], status.StateStalled, status.OnHold, 3)
		if s := w.service("hello"); s.DesiredCount != 2 {
			t.Errorf("drift: %d tasks", s.DesiredCount)
		}
		w.commits("nginx:1.32")
		w.files.put("hello.yaml", hello("hello", "nginx:1.31")) // the very same content
		w.want(w.wait(w.engine())["hello"], status.StateStalled, status.OnHold, 3)
		e = w.engine()
		if _, err := e.Retry(t.Context(), w.load(e).Units[0].Key); err != nil {
			t.Fatal(err)
		}
		w.commits("nginx:1.31")
	})
}

// Going back passes over what was put aside before, by hand or because it failed.
func TestRollbackPassesOverWhatWasPutAside(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.commits("nginx:1.29", "nginx:1.30")
		w.rollback("")
		w.sleep(hour)
		w.commits("nginx:1.31")
		if out := w.rollback(""); out.To != "default-hello:1" {
			t.Errorf("over what is on hold: %+v", out)
		}
		w.sleep(hour)
		w.files.put("hello.yaml", hello("hello", "nginx:crash"))
		w.want(w.wait(w.engine())["hello"], status.StateStalled, status.RolledBack, 5)
		mark := w.mark()
		if out := w.rollback(""); !out.Already || !strings.Contains(out.Why, "ECS has rolled default-hello:4 back already") {
			t.Errorf("after a rollback by ECS: %+v", out)
		}
		w.quiet(mark, "where ECS has rolled back")
		w.commits("nginx:1.32")
		if out := w.rollback(""); out.To != "default-hello:1" {
			t.Errorf("over what failed and what is on hold: %+v", out)
		}
	})
}

// After the commit was reverted, what had been put aside is newer than what was
// before it, and passed over all the same: what is on hold, and what is quarantined
// although its deployment succeeded, because a hook failed behind it.
func TestRollbackAfterARevert(t *testing.T) {
	for name, bad := range map[string]func(w *world){
		"on hold": func(w *world) {
			w.commits("nginx:1.30")
			w.rollback("")
			w.sleep(hour)
		},
		"quarantined": func(w *world) {
			w.files.put("hello.yaml", hooked("nginx:1.30", "true", "exit 4"))
			w.want(w.wait(w.engine())["hello"], status.StateStalled, status.HookFailed, 5)
		},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.commits("nginx:1.28", "nginx:1.29")
				bad(w)
				w.commits("nginx:1.29")
				if got := w.image("hello"); got != "nginx:1.29" {
					t.Fatalf("the service runs %s", got)
				}
				if out := w.rollback(""); out.To != "default-hello:1" {
					t.Errorf("%+v", out)
				}
			})
		})
	}
}

// What is restored is all of the content: the service's fields beside the task
// definition, which may be the same. What only the service's fields tell apart is
// told apart.
func TestRollbackOfTheServicesFields(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("web.yaml", web)
		w.want(w.wait(w.engine())["web"], status.StateReady, status.Synced, 0)
		w.files.put("web.yaml", strings.Replace(web, "subnets: [subnet-0sandboxa, subnet-0sandboxb]", "subnets: [subnet-0sandboxa]", 1))
		w.want(w.wait(w.engine())["web"], status.StateReady, status.Synced, 0)
		out := w.rollback("")
		w.sleep(hour)
		if n := len(w.service("web").NetworkConfiguration.AwsvpcConfiguration.Subnets); n != 2 || out.From != out.To {
			t.Errorf("%d subnets, %+v", n, out)
		}
		w.want(w.wait(w.engine())["web"], status.StateStalled, status.OnHold, 3)
		w.files.put("web.yaml", web)
		mark := w.mark()
		w.want(w.wait(w.engine())["web"], status.StateReady, status.Synced, 0)
		if slices.ContainsFunc(w.writes(mark), func(s string) bool { return strings.HasPrefix(s, "UpdateService") }) {
			t.Errorf("the revert of the commit wrote %v", w.writes(mark))
		}
	})
}

// Without history a person says which revision; one that is not there, not ACTIVE
// or the present one is refused with those that are.
func TestRollbackWithoutHistory(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.commits("nginx:1.29", "nginx:1.30", "nginx:1.31")
		w.sandbox.Advance(100 * day)
		_, err := w.person().Write.ECS.DeregisterTaskDefinition(t.Context(), &ecs.DeregisterTaskDefinitionInput{TaskDefinition: aws.String("default-hello:2")})
		w.ok(err)
		mark := w.mark()
		for to, want := range map[string]string{
			"":       "knows no earlier deployment that succeeded with another content which was not put aside; say which revision with --to N: default-hello:1 are ACTIVE",
			"2":      "default-hello:2 is not ACTIVE any more; say which revision with --to N: default-hello:1 are ACTIVE",
			"9":      "there is no task definition revision default-hello:9; say which",
			"latest": "--to latest: want the number of a task definition revision",
		} {
			e := w.engine()
			_, err := e.Rollback(t.Context(), w.load(e).Units[0], to, "anna")
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("--to %q: %v", to, err)
			}
		}
		if out := w.rollback("3"); !out.Already {
			t.Errorf("to what it has: %+v", out)
		}
		w.quiet(mark, "refused")
		w.rollback("1")
		w.sleep(hour)
		w.want(w.wait(w.engine())["hello"], status.StateStalled, status.OnHold, 3)
		if got := w.image("hello"); got != "nginx:1.29" {
			t.Errorf("the service runs %s", got)
		}
		if tag := w.tagOf("hello", resource.TagHold); !strings.Contains(tag, " to=default-hello:1 by=anna") {
			t.Errorf("hold: %s", tag)
		}
	})
}

// While a deployment runs there is nothing to go back from.
func TestRollbackDisturbsNothing(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.commits("nginx:1.29")
		w.files.put("hello.yaml", hello("hello", "nginx:1.30"))
		w.apply(w.engine(), ApplyOptions{})
		mark := w.mark()
		e := w.engine()
		_, err := e.Rollback(t.Context(), w.load(e).Units[0], "", "anna")
		if err == nil || !strings.Contains(err.Error(), "a deployment of default-hello:2 is running: `ecs-operator abort hello`") {
			t.Errorf("%v", err)
		}
		w.quiet(mark, "while a deployment runs")
	})
}

// The way back fails: ECS settles on what was left, and nobody tries again. The
// next rollback goes further back.
func TestRollbackThatFails(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.commits("nginx:1.28", "nginx:1.29", "nginx:1.30")
		w.rollback("")
		w.sandbox.Advance(0)
		e := w.engine()
		if _, _, err := e.Abort(t.Context(), w.load(e).Units[0]); err != nil {
			t.Fatal(err)
		}
		w.sleep(hour)
		mark := w.mark()
		for range 2 {
			o := w.wait(w.engine())["hello"]
			w.want(o, status.StateStalled, status.OnHold, 3)
			if !strings.Contains(o.Status.Why, "AWS runs what was rolled back by hand") {
				t.Errorf("why: %s", o.Status.Why)
			}
		}
		w.quiet(mark, "after the way back has failed")
		e = w.engine()
		out, err := e.Rollback(t.Context(), w.load(e).Units[0], "1", "anna")
		if err != nil || out.To != "default-hello:1" {
			t.Errorf("%+v %v", out, err)
		}
		if h := out.Hold.Items; len(h) != 1 || h[0].Hash != w.load(e).Units[0].ContentHash || h[0].Revision == "" {
			t.Errorf("on hold: %+v, want what the service had", h)
		}
		w.sleep(hour)
		w.commits("nginx:1.32")
	})
}

// A process that dies at any write of a rollback, before it was sent or with its
// answer lost, leaves what the daemon finishes; before the first one nothing was
// said. One deployment goes back, and nothing comes after it.
func TestDeathAtEveryWriteOfARollback(t *testing.T) {
	everyDeath(t, "write", 3, nil, func(w *world, k int, after bool) bool {
		w.commits("nginx:1.29", "nginx:1.30")
		e := w.engine()
		u := w.load(e).Units[0]
		died := w.death(k, after, writing, nil)
		_, _ = e.Rollback(w.t.Context(), u, "", "anna")
		w.spoil(nil)
		o := w.wait(w.engine())["hello"]
		if k == 1 && !after {
			w.want(o, status.StateReady, status.Synced, 0)
			w.rollback("")
			w.wait(w.engine())
		}
		w.sleep(hour)
		w.want(w.wait(w.engine())["hello"], status.StateStalled, status.OnHold, 3)
		if got := w.image("hello"); got != "nginx:1.29" || w.done("UpdateService") != 2 {
			w.t.Errorf("the service runs %s after %d updates: %v", got, w.done("UpdateService"), w.writes(0))
		}
		if tag := w.tagOf("hello", resource.TagSpecHash); strings.Contains(w.tagOf("hello", resource.TagHold), orElse(tag, "none")) {
			w.t.Errorf("the content that was written last is on hold: %s", tag)
		}
		mark := w.mark()
		w.wait(w.engine())
		if !w.rollback("").Already {
			w.t.Error("repeated, it goes back once more")
		}
		w.quiet(mark, "afterwards")
		return died()
	})
}

// The command is repeated where it died, instead of a daemon.
func TestRepeatedRollback(t *testing.T) {
	everyDeath(t, "write", 3, nil, func(w *world, k int, after bool) bool {
		w.commits("nginx:1.28", "nginx:1.29", "nginx:1.30")
		e := w.engine()
		u := w.load(e).Units[0]
		died := w.death(k, after, writing, nil)
		_, _ = e.Rollback(w.t.Context(), u, "", "anna")
		w.spoil(nil)
		if out := w.rollback(""); out.To != "default-hello:2" {
			w.t.Errorf("%+v", out)
		}
		w.sleep(hour)
		w.want(w.wait(w.engine())["hello"], status.StateStalled, status.OnHold, 3)
		if n := w.done("UpdateService"); n != 3 {
			w.t.Errorf("%d updates: %v", n, w.writes(0))
		}
		return died()
	})
}

// A service that shifts its traffic goes back as it came: by a shift.
func TestRollbackBlueGreen(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		example := func(name string) string {
			text, err := os.ReadFile("../../examples/blue-green/" + name)
			w.ok(err)
			return string(text)
		}
		w.files.put("prod.yaml", example("prod.yaml"))
		for _, version := range []string{"1.42.0", "1.43.0"} {
			w.files.put("checkout.yaml", strings.Replace(example("checkout.yaml"), "checkout:1.42.0", "checkout:"+version, 1))
			w.want(w.wait(w.engine())["checkout"], status.StateReady, status.Synced, 0)
		}
		w.rollback("")
		w.sleep(hour)
		w.want(w.wait(w.engine())["checkout"], status.StateStalled, status.OnHold, 3)
		e := w.engine()
		history, err := e.History(t.Context(), w.load(e).Units[0], 1)
		w.ok(err)
		if d := history[0]; d.Status != resource.DeploymentSucceeded || plan.RevisionName(d.TaskDefinition) != "default-checkout:1" || d.Strategy != string(types.DeploymentStrategyBlueGreen) {
			t.Errorf("%+v", d)
		}
	})
}

// Target groups that the service stood behind before are no part of the way back:
// the rules lead the requests to those of today.
func TestRollbackKeepsTheTargetGroups(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("web.yaml", web)
		w.want(w.wait(w.engine())["web"], status.StateReady, status.Synced, 0)
		w.files.put("web.yaml", strings.NewReplacer("HTTP, port: 80", "HTTP, port: 8080", "nginx:1.29", "nginx:1.30").Replace(web))
		e := w.engine()
		stop := w.run(e)
		w.until("the new group has taken over", func() bool {
			return stands(e, "web", status.Synced)() && len(w.service("web").LoadBalancers) == 1
		})
		stop()
		group := aws.ToString(w.service("web").LoadBalancers[0].TargetGroupArn)
		if out := w.rollback(""); out.To != "default-web:1" {
			t.Errorf("%+v", out)
		}
		w.sleep(hour)
		w.want(w.wait(w.engine())["web"], status.StateStalled, status.OnHold, 3)
		if now := w.service("web").LoadBalancers; len(now) != 1 || aws.ToString(now[0].TargetGroupArn) != group || w.image("web") != "nginx:1.29" {
			t.Errorf("%s behind %s, want nginx:1.29 behind %s", w.image("web"), aws.ToString(now[0].TargetGroupArn), group)
		}
	})
}

// What AWS refuses is not tried again: the hold is taken back with it.
func TestRollbackThatIsRefused(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.commits("nginx:1.29", "nginx:1.30")
		w.spoil(always(sandbox.Fault{Code: "InvalidParameterException", Message: "no such subnet", Status: 400}, "UpdateService"))
		e := w.engine()
		_, err := e.Rollback(t.Context(), w.load(e).Units[0], "", "anna")
		if err == nil || !strings.Contains(err.Error(), "the way back to default-hello:1 is refused, and nothing was changed") {
			t.Errorf("%v", err)
		}
		w.spoil(nil)
		if tag := w.tagOf("hello", resource.TagHold); tag != "" {
			t.Errorf("hold: %s", tag)
		}
		mark := w.mark()
		w.want(w.wait(w.engine())["hello"], status.StateReady, status.Synced, 0)
		w.quiet(mark, "after the refusal")
	})
}

// A rollback that a lost answer hides is found by looking.
func TestRollbackWithItsAnswerLost(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.commits("nginx:1.29", "nginx:1.30")
		e := w.engine()
		u := w.load(e).Units[0]
		w.spoil(func(_ context.Context, c sandbox.Call) *sandbox.Fault {
			if c.Operation == "UpdateService" {
				return &sandbox.Fault{Drop: true, AfterEffect: true}
			}
			return nil
		})
		out, err := e.Rollback(t.Context(), u, "", "anna")
		if err != nil || out.To != "default-hello:1" {
			t.Errorf("%+v %v", out, err)
		}
	})
}

// Who waits for the way back is told its own end, not that of what overtook it.
func TestWayBackOvertaken(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.commits("nginx:1.29", "nginx:1.30")
		out := w.rollback("")
		w.files.put("hello.yaml", hello("hello", "nginx:1.31"))
		e := w.engine()
		w.apply(e, ApplyOptions{})
		d, ended, err := e.AwaitWayBack(t.Context(), w.load(e).Units[0], out, time.Hour)
		w.ok(err)
		if !ended || d == nil || d.ARN != out.Deployment || d.Status != resource.DeploymentSuperseded {
			t.Errorf("ended %v: %+v", ended, d)
		}
	})
}
