package reconcile

import (
	"runtime"
	"strings"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// Where no document has a scalable target, it is asked for by the service's own name, which
// the frame of the service tells.
func TestAProbeGoesByTheServicesName(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", strings.Replace(hello("hello", "nginx:1.29"), "  service:\n", "  service:\n    serviceName: shop\n", 1))
		e := w.engine()
		l := w.load(e)
		runtime.GC() // of what the load has opened
		units := open(l.Units)
		for _, o := range units[0].objects {
			if o.Of == nil {
				t.Errorf("%s is no frame: this shows nothing", o.ID.Local())
			}
		}
		k := e.byKind[resource.KindScalableTarget]
		asked := e.objectsOf(k, units)
		if len(asked) != 1 || k.Attributes(asked[0])["name"] != "service/default/shop" {
			t.Errorf("asked for %+v", asked)
		}
	})
}
