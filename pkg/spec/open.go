package spec

import (
	"fmt"
	"reflect"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// open fills an interface-typed place: a union or a free-form document.
func (d *decoder) open(n *yaml.Node, v reflect.Value, p place) {
	if doc, ok := d.reg.Document(v.Type()); ok {
		if plain, ok := d.freeForm(n, p); ok {
			v.Set(reflect.ValueOf(doc.New(plain)))
		}
		return
	}
	u, ok := d.reg.Union(v.Type())
	if !ok {
		d.r.errorf(n, "%s: this version cannot write values of type %s", p.shown, v.Type())
		return
	}
	names := make([]string, len(u.Members))
	for i, m := range u.Members {
		names[i] = shape.SpecName(u.MemberName(m))
	}
	if n.Kind != yaml.MappingNode || len(n.Content) != 2 {
		what := got(n)
		if n.Kind == yaml.MappingNode {
			what = fmt.Sprintf("%d", len(n.Content)/2)
		}
		d.r.errorf(n, "%s: expects a mapping with one key of %s, got %s", p.shown, strings.Join(names, ", "), what)
		return
	}
	key, value := n.Content[0], n.Content[1]
	m, ok := u.Member(key.Value)
	if !ok {
		d.r.errorf(key, "%s: %s", p.shown, notOneOf(key.Value, names))
		return
	}
	name := shape.SpecName(u.MemberName(m))
	if name != key.Value {
		d.respelled.add(key, fmt.Sprintf("%s (write %s)", key.Value, name))
	}
	member := reflect.New(m)
	if d.value(value, member.Elem().FieldByName("Value"), p.field(name), nil) {
		v.Set(member)
	}
}

// freeForm turns a node into maps, slices and scalars, typed as YAML resolves them.
func (d *decoder) freeForm(n *yaml.Node, p place) (any, bool) {
	switch n.Kind {
	case yaml.MappingNode:
		out := make(map[string]any, len(n.Content)/2)
		good := true
		for i := 0; i+1 < len(n.Content); i += 2 {
			q := p.field(n.Content[i].Value)
			d.written.Set(q.index, d.r.pos(n.Content[i+1]))
			v, ok := d.freeForm(n.Content[i+1], q)
			out[n.Content[i].Value], good = v, good && ok
		}
		return out, good
	case yaml.SequenceNode:
		out := make([]any, len(n.Content))
		good := true
		for i, item := range n.Content {
			q := p.item(i, "")
			d.written.Set(q.index, d.r.pos(item))
			v, ok := d.freeForm(item, q)
			out[i], good = v, good && ok
		}
		return out, good
	}
	msg := ""
	var v any
	switch n.ShortTag() {
	case "!!null":
	case "!!bool":
		v, msg = parseBool(n)
	case "!!int":
		v, msg = parseInt(n, 64)
	case "!!float":
		v, msg = parseFloat(n)
	default:
		if strings.Contains(n.Value, "$(") {
			msg = "a reference cannot stand inside free-form content"
		}
		v = n.Value
	}
	if msg != "" {
		d.r.errorf(n, "%s: %s", p.shown, msg)
	}
	return v, msg == ""
}
