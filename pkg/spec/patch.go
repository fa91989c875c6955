package spec

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// patch is a document of kind ServicePatch: one instance of a Service in one
// environment.
type patch struct {
	part
	service, env       string
	serviceAt, envNode *yaml.Node
	patch              *yaml.Node
}

// patch decodes a document of kind ServicePatch.
func (p *parser) patch(n *yaml.Node, r *reporter) *patch {
	out := &patch{}
	var f *frame
	if out.part, f = p.partOf("ServicePatch", n, r); out.spec == nil {
		return out
	}
	f.fields(out.spec, "spec", []field{
		{name: "service", decode: func(_, v *yaml.Node) {
			out.serviceAt = v
			if s, ok := f.text(v, "spec.service"); ok && f.named(v, "spec.service", s[strings.IndexByte(s, '/')+1:]) {
				out.service = s
			}
		}},
		{name: "environment", decode: func(_, v *yaml.Node) {
			out.envNode = v
			if s, ok := f.text(v, "spec.environment"); ok {
				out.env = s
			}
		}},
		{name: "patch", decode: func(_, v *yaml.Node) { out.patch = v }},
	})
	if out.spec.Kind != yaml.MappingNode {
		return out
	}
	if out.serviceAt == nil {
		r.errorf(out.spec, "spec.service is required: it is metadata.name of a Service")
	}
	if out.envNode == nil {
		r.errorf(out.spec, "spec.environment is required: it is metadata.name of an Environment")
	}
	switch {
	case out.patch == nil:
	case out.patch.Kind != yaml.MappingNode:
		r.errorf(out.patch, "spec.patch: expects a mapping of the form of a Service's spec, got %s", got(out.patch))
	default:
		if key, _ := lookup(out.patch, "environment"); key != nil {
			r.errorf(key, "spec.patch.environment: a patch belongs to the environment that it names above; drop it here")
		}
	}
	return out
}

// means reports whether a patch is for a service: by name, or cluster/name.
func (p *patch) means(b *base) bool {
	cluster, name, both := strings.Cut(p.service, "/")
	if !both {
		return p.service != "" && p.service == b.name
	}
	return name == b.name && cluster == b.cluster
}
