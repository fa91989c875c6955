package schema

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// Form is what stands at a place of a document.
type Form string

// The forms.
const (
	Text    Form = "text"
	Choice  Form = "one of"
	Integer Form = "whole number"
	Number  Form = "number"
	Boolean Form = "true or false"
	Time    Form = "time"
	Any     Form = "anything"
	Object  Form = "object"
	Union   Form = "object with one of its fields"
	List    Form = "list"
	Map     Form = "map"
)

// Field is one place of a document: of ours, or of an AWS input.
type Field struct {
	Path string // as people write it: "service.loadBalancers[].containerName"
	Name string
	Form Form
	// Values of a Choice.
	Values []string
	// Words may stand in place of the value: spec.Section.Words.
	Words []string
	// Doc are AWS' words, or ours.
	Doc string
	// Required: it must be written where the object around it is. FilledIn: the
	// frame writes it where the author does not.
	Required, FilledIn bool
	// Unwritten says what holds where the line is left out or deleted.
	Unwritten string
	// Effect is what a change does to the service, "" where that makes no sense.
	Effect string
	// Sugar: a list of pairs that may be written as a map.
	Sugar *spec.Sugar
	// Pairs: a map that may be written as a list of {key, value}.
	Pairs bool
	// Literal: no variable of an environment or a template can stand here.
	// Partial: what is required inside may be missing: it is merged with more.
	Literal, Partial bool
	// Elem is what a List or a Map holds; Fields what an Object has.
	Elem   *Field
	Fields []*Field
}

// Type says the form as people do.
func (f *Field) Type() string {
	switch {
	case len(f.Words) > 0:
		plain := *f
		plain.Words = nil
		return plain.Type() + ", or " + strings.Join(f.Words, " or ")
	case f.Sugar != nil:
		return "map of " + f.Sugar.Key + " to " + f.Sugar.Value + ", or a list of both"
	case f.Form == List:
		return "list of " + plural(f.Elem.Type())
	case f.Form == Map:
		return "map from names to " + plural(f.Elem.Type())
	case f.Form == Choice && len(f.Values) == 1:
		return f.Values[0]
	case f.Form == Choice:
		return "one of " + strings.Join(f.Values, ", ")
	}
	return string(f.Form)
}

func plural(words string) string {
	switch words {
	case "text", "object", "number", "whole number":
		return words + "s"
	}
	return words
}

// Members are the fields of what stands at a place, through lists and maps.
func (f *Field) Members() []*Field {
	for f.Elem != nil {
		f = f.Elem
	}
	return f.Fields
}

// Service is the tree of a document of kind Service.
var Service = sync.OnceValue(func() *Field {
	root := serviceFrame()
	body := root.member("spec")
	for _, s := range kinds.Sections() {
		parent, name := body, s.Path
		if outer, inner, ok := strings.Cut(s.Path, "."); ok {
			parent, name = body.member(outer), inner
		}
		f := bodyOf(s)
		f.Name = name // a template or an environment may give even the task definition
		f.Doc = docs()[typeKey(reflect.TypeOf(s.New()))]
		w := walker{section: s, rules: kinds.Rules(s.Kind), registry: shape.NewRegistry(s.Unions, s.Documents)}
		for _, name := range slices.Sorted(maps.Keys(s.Extra)) {
			extra := w.field(reflect.TypeOf(s.Extra[name]), shape.Join(s.Path, name), name, "", 1)
			extra.Name, extra.Pairs, extra.Doc = name, true, s.Says[name]
			f.Fields = append(f.Fields, extra)
		}
		if s.Many {
			f = &Field{Path: s.Path, Name: name, Form: Map, Doc: "By names of your own.", Elem: f}
		}
		parent.Fields = append(parent.Fields, f)
	}
	return root
})

// bodyOf is the field of a section's body. Where bodies have several forms it has
// the fields of all: which of them go together is for validate to say.
func bodyOf(s spec.Section) *Field {
	var f *Field
	for _, form := range s.Forms() {
		w := walker{section: form, rules: kinds.Rules(form.Sort()), registry: shape.NewRegistry(form.Unions, form.Documents)}
		one := w.object(reflect.TypeOf(form.New()), form.Path, "", 0)
		if f == nil {
			f = one
			continue
		}
		for _, m := range one.Fields {
			if f.member(m.Name) == nil {
				m.Required = false // in this form only
				f.Fields = append(f.Fields, m)
			}
		}
	}
	return f
}

