package schema_test

import (
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/schema"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

var update = flag.Bool("update", false, "write docs/ecs-operator.schema.json anew")

const committed = "../../docs/ecs-operator.schema.json"

func TestCommitted(t *testing.T) {
	want := schema.JSON()
	if *update {
		if err := os.WriteFile(committed, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(committed)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want) {
		t.Error("docs/ecs-operator.schema.json is stale: run this test with -update")
	}
}

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema.JSON()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(schema.ID, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(schema.ID)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// plain reads YAML as an editor does.
func plain(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return jsonable(v)
}

func jsonable(v any) any {
	switch x := v.(type) {
	case map[string]any:
		for k, e := range x {
			x[k] = jsonable(e)
		}
	case map[any]any:
		out := map[string]any{}
		for k, e := range x {
			out[fmt.Sprint(k)] = jsonable(e)
		}
		return out
	case []any:
		for i, e := range x {
			x[i] = jsonable(e)
		}
	case time.Time:
		return x.Format(time.RFC3339)
	}
	return v
}

var fenced = regexp.MustCompile("(?s)```yaml[^\n]*\n(.*?)```")

// TestOurDocuments: every document of the examples, of the pages, and of the
// tests of pkg/spec is taken by the schema. All of them are meant to be right, but
// for what a page only sketches.
func TestOurDocuments(t *testing.T) {
	s := compiled(t)
	checked := map[string]int{}
	for _, root := range []string{"../../examples", "../../docs", "../../README.md", "../spec/testdata"} {
		for _, file := range filesUnder(t, root) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			texts := []string{string(data)}
			switch filepath.Ext(file) {
			case ".md":
				texts = nil
				for _, m := range fenced.FindAllStringSubmatch(string(data), -1) {
					texts = append(texts, m[1])
				}
			case ".yaml":
			default:
				continue
			}
			for _, doc := range strings.Split(strings.Join(texts, "\n---\n"), "\n---\n") {
				kind := kindLine.FindStringSubmatch(doc)
				if kind == nil || !strings.Contains(doc, "apiVersion: "+spec.APIVersion) || strings.HasSuffix(file, ".md") && sketch(doc) {
					continue
				}
				checked[kind[1]]++
				if strings.HasPrefix(file, "../../examples") {
					pointsToSchema(t, file, doc)
				}
				if err := s.Validate(plain(t, doc)); err != nil {
					t.Errorf("%s: %v", file, err)
				}
			}
		}
	}
	for _, k := range schema.Kinds() {
		if checked[k.Name] < 2 {
			t.Errorf("only %d documents of kind %s were looked at", checked[k.Name], k.Name)
		}
	}
	t.Logf("%v", checked)
}

// pointsToSchema: an example's first line leads an editor to the schema.
func pointsToSchema(t *testing.T, file, text string) {
	t.Helper()
	first, _, _ := strings.Cut(text, "\n")
	path, ok := strings.CutPrefix(first, "# yaml-language-server: $schema=")
	if !ok || filepath.Join(filepath.Dir(file), path) != filepath.Clean(committed) {
		t.Errorf("%s: its first line names no schema, or another one: %s", file, first)
	}
}

// sketch reports whether a document lacks what nobody adds to it.
func sketch(doc string) bool {
	problems := spec.Parse([]spec.File{{Path: "x.yaml", Data: []byte(doc)}}, kinds.Sections(), spec.Options{}).Problems
	return slices.ContainsFunc(problems, func(p spec.Problem) bool { return strings.HasSuffix(p.Message, " is required") })
}

var kindLine = regexp.MustCompile(`(?m)^kind: (\w+)`)

// filesUnder are the files of a tree, or the one file.
func filesUnder(t *testing.T, root string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out = append(out, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// decodes reports whether the decoder takes a document as it is spelled.
func decodes(text string) bool {
	res := spec.Parse([]spec.File{{Path: "x.yaml", Data: []byte(text)}}, kinds.Sections(), spec.Options{})
	for _, p := range res.Problems {
		if p.Severity == spec.Error || strings.Contains(p.Message, "another spelling") || strings.Contains(p.Message, "only AWS writes") || strings.Contains(p.Message, ": write ") {
			return false
		}
	}
	return len(res.Documents) == 1
}

// TestRefused: what is wrong is refused, by the schema as by the decoder.
func TestRefused(t *testing.T) {
	s := compiled(t)
	good := `apiVersion: ecs-operator/v1
kind: Service
metadata: {name: x}
spec:
  policy: {mode: auto}
  taskDefinition: {networkMode: bridge, containerDefinitions: [{name: a, image: b, memory: 64, essential: true, environment: {A: b}}]}
  service: {desiredCount: 1, launchType: EC2}
  targetGroups: {web: {protocol: HTTP, port: 80, vpcId: vpc-1, attributes: {a: b}}}
  listenerRules: {web: {listenerArn: arn, priority: 1, conditions: [], actions: [{type: forward, targetGroupArn: $(targetGroups.web.arn)}]}}
`
	good = strings.Replace(good, "conditions: []", "conditions: [{field: host-header, values: [a]}]", 1)
	if err := s.Validate(plain(t, good)); err != nil || !decodes(good) {
		t.Fatalf("the good one is refused: %v", err)
	}
	for _, c := range []struct{ what, old, new string }{
		{"an unknown field", "networkMode: bridge", "networkMod: bridge"},
		{"an unknown field of ours", "mode: auto", "modus: auto"},
		{"an unknown section", "  targetGroups:", "  targetGroup:"},
		{"a wrong enum", "launchType: EC2", "launchType: EC3"},
		{"a wrong choice of ours", "mode: auto", "mode: fast"},
		{"text for a number", "memory: 64", "memory: lots"},
		{"a number for a boolean", "essential: true", "essential: 3"},
		{"an object for text", "image: b", "image: {a: b}"},
		{"text for a list", "containerDefinitions: [{", "containerDefinitions: x, placementConstraints: [{"},
		{"a missing member", "name: a, image: b", "name: a"},
		{"a missing name", "metadata: {name: x}", "metadata: {}"},
		{"another version", "ecs-operator/v1", "ecs-operator/v9"},
		{"a name that is none", "{web: {protocol", "{\"a b\": {protocol"},
	} {
		bad := strings.Replace(good, c.old, c.new, 1)
		if bad == good {
			t.Fatalf("%s: nothing to replace", c.what)
		}
		if s.Validate(plain(t, bad)) == nil {
			t.Errorf("%s is taken by the schema", c.what)
		}
		if decodes(bad) {
			t.Errorf("%s is taken by the decoder", c.what)
		}
	}
}

// TestCorpusIsTaken: what the decoder takes of real files without a word about
// their spelling, the schema takes.
func TestCorpusIsTaken(t *testing.T) {
	root := os.Getenv("ECS_OPERATOR_CORPUS")
	if root == "" {
		t.Skip("ECS_OPERATOR_CORPUS is not set: no files of other people to look at")
	}
	s := compiled(t)
	checked := 0
	files, _ := filepath.Glob(filepath.Join(root, "taskdefs", "*.json"))
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprintf("{\"apiVersion\": \"ecs-operator/v1\", \"kind\": \"Service\", \"metadata\": {\"name\": \"x\"}, \"spec\": {\"service\": {\"desiredCount\": 1}, \"taskDefinition\": %s}}", bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
		if !decodes(text) {
			continue
		}
		checked++
		if err := s.Validate(plain(t, text)); err != nil {
			t.Errorf("%s: %v", filepath.Base(file), err)
		}
	}
	if checked < 100 {
		t.Errorf("only %d files were looked at", checked)
	}
	t.Logf("%d files", checked)
}

// TestRandomDocuments: whatever the decoder takes, the schema takes: documents
// over all fields with values of the right form and, here and there, of another.
func TestRandomDocuments(t *testing.T) {
	s := compiled(t)
	r := rand.New(rand.NewPCG(1, 2))
	taken := 0
	for i := 0; i < 1500; i++ {
		g := generator{r: r, wrong: []float64{0, 0.02, 0.2}[i%3]}
		doc := g.value(schema.Service(), 0).(map[string]any)
		b, err := yaml.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		if !decodes(string(b)) {
			continue
		}
		taken++
		if err := s.Validate(plain(t, string(b))); err != nil {
			t.Fatalf("%v\n%s", err, b)
		}
	}
	if taken < 200 {
		t.Errorf("the decoder took only %d of the documents: nothing is shown", taken)
	}
	t.Logf("%d documents taken", taken)
}

type generator struct {
	r     *rand.Rand
	wrong float64
}

func (g generator) value(f *schema.Field, depth int) any {
	if depth > 1 && g.r.Float64() < g.wrong {
		return []any{"text", "", 7, "7", 0.5, true, "yes", nil, []any{"a"}, map[string]any{"a": "b"}, "2026-01-01T00:00:00Z"}[g.r.IntN(11)]
	}
	switch f.Form {
	case schema.Text:
		if strings.HasPrefix(f.Path, "policy.driftGrace") {
			return "30m"
		}
		return []any{"text", "x-1", 5, true, "$$(literal)"}[g.r.IntN(5)]
	case schema.Choice:
		return f.Values[g.r.IntN(len(f.Values))]
	case schema.Integer:
		return []any{1, 30, "80", 3.0}[g.r.IntN(4)]
	case schema.Number:
		return []any{1, 0.5, "2.5"}[g.r.IntN(3)]
	case schema.Boolean:
		return []any{true, false, "yes", "False"}[g.r.IntN(4)]
	case schema.Time:
		return "2026-01-31T06:00:00Z"
	case schema.List:
		if f.Sugar != nil && g.r.IntN(2) == 0 {
			return map[string]any{"A": "b"}
		}
		return []any{g.value(f.Elem, depth+1)}
	case schema.Map:
		return map[string]any{"entry": g.value(f.Elem, depth+1)}
	case schema.Union:
		m := f.Fields[g.r.IntN(len(f.Fields))]
		return map[string]any{m.Name: g.value(m, depth+1)}
	case schema.Object:
		out := map[string]any{}
		for _, m := range f.Fields {
			switch m.Path {
			case "service.taskDefinition", "service.cluster", "service.desiredCount":
				continue // the frame has its own say in them
			}
			if m.Required || g.r.Float64() < 0.5/float64(depth+1) {
				out[m.Name] = g.value(m, depth+1)
			}
		}
		if f.Path == "metadata" {
			out["name"] = "x"
		}
		if f.Path == "spec" {
			for _, needed := range []string{"taskDefinition", "service"} {
				for _, m := range f.Fields {
					if m.Name == needed {
						out[needed] = g.value(m, depth+1)
					}
				}
			}
		}
		if f.Path == "service" {
			out["desiredCount"] = 1
		}
		if f.Path == "policy" || f.Path == "spec" {
			delete(out, "ignore")
			delete(out, "dependsOn")
			delete(out, "template") // these lead to other documents
			delete(out, "environment")
			delete(out, "cluster")
			delete(out, "desiredCount")
		}
		return out
	}
	return map[string]any{"a": 1}
}

// TestWhole: every member of every input has a place in the tree, and AWS' words.
func TestWhole(t *testing.T) {
	have := map[string]*schema.Field{}
	for _, p := range schema.Paths() {
		f, _, _ := schema.Find(p)
		if f == nil || f.Path != p {
			t.Errorf("%s is not found", p)
			continue
		}
		have[p] = f
	}
	mute := 0
	for _, s := range kinds.Sections() {
		prefix := s.Path
		for _, p := range fieldsOf(reflect.TypeOf(s.New()), "", 0) {
			full := prefix + "." + p
			f := have[full]
			if f == nil {
				t.Errorf("%s is not in the tree", full)
			} else if f.Doc == "" {
				mute++
			}
		}
		for _, p := range s.Required {
			if f := have[prefix+"."+p]; f == nil || !f.Required {
				t.Errorf("%s.%s is required, and the tree does not say so", prefix, p)
			}
		}
	}
	if len(have) < 600 || mute*50 > len(have) {
		t.Errorf("%d paths, %d of them without a word", len(have), mute)
	}
	t.Logf("%d paths, %d without a word", len(have), mute)
}

func fieldsOf(t reflect.Type, path string, depth int) []string {
	t = shape.Deref(t)
	switch {
	case depth > 12 || shape.IsTime(t):
		return nil
	case t.Kind() == reflect.Slice || t.Kind() == reflect.Map:
		return fieldsOf(t.Elem(), path+"[]", depth)
	}
	var out []string
	for _, f := range shape.Fields(t) {
		p := shape.Join(path, f.Name)
		out = append(append(out, p), fieldsOf(f.Type, p, depth+1)...)
	}
	return out
}

// TestFind: paths as people write them.
func TestFind(t *testing.T) {
	for in, want := range map[string]string{
		"service.deploymentConfiguration.strategy":              "service.deploymentConfiguration.strategy",
		"spec.service.loadBalancers[0].containerName":           "service.loadBalancers[].containerName",
		"taskDefinition.containerDefinitions.image":             "taskDefinition.containerDefinitions[].image",
		"taskDefinition.containerDefinitions[app].image":        "taskDefinition.containerDefinitions[].image",
		"targetGroups.web.healthCheckPath":                      "targetGroups.healthCheckPath",
		"targetGroups.healthcheckpath":                          "targetGroups.healthCheckPath",
		"targetGroups.prod":                                     "targetGroups",
		"taskDefinition.containerDefinitions[app]":              "taskDefinition.containerDefinitions",
		"taskDefinition.containerDefinitions[0]":                "taskDefinition.containerDefinitions",
		"taskDefinition.containerDefinitions.app.image":         "taskDefinition.containerDefinitions[].image",
		"service.tags.team":                                     "service.tags",
		"scaling.policies.cpu.policyType":                       "scaling.policies.policyType",
		"metadata.labels":                                       "metadata.labels",
		"policy.mode":                                           "policy.mode",
		"kind":                                                  "kind",
		"spec":                                                  "spec",
		"alarms.errors.evaluationCriteria.promQLCriteria.query": "alarms.evaluationCriteria.promQLCriteria.query",
	} {
		f, _, _ := schema.Find(in)
		if f == nil || f.Path != want && f.Name != want {
			t.Errorf("%s: %+v, want %s", in, f, want)
		}
	}
	for in, want := range map[string]string{
		"service.deploymentConfiguraton": "service.deploymentConfiguration", "sevice": "service", "policy.mod": "policy.mode", "service.zzzzzzzz": "",
		"taskDefinition.containerDefinitions.imge": "taskDefinition.containerDefinitions[].image", "taskDefinition.containerDefinitions.zzzzzzzz": "",
		"targetGroups.healthCheckPth": "targetGroups.healthCheckPath",
		"[":                           "", "]": "", "service[": "", "service]x": "", "service..tags": "", "[service]": "", "service[a[b]]": "",
	} {
		if f, _, near := schema.Find(in); f != nil || near != want {
			t.Errorf("%s: found %v, near %q, want %q", in, f, near, want)
		}
	}
	for in, want := range map[string]string{ // names of entries, and perhaps fields
		"targetGroups.prt": "targetGroups.port", "targetGroups.nam": "targetGroups.name", "alarms.perod": "alarms.period", "alarms.unti": "alarms.unit", "targetGroups.vpcdI": "targetGroups.vpcId",
		"targetGroups.prod": "", "targetGroups[prt]": "", "targetGroups.port": "", "targetGroups.blue": "",
	} {
		if f, _, near := schema.Find(in); f == nil || near != want {
			t.Errorf("%s: found %v, near %q, want %q", in, f, near, want)
		}
	}
}
