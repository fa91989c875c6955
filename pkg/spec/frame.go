package spec

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// frame decodes one document of kind Service.
type frame struct {
	r         *reporter
	sections  []section
	unwritten string // the cluster of a document that writes none
	doc       Document
	nameNode  *yaml.Node
	specNode  *yaml.Node
	keys      map[string]*yaml.Node        // where each body is named, by Body.Path
	shown     map[string]map[string]string // what people call the paths of each body, by Body.Path
}

// isAWSName is what ECS takes for the names of services and clusters.
func isAWSName(s string) bool { return shape.IsName(s, 255, "_-") }

// isLocalName: unit-local names stand in tags, references and derived AWS names.
func isLocalName(s string) bool { return shape.IsName(s, 64, "_-") }

const defaultCluster = "default"

// frameFields are the fields of a spec that hold no AWS input, without those
// that an Environment cannot give.
var frameFields = []string{"cluster", "policy", "dependsOn"}

// identity is cluster/name, "" where the document does not say it well enough.
func (f *frame) identity() string {
	if f.doc.Name == "" || f.doc.Cluster == "" {
		return ""
	}
	return f.doc.Cluster + "/" + f.doc.Name
}

// field is one key of a mapping of the frame.
type field struct {
	name   string
	decode func(key, value *yaml.Node)
	hidden bool // known so that its refusal has words; nobody is pointed to it
}

// fields walks a mapping of the frame against what it may hold.
func (f *frame) fields(n *yaml.Node, path string, known []field) {
	if n.Kind != yaml.MappingNode {
		f.r.errorf(n, "%s: expects a mapping, got %s", path, got(n))
		return
	}
	var names []string
	for _, k := range known {
		if !k.hidden {
			names = append(names, k.name)
		}
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		at := slices.IndexFunc(known, func(k field) bool { return k.name == key.Value })
		switch {
		case f.r.full():
			return
		case at < 0:
			if isCredential(key.Value) {
				f.r.errorf(key, notInSpecs, path, key.Value)
				break
			}
			hint := didYouMean(key.Value, names)
			f.r.errorf(key, "%s: unknown field %s%s; known here: %s", path, quoted(key.Value), hint, strings.Join(names, ", "))
		case isNull(value):
		default:
			known[at].decode(key, value)
		}
	}
}

func (f *frame) decode(n *yaml.Node) {
	f.doc.File, f.doc.Pos, f.doc.Cluster, f.doc.Target = f.r.fileOf(n), f.r.pos(n), f.unwritten, DefaultTarget
	f.r.variables = true
	f.keys, f.shown = map[string]*yaml.Node{}, map[string]map[string]string{}
	ignore := func(_, _ *yaml.Node) {}
	f.fields(n, "document", []field{
		{name: "apiVersion", decode: ignore},
		{name: "kind", decode: ignore},
		{name: "metadata", decode: func(_, v *yaml.Node) { f.metadata(v) }},
		{name: "spec", decode: func(_, v *yaml.Node) { f.spec(v) }},
	})
	if f.doc.Name == "" && f.nameNode == nil {
		f.r.errorf(n, "metadata.name is required: it is the ECS service's name")
	}
	if f.specNode == nil {
		f.r.errorf(n, "spec is required")
		return
	}
	f.references()
	f.crossChecks()
}

func (f *frame) metadata(n *yaml.Node) {
	f.fields(n, "metadata", []field{
		{name: "name", decode: func(_, v *yaml.Node) {
			f.nameNode = v
			if name, ok := f.text(v, "metadata.name"); ok && f.named(v, "metadata.name", name) {
				f.doc.Name, f.doc.NamePos = name, f.r.pos(v)
			}
		}},
		{name: "labels", decode: func(_, v *yaml.Node) { f.doc.Labels = f.labels(v) }},
	})
}

