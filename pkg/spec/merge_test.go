package spec

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/google/go-cmp/cmp"
)

const (
	envOf = "apiVersion: ecs-operator/v1\nkind: Environment\nmetadata: {name: %s}\nspec: %s\n"
	patOf = "apiVersion: ecs-operator/v1\nkind: ServicePatch\nmetadata: {name: %s}\nspec: %s\n"
	tplOf = "apiVersion: ecs-operator/v1\nkind: TaskTemplate\nmetadata: {name: %s}\nspec: %s\n"
)

// several makes files a.yaml, b.yaml, … of documents.
func several(docs ...string) []File {
	var out []File
	for i, d := range docs {
		out = append(out, File{Path: string(rune('a'+i)) + ".yaml", Data: []byte(d)})
	}
	return out
}

// taskOf decodes one merged task definition of the only document.
func taskOf(t *testing.T, o Options, docs ...string) (string, Body) {
	t.Helper()
	got := Parse(several(docs...), testSections(), o)
	if got.Errors() > 0 || len(got.Documents) != 1 {
		t.Fatalf("%d documents\n%s", len(got.Documents), said(got.Problems))
	}
	task, b := body[ecs.RegisterTaskDefinitionInput](t, got.Documents[0], "taskDefinition")
	return plainJSON(t, task), b
}

// patched is what a patch makes of a container.
func patched(t *testing.T, container, patch string) string {
	t.Helper()
	got, _ := taskOf(t, Options{},
		inHello("  environment: prod\n  taskDefinition: {containerDefinitions: [{name: web, image: a"+container+"}]}\n"+goodService),
		fmt.Sprintf(envOf, "prod", "{}"),
		fmt.Sprintf(patOf, "x", "{service: hello, environment: prod, patch: {taskDefinition: "+patch+"}}"))
	return got
}

