package spec

import (
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// make merges, fills and decodes one instance.
func (p *parser) make(i instance) {
	r := &reporter{file: i.r.file}
	nodes := p.merged
	envs, names := one(p.environments, i.env, partOfEnvironment)
	var env *environment
	if len(envs) > 0 {
		env = envs[0]
	} else if i.env != "" {
		r.errorf(i.at, "there is no Environment %s in these documents%s%s", quoted(i.env), didYouMean(i.env, names), known("Environment", names))
	}
	id, cluster := p.identify(i, env)
	var causes []Problem // errors told elsewhere that freeze this instance
	blame := func(r *reporter) {
		at := slices.IndexFunc(r.problems, func(p Problem) bool { return p.Severity == Error })
		if at >= 0 {
			causes = append(causes, r.problems[at])
		}
	}
	blame(i.r)
	for _, e := range envs {
		blame(e.r)
	}
	p.several(i, r)
	for _, patch := range i.patches {
		blame(patch.r)
	}
	var tree *yaml.Node
	if len(causes) == 0 && r.errors == 0 {
		var templates []*template
		if tree, templates = p.merge(i, env, r); len(templates) > 0 {
			for _, t := range templates {
				blame(t.r)
			}
		}
	}
	f := &frame{r: r, sections: p.sections, unwritten: p.cluster()}
	if tree != nil && r.errors == 0 && len(causes) == 0 {
		f.decode(tree)
		if env != nil {
			f.doc.Environment, f.doc.Target, f.doc.Account, f.doc.Region, f.doc.Freeze = env.name, env.target, env.account, env.region, env.freeze
		}
		if i.env != "" {
			f.doc.EnvironmentPos = i.r.pos(i.at)
		}
		if p.options.Forms {
			f.doc.Form = &Form{tree: tree, env: env}
		}
		if f.identity() != "" {
			id, cluster = f.doc.ID(), f.doc.Cluster
		}
	}
	p.report(i.r.problems, id)
	for _, c := range causes {
		p.freeze(id, c)
	}
	p.report(r.problems, id)
	if id == "" {
		return
	}
	c := claim{identity: id, env: i.env, at: i.r.pos(i.nameNode), pos: i.r.pos(i.nameNode), service: cluster + "/" + i.name,
		problem: Problem{File: i.r.fileOf(i.nameNode), Line: i.nameNode.Line, Column: i.nameNode.Column, Document: id}}
	if i.env != "" {
		c.at = i.r.pos(i.at)
	}
	if r.errors == 0 && len(causes) == 0 {
		doc := f.doc // by itself: the frame has the whole tree
		c.doc = &doc
	}
	p.keep(i, c, r.problems, p.merged-nodes)
	p.claims = append(p.claims, c)
}

// several refuses two patches for one instance.
func (p *parser) several(i instance, r *reporter) {
	for _, me := range i.patches {
		var others []string
		for _, o := range i.patches {
			if o != me && o.env == me.env && me.env != "" {
				others = append(others, o.r.pos(o.at))
			}
		}
		if len(others) > 0 {
			r.errorf(me.at, "the service %s is patched for %s at %s too: nothing is done to it there until one patch remains", i.name, i.env, some(others))
		}
	}
}

// identify is the identity of an instance, as far as it can be told without
// merging: "" where a name is missing or bad.
func (p *parser) identify(i instance, env *environment) (id, cluster string) {
	if i.name == "" {
		return "", ""
	}
	quiet := &reporter{file: i.r.file}
	c := made(yaml.ScalarNode, "!!str", p.cluster(), i.nameNode)
	look := func(n *yaml.Node) {
		if n != nil {
			if _, v := lookup(n, "cluster"); v != nil && !isNull(v) {
				c = v
			}
		}
	}
	if env != nil {
		look(env.defaults)
	}
	_, s := lookup(i.n, "spec")
	look(s)
	for _, patch := range i.patches {
		look(patch.patch)
	}
	for _, set := range p.sets {
		if len(set.steps) == 1 && set.steps[0].name == "cluster" {
			c = set.value
		}
	}
	f := &frame{r: quiet}
	f.cluster(p.variables(env, quiet).in(c))
	if quiet.errors > 0 || f.doc.Cluster == "" {
		return "", ""
	}
	d := Document{Name: i.name, Cluster: f.doc.Cluster, Target: DefaultTarget}
	if env != nil {
		d.Target = env.target
	}
	return d.ID(), d.Cluster
}

// variables substitutes those of an environment.
func (p *parser) variables(env *environment, r *reporter) *substituter {
	value := noEnvironment
	if env != nil {
		value = env.value
	}
	return &substituter{r: r, limits: p.limits, wants: "env", value: value}
}

// merge lays the layers of an instance over each other: Environment.defaults,
// TaskTemplate, Service, ServicePatch, --set; then it puts the variables in. It
// answers with nil after an error, and with the templates that were used.
func (p *parser) merge(i instance, env *environment, r *reporter) (*yaml.Node, []*template) {
	lower := merger{sections: p.sections}
	upper := merger{sections: p.sections, patch: true}
	_, service := lookup(i.n, "spec")
	if service == nil || service.Kind != yaml.MappingNode {
		return i.n, nil // which the decoder reports
	}
	var defaults *yaml.Node
	if env != nil {
		defaults = env.defaults
	}
	layers := func(below *yaml.Node, r *reporter) *yaml.Node {
		out := lower.spec(lower.spec(defaults, below), service)
		for _, patch := range i.patches {
			out = upper.spec(out, patch.patch)
		}
		for _, set := range p.sets {
			out = set.apply(out, p.sections, r)
		}
		return out
	}
	vars := p.variables(env, r)
	var below *yaml.Node
	var templates []*template
	// Which template it is the other layers say; what --set cannot find may come from it.
	if key, n := lookup(layers(nil, &reporter{}), "template"); key != nil && !isNull(n) {
		task, used := p.templated(n, vars, r)
		if templates = used; task == nil {
			return nil, templates
		}
		below = made(yaml.MappingNode, "!!map", "", n)
		below.Content = []*yaml.Node{templates[0].key, task}
	}
	merged := without(layers(below, r), "template")
	if r.errors > 0 {
		return nil, templates
	}
	merged = p.named(i, vars.in(merged))
	noVariableOf(r, merged, "params", "parameters stand in a TaskTemplate only; here write the value")
	tree := *i.n
	tree.Content = slices.Clone(i.n.Content)
	for k := 0; k+1 < len(tree.Content); k += 2 {
		if tree.Content[k+1] == service {
			tree.Content[k+1] = merged
		}
	}
	p.bounded(&tree, r)
	return &tree, templates
}

// bounded holds the limits of a file for what became of it, and a total for all.
func (p *parser) bounded(tree *yaml.Node, r *reporter) {
	nodes, bytes := size(tree)
	p.merged += nodes
	switch {
	case r.errors > 0:
	case bytes > p.limits.FileBytes:
		r.errorf(tree, "the document has more than %s after merging", bytesText(p.limits.FileBytes))
	case p.merged > maxMerged:
		r.errorf(tree, "all documents together have more than %d nodes after merging: share less between them", maxMerged)
	default:
		inBounds(tree, p.limits, r)
	}
}

// maxMerged bounds what defaults and templates may multiply to.
const maxMerged = 4_000_000

// named writes the environment's name into the spec of its instance.
func (p *parser) named(i instance, spec *yaml.Node) *yaml.Node {
	out := without(spec, "environment")
	if i.env == "" {
		return out
	}
	copied := *out
	copied.Content = append([]*yaml.Node{made(yaml.ScalarNode, "!!str", "environment", i.at), retagged(i.at)}, out.Content...)
	return &copied
}

// without is a mapping without one key.
func without(n *yaml.Node, name string) *yaml.Node {
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if strings.EqualFold(n.Content[i].Value, name) {
			copied := *n
			copied.Content = slices.Concat(n.Content[:i], n.Content[i+2:])
			return &copied
		}
	}
	return n
}

