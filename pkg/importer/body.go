package importer

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// scribe writes plain trees of an AWS input as the bodies of a document: in the
// order in which the SDK declares the fields, with sugar where that loses
// nothing, and with text that must not be taken for a reference escaped.
type scribe struct {
	section  spec.Section
	registry *shape.Registry
	// rewrite puts references in the place of what they stand for; nil for none.
	rewrite func(path, text string) string
}

func newScribe(s spec.Section, rewrite func(path, text string) string) *scribe {
	return &scribe{section: s, registry: shape.NewRegistry(s.Unions, s.Documents), rewrite: rewrite}
}

// body writes a whole input.
func (w *scribe) body(plain map[string]any) spec.Map {
	m, _ := w.value(plain, reflect.TypeOf(w.section.New()), "").(spec.Map)
	return m
}

func (w *scribe) value(v any, t reflect.Type, path string) any {
	if t != nil {
		t = shape.Deref(t)
	}
	switch v := v.(type) {
	case map[string]any:
		return w.mapping(v, t, path)
	case []any:
		return w.list(v, t, path)
	case string:
		return w.text(v, path)
	}
	return v
}

func (w *scribe) mapping(v map[string]any, t reflect.Type, path string) spec.Map {
	out := spec.Map{}
	rest := maps.Clone(v)
	if t != nil && t.Kind() == reflect.Struct {
		for _, f := range shape.Fields(t) {
			if x, ok := rest[f.Name]; ok {
				out = out.With(f.Name, w.value(x, f.Type, shape.Join(path, f.Name)))
				delete(rest, f.Name)
			}
		}
	}
	for _, k := range slices.Sorted(maps.Keys(rest)) {
		out = out.With(k, w.value(rest[k], w.entry(t, k), path+"[]"))
	}
	return out
}

// entry is the type of an entry of a map, or of the member of a union.
func (w *scribe) entry(t reflect.Type, key string) reflect.Type {
	switch {
	case t == nil:
	case t.Kind() == reflect.Map:
		return t.Elem()
	case t.Kind() == reflect.Interface:
		if u, ok := w.registry.Union(t); ok {
			if m, ok := u.Member(key); ok && m.NumField() > 0 {
				return m.Field(0).Type
			}
		}
	}
	return nil
}

func (w *scribe) list(v []any, t reflect.Type, path string) any {
	if s, ok := w.section.Sugar[path]; ok {
		if m := w.pairs(v, s, path); m != nil {
			return m
		}
	}
	var elem reflect.Type
	if t != nil && t.Kind() == reflect.Slice {
		elem = t.Elem()
	}
	out := make([]any, len(v))
	for i, x := range v {
		out[i] = w.value(x, elem, path+"[]")
	}
	return out
}

// pairs writes a list of pairs as a mapping, nil where that would lose something
// or read as something else.
func (w *scribe) pairs(v []any, s spec.Sugar, path string) spec.Map {
	out := spec.Map{}
	seen := map[string]bool{}
	for _, x := range v {
		pair, _ := x.(map[string]any)
		key, isText := pair[s.Key].(string)
		value, isText2 := pair[s.Value].(string)
		if !isText || !isText2 || len(pair) != 2 || seen[key] || strings.Contains(key, "$(") {
			return nil
		}
		seen[key] = true
		out = out.With(key, w.text(value, path+"[]."+s.Value))
	}
	if len(out) == 0 || len(out) == 2 && seen[s.Key] && seen[s.Value] {
		return nil
	}
	return out
}

// readsAsReference is text that a parser of ours would resolve or complain about
// even where commands may hold "$(".
var readsAsReference = regexp.MustCompile(`\$\$\(|\$\([A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+\)`)

func (w *scribe) text(s, path string) string {
	if strings.Contains(s, "$(") {
		verbatim := slices.ContainsFunc(w.section.Verbatim, func(v string) bool {
			return strings.TrimSuffix(v, "[]") == strings.TrimSuffix(path, "[]")
		})
		if !verbatim || readsAsReference.MatchString(s) {
			return strings.ReplaceAll(s, "$(", "$$(")
		}
	}
	if w.rewrite != nil {
		return w.rewrite(path, s)
	}
	return s
}
