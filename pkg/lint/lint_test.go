package lint_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/lint"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

var update = flag.Bool("update", false, "write golden files and pages anew")

// check loads text as `validate` does, and returns what the rules say of it.
func check(t *testing.T, text string) []spec.Problem {
	t.Helper()
	all := kinds.All(nil)
	res := spec.Parse([]spec.File{{Path: "x.yaml", Data: []byte(text)}}, kinds.Sections(), spec.Options{})
	var out []spec.Problem
	for _, p := range res.Problems {
		if p.Severity == spec.Error {
			t.Fatalf("does not decode: %s\n%s", p, text)
		}
	}
	if len(res.Documents) != 1 {
		t.Fatalf("%d documents in\n%s", len(res.Documents), text)
	}
	u, problems := resource.Desire(resource.Frame{Owner: "op"}, "default", res.Documents[0], all)
	for _, p := range append(problems, lint.Check(u)...) {
		if p.Code == "" {
			t.Errorf("no lint: %s", p)
			continue
		}
		out = append(out, p)
	}
	return out
}

// TestRules: every rule has an example that it speaks of, word for word and at
// its line and column, and a twin of that which is mended and quiet.
func TestRules(t *testing.T) {
	for name, base := range bases {
		if ps := check(t, base); len(ps) > 0 {
			t.Errorf("the base %s is not quiet: %v", name, ps)
		}
	}
	var golden strings.Builder
	spoken := map[string]bool{}
	for _, c := range cases {
		bad := c.edit(t, c.bad)
		var said []string
		for _, p := range check(t, bad) {
			if p.Code != c.code {
				if !slices.Contains(c.also, p.Code) {
					t.Errorf("%s speaks up over the example of %s: %s", p.Code, c.code, p)
				}
				continue
			}
			if p.Line == 0 || p.Column == 0 {
				t.Errorf("no position: %s", p)
			}
			said = append(said, p.String())
		}
		if len(said) == 0 {
			t.Errorf("%s says nothing of\n%s", c.code, bad)
		}
		spoken[c.code] = true
		fmt.Fprintf(&golden, "# %s\n%s\n%s\n\n", c.code, c.bad, strings.Join(said, "\n"))
		if c.good != "" {
			for _, p := range check(t, c.edit(t, c.good)) {
				t.Errorf("the good twin of %s is not quiet: %s", c.code, p)
			}
		}
	}
	for _, r := range lint.Rules() {
		if !spoken[r.Code] {
			t.Errorf("rule %s has no example", r.Code)
		}
	}
	same(t, filepath.Join("testdata", "messages.golden"), golden.String())
}

// same compares a file with what it should hold.
func same(t *testing.T, path, want string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != want {
		t.Errorf("%s is not what the rules say: look at it and run this test with -update\n%s", path, want)
	}
}

// TestTable: codes are words, each once, and every rule says what to do.
func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range lint.Rules() {
		if seen[r.Code] || r.Code == "" || strings.Trim(r.Code, "abcdefghijklmnopqrstuvwxyz-") != "" {
			t.Errorf("code %q", r.Code)
		}
		seen[r.Code] = true
		if !strings.HasSuffix(r.What, ".") || r.Remedy == "" || strings.HasSuffix(r.Remedy, ".") {
			t.Errorf("%s: what it says is no sentence, or its remedy is one: %q, %q", r.Code, r.What, r.Remedy)
		}
		if found, ok := lint.Find(r.Code); !ok || found.What != r.What {
			t.Errorf("%s is not found", r.Code)
		}
	}
	if _, ok := lint.Find("no-such-code"); ok {
		t.Error("a code of no rule is found")
	}
}

// TestPage: docs/lint.md is the table.
func TestPage(t *testing.T) {
	same(t, "../../docs/lint.md", lint.Page())
}

// TestExamples: what we show people is quiet.
func TestExamples(t *testing.T) {
	files, err := filepath.Glob("../../examples/*/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(data), "kind: Service\n") {
			continue
		}
		for _, text := range strings.Split(string(data), "\n---\n") {
			if strings.Contains(text, "kind: Service\n") && !strings.Contains(text, "environments:") && !strings.Contains(text, "template:") &&
				!strings.Contains(text, "  environment: ") { // of another file: the example's own script validates it
				for _, p := range check(t, text) {
					t.Errorf("%s: %s", file, p)
				}
			}
		}
	}
}

// TestCorpusTaskDefinitions: what people have registered at AWS is no error.
func TestCorpusTaskDefinitions(t *testing.T) {
	corpus(t, "taskDefinition", "taskdefs", "taskdefs/aws-docs")
}

// TestCorpusServices: what people have created at AWS is no error.
func TestCorpusServices(t *testing.T) {
	corpus(t, "service", "servicedefs", "servicedefs/aws-docs")
}

func corpus(t *testing.T, section string, folders ...string) {
	root := os.Getenv("ECS_OPERATOR_CORPUS")
	if root == "" {
		t.Skip("ECS_OPERATOR_CORPUS is not set: no files of other people to look at")
	}
	all := kinds.All(nil)
	var s spec.Section
	for _, have := range kinds.Sections() {
		if have.Path == section {
			s = have
		}
	}
	looked, said := 0, map[string]int{}
	for _, folder := range folders {
		entries, err := os.ReadDir(filepath.Join(root, folder))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			file := filepath.Join(folder, e.Name())
			data, err := os.ReadFile(filepath.Join(root, file))
			if e.IsDir() || err != nil {
				continue
			}
			b, problems := spec.DecodeBody(file, data, s)
			if (spec.Result{Problems: problems}).Errors() > 0 {
				continue
			}
			looked++
			u, _ := resource.Desire(resource.Frame{Owner: "op"}, "default", spec.Document{Name: "x", Cluster: "default", Bodies: []spec.Body{b}}, all)
			for _, p := range lint.Check(u) {
				said[p.Code]++
				if p.Severity == spec.Error && refused[file+" "+p.Code] == "" {
					t.Errorf("%s", p)
				}
			}
		}
	}
	if looked == 0 {
		t.Fatal("no file was looked at")
	}
	t.Logf("%d files; findings: %v", looked, said)
}
