package spec

import (
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// base is a document of kind Service before it is known for which environments.
type base struct {
	n             *yaml.Node
	r             *reporter // what is wrong with it wherever it runs: its bounds
	name, cluster string    // as far as they are written plainly
	nameNode      *yaml.Node
	env           string
	envNode       *yaml.Node // spec.environment
}

// base reads of a Service what decides which instances it has.
func (p *parser) base(n *yaml.Node, r *reporter) *base {
	b := &base{n: n, r: r, cluster: defaultCluster}
	quiet := &frame{r: &reporter{file: r.file}}
	if _, m := lookup(n, "metadata"); m != nil {
		quiet.metadata(m)
	}
	b.name, b.nameNode = quiet.doc.Name, quiet.nameNode
	_, s := lookup(n, "spec")
	if s == nil {
		return b
	}
	if _, c := lookup(s, "cluster"); c != nil && c.Kind == yaml.ScalarNode && !isNull(c) {
		b.cluster = c.Value
	}
	if _, e := lookup(s, "environment"); e != nil && e.Kind == yaml.ScalarNode && !isNull(e) {
		b.env, b.envNode = e.Value, e
	}
	return b
}

// instance is one service to be: a base in one environment, or in none.
type instance struct {
	*base
	env     string
	at      *yaml.Node // where the environment is named; the service's name without one
	patches []*patch
}

// instances lists what every base gives, in the order of the documents.
func (p *parser) instances() []instance {
	byBase := map[*base][]*patch{}
	for _, patch := range p.patches {
		p.assign(patch, byBase)
	}
	var out []instance
	for _, b := range p.bases {
		first := len(out)
		add := func(env string, at *yaml.Node, patch *patch) {
			i := first + slices.IndexFunc(out[first:], func(i instance) bool { return i.env == env })
			if i < first {
				i = len(out)
				out = append(out, instance{base: b, env: env, at: at})
			}
			if patch != nil {
				out[i].patches = append(out[i].patches, patch)
			}
		}
		if b.envNode != nil {
			add(b.env, b.envNode, nil)
		}
		for _, patch := range byBase[b] {
			if patch.env != "" {
				add(patch.env, patch.envNode, patch)
			}
		}
		if len(out) == first {
			add("", b.nameNode, nil)
		}
		for _, patch := range byBase[b] {
			for i := first; i < len(out) && patch.env == ""; i++ { // it may be meant for any of them
				out[i].patches = append(out[i].patches, patch)
			}
		}
	}
	return out
}

// assign finds the service that a patch is for.
func (p *parser) assign(patch *patch, byBase map[*base][]*patch) {
	var found []*base
	var names []string
	for _, b := range p.bases {
		if patch.means(b) {
			found = append(found, b)
		}
		if b.name != "" && !slices.Contains(names, b.name) {
			names = append(names, b.name)
		}
	}
	slices.Sort(names)
	switch {
	case len(found) == 0 && patch.service != "":
		patch.r.errorf(patch.serviceAt, "spec.service: there is no Service %s in these documents%s%s", quoted(patch.service), didYouMean(patch.service, names), known("Service", names))
	case len(found) > 1 && !slices.ContainsFunc(found, func(b *base) bool { return b.cluster == found[0].cluster && b != found[0] }):
		patch.r.errorf(patch.serviceAt, "spec.service: %s means the services at %s and at %s: write cluster/name", patch.service,
			found[0].r.pos(found[0].nameNode), found[1].r.pos(found[1].nameNode))
	}
	for _, b := range found {
		byBase[b] = append(byBase[b], patch)
	}
}

// one finds the part that has a name; nil when there is none, and all of them
// where the name is not unique.
func one[P any](parts []P, name string, part func(P) *part) (found []P, names []string) {
	for _, p := range parts {
		switch n := part(p).name; {
		case n == "":
		case n == name:
			found = append(found, p)
			fallthrough
		case !slices.Contains(names, n):
			names = append(names, n)
		}
	}
	slices.Sort(names)
	return found, slices.Compact(names)
}

// rivals reports parts of one kind and one name at every place.
func rivals[P any](parts []P, part func(P) *part) {
	for _, p := range parts {
		me := part(p)
		if me.name == "" {
			continue
		}
		same, _ := one(parts, me.name, part)
		var others []string
		for _, s := range same {
			if o := part(s); o != me {
				others = append(others, o.r.pos(o.at))
			}
		}
		if len(others) > 0 {
			me.r.errorf(me.at, "the %s %s is declared at %s too: no service that uses it is touched until one declaration remains", me.kind, me.name, some(others))
		}
	}
}

func partOfEnvironment(e *environment) *part { return &e.part }
func partOfTemplate(t *template) *part       { return &t.part }

// wanted reports whether --env lets an instance through.
func (p *parser) wanted(env string) bool {
	return len(p.options.Environments) == 0 || env != "" && slices.Contains(p.options.Environments, env)
}

// make merges, fills and decodes one instance.
func (p *parser) make(i instance) {
	r := &reporter{file: i.r.file}
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
	f := &frame{r: r, sections: p.sections}
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
		c.doc = &f.doc
	}
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
	c := made(yaml.ScalarNode, "!!str", defaultCluster, i.nameNode)
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
	f := &frame{r: r, sections: p.sections}
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
