package spec

import (
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// merger lays one spec over another: maps merge, lists with a merge key merge by
// it, other lists and scalars are replaced. Nothing that it is given is changed,
// so that a layer may lie in many documents.
type merger struct {
	sections []section
	// patch: a null takes away what stands below it, and a mapping of both keeps
	// the place that it has below. Otherwise null is "not written", as everywhere.
	patch bool
}

// whereto is the type that stands at a place of both trees, nil for "nobody
// knows", with what the section says of the place.
type whereto struct {
	t    reflect.Type
	free string
	s    *section
}

// spec merges two mappings of the form of a Service's spec; nil is an empty one.
func (m merger) spec(base, over *yaml.Node) *yaml.Node {
	switch {
	case over == nil || isNull(over):
		return base
	case base == nil || isNull(base):
		return over
	case base.Kind != yaml.MappingNode || over.Kind != yaml.MappingNode:
		return over
	}
	return m.maps(base, over, strings.EqualFold, func(key string, b, o *yaml.Node) *yaml.Node {
		for i := range m.sections {
			if strings.EqualFold(m.sections[i].key, key) {
				return m.section(&m.sections[i], b, o)
			}
		}
		return m.value(b, o, whereto{})
	})
}

func (m merger) section(s *section, b, o *yaml.Node) *yaml.Node {
	body := func(b, o *yaml.Node) whereto {
		of := *s
		of.Section = s.form(b, o)
		return whereto{t: reflect.TypeOf(of.New()), s: &of}
	}
	if !s.Many || b.Kind != yaml.MappingNode || o.Kind != yaml.MappingNode {
		return m.value(b, o, body(b, o))
	}
	return m.maps(b, o, exactly, func(_ string, b, o *yaml.Node) *yaml.Node { return m.value(b, o, body(b, o)) })
}

func exactly(a, b string) bool { return a == b }

// value merges what stands at one place.
func (m merger) value(b, o *yaml.Node, w whereto) *yaml.Node {
	switch {
	case b.Kind == yaml.MappingNode && o.Kind == yaml.MappingNode:
		return m.mapping(b, o, w)
	case b.Kind == yaml.SequenceNode && o.Kind == yaml.SequenceNode:
		return m.list(b, o, w)
	case b.Kind == yaml.ScalarNode || o.Kind == yaml.ScalarNode:
		return o
	}
	s, ok := w.sugar()
	if !ok {
		return o
	}
	// One of the two is a map of pairs and the other AWS' list of them.
	if bm, om := fromPairs(b, s), fromPairs(o, s); bm.Kind == om.Kind {
		return m.maps(bm, om, exactly, func(_ string, _, o *yaml.Node) *yaml.Node { return o })
	}
	return m.list(pairList(b, s), pairList(o, s), w)
}

// sugar is the section's, and for our own maps AWS' form of tags.
func (w whereto) sugar() (Sugar, bool) {
	if w.s == nil {
		return Sugar{}, false
	}
	if s, ok := w.s.Sugar[w.free]; ok {
		return s, true
	}
	_, extra := w.s.Extra[w.free]
	return Sugar{Key: "key", Value: "value"}, extra
}

func (m merger) mapping(b, o *yaml.Node, w whereto) *yaml.Node {
	t := w.t
	if t != nil {
		t = shape.Deref(t)
	}
	switch {
	case t == nil || t.Kind() == reflect.Map || t.Kind() == reflect.Slice:
		return m.maps(b, o, exactly, func(_ string, b, o *yaml.Node) *yaml.Node { return m.value(b, o, whereto{}) })
	case t.Kind() == reflect.Interface && len(b.Content) == 2 && len(o.Content) == 2 && !strings.EqualFold(b.Content[0].Value, o.Content[0].Value):
		return o // another member of a union
	case t.Kind() == reflect.Interface:
		return m.maps(b, o, strings.EqualFold, func(_ string, b, o *yaml.Node) *yaml.Node { return m.value(b, o, whereto{}) })
	case t.Kind() != reflect.Struct:
		return o
	}
	return m.maps(b, o, strings.EqualFold, func(key string, b, o *yaml.Node) *yaml.Node {
		if w.free == "" {
			for i := range w.s.children {
				if strings.EqualFold(w.s.children[i].key, key) {
					return m.section(&w.s.children[i], b, o)
				}
			}
			for name, zero := range w.s.Extra {
				if strings.EqualFold(name, key) {
					return m.value(b, o, whereto{t: reflect.TypeOf(zero), free: name, s: w.s})
				}
			}
		}
		f, _, ok := shape.Find(t, key)
		if !ok {
			return o
		}
		return m.value(b, o, whereto{t: f.Type, free: shape.Join(w.free, f.Name), s: w.s})
	})
}

// maps merges the keys of two mappings in the order of the first.
func (m merger) maps(b, o *yaml.Node, same func(a, b string) bool, child func(key string, b, o *yaml.Node) *yaml.Node) *yaml.Node {
	out := *o
	if m.patch {
		out = *b
	}
	out.Content = slices.Clone(b.Content)
	for i := 0; i+1 < len(o.Content); i += 2 {
		key, value := o.Content[i], o.Content[i+1]
		at := 0
		for at < len(out.Content) && !same(out.Content[at].Value, key.Value) {
			at += 2
		}
		switch {
		case at >= len(out.Content): // a null too: a name that does not exist must be told
			out.Content = append(out.Content, key, value)
		case isNull(value) && m.patch:
			out.Content = slices.Delete(out.Content, at, at+2)
			removed(&out, key.Value, key)
		case isNull(value):
		case isNull(out.Content[at+1]):
			out.Content[at], out.Content[at+1] = key, value
		default:
			out.Content[at+1] = child(key.Value, out.Content[at+1], value)
			if !m.patch {
				out.Content[at] = key
			}
		}
	}
	return &out
}

// list merges by the merge key where the section has one.
func (m merger) list(b, o *yaml.Node, w whereto) *yaml.Node {
	if w.s == nil || w.s.MergeKeys[w.free] == "" || w.t == nil {
		return o
	}
	members := mergeMembers(w.s.MergeKeys[w.free])
	elem := whereto{free: w.free + "[]", s: w.s}
	if t := shape.Deref(w.t); t.Kind() == reflect.Slice {
		elem.t = t.Elem()
	}
	out := *o
	if m.patch {
		out = *b
	}
	out.Content = slices.Clone(b.Content)
	at := map[string]int{}
	for i, item := range b.Content {
		if id := identity(item, members); id != "" {
			at[id] = i
		}
	}
	for _, item := range o.Content {
		id := identity(item, members)
		if i, ok := at[id]; ok && id != "" {
			out.Content[i] = m.value(out.Content[i], item, elem)
			continue
		}
		out.Content = append(out.Content, item)
	}
	return &out
}

// member of a merge key, with what AWS takes when it is not written.
type member struct{ name, otherwise string }

// mergeMembers reads "containerPort+protocol=tcp".
func mergeMembers(key string) []member {
	var out []member
	for _, part := range strings.Split(key, "+") {
		name, otherwise, _ := strings.Cut(part, "=")
		out = append(out, member{name, otherwise})
	}
	return out
}

// identity is what tells an element of a list from others, "" when it has none
// of the members.
func identity(n *yaml.Node, members []member) string {
	var parts []string
	have := false
	for _, m := range members {
		text := m.otherwise
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			if v := n.Content[i+1]; strings.EqualFold(n.Content[i].Value, m.name) && v.Kind == yaml.ScalarNode && !isNull(v) {
				text, have = v.Value, true
			}
		}
		parts = append(parts, text)
	}
	if !have {
		return ""
	}
	return strings.Join(parts, "\x00")
}
