package reconcile

import (
	"context"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// Holding is one object of a unit, and the other programs that it is under.
type Holding struct {
	Object *resource.Object
	Name   string // on AWS
	Live   resource.Live
	Under  []resource.Party
}

// Holdings looks which objects of a unit other programs hold. Offline nothing is
// read: every object is listed, under nobody. It writes nothing.
func (e *Engine) Holdings(ctx context.Context, u *resource.Unit, offline bool) []Holding {
	live := map[resource.ID]resource.Live{}
	if !offline {
		live = only(u, e.observe(ctx, []*resource.Unit{u}))
	}
	out := make([]Holding, 0, u.Len())
	for _, o := range u.Objects() {
		h := Holding{Object: o, Live: live[o.ID]}
		attrs := e.byKind[o.ID.Kind].Attributes(o)
		for _, name := range []string{h.Live.Name, attrs["name"], attrs["family"]} {
			if h.Name == "" {
				h.Name = name
			}
		}
		if h.Live.Presence == resource.Present {
			h.Under = resource.Under(h.Live)
		}
		out = append(out, h)
	}
	return out
}
