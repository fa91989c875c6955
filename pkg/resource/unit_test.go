package resource_test

import (
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
	u.Pack()
	u.Pack() // once more is nothing
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
	u.Pack()
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
