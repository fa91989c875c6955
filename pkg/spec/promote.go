package spec

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Promotion is what one instance of a service has and another one is to get: the
// images of its containers, the template that it is made from, and the parameters
// that make images of it. Sizes, counts and environment variables are each
// environment's own.
type Promotion struct {
	Service, From, To string
	// Source is the Document.ID of the instance that it was read from.
	Source string
	// Skipped are containers that the other instance does not have.
	Skipped []string
	items   []promoted
	read    *promoter // what it was read from
}

// promoted is one text to copy.
type promoted struct {
	container string // whose image it is; "" for the template's name and parameters
	param     string // the template's parameter; "" for its name
	raw       string // as it is written in the source, variables of the environment included
}

func (i promoted) String() string {
	switch {
	case i.container != "":
		return i.container
	case i.param != "":
		return "parameter " + i.param
	}
	return "template"
}

// path is where it stands in a spec. An element of a list is named in brackets.
func (i promoted) path() []string {
	switch {
	case i.container != "":
		return []string{pathTaskDefinition, "containerDefinitions", "[" + i.container + "]", "image"}
	case i.param != "":
		return []string{"template", "params", i.param}
	}
	return []string{"template", "name"}
}

// promoter looks at one state of the files.
type promoter struct {
	p      parser
	files  []File
	result Result
	hashes map[string]uint64 // see meaning
}

func newPromoter(files []File, sections []Section) *promoter {
	w := &promoter{p: parser{sections: sectionTree(sections), limits: DefaultLimits, told: map[Problem]bool{}}, files: files}
	for _, f := range files {
		w.p.file(f)
	}
	w.result = Parse(files, sections, Options{Forms: true})
	return w
}

// side is an instance of a service: as it is merged, and as it is written.
type side struct {
	instance
	doc   Document
	label string
	tree  *yaml.Node // merged from service and patch; no template, no variables
	env   *environment
}

// side finds the instance of a service in an environment. Midway it may be one
// that cannot be used: a new template without its parameters.
func (w *promoter) side(service, env string, midway bool) (*side, []Problem) {
	var found []*side
	var have []string
	upper := merger{sections: w.p.sections, patch: true}
	for _, i := range w.p.instances() {
		if service != i.name && service != i.cluster+"/"+i.name {
			continue
		}
		if i.env != "" {
			have = append(have, i.env)
		}
		if i.env != env {
			continue
		}
		_, tree := lookup(i.n, "spec")
		for _, patch := range i.patches {
			tree = upper.spec(tree, patch.patch)
		}
		s := &side{instance: i, tree: tree, label: formed{service: i.name, env: env}.String()}
		if envs, _ := one(w.p.environments, env, partOfEnvironment); len(envs) == 1 {
			s.env = envs[0]
		}
		for _, d := range w.result.Documents {
			if d.Name == i.name && d.Environment == env && d.NamePos == i.r.pos(i.nameNode) {
				s.doc = d
			}
		}
		if s.doc.Form == nil && !midway {
			return nil, w.broken(s.label)
		}
		found = append(found, s)
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return nil, []Problem{{Message: fmt.Sprintf("%s means several services in %s: write CLUSTER/NAME", quoted(service), env)}}
	case len(have) == 0:
		var names []string
		for _, b := range w.p.bases {
			names = append(names, b.name)
		}
		return nil, []Problem{{Message: fmt.Sprintf("there is no service %s with an environment in these documents%s", quoted(service), didYouMean(service, names))}}
	}
	slices.Sort(have)
	return nil, []Problem{{Message: fmt.Sprintf("the service %s is not in an environment %s%s; it is in %s", service, quoted(env), didYouMean(env, have), some(have))}}
}

// broken tells why an instance cannot be used.
func (w *promoter) broken(label string) []Problem {
	var out []Problem
	for _, p := range w.result.Problems {
		if p.Severity == Error {
			out = append(out, p)
		}
	}
	return append(out, Problem{Message: fmt.Sprintf("%s cannot be used: run 'ecs-operator validate'", label)})
}

