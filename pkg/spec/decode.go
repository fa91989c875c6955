package spec

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// decoder fills one SDK input from a node tree. It goes on after an error, so
// that all errors of a body are told at once.
type decoder struct {
	r       *reporter
	section Section
	forms   []Section // all of the section's, section among them
	reg     *shape.Registry
	written *shape.Places
	// children are keys of the body's mapping that are sections of their own.
	children map[string]bool
	// shown maps index paths to what people call them, with the body's own path.
	shown map[string]string

	readOnly  notes // fields that only AWS writes
	respelled notes // fields in another case than ours
}

// notes collects what one warning will name.
type notes struct {
	first *yaml.Node
	items []string
}

func (s *notes) add(n *yaml.Node, item string) {
	if s.first == nil {
		s.first = n
	}
	if !slices.Contains(s.items, item) {
		s.items = append(s.items, item)
	}
}

// decodeBody fills a fresh input of the section. key is the node that names the
// place (nil for a body that is a whole file). The second answer maps index paths
// to what people call them.
func decodeBody(r *reporter, s Section, name string, key, n *yaml.Node, children map[string]bool) (Body, map[string]string) {
	forms := s.Forms()
	s = s.form(n)
	d := &decoder{r: r, section: s, forms: forms, reg: shape.NewRegistry(s.Unions, s.Documents),
		written: &shape.Places{}, children: children, shown: map[string]string{}}
	b := Body{Section: s.Path, Kind: s.Kind, Name: name, Value: s.New(), Written: d.written, Pos: r.pos(n)}
	if key != nil {
		b.Pos = r.pos(key)
	}
	p := place{shown: b.Path()}
	if n.Kind != yaml.MappingNode {
		r.errorf(n, "%s: expects a mapping, got %s", p.shown, got(n))
		return b, d.shown
	}
	if len(s.Extra) > 0 || len(s.Words) > 0 {
		b.Extra = map[string]any{}
	}
	v := reflect.ValueOf(b.Value).Elem()
	d.members(n, v, p, reflect.TypeOf(s.ReadOnly), b.Extra)
	d.warn(p)
	d.required(key, n, v, p)
	return b, d.shown
}

func (d *decoder) warn(p place) {
	if d.readOnly.first != nil {
		d.r.warnf(d.readOnly.first, "%s: only AWS writes these fields, they are left out: %s", p.shown, some(d.readOnly.items))
	}
	if d.respelled.first != nil {
		d.r.warnf(d.respelled.first, "%s: fields in another spelling than the spec's: %s", p.shown, some(d.respelled.items))
	}
}

// members fills a struct from a mapping. ro is the describe type that stands at
// this place, or nil; extra is not nil at the root of a body that takes extra keys.
func (d *decoder) members(n *yaml.Node, v reflect.Value, p place, ro reflect.Type, extra map[string]any) {
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if p.index == "" && d.children[key.Value] {
			continue
		}
		if name := d.extraKey(key, extra); name != "" {
			if seen[name] {
				d.r.errorf(key, "%s: written twice, as %s too", p.field(name).shown, quoted(key.Value))
				continue
			}
			seen[name] = true
			if !isNull(value) {
				d.extra(value, name, p, extra)
			}
			continue
		}
		f, exact, ok := shape.Find(v.Type(), key.Value)
		if !ok {
			d.unknown(key, v.Type(), p, ro)
			continue
		}
		if seen[f.Name] {
			d.r.errorf(key, "%s: written twice, as %s too", p.field(f.Name).shown, quoted(key.Value))
			continue
		}
		seen[f.Name] = true
		if !exact {
			d.respelled.add(key, fmt.Sprintf("%s (write %s)", key.Value, f.Name))
		}
		if d.word(value, f.Name, p, extra) {
			continue
		}
		d.value(value, v.Field(f.Index), p.field(f.Name), roField(ro, f))
	}
}

// word takes a word that stands in place of a field's value.
func (d *decoder) word(n *yaml.Node, field string, p place, extra map[string]any) bool {
	if extra == nil || n.Kind != yaml.ScalarNode || !slices.Contains(d.section.Words[field], n.Value) {
		return false
	}
	q := p.field(field)
	d.written.Set(q.index, d.r.pos(n))
	d.shown[q.index] = q.shown
	extra[field] = n.Value
	return true
}

