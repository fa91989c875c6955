package spec

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// The stages of a Hook.
const (
	PreDeploy  = "preDeploy"
	PostDeploy = "postDeploy"
)

// DefaultHookTimeout is how long a hook's task may take where the author does not say.
const DefaultHookTimeout = 30 * time.Minute

// Hook is one task that is to run before or after a deployment.
type Hook struct {
	Stage   string // PreDeploy, PostDeploy
	Name    string
	Timeout string // Go duration, "" for DefaultHookTimeout
	// Overrides of the task, as AWS has them in RunTask: the pointer that
	// Section.Override gave, filled; nil where none are written.
	Overrides any
	Pos       string
}

// Override is how the overrides of a hook's task are decoded.
type Override struct {
	New      func() any
	Sugar    map[string]Sugar
	Verbatim []string
	Required []string
}

// hooks reads spec.hooks.
func (f *frame) hooks(_, n *yaml.Node) {
	stage := func(name string) field {
		return field{name: name, decode: func(_, v *yaml.Node) { f.stage(name, v) }}
	}
	f.fields(n, "hooks", []field{stage(PreDeploy), stage(PostDeploy)})
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
		if !isLocalName(key.Value) {
			f.r.errorf(key, "%s: %s is no name for this document: up to 64 letters, digits, hyphens and underscores", path, quoted(key.Value))
			continue
		}
		if slices.ContainsFunc(f.doc.Hooks, func(h Hook) bool { return h.Name == key.Value }) {
			f.r.errorf(key, "%s: there is another hook %s: its outcome stands in a tag of that name, so give each its own", path, quoted(key.Value))
			continue
		}
		h := Hook{Stage: stage, Name: key.Value, Pos: f.r.pos(key)}
		at := path + "." + key.Value
		f.fields(value, at, []field{
			{name: "overrides", decode: func(k, v *yaml.Node) { h.Overrides = f.overrides(k, v, at+".overrides") }},
			{name: "timeout", decode: func(_, v *yaml.Node) {
				h.Timeout = f.duration(v, at+".timeout")
				if d, err := time.ParseDuration(h.Timeout); err == nil && d < time.Second {
					f.r.errorf(v, "%s.timeout: expects at least 1s, got %s", at, told(h.Timeout))
				}
			}},
		})
		f.doc.Hooks = append(f.doc.Hooks, h)
	}
}

// overrides decodes AWS' TaskOverride. No reference stands in it: the task runs
// beside the objects of the document, not among them.
func (f *frame) overrides(key, n *yaml.Node, path string) any {
	at := slices.IndexFunc(f.sections, func(s section) bool { return s.Override != nil })
	if at < 0 {
		f.r.errorf(n, "%s: nothing here runs tasks", path)
		return nil
	}
	o := f.sections[at].Override
	b, _ := decodeBody(f.r, Section{Path: path, New: o.New, Sugar: o.Sugar, Verbatim: o.Verbatim, Required: o.Required}, "", key, n, nil)
	shape.MapStrings(b.Value, func(place, text string) string {
		verbatim := slices.ContainsFunc(o.Verbatim, func(v string) bool {
			return strings.TrimSuffix(v, "[]") == strings.TrimSuffix(indexFree(place), "[]")
		})
		if ref := anyReference.FindString(text); ref != "" && !strings.Contains(text, "$"+ref) && !variable.MatchString(ref) && (!verbatim || f.readsLikeReference(strings.Trim(ref, "$()"))) {
			f.r.add(ProblemAt(orPos(b.Written.At(place), f.r.pos(n)),
				fmt.Sprintf("%s.%s: %s: no reference can stand in a hook; write the value, or $$( for a literal $(", path, place, ref)))
		}
		return strings.ReplaceAll(text, "$$(", "$(")
	})
	return b.Value
}

func orPos(pos, other string) string {
	if pos == "" {
		return other
	}
	return pos
}
