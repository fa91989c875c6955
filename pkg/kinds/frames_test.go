package kinds_test

import (
	"fmt"
	"maps"
	"reflect"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// A look by frames, of few and of many, finds what a look by whole objects finds, in calls as
// many.
func TestFramesAreEnough(t *testing.T) {
	const services = 21 // more than are asked for one by one
	w := newWorld(t)
	byKind := map[string]resource.Kind{}
	for _, k := range w.kinds {
		byKind[k.Name()] = k
	}
	none := resource.UnitKey{Target: resource.DefaultTarget}
	whole, frames, framed := &resource.Unit{Key: none}, &resource.Unit{Key: none}, map[string]bool{}
	for n := range services {
		text := edit(t, fleet(n), "  service:\n", fmt.Sprintf("  service:\n    serviceName: shop%d\n", n)) // another name than the document's
		u, packed := w.load(text), w.load(text)
		w.apply(u)
		packed.Pack(byKind)
		whole, frames = whole.With(append(whole.Objects(), u.Objects()...)...), frames.With(append(frames.Objects(), packed.Frames()...)...)
		for _, o := range packed.Frames() {
			framed[o.ID.Kind] = framed[o.ID.Kind] || o.Of != nil
		}
	}
	w.settle()
	for name, k := range byKind {
		if _, can := k.(resource.Framed); framed[name] != can {
			t.Errorf("%s is framed: %v", name, framed[name])
		}
	}
	for _, n := range []int{len(whole.Objects()) / services, len(whole.Objects())} {
		for _, direct := range []bool{false, true} {
			look := func(u *resource.Unit) (map[resource.ID]resource.Live, map[string]int) {
				w.fresh()
				mark := w.mark()
				return w.observe(u.With(u.Objects()[:n]...), direct), w.calls(mark)
			}
			want, calls := look(whole)
			got, as := look(frames)
			for id, l := range want {
				if l.Presence != resource.Present || !reflect.DeepEqual(got[id], l) {
					t.Errorf("of %d, direct %v: %s is %+v, by its frame %+v", n, direct, id, l, got[id])
				}
			}
			if !maps.Equal(calls, as) {
				t.Errorf("of %d, direct %v: %v calls, by frames %v", n, direct, calls, as)
			}
		}
	}
}
