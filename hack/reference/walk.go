package main

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// table is one object of a section: the places where it stands, and its fields.
type table struct {
	paths []string // "" for the section's own body
	rows  []row
}

// row is one field.
type row struct{ name, what, needed, unwritten, change string }

// walker collects the tables of one section.
type walker struct {
	section  spec.Section
	rules    *diff.Rules
	registry *shape.Registry
	tables   []*table
}

func tablesOf(s spec.Section) []*table {
	w := &walker{section: s, rules: kinds.Rules(s.Sort()), registry: shape.NewRegistry(s.Unions, s.Documents)}
	w.object(reflect.TypeOf(s.New()), "", 0)
	for _, name := range slices.Sorted(maps.Keys(s.Extra)) {
		w.entries(name)
	}
	return w.tables
}

// deepest is far beyond any input's nesting: behind it is a circle of types.
const deepest = 12

// object adds the table of an object, and of the objects in it. One that reads
// the same as an earlier one is not repeated: it stands at both places.
func (w *walker) object(t reflect.Type, path string, depth int) {
	t = shape.Deref(t)
	if depth > deepest {
		return
	}
	here := &table{paths: []string{path}}
	type inner struct {
		t    reflect.Type
		path string
	}
	var below []inner
	add := func(name string, ft reflect.Type) {
		p := shape.Join(path, name)
		here.rows = append(here.rows, w.row(name, p, ft))
		if w.rules.Ignored[p] != "" {
			return
		}
		if o, at := holds(ft, p); o != nil {
			below = append(below, inner{o, at})
		}
	}
	if u, ok := w.registry.Union(t); ok {
		for _, m := range u.Members {
			add(shape.SpecName(u.MemberName(m)), m.Field(0).Type)
		}
	}
	for _, f := range shape.Fields(t) {
		add(f.Name, f.Type)
	}
	if path == "" {
		for _, name := range slices.Sorted(maps.Keys(w.section.Extra)) {
			here.rows = append(here.rows, w.row(name, name, reflect.TypeOf(w.section.Extra[name])))
		}
	}
	if !w.known(here) && len(here.rows) > 0 {
		w.tables = append(w.tables, here)
	}
	for _, b := range below {
		if _, free := w.registry.Document(b.t); !free {
			w.object(b.t, b.path, depth+1)
		}
	}
}

// known merges a table into one that reads the same.
func (w *walker) known(t *table) bool {
	for _, have := range w.tables {
		if slices.Equal(have.rows, t.rows) {
			have.paths = append(have.paths, t.paths...)
			return true
		}
	}
	return false
}

// entries adds the entries of a free-form map that the rules know.
func (w *walker) entries(name string) {
	here := &table{paths: []string{name}}
	keys := map[string]bool{}
	for p := range w.rules.Defaults {
		keys[p] = true
	}
	for p := range w.rules.Inherits {
		keys[p] = true
	}
	for _, p := range slices.Sorted(maps.Keys(keys)) {
		key, ok := strings.CutPrefix(p, name+"[")
		if ok {
			here.rows = append(here.rows, w.row(strings.TrimSuffix(key, "]"), p, reflect.TypeFor[string]()))
		}
	}
	w.tables = append(w.tables, here)
}

// holds finds the object, or the union, inside a type, and its path.
func holds(t reflect.Type, path string) (reflect.Type, string) {
	t = shape.Deref(t)
	switch t.Kind() {
	case reflect.Struct:
		if shape.IsTime(t) {
			return nil, ""
		}
		return t, path
	case reflect.Interface:
		return t, path
	case reflect.Slice, reflect.Map:
		return holds(t.Elem(), path+"[]")
	}
	return nil, ""
}

func (w *walker) row(name, path string, t reflect.Type) row {
	r := row{name: name, what: w.words(t, path)}
	if slices.Contains(w.section.Required, path) {
		r.needed = "yes"
	}
	if slices.Contains(w.section.Frame, path) {
		r.needed = "filled in"
	}
	e := w.rules.Explain(path)
	switch {
	case w.tags(path):
		r.unwritten, r.change = "tags of others stay", string(diff.InPlace)
		if w.section.Kind == resource.KindTaskDefinition {
			r.change = "nothing: the next revision has them"
		}
		return r
	case e.Ignored != "":
		r.change = "not compared: " + e.Ignored
		return r
	case e.Inherits != "":
		r.unwritten = "stays as it is: " + e.Inherits
	case e.HasDefault && e.Default != nil:
		r.unwritten = "`" + value(e.Default) + "`"
	}
	r.change = string(e.Effect)
	return r
}

// tags are compared on their own, on every kind that carries them.
func (w *walker) tags(path string) bool {
	return path == "tags" && w.rules.Ignored[path] == "compared as tags"
}

// words says a type as people do.
func (w *walker) words(t reflect.Type, path string) string {
	if words := w.section.Words[path]; len(words) > 0 {
		plain := *w
		plain.section.Words = nil
		return plain.words(t, path) + ", or `" + strings.Join(words, "` or `") + "`"
	}
	sugar, short := w.section.Sugar[path]
	t = shape.Deref(t)
	if short {
		return "map of `" + sugar.Key + "` to `" + sugar.Value + "`, or a list of both"
	}
	switch t.Kind() {
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "bytes"
		}
		return "list of " + plural(w.words(t.Elem(), path+"[]"))
	case reflect.Map:
		return "map of text to " + w.words(t.Elem(), path+"[]")
	case reflect.Struct:
		if shape.IsTime(t) {
			return "time"
		}
		return "object"
	case reflect.Interface:
		if _, free := w.registry.Document(t); free {
			return "anything"
		}
		return "object with one of its fields"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int32, reflect.Int64:
		return "whole number"
	case reflect.Float32, reflect.Float64:
		return "number"
	}
	if values := shape.Enum(t); len(values) > 0 {
		return "one of `" + strings.Join(values, "` \\| `") + "`"
	}
	return "text"
}

func plural(words string) string {
	switch words {
	case "text":
		return "texts"
	case "object":
		return "objects"
	case "whole number":
		return "whole numbers"
	}
	return words
}

// value prints a default as it would be written.
func value(v any) string {
	if s, ok := v.(string); ok && s != "" {
		return s
	}
	b, err := json.Marshal(v)
	if err != nil {
		return "?"
	}
	return string(b)
}
