package planted

import (
	"bytes"
	"encoding/json"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

func all(t *testing.T) []Bug {
	t.Helper()
	bugs, err := All()
	if err != nil {
		t.Fatal(err)
	}
	return bugs
}

var (
	promiseForm = regexp.MustCompile(`^P([1-9]|1[0-9]|2[0-6])(, P([1-9]|1[0-9]|2[0-6]))*$`)
	nameForm    = regexp.MustCompile(`^[a-z]+(-[a-z0-9]+)*$`)
)

// Every bug still has its place in the code, and what it makes of a file is Go.
func TestBugsFit(t *testing.T) {
	bugs := all(t)
	if len(bugs) < 20 {
		t.Errorf("%d bugs: at least 20 are wanted", len(bugs))
	}
	seen := map[string]string{}
	for _, b := range bugs {
		if !nameForm.MatchString(b.Name) || !promiseForm.MatchString(b.Promise) {
			t.Errorf("%s: promise %q", b.Name, b.Promise)
		}
		if !strings.Contains(b.Says, "Shows") {
			t.Errorf("%s does not say when it shows", b.Name)
		}
		sources, err := b.Sources(root)
		if err != nil {
			t.Error(err)
			continue
		}
		all := ""
		for file, text := range sources {
			all += file + text
			if strings.HasSuffix(file, "_test.go") || !strings.HasPrefix(file, "pkg/") && !strings.HasPrefix(file, "cmd/") {
				t.Errorf("%s: %s is no part of the program", b.Name, file)
			}
			if _, err := parser.ParseFile(token.NewFileSet(), file, text, parser.SkipObjectResolution); strings.HasSuffix(file, ".go") && err != nil {
				t.Errorf("%s: %v", b.Name, err)
			}
		}
		if other := seen[all]; other != "" {
			t.Errorf("%s is %s once more", b.Name, other)
		}
		seen[all] = b.Name
	}
}

func TestOverlay(t *testing.T) {
	b := all(t)[0]
	file := b.Edits[0].File
	dir := t.TempDir()
	overlay, err := b.Overlay(root, dir)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(overlay)
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Replace map[string]string }
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	at, err := filepath.Abs(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	with, err := os.ReadFile(got.Replace[at])
	if err != nil {
		t.Fatal(err)
	}
	without, err := os.ReadFile(at)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(with, without) || !bytes.Contains(with, []byte(b.Edits[0].New)) {
		t.Errorf("%s is not changed as %s has it", file, b.Name)
	}
}

func TestParse(t *testing.T) {
	b, err := parse("x", "promise P3\nOne thing.\nShows at once.\n\nedit pkg/a.go\n-\told\n \tstays\n+\tnew\n\nedit pkg/b.go\n-b\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []Edit{{"pkg/a.go", "\told\n\tstays\n", "\tstays\n\tnew\n"}, {"pkg/b.go", "b\n", ""}}
	if b.Promise != "P3" || b.Says != "One thing. Shows at once." || !slices.Equal(b.Edits, want) {
		t.Errorf("%+v", b)
	}
	for _, text := range []string{"", "promise P3\nSays.\n", "promise P3\n\nedit a\n-x\n", "Says.\n\nedit a\n-x\n", "promise P3\nSays.\n\nedit a\n+x\n",
		"promise P3\nSays.\n\nedit a\nx\n", "promise P3\nSays.\n\nedit a\n-x\n+x\n", "promise P3\nSays.\n\nedit a\n-x\n\nmore words\n"} {
		if b, err := parse("x", text); err == nil {
			t.Errorf("%q is taken as %+v", text, b)
		}
	}
}

// What stands in a file twice, or not at all, is no place for a bug.
func TestOldStandsOnce(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a"), []byte("one\ntwo\none\ntwo and three\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for old, want := range map[string]string{"two\n": "one\nnew\none\ntwo and three\n", "one\n": "", "three\n": "", "one\ntwo and three\n": "one\ntwo\nnew\n"} {
		got, err := Bug{Edits: []Edit{{"a", old, "new\n"}}}.Sources(dir)
		if got["a"] != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", old, got["a"], err)
		}
	}
}

// Every bug compiles. This takes minutes: PLANTED_BUILD=1, and PLANTED_BUILD=NAME for
// those whose name has NAME in it.
func TestBugsBuild(t *testing.T) {
	which := os.Getenv("PLANTED_BUILD")
	if which == "" {
		t.Skip("PLANTED_BUILD is not set: the bugs are not compiled")
	}
	for _, b := range all(t) {
		if which != "1" && !strings.Contains(b.Name, which) {
			continue
		}
		t.Run(b.Name, func(t *testing.T) {
			overlay, err := b.Overlay(root, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			args := []string{"build", "-overlay", overlay}
			for _, p := range b.Packages() {
				args = append(args, "./"+p)
			}
			cmd := exec.Command("go", args...)
			cmd.Dir = root
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
