package spec

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// template is a document of kind TaskTemplate.
type template struct {
	part
	params map[string]*param
	task   *yaml.Node // the mapping under taskDefinition
	key    *yaml.Node
}

// param is a value that a template asks for.
type param struct {
	name     string
	kind     string // string, integer, number, boolean, list
	required bool
	value    *yaml.Node // the default
	enum     []*yaml.Node
}

var paramTypes = []string{"string", "integer", "number", "boolean", "list"}

// template decodes a document of kind TaskTemplate.
func (p *parser) template(n *yaml.Node, r *reporter) *template {
	t := &template{params: map[string]*param{}}
	var f *frame
	if t.part, f = p.partOf("TaskTemplate", n, r); t.spec == nil {
		return t
	}
	f.fields(t.spec, "spec", []field{
		{name: "params", decode: func(_, v *yaml.Node) { t.declare(f, v) }},
		{name: pathTaskDefinition, decode: func(k, v *yaml.Node) { t.key, t.task = k, v }},
	})
	switch {
	case t.task == nil:
		if t.spec.Kind == yaml.MappingNode {
			r.errorf(t.spec, "spec.taskDefinition is required")
		}
		return t
	case t.task.Kind != yaml.MappingNode:
		r.errorf(t.task, "spec.taskDefinition: expects a mapping, got %s", got(t.task))
		return t
	}
	names := slices.Sorted(maps.Keys(t.params))
	variables(t.task, "params", func(at *yaml.Node, name string) {
		if t.params[name] == nil {
			r.errorf(at, "$(params.%s): the template declares no parameter %s%s%s", name, name, didYouMean(name, names), known("parameter", names))
		}
	})
	return t
}

func (t *template) declare(f *frame, n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		t.r.errorf(n, "spec.params: expects a mapping from names to {type, required, default, enum}, got %s", got(n))
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if !isVariable(key.Value) {
			t.r.errorf(key, "spec.params: %s is no name of a parameter: letters, digits, hyphens and underscores", quoted(key.Value))
			continue
		}
		t.params[key.Value] = t.parameter(f, key, value)
	}
}

func (t *template) parameter(f *frame, key, n *yaml.Node) *param {
	p := &param{name: key.Value, kind: "string"}
	path := "spec.params." + key.Value
	var enum *yaml.Node
	if isNull(n) {
		return p
	}
	f.fields(n, path, []field{
		{name: "type", decode: func(_, v *yaml.Node) {
			if s, ok := f.text(v, path+".type"); ok && !slices.Contains(paramTypes, s) {
				t.r.errorf(v, "%s.type: %s", path, notOneOf(s, paramTypes))
			} else if ok {
				p.kind = s
			}
		}},
		{name: "required", decode: func(_, v *yaml.Node) {
			b, msg := false, "expects true or false, got "+got(v)
			if v.Kind == yaml.ScalarNode {
				b, msg = parseBool(v)
			}
			if msg != "" {
				t.r.errorf(v, "%s.required: %s", path, msg)
			}
			p.required = b
		}},
		{name: "default", decode: func(_, v *yaml.Node) { p.value = v }},
		{name: "enum", decode: func(_, v *yaml.Node) { enum = v }},
		{name: "description", decode: func(_, v *yaml.Node) { f.text(v, path+".description") }},
	})
	if enum != nil {
		t.choices(p, enum, path)
	}
	if p.value == nil {
		return p
	}
	if p.required {
		t.r.errorf(p.value, "%s: required and default contradict each other: drop one of the two", path)
	}
	if noVariable(t.r, p.value, path+".default", "a default is written out") {
		if value, msg := p.check(p.value); msg != "" {
			t.r.errorf(p.value, "%s.default: %s", path, msg)
		} else {
			p.value = value
		}
	}
	return p
}

func (t *template) choices(p *param, n *yaml.Node, path string) {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 || p.kind == "list" {
		t.r.errorf(n, "%s.enum: expects a list of single values, for a parameter that is no list", path)
		return
	}
	plain := &param{kind: p.kind}
	for _, item := range n.Content {
		value, msg := plain.check(item)
		if msg != "" {
			t.r.errorf(item, "%s.enum: %s", path, msg)
			continue
		}
		p.enum = append(p.enum, value)
	}
}

