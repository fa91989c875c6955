package reconcile

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// inECR is an image of the account's own registry.
func inECR(tag string) string { return "123456789012.dkr.ecr.us-east-1.amazonaws.com/hello:" + tag }

// verified runs a scenario in which rollouts are verified.
func verified(t *testing.T, run func(t *testing.T, w *world)) {
	t.Helper()
	inWorld(t, func(t *testing.T, w *world) {
		w.verify = true
		run(t, w)
	})
}

// asked are the calls of verify so far.
func (w *world) asked() (n int) {
	for _, e := range w.sandbox.Journal() {
		if slices.Contains([]string{"ec2", "ecr", "iam", "lambda", "logs", "secretsmanager", "ssm"}, e.Service) {
			n++
		}
	}
	return n
}

// notPushed lets ECR know no image yet.
var notPushed = sandbox.Fault{Code: "RepositoryNotFoundException", Message: "not pushed yet"}

// A missing image holds the rollout up: nothing is registered and nothing is
// deployed, while a count that somebody changed is healed. When the image is there the
// daemon starts the rollout by itself.
func TestVerifyHoldsARollout(t *testing.T) {
	verified(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", inECR("1")))
		w.ready(w.wait(w.engine()), "hello")
		registered, mark := w.done("RegisterTaskDefinition"), w.mark()

		w.files.put("hello.yaml", hello("hello", inECR("2")))
		w.spoil(always(notPushed, "BatchGetImage"))
		o := w.wait(w.engine())["hello"]
		w.want(o, status.StateStalled, status.VerifyFailed, status.ExitNotDone)
		const why = " (taskDefinition.containerDefinitions[web].image): there is no image hello:2 in ECR of account 123456789012 in us-east-1"
		if o.Status.Why != "image "+inECR("2")+why {
			t.Errorf("%q", o.Status.Why)
		}
		w.quiet(mark, "while the image is missing")

		d := w.engine()
		defer w.run(d)()
		w.until("held", stands(d, "hello", status.VerifyFailed))
		_, err := w.person().Write.ECS.UpdateService(t.Context(), &ecs.UpdateServiceInput{
			Cluster: aws.String("default"), Service: aws.String("hello"), DesiredCount: aws.Int32(1)})
		w.ok(err)
		w.until("the count is healed", func() bool { return w.service("hello").DesiredCount == 2 })
		w.sleep(10 * time.Minute)
		if n := w.done("RegisterTaskDefinition"); n != registered {
			t.Errorf("%d revisions registered, want %d", n, registered)
		}
		before := w.asked()
		w.sleep(10 * time.Minute)
		// Two calls a pass: the image, and the rules that might bring it.
		if n := w.asked() - before; n < 8 || n > 26 {
			t.Errorf("%d calls in ten minutes of waiting", n)
		}
		w.spoil(nil)
		w.until("the rollout", func() bool { return w.done("RegisterTaskDefinition") == registered+1 })
		w.until("its end", stands(d, "hello", status.Synced))
	})
}

// A first deployment is held with all that would be made around it.
func TestVerifyHoldsAFirstDeployment(t *testing.T) {
	verified(t, func(t *testing.T, w *world) {
		in := strings.Replace(web, "  taskDefinition:\n", "  taskDefinition:\n    taskRoleArn: arn:aws:iam::123456789012:role/missing\n", 1)
		w.files.put("web.yaml", in)
		mark := w.mark()
		w.want(w.wait(w.engine())["web"], status.StateStalled, status.VerifyFailed, status.ExitNotDone)
		w.quiet(mark, "a first deployment without its role")
		w.files.put("web.yaml", strings.Replace(in, "role/missing", "role/there", 1))
		w.ready(w.wait(w.engine()), "web")
	})
}

// A pass that starts no rollout asks nothing of what verify asks.
func TestVerifyAsksOnlyBeforeRollouts(t *testing.T) {
	verified(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", inECR("1")))
		d := w.engine()
		defer w.run(d)()
		w.until("synced", stands(d, "hello", status.Synced))
		n := w.asked()
		if n == 0 {
			t.Fatal("the first rollout was not verified")
		}
		w.sleep(2 * time.Hour)
		_, err := w.person().Write.ECS.UpdateService(t.Context(), &ecs.UpdateServiceInput{
			Cluster: aws.String("default"), Service: aws.String("hello"), DesiredCount: aws.Int32(1)})
		w.ok(err)
		w.until("the count is healed", func() bool { return w.service("hello").DesiredCount == 2 })
		if more := w.asked() - n; more > 0 {
			t.Errorf("%d calls in two hours without a rollout", more)
		}
		if e := w.engine(); len(e.Plan(t.Context(), w.load(e).Units)) != 1 || w.asked() != n {
			t.Error("a plan that is only shown asks")
		}
	})
}

