package importer

import (
	"encoding/json"
	"slices"

	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// lean takes out of a body what AWS would fill in with the same value: every
// line without which the kind's own diff finds nothing to change.
type lean struct {
	kind    resource.Kind
	section spec.Section
	vars    *variables
	full    spec.Body
}

// kept are never judged: a diff compares them elsewhere, or people want to read them.
var kept = []string{"tags", "desiredCount", "launchType", "family", "networkMode", "strategy"}

func (p *project) lean(section string, m spec.Map) spec.Map {
	s := p.sections[section]
	for _, k := range kinds.All(nil) {
		if k.Name() != s.Kind {
			continue
		}
		l := lean{kind: k, section: s, vars: &p.vars}
		var ok bool
		if l.full, ok = l.decode(m); ok {
			return l.trim(m, func(v spec.Map) spec.Map { return v })
		}
	}
	return m
}

// trim leaves out the entries of a map that say nothing; whole puts the map
// into the body that it stands in.
func (l *lean) trim(m spec.Map, whole func(spec.Map) spec.Map) spec.Map {
	for _, e := range slices.Clone(m) {
		if slices.Contains(kept, e.Key) {
			continue
		}
		if less := without(m, e.Key); l.same(whole(less)) {
			m = less
			continue
		}
		put := func(v any) spec.Map {
			out := slices.Clone(m)
			for i := range out {
				if out[i].Key == e.Key {
					out[i].Value = v
				}
			}
			return out
		}
		switch v := e.Value.(type) {
		case spec.Map:
			m = put(l.trim(v, func(x spec.Map) spec.Map { return whole(put(x)) }))
		case []any:
			items := slices.Clone(v)
			for i, item := range items {
				if inner, ok := item.(spec.Map); ok {
					items[i] = l.trim(inner, func(x spec.Map) spec.Map {
						with := slices.Clone(items)
						with[i] = x
						return whole(put(with))
					})
				}
			}
			m = put(items)
		}
	}
	return m
}

func (l *lean) same(m spec.Map) bool {
	b, ok := l.decode(m)
	if !ok {
		return false
	}
	return len(l.kind.Diff(
		&resource.Object{Want: b.Value, Extra: b.Extra, Written: b.Written, Section: l.section.Path},
		&resource.Live{Presence: resource.Present, Value: l.full.Value, Extra: l.full.Extra},
		resource.Compare{InputChanged: true})) == 0
}

// decode reads a body as the operator would, with values for its variables.
func (l *lean) decode(m spec.Map) (spec.Body, bool) {
	values := map[string]any{}
	for _, x := range l.vars.list {
		values[x.String()] = x.stands()
	}
	data, err := json.Marshal(filledIn(m, values))
	if err != nil {
		return spec.Body{}, false
	}
	b, problems := spec.DecodeBody("body.json", data, l.section)
	return b, !slices.ContainsFunc(problems, func(p spec.Problem) bool { return p.Severity == spec.Error })
}

// filledIn is a value in plain maps and lists, with the values of variables.
func filledIn(v any, values map[string]any) any {
	switch v := v.(type) {
	case spec.Map:
		out := make(map[string]any, len(v))
		for _, e := range v {
			out[e.Key] = filledIn(e.Value, values)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = filledIn(v[i], values)
		}
		return out
	case string:
		if whole, ok := values[v]; ok {
			return whole
		}
		return variableText.ReplaceAllStringFunc(v, func(s string) string { return text(values[s]) })
	}
	return v
}
