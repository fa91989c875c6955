package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// stack evaluates a CloudFormation template as far as ours goes: what it does not
// know is an error.
type stack struct {
	t          *testing.T
	parameters map[string]any // with the pseudo parameters
	attributes map[string]string
	conditions map[string]yaml.Node
	template   map[string]yaml.Node
}

// noValue is AWS::NoValue: what holds it is left out.
type noValue struct{}

func newStack(t *testing.T, text []byte, parameters map[string]any, attributes map[string]string) *stack {
	t.Helper()
	var top struct {
		Parameters map[string]struct {
			Type    string  `yaml:"Type"`
			Default *string `yaml:"Default"`
		} `yaml:"Parameters"`
		Conditions map[string]yaml.Node `yaml:"Conditions"`
		Resources  map[string]yaml.Node `yaml:"Resources"`
	}
	var whole yaml.Node
	if err := yaml.Unmarshal(text, &whole); err != nil {
		t.Fatal(err)
	}
	if err := whole.Decode(&top); err != nil {
		t.Fatal(err)
	}
	s := &stack{t: t, parameters: map[string]any{"AWS::NoValue": noValue{}, "AWS::Partition": "aws", "AWS::Region": "us-east-1", "AWS::AccountId": "123456789012", "AWS::StackName": "operator"},
		attributes: attributes, conditions: top.Conditions, template: top.Resources}
	for name, p := range top.Parameters {
		value, given := parameters[name]
		switch {
		case given:
			s.parameters[name] = value
		case p.Default == nil:
			t.Errorf("the parameter %s has no default", name)
		case p.Type == "CommaDelimitedList":
			s.parameters[name] = []any{*p.Default}
		default:
			s.parameters[name] = *p.Default
		}
	}
	for name := range parameters {
		if _, known := top.Parameters[name]; !known {
			t.Errorf("there is no parameter %s", name)
		}
	}
	return s
}

// properties are those of a resource.
func (s *stack) properties(resource string) map[string]any {
	s.t.Helper()
	n, there := s.template[resource]
	if !there {
		s.t.Fatalf("there is no resource %s", resource)
	}
	out, _ := s.value(&n).(map[string]any)["Properties"].(map[string]any)
	return out
}

var inSub = regexp.MustCompile(`\$\{([A-Za-z:.]+)\}`)

func (s *stack) value(n *yaml.Node) any {
	s.t.Helper()
	switch n.Tag {
	case "!Ref":
		return s.ref(n.Value)
	case "!GetAtt":
		return s.attribute(n.Value)
	case "!Sub":
		return inSub.ReplaceAllStringFunc(n.Value, func(m string) string { return fmt.Sprint(s.ref(inSub.FindStringSubmatch(m)[1])) })
	case "!If":
		if s.condition(n.Content[0].Value) {
			return s.value(n.Content[1])
		}
		return s.value(n.Content[2])
	}
	switch {
	case n.Kind == yaml.SequenceNode:
		out := []any{}
		for _, c := range n.Content {
			if v := s.value(c); v != any(noValue{}) {
				out = append(out, v)
			}
		}
		return out
	case n.Kind == yaml.MappingNode:
		out := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			if v := s.value(n.Content[i+1]); v != any(noValue{}) {
				out[n.Content[i].Value] = v
			}
		}
		return out
	case strings.HasPrefix(n.Tag, "!!"):
		var v any
		if err := n.Decode(&v); err != nil {
			s.t.Fatal(err)
		}
		return v
	}
	s.t.Fatalf("line %d: %s is not known here", n.Line, n.Tag)
	return nil
}

func (s *stack) ref(name string) any {
	s.t.Helper()
	if v, ok := s.parameters[name]; ok {
		return v
	}
	if _, ok := s.template[name]; !ok {
		s.t.Fatalf("there is no parameter and no resource %s", name)
	}
	return s.attribute(name)
}

func (s *stack) attribute(name string) string {
	s.t.Helper()
	v, ok := s.attributes[name]
	if !ok {
		s.t.Fatalf("what is %s?", name)
	}
	return v
}

func (s *stack) condition(name string) bool {
	s.t.Helper()
	n, there := s.conditions[name]
	if !there {
		s.t.Fatalf("there is no condition %s", name)
	}
	return s.holds(&n)
}

func (s *stack) holds(n *yaml.Node) bool {
	s.t.Helper()
	side := func(n *yaml.Node) string {
		if n.Tag == "!Join" {
			var parts []string
			for _, v := range s.value(n.Content[1]).([]any) {
				parts = append(parts, fmt.Sprint(v))
			}
			return strings.Join(parts, n.Content[0].Value)
		}
		return fmt.Sprint(s.value(n))
	}
	switch n.Tag {
	case "!Equals":
		return side(n.Content[0]) == side(n.Content[1])
	case "!Not":
		return !s.holds(n.Content[0])
	case "!Or":
		return slices.ContainsFunc(n.Content, s.holds)
	case "!Condition":
		return s.condition(n.Value)
	}
	s.t.Fatalf("line %d: the condition %s is not known here", n.Line, n.Tag)
	return false
}
