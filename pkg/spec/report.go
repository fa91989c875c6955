package spec

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// maxProblems bounds what is told about one document, and with it the work of
// finding good words: nobody reads the hundred-and-first error of a file.
const maxProblems = 100

// reporter collects the problems of one file or document.
type reporter struct {
	file     string // of nodes that do not say theirs
	problems []Problem
	errors   int
	// variables: those of the tree were put in, or told as problems, already.
	variables bool
}

// full reports whether there is no sense in looking for more problems.
func (r *reporter) full() bool { return len(r.problems) > maxProblems }

func (r *reporter) add(p Problem) {
	if p.File == "" {
		p.File = r.file
	}
	if r.full() {
		if p.Severity == Error {
			r.errors++
		}
		return
	}
	if len(r.problems) == maxProblems {
		p = Problem{File: r.file, Severity: Error, Message: fmt.Sprintf("more than %d problems; the rest is not listed", maxProblems)}
	}
	r.problems = append(r.problems, p)
	if p.Severity == Error {
		r.errors++
	}
}

func (r *reporter) errorf(n *yaml.Node, format string, args ...any) {
	r.at(n, Error, format, args...)
}

func (r *reporter) warnf(n *yaml.Node, format string, args ...any) {
	r.at(n, Warning, format, args...)
}

// at adds a problem at a node. What concerns the whole file stands at its beginning.
func (r *reporter) at(n *yaml.Node, s Severity, format string, args ...any) {
	p := Problem{Severity: s, Line: 1, Column: 1, Message: fmt.Sprintf(format, args...)}
	if n != nil {
		p.File, p.Line, p.Column = r.fileOf(n), n.Line, n.Column
	}
	r.add(p)
}

func sortProblems(ps []Problem) {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Column, b.Column), cmp.Compare(a.Severity, b.Severity), strings.Compare(a.Message, b.Message))
	})
}

// quoted prints a value in a message, shortened when it is long.
func quoted(s string) string {
	if r := []rune(s); len(r) > 60 {
		s = string(r[:57]) + "..."
	}
	return fmt.Sprintf("%q", s)
}

// some lists what there is, and stops where nobody would read on.
func some(names []string) string {
	const most = 12
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

func nodeKind(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "mapping"
	case yaml.SequenceNode:
		return "list"
	case yaml.AliasNode:
		return "alias"
	}
	return "single value"
}

// got says what sort of thing stands where something else was expected, and never
// repeats it: what slipped into another place may be a secret, as in an environment
// written as a list of NAME=value.
func got(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode {
		return "a " + nodeKind(n)
	}
	switch n.ShortTag() {
	case "!!null":
		return "nothing"
	case "!!bool":
		return "true or false"
	case "!!int", "!!float":
		return "a number"
	}
	return "text"
}

// What was meant as a number or as a word of a closed list looks so.
var (
	numberLike = regexp.MustCompile(`^[-+]?[0-9][0-9._]*([eE][-+]?[0-9]+)?[ ]?[A-Za-z%/]{0,8}$`)
	wordLike   = regexp.MustCompile(`^[A-Za-z]+([._/-]?[A-Za-z]+)*[0-9]{0,3}$`)
)

// told repeats a wrong number, time or word of a closed list, so that one sees the
// slip in it. Of anything that does not look like one it only says that it is text.
func told(value string, meant ...string) string {
	switch {
	case shape.SecretValue(value):
	case value == "", len(value) <= 40 && numberLike.MatchString(value), len(value) <= 30 && wordLike.MatchString(value), Nearest(value, meant) != "":
		return quoted(value)
	}
	return "text"
}

// isNull reports whether a node says "not written".
func isNull(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}
