package diff

import (
	"fmt"
	"slices"
	"strings"
)

// list compares lists: by merge key, as sets, or as sequences. A written empty
// list wants it empty.
func (c *comparer) list(w, l *node, p place) {
	if l != nil && l.sort != list {
		c.emit(p, Replace, l.plain, w.plain, FromSpec, "")
		return
	}
	if l == nil {
		l = &node{sort: list}
	}
	if len(w.items) == 0 {
		if len(l.items) > 0 {
			c.emit(p, Remove, l.plain, []any{}, FromSpec, "")
		}
		return
	}
	if keys, ok := lookup(c.r.Keys, p); ok {
		c.keyed(w, l, p, keys)
		return
	}
	if set, _ := lookup(c.r.Sets, p); set || !objects(w) || !objects(l) {
		c.whole(w, l, p, set)
		return
	}
	c.sequence(w, l, p)
}

func objects(n *node) bool {
	for _, i := range n.items {
		if i.sort == scalar {
			return false
		}
	}
	return true
}

// keyed compares elements that have an identity.
func (c *comparer) keyed(w, l *node, p place, spec string) {
	names := strings.Split(spec, "+")
	wi, worder := c.index(w, p, spec)
	li, lorder := c.index(l, p, spec)
	for _, key := range worder {
		i := wi[key]
		at := p.element(key, i)
		if j, ok := li[key]; ok {
			c.node(w.items[i], l.items[j], at)
			continue
		}
		c.added(w.items[i], at, names)
	}
	for _, key := range lorder {
		if _, ok := wi[key]; !ok {
			at := p.element(key, -1)
			at.index = p.index // the list was written, and this element was not
			c.removed(l.items[li[key]], at, names...)
		}
	}
}

// index maps merge keys to indices. A repeated key gets its ordinal, so that
// no element is ever lost.
func (c *comparer) index(n *node, p place, spec string) (byKey map[string]int, order []string) {
	byKey = make(map[string]int, len(n.items))
	for i, item := range n.items {
		key := c.r.keyOf(item, spec, p)
		unique := key
		for k := 2; ; k++ {
			if _, taken := byKey[unique]; !taken {
				break
			}
			unique = fmt.Sprintf("%s#%d", key, k)
		}
		byKey[unique] = i
		order = append(order, unique)
	}
	return byKey, order
}

// added shows a new element member by member, without its key; one that is
// nothing but its key is shown whole.
func (c *comparer) added(w *node, p place, keys []string) {
	if c.skip(p) {
		return
	}
	before := len(c.out)
	if w.sort == object {
		for _, name := range sorted(w, nil) {
			if !slices.Contains(keys, name) {
				c.node(w.members[name], nil, p.member(name))
			}
		}
	}
	if len(c.out) == before {
		c.emit(p, Add, nil, w.plain, FromSpec, "")
	}
}

// whole compares a list that has no identities: one change for all of it. Where
// its elements differ in nothing but what is only shown, so does the list.
func (c *comparer) whole(w, l *node, p place, set bool) {
	equal := len(w.items) == len(l.items)
	var shown []Change
	if equal && set {
		shown, equal = c.matches(w, l, p)
	} else if equal {
		for i := range w.items {
			only, same := c.equal(w.items[i], l.items[i], p.element(i, i))
			shown, equal = append(shown, only...), equal && same
		}
	}
	if equal {
		if len(shown) > 0 {
			c.emit(p, Replace, l.value(), w.plain, shown[0].Reason, shown[0].Note)
			last := &c.out[len(c.out)-1]
			last.Informational, last.Effect = true, shown[0].Effect
		}
		return
	}
	op, note := Replace, ""
	if len(l.items) == 0 {
		op = Add
	}
	if c.holdsOpen(w) {
		note = noteOpen
	}
	c.emit(p, op, l.value(), w.plain, FromSpec, note)
}

// matches finds for every wanted element a live one of its own that does not
// differ from it, first among those that are the same to the last member. shown
// is what of the pairs is only information.
func (c *comparer) matches(w, l *node, p place) (shown []Change, ok bool) {
	taken, found := make([]bool, len(l.items)), make([]bool, len(w.items))
	for _, strict := range []bool{true, false} {
		for i, item := range w.items {
			for j, other := range l.items {
				if found[i] || taken[j] {
					continue
				}
				if only, same := c.equal(item, other, p.element(i, i)); same && (!strict || len(only) == 0) {
					taken[j], found[i] = true, true
					shown = append(shown, only...)
				}
			}
		}
	}
	return shown, !slices.Contains(found, false)
}

// equal compares two elements without telling of it; shown is what of them is
// only information.
func (c *comparer) equal(w, l *node, p place) (shown []Change, same bool) {
	probe := &comparer{r: c.r, a: c.a, ignore: c.ignore, texts: c.texts}
	probe.node(w, l, p)
	for _, ch := range probe.out {
		if !ch.Informational {
			return nil, false
		}
	}
	return probe.out, true
}

func (c *comparer) holdsOpen(n *node) bool {
	if n == nil {
		return false
	}
	if s, ok := n.plain.(string); ok && n.sort == scalar {
		return c.texts[s]
	}
	for _, m := range n.members {
		if c.holdsOpen(m) {
			return true
		}
	}
	return slices.ContainsFunc(n.items, c.holdsOpen)
}

// sequence compares ordered objects place by place.
func (c *comparer) sequence(w, l *node, p place) {
	for i := range max(len(w.items), len(l.items)) {
		switch {
		case i >= len(l.items):
			c.added(w.items[i], p.element(i, i), nil)
		case i >= len(w.items):
			at := p.element(i, -1)
			at.index = p.index
			c.removed(l.items[i], at)
		default:
			c.node(w.items[i], l.items[i], p.element(i, i))
		}
	}
}

// equalLists compares a live list with a default under the list's own rules.
func (r *Rules) equalLists(l, d *node, p place) bool {
	if d == nil || d.sort != list {
		return false
	}
	c := &comparer{r: r}
	c.list(d, l, p)
	return len(c.out) == 0
}
