package spec

import (
	"bytes"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// inserted adds a value to the target's ServicePatch, in the form in which that
// is written, and keeps every other byte; nil where there is no patch, or it is
// written in a form to which nothing can be added. The caller reads it back.
func (w *promoter) inserted(sections []Section, dst *side, item promoted) *promoter {
	if len(dst.patches) != 1 || checkImage(item.raw) != nil {
		return nil
	}
	key, node := lookup(dst.patches[0].spec, "patch")
	if key == nil {
		return nil
	}
	f, ok := w.file(key.FootComment)
	if !ok {
		return nil
	}
	path := item.path()
	for len(path) > 1 {
		next := child(node, path[0])
		if next == nil {
			break
		}
		key = nil
		for i := 0; node.Kind == yaml.MappingNode && i+1 < len(node.Content); i += 2 {
			if node.Content[i+1] == next {
				key = node.Content[i]
			}
		}
		node, path = next, path[1:]
	}
	at, text, ok := addition(f.Data, key, node, path, item.raw)
	if !ok {
		return nil
	}
	out := make([]byte, 0, len(f.Data)+len(text))
	out = append(append(append(out, f.Data[:at]...), text...), f.Data[at:]...)
	if _, err := reread(File{Path: f.Path, Data: out}); err != nil {
		return nil
	}
	return w.with(sections, f.Path, out)
}

// addition says what to add where, so that node, which stands under key (nil for an
// element of a list), has a value at path.
func addition(data []byte, key, node *yaml.Node, path []string, value string) (at int, text string, ok bool) {
	mark := 0
	if bytes.HasPrefix(data, []byte("\xEF\xBB\xBF")) {
		mark = 3
	}
	from := func(n *yaml.Node) (int, bool) {
		i, ok := offsetOf(data[mark:], yamlBreaks, n.Line, n.Column)
		return mark + i, ok
	}
	if node.Kind != yaml.MappingNode && node.Kind != yaml.SequenceNode {
		return 0, "", false
	}
	start, ok := from(node)
	if !ok {
		return 0, "", false
	}
	if data[start] == '{' || data[start] == '[' {
		return inline(data, start, node, path, value, from)
	}
	if len(node.Content) == 0 {
		return 0, "", false
	}
	first := node.Content[0]
	indent := first.Column - 1
	after := first.Line // of an element: the line of its name stays the first
	switch {
	case node.Kind == yaml.SequenceNode:
		if key == nil || key.Line >= node.Line {
			return 0, "", false
		}
		indent, after = node.Column-1, key.Line
	case key != nil && key.Line < first.Line:
		after = key.Line
	case len(node.Content) < 2 || node.Content[1].Kind != yaml.ScalarNode || node.Content[1].Line != first.Line:
		return 0, "", false
	}
	at, ok = offsetOf(data[mark:], yamlBreaks, after+1, 1)
	at += mark
	if !ok { // the last line of the file
		if at = len(data); data[at-1] != '\n' {
			return 0, "", false
		}
	}
	end := "\n"
	if at > 1 && data[at-2] == '\r' {
		end = "\r\n"
	}
	return at, lines(strings.Repeat(" ", indent), path, value, end), true
}

// lines is a path and its value as lines of their own.
func lines(indent string, path []string, value, end string) string {
	var out strings.Builder
	for i, name := range path {
		element, isElement := strings.CutPrefix(name, "[")
		switch {
		case isElement:
			out.WriteString(indent + "- name: " + scalarText(strings.TrimSuffix(element, "]")) + end)
			indent += "  "
		case i == len(path)-1:
			out.WriteString(indent + name + ": " + scalarText(value) + end)
		default:
			out.WriteString(indent + name + ":" + end)
			indent += "  "
		}
	}
	return out.String()
}

func scalarText(s string) string {
	if plainSafe(s) {
		return s
	}
	return strconv.Quote(s)
}

// inline adds to a mapping or list in brackets: behind the name of an element,
// else behind the bracket.
func inline(data []byte, start int, node *yaml.Node, path []string, value string, from func(*yaml.Node) (int, bool)) (at int, text string, ok bool) {
	quote := bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{")) // JSON, or as good
	word := func(s string) string {
		if quote || !plainSafe(s) {
			return strconv.Quote(s)
		}
		return s
	}
	text = word(value)
	for i := len(path) - 1; i >= 0; i-- {
		if element, isElement := strings.CutPrefix(path[i], "["); isElement {
			text = "[{" + word("name") + ": " + word(strings.TrimSuffix(element, "]")) + ", " + strings.TrimPrefix(text, "{") + "]"
			continue
		}
		text = "{" + word(path[i]) + ": " + text + "}"
	}
	text = text[1 : len(text)-1] // the brackets are there
	if name := loosely(node, "name"); name != nil && len(path) == 1 && path[0] == "image" {
		if i, ok := from(name); ok {
			if _, end, _, ok := extent(data, i, edit{old: name.Value, with: name.Value}); ok {
				return end, ", " + text, true
			}
		}
	}
	if len(node.Content) > 0 {
		text += ", "
	}
	return start + 1, text, true
}
