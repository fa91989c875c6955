package reconcile

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// A census is kept for each target, with room for the target's own units and not for those
// of all others.
func TestCensusOfOneTarget(t *testing.T) {
	var units []*resource.Unit
	for i := range 10_000 {
		units = append(units, &resource.Unit{Key: resource.UnitKey{Target: "b", Cluster: "default", Name: fmt.Sprint(i)}})
	}
	e := New(Options{})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	c := e.countTarget(t.Context(), "a", units, nil)
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; c.err != nil || took > 64<<10 {
		t.Errorf("%d bytes for a target without a unit, %v", took, c.err)
	}
}

// counted is a kind that says what there is of ours.
type counted struct {
	resource.Kind
	owned []resource.Found
}

func (*counted) Name() string                          { return resource.KindTargetGroup }
func (*counted) Recall(f resource.Found) resource.Live { return resource.Live{ID: f.ID, ARN: f.ARN} }

func (k *counted) Owned(context.Context, string, string) ([]resource.Found, error) {
	return k.owned, nil
}

// A census stays as long as the lists say what they said, and is made anew for whatever they
// say otherwise. What carries no tags is nobody's.
func TestACensusIsKept(t *testing.T) {
	id := resource.ID{Target: "a", Cluster: "default", Unit: "web", Kind: resource.KindTargetGroup, Name: "web"}
	ours, foreign := map[string]string{resource.TagOwner: "op"}, map[string]string{resource.TagOwner: "op", resource.TagScope: "else"}
	list := func(change func(*resource.Found)) []resource.Found {
		fresh := []resource.Found{{ID: id, ARN: "arn:1", Tags: map[string]string{resource.TagOwner: "op"}, Value: 1}}
		change(&fresh[0])
		return fresh
	}
	same := func(*resource.Found) {}
	k := &counted{owned: list(same)}
	e := New(Options{Kinds: []resource.Kind{k}, Frame: resource.Frame{Owner: "op"}})
	first := e.countTarget(t.Context(), "a", nil, nil)
	if got := first.units[id.Key()]; len(got) != 1 || got[0].ARN != "arn:1" {
		t.Fatalf("it holds %v", got)
	}
	for range 2 {
		if e.countTarget(t.Context(), "a", nil, first) != first {
			t.Error("it is made anew of what says the same")
		}
		k.owned = list(same) // another list
	}
	for what, change := range map[string]struct {
		to   func(*resource.Found)
		left int
	}{
		"another ARN":       {func(f *resource.Found) { f.ARN = "arn:2" }, 1},
		"another value":     {func(f *resource.Found) { f.Value = 2 }, 1},
		"another name":      {func(f *resource.Found) { f.ID.Name = "api" }, 1},
		"another's scope":   {func(f *resource.Found) { f.Tags = foreign }, 0},
		"a value less":      {func(f *resource.Found) { f.Tags, f.Value = ours, nil }, 1},
		"no tags":           {func(f *resource.Found) { f.Tags = nil }, 0},
		"a unit of its own": {func(f *resource.Found) { f.ID.Unit = "other" }, 0},
	} {
		k.owned = list(change.to)
		if c := e.countTarget(t.Context(), "a", nil, first); c == first || c.err != nil || len(c.units[id.Key()]) != change.left {
			t.Errorf("%s: the same census %v, %v", what, c == first, c.units)
		}
	}
	k.owned = nil
	if c := e.countTarget(t.Context(), "a", nil, first); c == first || len(c.units) != 0 {
		t.Errorf("of nothing it holds %v", c.units)
	}
	if c := e.countTarget(t.Context(), "a", nil, &census{err: context.Canceled}); c.err != nil {
		t.Errorf("what failed once fails for ever: %v", c.err)
	}
}
