package shape_test

import (
	"fmt"
	"maps"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// What is sealed says what it said before, whatever the texts are.
func TestPlaces(t *testing.T) {
	want := map[string]string{
		"image": "a.yaml:2:9", "ports": "dir/b:c.yaml:1000000:1", "ports[0]": "a.yaml:3:1", "": "a.yaml:1:1",
		"alone": "a.yaml", "empty": "", "odd": "-", "zero": "a.yaml:0:3", "padded": "a.yaml:01:3", "signed": "a.yaml:+1:3", "less": "a.yaml:-1:-3",
		"wide": "a.json:1:16777216", "narrow": "a.json:1:16777215", "deep": "a.json:16777216:1", "half": "a.yaml:7", "huge": "a.yaml:1:99999999999999999999",
	}
	p := shape.PlacesOf(want)
	for _, when := range []string{"collected", "sealed", "sealed twice"} {
		if d := cmp.Diff(want, p.Map()); d != "" {
			t.Errorf("%s (-want +got):\n%s", when, d)
		}
		if p.Len() != len(want) || !p.Has("empty") || p.Has("nobody") || p.At("nobody") != "" || !p.Equal(shape.PlacesOf(want)) {
			t.Errorf("%s: %v", when, p)
		}
		if q := p.Clone(); true {
			q.Set("image", "z.yaml:1:1")
			if q.Equal(p) || p.At("image") != want["image"] {
				t.Errorf("%s: a copy is not one", when)
			}
		}
		p.Seal()
	}
	p.Set("new", "n.yaml:4:4")
	p.Delete(func(path string) bool { return strings.HasPrefix(path, "ports") })
	changed := maps.Clone(want)
	changed["new"] = "n.yaml:4:4"
	delete(changed, "ports")
	delete(changed, "ports[0]")
	for range 2 {
		if d := cmp.Diff(changed, p.Map()); d != "" {
			t.Errorf("changed after it was sealed (-want +got):\n%s", d)
		}
		p.Seal()
	}
	var none *shape.Places
	none.Seal()
	none.Delete(func(string) bool { return true })
	if none.Len() != 0 || none.Has("") || none.At("x") != "" || !none.Equal(&shape.Places{}) {
		t.Error("nil holds something")
	}
	var fresh shape.Places
	fresh.Set("x", "y:1:1")
	if fresh.At("x") != "y:1:1" {
		t.Error("the zero value is not ready")
	}
}

// The names of paths are kept once for all documents that look alike, and no longer
// than any of these.
func TestSealedPlacesShare(t *testing.T) {
	place := func(file string) *shape.Places {
		p := &shape.Places{}
		for k := range 50 {
			p.Set(fmt.Sprintf("containerDefinitions[%d].image", k), fmt.Sprintf("%s:%d:7", file, k+1))
		}
		p.Seal()
		return p
	}
	const documents = 200
	first := place("first.yaml")
	all := make([]*shape.Places, 0, documents)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range documents {
		all = append(all, place(fmt.Sprintf("team/%d.yaml", i)))
	}
	runtime.GC()
	runtime.GC() // what was collected for the first's finalizers is gone as well
	runtime.ReadMemStats(&after)
	if each := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) / documents; each > 1500 { // 400 bytes of places; a map of texts takes 7,000
		t.Errorf("50 places take %d bytes", each)
	}
	if all[7].At("containerDefinitions[9].image") != "team/7.yaml:10:7" || first.Len() != 50 {
		t.Error("sharing mixes them up")
	}
	runtime.KeepAlive(first)
}

// Whether a path was written is asked of all paths, one after the other: its place, which
// stands behind those of all before it, is not read for that.
func TestSealedPlacesAreAskedOften(t *testing.T) {
	p := shape.PlacesOf(map[string]string{"image": "a.yaml:2:9", "ports": "a.yaml:3:1"})
	p.Seal()
	made := testing.AllocsPerRun(100, func() {
		if !p.Has("ports") || p.Has("nobody") {
			t.Error("not what was written")
		}
	})
	if made > 0 {
		t.Errorf("%v allocations", made)
	}
}
