// Package ecsoperator_test holds the architecture: which package may import
// which, and the habits of the house (design: floors). It reads the source, so a
// package is held to it from its first commit.
package ecsoperator_test

import (
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/ecs-operator/ecs-operator/"

// floors of the packages: imports point down only.
var floors = map[string]int{
	"pkg/shape": 0,
	"pkg/route": 0, // the algebra of listener rules: pure, and no AWS package

	"pkg/keyed":  0, // locks by name: it knows nothing of what they are for
	"pkg/frugal": 0, // the bound of a fuzzed input: tests import it, and it imports nothing

	"pkg/checkout": 1, // the user's own git, and nothing of ours

	"pkg/spec":    1,
	"pkg/diff":    1,
	"pkg/source":  1,
	"pkg/status":  1,
	"pkg/webhook": 1, // it listens, and knows nothing of what it wakes

	"pkg/signature": 1, // it knows keys and git's objects, and neither a source nor AWS

	"pkg/resource":  2,
	"pkg/awsclient": 2,

	"pkg/kinds":   3,
	"pkg/events":  3, // a queue of SQS; what it hears are hints
	"pkg/bucket":  3, // S3 as a source of documents wants it
	"pkg/plan":    3,
	"pkg/lint":    3, // it knows AWS' rules over several fields, and asks nobody
	"pkg/verify":  3, // the checks before a rollout; what AWS tells comes through resource.Inspector
	"pkg/audit":   3, // lines in a file, of what the clients tell
	"pkg/metrics": 3, // it counts units and outcomes in their own words; only cmd knows it

	"pkg/reconcile": 4,
	"pkg/schema":    4, // it describes the kinds to people and editors
	"pkg/iampolicy": 4, // it writes the policies of what the kinds call
	"pkg/importer":  4, // it writes documents of what other tools and AWS have
	"pkg/sweep":     5, // nothing but tests, of all of it

	"cmd/ecs-operator":   5,
	"hack/bench":         5, // it measures the program, and is no part of it
	"hack/reference":     5, // it writes a page, and is no part of the program
	"hack/schema":        5, // it writes what pkg/schema embeds
	"hack/image":         5, // it gathers the files of the container image
	"hack/fuzz":          5, // it runs test binaries, and imports nothing
	"hack/planted":       0, // texts: it knows files by name, and imports nothing of them
	"hack/planted/plant": 5,
	"hack/sweep":         5, // it runs the sweep and the planted bugs, and writes their page
	"hack/release":       5, // it makes and checks the files of a release
}

// sideways are the imports on one floor that the design allows, with the reason.
var sideways = map[string]string{
	"pkg/awsclient → pkg/resource": "it wraps every error with its class",
}

// denied are imports that the floors alone would allow.
var denied = map[string]string{
	"pkg/reconcile → pkg/kinds":     "cmd hands it []resource.Kind: the machine knows no kind by name",
	"pkg/reconcile → pkg/awsclient": "it reaches AWS through resource.Kind and resource.Rollouts only",
	"pkg/plan → pkg/source":         "a plan is made from units and knows no source",
	"pkg/kinds → pkg/source":        "a kind knows no source",
	"pkg/kinds → pkg/status":        "a kind says what is there, not what becomes of it",
	"pkg/reconcile → pkg/metrics":   "cmd hands it a reconcile.Metrics",
	"pkg/reconcile → pkg/verify":    "cmd hands it a function: the machine knows no registry",
}

// tower is the embedded AWS: it stands beside the floors.
const tower = "pkg/sandbox"

// sdk may be imported here and nowhere else.
var sdk = []string{"pkg/awsclient", "pkg/kinds", "pkg/bucket", "pkg/events", "pkg/lint", tower, "cmd/ecs-operator", "hack/bench"}

// verdict says why from may not import to, "" when it may. Both are directories
// of the module, or to is another module's package.
func verdict(from, to string, test bool) string {
	inTower := from == tower || strings.HasPrefix(from, tower+"/")
	toTower := to == tower || strings.HasPrefix(to, tower+"/")
	switch {
	case strings.HasPrefix(to, "github.com/aws/"):
		if !inTower && !slices.Contains(sdk, from) && !test {
			return "SDK packages are for " + strings.Join(sdk, ", ")
		}
		return ""
	case to == "gopkg.in/yaml.v3":
		if from != "pkg/spec" && !test {
			return "YAML is read in pkg/spec only: positions and limits are kept there"
		}
		return ""
	case !strings.HasPrefix(to, "pkg/") && !strings.HasPrefix(to, "cmd/"):
		return "" // the standard library and others'
	case from == to || test && from != "pkg/shape":
		return "" // tests wire whole worlds
	case inTower:
		if toTower || to == "pkg/shape" {
			return ""
		}
		return "the sandbox imports nothing of ours but pkg/shape: it must not share the operator's mistakes"
	case toTower:
		if strings.HasPrefix(from, "cmd/") || from == "hack/bench" {
			return ""
		}
		return "only cmd imports the sandbox: no real path may reach it by accident"
	}
	edge := from + " → " + to
	if why, no := denied[edge]; no {
		return why
	}
	if _, ok := sideways[edge]; ok {
		return ""
	}
	below, ok := floors[to]
	if !ok {
		return to + " has no floor: give it one in floors_test.go"
	}
	above, ok := floors[from]
	if !ok {
		return from + " has no floor: give it one in floors_test.go"
	}
	if below >= above {
		return fmt.Sprintf("imports point down only: %s is on floor %d, %s on floor %d", from, above, to, below)
	}
	return ""
}

// source is one parsed file.
type source struct {
	dir, path string
	test      bool
	file      *ast.File
	fset      *token.FileSet
}

func sources(t *testing.T) []source {
	t.Helper()
	var out []source
	for _, root := range []string{"cmd", "pkg", "hack", "examples"} {
		err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
			if err != nil {
				if p == root {
					return nil // a tree that is not there has no faults
				}
				return err
			}
			if d.IsDir() {
				if d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") {
					return filepath.SkipDir
				}
				return nil
			}
			if !strings.HasSuffix(p, ".go") {
				return nil
			}
			fset := token.NewFileSet()
			f, err := parser.ParseFile(fset, p, nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			if !never(f) {
				p = filepath.ToSlash(p)
				out = append(out, source{dir: path.Dir(p), path: p, test: strings.HasSuffix(p, "_test.go"), file: f, fset: fset})
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(out) < 50 {
		t.Fatalf("found only %d Go files: the test looks in the wrong place", len(out))
	}
	return out
}

// never reports a file that no build takes in.
func never(f *ast.File) bool {
	for _, g := range f.Comments {
		for _, c := range g.List {
			if x, err := constraint.Parse(c.Text); err == nil && x.String() == "never" {
				return true
			}
		}
	}
	return false
}

func (s source) imports() []string {
	var out []string
	for _, i := range s.file.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		if err == nil {
			out = append(out, strings.TrimPrefix(p, module))
		}
	}
	return out
}

func (s source) at(n ast.Node) string {
	return fmt.Sprintf("%s:%d", s.path, s.fset.Position(n.Pos()).Line)
}

func TestFloors(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range sources(t) {
		seen[s.dir] = true
		for _, to := range s.imports() {
			if why := verdict(s.dir, to, s.test); why != "" {
				t.Errorf("%s imports %s: %s", s.path, to, why)
			}
		}
	}
	for dir := range seen {
		_, known := floors[dir]
		if !known && dir != tower && !strings.HasPrefix(dir, tower+"/") {
			t.Errorf("%s has no floor: give it one in floors_test.go", dir)
		}
	}
	for dir := range floors {
		if !seen[dir] {
			t.Errorf("floors_test.go has a floor for %s, which is not there", dir)
		}
	}
}

// A test that cannot fail is a defect: these imports it must refuse.
func TestFloorsBite(t *testing.T) {
	for edge, want := range map[string]string{
		"pkg/shape → pkg/spec":                        "imports point down only",
		"pkg/spec → pkg/diff":                         "imports point down only",
		"pkg/spec → pkg/resource":                     "imports point down only",
		"pkg/resource → pkg/awsclient":                "imports point down only",
		"pkg/plan → pkg/kinds":                        "imports point down only",
		"pkg/reconcile → pkg/kinds":                   "knows no kind by name",
		"pkg/reconcile → pkg/awsclient":               "resource.Rollouts only",
		"pkg/reconcile → pkg/sandbox":                 "only cmd imports the sandbox",
		"pkg/kinds → pkg/sandbox":                     "only cmd imports the sandbox",
		"pkg/sandbox → pkg/resource":                  "nothing of ours but pkg/shape",
		"pkg/sandbox/wire → pkg/spec":                 "nothing of ours but pkg/shape",
		"pkg/plan → github.com/aws/aws-sdk-go-v2/aws": "SDK packages are for",
		"pkg/shape → github.com/aws/smithy-go":        "SDK packages are for",
		"pkg/kinds → gopkg.in/yaml.v3":                "YAML is read in pkg/spec only",
		"pkg/brandnew → pkg/shape":                    "pkg/brandnew has no floor",
		"cmd/ecs-operator → pkg/brandnew":             "pkg/brandnew has no floor",
	} {
		from, to, _ := strings.Cut(edge, " → ")
		if got := verdict(from, to, false); !strings.Contains(got, want) {
			t.Errorf("%s: verdict %q, want …%s…", edge, got, want)
		}
	}
	for _, edge := range []string{
		"pkg/spec → pkg/shape", "pkg/resource → pkg/spec", "pkg/resource → pkg/diff", "pkg/awsclient → pkg/resource",
		"pkg/kinds → pkg/awsclient", "pkg/plan → pkg/status", "pkg/reconcile → pkg/plan", "cmd/ecs-operator → pkg/sandbox",
		"pkg/sandbox → pkg/shape", "pkg/sandbox → pkg/sandbox/wire", "pkg/spec → gopkg.in/yaml.v3",
		"pkg/kinds → github.com/aws/aws-sdk-go-v2/service/ecs", "pkg/plan → slices",
	} {
		from, to, _ := strings.Cut(edge, " → ")
		if got := verdict(from, to, false); got != "" {
			t.Errorf("%s: verdict %q, want none", edge, got)
		}
	}
}

func TestEveryPackageIsDocumented(t *testing.T) {
	doc := map[string]string{}
	for _, s := range sources(t) {
		if !s.test {
			doc[s.dir] += s.file.Doc.Text()
		}
	}
	for dir, text := range doc {
		if len(strings.TrimSpace(text)) < 40 {
			t.Errorf("%s: nothing says what the package is for: write a doc.go", dir)
		}
	}
}

// banned are package names that say nothing.
var banned = []string{"util", "utils", "common", "types", "helper", "helpers", "misc", "base", "lib"}

// habits lists what a file has that the house does not want.
func habits(s source) []string {
	var out []string
	say := func(n ast.Node, format string, args ...any) {
		out = append(out, s.at(n)+": "+fmt.Sprintf(format, args...))
	}
	if slices.Contains(banned, s.file.Name.Name) {
		say(s.file.Name, "a package called %s says nothing of what it does", s.file.Name.Name)
	}
	bubbles := slices.Contains(s.imports(), "testing/synctest")
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.Ident:
			if strings.Contains(strings.ToLower(x.Name), "dry"+"run") {
				say(x, "%s: there is no such mode; a plan cannot write, and apply executes a plan", x.Name)
			}
		case *ast.FuncDecl:
			if x.Name.Name == "init" && x.Recv == nil {
				say(x, "no init(): lists are written down where they are read")
			}
		case *ast.SelectorExpr:
			if pkg, ok := x.X.(*ast.Ident); ok && pkg.Name == "time" && x.Sel.Name == "Sleep" && s.test && !bubbles {
				say(x, "no test sleeps on a wall clock: use testing/synctest")
			}
		}
		return true
	})
	return out
}

func TestHabits(t *testing.T) {
	for _, s := range sources(t) {
		for _, fault := range habits(s) {
			t.Error(fault)
		}
	}
}

func TestHabitsBite(t *testing.T) {
	const text = `package utils

import "time"

func init() { time.Sleep(1) }

func plan(dryRun bool) {}
`
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "x_test.go", text, 0)
	if err != nil {
		t.Fatal(err)
	}
	got := habits(source{path: "x_test.go", test: true, file: f, fset: fset})
	if len(got) != 4 {
		t.Errorf("found %d faults of 4: %q", len(got), got)
	}
}
