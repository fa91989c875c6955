package plan

import "slices"

// sortStrays puts what is to be deleted into the order of kinds, and within a kind
// that which names another before it: AWS refuses to delete an alarm while a
// composite alarm watches it.
func (m *maker) sortStrays(kinds []string) {
	slices.SortStableFunc(m.strays, func(a, b *draft) int { return slices.Index(kinds, a.ID.Kind) - slices.Index(kinds, b.ID.Kind) })
	for from := 0; from < len(m.strays); {
		to := from + 1
		for to < len(m.strays) && m.strays[to].ID.Kind == m.strays[from].ID.Kind {
			to++
		}
		m.namingFirst(m.strays[from:to])
		from = to
	}
}

// namingFirst moves to the front, again and again, the first one that no other of
// the rest names. Those that name each other in a circle stay as they are: AWS
// wants one of them changed by hand first.
func (m *maker) namingFirst(alike []*draft) {
	for len(alike) > 1 {
		free := slices.IndexFunc(alike, func(d *draft) bool {
			return !slices.ContainsFunc(alike, func(other *draft) bool { return other != d && m.refers(other.live, d) })
		})
		if free < 0 {
			return
		}
		d := alike[free]
		copy(alike[1:], alike[:free])
		alike[0], alike = d, alike[1:]
	}
}
