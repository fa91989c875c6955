package reconcile

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// hookTag is the outcome of a hook, as the newest revision of hello's family has it.
func (w *world) hookTag(name string) string {
	w.t.Helper()
	td, err := w.person().Read.ECS.DescribeTaskDefinition(w.t.Context(), &ecs.DescribeTaskDefinitionInput{
		TaskDefinition: aws.String("default-hello"), Include: []types.TaskDefinitionField{types.TaskDefinitionFieldTags}})
	w.ok(err)
	for _, tag := range td.Tags {
		if *tag.Key == resource.TagHook+name {
			return *tag.Value
		}
	}
	return ""
}

// Two days after the last task of a hook was started, ECS knows neither the task
// nor the client token.
const forgotten = 2 * day

// A hook that runs for longer than it may is stopped and has failed.
func TestHookTimesOut(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.before(false)
		mark := w.mark()
		w.files.put("hello.yaml", hooked("nginx:1.30", "sleep 99999", "true"))
		o := w.wait(w.engine())["hello"]
		w.want(o, status.StateStalled, status.HookFailed, 5)
		if !strings.Contains(o.Status.Why, "hook migrate failed: timed out after 10m") {
			t.Errorf("why: %s", o.Status.Why)
		}
		w.sleep(hour)
		if o = w.wait(w.engine())["hello"]; o.Status.Reason != status.HookFailed {
			t.Errorf("an hour later: %s %s", o.Status.Reason, o.Status.Why)
		}
		var order []string
		for _, line := range w.writes(mark) {
			operation, _, _ := strings.Cut(line, " ")
			order = append(order, operation)
		}
		if got := strings.Join(order, " "); strings.Count(got, "RunTask") != 1 || strings.Count(got, "StopTask") != 1 || strings.Contains(got, "UpdateService") {
			t.Errorf("writes %s", got)
		}
	})
}

// The operator comes back when ECS has forgotten the task that it had started: the
// outcome is not known, which is not a success, and the task is not started again.
func TestAHookIsForgotten(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.before(false)
		w.files.put("hello.yaml", hooked("nginx:1.30", "sleep 1", "true"))
		w.apply(w.engine(), ApplyOptions{})
		for range 20 {
			if w.done("RunTask") == 1 {
				break
			}
			w.apply(w.engine(), ApplyOptions{})
		}
		w.sleep(forgotten)
		for range 2 {
			o := w.wait(w.engine())["hello"]
			w.want(o, status.StateStalled, status.HookFailed, 5)
			if !strings.Contains(o.Status.Why, "its outcome is not known: ECS has forgotten the task") || !strings.Contains(o.Status.Why, "retry hello") {
				t.Errorf("why: %s", o.Status.Why)
			}
		}
		if w.done("RunTask") != 1 || w.done("UpdateService") != 0 {
			t.Errorf("%d tasks, %d updates", w.done("RunTask"), w.done("UpdateService"))
		}
		e := w.engine()
		_, err := e.Retry(t.Context(), w.load(e).Units[0].Key)
		w.ok(err)
		w.ready(w.wait(w.engine()), "hello")
	})
}

// There is no place for the task of a hook: that is said, nothing is deployed, and
// it runs when there is.
func TestNoPlaceForAHook(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.before(false)
		text := strings.Replace(hooked("nginx:1.30", "true", "true"), "memory: 64", "memory: 900000", 1)
		w.files.put("hello.yaml", text)
		o := w.apply(w.engine(), ApplyOptions{Wait: true, Timeout: 2 * minute})["hello"]
		const why = "not done after 2m0s: run of hook/migrate: ecs:RunTask: cannot place a task: no container instance has enough memory free (RESOURCE:MEMORY); it is tried again"
		if o.Exit() != status.ExitTimeout || o.Status.Why != why || w.done("UpdateService") != 0 {
			t.Errorf("%s %q (exit %d), %d updates", o.Status.Reason, o.Status.Why, o.Exit(), w.done("UpdateService"))
		}
		w.files.put("hello.yaml", hooked("nginx:1.31", "true", "true"))
		w.ready(w.wait(w.engine()), "hello")
	})
}

