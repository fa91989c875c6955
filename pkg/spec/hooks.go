package spec

import (
	"fmt"

	"gopkg.in/yaml.v3"
)

// Hook is one task that is to run before or after a deployment.
type Hook struct {
	Stage   string // preDeploy, postDeploy
	Name    string
	Timeout string // Go duration
	// Overrides of the task, as AWS has them in RunTask.
	Overrides any
	Pos       string
}

// hooks reads spec.hooks and judges its form; running them comes later.
func (f *frame) hooks(key, n *yaml.Node) {
	stage := func(name string) field {
		return field{name: name, decode: func(_, v *yaml.Node) { f.stage(name, v) }}
	}
	f.fields(n, "hooks", []field{stage("preDeploy"), stage("postDeploy")})
	f.r.warnf(key, "spec.hooks is kept for a later version: no task is run before or after a deployment yet")
}

func (f *frame) stage(stage string, n *yaml.Node) {
	path := "hooks." + stage
	if n.Kind != yaml.MappingNode {
		f.r.errorf(n, "%s: expects a mapping from names to {overrides, timeout}, got %s", path, got(n))
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if isNull(value) {
			continue
		}
		if !localName.MatchString(key.Value) {
			f.r.errorf(key, "%s: %s is no name for this document: up to 64 letters, digits, hyphens and underscores", path, quoted(key.Value))
			continue
		}
		h := Hook{Stage: stage, Name: key.Value, Pos: f.r.pos(key)}
		at := path + "." + key.Value
		f.fields(value, at, []field{
			{name: "overrides", decode: func(_, v *yaml.Node) { f.overrides(v, at+".overrides"); h.Overrides = plainOf(v) }},
			{name: "timeout", decode: func(_, v *yaml.Node) { h.Timeout = f.duration(v, at+".timeout") }},
		})
		f.doc.Hooks = append(f.doc.Hooks, h)
	}
}

// overrides judges what every TaskOverride has in common: a mapping, whose
// container overrides are a list of mappings with a name.
func (f *frame) overrides(n *yaml.Node, path string) {
	if n.Kind != yaml.MappingNode {
		f.r.errorf(n, "%s: expects a mapping, got %s", path, got(n))
		return
	}
	_, list := lookup(n, "containerOverrides")
	if list == nil || isNull(list) {
		return
	}
	if list.Kind != yaml.SequenceNode {
		f.r.errorf(list, "%s.containerOverrides: expects a list, got %s: write it as a list", path, got(list))
		return
	}
	for i, item := range list.Content {
		if !hasKey(item, "name") {
			f.r.errorf(item, "%s: name is required", fmt.Sprintf("%s.containerOverrides[%d]", path, i))
		}
	}
}

// plainOf turns a node into maps, slices and scalars, typed as YAML has them.
func plainOf(n *yaml.Node) any {
	switch n.Kind {
	case yaml.MappingNode:
		out := make(map[string]any, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			out[n.Content[i].Value] = plainOf(n.Content[i+1])
		}
		return out
	case yaml.SequenceNode:
		out := make([]any, 0, len(n.Content))
		for _, item := range n.Content {
			out = append(out, plainOf(item))
		}
		return out
	}
	switch n.ShortTag() {
	case "!!null":
		return nil
	case "!!bool":
		if b, msg := parseBool(n); msg == "" {
			return b
		}
	case "!!int":
		if i, msg := parseInt(n, 64); msg == "" {
			return i
		}
	case "!!float":
		if v, msg := parseFloat(n); msg == "" {
			return v
		}
	}
	return n.Value
}
