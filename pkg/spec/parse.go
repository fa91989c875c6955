package spec

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// Parse reads files into documents. Problems are sorted by place; a document
// with an error is not among the Documents. Limits that are not set are the
// DefaultLimits.
func Parse(files []File, sections []Section, o Options) Result {
	if o.Limits == (Limits{}) {
		o.Limits = DefaultLimits
	}
	p := parser{sections: sectionTree(sections), limits: o.Limits, options: o, memory: memory(o),
		known: make(map[*base]*knownFile, len(files)), bases: make([]*base, 0, len(files)), claims: make([]claim, 0, len(files))}
	problems := p.memory.likely()
	p.told, p.result.Problems = make(map[Problem]bool, problems), slices.Grow(p.result.Problems, problems)
	for _, f := range files {
		p.file(f)
	}
	p.surroundings(files)
	rivals(p.environments, partOfEnvironment)
	rivals(p.templates, partOfTemplate)
	p.unknownEnvironments()
	usable := p.settings()
	var last *base
	for _, i := range p.instances() {
		if usable && p.wanted(i.env) && !p.again(i) {
			p.grow(i.base, files)
			p.make(i)
		}
		if last != i.base { // those of one base follow one another
			p.letGo(last)
		}
		last = i.base
	}
	p.letGo(last)
	p.parts()
	p.result.Documents = p.unique()
	for _, e := range p.environments {
		p.result.Environments = append(p.result.Environments, e.name)
	}
	sortProblems(p.result.Problems)
	sortProblems(p.result.Skipped)
	if p.memory != nil {
		p.memory.problems = len(p.result.Problems)
	}
	return p.result
}

// DecodeBody reads a file that holds one AWS input and nothing else, as people
// keep them beside other tools. Nothing in it is taken for a reference.
func DecodeBody(file string, data []byte, s Section) (Body, []Problem) {
	r := &reporter{file: file}
	docs := load(File{Path: file, Data: data}, DefaultLimits, r)
	var b Body
	switch {
	case r.errors > 0:
	case len(docs) != 1:
		r.errorf(nil, "the file holds %d documents; one body is wanted", len(docs))
	case inBounds(docs[0], DefaultLimits, r):
		b, _ = decodeBody(r, s, "", nil, unwrap(r, s, docs[0]), nil)
	}
	sortProblems(r.problems)
	return b, r.problems
}

// unwrap takes the body out of the answer of a describe or register call, where
// it stands under the section's name ({"taskDefinition": {…}, "tags": […]}).
func unwrap(r *reporter, s Section, n *yaml.Node) *yaml.Node {
	key, inner := lookup(n, s.Path)
	if key == nil || inner.Kind != yaml.MappingNode {
		return n
	}
	var beside []string
	for i := 0; i+1 < len(n.Content); i += 2 {
		if k := n.Content[i].Value; k != s.Path {
			beside = append(beside, k)
		}
	}
	switch fields := shape.Fields(reflect.TypeOf(s.New())); {
	case slices.ContainsFunc(fields, func(f shape.Field) bool {
		return f.Name == s.Path || slices.Contains(beside, f.Name) && f.Name != "tags"
	}):
		return n
	case len(beside) > 0:
		r.warnf(key, "%s: taken from AWS' answer; what stands beside it is left out: %s", s.Path, some(beside))
	default:
		r.warnf(key, "%s: taken from AWS' answer", s.Path)
	}
	return inner
}

type parser struct {
	sections []section
	limits   Limits
	options  Options
	sets     []setting
	result   Result
	told     map[Problem]bool
	merged   int // nodes of all documents after merging

	memory *Memory // nil for none
	known  map[*base]*knownFile
	around bytes.Buffer    // what may go into every service
	byPath map[string]File // once a tree has to be read again
	held   int             // bytes of the sound files that were read

	bases        []*base
	environments []*environment
	templates    []*template
	patches      []*patch
	claims       []claim
}

