package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// targetSet is where a run may work: what --targets says, else the one target
// that the other flags describe.
type targetSet struct {
	file    map[string]spec.Target // nil without --targets
	sandbox bool
	region  string // where a target names none
}

// readTargets reads the file of --targets, if there is one, and prints what is
// wrong with it, all at once.
func readTargets(c *console, g *globalOptions) (targetSet, error) {
	set := targetSet{sandbox: g.sandboxed(), region: g.region}
	if g.targets == "" {
		return set, nil
	}
	file, err := targetsFile(g.targets)
	if err != nil {
		return set, err
	}
	var problems []spec.Problem
	set.file, problems = spec.ParseTargets(file)
	if set.sandbox && countErrors(problems) == 0 {
		for _, name := range slices.Sorted(maps.Keys(set.file)) {
			if why := notEmbedded(set.file[name]); why != "" {
				problems = append(problems, spec.Problem{File: set.file[name].Pos, Message: fmt.Sprintf("target %q: %s", name, why)})
			}
		}
	}
	writeProblems(c.err, c.errStyle, problems)
	if n := countErrors(problems); n > 0 {
		return set, fmt.Errorf("--targets %s cannot be used, because of the %s above", file.Path, count(n, "error"))
	}
	return set, nil
}

// targetsFile is what --targets means: the name of a file, or, where a container gets
// nothing but variables, the content itself, which begins with its first key.
func targetsFile(value string) (spec.File, error) {
	if text := strings.TrimSpace(value); strings.HasPrefix(text, "targets:") || strings.HasPrefix(text, "{") {
		return spec.File{Path: envName("targets"), Data: []byte(value)}, nil
	}
	data, err := os.ReadFile(value)
	if err != nil {
		return spec.File{}, fmt.Errorf("--targets: %w", err)
	}
	return spec.File{Path: value, Data: data}, nil
}

// notEmbedded says why a target cannot be the embedded AWS, "" when it can.
func notEmbedded(t spec.Target) string {
	here := fmt.Sprintf("the embedded AWS is account %s in %s and has no roles", sandbox.Account, sandbox.Region)
	switch {
	case t.RoleARN != "":
		return here + ": leave roleArn out, or leave out --sandbox"
	case t.Account != "" && t.Account != sandbox.Account:
		return here + ": it cannot stand for account " + t.Account
	case t.Region != "" && t.Region != sandbox.Region:
		return here + ": it cannot stand for region " + t.Region
	}
	return ""
}

// clients are the options of the pool: what each target name means.
func (s targetSet) clients(g *globalOptions) map[string]awsclient.Target {
	usual := awsclient.Target{Region: g.region, Profile: g.profile, RoleARN: g.assumeRole, ExternalID: g.externalID}
	if s.sandbox {
		usual = awsclient.Target{Region: sandbox.Region}
	}
	if s.file == nil {
		return map[string]awsclient.Target{resource.DefaultTarget: usual}
	}
	out := map[string]awsclient.Target{}
	for name, t := range s.file {
		one := usual
		one.Account, one.RoleARN, one.ExternalID = t.Account, t.RoleARN, t.ExternalID
		if t.Region != "" {
			one.Region = t.Region
		}
		out[name] = one
	}
	return out
}

// names are what documents may name, nil for anything: without a file the
// embedded AWS stands for every target, so that examples can be tried.
func (s targetSet) names() []string {
	switch {
	case s.file != nil:
		return slices.Sorted(maps.Keys(s.file))
	case s.sandbox:
		return nil
	}
	return []string{resource.DefaultTarget}
}

// offline are the names that a command which asks nobody checks: those of the
// file, else anything.
func (s targetSet) offline() []string {
	if s.file == nil {
		return nil
	}
	return s.names()
}

// place tells targets apart that are different accounts or regions. A target
// without account and role is the caller's own account.
func (s targetSet) place(name string) string {
	switch {
	case s.sandbox:
		return ""
	case s.file == nil:
		return name // nobody knows better
	}
	t := s.file[name]
	if t.Region == "" {
		t.Region = s.region
	}
	return t.Place()
}

// where asks a target's clients who and where they are.
func where(pool awsclient.Provider) func(context.Context, string) (account, region string, err error) {
	return func(ctx context.Context, name string) (string, string, error) {
		c, err := pool.For(ctx, name)
		if err != nil {
			return "", "", err
		}
		return c.Account, c.Region, nil
	}
}

// inUse are the targets that the documents are for, sorted; all that are
// configured where there is no document.
func (m *machine) inUse(loaded reconcile.Loaded) []string {
	in := map[string]bool{}
	for _, u := range loaded.Units {
		in[u.Key.Target] = true
	}
	if len(in) == 0 && m.targets.file != nil {
		return m.targets.names()
	}
	if len(in) == 0 {
		return []string{resource.DefaultTarget}
	}
	return slices.Sorted(maps.Keys(in))
}

// headerTargets says of each target where and as whom it is worked on. One that
// cannot be used does not stop the others: only when none can there is an error.
func (m *machine) headerTargets(ctx context.Context, names []string) ([]string, error) {
	var lines []string
	var errs []error
	for _, name := range names {
		clients, err := m.pool.For(ctx, name)
		if err != nil {
			errs = append(errs, err)
			lines = append(lines, "target "+name+"  cannot be used: "+oneLine(err.Error()))
			continue
		}
		line := "account " + clients.Account + "  region " + clients.Region + "  caller " + shortCaller(clients.Caller)
		if len(names) > 1 || name != resource.DefaultTarget {
			line = "target " + name + "  " + line
		}
		lines = append(lines, line)
	}
	if len(errs) == len(names) {
		return nil, errors.Join(errs...)
	}
	return lines, nil
}

// targetJSON is one target in the frame of a JSON report.
type targetJSON struct {
	Name    string `json:"name"`
	Account string `json:"account,omitempty"`
	Region  string `json:"region,omitempty"`
	Error   string `json:"error,omitempty"`
}

// targetsJSON tells the targets of a report; account and region of the whole
// report are those of the only target that has any.
func (m *machine) targetsJSON(ctx context.Context, names []string) (out []targetJSON, account, region string) {
	for _, name := range names {
		t := targetJSON{Name: name}
		if clients, err := m.pool.For(ctx, name); err != nil {
			t.Error = oneLine(err.Error())
		} else {
			t.Account, t.Region = clients.Account, clients.Region
		}
		out = append(out, t)
	}
	if len(out) == 1 {
		account, region = out[0].Account, out[0].Region
	}
	return out, account, region
}
