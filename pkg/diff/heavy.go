package diff

import (
	"slices"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// Heavy lists the places of a wanted value that were written, whose change weighs
// more than an effect, and of which the rules say something where they are not
// written: those whose deletion nobody could tell from what somebody did in AWS.
// They go by merge key, by place, or, in a set, as many times as they occur, and
// say nothing of values. written are the index paths that the author wrote.
func (r *Rules) Heavy(want any, extra map[string]any, written *shape.Places, above Effect) []string {
	fields := map[string]bool{}
	for path := range written.Paths() {
		fields[Change{Path: path}.Field()] = true
	}
	h := &heavy{r: r, above: above}
	root := r.tree(want, extra)
	for _, name := range sorted(root, nil) {
		if fields[name] {
			h.node(root.members[name], place{}.child(root, name))
		}
	}
	slices.Sort(h.out)
	return h.out
}

type heavy struct {
	r     *Rules
	above Effect
	out   []string
}

func (h *heavy) node(n *node, p place) {
	if _, ignored := lookup(h.r.Ignored, p); ignored {
		return
	}
	switch {
	case n.sort == list && objects(n) && len(n.items) > 0:
		keys, keyed := lookup(h.r.Keys, p)
		set, _ := lookup(h.r.Sets, p)
		for i, item := range n.items {
			switch {
			case keyed:
				h.node(item, p.element(h.r.keyOf(item, keys, p), i))
			case set:
				h.node(item, p.element("", i))
			default:
				h.node(item, p.element(i, i))
			}
		}
	case (n.sort == object || n.sort == dict) && len(n.members) > 0:
		for _, name := range sorted(n, nil) {
			h.node(n.members[name], p.child(n, name))
		}
	case h.r.effect(p).Rank() > h.above.Rank() && h.governed(p):
		h.out = append(h.out, p.out)
	}
}

// governed reports whether leaving the place out says anything.
func (h *heavy) governed(p place) bool {
	_, known := h.r.defaultOf(p)
	_, inherits := (&comparer{r: h.r}).inherits(p)
	return known || inherits
}
