package reconcile

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// hooked is a document with one hook before and one after the deployment.
func hooked(image, before, after string) string {
	return hello("hello", image, fmt.Sprintf(`  hooks:
    preDeploy:
      migrate: {overrides: {containerOverrides: [{name: web, command: [sh, -c, "%s"]}]}, timeout: 10m}
    postDeploy:
      smoke: {overrides: {containerOverrides: [{name: web, command: [sh, -c, "%s"]}]}, timeout: 5m}`, before, after))
}

// Hooks run once for a content, before the service is touched and after its
// deployment; a pass over the world afterwards runs nothing.
func TestHooksRunOnce(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hooked("nginx:1.29", "./migrate up", "./smoke"))
		w.want(w.wait(w.engine())["hello"], status.StateReady, status.Synced, 0)
		var order []string
		for _, e := range w.sandbox.Writes() {
			switch e.Operation {
			case "RunTask", "CreateService", "UpdateService":
				order = append(order, e.Operation)
			}
		}
		if got := strings.Join(order, " "); got != "RunTask CreateService RunTask" {
			t.Errorf("%s, want the hook, the service, the other hook", got)
		}
		mark := w.mark()
		for range 3 {
			w.want(w.wait(w.engine())["hello"], status.StateReady, status.Synced, 0)
		}
		w.sandbox.Advance(100 * 24 * hour)
		w.want(w.wait(w.engine())["hello"], status.StateReady, status.Synced, 0)
		w.quiet(mark, "afterwards")
		w.files.put("hello.yaml", hooked("nginx:1.30", "./migrate up", "./smoke"))
		w.want(w.wait(w.engine())["hello"], status.StateReady, status.Synced, 0)
		if n := w.done("RunTask"); n != 4 {
			t.Errorf("%d tasks, want two for each content", n)
		}
		w.files.put("hello.yaml", hooked("nginx:1.29", "./migrate up", "./smoke"))
		w.want(w.wait(w.engine())["hello"], status.StateReady, status.Synced, 0)
		if n := w.done("RunTask"); n != 4 {
			t.Errorf("%d tasks after the commit was reverted, want 4: that content has had its hooks", n)
		}
	})
}

// A failing hook before the deployment blocks it: the service is not touched, and
// retry lets it run once more.
func TestFailingHookBeforeBlocks(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		w.wait(w.engine())
		mark := w.mark()
		w.files.put("hello.yaml", hooked("nginx:1.30", "exit 3", "./smoke"))
		for range 3 {
			o := w.wait(w.engine())["hello"]
			w.want(o, status.StateStalled, status.HookFailed, 5)
			if why := o.Status.Why; !strings.Contains(why, "hook migrate failed: task stopped: exit 3") || !strings.Contains(why, "retry hello") {
				t.Errorf("why: %s", why)
			}
		}
		w.sandbox.Advance(48 * hour)
		w.want(w.wait(w.engine())["hello"], status.StateStalled, status.HookFailed, 5)
		if n := w.done("UpdateService"); n != 0 || w.done("RunTask") != 1 {
			t.Errorf("%d updates, %d tasks: %v", n, w.done("RunTask"), w.writes(mark))
		}
		e := w.engine()
		if _, err := e.Retry(t.Context(), w.load(e).Units[0].Key); err != nil {
			t.Fatal(err)
		}
		w.want(w.wait(w.engine())["hello"], status.StateStalled, status.HookFailed, 5)
		if n := w.done("RunTask"); n != 2 {
			t.Errorf("%d tasks after retry, want 2", n)
		}
		w.files.put("hello.yaml", hooked("nginx:1.31", "true", "true"))
		w.want(w.wait(w.engine())["hello"], status.StateReady, status.Synced, 0)
	})
}

