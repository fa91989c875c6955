package diff

import (
	"encoding/json"
	"maps"
	"slices"
	"sort"
)

// Canonical is the value's normal form as JSON: equal for values that Compare
// finds equal. Defaults, empty and ignored members are left out, sets and keyed
// lists are sorted. It is made for content hashes.
func (r *Rules) Canonical(v any) []byte {
	return r.canonical(v, nil)
}

// CanonicalFields is Canonical of some top-level members alone.
func (r *Rules) CanonicalFields(v any, fields ...string) []byte {
	return r.canonical(v, func(name string) bool { return slices.Contains(fields, name) })
}

func (r *Rules) canonical(v any, keep func(string) bool) []byte {
	r = r.first()
	root := r.tree(v, nil)
	out := map[string]any{}
	for name, m := range root.members {
		if keep == nil || keep(name) {
			if at := (place{}).child(root, name); !r.blank(m, at) {
				out[name] = r.canon(m, at)
			}
		}
	}
	return encode(out)
}

// first are the rules as the first content hashes were made with them.
func (r *Rules) first() *Rules {
	if len(r.Later) == 0 {
		return r
	}
	out := *r
	out.Defaults = maps.Clone(r.Defaults)
	for path := range r.Later {
		delete(out.Defaults, path)
	}
	return &out
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil { // trees hold maps, slices and scalars; a NaN is the only way here
		panic("diff: canonical form: " + err.Error())
	}
	return b
}

func (r *Rules) canon(n *node, p place) any {
	switch n.sort {
	case scalar:
		return number(n.plain)
	case list:
		return r.canonList(n, p)
	}
	out := map[string]any{}
	for name, m := range n.members {
		at := p.child(n, name)
		if _, skip := lookup(r.Ignored, at); skip || n.sort == object && r.blank(m, at) {
			continue
		}
		out[name] = r.canon(m, at)
	}
	return out
}

func (r *Rules) canonList(n *node, p place) any {
	type item struct {
		key   string
		value any
	}
	items := make([]item, 0, len(n.items))
	keys, keyed := lookup(r.Keys, p)
	set, _ := lookup(r.Sets, p)
	for i, m := range n.items {
		v := r.canon(m, p.element(i, i))
		it := item{value: v}
		switch {
		case keyed: // the value as well, for repeated keys
			it.key = r.keyOf(m, keys, p) + "\x00" + string(encode(v))
		case set:
			it.key = string(encode(v))
		}
		items = append(items, it)
	}
	if keyed || set {
		sort.SliceStable(items, func(i, j int) bool { return items[i].key < items[j].key })
	}
	out := make([]any, len(items))
	for i, it := range items {
		out[i] = it.value
	}
	return out
}
