package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
)

const diffSchemaFile = "../../docs/diff.schema.json"

func readSchema(t *testing.T) map[string]any {
	t.Helper()
	data, err := os.ReadFile(diffSchemaFile)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return doc.(map[string]any)
}

// strict forbids what the published schema allows for the future: fields that it
// does not name.
func strict(v any) {
	switch x := v.(type) {
	case map[string]any:
		if _, ok := x["properties"]; ok && x["additionalProperties"] == nil {
			x["additionalProperties"] = false
		}
		for _, m := range x {
			strict(m)
		}
	case []any:
		for _, m := range x {
			strict(m)
		}
	}
}

func diffSchema(t *testing.T, exact bool) *jsonschema.Schema {
	t.Helper()
	doc := readSchema(t)
	if exact {
		strict(doc)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("diff.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("diff.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(t *testing.T, s *jsonschema.Schema, data []byte) error {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(v)
}

// TestDiffSchemaHolds: what the binary writes is what docs/diff.schema.json says,
// with no field more.
func TestDiffSchemaHolds(t *testing.T) {
	t.Parallel()
	exact, open := diffSchema(t, true), diffSchema(t, false)
	dir := workDir(t)
	env := cleanEnv(dir, "ECS_OPERATOR_SANDBOX_SPEED="+fastWorld)
	outputs := map[string][]byte{"nothing there": []byte(stdout(t, dir, env, 1, "diff", "--sandbox-state", "w.json", "quickstart", "-o", "json"))}
	must(t, dir, env, 0, "apply", "--wait", "--sandbox-state", "w.json", "quickstart")
	outputs["in sync"] = []byte(stdout(t, dir, env, 0, "diff", "--sandbox-state", "w.json", "quickstart", "-o", "json"))
	outputs["in sync, all"] = []byte(stdout(t, dir, env, 0, "diff", "--sandbox-state", "w.json", "quickstart", "-o", "json", "--all"))
	outputs["others' services"] = []byte(stdout(t, dir, env, 1, "diff", "--sandbox-state", "w.json", "quickstart", "-o", "json", "--owner", "else"))
	edit(t, filepath.Join(dir, "quickstart/hello.yaml"), "nginx:1.29", "nginx:1.30")
	outputs["an image"] = []byte(stdout(t, dir, env, 1, "diff", "--sandbox-state", "w.json", "quickstart", "-o", "json"))
	if err := os.WriteFile(dir+"/quickstart/bad.yaml", []byte("apiVersion: ecs-operator/v1\nkind: Service\nmetadata: {name: bad}\nspec: {x: 1}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	outputs["a bad document"] = []byte(stdout(t, dir, env, 2, "diff", "--sandbox-state", "w.json", "quickstart", "-o", "json"))
	var samples strings.Builder
	outcomes := sampleOutcomes()
	if err := writeJSON(&samples, diffReport{frame: frame{APIVersion: diffVersion}, Summary: totalDiff(outcomes),
		Services: diffJSON(outcomes, true), Problems: problemsJSON(nil), Exit: 2}); err != nil {
		t.Fatal(err)
	}
	outputs["one of everything"] = []byte(samples.String())
	for name, data := range outputs {
		for which, s := range map[string]*jsonschema.Schema{"exact": exact, "published": open} {
			if err := validate(t, s, data); err != nil {
				t.Errorf("%s, %s schema: %v", name, which, err)
			}
		}
	}
	// The schema can say no.
	for _, damage := range [][2]string{{`"ecs-operator/diff/v1"`, `"ecs-operator/diff/v2"`}, {`"op": "replace"`, `"op": "swap"`}, {`"action": "update"`, `"action": "touch"`}, {`"downtime": false`, `"downtime": "no"`}} {
		if !bytes.Contains(outputs["an image"], []byte(damage[0])) {
			t.Fatalf("no %s in the output", damage[0])
		}
		if validate(t, open, bytes.ReplaceAll(outputs["an image"], []byte(damage[0]), []byte(damage[1]))) == nil {
			t.Errorf("the schema takes %s", damage[1])
		}
	}
}

// TestDiffSchemaNamesEveryField: a field that joins the report joins the schema,
// and the schema has none that the report has not.
func TestDiffSchemaNamesEveryField(t *testing.T) {
	doc := readSchema(t)
	defs := doc["$defs"].(map[string]any)
	in := func(v any) map[string]any { return v.(map[string]any)["properties"].(map[string]any) }
	consequence := in(defs["consequence"])
	for name, c := range map[string]struct {
		schema map[string]any
		goType reflect.Type
	}{
		"report":      {in(doc), reflect.TypeFor[diffReport]()},
		"source":      {in(in(doc)["source"]), reflect.TypeFor[sourceRef]()},
		"summary":     {in(defs["summary"]), reflect.TypeFor[diffTotals]()},
		"service":     {in(defs["service"]), reflect.TypeFor[diffService]()},
		"consequence": {consequence, fieldType(reflect.TypeFor[diffService](), "Consequence")},
		"rollout":     {in(consequence["rollout"]), fieldType(fieldType(reflect.TypeFor[diffService](), "Consequence"), "Rollout")},
		"resource":    {in(defs["resource"]), reflect.TypeFor[diffResource]()},
		"change":      {in(defs["change"]), reflect.TypeFor[diff.Change]()},
		"plan":        {in(defs["plan"]), fieldType(reflect.TypeFor[diffService](), "Plan")},
		"step":        {in(in(defs["plan"])["steps"].(map[string]any)["items"]), fieldType(fieldType(reflect.TypeFor[diffService](), "Plan"), "Steps")},
		"problem":     {in(defs["problem"]), reflect.TypeFor[problemJSON]()},
	} {
		have := slices.Sorted(maps.Keys(c.schema))
		want := jsonNames(c.goType)
		if !slices.Equal(have, want) {
			t.Errorf("%s: the schema has %v, the report %v", name, have, want)
		}
	}
}

func fieldType(in reflect.Type, name string) reflect.Type {
	f, ok := in.FieldByName(name)
	if !ok {
		return nil
	}
	out := f.Type
	for out.Kind() == reflect.Pointer || out.Kind() == reflect.Slice {
		out = out.Elem()
	}
	return out
}

// jsonNames are the names that a struct has in JSON, those of embedded ones included.
func jsonNames(in reflect.Type) []string {
	var out []string
	for _, f := range reflect.VisibleFields(in) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.IsExported() && name != "" && name != "-" {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// stdout runs a command that must end with a code, and returns its data alone.
func stdout(t *testing.T, dir string, env []string, code int, args ...string) string {
	t.Helper()
	cmd := exec.Command("ecs-operator", args...)
	cmd.Dir, cmd.Env = dir, env
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, _ := cmd.Output()
	if got := cmd.ProcessState.ExitCode(); got != code {
		t.Fatalf("ecs-operator %s: exit code %d, want %d:\n%s%s", strings.Join(args, " "), got, code, out, &problems)
	}
	return string(out)
}

// TestPlanBytes: a hundred diffs of one world are one plan, byte for byte.
func TestPlanBytes(t *testing.T) {
	t.Parallel()
	dir := workDir(t)
	env := cleanEnv(dir, "ECS_OPERATOR_SANDBOX_SPEED="+fastWorld)
	must(t, dir, env, 0, "apply", "--wait", "--sandbox-state", "w.json", "quickstart")
	edit(t, filepath.Join(dir, "quickstart/hello.yaml"), "nginx:1.29", "nginx:1.30")
	edit(t, filepath.Join(dir, "quickstart/web.yaml"), "httpd:2.4", "httpd:2.5")
	_, _, served := serveSandbox(t, dir, "--sandbox-state", filepath.Join(dir, "w.json"))
	generated := regexp.MustCompile(`"generatedAt": "[^"]*"`)
	runs := 100
	if testing.Short() {
		runs = 5
	}
	first := ""
	for i := range runs {
		got := stdout(t, dir, served, 1, "diff", "quickstart", "-o", "json", "--all")
		var r diffReport
		if err := json.Unmarshal([]byte(got), &r); err != nil || len(r.Services) != 3 || r.Summary.Changed != 2 {
			t.Fatalf("%v: %s", err, got)
		}
		if got = generated.ReplaceAllString(got, ""); first == "" {
			first = got
		}
		if got != first {
			t.Fatalf("run %d is another plan:\n%s", i, got)
		}
	}
}