// ReadPromotion reads what the instance of a service (name or cluster/name) in
// one environment has, for its instance in another one.
func ReadPromotion(files []File, sections []Section, service, from, to string) (Promotion, []Problem) {
	out := Promotion{Service: service, From: from, To: to}
	if from == to {
		return out, []Problem{{Message: fmt.Sprintf("from %s to %s is no way: name two environments", from, to)}}
	}
	w := newPromoter(files, sections)
	src, problems := w.side(service, from, false)
	if len(problems) > 0 {
		return out, problems
	}
	dst, problems := w.side(service, to, false)
	if len(problems) > 0 {
		return out, problems
	}
	out.Source, out.read = src.doc.ID(), w
	var made []*yaml.Node // values that images come from with the template
	if name := at(src.tree, promoted{}.path()); name != nil {
		out.items = append(out.items, promoted{raw: w.raw(src, name)})
		for _, t := range w.p.templates {
			if t.name != resolved(src, name.Value) || t.task == nil {
				continue
			}
			made = append(made, t.task)
			for _, param := range imageParams(t.task) {
				item := promoted{param: param}
				value := at(src.tree, item.path())
				if value == nil && t.params[param] != nil {
					value = t.params[param].value
				}
				if value == nil || value.Kind != yaml.ScalarNode {
					continue
				}
				made = append(made, w.behind(src, value))
				item.raw = w.raw(src, value)
				out.items = append(out.items, item)
			}
		}
	}
	theirs := containers(dst.doc.Form.tree)
	for _, c := range containers(src.doc.Form.tree) {
		if !slices.ContainsFunc(theirs, func(o container) bool { return o.name == c.name }) {
			out.Skipped = append(out.Skipped, c.name)
			continue
		}
		if slices.ContainsFunc(made, func(n *yaml.Node) bool { return holds(n, c.image) }) {
			continue // it comes with the template
		}
		out.items = append(out.items, promoted{container: c.name, raw: w.raw(src, c.image)})
	}
	return out, nil
}

// container is one of a merged document whose image is written.
type container struct {
	name  string
	image *yaml.Node
}

func containers(doc *yaml.Node) []container {
	_, tree := lookup(doc, "spec")
	list := loosely(loosely(tree, pathTaskDefinition), "containerDefinitions")
	var out []container
	for i := 0; list != nil && i < len(list.Content); i++ {
		name, image := loosely(list.Content[i], "name"), loosely(list.Content[i], "image")
		if name != nil && image != nil && image.Kind == yaml.ScalarNode && !isNull(image) {
			out = append(out, container{name.Value, image})
		}
	}
	return out
}

var paramVariable = regexp.MustCompile(`\$\(params\.([A-Za-z_][A-Za-z0-9_-]*)\)`)

// imageParams are the parameters that a template makes images of.
func imageParams(task *yaml.Node) []string {
	var out []string
	list := loosely(task, "containerDefinitions")
	for i := 0; list != nil && i < len(list.Content); i++ {
		image := loosely(list.Content[i], "image")
		if image == nil {
			continue
		}
		for _, m := range paramVariable.FindAllStringSubmatch(image.Value, -1) {
			if !slices.Contains(out, m[1]) {
				out = append(out, m[1])
			}
		}
	}
	return out
}

// holds reports whether a place is within a tree.
func holds(tree, n *yaml.Node) bool {
	if tree.FootComment == n.FootComment && tree.Line == n.Line && tree.Column == n.Column {
		return true
	}
	return slices.ContainsFunc(tree.Content, func(c *yaml.Node) bool { return holds(c, n) })
}

// at finds the scalar at a path of a spec, nil where none is written.
func at(n *yaml.Node, path []string) *yaml.Node {
	for _, name := range path {
		if n = child(n, name); n == nil || isNull(n) {
			return nil
		}
	}
	if n.Kind != yaml.ScalarNode {
		return nil
	}
	return n
}

func child(n *yaml.Node, name string) *yaml.Node {
	element, ok := strings.CutPrefix(name, "[")
	if !ok {
		return loosely(n, name)
	}
	for _, c := range n.Content {
		if key := loosely(c, "name"); n.Kind == yaml.SequenceNode && key != nil && key.Value == strings.TrimSuffix(element, "]") {
			return c
		}
	}
	return nil
}

// behind is the scalar that holds a value: that of the environment's variable
// where the value is nothing but that.
func (w *promoter) behind(s *side, n *yaml.Node) *yaml.Node {
	if m := wholeVariable.FindStringSubmatch(n.Value); m != nil && s.env != nil {
		if v := s.env.vars[m[1]]; v != nil && v.Kind == yaml.ScalarNode {
			return v
		}
	}
	return n
}

// raw is what the file has at the place of a value.
func (w *promoter) raw(s *side, n *yaml.Node) string {
	text, _ := (&imageSetter{files: w.files}).written(w.behind(s, n))
	return text
}

// resolved is a text with the variables of the instance's environment; "" where
// one of them has no value there.
func resolved(s *side, text string) string {
	if !imageVariable.MatchString(text) {
		return text
	}
	if s.env == nil {
		return ""
	}
	out, _ := (&ImageChange{environment: []*environment{s.env}}).resolve(text)
	return out
}
