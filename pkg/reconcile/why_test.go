package reconcile

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// Why a rollout fails is said in one sentence, from what the tasks and targets tell.
func TestWhy(t *testing.T) {
	for image, want := range map[string]string{
		"nginx:crash":     "task stopped: exit 1 (container web)",
		"nginx:oom":       "task stopped: exit 137 OutOfMemory (container web)",
		"nginx:missing":   "CannotPullContainerError: ",
		"nginx:unhealthy": "health checks",
	} {
		t.Run(image, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.files.put("web.yaml", web)
				w.wait(w.engine())
				w.files.put("web.yaml", strings.Replace(web, "nginx:1.29", image, 1))
				w.wait(w.engine())
				for _, e := range w.events {
					if strings.Contains(e.Message, want) {
						return
					}
				}
				t.Errorf("nobody says %q:\n%s", want, w.story())
			})
		})
	}
}

// A settled service is not asked why.
func TestWhyIsNotAskedOfSettledServices(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("web.yaml", web)
		w.wait(w.engine())
		from := len(w.sandbox.Journal())
		w.wait(w.engine())
		for _, c := range w.sandbox.Journal()[from:] {
			if c.Operation == "ListTasks" || c.Operation == "DescribeTasks" {
				t.Errorf("%s for a service in order", c.Operation)
			}
		}
	})
}

// Where a zone is gone and many services lack tasks, the causes are asked for in turns:
// the looks are not held up by them.
func TestManyWhysTakeTurns(t *testing.T) {
	inWorldAt(t, 1, func(t *testing.T, w *world) {
		const services = 3 * whysAtOnce
		var names []string
		for n := range services {
			name := fmt.Sprintf("s%02d", n)
			names = append(names, name)
			w.files.put(name+".yaml", hello(name, "nginx:1.29"))
		}
		e := w.engine()
		w.wait(e)
		w.stopOneTask(names...)
		look := func() (asked int) {
			from := len(w.sandbox.Journal())
			for _, o := range e.Inspect(t.Context(), w.load(e).Units) {
				if o.Status.Reason != status.Reconciling {
					t.Fatalf("%s: %s %s", o.Status.Name, o.Status.Reason, o.Status.Why)
				}
			}
			asked, _ = calls(w.sandbox.Journal()[from:], "ListTasks")
			return asked
		}
		if asked := look(); asked != whysAtOnce {
			t.Errorf("%d of %d services were asked about", asked, services)
		}
		if asked := look(); asked > whysPerSecond {
			t.Errorf("%d more were asked about at once", asked)
		}
		w.sleep(time.Second)
		if asked := look(); asked < 1 || asked > 2*whysPerSecond {
			t.Errorf("a second later %d were asked about", asked)
		}
	})
}

// mute cannot tell why.
type mute struct {
	resource.Rollouts
	asked int
}

func (u *mute) Why(context.Context, resource.Live, *resource.Deployment) (string, error) {
	u.asked++
	return "", errors.New("denied")
}

// What failed is asked about at once, and what could not be read of it in its turn.
func TestWhyThatCannotBeReadTakesTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := &mute{}
		e := New(Options{Rollouts: u})
		const services = 3 * whysAtOnce
		look := func() int {
			before := u.asked
			for n := range services {
				e.why(t.Context(), resource.UnitKey{Name: fmt.Sprint(n)}, resource.Live{Presence: resource.Present, Service: &resource.ServiceState{}}, &resource.Deployment{Status: resource.DeploymentFailed})
			}
			return u.asked - before
		}
		if asked := look(); asked != services {
			t.Errorf("%d of %d failures were asked about", asked, services)
		}
		if asked := look(); asked != 0 {
			t.Errorf("%d were asked about again at once", asked)
		}
		time.Sleep(time.Minute)
		if asked := look(); asked != whysAtOnce {
			t.Errorf("a minute later %d were asked about", asked)
		}
	})
}