// A failing hook after the deployment takes the service back and puts the content
// aside, for good.
func TestFailingHookAfterTakesBack(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		w.wait(w.engine())
		w.files.put("hello.yaml", hooked("nginx:1.30", "true", "exit 4"))
		o := w.wait(w.engine())["hello"]
		w.want(o, status.StateStalled, status.HookFailed, 5)
		if why := o.Status.Why; !strings.Contains(why, "hook smoke failed: task stopped: exit 4") || !strings.Contains(why, "hello:1") {
			t.Errorf("why: %s", why)
		}
		if got := w.image("hello"); got != "nginx:1.29" {
			t.Errorf("the service runs %s", got)
		}
		mark := w.mark()
		w.want(w.wait(w.engine())["hello"], status.StateStalled, status.HookFailed, 5)
		w.sandbox.Advance(100 * 24 * hour)
		w.want(w.wait(w.engine())["hello"], status.StateStalled, status.HookFailed, 5)
		w.quiet(mark, "once it was taken back")
		if n := w.done("UpdateService"); n != 2 {
			t.Errorf("%d updates, want there and back: %v", n, w.writes(0))
		}
		w.files.put("hello.yaml", hooked("nginx:1.31", "true", "true"))
		w.want(w.wait(w.engine())["hello"], status.StateReady, status.Synced, 0)
	})
}

// Hooks that are written into the document of what runs already wait for the next content.
func TestHooksAddedLater(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		w.wait(w.engine())
		mark := w.mark()
		w.files.put("hello.yaml", hooked("nginx:1.29", "true", "exit 1"))
		w.want(w.wait(w.engine())["hello"], status.StateReady, status.Synced, 0)
		w.quiet(mark, "with hooks for what runs already")
	})
}

// A process that dies at any call of a rollout with hooks, before the call or with
// its answer lost, leaves one task for each hook.
func TestDeathAtEveryCallOfHooks(t *testing.T) {
	t.Parallel()
	everyDeath(t, "call", 20, nil, (*world).dieWithHooks)
}

func (w *world) dieWithHooks(k int, after bool) bool {
	w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
	w.wait(w.engine())
	w.files.put("hello.yaml", hooked("nginx:1.30", "./migrate up", "./smoke"))
	died := w.death(k, after, anyCall, nil)
	ctx, cancel := context.WithTimeout(w.t.Context(), 5*minute)
	defer cancel()
	e := w.engine()
	e.Apply(ctx, w.load(e).Units, ApplyOptions{Wait: true, Timeout: 4 * minute})
	w.spoil(nil)
	w.want(w.wait(w.engine())["hello"], status.StateReady, status.Synced, 0)
	if n := w.tasks(); n != 2 {
		w.t.Errorf("%d tasks for two hooks: %v", n, w.writes(0))
	}
	if n := w.done("UpdateService"); n != 1 {
		w.t.Errorf("%d updates: %v", n, w.writes(0))
	}
	mark := w.mark()
	w.want(w.apply(w.engine(), ApplyOptions{})["hello"], status.StateReady, status.Synced, 0)
	w.quiet(mark, "afterwards")
	return died()
}

// tasks counts the tasks of hooks that ECS has started and not forgotten.
func (w *world) tasks() int {
	n := 0
	for _, hook := range []string{"migrate", "smoke"} {
		for _, desired := range []types.DesiredStatus{types.DesiredStatusRunning, types.DesiredStatusStopped} {
			out, err := w.person().Read.ECS.ListTasks(w.t.Context(), &ecs.ListTasksInput{StartedBy: aws.String("ecs-operator/hook/" + hook), DesiredStatus: desired})
			w.ok(err)
			n += len(out.TaskArns)
		}
	}
	return n
}

// image is what the service's task definition has.
func (w *world) image(service string) string {
	td, err := w.person().Read.ECS.DescribeTaskDefinition(w.t.Context(), &ecs.DescribeTaskDefinitionInput{TaskDefinition: w.service(service).TaskDefinition})
	w.ok(err)
	return aws.ToString(td.TaskDefinition.ContainerDefinitions[0].Image)
}