// What could not be asked holds nothing up, and is told once.
func TestVerifyDenied(t *testing.T) {
	verified(t, func(t *testing.T, w *world) {
		w.spoil(always(sandbox.Fault{Code: "AccessDeniedException", Message: "no", Status: 400}, "BatchGetImage"))
		w.files.put("hello.yaml", hello("hello", inECR("1")))
		w.ready(w.wait(w.engine()), "hello")
		if n := w.told(EventStep, "not checked before the rollout: image "+inECR("1")); n != 1 {
			t.Errorf("told %d times\n%s", n, w.story())
		}
	})
}

// Failed content stays in quarantine, whatever is missing: it is neither asked for
// nor told otherwise.
func TestVerifyLeavesQuarantineAlone(t *testing.T) {
	verified(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", inECR("1")))
		w.ready(w.wait(w.engine()), "hello")
		w.files.put("hello.yaml", hello("hello", inECR("crash")))
		w.want(w.wait(w.engine())["hello"], status.StateStalled, status.RolledBack, status.ExitRolloutFailed)
		w.apply(w.engine(), ApplyOptions{})
		before := w.asked()
		w.spoil(always(notPushed, "BatchGetImage"))
		for range 3 {
			if o := w.apply(w.engine(), ApplyOptions{})["hello"]; o.Status.Reason == status.VerifyFailed || o.Exit() != status.ExitRolloutFailed {
				t.Errorf("%s %q", o.Status.Reason, o.Status.Why)
			}
		}
		if n := w.asked() - before; n > 0 {
			t.Errorf("%d calls about content in quarantine", n)
		}
	})
}

// An approved plan keeps its approval while something is missing.
func TestVerifyKeepsAnApproval(t *testing.T) {
	verified(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", inECR("1")))
		w.wait(w.engine())
		w.files.put("hello.yaml", hello("hello", inECR("2"), "  policy: {mode: manual}"))
		w.spoil(always(notPushed, "BatchGetImage"))
		e := w.engine()
		hash := w.apply(e, ApplyOptions{})["hello"].Plan.Seal.Hash
		w.ok(e.ApprovePlan(t.Context(), w.load(e).Units[0], hash))
		mark := w.mark()
		o := w.wait(w.engine())["hello"]
		if o.Status.Reason != status.VerifyFailed || !strings.HasPrefix(o.Status.Why, "the plan is approved; image ") {
			t.Errorf("%s %q", o.Status.Reason, o.Status.Why)
		}
		w.quiet(mark, "approved, and the image is missing")
		w.spoil(nil)
		w.ready(w.wait(w.engine()), "hello")
	})
}

// A saved plan is carried out as a whole, or not at all.
func TestVerifyHoldsASavedPlan(t *testing.T) {
	verified(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", inECR("1")))
		w.wait(w.engine())
		w.files.put("hello.yaml", strings.Replace(hello("hello", inECR("missing")), "desiredCount: 2", "desiredCount: 3", 1))
		saved := w.save()
		mark := w.mark()
		w.want(w.carryOut(saved, true)["hello"], status.StateStalled, status.VerifyFailed, status.ExitNotDone)
		w.quiet(mark, "a saved plan whose image is missing")
	})
}

// The hooks before a deployment belong to the rollout: none runs while something is
// missing. The way back after a failed one is not held up.
func TestVerifyAndHooks(t *testing.T) {
	const hooks = `  hooks:
    preDeploy: {migrate: {overrides: {containerOverrides: [{name: web, command: [./migrate]}]}}}
    postDeploy: {smoke: {overrides: {containerOverrides: [{name: web, command: [sh, -c, "exit 0"]}]}}}`
	verified(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", inECR("1"), hooks))
		w.ready(w.wait(w.engine()), "hello")
		ran, first := w.done("RunTask"), aws.ToString(w.service("hello").TaskDefinition)
		w.files.put("hello.yaml", hello("hello", inECR("missing"), hooks))
		mark := w.mark()
		w.want(w.wait(w.engine())["hello"], status.StateStalled, status.VerifyFailed, status.ExitNotDone)
		w.quiet(mark, "a hook before a rollout that cannot start")

		w.files.put("hello.yaml", hello("hello", inECR("2"), strings.Replace(hooks, "exit 0", "exit 3", 1)))
		w.apply(w.engine(), ApplyOptions{})
		for range 200 { // until the deployment is there; then the image goes
			w.sleep(time.Second)
			if o := w.apply(w.engine(), ApplyOptions{})["hello"]; deploying(o) {
				break
			}
		}
		w.spoil(always(notPushed, "BatchGetImage"))
		w.want(w.wait(w.engine())["hello"], status.StateStalled, status.HookFailed, status.ExitRolloutFailed)
		if n := w.done("RunTask") - ran; n != 2 {
			t.Errorf("%d tasks, want a migration and a smoke test", n)
		}
		if now := aws.ToString(w.service("hello").TaskDefinition); now != first {
			t.Errorf("the service runs %s, want %s", now, first)
		}
	})
}

// deploying reports whether the service has begun to move.
func deploying(o Outcome) bool {
	for _, s := range o.Plan.Steps {
		if s.ID.Kind == resource.KindService && s.Action != plan.ActionNone {
			return s.Blocked == ""
		}
	}
	return true
}
