package spec

import (
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

const inProd = "  environment: prod\n"

// What is wrong with the documents that services use, word for word, and which
// services it freezes.
func TestInstanceProblems(t *testing.T) {
	prod := fmt.Sprintf(envOf, "prod", "{vars: {subnets: [a], name1: x}}")
	for _, c := range []struct {
		name   string
		docs   []string
		want   string
		frozen []string
	}{
		{"unknown environment", []string{inHello("  environment: prdo\n" + goodTask + goodService), prod},
			`a.yaml:5:16: there is no Environment "prdo" in these documents; did you mean "prod"?; there are prod`, []string{"default/hello"}},
		{"unknown variable", []string{inHello(inProd + "  cluster: $(env.nam1)\n" + goodTask + goodService), prod},
			`a.yaml:6:12: $(env.nam1): the environment prod (b.yaml:3:18) has no variable nam1; did you mean "name1"?; it has name1, subnets, account, region, name`, nil},
		{"account that nobody writes", []string{inHello(inProd + "  taskDefinition: {taskRoleArn: \"arn:aws:iam::$(env.account):role/x\", containerDefinitions: [{name: web, image: i}]}\n" + goodService), prod},
			`a.yaml:6:33: $(env.account): the environment prod (b.yaml:3:18) does not write its account, and no document is read with AWS' help: write spec.account there`, []string{"default/hello"}},
		{"list inside a text", []string{inHello(inProd + "  taskDefinition: {family: \"x-$(env.subnets)\", containerDefinitions: [{name: web, image: i}]}\n" + goodService), prod},
			`a.yaml:6:28: $(env.subnets) is a list (b.yaml:4:24) and stands inside a text: only a single value can`, []string{"default/hello"}},
		{"a role in an Environment", []string{inHello(inProd + goodTask + goodService), fmt.Sprintf(envOf, "prod", "{roleArn: x}")},
			`b.yaml:4:8: spec.roleArn: what a run may do stands in the operator's --targets file, never in a document: name that target in an Environment, target: NAME`, []string{"default/hello"}},
		{"bad Environment", []string{inHello(inProd + goodTask + goodService), fmt.Sprintf(envOf, "prod", `{account: 12, region: europe, target: "a b", vars: {account: x, "a b": c, d: $(env.e), f: ~}, defaults: {servce: {}}, freeze: [{cron: "0 16 * * FRY", for: 1d}, {reason: x}], var: 1}`)},
			`b.yaml:4:17: spec.account: expects the 12 digits of an AWS account, in quotes: "111122223333", got "12"
b.yaml:4:29: spec.region: expects an AWS region like eu-west-1, got "europe"
b.yaml:4:45: spec.target: expects the name of a target: letters, digits, hyphens and underscores, got "a b"
b.yaml:4:59: spec.vars.account: account, region and name are there by themselves: write spec.account and spec.region
b.yaml:4:71: spec.vars: "a b" is no name of a variable: letters, digits, hyphens and underscores
b.yaml:4:84: spec.vars.d: $(env.e): variables are not made of other variables; write the value
b.yaml:4:94: spec.vars.f: is empty; write "" for an empty text
b.yaml:4:112: spec.defaults: unknown field "servce"; did you mean "service"?; known here: cluster, policy, dependsOn, template, hooks, taskDefinition, service, targetGroups, listenerRules, scaling, alarms
b.yaml:4:141: spec.freeze[0].cron: "0 16 * * FRY": "FRY" is no day of week
b.yaml:4:162: spec.freeze[0].for: expects a duration like 30m or 1h, got "1d"
b.yaml:4:167: spec.freeze[1]: cron is required
b.yaml:4:167: spec.freeze[1]: for is required
b.yaml:4:181: spec: unknown field "var"; did you mean "vars"?; known here: target, account, region, vars, defaults, freeze`, []string{"default/hello"}},
		{"one environment twice", []string{inHello(inProd + goodTask + goodService), prod, prod},
			`b.yaml:3:18: the Environment prod is declared at c.yaml:3:18 too: no service that uses it is touched until one declaration remains
c.yaml:3:18: the Environment prod is declared at b.yaml:3:18 too: no service that uses it is touched until one declaration remains`, []string{"default/hello"}},
		{"two patches", []string{inHello(inProd + goodTask + goodService), prod, fmt.Sprintf(patOf, "p", "{service: hello, environment: prod}"), fmt.Sprintf(patOf, "q", "{service: hello, environment: prod}")},
			`c.yaml:3:18: the service hello is patched for prod at d.yaml:3:18 too: nothing is done to it there until one patch remains
d.yaml:3:18: the service hello is patched for prod at c.yaml:3:18 too: nothing is done to it there until one patch remains`, []string{"default/hello"}},
		{"patch of nothing", []string{inHello(goodTask + goodService), fmt.Sprintf(patOf, "p", "{service: helo, environment: prod}")},
			`b.yaml:4:17: spec.service: there is no Service "helo" in these documents; did you mean "hello"?; there are hello, other`, nil},
		{"bad patch", []string{inHello(goodTask + goodService), prod, fmt.Sprintf(patOf, "p", "{service: hello, environment: prod, patch: {environment: x, service: {desiredCnt: 1}}}")},
			`c.yaml:4:51: spec.patch.environment: a patch belongs to the environment that it names above; drop it here`, []string{"default/hello"}},
		{"bad content of a patch", []string{inHello(goodTask + goodService), prod, fmt.Sprintf(patOf, "p", "{service: hello, environment: prod, patch: {service: {desiredCnt: 1}, scalling: null}}")},
			`c.yaml:4:61: service: unknown field "desiredCnt"; did you mean "desiredCount"?
c.yaml:4:77: spec: unknown field "scalling"; did you mean "scaling"?; known here: cluster, policy, dependsOn, environment, template, hooks, taskDefinition, service, targetGroups, listenerRules, scaling, alarms`, []string{"default/hello"}},
		{"empty patch", []string{inHello(goodTask + goodService), fmt.Sprintf(patOf, "p", "{}")},
			"b.yaml:4:7: spec.environment is required: it is metadata.name of an Environment\nb.yaml:4:7: spec.service is required: it is metadata.name of a Service", nil},
		{"two environments, one service", []string{inHello(inProd + goodTask + goodService), prod, fmt.Sprintf(envOf, "stage", "{}"), fmt.Sprintf(patOf, "p", "{service: hello, environment: stage}")},
			`a.yaml:3:18: the environments prod (a.yaml:5:16) and stage (d.yaml:4:37) make one and the same service of this, default/hello: nothing is done to it until they differ in target or cluster`, []string{"default/hello"}},
		{"unknown template", []string{inHello("  template: {name: wbe}\n" + goodService), fmt.Sprintf(tplOf, "web", "{taskDefinition: {containerDefinitions: [{name: web, image: i}]}}")},
			`a.yaml:5:20: spec.template: there is no TaskTemplate "wbe" in these documents; did you mean "web"?; there are web`, []string{"default/hello"}},
		{"parameters", []string{inHello("  template: {name: web, params: {cpu: 300, mem: x, imge: i}}\n" + goodService),
			fmt.Sprintf(tplOf, "web", "{params: {image: {required: true}, cpu: {type: integer, enum: [256, 512]}, mem: {type: integer}}, taskDefinition: {containerDefinitions: [{name: web, image: $(params.image)}]}}")},
			`a.yaml:5:20: spec.template: the template web (b.yaml:3:18) needs the parameter image: write template.params.image
a.yaml:5:39: spec.template.params.cpu: "300" is not one of 256, 512
a.yaml:5:49: spec.template.params.mem: expects a whole number, got "x"
a.yaml:5:52: spec.template.params: the template web (b.yaml:3:18) has no parameter "imge"; did you mean "image"?; there are cpu, image, mem`, []string{"default/hello"}},
		{"bad template", []string{inHello("  template: {name: web}\n" + goodService),
			fmt.Sprintf(tplOf, "web", `{params: {a: {type: text}, b: {required: true, default: x}, c: {type: integer, default: x}, d: {type: list, enum: [a]}, e: {type: number, enum: [1, y]}}, taskDefinition: {cpu: $(params.z)}}`)},
			`b.yaml:4:27: spec.params.a.type: "text" is not one of string, integer, number, boolean, list
b.yaml:4:63: spec.params.b: required and default contradict each other: drop one of the two
b.yaml:4:95: spec.params.c.default: expects a whole number, got "x"
b.yaml:4:121: spec.params.d.enum: expects a list of single values, for a parameter that is no list
b.yaml:4:155: spec.params.e.enum: expects a number, got "y"
b.yaml:4:183: $(params.z): the template declares no parameter z; there are a, b, c, d, e`, []string{"default/hello"}},
		{"hooks", []string{inHello("  hooks: {preDeploy: {a b: {}, c: {overrides: [], timeout: x, cmd: y}, d: {overrides: {containerOverrides: [{command: [x]}]}}}, later: {}}\n" + goodTask + goodService)},
			`a.yaml:5:23: hooks.preDeploy: "a b" is no name for this document: up to 64 letters, digits, hyphens and underscores
a.yaml:5:47: hooks.preDeploy.c.overrides: expects a mapping, got a list
a.yaml:5:60: hooks.preDeploy.c.timeout: expects a duration like 30m or 1h, got "x"
a.yaml:5:63: hooks.preDeploy.c: unknown field "cmd"; known here: overrides, timeout
a.yaml:5:109: hooks.preDeploy.d.overrides.containerOverrides[0]: name is required
a.yaml:5:129: hooks: unknown field "later"; known here: preDeploy, postDeploy`, []string{"default/hello"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			// A service beside them that uses none of it goes on.
			docs := append(c.docs, strings.Replace(goodHello(), "name: hello", "name: other", 1))
			got := Parse(several(docs...), testSections(), Options{})
			if diff := cmp.Diff(c.want+"\n", said(got.Problems)); diff != "" {
				t.Error(diff)
			}
			var frozen []string
			for id := range got.Frozen {
				frozen = append(frozen, id)
			}
			if diff := cmp.Diff(c.frozen, frozen); diff != "" {
				t.Errorf("frozen: %s", diff)
			}
			if !slices.ContainsFunc(got.Documents, func(d Document) bool { return d.Name == "other" }) {
				t.Error("a service that uses nothing bad was frozen")
			}
		})
	}
}

func TestOnlyEnvironments(t *testing.T) {
	files := append(exampleFiles(t, "checkout.yaml", "hello.yaml", "others.yaml"), File{Path: "staging.yaml", Data: []byte(staging)})
	got := Parse(files, testSections(), Options{Environments: []string{"staging"}})
	if len(got.Documents) != 1 || got.Documents[0].ID() != "staging/small/checkout" || got.Errors() > 0 {
		t.Errorf("%d documents\n%s", len(got.Documents), said(got.Problems))
	}
	got = Parse(files, testSections(), Options{Environments: []string{"stagin"}})
	if want := `--env: there is no Environment "stagin" in these documents; did you mean "staging"?; there are prod, staging`; !strings.Contains(said(got.Problems), want) || len(got.Documents) > 0 {
		t.Error(said(got.Problems))
	}
}

// What variables and templates multiply is bounded like a file.
func TestMergedBounds(t *testing.T) {
	long := strings.Repeat("x", 60<<10)
	vars := fmt.Sprintf(envOf, "prod", "{vars: {a: "+long+", l: ["+strings.Repeat("x, ", 900)+"]}}")
	many := func(what string, n int) string {
		return inHello(inProd + "  taskDefinition: {containerDefinitions: [{name: web, image: i, command: [" + strings.Repeat(what+", ", n) + "]}]}\n" + goodService)
	}
	for text, want := range map[string]string{
		many(`$(env.a)`, 5):           "the document has more than 256 KiB after its variables are put in",
		many(`"$(env.a)$(env.a)"`, 1): "the value has more than 64 KiB after its variables are put in",
		many(`$(env.l)`, 30):          "the document has more than 20000 nodes after its variables are put in",
	} {
		got := Parse(several(text, vars), testSections(), Options{})
		if !strings.Contains(said(got.Problems), want) || len(got.Documents) > 0 {
			t.Errorf("want %s, got\n%.300s", want, said(got.Problems))
		}
	}
}

// summary is what a Parse means, without positions.
func summary(t testing.TB, r Result) []string {
	t.Helper()
	var out []string
	for _, d := range r.Documents {
		text := fmt.Sprint(d.ID(), d.Environment, d.Account, d.Region, d.Policy, d.DependsOn, d.Labels, len(d.Hooks))
		for _, b := range d.Bodies {
			text += "\n" + b.Path() + " " + unordered(t, plainJSON(t, b.Value)) + fmt.Sprint(b.Extra, len(b.Refs))
		}
		out = append(out, text)
	}
	slices.Sort(out)
	return out
}

// unordered sorts lists of pairs: written as a map they have the map's order,
// which means nothing to AWS.
func unordered(t testing.TB, text string) string {
	t.Helper()
	n, err := parseJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var sort func(n *yaml.Node)
	sort = func(n *yaml.Node) {
		for _, c := range n.Content {
			sort(c)
		}
		if n.Kind == yaml.SequenceNode && len(n.Content) > 0 && hasKey(n.Content[0], "name") && (hasKey(n.Content[0], "value") || hasKey(n.Content[0], "valueFrom")) {
			slices.SortFunc(n.Content, func(a, b *yaml.Node) int { return strings.Compare(fmt.Sprint(plainOf(a)), fmt.Sprint(plainOf(b))) })
		}
	}
	sort(n)
	return fmt.Sprint(plainOf(n))
}

// The order of files, of documents and of keys means nothing, nor does the name
// of a file.
func TestOrderMeansNothing(t *testing.T) {
	files := append(exampleFiles(t, "checkout.yaml", "hello.yaml", "others.yaml"), File{Path: "staging.yaml", Data: []byte(staging)})
	sections := testSections()
	want := summary(t, Parse(files, sections, Options{}))
	if len(want) != 4 {
		t.Fatalf("%d documents", len(want))
	}
	random := rand.New(rand.NewSource(1))
	for round := range 60 {
		var docs [][]byte
		for _, f := range files {
			nodes, err := yamlDocuments(f.Data, 100)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range nodes {
				shuffle(n, random)
				text, err := encode([]*yaml.Node{written(n, false)})
				if err != nil {
					t.Fatal(err)
				}
				docs = append(docs, text)
			}
		}
		random.Shuffle(len(docs), func(i, j int) { docs[i], docs[j] = docs[j], docs[i] })
		var moved []File
		for i, d := range docs { // one to three files
			name := fmt.Sprintf("%d-%d.yaml", round, i%(1+round%3))
			at := slices.IndexFunc(moved, func(f File) bool { return f.Path == name })
			if at < 0 {
				moved, at = append(moved, File{Path: name}), len(moved)
			}
			moved[at].Data = slices.Concat(moved[at].Data, []byte("---\n"), d)
		}
		got := Parse(moved, sections, Options{})
		if diff := cmp.Diff(want, summary(t, got)); diff != "" {
			t.Fatalf("round %d: %s\n%s", round, diff, said(got.Problems))
		}
	}
}

// What is rendered means what it was rendered from, and renders to itself.
func TestRenderedStandsForItself(t *testing.T) {
	files := append(exampleFiles(t, "checkout.yaml", "hello.yaml", "others.yaml"), File{Path: "staging.yaml", Data: []byte(staging)})
	sections := testSections()
	first := Parse(files, sections, Options{Forms: true, Set: []string{"taskDefinition.tags[a]=b"}})
	for _, origin := range []bool{false, true} {
		text, err := first.YAML(origin)
		if err != nil {
			t.Fatal(err)
		}
		again := Parse([]File{{Path: "r.yaml", Data: text}}, sections, Options{Forms: true})
		if again.Errors() > 0 {
			t.Fatal(said(again.Problems))
		}
		if diff := cmp.Diff(summary(t, first), summary(t, again)); diff != "" {
			t.Error(diff)
		}
		twice, err := again.YAML(false)
		if err != nil {
			t.Fatal(err)
		}
		if !origin {
			if diff := cmp.Diff(string(text), string(twice)); diff != "" {
				t.Error(diff)
			}
		}
	}
}

// shuffle brings the keys of every mapping into another order.
func shuffle(n *yaml.Node, random *rand.Rand) {
	if n.Kind == yaml.MappingNode {
		pairs := len(n.Content) / 2
		random.Shuffle(pairs, func(i, j int) {
			n.Content[2*i], n.Content[2*j] = n.Content[2*j], n.Content[2*i]
			n.Content[2*i+1], n.Content[2*j+1] = n.Content[2*j+1], n.Content[2*i+1]
		})
	}
	for _, c := range n.Content {
		shuffle(c, random)
	}
}
