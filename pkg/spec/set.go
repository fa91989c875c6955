package spec

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// setting is one --set PATH=VALUE.
type setting struct {
	path  string
	steps []pathStep
	value *yaml.Node
}

// pathStep is a field, or what stands in brackets.
type pathStep struct {
	name    string
	bracket bool
}

// CheckSet says what is wrong with the values of --set, all of them at once.
func CheckSet(set []string) error {
	var errs []error
	for _, text := range set {
		if _, problem := parseSetting(text); problem != "" {
			errs = append(errs, fmt.Errorf("--set %s: %s", text, problem))
		}
	}
	return errors.Join(errs...)
}

// parseSetting reads PATH=VALUE. VALUE is a scalar as YAML has it (null takes
// the field away), or a list or mapping in brackets or braces.
func parseSetting(text string) (setting, string) {
	if !utf8.ValidString(text) {
		return setting{}, "the text is not UTF-8"
	}
	path, value, ok := cutValue(text)
	if !ok || path == "" {
		return setting{}, "write PATH=VALUE, like service.desiredCount=2 or 'taskDefinition.containerDefinitions[api].image=nginx:1.29'"
	}
	out := setting{path: path}
	for rest := path; rest != ""; {
		if rest[0] == '[' {
			end := strings.IndexByte(rest, ']')
			if end < 2 || len(out.steps) == 0 {
				return setting{}, fmt.Sprintf("%s: expects a name in brackets behind a field", quoted(rest))
			}
			out.steps = append(out.steps, pathStep{rest[1:end], true})
			rest = rest[end+1:]
			if rest != "" && rest[0] != '.' && rest[0] != '[' {
				return setting{}, fmt.Sprintf("%s: expects a dot behind the bracket", quoted(rest))
			}
			continue
		}
		if len(out.steps) > 0 && rest[0] == '.' {
			rest = rest[1:]
		}
		end := strings.IndexAny(rest, ".[")
		if end < 0 {
			end = len(rest)
		}
		if end == 0 {
			return setting{}, "a part of the path is empty"
		}
		out.steps = append(out.steps, pathStep{name: rest[:end]})
		rest = rest[end:]
	}
	if len(out.steps) > 16 {
		return setting{}, "the path has more than 16 parts"
	}
	if strings.EqualFold(out.steps[0].name, "environment") {
		return setting{}, "the environment is no value of a service: choose instances by --env NAME"
	}
	n, problem := setValue(value)
	if problem != "" {
		return setting{}, problem
	}
	stamp(n, "--set "+path)
	out.value = n
	return out, ""
}

// cutValue splits at the first "=" that stands in no bracket.
func cutValue(text string) (path, value string, ok bool) {
	depth := 0
	for i, c := range text {
		switch c {
		case '[':
			depth++
		case ']':
			depth--
		case '=':
			if depth <= 0 {
				return text[:i], text[i+1:], true
			}
		}
	}
	return "", "", false
}

func setValue(text string) (*yaml.Node, string) {
	if text == "" || !strings.ContainsAny(text[:1], `[{"'`) {
		n := &yaml.Node{Kind: yaml.ScalarNode, Value: text}
		if n.Tag = n.ShortTag(); text == "" || n.Tag == "!!merge" {
			n.Tag = "!!str" // --set x= is an empty text; only the word null takes away
		}
		return n, ""
	}
	docs, err := yamlDocuments([]byte(text), 2)
	if err != nil || len(docs) != 1 {
		return nil, "the value begins like a list, a mapping or a quoted text of YAML and is none"
	}
	r := &reporter{}
	if !inBounds(docs[0], DefaultLimits, r) {
		return nil, r.problems[0].Message
	}
	plainLines(docs[0])
	return docs[0], ""
}

// plainLines: what stands in a flag stands on no line.
func plainLines(n *yaml.Node) {
	n.Line, n.Column = 0, 0
	for _, c := range n.Content {
		plainLines(c)
	}
}

// settings parses the values of --set; a bad one is a problem that no document
// survives.
func (p *parser) settings() bool {
	for _, text := range p.options.Set {
		s, problem := parseSetting(text)
		if problem != "" {
			p.report([]Problem{{File: "--set " + text, Message: problem}}, "")
			continue
		}
		p.sets = append(p.sets, s)
	}
	return len(p.sets) == len(p.options.Set)
}

// apply writes the value into a spec. Nothing that it is given is changed.
func (s setting) apply(spec *yaml.Node, sections []section, r *reporter) *yaml.Node {
	w := whereto{}
	steps := s.steps
	at := slices.IndexFunc(sections, func(c section) bool { return strings.EqualFold(c.key, steps[0].name) })
	if at < 0 {
		return s.into(spec, steps, []whereto{w}, r)
	}
	// The types along the way: the spec itself, then the section's.
	sec := &sections[at]
	way := []whereto{{}}
	rest := steps[1:]
	if !sec.Many && len(rest) > 0 {
		if c := slices.IndexFunc(sec.children, func(c section) bool { return strings.EqualFold(c.key, rest[0].name) }); c >= 0 {
			sec, rest, way = &sec.children[c], rest[1:], append(way, whereto{})
		}
	}
	if sec.Many {
		way = append(way, whereto{})
		rest = rest[min(1, len(rest)):]
	}
	of := *sec
	if len(rest) > 0 {
		of.Section = sec.formWith(rest[0].name)
	}
	way = append(way, whereto{t: reflect.TypeOf(of.New()), s: &of})
	return s.into(spec, steps, way, r)
}