func (f *frame) named(n *yaml.Node, path, name string) bool {
	if isAWSName(name) {
		return true
	}
	f.r.errorf(n, "%s: %s is no ECS name: up to 255 letters, digits, hyphens and underscores", path, quoted(name))
	return false
}

func (f *frame) labels(n *yaml.Node) map[string]string {
	if n.Kind != yaml.MappingNode {
		f.r.errorf(n, "metadata.labels: expects a mapping, got %s", got(n))
		return nil
	}
	out := map[string]string{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if isNull(n.Content[i+1]) {
			continue
		}
		if v, ok := f.text(n.Content[i+1], "metadata.labels."+n.Content[i].Value); ok {
			out[n.Content[i].Value] = v
		}
	}
	return out
}

// text reads a scalar of the frame, in which no reference can stand.
func (f *frame) text(n *yaml.Node, path string) (string, bool) {
	if n.Kind != yaml.ScalarNode {
		f.r.errorf(n, "%s: expects text, got %s", path, got(n))
		return "", false
	}
	if v := variable.FindString(n.Value); v != "" {
		if !f.r.variables { // else it was told where variables are put in
			f.r.errorf(n, "%s: %s: no variable can stand here; write the value", path, v)
		}
		return "", false
	}
	return n.Value, true
}

func (f *frame) spec(n *yaml.Node) {
	f.specNode = n
	known := []field{
		{name: "cluster", decode: func(_, v *yaml.Node) { f.cluster(v) }},
		{name: "policy", decode: func(_, v *yaml.Node) { f.policy(v) }},
		{name: "dependsOn", decode: func(_, v *yaml.Node) { f.dependsOn(v) }},
		{name: "environment", decode: func(_, v *yaml.Node) { f.text(v, "spec.environment") }},
		{name: "template", decode: func(_, v *yaml.Node) { f.uses(v) }},
		{name: "hooks", decode: f.hooks},
	}
	decoded := map[string][]Body{}
	for _, s := range f.sections {
		known = append(known, field{name: s.key, decode: func(k, v *yaml.Node) { f.section(s, k, v, decoded) }})
	}
	f.fields(n, "spec", known)
	for _, s := range f.sections {
		f.doc.Bodies = append(f.doc.Bodies, decoded[s.Path]...)
		for _, c := range s.children {
			f.doc.Bodies = append(f.doc.Bodies, decoded[c.Path]...)
		}
	}
}

// section decodes the body or the bodies of one section and of those inside it.
func (f *frame) section(s section, key, n *yaml.Node, into map[string][]Body) {
	if !s.Many {
		children := map[string]bool{}
		for _, c := range s.children {
			children[c.key] = true
			if k, v := lookup(n, c.key); v != nil && !isNull(v) {
				f.section(c, k, v, into)
			}
		}
		f.body(s, "", key, n, children, into)
		return
	}
	if n.Kind != yaml.MappingNode {
		f.r.errorf(n, "%s: expects a mapping from names to bodies, got %s", s.Path, got(n))
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		switch {
		case isNull(value):
		case !isLocalName(name.Value):
			f.r.errorf(name, "%s: %s is no name for this document: up to 64 letters, digits, hyphens and underscores", s.Path, quoted(name.Value))
		default:
			f.body(s, name.Value, name, value, nil, into)
		}
	}
	slices.SortFunc(into[s.Path], func(a, b Body) int { return strings.Compare(a.Name, b.Name) })
}

func (f *frame) body(s section, name string, key, n *yaml.Node, children map[string]bool, into map[string][]Body) {
	b, shown := decodeBody(f.r, s.Section, name, key, n, children)
	f.keys[b.Path()], f.shown[b.Path()] = key, shown
	if n.Kind == yaml.MappingNode {
		into[s.Path] = append(into[s.Path], b)
	}
}