func (f *Field) member(name string) *Field {
	for _, m := range f.Fields {
		if m.Name == name {
			return m
		}
	}
	return nil
}

// walker makes the fields of one section.
type walker struct {
	section  spec.Section
	rules    *diff.Rules
	registry *shape.Registry
}

// deepest is far beyond any input's nesting: behind it is a circle of types.
const deepest = 14

// object makes the field of a struct. shown is its path for people, path that
// inside the section, index-free.
func (w *walker) object(t reflect.Type, shown, path string, depth int) *Field {
	t = shape.Deref(t)
	f := &Field{Path: shown, Form: Object}
	for _, m := range shape.Fields(t) {
		below := w.field(m.Type, shape.Join(shown, m.Name), shape.Join(path, m.Name), docs()[typeKey(t)+"."+m.GoName], depth+1)
		below.Name = m.Name
		f.Fields = append(f.Fields, below)
	}
	return f
}

func (w *walker) field(t reflect.Type, shown, path, doc string, depth int) *Field {
	f := w.form(t, shown, path, depth)
	f.Doc = doc
	f.Required = slices.Contains(w.section.Required, path)
	f.FilledIn = slices.Contains(w.section.Frame, path)
	if s, ok := w.section.Sugar[path]; ok {
		f.Sugar = &s
	}
	f.Words = w.section.Words[path]
	if ours := w.section.Says[path]; ours != "" {
		f.Doc = strings.TrimSpace(ours + "\n\n" + doc)
	}
	e := w.rules.Explain(path)
	switch {
	case path == "tags":
		f.Unwritten, f.Effect = "tags of others stay", string(diff.InPlace)
	case e.Ignored != "":
		f.Unwritten = "not compared: " + e.Ignored
	case e.Inherits != "":
		f.Unwritten, f.Effect = "no longer governed, the live value stays: "+e.Inherits, string(e.Effect)
	case e.HasDefault && e.Default != nil:
		f.Unwritten, f.Effect = "AWS' default, "+plainJSON(e.Default), string(e.Effect)
	default:
		f.Unwritten, f.Effect = "absent", string(e.Effect)
	}
	return f
}

func (w *walker) form(t reflect.Type, shown, path string, depth int) *Field {
	t = shape.Deref(t)
	f := &Field{Path: shown}
	switch {
	case depth > deepest:
		f.Form = Any
	case shape.IsTime(t):
		f.Form = Time
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		f.Form = Text
	case t.Kind() == reflect.Slice:
		f.Form, f.Elem = List, w.form(t.Elem(), shown+"[]", path+"[]", depth)
	case t.Kind() == reflect.Map:
		f.Form, f.Elem = Map, w.form(t.Elem(), shown+"[]", path+"[]", depth)
	case t.Kind() == reflect.Interface:
		w.open(f, t, shown, path, depth)
	case t.Kind() == reflect.Struct:
		return w.object(t, shown, path, depth)
	case t.Kind() == reflect.Bool:
		f.Form = Boolean
	case t.Kind() == reflect.Float32 || t.Kind() == reflect.Float64:
		f.Form = Number
	case t.Kind() != reflect.String:
		f.Form = Integer
	case len(shape.Enum(t)) > 0:
		f.Form, f.Values = Choice, shape.Enum(t)
	default:
		f.Form = Text
	}
	return f
}

// open makes the field of an interface: free-form content or a union.
func (w *walker) open(f *Field, t reflect.Type, shown, path string, depth int) {
	u, ok := w.registry.Union(t)
	if !ok {
		f.Form = Any
		return
	}
	f.Form = Union
	for _, m := range u.Members {
		name := shape.SpecName(u.MemberName(m))
		value, _ := m.FieldByName("Value")
		below := w.field(value.Type, shape.Join(shown, name), shape.Join(path, name), docs()[typeKey(m)], depth+1)
		below.Name = name
		f.Fields = append(f.Fields, below)
	}
}
