package main

import (
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

func TestTheLawHasUnitsOfItsOwn(t *testing.T) {
	l := &law{units: map[string]*resource.Unit{}}
	u := (&resource.Unit{Key: key("a")}).With(&resource.Object{ID: resource.ID{Target: "default", Unit: "a", Kind: resource.KindService}})
	l.learn(u)
	for _, have := range l.units {
		if have == u {
			t.Error("the law looks at a unit that a load goes on to pack")
		}
	}
	if len(l.units) != 1 {
		t.Errorf("it knows %d units", len(l.units))
	}
}
