package spec

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// ignore takes paths of the spec. One that leads nowhere would silently ignore
// nothing, so it is followed through the input's type.
func (f *frame) ignore(n *yaml.Node) {
	for _, v := range f.texts(n, "policy.ignore") {
		if problem := f.leadsNowhere(v.Value); problem != "" {
			f.r.errorf(v, "policy.ignore: %s: %s", quoted(v.Value), problem)
			continue
		}
		path, several := f.spelled(v.Value)
		if several != "" {
			f.r.errorf(v, "policy.ignore: %s: %s", quoted(v.Value), several)
			continue
		}
		f.doc.Policy.Ignore = append(f.doc.Policy.Ignore, path)
	}
}

// leadsNowhere says what is wrong with a path, "" for nothing.
func (f *frame) leadsNowhere(path string) string {
	first, rest := step(path)
	top := slices.IndexFunc(f.sections, func(s section) bool { return s.key == first })
	if top < 0 {
		var names []string
		for _, s := range f.sections {
			names = append(names, s.key)
		}
		return fmt.Sprintf("a path begins with a section of the spec%s; these are %s", didYouMean(first, names), strings.Join(names, ", "))
	}
	s := f.sections[top]
	if key, below := step(rest); key != "" {
		for _, c := range s.children {
			if c.key == key {
				s, rest = c, below
			}
		}
	}
	if s.Many {
		_, rest = step(rest) // the name of a body, which may be gone already
	}
	field, _ := step(rest)
	form := s.formWith(field)
	return follow(reflect.TypeOf(form.New()), rest, form)
}

// step takes the first name off a path: "a[0].b" gives "a" and "[0].b".
func step(path string) (name, rest string) {
	path = strings.TrimPrefix(path, ".")
	if i := strings.IndexAny(path, ".["); i >= 0 {
		return path[:i], path[i:]
	}
	return path, ""
}

// follow goes down a type along a path. Below tags, keys of maps, unions and
// documents it believes what stands there.
func follow(t reflect.Type, path string, s Section) string {
	root := true
	for path != "" {
		t = shape.Deref(t)
		switch t.Kind() {
		case reflect.Slice, reflect.Map:
			end := strings.IndexByte(path, ']')
			if path[0] != '[' || end < 0 {
				return fmt.Sprintf("expects an element in brackets before %q", path)
			}
			t, path = t.Elem(), path[end+1:]
			continue
		case reflect.Struct:
		case reflect.Interface:
			return ""
		default:
			return fmt.Sprintf("nothing lies below a single value: %q", path)
		}
		name, rest := step(path)
		field, _, ok := shape.Find(t, name)
		if _, extra := s.Extra[name]; root && (extra || name == "tags") {
			return ""
		}
		if !ok {
			var names []string
			for _, g := range shape.Fields(t) {
				names = append(names, g.Name)
			}
			return fmt.Sprintf("there is no field %s%s", quoted(name), didYouMean(name, names))
		}
		t, path, root = field.Type, rest, false
	}
	return ""
}
