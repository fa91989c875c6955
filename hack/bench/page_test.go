package main

import (
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write docs/benchmarks.md anew")

// TestPage holds docs/benchmarks.md to the committed figures.
func TestPage(t *testing.T) {
	all, err := readResults("results.json")
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("../../"+page, []byte(render(all)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile("../../" + page)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != render(all) {
		t.Errorf("%s is not what %s says: run this test with -update", page, resultsFile)
	}
	if len(all) == 0 {
		t.Error("nothing was measured")
	}
}

// TestFloor: the floor is the arithmetic of the design's numbers.
func TestFloor(t *testing.T) {
	for services, want := range map[int]int{1000: 263, 10000: 2625} {
		if have := steadyFloor(services).total(); have != want {
			t.Errorf("%d services: %d calls, want %d", services, have, want)
		}
	}
}

// TestFiguresAreWhole: every life of a fleet was measured to its end, wrote nothing
// over an unchanged world, and every figure that a target is about is there.
func TestFiguresAreWhole(t *testing.T) {
	all, err := readResults("results.json")
	if err != nil {
		t.Fatal(err)
	}
	each(all, func(r result, name string, s scenario) {
		if s.Ready <= 0 || s.Cold.Calls.total() == 0 || s.Steady.Passes == 0 || s.Steady.CPU <= 0 || s.PeakMB <= 0 {
			t.Errorf("%d services, %s: a figure is missing: %+v", r.Services, name, s)
		}
		if s.Writes > 0 {
			t.Errorf("%d services, %s: steady passes wrote %d times", r.Services, name, s.Writes)
		}
		if r.Bare.CPU <= 0 || r.Edit.Calls.total() == 0 || r.Made.Calls["CreateService"] != r.Services {
			t.Errorf("%d services: a figure is missing", r.Services)
		}
	})
}
