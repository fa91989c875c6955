package spec

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Whose a file or document is, and what becomes of it.
func TestOursOrNot(t *testing.T) {
	for _, c := range []struct {
		name, path, text  string
		problems, skipped string
		documents         int
	}{
		{name: "empty", path: "a.yaml"},
		{name: "empty JSON", path: "a.json", text: " \n"},
		{name: "comments", path: "a.yaml", text: "# nothing\n"},
		{name: "empty documents", path: "a.yaml", text: "---\n---\n# x\n---\n" + goodHello() + "---\n", documents: 1},
		{name: "somebody else's", path: "a.yaml", text: "apiVersion: v1\nkind: Service\n---\nname: x\n---\n[1, 2]\n---\njust text\n",
			skipped: "a.yaml:1:1: warning: not ours: apiVersion is \"v1\"\n" +
				"a.yaml:4:1: warning: not ours: it has no apiVersion\n" +
				"a.yaml:6:1: warning: not ours: a list where a document begins\n" +
				"a.yaml:8:1: warning: not ours: a single value where a document begins\n"},
		{name: "between others", path: "a.yaml", text: "apiVersion: v1\nanchors: [&a 1, *a, !Ref x]\n---\n" + goodHello(), documents: 1,
			skipped: "a.yaml:1:1: warning: not ours: apiVersion is \"v1\"\n"},
		{name: "not YAML, somebody else's", path: "a.yaml", text: "{{ if .Values.x }}\na: b: c\n{{ end }}\n",
			problems: "a.yaml:2:1: warning: skipped, nothing in it says that it is ours: not valid YAML: did not find expected <document start>\n",
			skipped:  "a.yaml:2:1: warning: skipped, nothing in it says that it is ours: not valid YAML: did not find expected <document start>\n"},
		{name: "not YAML, ours", path: "a.yaml", text: "apiVersion: ecs-operator/v1\nkind: Service: x\n",
			problems: "a.yaml:2:1: not valid YAML: mapping values are not allowed in this context\n"},
		{name: "not YAML behind a good document", path: "a.yaml", text: goodHello() + "---\na: [\n", documents: 1,
			problems: "a.yaml:8:1: not valid YAML: did not find expected node content\n"},
		{name: "not JSON, somebody else's", path: "a.json", text: "// comment\n{}",
			problems: "a.json:1:1: warning: skipped, nothing in it says that it is ours: not valid JSON: expected a JSON value, found '/': JSON has no comments, remove it or name the file .yaml\n",
			skipped:  "a.json:1:1: warning: skipped, nothing in it says that it is ours: not valid JSON: expected a JSON value, found '/': JSON has no comments, remove it or name the file .yaml\n"},
		{name: "not JSON, ours", path: "a.json", text: `{"apiVersion": "ecs-operator/v1",}`,
			problems: "a.json:1:34: not valid JSON: a comma before '}': remove it\n"},
		{name: "too big, somebody else's", path: "a.yaml", text: "# " + strings.Repeat("x", 256<<10),
			problems: "a.yaml:1:1: warning: skipped, nothing in it says that it is ours: the file has 262146 bytes; the limit is 256 KiB\n",
			skipped:  "a.yaml:1:1: warning: skipped, nothing in it says that it is ours: the file has 262146 bytes; the limit is 256 KiB\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Parse([]File{{Path: c.path, Data: []byte(c.text)}}, testSections(), Options{})
			if len(got.Documents) != c.documents {
				t.Errorf("%d documents, want %d", len(got.Documents), c.documents)
			}
			if diff := cmp.Diff(c.problems, said(got.Problems)); diff != "" {
				t.Errorf("problems: %s", diff)
			}
			if diff := cmp.Diff(c.skipped, said(got.Skipped)); diff != "" {
				t.Errorf("skipped: %s", diff)
			}
		})
	}
}

// Two documents with one identity freeze both, wherever they stand, and nobody else.
func TestDuplicateIdentity(t *testing.T) {
	named := func(name, cluster string) string {
		return strings.NewReplacer("hello", name, "spec:\n", "spec:\n  cluster: "+cluster+"\n").Replace(goodHello())
	}
	got := Parse([]File{
		{Path: "b.yaml", Data: []byte(named("web", "main") + "---\n" + named("web", "other"))},
		{Path: "a.yaml", Data: []byte(named("web", "main"))},
		{Path: "c.yaml", Data: []byte(named("api", "main"))},
	}, testSections(), Options{})
	want := "a.yaml:3:18: the service main/web is declared at b.yaml:3:18 too: nothing is done to it until one declaration remains\n" +
		"b.yaml:3:18: the service main/web is declared at a.yaml:3:18 too: nothing is done to it until one declaration remains\n"
	if diff := cmp.Diff(want, said(got.Problems)); diff != "" {
		t.Error(diff)
	}
	var names []string
	for _, d := range got.Documents {
		names = append(names, d.Cluster+"/"+d.Name)
	}
	if diff := cmp.Diff([]string{"other/web", "main/api"}, names); diff != "" {
		t.Errorf("documents: %s", diff)
	}
	for _, p := range got.Problems {
		if p.Document != "main/web" || !p.Duplicate {
			t.Errorf("document %q of %s", p.Document, p)
		}
	}
}

