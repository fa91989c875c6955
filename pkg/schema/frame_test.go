package schema_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/schema"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

func problems(t *testing.T, kind, body string) []spec.Problem {
	t.Helper()
	// The environment makes an instance of a patch, and a service that of a template.
	text := "apiVersion: " + spec.APIVersion + "\nkind: " + kind + "\n" + body + "\n"
	return spec.Parse([]spec.File{{Path: "x.yaml", Data: []byte(text)}}, kinds.Sections(), spec.Options{}).Problems
}

var knownHere = regexp.MustCompile(`known here: (.*)$`)

// TestFrame: the table of the frame is what the decoder knows, of every kind.
func TestFrame(t *testing.T) {
	for _, c := range []struct{ kind, at, body string }{
		{"Service", "", "nonesuch: 1"},
		{"Service", "metadata", "metadata: {nonesuch: 1}"},
		{"Service", "spec", "spec: {nonesuch: 1}"},
		{"Service", "policy", "spec: {policy: {nonesuch: 1}}"},
		{"Service", "template", "metadata: {name: x}\nspec: {template: {nonesuch: 1}}"},
		{"Service", "hooks", "spec: {hooks: {nonesuch: 1}}"},
		{"Service", "hooks.preDeploy", "spec: {hooks: {preDeploy: {a: {nonesuch: 1}}}}"},
		{"Environment", "Environment", "nonesuch: 1"},
		{"Environment", "Environment.metadata", "metadata: {nonesuch: 1}"},
		{"Environment", "Environment.spec", "spec: {nonesuch: 1}"},
		{"Environment", "Environment.defaults", "spec: {defaults: {nonesuch: 1}}"},
		{"Environment", "Environment.freeze", "spec: {freeze: [{nonesuch: 1}]}"},
		{"ServicePatch", "ServicePatch", "nonesuch: 1"},
		{"ServicePatch", "ServicePatch.spec", "spec: {nonesuch: 1}"},
		{"TaskTemplate", "TaskTemplate", "nonesuch: 1"},
		{"TaskTemplate", "TaskTemplate.spec", "spec: {nonesuch: 1}"},
		{"TaskTemplate", "TaskTemplate.params", "spec: {params: {a: {nonesuch: 1}}}"},
	} {
		var known []string
		for _, p := range problems(t, c.kind, c.body) {
			if m := knownHere.FindStringSubmatch(p.Message); m != nil {
				known = strings.Split(m[1], ", ")
			}
		}
		f := schema.Service()
		if c.at != "" {
			f, _, _ = schema.Find(c.at)
		}
		var have []string
		for _, m := range f.Members() {
			have = append(have, m.Name)
		}
		slices.Sort(known)
		slices.Sort(have)
		if !slices.Equal(known, have) {
			t.Errorf("%s %s: the schema has %q, the decoder knows %q", c.kind, c.at, have, known)
		}
	}
}

// TestPolicyWords: choices are the decoder's, and what it says is kept for a
// later version is said to be so.
func TestPolicyWords(t *testing.T) {
	policy, _, _ := schema.Find("policy")
	for _, f := range policy.Fields {
		if f.Form == schema.Choice {
			want := "is not one of " + strings.Join(f.Values, ", ")
			if !slices.ContainsFunc(problems(t, "Service", "spec: {policy: {"+f.Name+": nonesuch}}"), func(p spec.Problem) bool { return strings.Contains(p.Message, want) }) {
				t.Errorf("policy.%s: the decoder does not say that it %s", f.Name, want)
			}
			continue
		}
		value := map[schema.Form]string{schema.Text: "30m", schema.Integer: "3", schema.Boolean: "true", schema.List: "[]"}[f.Form]
		warned := slices.ContainsFunc(problems(t, "Service", fmt.Sprintf("spec: {policy: {%s: %s}}", f.Name, value)), func(p spec.Problem) bool {
			return strings.Contains(p.Message, "kept for a later version")
		})
		if said := strings.Contains(f.Doc, "Kept for a later version"); said != warned {
			t.Errorf("policy.%s: the decoder warns %v, the words say %v: %s", f.Name, warned, said, f.Doc)
		}
	}
}
