package reconcile

import (
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