// A broken document still claims its identity, and many claims are told shortly.
func TestDuplicateIdentityOfBrokenDocument(t *testing.T) {
	broken := strings.Replace(goodHello(), "image", "imag", 1)
	got := parseOne(t, strings.Join([]string{goodHello(), broken, goodHello(), goodHello(), goodHello()}, "---\n"))
	if len(got.Documents) != 0 {
		t.Errorf("%d documents", len(got.Documents))
	}
	want := "a.yaml:3:18: the service default/hello is declared at a.yaml:10:18, a.yaml:17:18, a.yaml:24:18 and 1 more places too: nothing is done to it until one declaration remains"
	if got.Problems[0].String() != want {
		t.Errorf("got  %s\nwant %s", got.Problems[0], want)
	}
}

// JSON keeps what YAML would lose, with positions.
func TestJSON(t *testing.T) {
	text := "{\"apiVersion\": \"ecs-operator\\/v1\", \"kind\": \"Service\", \"metadata\": {\"name\": \"hello\"},\n" +
		"\t\"spec\": {\"taskDefinition\": {\"cpu\": 256, \"containerDefinitions\": [{\"name\": \"w\\u0065b\", \"image\": \"ng\\/inx\",\n" +
		"\t\t\"environment\": {\"FACE\": \"\\ud83d\\ude00\", \"É\": \"\\u00e9\", \"T\": true, \"N\": 1.10}}]},\n" +
		"\t\t\"service\": {\"desiredCount\": 1e0, \"deploymentConfiguration\": {\"alarms\": {\"enable\": true, \"rollback\": true, \"alarmNames\": []}}}}}"
	got := Parse([]File{{Path: "a.json", Data: []byte(text)}}, testSections(), Options{})
	if len(got.Problems) != 0 || len(got.Documents) != 1 {
		t.Fatal(said(got.Problems))
	}
	b := got.Documents[0].Bodies[0]
	want := `{"containerDefinitions":[{"environment":[{"name":"FACE","value":"😀"},{"name":"É","value":"é"},{"name":"T","value":"true"},{"name":"N","value":"1.10"}],"image":"ng/inx","name":"web"}],"cpu":"256"}`
	if got := plainJSON(t, b.Value); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for path, pos := range map[string]string{
		"cpu": "a.json:2:37", "containerDefinitions[0].environment[0].value": "a.json:3:27",
		"containerDefinitions[0].environment[1].name": "a.json:3:43", "containerDefinitions[0].environment[3].value": "a.json:3:74",
	} {
		if b.Written.At(path) != pos {
			t.Errorf("%s stands at %s, want %s", path, b.Written.At(path), pos)
		}
	}
}

func TestJSONSyntax(t *testing.T) {
	for text, want := range map[string]string{
		`{"a": }`:                  "a.json:1:7: not valid JSON: expected a JSON value, found '}'",
		`{"a" 1}`:                  "a.json:1:6: not valid JSON: expected ':' after the key \"a\", found '1'",
		"{\n \"a\": 1\n \"b\": 2}": "a.json:3:2: not valid JSON: expected ',' or '}', found '\"'",
		`{a: 1}`:                   "a.json:1:2: not valid JSON: expected a key in double quotes, found 'a'",
		`{"a": 01}`:                "a.json:1:7: not valid JSON: malformed number",
		`{"a": 1.}`:                "a.json:1:7: not valid JSON: malformed number",
		`{"a": -}`:                 "a.json:1:7: not valid JSON: malformed number",
		`{"a": "x`:                 "a.json:1:7: not valid JSON: a string without its closing quote",
		"{\"a\": \"x\ny\"}":        "a.json:1:9: not valid JSON: a line break or control character '\\n' inside a string: write it as an escape",
		`{"a": "\x"}`:              "a.json:1:8: not valid JSON: unknown escape \\x",
		`{"a": "\u12"}`:            "a.json:1:8: not valid JSON: \\u wants four hexadecimal digits",
		`{"a": "\ud83d"}`:          "a.json:1:8: not valid JSON: half of a surrogate pair",
		`{} {}`:                    "a.json:1:4: not valid JSON: unexpected '{' after the end of the JSON value",
		`{"a": [1, 2`:              "a.json:1:12: not valid JSON: expected ',' or ']', found end of file",
		`{"a": nul}`:               "a.json:1:7: not valid JSON: expected a JSON value, found 'n'",
		``:                         "a.json:1:1: the file holds 0 documents; one body is wanted",
		`[]`:                       "a.json:1:1: taskDefinition: expects a mapping, got a list",
		`{"a": 1, "a": 2}`:         `a.json:1:10: duplicate key "a": it stands on line 1 already`,
	} {
		_, problems := DecodeBody("a.json", []byte(text), testSections()[0])
		if got := strings.TrimSuffix(said(problems), "\n"); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
		}
	}
}

