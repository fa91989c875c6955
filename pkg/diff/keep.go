package diff

import (
	"reflect"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// Keep returns a copy of the wanted value in which every place that
// policy.ignore names is as in live. Many of AWS' writes send a whole object, or
// whole members of one: without this they would write what nobody asked for.
//
// What live does not have around the place (a new container, a health check that
// is added) stays as the document writes it: there is nothing to keep yet. Want
// and live are values of one type.
func (r *Rules) Keep(want, live any, ignore []string, section string) any {
	w, l := reflect.ValueOf(want), reflect.ValueOf(live)
	if len(ignore) == 0 || want == nil || live == nil || w.Type() != l.Type() {
		return want
	}
	out := shape.Clone(want)
	k := &keeper{r: r, ignore: relative(ignore, section)}
	k.value(reflect.ValueOf(out), reflect.ValueOf(shape.Clone(live)), place{})
	return out
}

// relative are the patterns as they stand and, where they begin with the
// section, without it.
func relative(patterns []string, section string) []string {
	var out []string
	for _, p := range patterns {
		out = append(out, p)
		if section != "" && len(p) > len(section)+1 && p[:len(section)] == section && p[len(section)] == '.' {
			out = append(out, p[len(section)+1:])
		}
	}
	return out
}

type keeper struct {
	r      *Rules
	ignore []string
}

// ignored: a pattern names the place or something above it.
func (k *keeper) ignored(p place) bool {
	for _, pattern := range k.ignore {
		if Matches(pattern, p.out) || Matches(pattern, p.exact) {
			return true
		}
	}
	return false
}

// below: a pattern names something below the place.
func (k *keeper) below(p place) bool {
	for _, pattern := range k.ignore {
		want := segments(pattern)
		for _, spelling := range []string{p.out, p.exact} {
			if have := segments(spelling); len(have) < len(want) && along(want, have) {
				return true
			}
		}
	}
	return false
}

// along reports whether have is the beginning of what the pattern want names.
func along(want, have []string) bool {
	for i, s := range have {
		any := want[i] == "[]" || want[i] == "[*]"
		if s != want[i] && !(s[0] == '[' && (any || s == "[]")) {
			return false
		}
	}
	return true
}

func (k *keeper) value(w, l reflect.Value, p place) {
	switch {
	case p.exact != "" && k.ignored(p):
		w.Set(l)
	case !k.below(p):
	case w.Kind() == reflect.Pointer:
		k.pointer(w, l, p)
	case w.Kind() == reflect.Struct:
		for _, f := range shape.Fields(w.Type()) {
			k.value(w.Field(f.Index), l.Field(f.Index), p.member(f.Name))
		}
	case w.Kind() == reflect.Slice:
		k.list(w, l, p)
	case w.Kind() == reflect.Map:
		k.entries(w, l, p)
	}
}

func (k *keeper) pointer(w, l reflect.Value, p place) {
	if l.IsNil() {
		return
	}
	if !w.IsNil() {
		k.value(w.Elem(), l.Elem(), p)
		return
	}
	fresh := reflect.New(w.Type().Elem())
	k.value(fresh.Elem(), l.Elem(), p)
	if !fresh.Elem().IsZero() {
		w.Set(fresh)
	}
}

func (k *keeper) entries(w, l reflect.Value, p place) {
	for _, key := range append(w.MapKeys(), l.MapKeys()...) {
		if !k.ignored(p.entry(key.String())) {
			continue
		}
		have := l.MapIndex(key)
		if w.IsNil() {
			if !have.IsValid() {
				continue
			}
			w.Set(reflect.MakeMap(w.Type()))
		}
		w.SetMapIndex(key, have) // none: the entry goes
	}
}

// list pairs elements as Compare does: by merge key, as equals, or by place.
func (k *keeper) list(w, l reflect.Value, p place) {
	pair := k.pairs(w, l, p)
	out := reflect.MakeSlice(w.Type(), 0, w.Len())
	taken := map[int]bool{}
	for i := range w.Len() {
		j, at := pair(i)
		switch {
		case j >= 0:
			taken[j] = true
			k.value(w.Index(i), l.Index(j), at)
		case k.ignored(at):
			continue // live has none
		}
		out = reflect.Append(out, w.Index(i))
	}
	for j := range l.Len() {
		if at := k.element(l, j, p); !taken[j] && k.ignored(at) {
			out = reflect.Append(out, l.Index(j))
		}
	}
	if out.Len() > 0 || !w.IsNil() {
		w.Set(out)
	}
}

// pairs gives for a wanted element the live one that it is compared with, -1 for none.
func (k *keeper) pairs(w, l reflect.Value, p place) func(i int) (j int, at place) {
	_, keyed := lookup(k.r.Keys, p)
	set, _ := lookup(k.r.Sets, p)
	taken := map[int]bool{}
	return func(i int) (int, place) {
		at := k.element(w, i, p)
		for j := range l.Len() {
			same := i == j
			switch {
			case keyed:
				same = k.element(l, j, p).out == at.out
			case set:
				probe := &comparer{r: k.r, ignore: k.ignore}
				_, same = probe.equal(k.node(w.Index(i)), k.node(l.Index(j)), at)
			}
			if same && !taken[j] {
				taken[j] = true
				return j, at
			}
		}
		return -1, at
	}
}

// element is the place of a list's element, by its merge key where it has one.
func (k *keeper) element(list reflect.Value, i int, p place) place {
	if spec, keyed := lookup(k.r.Keys, p); keyed {
		if n := k.node(list.Index(i)); n != nil {
			return p.element(k.r.keyOf(n, spec, p), i)
		}
	}
	return p.element(i, i)
}

func (k *keeper) node(v reflect.Value) *node {
	return k.r.build(shape.Plain(v.Interface(), k.r.Registry), v.Type())
}

// allSkipped reports whether a keyed list that nobody wrote holds nothing but
// elements that are not compared.
func (c *comparer) allSkipped(l *node, p place) bool {
	spec, keyed := lookup(c.r.Keys, p)
	if !keyed || l.sort != list {
		return false
	}
	for _, item := range l.items {
		if !c.skip(p.element(c.r.keyOf(item, spec, p), -1)) {
			return false
		}
	}
	return len(l.items) > 0
}
