package reconcile

import (
	"fmt"
	"slices"
	"testing"
	"time"

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
		reads, _ := calls(w.sandbox.Journal()[before:], "DescribeServices")
		if reads < 5 || reads > 30 {
			t.Errorf("%d reads of the service during a flood of half a minute", reads)
		}
	})
}

// Services that have fewer tasks than they want, and nothing of ours to be done, are looked
// at again until ECS has mended that, many of them together: no hint and no resync tells
// that they are Ready.
func TestTasksThatComeByThemselvesAreSeen(t *testing.T) {
	inWorldAt(t, 1, func(t *testing.T, w *world) {
		var names []string
		for n := range 2 * fewWake {
			name := fmt.Sprintf("s%02d", n)
			names = append(names, name)
			w.files.put(name+".yaml", hello(name, "nginx:1.29"))
		}
		w.resync, w.pace = time.Hour, 2*time.Second
		e := w.engine()
		all := func(reason status.Reason) func() bool {
			return func() bool {
				return !slices.ContainsFunc(names, func(name string) bool { return !stands(e, name, reason)() })
			}
		}
		defer w.run(e)()
		w.until("ready", all(status.Synced))
		w.sleep(5 * time.Minute)
		w.stopOneTask(names...)
		mark := w.mark()
		for _, name := range names {
			e.Requeue("default", name)
		}
		w.until("tasks are missing", all(status.Reconciling))
		before := len(w.sandbox.Journal())
		w.until("ready again", all(status.Synced))
		w.quiet(mark, "while ECS starts tasks")
		looks, _ := calls(w.sandbox.Journal()[before:], "DescribeServices")
		if round := len(names) / 10; looks < 2*round || looks > 5*round { // ten a call; a task takes five seconds
			t.Errorf("%d looks at %d services until they are ready", looks, len(names))
		}
	})
}
