package spec

import (
	"bytes"
	"errors"
	"strconv"

	"gopkg.in/yaml.v3"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// Form is a document as it is after merging and substitution, before it is
// decoded. Only documents of a Parse with Options.Forms have one.
type Form struct {
	tree *yaml.Node
	env  *environment
}

var errNoForm = errors.New("the document was read without its form")

// YAML writes the document so that it can be applied again; with origin every
// value is followed by the place where it was written. The Environment that it
// names is not part of it.
func (d Document) YAML(origin bool) ([]byte, error) {
	if d.Form == nil {
		return nil, errNoForm
	}
	return encode([]*yaml.Node{written(d.Form.tree, origin)})
}

// Plain is the document as maps, slices and scalars.
func (d Document) Plain() (any, error) {
	if d.Form == nil {
		return nil, errNoForm
	}
	return plainOf(d.Form.tree), nil
}

// Origins maps the path of every value of the document to file:line:column.
func (d Document) Origins() (map[string]string, error) {
	if d.Form == nil {
		return nil, errNoForm
	}
	out := map[string]string{}
	origins(d.Form.tree, "", out)
	return out, nil
}

func origins(n *yaml.Node, path string, out map[string]string) {
	if len(n.Content) == 0 {
		out[path] = (&reporter{}).pos(n)
	}
	for i, c := range n.Content {
		switch {
		case n.Kind == yaml.SequenceNode:
			origins(c, shape.At(path, i), out)
		case i%2 == 1:
			origins(c, shape.Join(path, n.Content[i-1].Value), out)
		}
	}
}

// YAML writes all documents of a Parse with Options.Forms. What is left of each
// Environment comes first, so that the stream stands for itself: its variables
// and defaults are merged into the services already.
func (r Result) YAML(origin bool) ([]byte, error) {
	var docs []*yaml.Node
	seen := map[string]bool{}
	for _, d := range r.Documents {
		if d.Form == nil {
			return nil, errNoForm
		}
		if env := d.Form.env; env != nil && !seen[env.name] {
			seen[env.name] = true
			docs = append(docs, written(env.stub(), origin))
		}
	}
	for _, d := range r.Documents {
		docs = append(docs, written(d.Form.tree, origin))
	}
	return encode(docs)
}

// stub is the Environment without what was merged into services.
func (e *environment) stub() *yaml.Node {
	out := made(yaml.MappingNode, "!!map", "", e.at)
	str := func(s string) *yaml.Node { return made(yaml.ScalarNode, "!!str", s, e.at) }
	meta := made(yaml.MappingNode, "!!map", "", e.at)
	meta.Content = []*yaml.Node{str("name"), retagged(e.at)}
	out.Content = []*yaml.Node{str("apiVersion"), str(APIVersion), str("kind"), str("Environment"), str("metadata"), meta,
		str("spec"), without(without(e.spec, "vars"), "defaults")}
	return out
}

// encode writes documents one after the other.
func encode(docs []*yaml.Node) ([]byte, error) {
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	for _, n := range docs {
		if err := enc.Encode(n); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), enc.Close()
}

// written is a copy of a tree as draft writes one: block style, short lists of
// scalars on one line, text quoted where it would be read as something else.
func written(n *yaml.Node, origin bool) *yaml.Node {
	out := &yaml.Node{Kind: n.Kind, Tag: n.ShortTag()}
	if n.Kind == yaml.ScalarNode {
		out = draftScalar(n.ShortTag(), n.Value)
		if out.Tag == "!!null" {
			out.Value = "null"
		}
	}
	if origin && len(n.Content) == 0 {
		out.LineComment = originOf(n)
	}
	width, scalars := 0, n.Kind == yaml.SequenceNode && !origin
	for i, c := range n.Content {
		var w *yaml.Node
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			w = draftScalar("!!str", c.Value)
		} else {
			w = written(c, origin)
		}
		width += len(w.Value) + 2
		scalars = scalars && w.Kind == yaml.ScalarNode && !bytes.ContainsRune([]byte(w.Value), '\n')
		out.Content = append(out.Content, w)
	}
	if scalars && width <= flowWidth {
		out.Style = yaml.FlowStyle
	}
	return out
}

// originOf is file:line, which is what people open.
func originOf(n *yaml.Node) string {
	file := (&reporter{}).fileOf(n)
	if n.Line == 0 {
		return file
	}
	return file + ":" + strconv.Itoa(n.Line)
}
