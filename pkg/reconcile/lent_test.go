package reconcile

import (
	"maps"
	"reflect"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// Workers take what a sweep read of a part from one map: none of them changes it, not by
// writing either, and what is read of others of the part is nothing to a unit.
func TestWhatASweepLends(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("a.yaml", hello("a", "nginx:1.29"))
		w.files.put("b.yaml", hello("b", "nginx:1.29"))
		e := w.engine()
		d := newDaemon(e)
		defer d.queue.ShutDown()
		part := func() (worlds map[string]uint64, resting map[string]bool) {
			l := w.load(e)
			d.take(l, false)
			live := d.e.observePart(t.Context(), part{target: l.Units[0].Key.Target, units: l.Units})
			lent := maps.Clone(live)
			d.hand(newSweep(l.Units), l.Units, live, map[resource.UnitKey]int{l.Units[0].Key: d.units[l.Units[0].Key].touched, l.Units[1].Key: d.units[l.Units[1].Key].touched})
			worlds, resting = map[string]uint64{}, map[string]bool{}
			for _, u := range l.Units {
				m := d.units[u.Key]
				if m.fresh == nil {
					t.Errorf("nothing was lent to %s", u.Key)
				}
				before := m.calm
				d.one(t.Context(), u.Key)
				worlds[u.Key.Name], resting[u.Key.Name] = m.last.world, before != nil && m.calm == before
			}
			if !reflect.DeepEqual(lent, live) {
				t.Errorf("what was lent has changed: %v, was %v", live, lent)
			}
			return worlds, resting
		}
		part() // makes both
		w.wait(e)
		part()
		before, _ := part()
		if _, rest := part(); !rest["a"] || !rest["b"] {
			t.Errorf("not at rest: %v", rest)
		}
		w.tag("a", "somebody", "was here")
		if _, rest := part(); rest["a"] || !rest["b"] {
			t.Errorf("a was touched, and b was not: at rest are %v", rest)
		}
		for _, m := range d.units {
			m.calm = nil
		}
		if after, _ := part(); after["a"] == before["a"] || after["b"] != before["b"] {
			t.Errorf("a was touched, and b was not: %v, was %v", after, before)
		}
	})
}
