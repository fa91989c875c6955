package reconcile

import (
	"context"
	"maps"
	"sync"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// abreast reports whether the kinds of an observation are asked side by side: for an
// edit somebody waits, and its dozen of calls one after the other are most of what he
// waits for. A sweep has time, and its calls in a row need less memory and leave more
// of the machine to an edit; but for what it sees for the first time (observePart). With
// one worker calls keep their order: whoever counts them knows which one comes when.
func (e *Engine) abreast(ctx context.Context) bool {
	return e.o.Workers > 1 && resource.IsAhead(ctx)
}

// observeAbreast asks the service first, which says where the others are looked for, and
// then all other kinds at once. Each sees the service's answer and none of another's:
// no kind asks for that (resource.Query.Live).
func (e *Engine) observeAbreast(ctx context.Context, target string, units []opened, live map[resource.ID]resource.Live) {
	service := e.byKind[resource.KindService]
	if service == nil {
		return
	}
	if objects := e.objectsOf(service, units); len(objects) > 0 {
		maps.Copy(live, e.ask(ctx, service, resource.Query{Target: target, Objects: objects, Live: live, Lean: true}))
	}
	e.askAbreast(ctx, part{target: target}, units, live)
}

// askAbreast adds what all kinds but the service say to what is known, each by itself.
func (e *Engine) askAbreast(ctx context.Context, p part, units []opened, live map[resource.ID]resource.Live) {
	var wg sync.WaitGroup
	answers := make([]map[resource.ID]resource.Live, len(e.o.Kinds))
	for i, k := range e.o.Kinds {
		objects := e.objectsOf(k, units)
		if k.Name() == resource.KindService || len(objects) == 0 {
			continue
		}
		known := maps.Clone(live)
		wg.Go(func() {
			answers[i] = e.ask(ctx, k, resource.Query{Target: p.target, Objects: objects, Live: known, Lean: true, Round: p.round})
		})
	}
	wg.Wait()
	for _, answer := range answers {
		maps.Copy(live, answer)
	}
}

// opened is a unit with the frames of its objects, which are opened once for all kinds.
type opened struct {
	unit    *resource.Unit
	objects []*resource.Object
}

func open(units []*resource.Unit) []opened {
	out := make([]opened, len(units))
	for i, u := range units {
		out[i] = opened{u, u.Frames()}
	}
	return out
}

// objectsOf are what is to be asked of one kind.
func (e *Engine) objectsOf(k resource.Kind, units []opened) (objects []*resource.Object) {
	n := 0
	for _, u := range units {
		for _, o := range u.objects {
			if o.ID.Kind == k.Name() {
				n++
			}
		}
	}
	if n > 0 {
		objects = make([]*resource.Object, 0, n)
	}
	for _, u := range units {
		for _, o := range u.objects {
			if o.ID.Kind == k.Name() {
				objects = append(objects, o)
			}
		}
		if k.Name() == resource.KindScalableTarget {
			objects = append(objects, e.probe(k, u)...)
		}
	}
	return objects
}
