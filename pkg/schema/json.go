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
// may be a bare number, numbers may be quoted, "" is no choice, and a variable may
// stand for anything of a spec.
func JSON() []byte {
	defs, cases, names := node{}, []node{}, []string{}
	service := kindOf("Service").member("spec")
	defs["spec"] = emitter{}.of(service, true)
	partial := *service
	partial.Partial = true
	defs["partial"] = emitter{partial: true}.of(&partial, true)
	for _, k := range Kinds() {
		names = append(names, k.Name)
		defs[k.Name] = emitter{}.of(k, true)
		cases = append(cases, node{"if": node{"properties": node{"kind": node{"const": k.Name}}}, "then": ref(k.Name)})
	}
	// What an environment or a template adds stands in other documents.
	joined := node{"if": node{"anyOf": []node{written("template"), written("environment")}}, "then": ref("partial"), "else": ref("spec")}
	defs["Service"].(node)["properties"].(node)["spec"] = joined
	apiVersion := kindOf("Service").member("apiVersion")
	s := node{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": ID,
		"title": "ecs-operator " + strings.TrimPrefix(spec.APIVersion, "ecs-operator/"),
		"type":  "object", "required": []string{"apiVersion", "kind"},
		"properties": node{"apiVersion": emitter{}.of(apiVersion, true), "kind": node{"description": "The kind of the document.", "enum": names}},
		"allOf":      cases, "$defs": defs,
	}
	b, err := json.MarshalIndent(s, "", " ")
	if err != nil { // nodes hold plain values only
		panic("schema: " + err.Error())
	}
	return append(b, '\n')
}

func ref(def string) node { return node{"$ref": "#/$defs/" + def} }

// written is an object with a member that is not null.
func written(name string) node {
	return node{"required": []string{name}, "properties": node{name: node{"not": node{"type": "null"}}}}
}

// Patterns of what the decoder reads out of text.
const (
	variable    = `\$\((env|params)\.`
	wholeValue  = `^\$\((env|params)\.[A-Za-z_][A-Za-z0-9_-]*\)$`
	numberText  = `^\s*[-+]?[0-9_]*\.?[0-9_]+([eE][-+]?[0-9]+)?\s*$`
	booleanText = `^\s*([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|[Yy][Ee][Ss]|[Nn][Oo]|[Oo][Nn]|[Oo][Ff][Ff])\s*$`
	name        = `^[A-Za-z0-9_-]{1,64}$`
)

// emitter makes schemas. Inside what is partial nothing is required, and null
// stands for "take it away".
type emitter struct{ partial bool }

// of makes the schema of a field. must says that null is not good enough.
func (e emitter) of(f *Field, must bool) node {
	if f.Partial && !e.partial && f.Elem == nil {
		return node{"allOf": []node{e.merged(f)}, "description": brief(f.Doc)}
	}
	s := e.value(f)
	if f.Doc != "" {
		s["description"] = brief(f.Doc)
	}
	if !must {
		nullable(s)
	}
	return s
}

// merged is a body that another document is merged with.
func (e emitter) merged(f *Field) node {
	switch f.Name {
	case "taskDefinition":
		return node{"$ref": "#/$defs/partial/properties/taskDefinition", "not": node{"type": "null"}}
	case "defaults", "patch":
		return node{"$ref": "#/$defs/partial", "properties": node{"environment": false}}
	}
	return emitter{partial: true}.of(f, false)
}

func nullable(s node) {
	if t, ok := s["type"]; ok {
		s["type"] = also(t, "null")
	} else if any, ok := s["anyOf"].([]node); ok {
		s["anyOf"] = append(any, node{"type": "null"})
	}
}

func also(t any, more string) any {
	if list, ok := t.([]string); ok {
		return append(list, more)
	}
	return []string{t.(string), more}
}

// value is the schema of what is written, with a variable in its place where one
// can stand.
func (e emitter) value(f *Field) node {
	s := e.plain(f)
	if len(f.Words) > 0 { // of whole numbers only: they have a pattern
		s["pattern"] = s["pattern"].(string) + `|^(` + strings.Join(f.Words, "|") + `)$`
		s["examples"] = f.Words
	}
	if f.Literal {
		return s
	}
	switch f.Form {
	case Integer, Number, Boolean:
		s["pattern"] = variable + "|" + s["pattern"].(string)
	case Choice:
		s["anyOf"] = append(s["anyOf"].([]node), node{"type": "string", "pattern": variable})
	case List, Map, Object, Union:
		if any, ok := s["anyOf"].([]node); ok {
			s["anyOf"] = append(any, node{"type": "string", "pattern": wholeValue})
			break
		}
		s["type"], s["pattern"] = also(s["type"], "string"), wholeValue
	}
	return s
}

func (e emitter) plain(f *Field) node {
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
		if strings.Contains(f.Path, ".") && !strings.HasPrefix(f.Path, "policy.") && !f.Literal {
			values = append(values, "") // AWS' own
		}
		return node{"anyOf": []node{{"enum": values}}}
	case List:
		list := node{"type": "array", "items": e.of(f.Elem, true)}
		if f.Required && !e.partial {
			list["minItems"] = 1
		}
		if f.Sugar == nil {
			return list
		}
		return node{"anyOf": []node{list, e.entries(&Field{Form: Text}, "")}}
	case Map:
		pattern := ""
		if f.Elem.Form == Object {
			pattern = name
		}
		s := e.entries(f.Elem, pattern)
		if !f.Pairs {
			return s
		}
		pair := object("", "", required(leaf("key", Text, "", "")), required(&Field{Name: "value", Form: f.Elem.Form, Path: f.Elem.Path}))
		return node{"anyOf": []node{s, {"type": "array", "items": e.object(pair)}}}
	case Object, Union:
		return e.object(f)
	}
	return node{}
}

// entries is a map with keys of the author's own.
func (e emitter) entries(elem *Field, pattern string) node {
	s := node{"type": "object", "additionalProperties": e.of(elem, false)}
	if pattern != "" {
		s["propertyNames"] = node{"pattern": pattern}
	}
	return s
}

func (e emitter) object(f *Field) node {
	properties, needed := node{}, []string{}
	for _, m := range f.Fields {
		must := m.Required && !m.FilledIn && !e.partial
		properties[m.Name] = e.of(m, must)
		if must {
			needed = append(needed, m.Name)
		}
	}
	s := node{"type": "object", "properties": properties, "additionalProperties": false}
	if len(needed) > 0 {
		s["required"] = needed
	}
	if f.Form == Union && !e.partial {
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
