package reconcile

import (
	"context"
	"fmt"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// lodger answers in the room that it is lent, also for what nobody asked.
type lodger struct {
	resource.Kind
	t *testing.T
}

func (lodger) Name() string { return resource.KindAlarm }

func (k lodger) Observe(_ context.Context, q resource.Query) map[resource.ID]resource.Live {
	if len(q.Room) > 0 {
		k.t.Errorf("the room is not empty: %v", q.Room)
	}
	for _, o := range q.Objects {
		q.Room[o.ID] = resource.Live{ID: o.ID, Presence: resource.Present}
		of := o.ID.Of(resource.KindAlarm, "of nobody")
		q.Room[of] = resource.Live{ID: of, Presence: resource.Present}
	}
	return q.Room
}

// Who is lent a room finds it empty, and what he says stays when the next one has it.
func TestRoomsAreLentEmpty(t *testing.T) {
	e, k, live := &Engine{}, lodger{t: t}, map[resource.ID]resource.Live{}
	for i := range 10 {
		o := &resource.Object{ID: resource.ID{Target: "default", Cluster: "default", Unit: fmt.Sprint("web", i), Kind: resource.KindAlarm, Name: "errors"}}
		e.askPart(t.Context(), k, part{target: "default"}, []opened{{objects: []*resource.Object{o}}}, live)
		if len(live) != i+1 || live[o.ID].Presence != resource.Present {
			t.Errorf("after %d questions: %v", i+1, live)
		}
	}
}
