package schema

import (
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// Sections are the places at which a path may begin: those of spec, and metadata.
func Sections() []*Field {
	root := Service()
	return append([]*Field{root.member("metadata")}, root.member("spec").Fields...)
}

// Find looks a path up as people write it: with or without "spec.", with or
// without indices, with or without the names that stand in a map. Paths of other
// kinds than Service begin with the kind. Where there is none, it answers with the
// field that the path left from, and with the nearest path that there is ("" for none).
// A path that ends in a name of an entry may be meant as one of a field, where one slip
// lies between the two: it is found, with the field as the nearest.
func Find(path string) (found, from *Field, nearest string) {
	path = strings.TrimPrefix(strings.Trim(path, "."), "spec.")
	at := &Field{Form: Object, Fields: Sections()}
	if !wellFormed(path) {
		return nil, at, ""
	}
	if kind, rest, _ := strings.Cut(path, "."); kindOf(kind) != nil && kind != "Service" {
		root := kindOf(kind)
		if rest == "" {
			return root, at, ""
		}
		path = strings.TrimPrefix(rest, "spec.")
		if m := root.member(path); m != nil {
			return m, at, ""
		}
		at = &Field{Path: kind, Form: Object, Fields: append([]*Field{root.member("metadata")}, root.member("spec").Fields...)}
	} else if m := Service().member(path); m != nil {
		return m, at, ""
	}
	named := false // the last step was the name of an entry
	steps := segments(path)
	for i, name := range steps {
		if m := step(at, name); m != nil {
			at, named = m, false
			continue
		}
		near := nearestMember(at, name)
		last := i == len(steps)-1
		if entries(at) && !named && !(last && meantField(at, path, name, near)) {
			named = true
			if last && near != "" && !strings.HasSuffix(path, "]") && spec.OneSlip(name, near[strings.LastIndexByte(near, '.')+1:]) {
				return at, at, near
			}
			continue
		}
		return nil, at, near
	}
	return at, at, ""
}

// meantField reports whether the last name of a path, which no field has, was
// meant as one and not as the name of an entry. What stands in no brackets is a
// field of a list's elements; a map's entries have names, of which only a long one
// that is almost a field's is taken for a mistake ("prod" is not "port").
func meantField(at *Field, path, name, near string) bool {
	const long = 6
	if strings.HasSuffix(path, "]") {
		return false
	}
	return at.Form == List && at.Sugar == nil || near != "" && len(name) >= long
}

// nearestMember is the path of the member that a name may have meant, "" for none.
func nearestMember(at *Field, name string) string {
	var names []string
	for _, m := range at.Members() {
		names = append(names, m.Name)
	}
	if n := spec.Nearest(name, names); n != "" {
		return step(at, n).Path
	}
	return ""
}

// wellFormed reports whether a path consists of steps with dots between them:
// names, and keys in brackets behind them.
func wellFormed(path string) bool {
	open, before := false, '.'
	for _, r := range path {
		switch {
		case r == '[' && (open || before == '.'), r == ']' && !open, r == '.' && !open && before == '.':
			return false
		case r == '[' || r == ']':
			open = r == '['
		case before == ']' && r != '.' && !open:
			return false
		}
		before = r
	}
	return !open
}

func step(at *Field, name string) *Field {
	for _, m := range at.Members() {
		if strings.EqualFold(m.Name, name) {
			return m
		}
	}
	return nil
}

// entries reports whether names of the author's own stand at a place.
func entries(f *Field) bool { return f.Form == Map || f.Form == List && f.Elem.Form == Object }

// segments splits a path; an index is no step, what stands in brackets is one.
func segments(path string) []string {
	var out []string
	for path != "" {
		part, rest := path, ""
		if end := strings.IndexByte(path, ']'); path[0] == '[' && end > 0 {
			part, rest = path[1:end], path[end+1:]
		} else if next := strings.IndexAny(path[1:], ".["); next >= 0 {
			part, rest = path[:next+1], path[next+1:]
		}
		part, path = strings.Trim(part, ".[]"), rest
		if strings.Trim(part, "0123456789") != "" {
			out = append(out, part)
		}
	}
	return out
}

// Paths are the paths of all fields, in the order of the document.
func Paths() []string {
	var out []string
	var walk func(f *Field)
	walk = func(f *Field) {
		for _, m := range f.Members() {
			out = append(out, m.Path)
			walk(m)
		}
	}
	walk(&Field{Form: Object, Fields: Sections()})
	return out
}
