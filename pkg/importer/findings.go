package importer

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/lint"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// origin is what a service was made of: the file of its tool, and the values that
// became sections of the document.
type origin struct {
	spec.Tree
	parts []part
}

// part is a value that became a section, or some fields of one.
type part struct {
	section string
	spec.Tree
}

// judged reads drafts as the operator will. refused is why its parser would not
// take them. Of what it takes, found is what validate would say, each at the
// place of the source that it comes from.
func (p *project) judged(drafts []spec.Draft, from origin) (refused []string, found []spec.Problem) {
	var files []spec.File
	for i, d := range drafts {
		data, err := d.YAML()
		if err != nil {
			return []string{err.Error()}, nil
		}
		files = append(files, spec.File{Path: fmt.Sprintf("%d.yaml", i), Data: data})
	}
	res := spec.Parse(files, kinds.Sections(), spec.Options{})
	for _, x := range res.Problems {
		if x.Severity == spec.Error && !slices.Contains(refused, x.Message) {
			refused = append(refused, x.Message)
		}
	}
	if len(refused) > 0 {
		return refused, nil
	}
	all := kinds.All(nil)
	for _, d := range res.Documents {
		u, problems := resource.Desire(resource.Frame{Owner: resource.DefaultOwner}, resource.DefaultTarget, d, all)
		for _, x := range append(problems, lint.Check(u)...) {
			if x.Severity == spec.Warning && strings.Contains(x.Message, unset) {
				continue // of a value that is still to be written
			}
			x = p.traced(x, files, from)
			if !slices.Contains(found, x) { // the instances of a service have most in common
				found = append(found, x)
			}
		}
	}
	return nil, found
}

// traced moves a problem of a draft to what it was made of.
func (p *project) traced(x spec.Problem, files []spec.File, from origin) spec.Problem {
	at := from.Tree
	steps, value := written(x, files)
	if t, ok := from.find(pathSteps(x.Path)); ok {
		at = t
	} else if t, ok := from.find(steps); ok {
		at = t
	} else if v := p.vars.named(last(steps)); v != nil && slices.Contains(steps, "vars") {
		at = v.at
	} else if t, ok := holding(from.Tree, value); ok {
		at = t
	}
	said := "as it stands, validate refuses it: "
	if x.Severity == spec.Warning {
		said = ""
	}
	return spec.Problem{File: at.File, Line: at.Line, Column: at.Column, Severity: x.Severity, Code: x.Code, Message: said + x.Message}
}

// find is the place that a path of the document was made of: as far down as the
// source has it.
func (o origin) find(steps []string) (spec.Tree, bool) {
	var best spec.Tree
	depth := 0
	for _, part := range o.parts {
		if len(steps) == 0 || steps[0] != part.section {
			continue
		}
		if t, n := descend(part.Tree, steps[1:]); n+1 > depth {
			best, depth = t, n+1
		}
	}
	return best, depth > 0
}

// descend walks down as far as there is a way, and counts the steps.
func descend(t spec.Tree, steps []string) (spec.Tree, int) {
	if len(steps) == 0 {
		return t, 0
	}
	next := spec.Tree{}
	if i, err := strconv.Atoi(steps[0]); err == nil {
		switch {
		case i >= 0 && i < len(t.List):
			next = t.List[i]
		case i >= 0 && i < len(t.Map): // pairs that are written as a mapping
			next = t.Map[i].Value
		default:
			return t, 0
		}
	} else {
		j := slices.IndexFunc(t.Map, func(e spec.Pair) bool { return strings.EqualFold(e.Key, steps[0]) })
		if j < 0 {
			return t, 0
		}
		if next = t.Map[j].Value; next.Sort != spec.Scalar {
			next.Line, next.Column = t.Map[j].At.Line, t.Map[j].At.Column
		}
	}
	end, n := descend(next, steps[1:])
	return end, n + 1
}

// pathSteps takes "containerDefinitions[0].image" apart.
func pathSteps(path string) []string {
	if path == "" {
		return nil
	}
	return strings.Split(strings.NewReplacer("[", ".", "]", "").Replace(path), ".")
}

// written finds the place of a problem in its draft: the steps below spec, or
// below a patch, and the text that stands there.
func written(x spec.Problem, files []spec.File) (steps []string, value string) {
	for _, f := range files {
		if f.Path != x.File {
			continue
		}
		docs, _ := spec.ReadTree(f.Path, f.Data)
		for _, d := range docs {
			steps, value = way(d, x.Line, x.Column)
		}
	}
	steps = slices.DeleteFunc(steps, func(s string) bool { return s == "spec" || s == "patch" })
	return steps, value
}

// way is the way down to a place.
func way(t spec.Tree, line, column int) ([]string, string) {
	here := func(t spec.Tree) bool { return t.Line == line && t.Column == column }
	for _, e := range t.Map {
		if here(e.At) || here(e.Value) {
			return []string{e.Key}, e.Value.Text()
		}
		if steps, value := way(e.Value, line, column); steps != nil {
			return append([]string{e.Key}, steps...), value
		}
	}
	for i, item := range t.List {
		if here(item) {
			return []string{strconv.Itoa(i)}, item.Text()
		}
		if steps, value := way(item, line, column); steps != nil {
			return append([]string{strconv.Itoa(i)}, steps...), value
		}
	}
	return nil, ""
}

// holding finds the first scalar of a tree with a text.
func holding(t spec.Tree, text string) (spec.Tree, bool) {
	if text == "" {
		return t, false
	}
	if t.Sort == spec.Scalar {
		return t, t.Text() == text
	}
	for _, e := range t.Map {
		if found, ok := holding(e.Value, text); ok {
			return found, true
		}
	}
	for _, item := range t.List {
		if found, ok := holding(item, text); ok {
			return found, true
		}
	}
	return t, false
}

func last(steps []string) string {
	if len(steps) == 0 {
		return ""
	}
	return steps[len(steps)-1]
}