// into writes along steps; way holds the types that are known already, the last
// of which leads on.
func (s setting) into(n *yaml.Node, steps []pathStep, way []whereto, r *reporter) *yaml.Node {
	if len(steps) == 0 {
		return s.value
	}
	w := way[0]
	next := func(child whereto) []whereto {
		if len(way) > 1 {
			return way[1:]
		}
		return []whereto{child}
	}
	step := steps[0]
	if n == nil || isNull(n) {
		n = made(yaml.MappingNode, "!!map", "", s.value)
		if _, ok := w.sugar(); step.bracket && !ok && !w.isMap() {
			return s.nothing(n, step, nil, r)
		}
	}
	switch {
	case n.Kind == yaml.SequenceNode:
		return s.element(n, steps, w, next, r)
	case n.Kind != yaml.MappingNode:
		r.errorf(s.value, "nothing lies below a single value: %s (%s)", quoted(step.name), r.pos(n))
		return n
	}
	same := strings.EqualFold
	if step.bracket || w.isMap() {
		same = exactly
	}
	out := *n
	out.Content = slices.Clone(n.Content)
	child := w.child(step.name)
	for i := 0; i+1 < len(out.Content); i += 2 {
		if !same(out.Content[i].Value, step.name) {
			continue
		}
		rest := steps[1:]
		if sugar, ok := w.sugar(); ok && len(rest) == 1 && strings.EqualFold(rest[0].name, sugar.Value) {
			rest = nil // environment[A].value of a map is the entry itself
		}
		if len(rest) == 0 && isNull(s.value) {
			out.Content = slices.Delete(out.Content, i, i+2)
			removed(&out, step.name, s.value)
			return &out
		}
		out.Content[i+1] = s.into(out.Content[i+1], rest, next(child), r)
		return &out
	}
	if len(steps) == 1 && isNull(s.value) {
		return n
	}
	rest := steps[1:]
	if sugar, ok := w.sugar(); ok && len(rest) == 1 && strings.EqualFold(rest[0].name, sugar.Value) {
		rest = nil
	}
	out.Content = append(out.Content, made(yaml.ScalarNode, "!!str", step.name, s.value), s.into(nil, rest, next(child), r))
	return &out
}

// element goes on into the element of a list that the step names.
func (s setting) element(n *yaml.Node, steps []pathStep, w whereto, next func(whereto) []whereto, r *reporter) *yaml.Node {
	step := steps[0]
	if !step.bracket {
		r.errorf(s.value, "expects an element in brackets before %s", quoted(step.name))
		return n
	}
	found, names, several := w.element(n, step.name)
	if several {
		r.errorf(s.value, "[%s] means several elements of this service: write %s", step.name, orList(names))
		return n
	}
	out := *n
	out.Content = slices.Clone(n.Content)
	sugar, pairs := w.sugar()
	switch {
	case found < 0 && pairs && len(steps) <= 2:
		if isNull(s.value) {
			return n
		}
		pair := made(yaml.MappingNode, "!!map", "", s.value)
		pair.Content = []*yaml.Node{made(yaml.ScalarNode, "!!str", sugar.Key, s.value), made(yaml.ScalarNode, "!!str", step.name, s.value),
			made(yaml.ScalarNode, "!!str", sugar.Value, s.value), s.value}
		out.Content = append(out.Content, pair)
	case found < 0:
		return s.nothing(n, step, names, r)
	case len(steps) == 1 && isNull(s.value):
		out.Content = slices.Delete(out.Content, found, found+1)
	default:
		rest := steps[1:]
		if pairs && len(rest) == 0 && s.value.Kind == yaml.ScalarNode {
			rest = []pathStep{{name: sugar.Value}}
		}
		elem := whereto{free: w.free + "[]", s: w.s}
		if w.t != nil && shape.Deref(w.t).Kind() == reflect.Slice {
			elem.t = shape.Deref(w.t).Elem()
		}
		out.Content[found] = s.into(out.Content[found], rest, next(elem), r)
	}
	return &out
}

func (s setting) nothing(n *yaml.Node, step pathStep, names []string, r *reporter) *yaml.Node {
	r.errorf(s.value, "there is no [%s] in this service%s%s", step.name, didYouMean(step.name, names), known("element", names))
	return n
}

func (w whereto) isMap() bool {
	return w.t != nil && shape.Deref(w.t).Kind() == reflect.Map
}

// child is where a field leads.
func (w whereto) child(name string) whereto {
	if w.t == nil {
		return whereto{}
	}
	t := shape.Deref(w.t)
	if w.free == "" && w.s != nil {
		if zero, ok := w.s.Extra[name]; ok {
			return whereto{t: reflect.TypeOf(zero), free: name, s: w.s}
		}
	}
	if t.Kind() != reflect.Struct {
		return whereto{}
	}
	f, _, ok := shape.Find(t, name)
	if !ok {
		return whereto{}
	}
	return whereto{t: f.Type, free: shape.Join(w.free, f.Name), s: w.s}
}