// roField follows the describe type into a field, as long as it differs from
// the input's own type: only then can it have fields that the input lacks.
func roField(ro reflect.Type, f shape.Field) reflect.Type {
	if ro == nil || shape.Deref(ro).Kind() != reflect.Struct {
		return nil
	}
	for _, g := range shape.Fields(ro) {
		if g.GoName == f.GoName && g.Type != f.Type {
			return g.Type
		}
	}
	return nil
}

func (d *decoder) unknown(key *yaml.Node, t reflect.Type, p place, ro reflect.Type) {
	if ro != nil && shape.Deref(ro).Kind() == reflect.Struct {
		if f, _, ok := shape.Find(ro, key.Value); ok {
			d.readOnly.add(key, p.field(f.Name).free)
			return
		}
	}
	if d.r.full() {
		return
	}
	names := []string{}
	for _, f := range shape.Fields(t) {
		names = append(names, f.Name)
	}
	if p.index == "" {
		for name := range d.section.Extra {
			names = append(names, name)
		}
		for name := range d.children {
			names = append(names, name)
		}
		slices.Sort(names)
	}
	hint := didYouMean(key.Value, names)
	if hint == "" && len(names) <= 12 {
		hint = "; known here: " + strings.Join(names, ", ")
	}
	if p.index == "" && key.Value == d.section.Path {
		hint = "; write what stands under it one level higher"
	}
	for _, other := range d.forms {
		if p.index == "" && other.Form != d.section.Form && other.has(key.Value) {
			hint = d.section.otherForm(other)
		}
	}
	if words := d.elsewhereHint(p.field(key.Value)); words != "" {
		hint = words
	}
	d.r.errorf(key, "%s: unknown field %s%s", p.shown, quoted(key.Value), hint)
}

func (d *decoder) extraKey(key *yaml.Node, extra map[string]any) string {
	if extra == nil {
		return ""
	}
	if _, ok := d.section.Extra[key.Value]; ok {
		return key.Value
	}
	for name := range d.section.Extra {
		if strings.EqualFold(name, key.Value) {
			d.respelled.add(key, fmt.Sprintf("%s (write %s)", key.Value, name))
			return name
		}
	}
	return ""
}

// extra decodes a key of ours. A map of text may also be written as AWS' list
// of {key, value}.
func (d *decoder) extra(n *yaml.Node, name string, p place, extra map[string]any) {
	v := reflect.New(reflect.TypeOf(d.section.Extra[name])).Elem()
	if v.Kind() == reflect.Map && n.Kind == yaml.SequenceNode {
		n = fromPairs(n, Sugar{Key: "key", Value: "value"})
	}
	if d.value(n, v, p.field(name), nil) {
		extra[name] = v.Interface()
	}
}

// value fills v from a node and reports whether anything was written: null is
// never, "" is not for enums and ARNs.
func (d *decoder) value(n *yaml.Node, v reflect.Value, p place, ro reflect.Type) bool {
	if isNull(n) {
		return false
	}
	if d.r.variables && n.Kind == yaml.ScalarNode && variable.MatchString(n.Value) && !isText(v.Type()) {
		return true // told where variables are put in
	}
	if v.Kind() == reflect.Pointer {
		elem := reflect.New(v.Type().Elem())
		if !d.value(n, elem.Elem(), p, ro) {
			return false
		}
		v.Set(elem)
		return true
	}
	if ro != nil {
		ro = shape.Deref(ro)
	}
	if n.Kind == yaml.ScalarNode && n.Value == "" && emptyIsUnset(v.Type(), p) {
		return false
	}
	d.written.Set(p.index, d.r.pos(n))
	d.shown[p.index] = p.shown
	switch {
	case v.Kind() == reflect.Interface:
		d.open(n, v, p)
	case v.Kind() == reflect.Slice:
		d.list(n, v, p, ro)
	case v.Kind() == reflect.Map:
		d.mapping(n, v, p)
	case v.Kind() == reflect.Struct && !shape.IsTime(v.Type()):
		if n.Kind != yaml.MappingNode {
			d.wrongKind(n, p, v.Type())
			break
		}
		d.members(n, v, p, ro, nil)
	case n.Kind != yaml.ScalarNode:
		d.wrongKind(n, p, v.Type())
	default:
		before := d.r.errors
		d.unfilled(n, p)
		if msg := scalar(n, v); msg != "" && d.r.errors == before {
			d.r.errorf(n, "%s: %s%s", p.shown, msg, d.mistakenHint(n, p))
		}
	}
	return true
}

