package plan

import (
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// order sorts objects topologically by Needs, then by ID. Objects that need each
// other in a circle come last and are returned as such, with all that needs them.
func order(objects []*resource.Object) (sorted []*resource.Object, circle map[resource.ID]bool) {
	rest := slices.Clone(objects)
	slices.SortFunc(rest, func(a, b *resource.Object) int { return byID(a.ID, b.ID) })
	waits := map[resource.ID]bool{} // not placed yet
	for _, o := range rest {
		waits[o.ID] = true
	}
	for len(rest) > 0 {
		i := slices.IndexFunc(rest, func(o *resource.Object) bool {
			return !slices.ContainsFunc(o.Needs, func(id resource.ID) bool { return waits[id] })
		})
		if i < 0 {
			return append(sorted, rest...), waits
		}
		sorted = append(sorted, rest[i])
		delete(waits, rest[i].ID)
		rest = slices.Delete(rest, i, i+1)
	}
	return sorted, nil
}

func byID(a, b resource.ID) int { return strings.Compare(a.String(), b.String()) }
