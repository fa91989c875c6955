package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ecs-operator/ecs-operator/hack/planted"
)

// caughtFile remembers by what each bug was caught last, which is then tried first: a line
// for each, "NAME: CASE".
const caughtFile = "hack/sweep/testdata/caught.txt"

// control is the sweep as it is: what fails there fails for no bug's sake.
const control = "control.test"

// hunt runs the planted bugs whose names match, and tells of each as it comes.
func (r runner) hunt(ctx context.Context, match *regexp.Regexp) ([]bug, error) {
	all, err := planted.All()
	if err != nil {
		return nil, err
	}
	if err := r.build(ctx, control); err != nil {
		return nil, err
	}
	last, err := loadCaught(filepath.Join(r.root, caughtFile))
	if err != nil {
		return nil, err
	}
	var out []bug
	for _, p := range all {
		if !match.MatchString(p.Name) {
			continue
		}
		b, err := r.bug(ctx, p, last[p.Name])
		if err != nil {
			return out, err
		}
		out = append(out, b)
		verdict := "SURVIVED"
		if b.Caught {
			verdict, last[p.Name] = "caught", b.By
		} else {
			delete(last, p.Name)
		}
		fmt.Printf("  %-9s %-36s %4d cases, %3.0f + %5.1f s  %s: %s\n", verdict, b.Name, b.Cases, b.Building, b.Seconds, b.By, b.Wrong)
		if err := saveCaught(filepath.Join(r.root, caughtFile), last); err != nil {
			return out, err
		}
	}
	return out, nil
}

// build makes a binary of the sweep.
func (r runner) build(ctx context.Context, name string, more ...string) error {
	args := append([]string{"test", "-c", "-vet=off", "-ldflags=-s -w", "-o", filepath.Join(r.dir, name)}, more...)
	if out, err := r.goes(ctx, append(args, pkg)...); err != nil {
		return fmt.Errorf("%w\n%s", err, tail(out))
	}
	return nil
}

// bug builds the sweep with a bug in the program, and runs it until a case fails that
// does not fail without it: first what caught it last, then those at which bugs show
// soonest.
func (r runner) bug(ctx context.Context, p planted.Bug, last string) (bug, error) {
	b := bug{Name: p.Name, Promise: p.Promise, Says: p.Says}
	overlay, err := p.Overlay(r.root, r.dir)
	if err != nil {
		return b, err
	}
	began := time.Now()
	if err := r.build(ctx, p.Name+".test", "-overlay", overlay); err != nil {
		return b, fmt.Errorf("with %s the sweep cannot be built: %w", p.Name, err)
	}
	b.Building = since(began)
	defer os.Remove(filepath.Join(r.dir, p.Name+".test"))
	began = time.Now()
	if last != "" {
		err = r.try(ctx, &b, "-case="+strings.TrimSuffix(last, itsReference))
	}
	if !b.Caught && err == nil {
		err = r.try(ctx, &b, "-every=1")
	}
	if b.Caught && strings.HasSuffix(b.By, itsReference) && err == nil {
		err = r.lives(ctx, &b)
	}
	b.Seconds = since(began)
	return b, err
}

func since(t time.Time) float64 { return float64(time.Since(t).Milliseconds()) / 1000 }

// itsReference stands behind the name of a scenario whose reference failed (pkg/sweep,
// first_test.go).
const itsReference = " (its reference)"

// run starts a binary with a bug in it and gives what it told, and whether it came to
// its own end.
func (r runner) run(ctx context.Context, b *bug, more ...string) (s single, out string, ended bool, err error) {
	file := filepath.Join(r.dir, b.Name+".results")
	if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
		return s, "", false, err
	}
	// What hangs is ended by the test's own clock, which is a failure as well.
	cmd := exec.CommandContext(ctx, filepath.Join(r.dir, b.Name+".test"), append([]string{"-test.run=^TestSingle$", "-test.timeout=" + (2*r.bugBudget + time.Minute).String(),
		"-first", "-control=" + filepath.Join(r.dir, control), "-budget=" + r.bugBudget.String(), "-results=" + file}, more...)...)
	cmd.Dir = filepath.Join(r.root, "pkg", "sweep")
	raw, failed := cmd.CombinedOutput()
	if ctx.Err() != nil {
		return s, "", false, ctx.Err()
	}
	if err := decode(file, &s); err != nil && failed == nil {
		return s, "", false, err
	}
	return s, string(raw), s.CPUs > 0, nil // which is told at the end
}

// try looks for a case that a bug fails.
func (r runner) try(ctx context.Context, b *bug, more ...string) error {
	s, out, ended, err := r.run(ctx, b, more...)
	if err != nil {
		return err
	}
	b.Cases += s.Cases
	switch {
	case len(s.Failures) > 0:
		f := s.Failures[0]
		b.Caught, b.By = true, f.Case
		if len(f.Wrong) > 0 {
			b.Wrong = line(f.Wrong[0])
			return nil
		}
	case !ended:
		b.Caught, b.By = true, "the run, which did not end"
	default:
		return nil
	}
	b.Wrong = line(complaint.FindString(out))
	return nil
}

// itself is a complaint that says itself what was done wrong; that somebody does not come
// to rest, or to the right end, does not.
var itself = regexp.MustCompile(`^I([1-4]|8|9|1[0-2]): `)

// lives lets a bug go that was caught by a reference and breaks every other one as well:
// a program that does nothing any more fails for another reason than the bug's own.
func (r runner) lives(ctx context.Context, b *bug) error {
	if itself.MatchString(b.Wrong) {
		return nil
	}
	for _, name := range []string{"create-plain", "diff-only", "scale-down", "alarm-add"} {
		if s, _, ended, err := r.run(ctx, b, "-case="+name); err != nil || ended && len(s.Failures) == 0 {
			return err
		}
	}
	b.Caught, b.Wrong = false, "nothing works with it, which says nothing: "+b.Wrong
	return nil
}

// complaint is the first thing that a test says is wrong.
var complaint = regexp.MustCompile(`(?m)^ +[a-z_]+\.go:\d+: .*|^panic: .*`)

func loadCaught(path string) (map[string]string, error) {
	out := map[string]string{}
	raw, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return out, nil
	}
	for line := range strings.Lines(string(raw)) {
		name, by, _ := strings.Cut(strings.TrimSpace(line), ": ")
		out[name] = by
	}
	return out, err
}

func saveCaught(path string, by map[string]string) error {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(by)) {
		fmt.Fprintf(&b, "%s: %s\n", name, by[name])
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(b.String()), 0o644)
}