// templated makes the task definition of spec.template. The first of the
// templates that it answers with is the one that was used.
func (p *parser) templated(n *yaml.Node, vars *substituter, r *reporter) (*yaml.Node, []*template) {
	f := &frame{r: r, sections: p.sections, unwritten: p.cluster()}
	u, ok := f.uses(vars.in(n))
	if !ok || r.errors > 0 {
		return nil, nil
	}
	found, names := one(p.templates, u.name, partOfTemplate)
	if len(found) == 0 {
		r.errorf(u.at, "spec.template: there is no TaskTemplate %s in these documents%s%s", quoted(u.name), didYouMean(u.name, names), known("TaskTemplate", names))
		return nil, nil
	}
	for _, t := range found {
		if t.broken() {
			return nil, found
		}
	}
	return found[0].fill(u, r, p.limits), found
}

// noVariableOf reports variables that are left where nothing will fill them.
func noVariableOf(r *reporter, n *yaml.Node, wants, why string) {
	variables(n, wants, func(at *yaml.Node, name string) { r.errorf(at, "$(%s.%s): %s", wants, name, why) })
}

// unknownEnvironments reports names that --env has and no document.
func (p *parser) unknownEnvironments() {
	for _, name := range p.options.Environments {
		if found, names := one(p.environments, name, partOfEnvironment); len(found) == 0 {
			p.report([]Problem{{File: "--env", Message: fmt.Sprintf("there is no Environment %s in these documents%s%s", quoted(name), didYouMean(name, names), known("Environment", names))}}, "")
		}
	}
}

// freeze keeps the first reason for which a service is not touched.
func (p *parser) freeze(id string, why Problem) {
	if _, have := p.result.Frozen[id]; have || id == "" {
		return
	}
	if p.result.Frozen == nil {
		p.result.Frozen = map[string]Problem{}
	}
	p.result.Frozen[id] = why
}

// report tells problems, each once, and freezes the service of their errors.
func (p *parser) report(problems []Problem, id string) {
	for _, problem := range problems {
		problem.Document = id
		if problem.Severity == Error {
			p.freeze(id, problem)
		}
		told := problem
		told.Document = ""
		if !p.told[told] {
			p.told[told] = true
			p.result.Problems = append(p.result.Problems, problem)
		}
	}
}

// parts reports what is wrong with the documents that services use.
func (p *parser) parts() {
	for _, e := range p.environments {
		p.report(e.r.problems, "")
	}
	for _, t := range p.templates {
		p.report(t.r.problems, "")
	}
	for _, patch := range p.patches {
		p.report(patch.r.problems, "")
	}
}
