package importer

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// fitter writes what another tool's file holds as the body of an AWS input:
// under the input's names, with values of its types, and without what says
// nothing. What has no place there is named.
type fitter struct {
	section  spec.Section
	registry *shape.Registry
	vars     *variables
	problems []spec.Problem
}

func newFitter(s spec.Section, v *variables) *fitter {
	return &fitter{section: s, registry: shape.NewRegistry(s.Unions, s.Documents), vars: v}
}

func (f *fitter) errorf(t spec.Tree, format string, args ...any) {
	f.problems = append(f.problems, t.Problem(spec.Error, format, args...))
}

// body fits a whole input. Keys in skip are somebody else's.
func (f *fitter) body(t spec.Tree, skip ...string) spec.Map {
	if t.Sort != spec.Mapping {
		f.errorf(t, "%s: expected a mapping, found %s", f.section.Path, t)
		return nil
	}
	rest := t
	rest.Map = nil
	var dropped []string
	for _, p := range t.Map {
		_, _, known := shape.Find(reflect.TypeOf(f.section.New()), p.Key)
		switch {
		case slices.ContainsFunc(skip, func(s string) bool { return strings.EqualFold(s, p.Key) }):
		case !known && f.readOnly(p.Key):
			dropped = append(dropped, p.Key)
		default:
			rest.Map = append(rest.Map, p)
		}
	}
	if len(dropped) > 0 {
		f.problems = append(f.problems, t.Problem(spec.Warning, "%s: left out, AWS fills it in itself: %s", f.section.Path, strings.Join(dropped, ", ")))
	}
	m, _ := f.value(rest, reflect.TypeOf(f.section.New()), "").(spec.Map)
	return m
}

func (f *fitter) readOnly(key string) bool {
	if f.section.ReadOnly == nil {
		return false
	}
	_, _, ok := shape.Find(reflect.TypeOf(f.section.ReadOnly), key)
	return ok
}

// value fits one value; nil when nothing is to be written.
func (f *fitter) value(t spec.Tree, as reflect.Type, path string) any {
	if t.Sort == spec.Null {
		return nil
	}
	as = shape.Deref(as)
	shown := shape.Join(f.section.Path, path)
	switch as.Kind() {
	case reflect.Struct:
		if shape.IsTime(as) {
			return t.Scalar
		}
		return f.object(t, as, path)
	case reflect.Slice:
		return f.list(t, as, path)
	case reflect.Map:
		if t.Sort != spec.Mapping {
			f.errorf(t, "%s: expected a mapping, found %s", shown, t)
			return nil
		}
		var m spec.Map
		for _, p := range t.Map {
			if v := f.value(p.Value, as.Elem(), path+"[]"); v != nil {
				m = m.With(p.Key, v)
			}
		}
		return filled(m)
	case reflect.Interface: // a union or a free-form document
		return plainValue(t)
	}
	if t.Sort != spec.Scalar {
		f.errorf(t, "%s: expected a single value, found %s", shown, t)
		return nil
	}
	return f.scalar(t, as, shown)
}

// filled is nil for an empty map.
func filled(m spec.Map) any {
	if len(m) == 0 {
		return nil
	}
	return m
}

func (f *fitter) object(t spec.Tree, as reflect.Type, path string) any {
	if t.Sort != spec.Mapping {
		f.errorf(t, "%s: expected a mapping, found %s", shape.Join(f.section.Path, path), t)
		return nil
	}
	var m spec.Map
	for _, p := range t.Map {
		field, _, ok := shape.Find(as, p.Key)
		if !ok {
			f.errorf(p.At, "%s is no field of AWS' API: it is left out", shape.Join(shape.Join(f.section.Path, path), p.Key))
			continue
		}
		if v := f.value(p.Value, field.Type, shape.Join(path, field.Name)); v != nil {
			m = m.With(field.Name, v)
		}
	}
	return filled(m)
}

