package spec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Draft is a document that a program writes, for people to keep: import makes
// it of what it found.
type Draft struct {
	Kind   string // Service, ServicePatch, Environment, TaskTemplate
	Name   string
	Labels map[string]string
	Spec   Map
	// Head are the comment lines on top, without "# ".
	Head []string
}

// Map is a mapping in the order in which it is written.
type Map []Entry

// Entry is one key of a Map. Value is a Map, a []any, a map[string]any or
// map[string]string (written in the order of their keys), a string, a bool, a
// number or a json.Number; nil is left out.
type Entry struct {
	Key     string
	Value   any
	Comment string // behind a scalar, above anything else; "" for none
}

// Remove is a written null: it takes a field away in a patch.
var Remove = removal{}

type removal struct{}

// With returns the map with one more entry.
func (m Map) With(key string, value any) Map { return append(m, Entry{Key: key, Value: value}) }

// YAML writes the document as people write it: block style, short lists of
// scalars on one line, and text quoted wherever it would be read as something
// else. Reading it back gives the same values.
func (d Draft) YAML() ([]byte, error) {
	meta := Map{{Key: "name", Value: d.Name}}
	if len(d.Labels) > 0 {
		meta = meta.With("labels", d.Labels)
	}
	n, err := draftNode(Map{
		{Key: "apiVersion", Value: APIVersion}, {Key: "kind", Value: d.Kind},
		{Key: "metadata", Value: meta}, {Key: "spec", Value: d.Spec},
	})
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", d.Kind, d.Name, err)
	}
	n.HeadComment = strings.Join(d.Head, "\n")
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(n); err != nil {
		return nil, err
	}
	return out.Bytes(), enc.Close()
}

// flowWidth is how much of a list of scalars stands on one line.
const flowWidth = 80

func draftNode(v any) (*yaml.Node, error) {
	switch v := v.(type) {
	case removal:
		return draftScalar("!!null", "null"), nil
	case Map:
		n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		for _, e := range v {
			if e.Value == nil {
				continue
			}
			key, value := draftScalar("!!str", e.Key), (*yaml.Node)(nil)
			var err error
			if value, err = draftNode(e.Value); err != nil {
				return nil, fmt.Errorf("%s: %w", e.Key, err)
			}
			switch {
			case e.Comment != "" && value.Kind == yaml.ScalarNode:
				value.LineComment = e.Comment
			case e.Comment != "":
				key.HeadComment = e.Comment
			}
			n.Content = append(n.Content, key, value)
		}
		return n, nil
	case map[string]any:
		var m Map
		for _, k := range slices.Sorted(maps.Keys(v)) {
			m = m.With(k, v[k])
		}
		return draftNode(m)
	case map[string]string:
		var m Map
		for _, k := range slices.Sorted(maps.Keys(v)) {
			m = m.With(k, v[k])
		}
		return draftNode(m)
	case []any:
		return draftList(v)
	case string:
		return draftScalar("!!str", v), nil
	case bool:
		return draftScalar("!!bool", strconv.FormatBool(v)), nil
	case json.Number:
		return draftNumber(v.String()), nil
	case int, int32, int64:
		return draftScalar("!!int", fmt.Sprint(v)), nil
	case float32, float64:
		b, err := json.Marshal(v)
		return draftNumber(string(b)), err
	}
	return nil, fmt.Errorf("a %T cannot be written", v)
}

func draftNumber(text string) *yaml.Node {
	if strings.ContainsAny(text, ".eE") {
		return draftScalar("!!float", text)
	}
	return draftScalar("!!int", text)
}

func draftList(items []any) (*yaml.Node, error) {
	n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
	width, scalars := 0, true
	for i, item := range items {
		if item == nil {
			continue
		}
		c, err := draftNode(item)
		if err != nil {
			return nil, fmt.Errorf("[%d]: %w", i, err)
		}
		width += len(c.Value) + 2
		scalars = scalars && c.Kind == yaml.ScalarNode && !strings.Contains(c.Value, "\n")
		n.Content = append(n.Content, c)
	}
	if scalars && width <= flowWidth {
		n.Style = yaml.FlowStyle
	}
	return n, nil
}

// draftScalar quotes text that YAML would read as something else: yaml.v3 does
// that by itself for what it resolves, and not for what other readers resolve.
func draftScalar(tag, text string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: text}
	switch {
	case tag != "!!str":
	case strings.Contains(text, "\n"):
		n.Style = yaml.LiteralStyle
	case strings.HasSuffix(text, ":"), looseBool(text):
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

func looseBool(text string) bool {
	return slices.Contains([]string{"y", "n", "yes", "no", "on", "off"}, strings.ToLower(text))
}