// A body pasted as JSON into YAML may hold what yaml.v3 refuses; everything
// behind it keeps its place.
func TestJSONBodyInsideYAML(t *testing.T) {
	text := inHello("  taskDefinition: {\n\t\"cpu\": \"a\\/b\",\n\t\"containerDefinitions\": [{\"name\": \"web\", \"image\": \"\\ud83d\\ude00\"}]\n}\n" + goodService + "  cluster: main\n")
	got := parseOne(t, text)
	if len(got.Problems) != 0 || len(got.Documents) != 1 {
		t.Fatal(said(got.Problems))
	}
	task, service := got.Documents[0].Bodies[0], got.Documents[0].Bodies[1]
	if got, want := plainJSON(t, task.Value), `{"containerDefinitions":[{"image":"😀","name":"web"}],"cpu":"a/b"}`; got != want {
		t.Errorf("got %s want %s", got, want)
	}
	if got.Documents[0].Cluster != "main" || service.Written.At("desiredCount") != "a.yaml:9:27" || task.Written.At("cpu") != "a.yaml:6:9" {
		t.Errorf("places have moved: %v %v", service.Written, task.Written)
	}
	// Text that only looks like such a body is left alone, and the error stays.
	text = inHello("  taskDefinition: {\"cpu\": \"\\/\"}\n  x: |\n    y: {\"a\": 1}\n")
	if got, want := said(parseOne(t, text).Problems), "a.yaml:5:3: not valid YAML: found unknown escape character\n"; got != want {
		t.Errorf("got %swant %s", got, want)
	}
}

// The answer of a describe call holds its body under the section's name.
func TestDecodeBodyOfAnAnswer(t *testing.T) {
	b, problems := DecodeBody("a.json", []byte(`{"taskDefinition": {"family": "x", "revision": 1, "containerDefinitions": [{"name": "web", "image": "nginx"}]}, "tags": []}`), testSections()[0])
	want := "a.json:1:2: warning: taskDefinition: taken from AWS' answer; what stands beside it is left out: tags\n" +
		"a.json:1:36: warning: taskDefinition: only AWS writes these fields, they are left out: revision\n"
	if diff := cmp.Diff(want, said(problems)); diff != "" {
		t.Error(diff)
	}
	if got, want := plainJSON(t, b.Value), `{"containerDefinitions":[{"image":"nginx","name":"web"}],"family":"x"}`; got != want {
		t.Errorf("got %s want %s", got, want)
	}
}

// Looking for JSON bodies in a file of nothing but openings ends all the same.
func TestLiftJSONIsBounded(t *testing.T) {
	got := parseOne(t, strings.Repeat("\"ecs-operator/\": {\n", 12_000))
	if want := "a.yaml:10001:1: not valid YAML: exceeded max depth of 10000\n"; said(got.Problems) != want {
		t.Errorf("got %swant %s", said(got.Problems), want)
	}
}

// A document that uses every section, as people write one.
func TestCheckout(t *testing.T) {
	data, err := os.ReadFile("testdata/checkout.yaml")
	if err != nil {
		t.Fatal(err)
	}
	got := Parse([]File{{Path: "checkout.yaml", Data: data}}, testSections(), Options{})
	if got.Errors() != 0 || len(got.Documents) != 1 {
		t.Fatal(said(got.Problems))
	}
	refs := map[string][]string{}
	for _, b := range got.Documents[0].Bodies {
		refs[b.Path()] = nil
		for _, r := range b.Refs {
			refs[b.Path()] = append(refs[b.Path()], r.Text)
		}
	}
	want := map[string][]string{
		"taskDefinition": nil, "targetGroups.blue": nil, "targetGroups.green": nil,
		"service":                          {"$(alarms.errors.name)", "$(targetGroups.green.arn)", "$(listenerRules.web.arn)", "$(targetGroups.blue.arn)"},
		"listenerRules.web":                {"$(targetGroups.blue.arn)", "$(targetGroups.green.arn)"},
		"scaling":                          nil,
		"scaling.policies.cpu":             nil,
		"scaling.scheduledActions.morning": nil,
		"alarms.errors":                    {"$(targetGroups.blue.fullName)", "$(targetGroups.green.fullName)"},
	}
	if diff := cmp.Diff(want, refs); diff != "" {
		t.Error(diff)
	}
}
