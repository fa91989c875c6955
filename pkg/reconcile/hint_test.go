package reconcile

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// A hint has a service looked at now and not at the next resync; a flood of them
// costs a look in a few seconds, and none of them writes by itself.
func TestHintsHaveAServiceLookedAt(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		w.resync = time.Hour
		e := w.engine()
		if e.Requeue("default", "hello") != 0 {
			t.Error("a hint before Run means something")
		}
		defer w.run(e)()
		w.until("ready", stands(e, "hello", status.Synced))
		w.sleep(30 * time.Second)
		w.scale("hello", 0) // behind the operator's back
		mark := w.mark()
		w.sleep(time.Minute)
		w.quiet(mark, "before anybody hints")
		if e.Requeue("default", "nobody")+e.Requeue("other", "hello") != 0 {
			t.Error("a hint at nobody means something")
		}
		if n := e.Requeue("default", "hello"); n != 1 {
			t.Errorf("the hint means %d units", n)
		}
		if took := w.until("UpdateService", func() bool { return len(w.writes(mark)) > 0 }); took > time.Second {
			t.Errorf("healed after %s", took)
		}
		w.until("ready again", stands(e, "hello", status.Synced))
		w.sleep(30 * time.Second)
		mark, before := w.mark(), len(w.sandbox.Journal())
		for range 3000 { // 100 a second for half a minute
			e.Requeue("default", "hello")
			w.sleep(10 * time.Millisecond)
		}
		w.quiet(mark, "during a flood")
		reads := 0
		for _, c := range w.sandbox.Journal()[before:] {
			if c.Operation == "DescribeServices" {
				reads++
			}
		}
		if reads < 5 || reads > 30 {
			t.Errorf("%d reads of the service during a flood of half a minute", reads)
		}
	})
}

// A service that has fewer tasks than it wants, and nothing of ours to be done, is looked
// at again until ECS has mended that: no hint and no resync tells that it is Ready.
func TestTasksThatComeByThemselvesAreSeen(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		w.resync = time.Hour
		e := w.engine()
		defer w.run(e)()
		w.until("ready", stands(e, "hello", status.Synced))
		w.sleep(time.Minute)
		mark := w.mark()
		tasks, err := w.person().Read.ECS.ListTasks(t.Context(), &ecs.ListTasksInput{})
		w.ok(err)
		_, err = w.person().Write.ECS.StopTask(t.Context(), &ecs.StopTaskInput{Task: &tasks.TaskArns[0]})
		w.ok(err)
		mark++ // the person's own
		e.Requeue("default", "hello")
		w.until("a task is missing", stands(e, "hello", status.Reconciling))
		w.until("ready again", stands(e, "hello", status.Synced))
		w.quiet(mark, "while ECS starts a task")
	})
}
