package spec

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// Elements of lists have one spelling in all outputs: their merge key, its
// members joined by slashes ("80//tcp"), or their index where the list has no
// merge key. People may write less, as long as it means one element.

// merges is the merge key of the list at this place.
func (w whereto) merges() string {
	if w.s == nil {
		return ""
	}
	return w.s.MergeKeys[w.free]
}

// elementName is the spelling of outputs; "" for an element without a merge key.
func (w whereto) elementName(n *yaml.Node) string {
	if w.merges() == "" {
		return ""
	}
	return strings.ReplaceAll(identity(n, mergeMembers(w.merges())), "\x00", "/")
}

// alsoNamed reports whether a text is another way to name an element: by the
// written members of its merge key, by the first of them, or by its name.
func (w whereto) alsoNamed(n *yaml.Node, text string) bool {
	full := w.elementName(n)
	first, _, _ := strings.Cut(full, "/")
	short := strings.Join(strings.FieldsFunc(full, func(r rune) bool { return r == '/' }), "/")
	if len(mergeMembers(w.merges())) > 1 && (text == first || text == short) {
		return true
	}
	return text == identity(n, []member{{name: "name"}})
}

// element finds the element of a list that stands in brackets: -1 for none. names
// are those that there are, the meant ones only where the text means several.
func (w whereto) element(list *yaml.Node, text string) (found int, names []string, several bool) {
	var also []int
	for i, item := range list.Content {
		name := w.elementName(item)
		if name == "" {
			name = strconv.Itoa(i)
		}
		if name == text {
			return i, nil, false
		}
		names = append(names, name)
		if text != "" && w.alsoNamed(item, text) {
			also = append(also, i)
		}
	}
	switch len(also) {
	case 0:
		if i, err := strconv.Atoi(text); err == nil && i >= 0 && i < len(names) {
			return i, nil, false // as lint calls it
		}
		return -1, names, false
	case 1:
		return also[0], nil, false
	}
	var meant []string
	for _, i := range also {
		meant = append(meant, names[i])
	}
	return -1, meant, true
}

// spelled rewrites a path of the spec to the spelling of outputs, as far as the
// document has its elements. several says which ones a part means, "" for none.
func (f *frame) spelled(path string) (out, several string) {
	if f.specNode == nil {
		return path, ""
	}
	first, rest := step(path)
	for i := range f.sections {
		s := &f.sections[i]
		if s.key != first {
			continue
		}
		_, n := lookup(f.specNode, first)
		out = first
		if key, below := step(rest); key != "" {
			for c := range s.children {
				if s.children[c].key == key && n != nil {
					_, n = lookup(n, key)
					s, rest, out = &s.children[c], below, out+"."+key
					break
				}
			}
		}
		if s.Many && n != nil {
			name, below := step(rest)
			_, n = lookup(n, name)
			rest, out = below, out+"."+name
		}
		below, several := spelledBelow(n, whereto{t: reflect.TypeOf(s.New()), s: s}, rest)
		return out + below, several
	}
	return path, ""
}

func spelledBelow(n *yaml.Node, w whereto, path string) (out, several string) {
	for path != "" && n != nil && w.t != nil {
		if path[0] != '[' {
			name, rest := step(path)
			w = w.child(name)
			_, n = lookup(n, name)
			out, path = out+"."+name, rest
			continue
		}
		end := strings.IndexByte(path, ']')
		if end < 0 || n.Kind != yaml.SequenceNode || shape.Deref(w.t).Kind() != reflect.Slice {
			break
		}
		text := path[1:end]
		i, names, many := w.element(n, text)
		switch {
		case many:
			return "", fmt.Sprintf("[%s] means several elements: write %s", text, orList(names))
		case i < 0:
			return out + path, ""
		}
		if name := w.elementName(n.Content[i]); name != "" {
			text = name
		}
		out, path = out+"["+text+"]", path[end+1:]
		n, w = n.Content[i], whereto{t: shape.Deref(w.t).Elem(), free: w.free + "[]", s: w.s}
	}
	return out + path, ""
}

// orList is "[53//udp] or [53//tcp]".
func orList(names []string) string {
	names = slices.Clone(names)
	for i := range names {
		names[i] = "[" + names[i] + "]"
	}
	return strings.Join(names, " or ")
}