func (f *frame) cluster(n *yaml.Node) {
	f.doc.Cluster = ""
	name, ok := f.text(n, "spec.cluster")
	if !ok {
		return
	}
	if strings.HasPrefix(name, "arn:") {
		f.r.errorf(n, "spec.cluster: write the cluster's name, %q, not its ARN", name[strings.LastIndexByte(name, '/')+1:])
		return
	}
	if f.named(n, "spec.cluster", name) {
		f.doc.Cluster = name
	}
}

func (f *frame) dependsOn(n *yaml.Node) {
	for _, v := range f.texts(n, "spec.dependsOn") {
		name := v.Value
		if cluster, rest, ok := strings.Cut(name, "/"); ok && isAWSName(cluster) {
			name = rest
		}
		if f.named(v, "spec.dependsOn", name) {
			f.doc.DependsOn = append(f.doc.DependsOn, v.Value)
		}
	}
}

// texts reads a list of scalars of the frame.
func (f *frame) texts(n *yaml.Node, path string) []*yaml.Node {
	if n.Kind != yaml.SequenceNode {
		f.r.errorf(n, "%s: expects a list, got %s: write it as a list", path, got(n))
		return nil
	}
	var out []*yaml.Node
	for i, item := range n.Content {
		if isNull(item) {
			f.r.errorf(item, "%s[%d]: an element of a list must not be empty", path, i)
		} else if _, ok := f.text(item, fmt.Sprintf("%s[%d]", path, i)); ok {
			out = append(out, item)
		}
	}
	return out
}

func (f *frame) policy(n *yaml.Node) {
	p := &f.doc.Policy
	choice := func(name string, to *string, values ...string) field {
		return field{name: name, decode: func(_, v *yaml.Node) {
			s, ok := f.text(v, "policy."+name)
			if ok && !slices.Contains(values, s) {
				f.r.errorf(v, "policy.%s: %s", name, notOneOf(s, values))
			} else if ok {
				*to = s
			}
		}}
	}
	flag := func(name string, to *bool) field {
		return field{name: name, decode: func(_, v *yaml.Node) {
			b, msg := false, "expects true or false, got "+got(v)
			if v.Kind == yaml.ScalarNode {
				b, msg = parseBool(v)
			}
			if msg != "" {
				f.r.errorf(v, "policy.%s: %s", name, msg)
			}
			*to = b
		}}
	}
	count := func(name string, to *int, least int64) field {
		return field{name: name, decode: func(_, v *yaml.Node) {
			i, msg := int64(0), "expects a whole number, got "+got(v)
			if v.Kind == yaml.ScalarNode {
				i, msg = parseInt(v, 32)
			}
			if msg == "" && i < least {
				msg = "expects at least " + strconv.FormatInt(least, 10) + ", got " + told(v.Value)
			}
			if msg != "" {
				f.r.errorf(v, "policy.%s: %s", name, msg)
			}
			*to = int(i)
		}}
	}
	f.fields(n, "policy", []field{
		choice("mode", &p.Mode, "auto", "manual", "observe"),
		flag("adopt", &p.Adopt),
		flag("prune", &p.Prune),
		choice("onDelete", &p.OnDelete, "keep", "prune", "orphan"),
		flag("recreate", &p.Recreate),
		choice("desiredCount", &p.DesiredCount, "initial", "band", "fixed"),
		{name: "driftGrace", decode: func(_, v *yaml.Node) { p.DriftGrace = f.duration(v, "policy.driftGrace") }},
		count("keepRevisions", &p.KeepRevisions, 1),
		count("wave", &p.Wave, -1000),
		{name: "ignore", decode: func(_, v *yaml.Node) { f.ignore(v) }},
	})
}

func (f *frame) duration(n *yaml.Node, path string) string {
	s, ok := f.text(n, path)
	if !ok {
		return ""
	}
	if d, err := time.ParseDuration(s); err != nil || d < 0 {
		f.r.errorf(n, "%s: expects a duration like 30m or 1h, got %s", path, told(s))
		return ""
	}
	return s
}
