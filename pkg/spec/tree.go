package spec

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"

	"gopkg.in/yaml.v3"
)

// Tree is one value of a file of another tool, with its place. At most one of
// Map, List and Scalar is set; a null has none.
type Tree struct {
	Map    []Pair
	List   []Tree
	Scalar any // string, bool or json.Number
	Sort   TreeSort
	File   string
	Line   int
	Column int
}

// Pair is one key of a mapping, in the order of the file.
type Pair struct {
	Key   string
	At    Tree // the key itself: its place
	Value Tree
}

// TreeSort tells what a Tree holds.
type TreeSort int

// A Null is a value that is not written.
const (
	Null TreeSort = iota
	Scalar
	Mapping
	List
)

// Get finds a key of a mapping; a null when it is not there.
func (t Tree) Get(key string) Tree {
	for _, p := range t.Map {
		if p.Key == key {
			return p.Value
		}
	}
	return Tree{File: t.File, Line: t.Line, Column: t.Column}
}

// Text is a scalar as it was written, "" for everything else.
func (t Tree) Text() string {
	if t.Sort != Scalar {
		return ""
	}
	return fmt.Sprint(t.Scalar)
}

// Problem is a problem at this place.
func (t Tree) Problem(s Severity, format string, args ...any) Problem {
	return Problem{File: t.File, Line: t.Line, Column: t.Column, Severity: s, Message: fmt.Sprintf(format, args...)}
}

// String says what the value is, for messages.
func (t Tree) String() string {
	switch t.Sort {
	case Mapping:
		return "a mapping"
	case List:
		return "a list"
	case Scalar:
		return quoted(t.Text())
	}
	return "nothing"
}

// ReadTree reads the documents of a YAML or JSON file of another tool, within
// the DefaultLimits. Unlike in documents of ours, anchors, aliases and merge
// keys may stand in it: they are written out. A key that stands twice has its
// last value, as such tools read it, and a warning.
func ReadTree(file string, data []byte) ([]Tree, []Problem) {
	r := &reporter{file: file}
	var out []Tree
	for _, n := range load(File{Path: file, Data: data}, DefaultLimits, r) {
		w := treeReader{r: r, left: DefaultLimits.Nodes}
		t, err := w.tree(n, 0)
		if err != nil {
			r.errorf(n, "%v", err)
			continue
		}
		out = append(out, t)
	}
	sortProblems(r.problems)
	return out, r.problems
}

// treeReader bounds what aliases may unfold to.
type treeReader struct {
	r    *reporter
	left int
}

var (
	errTreeSize  = fmt.Errorf("the document has more than %d nodes", DefaultLimits.Nodes)
	errTreeDepth = fmt.Errorf("mappings and lists are nested more than %d deep", DefaultLimits.Depth)
)

func (w *treeReader) tree(n *yaml.Node, depth int) (Tree, error) {
	for n.Kind == yaml.AliasNode {
		if n.Alias == nil || depth > DefaultLimits.Depth {
			return Tree{}, errTreeDepth // an alias inside what it names
		}
		n, depth = n.Alias, depth+1
	}
	t := Tree{File: w.r.file, Line: n.Line, Column: n.Column}
	if w.left--; w.left < 0 {
		return t, errTreeSize
	}
	if depth > DefaultLimits.Depth {
		return t, errTreeDepth
	}
	switch n.Kind {
	case yaml.MappingNode:
		t.Sort = Mapping
		return t, w.mapping(&t, n, depth)
	case yaml.SequenceNode:
		t.Sort = List
		for _, c := range n.Content {
			item, err := w.tree(c, depth+1)
			if err != nil {
				return t, err
			}
			t.List = append(t.List, item)
		}
	case yaml.ScalarNode:
		if len(n.Value) > DefaultLimits.ScalarBytes {
			return t, fmt.Errorf("a value of %d bytes is over the limit of %s", len(n.Value), bytesText(DefaultLimits.ScalarBytes))
		}
		t.Scalar, t.Sort = treeScalar(n), Scalar
		if t.Scalar == nil {
			t.Sort = Null
		}
	}
	return t, nil
}

func (w *treeReader) mapping(t *Tree, n *yaml.Node, depth int) error {
	at := map[string]int{}
	var merged []Pair
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, value := n.Content[i], n.Content[i+1]
		v, err := w.tree(value, depth+1)
		if err != nil {
			return err
		}
		if k.Kind == yaml.ScalarNode && k.ShortTag() == "!!merge" {
			if v.Sort == List {
				for _, m := range v.List {
					merged = append(merged, m.Map...)
				}
			}
			merged = append(merged, v.Map...)
			continue
		}
		if k.Kind != yaml.ScalarNode {
			return errors.New("a key must be plain text, not a " + nodeKind(k))
		}
		p := Pair{Key: k.Value, At: Tree{File: w.r.file, Line: k.Line, Column: k.Column, Sort: Scalar, Scalar: k.Value}, Value: v}
		if j, dup := at[k.Value]; dup {
			w.r.warnf(k, "the key %s stands on line %d already: the later value counts", quoted(k.Value), t.Map[j].At.Line)
			t.Map[j] = p
			continue
		}
		at[k.Value] = len(t.Map)
		t.Map = append(t.Map, p)
	}
	for _, p := range merged { // what is written beside a merge key wins
		if _, there := at[p.Key]; !there {
			at[p.Key] = len(t.Map)
			t.Map = append(t.Map, p)
		}
	}
	return nil
}

// plainNumber is what JSON takes for a number.
var plainNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

func treeScalar(n *yaml.Node) any {
	switch n.ShortTag() {
	case "!!null":
		return nil
	case "!!bool":
		b, _ := parseBool(n)
		return b
	case "!!int", "!!float":
		if plainNumber.MatchString(n.Value) {
			return json.Number(n.Value)
		}
	}
	return n.Value
}
