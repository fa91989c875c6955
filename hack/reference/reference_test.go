package main

import (
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

var update = flag.Bool("update", false, "write generated pages anew")

// top is the repository's top directory, seen from here.
const top = "../../"

func read(t *testing.T, page string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(top, page))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestReferencePage: docs/reference.md is what the code says.
func TestReferencePage(t *testing.T) {
	want := render()
	if *update {
		if err := os.WriteFile(filepath.Join(top, page), []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if read(t, page) != want {
		t.Errorf("%s is stale: go run ./hack/reference", page)
	}
}

// TestReferenceIsWhole: every field of every input stands in a table, and every
// effect that a table names is explained.
func TestReferenceIsWhole(t *testing.T) {
	explained := map[string]bool{"nothing": true, "not compared": true}
	for _, e := range effects {
		explained[string(e.effect)] = true
	}
	for _, s := range kinds.Sections() {
		have := map[string]bool{}
		for _, table := range tablesOf(s) {
			for _, r := range table.rows {
				what, _, _ := strings.Cut(r.change, ":")
				if !explained[what] {
					t.Errorf("%s: %s: nothing explains %q", s.Path, r.name, r.change)
				}
				for _, path := range table.paths {
					have[shape.Join(path, r.name)] = true
				}
			}
		}
		for _, path := range fieldsOf(reflect.TypeOf(s.New()), "", 0) {
			first, _, _ := strings.Cut(path, "[]")
			if !have[path] && kinds.Rules(s.Kind).Ignored[first] == "" {
				t.Errorf("%s: %s is in no table", s.Path, path)
			}
		}
	}
}

// fieldsOf lists the paths of an input, unions apart.
func fieldsOf(t reflect.Type, path string, depth int) []string {
	t = shape.Deref(t)
	switch {
	case depth > deepest || shape.IsTime(t):
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
