package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const pkg = "./pkg/sweep"

// suite is one that takes as much time as it is given.
type suite struct {
	says string
	test string
	// args tell the test how long it may take and where its results go.
	args func(budget time.Duration, file string) []string
}

// suites after A, by their letters. B and C take the budget, D and E as long as they take.
var suites = map[string]suite{
	"b": {"pairs of faults", "TestPairs", func(d time.Duration, file string) []string {
		return []string{"-pairs", "-budget", d.String(), "-results", file}
	}},
	"c": {"the program killed over TCP", "TestKill", func(d time.Duration, file string) []string {
		return []string{"-kill", "-budget", d.String(), "-results", file}
	}},
	"d": {"a swarm, 10,080 virtual hours of it", "TestSwarm", func(_ time.Duration, file string) []string {
		return []string{"-swarm-hours", "10080", "-results", file}
	}},
	"e": {"1,000 services for seven virtual days", "TestSoak", func(_ time.Duration, file string) []string {
		return []string{"-soak-services", "1000", "-soak-days", "7", "-results", file}
	}},
}

// runner holds what a run needs.
type runner struct {
	root, dir string // of the sources, and for what is built
	bugBudget time.Duration
	every     int
}

// single runs suite A and gives what it tells, failures included.
func (r runner) single(ctx context.Context) (single, error) {
	file := filepath.Join(r.dir, "single.json")
	args := []string{"test", "-count=1", "-timeout=0", "-run", "^TestSingle$", pkg, "-args", "-results", file, "-every", fmt.Sprint(r.every)}
	out, err := r.goes(ctx, args...)
	var s single
	if e := decode(file, &s); e != nil {
		return s, fmt.Errorf("suite A told nothing: %w\n%s", errors.Join(err, e), tail(out))
	}
	return s, nil
}

// suite runs one of the others.
func (r runner) suite(ctx context.Context, letter string, budget time.Duration) (json.RawMessage, error) {
	s := suites[letter]
	file := filepath.Join(r.dir, letter+".json")
	out, err := r.goes(ctx, append([]string{"test", "-count=1", "-timeout=0", "-run", "^" + s.test + "$", pkg, "-args"}, s.args(budget, file)...)...)
	raw, e := os.ReadFile(file)
	if e != nil {
		return nil, fmt.Errorf("suite %s, %s, told nothing: %w\n%s", strings.ToUpper(letter), s.says, errors.Join(err, e), tail(out))
	}
	if err != nil {
		return raw, fmt.Errorf("suite %s failed:\n%s", strings.ToUpper(letter), tail(out))
	}
	return raw, nil
}

// goes runs the go command in the top directory.
func (r runner) goes(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = r.root
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// line is the first line of a text, shortened.
func line(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	if _, rest, ok := strings.Cut(s, ".go:"); ok {
		_, s, _ = strings.Cut(rest, ": ")
	}
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > 160 {
		s = string(runes[:160]) + "…"
	}
	return s
}

func decode(file string, v any) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, v)
}

// tail is the end of an output.
func tail(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-40):], "\n")
}
