package spec

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// FuzzParse: whatever the bytes, Parse ends, does not panic, gives the same
// answer twice, puts every problem into a file, and lets no document through
// that an error speaks of.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "\x00", "---\n", "a: [\n", "a: &x [*x]\n", "\uFEFF# x\n", "{\"a\": \"\\ud83d\"}",
		hello, goodHello(), goodHello() + "---\n" + goodHello(), withLabels("a: b, a: c"),
		inHello(surroundings + goodTask + goodService),
		inHello("  taskDefinition: {\n\t\"cpu\": \"a\\/b\",\n\t\"containerDefinitions\": [{\"name\": \"web\", \"image\": \"x\"}]\n}\n" + goodService),
		inHello("  policy: {mode: manual, ignore: [service]}\n  scaling: {minCapacity: 0x10, policies: {a: null, b: {}}}\n  alarms: {a: {evaluationWindow: {slidingWindow: {}}}}\n"),
		inHello("  taskDefinition: {containerDefinitions: [{name: web, image: $$(x, environment: {A: $(targetGroups.x.arn}}]}\n"),
		`{"apiVersion": "ecs-operator/v1", "kind": "Service", "metadata": {"name": "x"}, "spec": {"service": {"desiredCount": 1e3}}}`,
	} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	sections := testSections()
	f.Fuzz(func(t *testing.T, data []byte, asJSON bool) {
		path := "a.yaml"
		if asJSON {
			path = "a.json"
		}
		files := []File{{Path: path, Data: data}}
		got := Parse(files, sections, Options{})
		if again := Parse(files, sections, Options{}); fmt.Sprint(got.Problems, got.Skipped) != fmt.Sprint(again.Problems, again.Skipped) {
			t.Errorf("two answers:\n%s\n%s", said(got.Problems), said(again.Problems))
		}
		bad := map[string]bool{}
		for _, p := range got.Problems {
			if p.File != path || p.Message == "" || strings.Contains(p.Message, "%!") {
				t.Errorf("odd problem: %#v", p)
			}
			bad[p.Document] = bad[p.Document] || p.Severity == Error && p.Document != ""
		}
		for _, d := range got.Documents {
			if bad[d.Cluster+"/"+d.Name] {
				t.Errorf("%s has an error and was decoded", d.Name)
			}
			for _, b := range d.Bodies {
				for _, r := range b.Refs {
					if b.Written[r.Path] == "" || r.Pos != b.Written[r.Path] {
						t.Errorf("%s: a reference at %q, which nobody wrote", b.Path(), r.Path)
					}
				}
			}
		}
		DecodeBody(path, data, sections[0])
	})
}

// The JSON reader and yaml.v3 read the same JSON into the same thing.
func TestJSONAgreesWithYAML(t *testing.T) {
	s := sectionNamed(t, "taskDefinition")
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[ -~äß→]{0,12}`)
		text := fmt.Sprintf(`{"family": %q, "cpu": %d, "containerDefinitions": [{"name": %q, "image": "i", "memory": %d, "essential": %t, "command": [%q]}], "volumes": []}`,
			word.Draw(t, "family"), rapid.Int32().Draw(t, "cpu"), "n"+word.Draw(t, "name"), rapid.Int32().Draw(t, "memory"), rapid.Bool().Draw(t, "essential"), word.Draw(t, "command"))
		a, problems := DecodeBody("a.json", []byte(text), s)
		b, others := DecodeBody("a.json.yaml", []byte("# no longer JSON\n"+text), s)
		if len(problems)+len(others) > 0 {
			t.Fatalf("%s\n%s%s", text, said(problems), said(others))
		}
		if diff := cmp.Diff(a.Value, b.Value, sdk); diff != "" {
			t.Errorf("%s\n%s", text, diff)
		}
	})
}