// Under policy.mode: manual no hook runs before a person approved the plan, and one
// approval is for the hook and the deployment that it stands before.
func TestHooksWaitForApproval(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.before(false)
		w.files.put("hello.yaml", hooked("nginx:1.30", "true", "true")+"\n  policy: {mode: manual}")
		mark := w.mark()
		o := w.wait(w.engine())["hello"]
		w.want(o, status.StateDrifted, status.ManualMode, 3)
		w.quiet(mark, "before the approval")
		e := w.engine()
		w.ok(e.ApprovePlan(t.Context(), w.load(e).Units[0], o.Plan.Seal.Hash))
		w.ready(w.wait(w.engine()), "hello")
		if w.done("RunTask") != 2 || w.done("UpdateService") != 1 {
			t.Errorf("%d tasks, %d updates", w.done("RunTask"), w.done("UpdateService"))
		}
	})
}

// A saved plan with hooks is carried out whole by the process that waits.
func TestSavedPlanWithHooks(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.before(false)
		w.files.put("hello.yaml", hooked("nginx:1.30", "true", "true"))
		w.ready(w.carryOut(w.save(), true), "hello")
		if w.done("RunTask") != 2 || w.image("hello") != "nginx:1.30" {
			t.Errorf("%d tasks, the service runs %s", w.done("RunTask"), w.image("hello"))
		}
	})
}

// Two services share a family, and each has its hook run for its own content.
func TestHooksOfASharedFamily(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		put := func(image string) {
			for _, name := range []string{"hello", "other"} {
				text := strings.Replace(hooked(image, "./migrate "+name, "true"), "{name: hello}", "{name: "+name+"}", 1)
				w.files.put(name+".yaml", strings.Replace(text, "  taskDefinition:\n", "  taskDefinition:\n    family: shared\n", 1))
			}
		}
		put("nginx:1.29")
		w.ready(w.wait(w.engine()), "hello", "other")
		tasks := w.done("RunTask")
		put("nginx:1.30")
		w.ready(w.wait(w.engine()), "hello", "other")
		if tasks != 4 || w.done("RunTask") != 8 {
			t.Errorf("%d tasks, then %d: want two for each service and content", tasks, w.done("RunTask"))
		}
		mark := w.mark()
		w.ready(w.wait(w.engine()), "hello", "other")
		w.quiet(mark, "afterwards")
	})
}

// The outcome of each hook is a tag of the revision that it ran for: pending with
// the registration, running with the task, and how it ended, in AWS' alphabet.
func TestTagHook(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.before(false)
		w.files.put("hello.yaml", hooked("nginx:1.30", "./migrate up", "exit 4"))
		var mu sync.Mutex
		seen := map[string][]string{}
		w.spoil(func(_ context.Context, c sandbox.Call) *sandbox.Fault {
			var tags []types.Tag
			switch in := c.Input.(type) {
			case *ecs.RegisterTaskDefinitionInput:
				tags = in.Tags
			case *ecs.TagResourceInput:
				if !strings.Contains(aws.ToString(in.ResourceArn), ":task-definition/default-hello:2") {
					return nil
				}
				tags = in.Tags
			}
			mu.Lock()
			defer mu.Unlock()
			for _, tag := range tags {
				if name, ok := strings.CutPrefix(aws.ToString(tag.Key), resource.TagHook); ok {
					seen[name] = append(seen[name], aws.ToString(tag.Value))
				}
			}
			return nil
		})
		w.want(w.wait(w.engine())["hello"], status.StateStalled, status.HookFailed, 5)
		w.spoil(nil)
		mu.Lock()
		defer mu.Unlock()
		for name := range seen { // the last of them is what stands there
			if tags := seen[name]; w.hookTag(name) != tags[len(tags)-1] {
				t.Errorf("%s: the tag is %q after %q", name, w.hookTag(name), tags)
			}
		}
		for name, want := range map[string][]plan.HookPhase{
			"migrate": {plan.HookPending, plan.HookStarting, plan.HookStarted, plan.HookSucceeded},
			"smoke":   {plan.HookPending, plan.HookStarting, plan.HookStarted, plan.HookFailed},
		} {
			var phases []plan.HookPhase
			for _, tag := range seen[name] {
				if tag != resource.TagText(tag) || len([]rune(tag)) > resource.MaxTagValue {
					t.Errorf("%s: %q does not fit a tag", name, tag)
				}
				s, ok := plan.ParseHook(tag)
				if !ok || s.Hash == "" {
					t.Errorf("%s: %q reads as %+v", name, tag, s)
				}
				if len(phases) == 0 || phases[len(phases)-1] != s.Phase {
					phases = append(phases, s.Phase)
				}
			}
			if !slices.Equal(phases, want) {
				t.Errorf("%s went %v (%q), want %v", name, phases, seen[name], want)
			}
		}
	})
}