func TestMergeKeys(t *testing.T) {
	for _, c := range []struct{ name, container, patch, want string }{
		{"by name, new ones at the end", "", "{containerDefinitions: [{name: side, image: s}, {name: web, image: b}]}",
			`{"containerDefinitions":[{"name":"web","image":"b"},{"name":"side","image":"s"}]}`},
		{"in another case", "", "{ContainerDefinitions: [{Name: web, Image: b}]}", `{"containerDefinitions":[{"name":"web","image":"b"}]}`},
		{"map over map", ", environment: {A: a, B: b}", "{containerDefinitions: [{name: web, environment: {B: c, C: d}}]}",
			`{"containerDefinitions":[{"name":"web","image":"a","environment":[{"name":"A","value":"a"},{"name":"B","value":"c"},{"name":"C","value":"d"}]}]}`},
		{"map over list", ", environment: [{name: A, value: a}, {name: B, value: b}]", "{containerDefinitions: [{name: web, environment: {B: c}}]}",
			`{"containerDefinitions":[{"name":"web","image":"a","environment":[{"name":"A","value":"a"},{"name":"B","value":"c"}]}]}`},
		{"list over map", ", environment: {A: a}", "{containerDefinitions: [{name: web, environment: [{name: A, value: c}]}]}",
			`{"containerDefinitions":[{"name":"web","image":"a","environment":[{"name":"A","value":"c"}]}]}`},
		{"null takes one variable away", ", environment: [{name: A, value: a}, {name: B, value: b}]", "{containerDefinitions: [{name: web, environment: {B: null}}]}",
			`{"containerDefinitions":[{"name":"web","image":"a","environment":[{"name":"A","value":"a"}]}]}`},
		{"several members, with AWS' default", ", portMappings: [{containerPort: 80}, {containerPort: 80, protocol: udp}]",
			"{containerDefinitions: [{name: web, portMappings: [{containerPort: 80, protocol: tcp, hostPort: 1}]}]}",
			`{"containerDefinitions":[{"name":"web","image":"a","portMappings":[{"containerPort":80,"protocol":"tcp","hostPort":1},{"containerPort":80,"protocol":"udp"}]}]}`},
		{"other lists are replaced", ", command: [a, b, c]", "{containerDefinitions: [{name: web, command: [d]}]}",
			`{"containerDefinitions":[{"name":"web","image":"a","command":["d"]}]}`},
		{"maps with free keys merge", ", dockerLabels: {a: b, xC: d}", "{containerDefinitions: [{name: web, dockerLabels: {xc: e}}]}",
			`{"containerDefinitions":[{"name":"web","image":"a","dockerLabels":{"xC":"d","a":"b","xc":"e"}}]}`},
		{"null takes a field away", ", memory: 64", "{containerDefinitions: [{name: web, memory: null, cpu: null}]}",
			`{"containerDefinitions":[{"name":"web","image":"a"}]}`},
		{"objects merge", ", logConfiguration: {logDriver: awslogs, options: {a: b}}", "{containerDefinitions: [{name: web, logConfiguration: {options: {c: d}}}]}",
			`{"containerDefinitions":[{"name":"web","image":"a","logConfiguration":{"logDriver":"awslogs","options":{"a":"b","c":"d"}}}]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			want, got := canonical(t, c.want), canonical(t, patched(t, c.container, c.patch))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// canonical brings two JSON texts to one form, without what the SDK's zero values add.
func canonical(t *testing.T, text string) any {
	t.Helper()
	n, err := parseJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return lean(plainOf(n))
}

func lean(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			if x = lean(x); x != nil && x != "" && x != int64(0) && x != false {
				out[strings.ToLower(k[:1])+k[1:]] = x
			}
		}
		return out
	case []any:
		var out []any
		for _, x := range v {
			out = append(out, lean(x))
		}
		if out == nil {
			return nil
		}
		return out
	}
	return v
}

// Environment.defaults < TaskTemplate < Service < ServicePatch < --set.
func TestMergeOrder(t *testing.T) {
	layers := []string{
		fmt.Sprintf(envOf, "prod", "{defaults: {taskDefinition: {family: l0, containerDefinitions: [{name: web, image: i, user: l0}]}}}"),
		fmt.Sprintf(tplOf, "t", "{taskDefinition: {family: l1, containerDefinitions: [{name: web, user: l1}]}}"),
		inHello("  environment: prod\n  template: {name: t}\n  taskDefinition: {family: l2, containerDefinitions: [{name: web, user: l2}]}\n" + goodService),
		fmt.Sprintf(patOf, "p", "{service: hello, environment: prod, patch: {taskDefinition: {family: l3, containerDefinitions: [{name: web, user: l3}]}}}"),
	}
	for top := range 5 {
		docs := append([]string(nil), layers...)
		for i := top + 1; i < 4; i++ { // without what is above
			docs[i] = strings.NewReplacer(fmt.Sprintf("family: l%d, ", i), "", fmt.Sprintf(", user: l%d", i), "").Replace(docs[i])
		}
		o := Options{}
		if top == 4 {
			o.Set = []string{"taskDefinition.family=l4", "taskDefinition.containerDefinitions[web].user=l4"}
		}
		got, b := taskOf(t, o, docs...)
		task := canonical(t, got).(map[string]any)
		user := task["containerDefinitions"].([]any)[0].(map[string]any)["user"]
		if want := fmt.Sprintf("l%d", top); task["family"] != want || user != want {
			t.Errorf("layer %d: %s", top, got)
		}
		at := []string{"a.yaml:", "b.yaml:", "c.yaml:", "d.yaml:", "--set taskDefinition.family"}[top]
		if !strings.HasPrefix(b.Written.At("family"), at) {
			t.Errorf("layer %d: family stands at %s", top, b.Written.At("family"))
		}
	}
}

func TestNullBelowAPatchIsNotWritten(t *testing.T) {
	got, _ := taskOf(t, Options{}, inHello("  template: {name: t}\n  taskDefinition: {cpu: null}\n"+goodService),
		fmt.Sprintf(tplOf, "t", "{taskDefinition: {cpu: 256, containerDefinitions: [{name: web, image: i}]}}"))
	if !strings.Contains(got, "256") {
		t.Error(got)
	}
}

// Variables keep their types, and can add no structure.
func TestVariables(t *testing.T) {
	got, b := taskOf(t, Options{},
		inHello("  environment: prod\n  taskDefinition: {cpu: $(env.cpu), containerDefinitions: [{name: web, image: \"$(env.repo):$(env.tag)\", memory: $(env.memory), command: $(env.command), user: $$(env.user), workingDirectory: $(env.evil)}]}\n"+goodService),
		fmt.Sprintf(envOf, "prod", `{vars: {cpu: "256", repo: r, tag: 1.10, memory: 64, command: [a, b], evil: "x, memory: 1}"}}`))
	want := `{"cpu":"256","containerDefinitions":[{"name":"web","image":"r:1.10","memory":64,"command":["a","b"],"user":"$(env.user)","workingDirectory":"x, memory: 1}"}]}`
	if diff := cmp.Diff(canonical(t, want), canonical(t, got)); diff != "" {
		t.Error(diff)
	}
	if at := b.Written.At("containerDefinitions[0].command[1]"); !strings.HasPrefix(at, "b.yaml:4:") {
		t.Errorf("the second word stands at %s", at)
	}
	if at := b.Written.At("containerDefinitions[0].image"); !strings.HasPrefix(at, "a.yaml:6:") {
		t.Errorf("a text with variables stands at %s", at)
	}
}

func TestSet(t *testing.T) {
	base := inHello("  taskDefinition: {containerDefinitions: [{name: web, image: a, environment: {A: a}, secrets: [{name: S, valueFrom: s}], command: [x, y], dockerLabels: {a.b: c}}]}\n" + goodService)
	for _, c := range []struct{ set, want string }{
		{"taskDefinition.containerDefinitions[web].image=r/x:1=2", `{"image":"r/x:1=2"}`},
		{"taskDefinition.containerDefinitions[web].memory=64", `{"memory":64}`},
		{"taskDefinition.containerDefinitions[web].environment[A]=b", `{"environment":[{"name":"A","value":"b"}]}`},
		{"taskDefinition.containerDefinitions[web].environment[A].value=b", `{"environment":[{"name":"A","value":"b"}]}`},
		{"taskDefinition.containerDefinitions[web].environment[A]=null", `{"environment":null}`},
		{"taskDefinition.containerDefinitions[web].secrets[S].valueFrom=t", `{"secrets":[{"name":"S","valueFrom":"t"}]}`},
		{"taskDefinition.containerDefinitions[web].secrets[T]=t", `{"secrets":[{"name":"S","valueFrom":"s"},{"name":"T","valueFrom":"t"}]}`},
		{"taskDefinition.containerDefinitions[web].command[1]=z", `{"command":["x","z"]}`},
		{"taskDefinition.containerDefinitions[web].command=[p, q]", `{"command":["p","q"]}`},
		{"taskDefinition.containerDefinitions[web].dockerLabels[a.b]=d", `{"dockerLabels":{"a.b":"d"}}`},
		{"taskDefinition.containerDefinitions[web].logConfiguration.logDriver=awslogs", `{"logConfiguration":{"logDriver":"awslogs"}}`},
		{"taskdefinition.containerdefinitions[web].IMAGE=b", `{"image":"b"}`},
	} {
		got, _ := taskOf(t, Options{Set: []string{c.set}}, base)
		first := canonical(t, got).(map[string]any)["containerDefinitions"].([]any)[0].(map[string]any)
		for k, v := range canonical(t, strings.Replace(c.want, "null", `"gone"`, 1)).(map[string]any) {
			if v == "gone" {
				v = nil
			}
			if diff := cmp.Diff(v, first[k]); diff != "" {
				t.Errorf("%s: %s", c.set, diff)
			}
		}
	}
	for set, want := range map[string]string{
		"service.desiredCnt=2":                           `--set service.desiredCnt: service: unknown field "desiredCnt"; did you mean "desiredCount"?`,
		"service.desiredCount=two":                       `--set service.desiredCount: service.desiredCount: expects a whole number, got "two"`,
		"taskDefinition.containerDefinitions[wbe].cpu=1": `--set taskDefinition.containerDefinitions[wbe].cpu: there is no [wbe] in this service; did you mean "web"?; there are web`,
		"taskDefinition.containerDefinitions.cpu=1":      `--set taskDefinition.containerDefinitions.cpu: expects an element in brackets before "cpu"`,
		"service":             "--set service: write PATH=VALUE, like service.desiredCount=2 or 'taskDefinition.containerDefinitions[api].image=nginx:1.29'",
		"service.x={a":        "--set service.x={a: the value begins like a list, a mapping or a quoted text of YAML and is none",
		"environment=prod":    "--set environment=prod: the environment is no value of a service: choose instances by --env NAME",
		"service[":            "--set service[: write PATH=VALUE, like service.desiredCount=2 or 'taskDefinition.containerDefinitions[api].image=nginx:1.29'",
		"a..b=1":              "--set a..b=1: a part of the path is empty",
		"service.cluster.x=1": `--set service.cluster.x: service.cluster: expects text, got a mapping`,
	} {
		got := Parse(several(base), testSections(), Options{Set: []string{set}})
		if len(got.Problems) != 1 || got.Problems[0].String() != want {
			t.Errorf("%s: got\n%swant\n%s", set, said(got.Problems), want)
		}
		if len(got.Documents) != 0 {
			t.Errorf("%s: a document came through", set)
		}
	}
	if err := CheckSet([]string{"a", "b=c", "[x]=1"}); err == nil || strings.Count(err.Error(), "--set") != 2 {
		t.Errorf("%v", err)
	}
}