// cluster is that of documents that write none.
func (p *parser) cluster() string { return cmp.Or(p.options.Cluster, defaultCluster) }

// claim is one instance that names a service, sound or not.
type claim struct {
	identity string // Document.ID
	service  string // cluster/name
	env      string
	pos      string  // of metadata.name
	at       string  // of the environment's name; pos without one
	problem  Problem // filled with the place of metadata.name
	doc      *Document
}

func (p *parser) file(f File) {
	var sum [sha256.Size]byte
	if p.memory != nil {
		sum = f.sum()
		if p.recall(f, sum) {
			return
		}
		before := progress{len(p.bases), len(p.environments) + len(p.templates) + len(p.patches), len(p.result.Problems) + len(p.result.Skipped)}
		defer func() { p.remember(f, sum, before) }()
	}
	f = f.opened()
	r := &reporter{file: f.Path}
	docs := load(f, p.limits, r)
	if r.errors > 0 && !mentionsUs(f.Data) {
		for _, problem := range r.problems {
			problem.Severity = Warning
			problem.Message = "skipped, nothing in it says that it is ours: " + problem.Message
			p.result.Problems = append(p.result.Problems, problem)
			p.result.Skipped = append(p.result.Skipped, problem)
		}
		return
	}
	p.result.Problems = append(p.result.Problems, r.problems...)
	for i, n := range docs {
		bases := len(p.bases)
		p.document(f.Path, n)
		for _, b := range p.bases[bases:] {
			b.ordinal = i
		}
	}
}

// document sorts out whose a document is and decodes ours.
func (p *parser) document(file string, n *yaml.Node) {
	r := &reporter{file: file}
	if why, ours := p.ours(r, n); !ours {
		if why != "" {
			p.result.Skipped = append(p.result.Skipped, Problem{File: file, Line: n.Line, Column: n.Column, Severity: Warning, Message: why})
		}
		p.result.Problems = append(p.result.Problems, r.problems...)
		return
	}
	stamp(n, file)
	kind := "Service"
	if _, k := lookup(n, "kind"); k != nil {
		kind = k.Value
	}
	sound := inBounds(n, p.limits, r)
	if kind == "Service" {
		p.bases = append(p.bases, p.base(n, r))
		return
	}
	words := r
	if !sound { // its bounds are told; it is read only for its name
		words = &reporter{file: file}
	}
	switch kind {
	case "Environment":
		e := p.environment(n, words)
		e.r = r
		p.environments = append(p.environments, e)
	case "TaskTemplate":
		t := p.template(n, words)
		t.r = r
		p.templates = append(p.templates, t)
	case "ServicePatch":
		patch := p.patch(n, words)
		patch.r = r
		p.patches = append(p.patches, patch)
	}
}

// kinds of document.
var kinds = []string{"Service", "ServicePatch", "Environment", "TaskTemplate"}

// ours reports whether a document is one of ours. When it is not, why
// says so for the list of what was skipped, or an error is in r.
func (p *parser) ours(r *reporter, n *yaml.Node) (why string, ours bool) {
	if n.Kind != yaml.MappingNode {
		return fmt.Sprintf("not ours: a %s where a document begins", nodeKind(n)), false
	}
	_, version := lookup(n, "apiVersion")
	_, kind := lookup(n, "kind")
	known := kind != nil && kind.Kind == yaml.ScalarNode && slices.Contains(kinds, kind.Value)
	switch {
	case version == nil || isNull(version):
		if known {
			r.errorf(n, "a document of kind %s without apiVersion: write apiVersion: %s", kind.Value, APIVersion)
			return "", false
		}
		return "not ours: it has no apiVersion", false
	case version.Kind != yaml.ScalarNode:
		return "not ours: apiVersion is no text", false
	case version.Value != APIVersion && looksLikeOurs(version.Value):
		r.errorf(version, "unknown apiVersion %s; this version knows %s", quoted(version.Value), APIVersion)
		return "", false
	case version.Value != APIVersion:
		return fmt.Sprintf("not ours: apiVersion is %s", quoted(version.Value)), false
	}
	switch {
	case kind == nil || isNull(kind):
		r.errorf(n, "kind is missing; this version knows %s", strings.Join(kinds, ", "))
	case kind.Kind != yaml.ScalarNode:
		r.errorf(kind, "kind: expects text, got %s", got(kind))
	case slices.Contains(kinds, kind.Value):
		return "", true
	default:
		r.errorf(kind, "unknown kind %s; this version knows %s%s", quoted(kind.Value), strings.Join(kinds, ", "), didYouMean(kind.Value, kinds))
	}
	return "", false
}

