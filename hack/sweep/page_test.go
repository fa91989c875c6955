package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the generated blocks")

// TestPages: the pages quote the run of results.json and no other.
func TestPages(t *testing.T) {
	t.Chdir("../..")
	r, err := load(resultsFile)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := write(r); err != nil {
			t.Fatal(err)
		}
	}
	found, err := os.ReadFile(foundFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range blocks(r, found) {
		page, err := os.ReadFile(b.file)
		if err != nil {
			t.Fatal(err)
		}
		if want, err := put(string(page), b.name, b.text); err != nil || want != string(page) {
			t.Errorf("%s does not quote %s in its block %q (%v): go run ./hack/sweep -pages writes it anew", b.file, resultsFile, b.name, err)
		}
	}
	if bad, err := put(begin("x")+"old\n"+end("x"), "x", "new\n"); err != nil || bad != begin("x")+"new\n"+end("x") {
		t.Errorf("a block is put as %q: %v", bad, err)
	}
}

// TestFound: what was found is told with its case, what was wrong and the mend.
func TestFound(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", foundFile))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		if parts := strings.Split(strings.TrimSpace(line), " | "); len(parts) != 3 || strings.Count(parts[0], "/") < 2 && !strings.HasPrefix(parts[0], "TestSoak ") {
			t.Errorf("%q is not SCENARIO/CALL/FAULT | what was wrong | how it was mended", line)
		}
	}
}

// TestSurvivors: a bug that nothing caught is told by its name, wherever bugs are told.
func TestSurvivors(t *testing.T) {
	r := results{Planted: []bug{{Name: "seen", Caught: true, By: "a/b#1/F1"}, {Name: "unseen", Says: "does harm"}}}
	for where, text := range map[string]string{"summary": summary(r), "readme": readme(r), "page": plantedTable(r)} {
		if !strings.Contains(text, "unseen") {
			t.Errorf("%s keeps quiet about it: %s", where, text)
		}
	}
}
