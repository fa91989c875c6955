package reconcile

import (
	"context"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// misplaced says why a unit must not be worked on: its document insists on
// another account or region than its target leads to, or nobody can tell where
// that is. What a read would say of the place is not even asked.
func (e *Engine) misplaced(ctx context.Context, u *resource.Unit) error {
	if e.o.Where == nil || u.Account == "" && u.Region == "" {
		return nil
	}
	account, region, err := e.o.Where(ctx, u.Key.Target)
	switch {
	case err != nil:
		return err
	case u.Account != "" && u.Account != account:
		return resource.Elsewheref("the document is for account %s, and target %q leads to account %s; nothing is read or written there",
			u.Account, u.Key.Target, account)
	case u.Region != "" && u.Region != region:
		return resource.Elsewheref("the document is for region %s, and target %q leads to region %s; nothing is read or written there",
			u.Region, u.Key.Target, region)
	}
	return nil
}

// inPlace parts off the units that may not be looked at here, and answers for them.
func (e *Engine) inPlace(ctx context.Context, units []*resource.Unit, live map[resource.ID]resource.Live) []*resource.Unit {
	var out []*resource.Unit
	for _, u := range units {
		err := e.misplaced(ctx, u)
		if err == nil {
			out = append(out, u)
			continue
		}
		for id := range u.IDs() {
			live[id] = resource.Live{ID: id, Err: err}
		}
	}
	return out
}
