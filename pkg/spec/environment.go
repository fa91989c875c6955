package spec

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// part is what the documents beside Service have in common: a name that
// services use, and a reporter whose errors freeze those that do.
type part struct {
	kind string
	name string
	at   *yaml.Node // metadata.name, or the document where it is missing
	r    *reporter
	spec *yaml.Node
}

// broken reports whether whoever uses the part is frozen.
func (p *part) broken() bool { return p.r.errors > 0 }

// environment is a document of kind Environment.
type environment struct {
	part
	target, account, region string
	vars                    map[string]*yaml.Node
	defaults                *yaml.Node
	freeze                  []Freeze
	accountNode, regionNode *yaml.Node
}

// isVariable: as a local name, but that it begins with no digit and no hyphen.
func isVariable(s string) bool { return isLocalName(s) && !strings.ContainsAny(s[:1], "-0123456789") }

var (
	accountForm = regexp.MustCompile(`^[0-9]{12}$`)
	regionForm  = regexp.MustCompile(`^[a-z]{2,5}(-[a-z]+)+-[0-9]+$`)
)

// credentials are what people look for in an Environment, and must not find there.
var credentials = []string{"role", "roleArn", "assumeRole", "assumeRoleArn", "externalId", "profile", "credentials", "accessKeyId", "secretAccessKey", "sessionToken", "endpoint"}

// notInSpecs is the answer to them, wherever in the frame of a document they stand.
const notInSpecs = "%s.%s: what a run may do stands in the operator's --targets file, never in a document: name that target in an Environment, target: NAME"

// isCredential reports whether a key is one of them, in whatever spelling: assume_role,
// RoleARN, external-id.
func isCredential(key string) bool {
	bare := strings.NewReplacer("_", "", "-", "", " ", "").Replace(key)
	return slices.ContainsFunc(credentials, func(c string) bool { return strings.EqualFold(c, bare) })
}

// partOf reads the frame of a document that is no Service.
func (p *parser) partOf(kind string, n *yaml.Node, r *reporter) (part, *frame) {
	f := &frame{r: r, sections: p.sections, unwritten: p.cluster()}
	out := part{kind: kind, at: n, r: r}
	ignore := func(_, _ *yaml.Node) {}
	f.fields(n, "document", []field{
		{name: "apiVersion", decode: ignore},
		{name: "kind", decode: ignore},
		{name: "metadata", decode: func(_, v *yaml.Node) {
			f.fields(v, "metadata", []field{
				{name: "name", decode: func(_, v *yaml.Node) {
					out.at = v
					name, ok := f.text(v, "metadata.name")
					if ok && !isLocalName(name) {
						r.errorf(v, "metadata.name: %s: up to 64 letters, digits, hyphens and underscores", quoted(name))
					} else if ok {
						out.name = name
					}
				}},
				{name: "labels", decode: func(_, v *yaml.Node) { f.labels(v) }},
			})
		}},
		{name: "spec", decode: func(_, v *yaml.Node) { out.spec = v }},
	})
	if out.at == n {
		r.errorf(n, "metadata.name is required: it is what services call the %s", kind)
	}
	if out.spec == nil {
		r.errorf(n, "spec is required")
	}
	return out, f
}

// environment decodes a document of kind Environment.
func (p *parser) environment(n *yaml.Node, r *reporter) *environment {
	e := &environment{target: DefaultTarget, vars: map[string]*yaml.Node{}}
	var f *frame
	if e.part, f = p.partOf("Environment", n, r); e.spec == nil {
		return e
	}
	plain := func(name string, to *string, at **yaml.Node, form func(string) bool, wants string) field {
		return field{name: name, decode: func(_, v *yaml.Node) {
			s, ok := f.text(v, "spec."+name)
			if ok && !form(s) {
				r.errorf(v, "spec.%s: expects %s, got %s", name, wants, quoted(s))
			} else if ok {
				*to = s
				if at != nil {
					*at = retagged(v)
				}
			}
		}}
	}
	fields := []field{
		plain("target", &e.target, nil, isLocalName, "the name of a target: letters, digits, hyphens and underscores"),
		plain("account", &e.account, &e.accountNode, accountForm.MatchString, `the 12 digits of an AWS account, in quotes: "111122223333"`),
		plain("region", &e.region, &e.regionNode, regionForm.MatchString, "an AWS region like eu-west-1"),
		{name: "vars", decode: func(_, v *yaml.Node) { e.variables(v) }},
		{name: "defaults", decode: func(_, v *yaml.Node) { e.under(f, v) }},
		{name: "freeze", decode: func(_, v *yaml.Node) { e.windows(f, v) }},
	}
	f.fields(e.spec, "spec", fields)
	return e
}

// retagged is a scalar as text: account 012345678901 is no number.
func retagged(n *yaml.Node) *yaml.Node {
	out := *n
	out.Tag = "!!str"
	return &out
}

func (e *environment) variables(n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		e.r.errorf(n, "spec.vars: expects a mapping, got %s", got(n))
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		name := key.Value
		switch {
		case name == "account" || name == "region" || name == "name":
			e.r.errorf(key, "spec.vars.%s: account, region and name are there by themselves: write spec.account and spec.region", name)
		case !isVariable(name):
			e.r.errorf(key, "spec.vars: %s is no name of a variable: letters, digits, hyphens and underscores", quoted(name))
		case isNull(value):
			e.r.errorf(key, `spec.vars.%s: is empty; write "" for an empty text`, name)
		case noVariable(e.r, value, "spec.vars."+name, "variables are not made of other variables; write the value"):
			e.vars[name] = value
		}
	}
}

// under takes the defaults, whose content is judged where it is merged.
func (e *environment) under(f *frame, n *yaml.Node) {
	known := []field{}
	for _, name := range slices.Concat(frameFields, []string{"template", "hooks"}) {
		known = append(known, field{name: name, decode: func(_, _ *yaml.Node) {}})
	}
	for _, s := range f.sections {
		known = append(known, field{name: s.key, decode: func(_, _ *yaml.Node) {}})
	}
	before := e.r.errors
	f.fields(n, "spec.defaults", known)
	if e.r.errors == before {
		e.defaults = n
	}
}

// value answers for $(env.NAME).
func (e *environment) value(name string) (*yaml.Node, string) {
	switch name {
	case "name":
		return made(yaml.ScalarNode, "!!str", e.name, e.at), ""
	case "account", "region":
		n := map[string]*yaml.Node{"account": e.accountNode, "region": e.regionNode}[name]
		if n == nil {
			return nil, fmt.Sprintf("the environment %s (%s) does not write its %s, and no document is read with AWS' help: write spec.%s there", e.name, e.r.pos(e.at), name, name)
		}
		return n, ""
	}
	if n, ok := e.vars[name]; ok {
		return n, ""
	}
	names := append(slices.Sorted(maps.Keys(e.vars)), "account", "region", "name")
	return nil, fmt.Sprintf("the environment %s (%s) has no variable %s%s; it has %s", e.name, e.r.pos(e.at), name, didYouMean(name, names), some(names))
}

// noEnvironment answers for $(env.NAME) in a document without an environment.
func noEnvironment(string) (*yaml.Node, string) {
	return nil, "this service has no environment: write spec.environment, or the value"
}
