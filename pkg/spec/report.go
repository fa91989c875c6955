package spec

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// reporter collects the problems of one file or document.
type reporter struct {
	file     string
	problems []Problem
	errors   int
}

func (r *reporter) add(p Problem) {
	p.File = r.file
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

func (r *reporter) at(n *yaml.Node, s Severity, format string, args ...any) {
	p := Problem{Severity: s, Message: fmt.Sprintf(format, args...)}
	if n != nil {
		p.Line, p.Column = n.Line, n.Column
	}
	r.add(p)
}

// pos prints where a node stands.
func (r *reporter) pos(n *yaml.Node) string {
	return fmt.Sprintf("%s:%d:%d", r.file, n.Line, n.Column)
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

// got says what stands where something else was expected.
func got(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode {
		return quoted(n.Value)
	}
	return "a " + nodeKind(n)
}

// isNull reports whether a node says "not written".
func isNull(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}