func (f *fitter) list(t spec.Tree, as reflect.Type, path string) any {
	if t.Sort == spec.Scalar && variableText.MatchString(t.Text()) && variableText.ReplaceAllString(t.Text(), "") == "" {
		f.vars.note(t.Text(), as)
		return t.Text()
	}
	sugar, sweet := f.section.Sugar[path]
	if t.Sort == spec.Mapping && sweet { // a map where AWS wants a list of pairs
		var m spec.Map
		for _, p := range t.Map {
			m = m.With(p.Key, p.Value.Text())
		}
		return filled(m)
	}
	if t.Sort != spec.List {
		f.errorf(t, "%s: expected a list, found %s: it is left out", shape.Join(f.section.Path, path), t)
		return nil
	}
	var items []any
	for _, item := range t.List {
		if v := f.value(item, as.Elem(), path+"[]"); v != nil {
			items = append(items, v)
		}
	}
	if len(items) == 0 {
		return nil
	}
	if sweet {
		if m := sweeten(items, sugar); m != nil {
			return m
		}
	}
	return items
}

// sweeten writes a list of pairs as a map, where that loses nothing.
func sweeten(items []any, s spec.Sugar) any {
	var m spec.Map
	for _, item := range items {
		pair, _ := item.(spec.Map)
		var key, value string
		for _, e := range pair {
			text, ok := e.Value.(string)
			switch {
			case !ok:
				return nil
			case e.Key == s.Key:
				key = text
			case e.Key == s.Value:
				value = text
			default:
				return nil
			}
		}
		if key == "" || strings.Contains(key, "$(") || slices.ContainsFunc(m, func(e spec.Entry) bool { return e.Key == key }) {
			return nil
		}
		m = m.With(key, value)
	}
	return m
}

func (f *fitter) scalar(t spec.Tree, as reflect.Type, shown string) any {
	text := t.Text()
	if variableText.MatchString(text) {
		f.vars.note(text, as)
		return text
	}
	switch as.Kind() {
	case reflect.String:
		values := shape.Enum(as)
		if len(values) == 0 {
			return text
		}
		if text == "" {
			return nil // AWS takes an empty enum for unset
		}
		for _, v := range values {
			if strings.EqualFold(v, text) {
				return v
			}
		}
		f.errorf(t, "%s: %q is none of %s: it is left out", shown, text, strings.Join(values, ", "))
		return nil
	case reflect.Bool:
		switch strings.ToLower(text) {
		case "true":
			return true
		case "false":
			return false
		}
	default:
		if isNumber(text) {
			return json.Number(text)
		}
		if text == "" {
			return nil
		}
	}
	f.errorf(t, "%s: expected a %s, found %s: it is left out", shown, kindName(as), t)
	return nil
}

func isNumber(text string) bool {
	return json.Valid([]byte(text)) && strings.ContainsRune("-0123456789", rune(text[0]))
}

func kindName(t reflect.Type) string {
	if t.Kind() == reflect.Bool {
		return "true or false"
	}
	return "number"
}

// plainValue is a tree as a draft writes it.
func plainValue(t spec.Tree) any {
	switch t.Sort {
	case spec.Mapping:
		m := spec.Map{}
		for _, p := range t.Map {
			m = m.With(p.Key, plainValue(p.Value))
		}
		return m
	case spec.List:
		items := []any{}
		for _, item := range t.List {
			items = append(items, plainValue(item))
		}
		return items
	case spec.Scalar:
		return t.Scalar
	}
	return nil
}

// at finds a value in a draft's map by keys.
func at(m spec.Map, keys ...string) any {
	var v any = m
	for _, k := range keys {
		in, ok := v.(spec.Map)
		if !ok {
			return nil
		}
		i := slices.IndexFunc(in, func(e spec.Entry) bool { return e.Key == k })
		if i < 0 {
			return nil
		}
		v = in[i].Value
	}
	return v
}

// set writes one key of a map, in its place or behind the others.
func set(m spec.Map, key string, v any, comment string) spec.Map {
	for i := range m {
		if m[i].Key == key {
			m[i].Value, m[i].Comment = v, comment
			return m
		}
	}
	return append(m, spec.Entry{Key: key, Value: v, Comment: comment})
}

// without takes a key out.
func without(m spec.Map, key string) spec.Map {
	return slices.DeleteFunc(slices.Clone(m), func(e spec.Entry) bool { return e.Key == key })
}

func text(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}
