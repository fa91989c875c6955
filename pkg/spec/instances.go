package spec

import (
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// base is a document of kind Service before it is known for which environments.
type base struct {
	n             *yaml.Node // nil where a Memory has let go of it: see parser.grow
	ordinal       int        // among the documents of its file
	r             *reporter  // what is wrong with it wherever it runs: its bounds
	name, cluster string     // as far as they are written plainly
	nameNode      *yaml.Node
	env           string
	envNode       *yaml.Node    // spec.environment
	made          *knownService // what a Memory has of its instances
}

// base reads of a Service what decides which instances it has.
func (p *parser) base(n *yaml.Node, r *reporter) *base {
	b := &base{n: n, r: r, cluster: p.cluster()}
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
	byName := map[string][]*base{}
	if len(p.patches) > 0 {
		for _, b := range p.bases {
			byName[b.name] = append(byName[b.name], b)
		}
	}
	for _, patch := range p.patches {
		p.assign(patch, byName, byBase)
	}
	out := make([]instance, 0, len(p.bases))
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
func (p *parser) assign(patch *patch, byName map[string][]*base, byBase map[*base][]*patch) {
	var found []*base
	for _, b := range byName[patch.service[strings.IndexByte(patch.service, '/')+1:]] {
		if patch.means(b) {
			found = append(found, b)
		}
	}
	switch {
	case len(found) == 0 && patch.service != "":
		names := slices.Sorted(maps.Keys(byName))
		names = slices.DeleteFunc(names, func(name string) bool { return name == "" })
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
