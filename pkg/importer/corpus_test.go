package importer_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/importer"
	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/lint"
	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/source"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// corpus lists the projects of one tool in the corpus of real inputs, which
// stays outside the project (its files carry no licence).
func corpus(t *testing.T, tool string) []string {
	t.Helper()
	root := os.Getenv("ECS_OPERATOR_CORPUS")
	if root == "" {
		t.Skip("ECS_OPERATOR_CORPUS is not set: no corpus of real projects to import")
	}
	out, err := filepath.Glob(filepath.Join(root, tool, "*"))
	if err != nil || len(out) == 0 {
		t.Fatalf("no projects in %s (%v)", root, err)
	}
	return out
}

// parse reads the drafts back as the operator would, and returns what is wrong
// with them.
func parse(t *testing.T, drafts []spec.Draft) (spec.Result, string) {
	t.Helper()
	var files []spec.File
	var all strings.Builder
	for i, d := range drafts {
		data, err := d.YAML()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&all, "---\n%s", data)
		files = append(files, spec.File{Path: fmt.Sprintf("%d-%s.yaml", i, d.Name), Data: data})
	}
	return spec.Parse(files, kinds.Sections(), spec.Options{}), all.String()
}

// validated is what validate says of drafts: its errors.
func validated(t *testing.T, drafts []spec.Draft) []spec.Problem {
	t.Helper()
	dir := t.TempDir()
	for i, d := range drafts {
		data, err := d.YAML()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.yaml", i)), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	loaded, err := reconcile.New(reconcile.Options{
		Frame: resource.Frame{Owner: resource.DefaultOwner}, Kinds: kinds.All(nil), Sections: kinds.Sections(), Lint: lint.Check, Source: source.Dir(dir),
	}).Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(loaded.Problems, func(p spec.Problem) bool { return p.Severity != spec.Error })
}

// tally counts what became of a tool's projects.
type tally struct{ projects, whole, partly, named int }

// stands prints the counts, and holds the page to them. They are of the half of
// the corpus that lies in the clear; with more projects the page says nothing.
func (c tally) stands(t *testing.T, tool string) {
	t.Helper()
	row := fmt.Sprintf("| %s | %d | %d | %d | %d |", tool, c.projects, c.whole, c.partly, c.named)
	t.Log(row)
	page, err := os.ReadFile("../../docs/import.md")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(page), fmt.Sprintf("| %s | %d |", tool, c.projects)) && !strings.Contains(string(page), row) {
		t.Errorf("docs/import.md has other counts than %s", row)
	}
}

// hold fails on a project that gives neither documents nor a problem with its
// place, or whose documents do not parse.
func (c *tally) hold(t *testing.T, r importer.Result, err error) {
	t.Helper()
	c.projects++
	if err != nil {
		t.Error(err)
		return
	}
	errors := 0
	for _, p := range r.Problems {
		if p.Severity == spec.Error {
			errors++
		}
		if strings.Contains(p.Message, "no document is made of") {
			t.Errorf("what is drafted does not parse: %s", p)
		}
		if p.File == "" || p.Line < 1 || p.Column < 1 {
			t.Errorf("a problem without its place: %+v", p)
		}
	}
	services := 0
	for _, d := range r.Drafts {
		if d.Kind == "Service" {
			services++
		}
	}
	parsed, text := parse(t, r.Drafts)
	for _, p := range parsed.Problems {
		if p.Severity == spec.Error {
			t.Errorf("%s\n%s", p, text)
		}
	}
	if services > len(parsed.Documents) {
		t.Errorf("%d services are drafted, %d are read", services, len(parsed.Documents))
	}
	if said := validated(t, r.Drafts); errors == 0 && len(said) > 0 {
		t.Errorf("imported whole, and validate refuses it: %v", said)
	}
	switch {
	case services == 0 && errors == 0:
		t.Errorf("neither a document nor a word why: %v", r.Problems)
	case services == 0:
		c.named++
	case errors > 0:
		c.partly++
	default:
		c.whole++
	}
}

func TestCorpusEcspresso(t *testing.T) {
	var c tally
	for _, dir := range corpus(t, "ecspresso") {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			r, err := importer.Ecspresso(dir, "prod")
			for _, p := range r.Problems {
				t.Log(strings.TrimPrefix(p.String(), dir))
			}
			c.hold(t, r, err)
		})
	}
	c.stands(t, "ecspresso")
}

func TestCorpusPipeCD(t *testing.T) {
	var c tally
	for _, dir := range corpus(t, "pipecd") {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			r, err := importer.PipeCD(dir, "prod")
			for _, p := range r.Problems {
				t.Log(strings.TrimPrefix(p.String(), dir))
			}
			c.hold(t, r, err)
		})
	}
	c.stands(t, "PipeCD")
}

func TestCorpusCopilot(t *testing.T) {
	var c tally
	for _, file := range corpus(t, "copilot") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			r, err := importer.Copilot(file, "prod")
			for _, p := range r.Problems {
				t.Log(strings.TrimPrefix(p.String(), file))
			}
			c.hold(t, r, err)
		})
	}
	c.stands(t, "Copilot")
}
