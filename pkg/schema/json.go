package schema

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// ID is where the committed schema is published.
const ID = "https://raw.githubusercontent.com/ecs-operator/ecs-operator/main/docs/ecs-operator.schema.json"

// node is one JSON Schema.
type node map[string]any

// JSON is the JSON Schema (2020-12) of all kinds of documents.
//
// It takes what the decoder takes without a warning: null is "not written", text
// may be a bare number, numbers may be quoted, and "" is no choice.
func JSON() []byte {
	root := Service()
	s := of(root, true)
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["$id"] = ID
	s["title"] = "ecs-operator " + strings.TrimPrefix(spec.APIVersion, "ecs-operator/")
	s["type"] = "object"
	b, err := json.MarshalIndent(s, "", " ")
	if err != nil { // nodes hold plain values only
		panic("schema: " + err.Error())
	}
	return append(b, '\n')
}

// Patterns of what the decoder reads out of text.
const (
	variable    = `\$\((env|params)\.`
	numberText  = variable + `|^\s*[-+]?[0-9_]*\.?[0-9_]+([eE][-+]?[0-9]+)?\s*$`
	booleanText = variable + `|^\s*([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|[Yy][Ee][Ss]|[Nn][Oo]|[Oo][Nn]|[Oo][Ff][Ff])\s*$`
	name        = `^[A-Za-z0-9_-]{1,64}$`
)

// of makes the schema of a field. must says that null is not good enough.
func of(f *Field, must bool) node {
	s := value(f)
	if f.Doc != "" {
		s["description"] = brief(f.Doc)
	}
	if !must {
		if t, ok := s["type"]; ok {
			s["type"] = withNull(t)
		} else if any, ok := s["anyOf"].([]node); ok {
			s["anyOf"] = append(any, node{"type": "null"})
		}
	}
	return s
}

func withNull(t any) any {
	if list, ok := t.([]string); ok {
		return append(list, "null")
	}
	return []string{t.(string), "null"}
}

func value(f *Field) node {
	switch f.Form {
	case Text:
		return node{"type": []string{"string", "number", "boolean"}}
	case Time:
		return node{"type": []string{"string", "number"}}
	case Integer:
		return node{"type": []string{"integer", "string"}, "pattern": numberText}
	case Number:
		return node{"type": []string{"number", "string"}, "pattern": numberText}
	case Boolean:
		return node{"type": []string{"boolean", "string"}, "pattern": booleanText}
	case Choice:
		values := append([]string{}, f.Values...)
		if strings.Contains(f.Path, ".") && !strings.HasPrefix(f.Path, "policy.") {
			return node{"anyOf": []node{{"enum": values}, {"const": ""}, {"type": "string", "pattern": variable}}}
		}
		return node{"anyOf": []node{{"enum": values}}}
	case List:
		list := node{"type": "array", "items": of(f.Elem, true)}
		if f.Required {
			list["minItems"] = 1
		}
		if f.Sugar == nil {
			return list
		}
		return node{"anyOf": []node{list, entriesOf(&Field{Form: Text}, "")}}
	case Map:
		pattern := ""
		if f.Elem.Form == Object {
			pattern = name
		}
		s := entriesOf(f.Elem, pattern)
		if !f.Pairs {
			return s
		}
		pair := node{"type": "object", "additionalProperties": false, "required": []string{"key", "value"},
			"properties": node{"key": value(&Field{Form: Text}), "value": of(f.Elem, true)}}
		return node{"anyOf": []node{s, {"type": "array", "items": pair}}}
	case Object, Union:
		return objectOf(f)
	}
	return node{}
}

// entriesOf is a map with keys of the author's own.
func entriesOf(elem *Field, pattern string) node {
	s := node{"type": "object", "additionalProperties": of(elem, false)}
	if pattern != "" {
		s["propertyNames"] = node{"pattern": pattern}
	}
	return s
}

func objectOf(f *Field) node {
	properties, needed := node{}, []string{}
	for _, m := range f.Fields {
		must := m.Required && !m.FilledIn
		properties[m.Name] = of(m, must)
		if must {
			needed = append(needed, m.Name)
		}
	}
	s := node{"type": "object", "properties": properties, "additionalProperties": false}
	if len(needed) > 0 {
		s["required"] = needed
	}
	if f.Form == Union {
		s["minProperties"], s["maxProperties"] = 1, 1
	}
	return s
}

// sentence ends where an editor's hint should.
var sentence = regexp.MustCompile(`[.!?]( |$)`)

// brief is the beginning of AWS' words: the first paragraph, in whole sentences
// of about two lines.
func brief(doc string) string {
	doc, _, _ = strings.Cut(doc, "\n\n")
	doc = strings.Join(strings.Fields(doc), " ")
	if len(doc) <= 240 {
		return doc
	}
	for _, end := range sentence.FindAllStringIndex(doc, -1) {
		if end[0] >= 80 {
			return doc[:end[0]+1]
		}
	}
	return doc
}
