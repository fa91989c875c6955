package resource_test

import (
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// A unit that is packed says what it said before, however often the collector takes its
// opened objects away.
func TestPackedUnit(t *testing.T) {
	desire := func() *resource.Unit {
		u, problems := resource.Desire(resource.Frame{Owner: "op"}, "prod", document(), kinds())
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		return u
	}
	want, u := desire(), desire()
	ids := slices.Collect(want.IDs())
	if len(ids) != 3 || want.Len() != 3 {
		t.Fatalf("%d objects have the IDs %v", want.Len(), ids)
	}
	u.Pack(nil)
	u.Pack(nil) // once more is nothing
	for range 3 {
		if got := u.Objects(); !reflect.DeepEqual(want.Objects(), got) || u.Len() != 3 {
			t.Fatalf("got %v, want %v", got, want.Objects())
		}
		if got := slices.Collect(u.IDs()); !slices.Equal(got, ids) {
			t.Errorf("the IDs are %v", got)
		}
		if o := u.Object(ids[1]); o == nil || o.ID != ids[1] {
			t.Errorf("%s is %v", ids[1], o)
		}
		runtime.GC()
	}
	held := u.Object(ids[2])
	for range 2 {
		runtime.GC()
	}
	if held != u.Objects()[2] {
		t.Error("what somebody holds is opened a second time")
	}
	strange := ids[0].Of(resource.KindAlarm, "x")
	if u.Has(strange) || u.Object(strange) != nil || !u.Has(ids[2]) {
		t.Error("it does not know what it has")
	}
}

// Another object leaves the unit itself as it is.
func TestPut(t *testing.T) {
	u, _ := resource.Desire(resource.Frame{Owner: "op"}, "prod", document(), kinds())
	u.Pack(nil)
	first := *u.Objects()[0]
	first.Section = "elsewhere"
	more := resource.Object{ID: first.ID.Of(resource.KindAlarm, "x")}
	other := u.Put(&first).Put(&more)
	if other.Len() != u.Len()+1 || other.Object(first.ID).Section != "elsewhere" || other.Object(more.ID) != &more || other.Key != u.Key {
		t.Errorf("the other one has %v", slices.Collect(other.IDs()))
	}
	if u.Object(first.ID).Section == "elsewhere" || u.Has(more.ID) {
		t.Error("the unit itself has changed")
	}
}

// framed is a kind of which a look needs little.
type framed struct{ resource.Kind }

func (framed) Frame(any) (any, bool) { return &body{Name: p("frame")}, true }

// A frame is told like the whole object, and leads to it.
func TestFrames(t *testing.T) {
	u, problems := resource.Desire(resource.Frame{Owner: "op"}, "prod", document(), kinds())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	id := u.Objects()[0].ID.Of(resource.KindTaskDefinition, "")
	want, same := u.Object(id).Sum()
	if !same || u.Object(id).Whole() != u.Object(id) {
		t.Fatal("a whole object is none")
	}
	u.Pack(map[string]resource.Kind{resource.KindTaskDefinition: framed{}})
	for _, o := range u.Frames() {
		if o.ID != id {
			if o.Of != nil || o.Whole() != o {
				t.Errorf("%s is a frame", o.ID)
			}
			continue
		}
		if name := o.Want.(*body).Name; name == nil || *name != "frame" || o.Want.(*body).Image != nil {
			t.Errorf("it holds %+v", o.Want)
		}
		if sum, ok := o.Sum(); !ok || sum != want {
			t.Error("the frame is told otherwise than the object")
		}
		if whole := o.Whole(); whole.Of != nil || *whole.Want.(*body).Image != "nginx:1" {
			t.Errorf("the whole is %+v", whole)
		}
	}
	held := u.Objects()
	if sum, ok := u.Object(id).Sum(); !ok || sum != want {
		t.Error("it is told otherwise when it was opened")
	}
	if u.Frames()[0] != held[0] {
		t.Error("what is open is opened a second time")
	}
	runtime.KeepAlive(held)
}

// lean is a framed kind whose frame is not asked for the sum of the whole.
type lean struct{ resource.Kind }

func (lean) Frame(any) (any, bool) { return &body{}, false }

// However many objects a unit has, each comes out as it went in: those beyond the first 64
// are no frames.
func TestFramesOfMany(t *testing.T) {
	u := &resource.Unit{Key: resource.UnitKey{Target: "prod", Cluster: "main", Name: "web"}}
	var want []*resource.Object
	for i := range 70 {
		id := resource.ID{Target: "prod", Cluster: "main", Unit: "web", Kind: resource.KindAlarm, Name: fmt.Sprintf("a%02d", i)}
		o := &resource.Object{ID: id, Want: &body{Name: p(id.Name), Image: p("nginx:1")}, Section: "alarms." + id.Name, Tags: map[string]string{"n": id.Name}}
		if i%3 == 0 {
			o.ID.Kind = resource.KindTargetGroup // no framed one
		}
		want = append(want, o)
	}
	u = u.With(want...)
	u.Pack(map[string]resource.Kind{resource.KindAlarm: lean{}})
	frames := u.Frames()
	for i, f := range frames {
		if framed := f.Of != nil; f.ID != want[i].ID || framed != (i%3 != 0 && i < 64) || framed && f.Section != "" || f.Tags["n"] != f.ID.Name {
			t.Errorf("%d is %+v", i, f)
		}
	}
	for i, f := range frames {
		sum, ok := f.Sum()
		if same, _ := want[i].Sum(); !ok || sum != same || !reflect.DeepEqual(f.Whole(), want[i]) {
			t.Errorf("the whole of %s is %+v", f.ID.Local(), f.Whole())
		}
	}
	if got := u.Objects(); !reflect.DeepEqual(got, want) {
		t.Errorf("it holds %v", got)
	}
}
