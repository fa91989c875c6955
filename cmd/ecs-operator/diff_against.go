package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/source"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// runAgainst compares two revisions of the documents with each other, and asks
// nobody: not AWS, and of git only the server of --git. It is what a pull request
// can have without credentials.
func runAgainst(ctx context.Context, c *console, g *globalOptions, o *diffOptions, paths []string) error {
	log := newLogger(c, g)
	now, err := o.open(c, g, paths, true, log)
	if err != nil {
		return err
	}
	defer func() { _ = now.close() }() // a copy in a directory for such things
	var before source.Source
	if o.remote() {
		former := o.sourceOptions
		former.git.ref, former.git.lacks = o.against, true
		from, err := former.open(c, g, paths, true, log)
		if err != nil {
			return err
		}
		defer func() { _ = from.close() }()
		before = from.Source
	} else if before, err = source.NewGitRevision(ctx, o.against, now.paths, log); err != nil {
		return err
	}
	all := kinds.All(nil)
	load, err := offlineLoad(ctx, c, g, &o.formOptions, all, log)
	if err != nil {
		return err
	}
	was, err := load(before)
	if err != nil {
		return err
	}
	is, err := load(now.Source)
	if err != nil {
		return err
	}
	is.Problems = append(is.Problems, unknownBefore(o.against, was, is)...)
	writeProblems(c.err, c.errStyle, is.Problems)
	if len(was.Units)+len(is.Units) == 0 {
		return nothingToDo(now, is)
	}
	between := fmt.Sprintf("%s (%s) → %s", shortRevision(was.Revision), o.against, now.shown(is))
	c.note("%s\n", c.errStyle.dim("specs @ "+between+"  nobody was asked what AWS has"))
	outcomes := betweenRevisions(all, g, o, was, is)
	return reportAgainst(c, g, o, now, was, is, outcomes)
}

// unknownBefore warns of what could not be read of the former revision: nothing says
// that it was not there.
func unknownBefore(revision string, was, is reconcile.Loaded) []spec.Problem {
	newer := map[string]bool{}
	for _, u := range is.Units {
		newer[u.Key.String()] = true
	}
	var out []spec.Problem
	for _, p := range was.Problems {
		if p.Severity != spec.Error || p.Document != "" && !newer[p.Document] {
			continue
		}
		p.Severity, p.Message = spec.Warning, fmt.Sprintf("as it was in %s: %s; what it says now is shown as new, whatever was in force then", revision, p.Message)
		out = append(out, p)
	}
	return out
}

// unknownNow says why what the newer revision does not name may be there all the
// same, "" for no reason.
func unknownNow(o *diffOptions, is reconcile.Loaded) string {
	for _, p := range is.Problems {
		if p.Severity == spec.Error {
			return p.String()
		}
	}
	if !is.Complete && len(o.envs) == 0 {
		return "some of its files could not be read"
	}
	return ""
}

// betweenRevisions plans every document of either revision.
func betweenRevisions(all []resource.Kind, g *globalOptions, o *diffOptions, was, is reconcile.Loaded) []reconcile.Outcome {
	older, newer := map[resource.UnitKey]*resource.Unit{}, map[resource.UnitKey]*resource.Unit{}
	var keys []resource.UnitKey
	for _, u := range was.Units {
		older[u.Key] = u
		keys = append(keys, u.Key)
	}
	for _, u := range is.Units {
		newer[u.Key] = u
		if older[u.Key] == nil {
			keys = append(keys, u.Key)
		}
	}
	slices.SortFunc(keys, func(a, b resource.UnitKey) int { return strings.Compare(a.String(), b.String()) })
	doubt := unknownNow(o, is)
	var out []reconcile.Outcome
	for _, key := range keys {
		if _, bad := is.Frozen[key.String()]; bad {
			continue // its problem is told
		}
		if newer[key] == nil && doubt != "" {
			continue // nothing says that it has gone
		}
		in := plan.Input{Frame: resource.Frame{Owner: g.owner, Scope: g.scope, Source: is.Revision}, Unit: newer[key], Kinds: all, Cover: o.verbose,
			Gone: &plan.Departure{Asked: o.prune}, Doubt: doubt}
		out = append(out, reconcile.Outcome{Plan: plan.Between(in, older[key])})
	}
	return out
}

// reportAgainst prints the comparison as diff prints any.
func reportAgainst(c *console, g *globalOptions, o *diffOptions, now origin, was, is reconcile.Loaded, outcomes []reconcile.Outcome) error {
	totals := totalDiff(outcomes)
	code := diffExit(is, totals)
	switch {
	case o.json():
		report := diffReport{
			frame:   frame{APIVersion: diffVersion, Source: now.ref(is.Revision, is.Ref, is.Signer)},
			Against: &sourceRef{Revision: was.Revision, Ref: o.against, URL: now.url, Paths: now.paths},
			Owner:   g.owner, Scope: g.scope, GeneratedAt: c.now().UTC(),
			Summary: totals, Services: diffJSON(outcomes, o.all || o.verbose), Problems: problemsJSON(is.Problems), Exit: code,
		}
		for i := range report.Services {
			report.Services[i].Plan = nil // it was made on what nobody has read: apply takes none of it
		}
		if err := writeJSON(c.out, report); err != nil {
			return err
		}
	case o.format == "markdown":
		text := diffMarkdown{revision: shortRevision(was.Revision) + " → " + shortRevision(is.Revision), at: c.now(), totals: totals, outcomes: outcomes, problems: is.Problems}.text()
		if _, err := io.WriteString(c.out, text); err != nil {
			return err
		}
	default:
		diffText{w: c.out, p: c.outStyle, all: o.all || o.verbose, fields: o.verbose, width: c.width()}.write(outcomes)
		_, _ = fmt.Fprintln(c.out, totals.summary(o.all))
		_, _ = fmt.Fprintf(c.out, "Two revisions were compared, and AWS was not asked. exit %d\n", o.exit(code))
	}
	return exitWith(o.exit(code))
}
