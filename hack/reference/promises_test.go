package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// namedTest is a test on a page: `reconcile.TestGrace`, `sandbox/foreign.TestAWSCLI`.
var namedTest = regexp.MustCompile("`([a-z/]+)\\.(Test[A-Za-z]+)`")

// shelf is the directory of a package as the pages call it.
func shelf(name string) string {
	switch {
	case name == "cmd":
		return "cmd/ecs-operator"
	case strings.HasPrefix(name, "hack/"):
		return name
	}
	return "pkg/" + name
}

// TestPromises: every promise names a test, and every test that it names exists.
func TestPromises(t *testing.T) {
	tests := testsOfTheModule(t)
	page := read(t, "docs/promises.md")
	for _, m := range namedTest.FindAllStringSubmatch(page, -1) {
		if !tests[shelf(m[1])+"."+m[2]] {
			t.Errorf("docs/promises.md names %s.%s, which is not there", m[1], m[2])
		}
	}
	rows := 0
	for line := range strings.Lines(page) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|---") || strings.TrimSpace(cells[0]) == "promise" {
			continue
		}
		rows++
		if len(cells) != 2 || !namedTest.MatchString(cells[1]) {
			t.Errorf("no test shows it: %s", line)
		}
		for _, shown := range strings.Split(cells[len(cells)-1], ",") {
			if !namedTest.MatchString(shown) {
				t.Errorf("%q is no test: %s", strings.TrimSpace(shown), line)
			}
		}
	}
	if rows < 20 {
		t.Errorf("found only %d promises: the test reads the page wrongly", rows)
	}
}

// TestPains: the table has all of them, every test that it names exists, and an
// answer that nothing shows says that it is not there yet.
func TestPains(t *testing.T) {
	tests := testsOfTheModule(t)
	rows := 0
	for line := range strings.Lines(read(t, "docs/pains.md")) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| #") {
			continue
		}
		rows++
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 5 || strings.TrimSpace(cells[0]) != strconv.Itoa(rows) {
			t.Errorf("row %d reads: %s", rows, line)
			continue
		}
		shown := namedTest.FindAllStringSubmatch(cells[4], -1)
		if len(shown) == 0 && !strings.HasPrefix(strings.TrimSpace(cells[3]), "**Not yet**") {
			t.Errorf("no test shows the answer to %d", rows)
		}
		for _, m := range shown {
			if !tests[shelf(m[1])+"."+m[2]] {
				t.Errorf("docs/pains.md names %s.%s, which is not there", m[1], m[2])
			}
		}
	}
	if rows != 35 {
		t.Errorf("%d pains, want all 35", rows)
	}
}

// TestSpecPromisesAgree: what spec.md does not promise, promises.md does not either.
func TestSpecPromisesAgree(t *testing.T) {
	_, rest, ok := strings.Cut(read(t, "docs/spec.md"), "## What is not promised")
	if !ok {
		t.Fatal("docs/spec.md does not say what is not promised")
	}
	flat := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	_, not, _ := strings.Cut(read(t, "docs/promises.md"), "## What is not promised")
	for _, item := range strings.Split(rest, "\n- ")[1:] {
		first, _, _ := strings.Cut(flat(item), ":")
		first, _, _ = strings.Cut(first, ". ")
		if !strings.Contains(flat(not), strings.TrimSuffix(first, ".")) {
			t.Errorf("docs/promises.md does not say: %s", first)
		}
	}
}

// testsOfTheModule are all test functions and fuzz targets, as "pkg/diff.TestSet".
func testsOfTheModule(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for _, root := range []string{"cmd", "hack", "pkg"} {
		err := filepath.WalkDir(filepath.Join(top, root), func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(p, "_test.go") {
				return err
			}
			f, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			dir, err := filepath.Rel(top, filepath.Dir(p))
			if err != nil {
				return err
			}
			for _, decl := range f.Decls {
				if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && (strings.HasPrefix(fn.Name.Name, "Test") || strings.HasPrefix(fn.Name.Name, "Fuzz")) {
					out[filepath.ToSlash(dir)+"."+fn.Name.Name] = true
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}