// looksLikeOurs finds a misspelt apiVersion of ours.
func looksLikeOurs(version string) bool {
	group, _, _ := strings.Cut(strings.ToLower(version), "/")
	ours, _, _ := strings.Cut(APIVersion, "/")
	return distance(group, ours, 2) <= 2
}

// lookup finds a key of a mapping by its exact spelling.
func lookup(n *yaml.Node, name string) (key, value *yaml.Node) {
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name && n.Content[i].Kind == yaml.ScalarNode {
			return n.Content[i], n.Content[i+1]
		}
	}
	return nil, nil
}

// unique returns the documents whose identity nobody else claims, and reports
// the others at every place that claims it.
func (p *parser) unique() []Document {
	times := make(map[string]int, len(p.claims))
	for i := range p.claims {
		times[p.claims[i].identity]++
	}
	places := map[string][]claim{} // of what is claimed more than once
	for _, c := range p.claims {
		if times[c.identity] > 1 {
			places[c.identity] = append(places[c.identity], c)
		}
	}
	docs := slices.Grow([]Document(nil), len(p.claims))
	for _, c := range p.claims {
		if times[c.identity] == 1 {
			if c.doc != nil {
				docs = append(docs, *c.doc)
			}
			continue
		}
		rivals := places[c.identity]
		c.problem.Message = c.quarrel(rivals)
		c.problem.Duplicate = true
		p.freeze(c.identity, c.problem)
		if !p.told[c.problem] {
			p.told[c.problem] = true
			p.result.Problems = append(p.result.Problems, c.problem)
		}
	}
	return docs
}

// quarrel says who else claims an identity.
func (c claim) quarrel(rivals []claim) string {
	if !slices.ContainsFunc(rivals, func(o claim) bool { return o.pos != c.pos }) {
		var envs []string
		for _, o := range rivals {
			envs = append(envs, fmt.Sprintf("%s (%s)", o.env, o.at))
		}
		return fmt.Sprintf("the environments %s make one and the same service of this, %s: nothing is done to it until they differ in target or cluster",
			strings.Join(envs, " and "), c.identity)
	}
	return fmt.Sprintf("the service %s is declared at %s too: nothing is done to it until one declaration remains", c.identity, elsewhere(c, rivals))
}

// elsewhere names the other places of an identity, the first few of them.
func elsewhere(c claim, rivals []claim) string {
	const most = 3
	var others []string
	for _, o := range rivals {
		if o.pos == c.pos {
			continue
		}
		if len(others) == most {
			return fmt.Sprintf("%s and %d more places", strings.Join(others, ", "), len(rivals)-1-most)
		}
		others = append(others, o.pos)
	}
	return strings.Join(others, ", ")
}

// section is a Section with those that stand inside it.
type section struct {
	Section
	key      string // last part of the path
	children []section
}

// sectionTree puts "scaling.policies" under "scaling", keeping the order.
func sectionTree(flat []Section) []section {
	var top []section
	for _, s := range flat {
		if !strings.Contains(s.Path, ".") {
			top = append(top, section{Section: s, key: s.Path})
		}
	}
	for _, s := range flat {
		parent, key, nested := strings.Cut(s.Path, ".")
		if !nested {
			continue
		}
		for i := range top {
			if top[i].Path == parent {
				top[i].children = append(top[i].children, section{Section: s, key: key})
			}
		}
	}
	return top
}
