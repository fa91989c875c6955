package spec

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ecs-operator/ecs-operator/pkg/frugal"
)

// FuzzParse: whatever the bytes, Parse ends, does not panic, gives the same
// answer twice, puts every problem into a file, and lets no document through
// that an error speaks of.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "\x00", "---\n", "a: [\n", "a: &x [*x]\n", "\uFEFF# x\n", "{\"a\": \"\\ud83d\"}",
		hello, goodHello(), strings.Replace(goodHello(), "metadata", "Metadata", 1), goodHello() + "---\n" + goodHello(), withLabels("a: b, a: c"),
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
		frugal.Input(t, func() {
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
						if b.Written.At(r.Path) == "" || r.Pos != b.Written.At(r.Path) {
							t.Errorf("%s: a reference at %q, which nobody wrote", b.Path(), r.Path)
						}
					}
				}
			}
			DecodeBody(path, data, sections[0])
		})
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

// FuzzMerge: whatever stands in an environment, a template, a patch and --set,
// Parse ends without a panic, gives the same answer twice, keeps its limits, and
// what it renders it reads again as the same.
func FuzzMerge(f *testing.F) {
	f.Add("{vars: {a: [x, y], b: 1}, defaults: {service: {enableECSManagedTags: true}}}", "{params: {p: {type: integer, default: 1}}, taskDefinition: {cpu: $(params.p), containerDefinitions: [{name: web, image: $(env.b)}]}}",
		"{taskDefinition: {containerDefinitions: [{name: web, environment: {A: null}}]}, scaling: null}", "taskDefinition.containerDefinitions[web].image=x")
	f.Add("{defaults: {taskDefinition: {containerDefinitions: {a: b}}}}", "{taskDefinition: {containerDefinitions: {web: 1}}}", "{taskDefinition: [a]}", "service.loadBalancers[0].x={a: [b]}")
	f.Add("{vars: {x: $$(env.x)}}", "{taskDefinition: {tags: {a: $(env.x)}}}", "{taskDefinition: {tags: [{Key: a, Value: b}, {key: c}]}}", "taskDefinition.tags[c].value=null")
	f.Add("{target: x, freeze: [{cron: '* * * * *', for: 1h}]}", "{}", "{template: {params: {p: 1}}, alarms: {a: {evaluationWindow: {slidingWindow: {}}}}}", "alarms.a.evaluationWindow={wallClockWindow: {}}")
	f.Add("null", "null", "null", "a=b")
	sections := testSections()
	limits := DefaultLimits
	limits.FileBytes, limits.Nodes = 16<<10, 2_000
	f.Fuzz(func(t *testing.T, env, template, patch, set string) {
		frugal.Input(t, func() {
			files := several(
				inHello("  environment: e\n  template: {name: t}\n  taskDefinition: {containerDefinitions: [{name: web, image: i, environment: [{name: A, value: a}]}]}\n"+goodService+"  scaling: {minCapacity: 1}\n"),
				fmt.Sprintf(envOf, "e", env), fmt.Sprintf(tplOf, "t", template),
				fmt.Sprintf(patOf, "p", "{service: hello, environment: e, patch: "+patch+"}"))
			o := Options{Limits: limits, Set: []string{set}, Forms: true}
			got := Parse(files, sections, o)
			if again := Parse(files, sections, o); fmt.Sprint(got.Problems, got.Frozen) != fmt.Sprint(again.Problems, again.Frozen) {
				t.Errorf("two answers:\n%s\n%s", said(got.Problems), said(again.Problems))
			}
			for _, p := range got.Problems {
				if p.File == "" || p.Message == "" || strings.Contains(p.Message, "%!") {
					t.Errorf("odd problem: %#v", p)
				}
			}
			for _, d := range got.Documents {
				if nodes, bytes := size(d.Form.tree); nodes > limits.Nodes || bytes > limits.FileBytes {
					t.Errorf("%d nodes, %d bytes", nodes, bytes)
				}
			}
			if len(got.Documents) == 0 {
				return
			}
			text, err := got.YAML(false)
			if err != nil {
				t.Fatal(err)
			}
			again := Parse([]File{{Path: "r.yaml", Data: text}}, sections, Options{})
			if diff := cmp.Diff(summary(t, got), summary(t, again)); diff != "" {
				t.Errorf("%s\n%s\n%s", diff, text, said(again.Problems))
			}
		})
	})
}

// FuzzReferences: a text with references, escapes and variables in it is put in,
// told, or left, and never makes structure.
func FuzzReferences(f *testing.F) {
	for _, seed := range []string{"$(env.a)", "x$(env.a)y$$(env.a)", "$(env.l)", "$(targetGroups.web.arn)", "$$$(env.a)", "$(env.a", "$(params.a)", "$(env.)", "$((env.a))", "$(env.account)"} {
		f.Add(seed, "v")
	}
	f.Add("$(env.a)", "$$(targetGroups.web.arn)")
	sections := testSections()
	f.Fuzz(func(t *testing.T, text, value string) {
		frugal.Input(t, func() {
			quote := func(s string) string {
				return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
			}
			files := several(inHello("  environment: e\n  taskDefinition: {containerDefinitions: [{name: web, image: "+quote(text)+", memory: 64}]}\n"+goodService+"  targetGroups: {web: {port: 80}}\n"),
				fmt.Sprintf(envOf, "e", "{vars: {a: "+quote(value)+", l: [x]}}"))
			got := Parse(files, sections, Options{})
			for _, d := range got.Documents {
				if len(d.Bodies) != 3 || d.Bodies[0].Written.Len() > 5 {
					t.Errorf("%q made structure: %v", text, d.Bodies[0].Written)
				}
				for _, r := range d.Bodies[0].Refs {
					if r.Section != "targetGroups" || r.Attr == "" {
						t.Errorf("%q: %+v", text, r)
					}
				}
			}
		})
	})
}
