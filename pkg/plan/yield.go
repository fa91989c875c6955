package plan

import (
	"fmt"
	"slices"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// yield turns the order round where AWS refuses to have an object beside one that
// is to be deleted: a scaling policy under a new key tracks the metric of the one
// under the old. Elsewhere what is new comes first.
func (m *maker) yield() {
	m.yields = map[resource.ID]*draft{}
	for _, d := range m.order {
		kind, ok := d.kind.(resource.Exclusive)
		if !ok || !d.writes() || d.Blocked != "" {
			continue
		}
		want := *d.object
		want.Want = d.Want
		for _, s := range m.strays {
			if s.ID.Kind != d.ID.Kind || s.live.Presence != resource.Present || s.live.ARN == d.live.ARN {
				continue
			}
			why := kind.Excludes(&want, &s.live)
			switch {
			case why == "":
				continue
			case s.writes():
				m.yields[d.ID] = s
				d.After = s.ID.Local() + " is gone"
				d.block(status.Waiting, fmt.Sprintf("%s, and %s, which goes, has that one", why, s.ID.Local()))
			default:
				d.block(status.RefusedByAWS, fmt.Sprintf("%s, and %s has that one, which no document names: delete it, or write policy.prune: true", why, s.ID.Local()))
			}
			for _, other := range m.order { // what refers to it
				if slices.Contains(other.Needs, d.ID) {
					m.yields[other.ID] = m.yields[d.ID]
				}
			}
		}
	}
}
