package reconcile

import (
	"strings"
	"testing"
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
