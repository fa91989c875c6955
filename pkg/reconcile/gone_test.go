package reconcile

import (
	"context"
	"testing"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// A service whose document goes while a pass over it is under way has no status after it:
// it would stay for as long as the process lives.
func TestAServiceThatGoesDuringItsPassIsForgotten(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("a.yaml", hello("a", "nginx:1.29"))
		w.files.put("b.yaml", hello("b", "nginx:1.29"))
		e := w.engine()
		stop := w.run(e)
		w.until("made", func() bool { n, all := e.AllReady(); return n == 2 && all })
		w.spoil(func(context.Context, sandbox.Call) *sandbox.Fault {
			w.sleep(3 * time.Second)
			return nil
		})
		w.files.put("b.yaml", hello("b", "nginx:1.30"))
		w.sleep(time.Second)
		w.files.put("b.yaml", "")
		w.sleep(5 * minute)
		w.spoil(nil)
		w.sleep(minute)
		stop()
		if n, all := e.AllReady(); n != 1 || !all {
			t.Errorf("there are %d services, all ready: %t; %v", n, all, e.Status())
		}
	})
}

// A document that comes back during the last pass over what it left is not lost with that.
func TestADocumentThatComesBackStays(t *testing.T) {
	d := newDaemon(New(Options{}))
	defer d.queue.ShutDown()
	key := resource.UnitKey{Target: resource.DefaultTarget, Cluster: "main", Name: "one"}
	gone, back := &resource.Unit{Key: key, Gone: true}, &resource.Unit{Key: key, Digest: "back"}
	d.units[key] = &member{unit: gone}
	d.take(Loaded{Units: []*resource.Unit{back}, Complete: true}, true)
	if !d.left(gone, Outcome{}) || d.units[key] == nil {
		t.Error("nobody looks after it")
	}
}
