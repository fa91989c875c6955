package diff

import (
	"maps"
	"slices"
)

// Minimal is a live value as an author has to write it: a plain tree in the
// form that AWS gives back, without what the rules know that AWS fills in or
// chooses by itself, and without what they ignore. What has no constant default is kept.
// keep says of an index-free path that it must stand wherever the object around
// it does, default or not; nil for none.
func (r *Rules) Minimal(v any, extra map[string]any, keep func(path string) bool) map[string]any {
	if keep == nil {
		keep = func(string) bool { return false }
	}
	m, _ := r.minimal(r.tree(v, extra), place{}, keep).(map[string]any)
	return m
}

// minimal is nil for what need not be written.
func (r *Rules) minimal(n *node, p place, keep func(string) bool) any {
	if _, skip := lookup(r.Ignored, p); skip && p.exact != "" {
		return nil
	}
	_, inherits := lookup(r.Inherits, p)
	if usual, _ := lookup(r.Usual, p); inherits && slices.ContainsFunc(usual, func(v any) bool { return same(n.plain, v) }) {
		return nil
	}
	switch n.sort {
	case scalar:
		switch d, known := r.defaultOf(p); {
		case d == nil && n.plain == false: // what nobody switched on
			return nil
		case !inherits && known && d != nil && same(n.plain, d):
			return nil
		}
		return n.plain
	case list:
		if len(n.items) == 0 || !inherits && r.blank(n, p) {
			return nil
		}
		out := make([]any, len(n.items))
		for i, item := range n.items {
			if out[i] = r.minimal(item, p.element("", i), keep); out[i] == nil {
				out[i] = item.plain
			}
		}
		return out
	case dict:
		out := map[string]any{}
		for k, m := range n.members {
			if x := r.minimal(m, p.entry(k), keep); x != nil {
				out[k] = x
			}
		}
		return filled(out)
	}
	out, required := map[string]any{}, map[string]any{}
	for k, m := range n.members {
		at := p.member(k)
		if x := r.minimal(m, at, keep); x != nil {
			out[k] = x
		} else if keep(at.free) {
			required[k] = m.plain
		}
	}
	if len(out) > 0 {
		for k, x := range required {
			out[k] = x
		}
	}
	return filled(out)
}

func filled(m map[string]any) any {
	if len(m) == 0 {
		return nil
	}
	return m
}

// Secrets lists the paths below which a plain tree holds what looks like a
// secret, by name or by itself. Environment variables go by their names.
func Secrets(v any) []string {
	var out []string
	r := &Rules{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch x := v.(type) {
		case string:
			if r.sensitive(path, x) {
				out = append(out, path)
			}
		case []any:
			for i, item := range x {
				walk(elementPath(path, item, i), item)
			}
		case map[string]any:
			for _, k := range slices.Sorted(maps.Keys(x)) {
				walk(memberPath(path, k), x[k])
			}
		}
	}
	walk("", v)
	return out
}