// isText reports whether a type takes any text, and so a reference.
func isText(t reflect.Type) bool {
	t = shape.Deref(t)
	return t.Kind() == reflect.String && shape.Enum(t) == nil
}

// emptyIsUnset: files that tools wrote hold "" where an enum or an ARN was not
// chosen. Everywhere else an empty text is one.
func emptyIsUnset(t reflect.Type, p place) bool {
	if t.Kind() != reflect.String {
		return false
	}
	name := strings.ToLower(p.free[strings.LastIndexByte(p.free, '.')+1:])
	return shape.Enum(t) != nil || strings.HasSuffix(name, "arn") || name == "role"
}

func (d *decoder) wrongKind(n *yaml.Node, p place, t reflect.Type) {
	hint := ""
	switch {
	case n.Kind == yaml.MappingNode && len(n.Content) == 2 && strings.HasPrefix(n.Content[0].Value, "arn:") && isNull(n.Content[1]):
		hint = fmt.Sprintf("; a value that ends with a colon must be quoted: quote it, %q", n.Content[0].Value+":")
	case n.Kind == yaml.SequenceNode && len(n.Content) == 1 && n.Content[0].Kind != yaml.SequenceNode:
		hint = "; write it without the list around it"
	}
	d.r.errorf(n, "%s: expects %s, got %s%s", p.shown, expects(t), got(n), hint)
}

func (d *decoder) list(n *yaml.Node, v reflect.Value, p place, ro reflect.Type) {
	if s, ok := d.section.Sugar[p.free]; ok && n.Kind == yaml.MappingNode {
		n = d.toPairs(n, s, p)
	}
	if n.Kind != yaml.SequenceNode {
		d.r.errorf(n, "%s: expects a list, got %s: %s", p.shown, got(n), d.asList(n, p))
		return
	}
	if ro != nil && ro.Kind() == reflect.Slice {
		ro = ro.Elem()
	} else {
		ro = nil
	}
	out := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, item := range n.Content {
		q := p.item(i, d.label(item, p))
		if isNull(item) {
			d.r.errorf(item, "%s: an element of a list must not be empty", q.shown)
			continue
		}
		if !d.value(item, out.Index(i), q, ro) { // "" in a list of enums or ARNs
			d.r.errorf(item, "%s: expects %s, got \"\"", q.shown, expects(v.Type().Elem()))
		}
	}
	v.Set(out)
}

// plainParts reports whether a key is made of numbers and words, as that of a port
// mapping is: what is wrong there is not repeated in the place's name.
func plainParts(key string) bool {
	for _, part := range strings.Split(key, "/") {
		if strings.Trim(part, "0123456789-") != "" && !wordLike.MatchString(part) {
			return false
		}
	}
	return true
}

// label is what outputs call an element of a list: its merge key, else its name.
func (d *decoder) label(n *yaml.Node, p place) string {
	w := whereto{free: p.free, s: &section{Section: d.section}}
	if name := w.elementName(n); name != "" && len(name) <= 64 && (!strings.HasPrefix(d.section.MergeKeys[p.free], "containerPort") || plainParts(name)) {
		return name
	}
	if n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			if k, v := n.Content[i].Value, n.Content[i+1]; (k == "name" || k == "Name") && v.Kind == yaml.ScalarNode && len(v.Value) <= 64 {
				return v.Value
			}
		}
	}
	return ""
}

func (d *decoder) mapping(n *yaml.Node, v reflect.Value, p place) {
	if n.Kind != yaml.MappingNode {
		d.wrongKind(n, p, v.Type())
		return
	}
	out := reflect.MakeMapWithSize(v.Type(), len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		d.noReference(key, p)
		elem := reflect.New(v.Type().Elem()).Elem()
		if d.value(value, elem, p.key(key.Value), nil) {
			out.SetMapIndex(reflect.ValueOf(key.Value).Convert(v.Type().Key()), elem)
		}
	}
	v.Set(out)
}

// noReference refuses references in keys, which nothing would ever resolve.
func (d *decoder) noReference(key *yaml.Node, p place) {
	if ref := anyReference.FindString(key.Value); ref != "" {
		d.r.errorf(key, "%s: %s stands in a key: a reference can stand in values only", p.shown, ref)
	}
}