// check gives a value the parameter's type, or says why it is not of it: without
// the value, where the parameter is called like a secret.
func (p *param) check(n *yaml.Node) (*yaml.Node, string) {
	out, msg := p.read(n)
	if msg != "" && n.Kind == yaml.ScalarNode && shape.SecretName(p.name) {
		msg = "the value is none of type " + p.kind
		if len(p.enum) > 0 {
			msg += ", or not one of the parameter's enum"
		}
	}
	return out, msg
}

func (p *param) read(n *yaml.Node) (*yaml.Node, string) {
	if p.kind == "list" {
		if n.Kind != yaml.SequenceNode {
			return nil, "expects a list, got " + got(n)
		}
		return n, ""
	}
	wants := map[string]string{"string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false"}[p.kind]
	if n.Kind != yaml.ScalarNode {
		return nil, "expects " + wants + ", got " + got(n)
	}
	out, msg := *n, ""
	switch p.kind {
	case "string":
		out.Tag = "!!str" // 1.10 stays 1.10
	case "integer":
		_, msg = parseInt(n, 64)
		out.Tag = "!!int"
	case "number":
		_, msg = parseFloat(n)
		if out.Tag = "!!float"; !strings.ContainsAny(n.Value, ".eE") {
			out.Tag = "!!int"
		}
	case "boolean":
		var b bool
		b, msg = parseBool(n)
		out.Tag, out.Value = "!!bool", fmt.Sprint(b)
	}
	if msg != "" {
		return nil, msg
	}
	if p.kind != "string" {
		out.Style = 0
		out.Value = strings.TrimSpace(out.Value)
	}
	if len(p.enum) > 0 && !slices.ContainsFunc(p.enum, func(e *yaml.Node) bool { return e.Value == out.Value }) {
		var all []string
		for _, e := range p.enum {
			all = append(all, e.Value)
		}
		return nil, notOneOf(out.Value, all)
	}
	return &out, ""
}

// use is how a service asks for a template.
type use struct {
	name   string
	at     *yaml.Node            // the name
	params map[string]*yaml.Node // variables of the environment are in
	keys   map[string]*yaml.Node
}

// uses reads spec.template.
func (f *frame) uses(n *yaml.Node) (u use, ok bool) {
	before := f.r.errors
	u = use{params: map[string]*yaml.Node{}, keys: map[string]*yaml.Node{}}
	f.fields(n, "spec.template", []field{
		{name: "name", decode: func(_, v *yaml.Node) { u.name, _ = f.text(v, "spec.template.name"); u.at = v }},
		{name: "params", decode: func(_, v *yaml.Node) {
			if v.Kind != yaml.MappingNode {
				f.r.errorf(v, "spec.template.params: expects a mapping from names to values, got %s", got(v))
				return
			}
			for i := 0; i+1 < len(v.Content); i += 2 {
				if key := v.Content[i]; !isNull(v.Content[i+1]) {
					u.params[key.Value], u.keys[key.Value] = v.Content[i+1], key
				}
			}
		}},
	})
	if u.at == nil && n.Kind == yaml.MappingNode {
		f.r.errorf(n, "spec.template: name is required: it is metadata.name of a TaskTemplate")
	}
	return u, f.r.errors == before
}

// fill makes the task definition of a template for one service.
func (t *template) fill(u use, r *reporter, limits Limits) *yaml.Node {
	names := slices.Sorted(maps.Keys(t.params))
	values := map[string]*yaml.Node{}
	missing := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(u.params)) {
		p := t.params[name]
		if p == nil {
			r.errorf(u.keys[name], "spec.template.params: the template %s (%s) has no parameter %s%s%s",
				t.name, t.r.pos(t.at), quoted(name), didYouMean(name, names), known("parameter", names))
			continue
		}
		value, msg := p.check(u.params[name])
		if msg != "" {
			r.errorf(u.params[name], "spec.template.params.%s: %s", name, msg)
			missing[name] = true
			continue
		}
		values[name] = value
	}
	asked := map[string]bool{}
	variables(t.task, "params", func(_ *yaml.Node, name string) { asked[name] = true })
	for _, name := range names {
		switch p := t.params[name]; {
		case values[name] != nil || missing[name]:
		case p.value != nil:
			values[name] = p.value
		case p.required || asked[name]:
			missing[name] = true
			r.errorf(u.at, "spec.template: the template %s (%s) needs the parameter %s: write template.params.%s", t.name, t.r.pos(t.at), name, name)
		}
	}
	if len(missing) > 0 {
		return nil
	}
	s := &substituter{r: r, limits: limits, wants: "params", value: func(name string) (*yaml.Node, string) { return values[name], "" }}
	return s.in(t.task)
}
