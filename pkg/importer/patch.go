package importer

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// patch is what a ServicePatch writes to make one spec of another. Lists with a
// merge key are merged by it, so that an element cannot be taken out: that is
// named at the place.
func (p *project) patch(base, over spec.Map, where spec.Tree) spec.Map {
	x := patcher{where: where, project: p}
	var out spec.Map
	for _, e := range over {
		s, isSection := p.sections[e.Key]
		was := at(base, e.Key)
		switch {
		case same(was, e.Value):
		case was == nil || !isSection:
			out = out.With(e.Key, e.Value)
		case s.Many:
			out = out.With(e.Key, x.many(s, was.(spec.Map), e.Value.(spec.Map)))
		default:
			out = out.With(e.Key, x.value(s, "", reflect.TypeOf(s.New()), was, e.Value))
		}
	}
	for _, e := range base {
		if at(over, e.Key) == nil {
			out = out.With(e.Key, spec.Remove)
		}
	}
	return out
}

type patcher struct {
	*project
	where spec.Tree
}

func same(a, b any) bool { return reflect.DeepEqual(plainOf(a), plainOf(b)) }

// plainOf makes values comparable: numbers by their text, maps without order.
func plainOf(v any) any {
	switch v := v.(type) {
	case nil:
		return nil
	case spec.Map:
		out := map[string]any{}
		for _, e := range v {
			out[e.Key] = plainOf(e.Value)
		}
		return out
	case []any:
		out := []any{}
		for _, item := range v {
			out = append(out, plainOf(item))
		}
		return out
	}
	return fmt.Sprint(v)
}

// many patches a section with several bodies.
func (x patcher) many(s spec.Section, was, now spec.Map) spec.Map {
	var out spec.Map
	for _, e := range now {
		switch old := at(was, e.Key); {
		case old == nil:
			out = out.With(e.Key, e.Value)
		case !same(old, e.Value):
			out = out.With(e.Key, x.value(s, "", reflect.TypeOf(s.New()), old, e.Value))
		}
	}
	return x.gone(was, now, out)
}

func (x patcher) gone(was, now, out spec.Map) spec.Map {
	for _, e := range was {
		if at(now, e.Key) == nil {
			out = out.With(e.Key, spec.Remove)
		}
	}
	return out
}

func (x patcher) value(s spec.Section, path string, as reflect.Type, was, now any) any {
	switch n := now.(type) {
	case spec.Map:
		o, ok := was.(spec.Map)
		if !ok {
			return now
		}
		var out spec.Map
		for _, e := range n {
			old := at(o, e.Key)
			switch {
			case same(old, e.Value):
			case old == nil:
				out = out.With(e.Key, e.Value)
			default:
				f, _, _ := shape.Find(structOf(as), e.Key)
				out = out.With(e.Key, x.below(s, shape.Join(path, e.Key), e.Key, f.Type, old, e.Value))
			}
		}
		return x.gone(o, n, out)
	case []any:
		o, ok := was.([]any)
		key := s.MergeKeys[path]
		if !ok || key == "" {
			return now
		}
		return x.list(s, path, as, key, o, n)
	}
	return now
}

// below goes on inside a nested section (scaling.policies) or a member.
func (x patcher) below(s spec.Section, path, key string, as reflect.Type, was, now any) any {
	if child, ok := x.sections[s.Path+"."+key]; ok && !strings.Contains(path, ".") {
		return x.many(child, was.(spec.Map), now.(spec.Map))
	}
	return x.value(s, path, as, was, now)
}

// structOf is the struct at the end of pointers and lists; the empty one for none.
func structOf(t reflect.Type) reflect.Type {
	for t != nil && (t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice) {
		t = t.Elem()
	}
	if t == nil || t.Kind() != reflect.Struct {
		return reflect.TypeFor[struct{}]()
	}
	return t
}

// list patches a list by its merge key.
func (x patcher) list(s spec.Section, path string, as reflect.Type, key string, was, now []any) any {
	var names []string
	for _, part := range strings.Split(key, "+") {
		name, _, _ := strings.Cut(part, "=")
		names = append(names, name)
	}
	id := func(v any) string {
		m, _ := v.(spec.Map)
		var out []string
		for _, n := range names {
			out = append(out, text(at(m, n)))
		}
		return strings.Join(out, "\x00")
	}
	var out []any
	for _, item := range now {
		i := slices.IndexFunc(was, func(o any) bool { return id(o) == id(item) })
		switch {
		case i < 0:
			out = append(out, item)
		case !same(was[i], item):
			change, _ := x.value(s, path+"[]", as, was[i], item).(spec.Map)
			m := spec.Map{}
			for _, n := range names {
				if v := at(item.(spec.Map), n); v != nil {
					m = m.With(n, v)
				}
			}
			out = append(out, append(m, change...))
		}
	}
	for _, o := range was {
		if !slices.ContainsFunc(now, func(n any) bool { return id(n) == id(o) }) {
			x.errorf(x.where, "%s.%s: a patch cannot take out the element %s: write a Service of its own for this environment", s.Path, path, strings.ReplaceAll(id(o), "\x00", "/"))
		}
	}
	return out
}
