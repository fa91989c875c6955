package spec

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

var (
	// variable is what is put in before a document is decoded.
	variable     = regexp.MustCompile(`\$\((?:env|params)\.[A-Za-z0-9_.-]+\)`)
	anyReference = regexp.MustCompile(`\$\([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+\)`)
	// dotted is what a reference looks like between its parentheses.
	dotted = regexp.MustCompile(`^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+$`)
)

// references finds, checks and records every reference in the bodies, and takes
// the escape off "$$(". It walks with shape.MapStrings, so that Ref.Path is the
// path under which a reference is resolved later.
func (f *frame) references() {
	places := f.places()
	for i := range f.doc.Bodies {
		b := &f.doc.Bodies[i]
		s := f.sectionOf(b.Section)
		visit := func(path, text string) string {
			return f.scan(b, s, path, text, places)
		}
		shape.MapStrings(b.Value, visit)
		for _, key := range slices.Sorted(maps.Keys(b.Extra)) {
			shape.MapStrings(b.Extra[key], func(path, text string) string {
				if path != "" && path[0] != '[' { // of an object; a map's begins with its key
					path = "." + path
				}
				return visit(key+path, text)
			})
		}
	}
}

// places are what a reference may name: paths of bodies, and the section of each.
func (f *frame) places() map[string]Body {
	out := map[string]Body{}
	for _, b := range f.doc.Bodies {
		out[b.Path()] = b
	}
	return out
}

func (f *frame) sectionOf(path string) Section {
	for _, s := range f.sections {
		if s.Path == path {
			return s.Section
		}
		for _, c := range s.children {
			if c.Path == path {
				return c.Section
			}
		}
	}
	return Section{}
}

// scan reads one string and returns it without escapes.
func (f *frame) scan(b *Body, s Section, path, text string, places map[string]Body) string {
	if !strings.Contains(text, "$(") || f.r.full() {
		return text
	}
	verbatim := slices.ContainsFunc(s.Verbatim, func(v string) bool {
		return strings.TrimSuffix(v, "[]") == strings.TrimSuffix(indexFree(path), "[]")
	})
	var out strings.Builder
	var escaped []string // what follows "$$", as far as it reads like a reference
	var refs []Ref
	for rest := text; rest != ""; {
		at := strings.Index(rest, "$(")
		if at < 0 {
			out.WriteString(rest)
			break
		}
		if at > 0 && rest[at-1] == '$' {
			out.WriteString(rest[:at-1] + "$(")
			rest = rest[at+2:]
			if inner, _, ok := strings.Cut(rest, ")"); ok {
				escaped = append(escaped, "$("+inner+")")
			}
			continue
		}
		out.WriteString(rest[:at])
		inner, after, closed := strings.Cut(rest[at+2:], ")")
		if !closed {
			if !verbatim {
				f.bad(b, path, "a $( has no closing parenthesis; write $$( for a literal $(") // what follows may be anything, a password too
			}
			out.WriteString(rest[at:])
			break
		}
		whole := "$(" + inner + ")"
		ref, problem := f.resolve(b, inner, places)
		switch {
		case variable.MatchString(whole): // told where variables are put in
		case problem == "":
			ref.Path, ref.Text, ref.Pos = path, whole, b.Written.At(path)
			if !slices.ContainsFunc(refs, func(r Ref) bool { return r.Text == whole }) {
				refs = append(refs, ref)
			}
		case !verbatim || f.readsLikeReference(inner):
			f.bad(b, path, "%s: %s", whole, problem)
		}
		out.WriteString(whole)
		rest = after
	}
	for _, r := range refs {
		if slices.Contains(escaped, r.Text) {
			f.bad(b, path, "%s stands both escaped and as a reference in one text", r.Text)
		}
	}
	b.Refs = append(b.Refs, refs...)
	return out.String()
}

// bad reports a problem at the place of a string.
func (f *frame) bad(b *Body, path, format string, args ...any) {
	p := Problem{Message: f.shown[b.Path()][path] + ": " + fmt.Sprintf(format, args...)}
	p.File, p.Line, p.Column = placed(b.Written.At(path))
	f.r.add(p)
}

// resolve checks what stands between the parentheses.
func (f *frame) resolve(b *Body, inner string, places map[string]Body) (Ref, string) {
	if !dotted.MatchString(inner) {
		return Ref{}, "not a reference of the form $(PLACE.attribute); write $$( for a literal $("
	}
	cut := strings.LastIndexByte(inner, '.')
	name, attr := inner[:cut], inner[cut+1:]
	to, ok := places[name]
	if !ok {
		known := slices.Sorted(maps.Keys(places))
		if whole, ok := places[inner]; ok {
			return Ref{}, fmt.Sprintf("the attribute is missing; %s has %s", inner, strings.Join(f.sectionOf(whole.Section).Attributes, ", "))
		}
		return Ref{}, fmt.Sprintf("there is no %s in this document%s; there are %s", name, didYouMean(name, append(slices.Clone(known), "env", "params")), some(known))
	}
	if to.Path() == b.Path() {
		return Ref{}, fmt.Sprintf("%s cannot refer to itself", name)
	}
	attrs := f.sectionOf(to.Section).Attributes
	if !slices.Contains(attrs, attr) {
		return Ref{}, fmt.Sprintf("%s has no attribute %s%s; it has %s", name, attr, didYouMean(attr, attrs), strings.Join(attrs, ", "))
	}
	return Ref{Section: to.Section, Name: to.Name, Attr: attr}, ""
}

// readsLikeReference decides whether "$(…)" in a command or an environment value
// was meant for us: dotted, and its first word is a section or nearly one.
func (f *frame) readsLikeReference(inner string) bool {
	if !dotted.MatchString(inner) {
		return false
	}
	first, _, _ := strings.Cut(inner, ".")
	names := []string{"env", "params"}
	for _, s := range f.sections {
		names = append(names, s.key)
	}
	return slices.Contains(names, first) || len(first) > 3 && Nearest(first, names) != ""
}
