package importer

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// project is one import of files of another tool.
type project struct {
	tool     string
	env      string // name of the Environment that is drafted
	region   spec.Tree
	vars     variables
	services []spec.Draft
	from     []origin // what each of them was made of
	making   []part   // what the service that is being made was made of so far
	patches  []spec.Draft
	// templates are those that the services use.
	templates []spec.Draft
	problems  []spec.Problem
	sections  map[string]spec.Section
	read      map[string]bool // files that were taken in
	// environments are those that a tool names itself, instead of env.
	environments map[string]bool
}

func newProject(tool, env string) *project {
	p := &project{tool: tool, env: env, sections: map[string]spec.Section{}, read: map[string]bool{}}
	for _, s := range kinds.Sections() {
		p.sections[s.Path] = s
	}
	return p
}

func (p *project) errorf(t spec.Tree, format string, args ...any) {
	p.problems = append(p.problems, t.Problem(spec.Error, format, args...))
}

func (p *project) warnf(t spec.Tree, format string, args ...any) {
	p.problems = append(p.problems, t.Problem(spec.Warning, format, args...))
}

// service takes in a document, with the place that it was made of. Two of one
// identity would freeze each other: the first stays.
func (p *project) service(d spec.Draft, from spec.Tree) {
	for i, have := range p.services {
		if have.Name == d.Name && text(at(have.Spec, "cluster")) == text(at(d.Spec, "cluster")) {
			p.errorf(from, "the service %s is declared at %s too: this one is left out", d.Name, placeOf(p.from[i].Tree))
			return
		}
	}
	p.services, p.from = append(p.services, d), append(p.from, origin{from, p.making})
}

func placeOf(t spec.Tree) string { return fmt.Sprintf("%s:%d:%d", t.File, t.Line, t.Column) }

// result puts the documents together, environments first, and reads them as the
// operator will: what the parser would refuse is no document, and is named; so is
// what validate finds in what is one.
func (p *project) result() Result {
	p.problems = append(p.problems, p.vars.open()...)
	envs := p.environmentDrafts()
	var out Result
	for i, d := range p.services {
		drafts := []spec.Draft{d}
		for _, patch := range p.patches {
			if at(patch.Spec, "service") == d.Name {
				drafts = append(drafts, patch)
			}
		}
		refused, found := p.judged(slices.Concat(envs, p.templates, drafts), p.from[i])
		if len(refused) > 0 {
			for _, why := range refused {
				p.errorf(p.from[i].Tree, "no document is made of %s: %s", d.Name, why)
			}
			continue
		}
		p.problems = append(p.problems, found...)
		out.Drafts = append(out.Drafts, drafts...)
	}
	if len(out.Drafts) > 0 {
		out.Drafts = slices.Concat(envs, p.templates, out.Drafts)
	}
	out.Problems = p.problems
	sortProblems(out.Problems)
	return out
}

// environmentDrafts are those that the tool names, else the one of env where
// there is something to hold.
func (p *project) environmentDrafts() []spec.Draft {
	var out []spec.Draft
	for _, name := range slices.Sorted(maps.Keys(p.environments)) {
		out = append(out, environment(name, p.region.Text(), p.vars.forEnvironment(name)))
	}
	vars, region := p.vars.vars(), p.region.Text()
	if len(out) > 0 || len(vars) == 0 && region == "" {
		return out
	}
	for i := range p.services {
		p.services[i].Spec = append(spec.Map{{Key: "environment", Value: p.env}}, p.services[i].Spec...)
	}
	return []spec.Draft{environment(p.env, region, vars)}
}

// environment drafts a document of that kind.
func environment(name, region string, vars spec.Map) spec.Draft {
	var m spec.Map
	if region != "" {
		m = m.With("region", region)
	}
	if len(vars) > 0 {
		m = m.With("vars", vars)
	}
	return spec.Draft{Kind: "Environment", Name: name, Spec: m}
}

// maxFile bounds what is read of one file; spec.ReadTree has the same bound.
var maxFile = int64(spec.DefaultLimits.FileBytes)

// file reads a file, bounded. what says who wants it and where.
func (p *project) file(path string, wanted spec.Tree) ([]byte, bool) {
	p.read[filepath.Clean(path)] = true
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		hint := ""
		if strings.HasSuffix(path, "sonnet") {
			hint = "; a Jsonnet file must be rendered first (ecspresso render)"
		}
		p.errorf(wanted, "%s is not there%s", path, hint)
		return nil, false
	case err != nil:
		p.errorf(wanted, "%s cannot be read: %v", path, err)
		return nil, false
	case !info.Mode().IsRegular():
		p.errorf(wanted, "%s is no file", path)
		return nil, false
	case info.Size() > maxFile:
		p.errorf(wanted, "%s has %d bytes; the limit is %d", path, info.Size(), maxFile)
		return nil, false
	}
	data, err := os.ReadFile(path)
	if err != nil {
		p.errorf(wanted, "%s cannot be read: %v", path, err)
		return nil, false
	}
	return data, true
}

// template reads a file of one document, with its template calls replaced.
func (p *project) template(path string, wanted spec.Tree, replace func(spec.Tree, call) string) (spec.Tree, bool) {
	data, ok := p.file(path, wanted)
	if !ok {
		return spec.Tree{}, false
	}
	text, problems := render(path, data, func(c call) string {
		return replace(spec.Tree{File: path, Line: c.at.line, Column: c.at.column}, c)
	})
	p.problems = append(p.problems, problems...)
	if text.text == nil {
		return spec.Tree{}, false
	}
	docs, problems := spec.ReadTree(path, text.text)
	bad := false
	for _, x := range problems {
		x.Line, x.Column = text.origin(x.Line, x.Column)
		bad = bad || x.Severity == spec.Error
		p.problems = append(p.problems, x)
	}
	switch {
	case bad:
		return spec.Tree{}, false
	case len(docs) == 0:
		p.errorf(spec.Tree{File: path, Line: 1, Column: 1}, "the file holds nothing")
		return spec.Tree{}, false
	case len(docs) > 1:
		p.errorf(text.tree(docs[1]), "the file holds %d documents: only the first is imported", len(docs))
	}
	return text.tree(docs[0]), true
}

// tree moves the places of a tree to where its text stands in the file.
func (r rendered) tree(t spec.Tree) spec.Tree {
	t.Line, t.Column = r.origin(t.Line, t.Column)
	for i := range t.Map {
		t.Map[i].At, t.Map[i].Value = r.tree(t.Map[i].At), r.tree(t.Map[i].Value)
	}
	for i := range t.List {
		t.List[i] = r.tree(t.List[i])
	}
	return t
}

// body fits a foreign value to a section.
func (p *project) body(section string, t spec.Tree, skip ...string) spec.Map {
	p.making = append(p.making, part{section, t})
	f := newFitter(p.sections[section], &p.vars)
	m := f.body(t, skip...)
	p.problems = append(p.problems, f.problems...)
	return m
}

func sortProblems(ps []spec.Problem) {
	slices.SortStableFunc(ps, func(a, b spec.Problem) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), strings.Compare(a.Message, b.Message))
	})
}
