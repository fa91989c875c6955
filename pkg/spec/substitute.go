package spec

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

// substituter puts values for "$(env.x)" or "$(params.x)" into a tree. A scalar
// that is nothing but the variable becomes the value, whatever its type, at the
// place where the value is written; inside a text only single values can stand.
// Values are never read for variables again.
type substituter struct {
	r      *reporter
	limits Limits
	// wants is the first word: "env" or "params".
	wants string
	// value answers for a name, or says why there is none.
	value func(name string) (*yaml.Node, string)

	nodes, bytes int
	ended        bool
}

// in returns the tree with all values in place; parts without variables are shared.
func (s *substituter) in(n *yaml.Node) *yaml.Node {
	if s.ended {
		return n
	}
	if n.Kind == yaml.ScalarNode {
		out := s.scalar(n)
		nodes, bytes := size(out)
		s.spend(n, nodes, bytes)
		return out
	}
	s.spend(n, 1, 0)
	out := n
	for i, c := range n.Content {
		fresh := c
		if n.Kind != yaml.MappingNode || i%2 == 1 {
			fresh = s.in(c)
		} else {
			s.spend(c, 1, len(c.Value))
		}
		if fresh == c {
			continue
		}
		if out == n {
			copied := *n
			copied.Content = append([]*yaml.Node(nil), n.Content...)
			out = &copied
		}
		out.Content[i] = fresh
	}
	return out
}

// spend bounds what variables may make of a document.
func (s *substituter) spend(at *yaml.Node, nodes, bytes int) {
	s.nodes, s.bytes = s.nodes+nodes, s.bytes+bytes
	switch {
	case s.ended:
	case s.nodes > s.limits.Nodes:
		s.ended = true
		s.r.errorf(at, "the document has more than %d nodes after its variables are put in", s.limits.Nodes)
	case s.bytes > s.limits.FileBytes:
		s.ended = true
		s.r.errorf(at, "the document has more than %s after its variables are put in", bytesText(s.limits.FileBytes))
	}
}

func (s *substituter) scalar(n *yaml.Node) *yaml.Node {
	if !strings.Contains(n.Value, "$("+s.wants+".") {
		return n
	}
	var out strings.Builder
	good := true
	for rest := n.Value; rest != ""; {
		before, name, after := nextVariable(rest, s.wants)
		out.WriteString(before)
		if name == "" {
			break
		}
		rest = after
		value, problem := s.value(name)
		switch {
		case problem != "":
			s.r.errorf(n, "$(%s.%s): %s", s.wants, name, problem)
			good = false
		case before == "" && after == "" && out.Len() == 0:
			return value
		case value.Kind != yaml.ScalarNode:
			s.r.errorf(n, "$(%s.%s) is a %s (%s) and stands inside a text: only a single value can", s.wants, name, nodeKind(value), s.r.pos(value))
			good = false
		default:
			out.WriteString(value.Value)
		}
		if out.Len() > s.limits.ScalarBytes {
			s.r.errorf(n, "the value has more than %s after its variables are put in", bytesText(s.limits.ScalarBytes))
			good = false
			break
		}
	}
	if !good {
		return n
	}
	copied := *n
	copied.Value, copied.Tag = out.String(), "!!str"
	return &copied
}

// nextVariable finds the next variable of a text that is not escaped. name is ""
// when there is none; then before is all of the text.
func nextVariable(text, wants string) (before, name, after string) {
	for at := 0; ; {
		m := variable.FindStringSubmatchIndex(text[at:])
		if m == nil {
			return text, "", ""
		}
		from, to := at+m[0], at+m[1]
		inner := text[from+2 : to-1]
		word, rest, _ := strings.Cut(inner, ".")
		if word == wants && (from == 0 || text[from-1] != '$') {
			return text[:from], rest, text[to:]
		}
		at = to
	}
}

// variables lists the names that a tree asks for, with the nodes that do.
func variables(n *yaml.Node, wants string, found func(n *yaml.Node, name string)) {
	if n.Kind == yaml.ScalarNode {
		for rest := n.Value; rest != ""; {
			_, name, after := nextVariable(rest, wants)
			if name == "" {
				return
			}
			found(n, name)
			rest = after
		}
		return
	}
	for _, c := range n.Content {
		variables(c, wants, found)
	}
}

// noVariable says that a text cannot hold what it holds.
func noVariable(r *reporter, n *yaml.Node, path, why string) bool {
	good := true
	for _, wants := range []string{"env", "params"} {
		variables(n, wants, func(at *yaml.Node, name string) {
			good = false
			r.errorf(at, "%s: $(%s.%s): %s", path, wants, name, why)
		})
	}
	return good
}

// known is the end of a message that lists what there is.
func known(what string, names []string) string {
	if len(names) == 0 {
		return fmt.Sprintf("; there is no %s at all", what)
	}
	return "; there are " + some(names)
}
