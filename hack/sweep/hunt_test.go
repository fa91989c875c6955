package main

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ecs-operator/ecs-operator/hack/planted"
)

// TestCaught: what is remembered is of bugs that there are, and comes back as it was kept.
func TestCaught(t *testing.T) {
	kept, err := loadCaught(filepath.Join("..", "..", caughtFile))
	if err != nil {
		t.Fatal(err)
	}
	all, err := planted.All()
	if err != nil {
		t.Fatal(err)
	}
	for name, by := range kept {
		if !slices.ContainsFunc(all, func(b planted.Bug) bool { return b.Name == name }) {
			t.Errorf("%s has %s, which is no bug", caughtFile, name)
		}
		if !strings.HasSuffix(by, itsReference) && strings.Count(by, "/") < 2 {
			t.Errorf("%s was caught by %q, which is neither a case nor a reference", name, by)
		}
	}
	again := filepath.Join(t.TempDir(), "kept", "caught.txt")
	if err := saveCaught(again, kept); err != nil {
		t.Fatal(err)
	}
	if back, err := loadCaught(again); err != nil || !maps.Equal(back, kept) {
		t.Errorf("%v, %v", back, err)
	}
	if none, err := loadCaught(filepath.Join(t.TempDir(), "none")); err != nil || len(none) > 0 {
		t.Errorf("%v, %v", none, err)
	}
}
