package spec

import (
	"reflect"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// required reports members that must be written and are not. A member is
// missed only where the object that would hold it is written.
func (d *decoder) required(key, n *yaml.Node, v reflect.Value, p place) {
	at := n
	if key != nil {
		at = key
	}
	for _, path := range d.section.Required {
		d.require(at, n, v, p, strings.Split(path, "."))
	}
}

func (d *decoder) require(at, n *yaml.Node, v reflect.Value, p place, path []string) {
	if n.Kind != yaml.MappingNode || v.Kind() != reflect.Struct {
		return // reported already
	}
	name, inList := strings.CutSuffix(path[0], "[]")
	f, _, ok := shape.Find(v.Type(), name)
	if !ok {
		return
	}
	q := p.field(f.Name)
	if !d.written.Has(q.index) {
		if len(path) == 1 {
			d.r.missing(n, f.Name, at, "%s: %s is required", p.shown, f.Name)
		}
		return
	}
	field, child := v.Field(f.Index), valueOf(n, f)
	for field.Kind() == reflect.Pointer && !field.IsNil() {
		field = field.Elem()
	}
	switch {
	case len(path) == 1:
		if field.Kind() == reflect.Slice && field.Len() == 0 && child.Kind == yaml.SequenceNode {
			d.r.errorf(child, "%s: at least one is required", q.shown)
		}
		if field.Kind() == reflect.String && field.Len() == 0 && child.Kind == yaml.ScalarNode && child.Value == "" {
			d.r.errorf(child, "%s: must not be empty", q.shown)
		}
	case inList:
		if field.Kind() != reflect.Slice || child.Kind != yaml.SequenceNode || field.Len() != len(child.Content) {
			return
		}
		for i, item := range child.Content {
			elem := field.Index(i)
			d.require(item, item, elem, q.item(i, d.label(item, q)), path[1:])
		}
	default:
		d.require(child, child, field, q, path[1:])
	}
}

// valueOf finds the node of a field that is known to be written.
func valueOf(n *yaml.Node, f shape.Field) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if strings.EqualFold(n.Content[i].Value, f.Name) || n.Content[i].Value == f.GoName {
			return n.Content[i+1]
		}
	}
	return &yaml.Node{}
}
