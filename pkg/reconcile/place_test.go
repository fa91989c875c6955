package reconcile

import (
	"context"
	"errors"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// A service that was read ahead of the rest of its part is not known any more when nobody
// can tell, by the time of the rest, whether its target still leads to the right account.
func TestPlaceLostWithinASweep(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("web.yaml", hello("web", "nginx:1.29"))
		e := w.engine()
		u := *w.load(e).Units[0]
		u.Account = "123456789012"
		e.o.Where = func(context.Context, string) (string, string, error) { return "", "", errors.New("no credentials") }
		id := serviceID(&u)
		p := part{target: u.Key.Target, units: []*resource.Unit{&u}, known: map[resource.ID]resource.Live{id: {ID: id, Presence: resource.Absent}}}
		for id, l := range e.observePart(t.Context(), p) {
			if l.Presence != resource.Unknown || l.Err == nil {
				t.Errorf("%s is %v (%v), want unknown", id, l.Presence, l.Err)
			}
		}
	})
}
