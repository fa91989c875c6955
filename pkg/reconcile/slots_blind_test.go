package reconcile

import (
	"errors"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// A service whose passes end early, in a panic or because what must be remembered first
// cannot be written, was tried all the same: it holds up nobody.
func TestSlotBesideAPassThatEndsEarly(t *testing.T) {
	unit := func(name string) *resource.Unit {
		return &resource.Unit{Key: resource.UnitKey{Target: "default", Cluster: "default", Name: name}}
	}
	there := resource.Live{Presence: resource.Present}
	for name, end := range map[string]func(e *Engine, u *resource.Unit){
		"panic": func(e *Engine, u *resource.Unit) { e.broken(u, caught("boom")) },
		"unwritten": func(e *Engine, u *resource.Unit) {
			e.unwritten(&view{unit: u, live: map[resource.ID]resource.Live{serviceID(u): there}}, errors.New("denied"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := New(Options{MaxRollouts: 1})
			a, b := unit("a"), unit("b")
			e.fleet.enrol([]*resource.Unit{a, b})
			for _, berth := range e.fleet.berths { // neither could be read at the start
				berth.read = true
				e.fleet.looked(berth, resource.Live{})
			}
			if r, _ := e.fleet.turn(a, there); r != status.ConcurrencyLimit {
				t.Fatalf("b was not tried again: %q", r)
			}
			end(e, b)
			if r, why := e.fleet.turn(a, there); r != "" {
				t.Errorf("b was tried, and holds a up: %s %s", r, why)
			}
		})
	}
}
