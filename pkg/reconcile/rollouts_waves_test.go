package reconcile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// Waves and --max-concurrent-rollouts count a blue/green deployment until its end:
// the next wave starts when the bake time of this one is over, and a release that
// ECS takes back in the first wave never reaches the second.
func TestWavesOfBlueGreen(t *testing.T) {
	waves := map[string]int{"canary": -1, "web": 0, "api": 0, "batch": 0}
	inWorldAt(t, 1, func(t *testing.T, w *world) {
		s := scripts(t)["blue-green"]
		put := func(image string) {
			for name, wave := range waves {
				text := strings.Replace(s.document(scriptCase{behind: "connect"}, image, nil), "metadata: {name: web}", "metadata: {name: "+name+"}", 1)
				w.files.put(name+".yaml", text+fmt.Sprintf("  policy: {wave: %d}\n", wave))
			}
		}
		w.pace = minute
		w.slots = 2
		all := ApplyOptions{Wait: true, Timeout: 5 * hour}
		put("nginx:1.29")
		w.ready(w.apply(w.engine(), all), "canary", "web", "api", "batch")

		h := w.harbour(waves)
		put("nginx:1.30")
		began := w.sandbox.Clock()
		w.ready(w.apply(w.engine(), all), "canary", "web", "api", "batch")
		h.check(t)
		if starts := h.starts(); len(starts) != 4 || starts[0] != "canary" || h.most() != 2 {
			t.Errorf("%v, %d at once", starts, h.most())
		}
		if took := w.sandbox.Clock().Sub(began); took < 15*minute { // three after one another, five minutes of bake time each
			t.Errorf("all were there after %s: no bake time was waited for", took)
		}

		h = w.harbour(waves)
		put("nginx:crash")
		o := w.apply(w.engine(), all)
		w.want(o["canary"], status.StateStalled, status.RolledBack, 5)
		for _, name := range []string{"web", "api", "batch"} {
			if o[name].Status.Reason != status.WaveFailed || o[name].Status.Why != "wave -1 stands still at canary (RolledBack): nothing of a later wave is deployed before that is mended" {
				t.Errorf("%s: %s %q", name, o[name].Status.Reason, o[name].Status.Why)
			}
		}
		e := w.engine()
		stop := w.run(e)
		w.sleep(5 * hour)
		stop()
		if starts := h.starts(); len(starts) != 1 || starts[0] != "canary" {
			t.Errorf("deployed: %v", starts)
		}
		put("nginx:1.30")
		w.ready(w.apply(w.engine(), all), "canary", "web", "api", "batch")
		if len(h.starts()) != 1 {
			t.Errorf("the revert deployed %v", h.starts())
		}
	})
}
