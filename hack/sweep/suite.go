package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/ecs-operator/ecs-operator/hack/planted"
)

const pkg = "./pkg/sweep"

// suite is one that takes as much time as it is given.
type suite struct {
	says string
	test string
	// args tell the test how long it may take and where its results go.
	args func(budget time.Duration, file string) []string
}

// suites after A, by their letters.
var suites = map[string]suite{
	"c": {"the program killed over TCP", "TestKill", func(d time.Duration, file string) []string {
		return []string{"-kill", "-budget", d.String(), "-results", file}
	}},
	"d": {"a swarm, 10,080 virtual hours of it", "TestSwarm", func(_ time.Duration, file string) []string {
		return []string{"-swarm-hours", "10080", "-results", file}
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

// bug builds the sweep with a bug in the program, and runs it until a case fails.
func (r runner) bug(ctx context.Context, p planted.Bug) (bug, error) {
	b := bug{Name: p.Name, Promise: p.Promise, Says: p.Says}
	overlay, err := p.Overlay(r.root, r.dir)
	if err != nil {
		return b, err
	}
	binary, file := filepath.Join(r.dir, p.Name+".test"), filepath.Join(r.dir, p.Name+".results")
	defer os.Remove(binary)
	if out, err := r.goes(ctx, "test", "-c", "-vet=off", "-overlay", overlay, "-o", binary, pkg); err != nil {
		return b, fmt.Errorf("with %s the sweep cannot be built: %w\n%s", p.Name, err, tail(out))
	}
	began := time.Now()
	// What hangs is ended by the test's own clock, which is a failure as well.
	cmd := exec.CommandContext(ctx, binary, "-test.run=^TestSingle$", "-test.timeout="+(2*r.bugBudget+time.Minute).String(),
		"-first", "-budget="+r.bugBudget.String(), "-results="+file)
	cmd.Dir = filepath.Join(r.root, "pkg", "sweep")
	out, err := cmd.CombinedOutput()
	b.Seconds = float64(time.Since(began).Milliseconds()) / 1000
	if err == nil {
		var s single
		err := decode(file, &s)
		b.Cases = s.Cases
		return b, err
	}
	if ctx.Err() != nil {
		return b, ctx.Err()
	}
	b.Caught = true
	b.by(file, string(out))
	return b, nil
}

// by is what caught a bug: the first case that failed, or what the test said when it
// came to no end.
func (b *bug) by(file, out string) {
	var s single
	if err := decode(file, &s); err == nil && len(s.Failures) > 0 {
		f := s.Failures[0]
		b.By, b.Cases = f.Case, s.Cases
		if len(f.Wrong) > 0 {
			b.Wrong = line(f.Wrong[0])
			return
		}
	}
	if m := complaint.FindString(out); m != "" {
		b.Wrong = line(m)
	}
}

// complaint is the first thing that a test says is wrong.
var complaint = regexp.MustCompile(`(?m)^ +[a-z_]+\.go:\d+: .*|^panic: .*`)

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
