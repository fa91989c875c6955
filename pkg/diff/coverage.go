package diff

import (
	"strings"
)

// Owner is who governs a place of a live object.
type Owner string

// The owners.
const (
	OwnerSpec       Owner = "spec"                      // the document wrote it: it is put back
	OwnerDefault    Owner = "AWS' default"              // unwritten: it goes back to a constant, or is absent
	OwnerNobody     Owner = "nobody"                    // unwritten, without a constant default: the live value stays
	OwnerIgnored    Owner = "policy.ignore"             // neither shown nor written
	OwnerAutoscaler Owner = "autoscaler"                // the number of tasks, under a scalable target
	OwnerController Owner = "ECS deployment controller" // the weights of rules that it shifts traffic with
	OwnerElsewhere  Owner = "not compared here"         // the table of rules says why
)

// Field is one place that a comparison looked at, or did not, and why.
type Field struct {
	Path  string `json:"path"` // relative to the body, with merge keys
	Owner Owner  `json:"owner"`
	Why   string `json:"why,omitempty"`
}

// Coverage lists every place that the wanted or the live value has, with its
// owner: what Compare compared, and what it left to somebody else. Places are
// scalars, lists without identities, and objects that are ignored whole.
func (r *Rules) Coverage(a Args) []Field {
	v := &covering{c: &comparer{r: r, a: a, ignore: relative(a.Ignore, a.Section)}}
	v.node(r.tree(a.Want, a.WantExtra), r.tree(a.Live, a.LiveExtra), place{})
	return v.out
}

type covering struct {
	c   *comparer
	out []Field
}

func (v *covering) add(p place, o Owner, why string) {
	v.out = append(v.out, Field{Path: p.out, Owner: o, Why: why})
}

func (v *covering) node(w, l *node, p place) {
	if w == nil && l == nil {
		return
	}
	if p.exact != "" {
		if why, ok := lookup(v.c.r.Ignored, p); ok {
			owner := OwnerElsewhere
			if o, ok := lookup(v.c.r.Governors, p); ok {
				owner = o
			}
			v.add(p, owner, why)
			return
		}
		if v.c.skip(p) {
			v.add(p, OwnerIgnored, "")
			return
		}
	}
	some := w
	if some == nil {
		some = l
	}
	switch some.sort {
	case object, dict:
		if w == nil {
			if why, ok := v.c.inherits(p); ok {
				v.add(p, OwnerNobody, why)
				return
			}
		}
		for _, name := range sorted(w, l) {
			v.node(w.member(name), l.member(name), p.child(some, name))
		}
	case list:
		v.list(w, l, p)
	default:
		v.leaf(w, l, p)
	}
}

// list goes into elements that have an identity.
func (v *covering) list(w, l *node, p place) {
	spec, keyed := lookup(v.c.r.Keys, p)
	if !keyed {
		v.leaf(w, l, p)
		return
	}
	if w == nil {
		w = &node{sort: list}
	}
	if l == nil {
		l = &node{sort: list}
	}
	wi, order := v.c.index(w, p, spec)
	li, more := v.c.index(l, p, spec)
	for _, key := range more {
		if _, ok := wi[key]; !ok {
			order = append(order, key)
		}
	}
	at := func(n *node, byKey map[string]int, key string) *node {
		if i, ok := byKey[key]; ok {
			return n.items[i]
		}
		return nil
	}
	for _, key := range order {
		i := -1
		if j, ok := wi[key]; ok {
			i = j
		}
		v.node(at(w, wi, key), at(l, li, key), p.element(key, i))
	}
}

func (v *covering) leaf(w, l *node, p place) {
	written := v.c.a.Written.Has(p.index)
	if w != nil || written && p.index != "" {
		v.add(p, OwnerSpec, "")
		return
	}
	if why, ok := v.c.inherits(p); ok {
		v.add(p, OwnerNobody, why)
		return
	}
	if _, known := v.c.r.defaultOf(p); known || v.c.r.blank(l, p) {
		v.add(p, OwnerDefault, "")
		return
	}
	v.add(p, OwnerNobody, strings.TrimSuffix(noteUnknown, "; only shown"))
}
