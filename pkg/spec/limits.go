package spec

import (
	"fmt"
	"regexp"

	"gopkg.in/yaml.v3"
)

// Limits bound what one file may hold. They are checked before anything is
// decoded: on the bytes, and then on the node tree, in which aliases stand
// unexpanded. (The number of files and their total size are pkg/source's.)
type Limits struct {
	FileBytes   int // bytes of one file
	Documents   int // documents of one file
	Nodes       int // nodes of one document: every key, value, mapping and list
	Depth       int // mappings and lists inside each other
	Keys        int // keys of one mapping
	ScalarBytes int // bytes of one scalar

	aliases bool // anchors, aliases and merge keys are taken: for the test that shows why they are not
}

// DefaultLimits are ample: a task definition's own JSON may have 64 KiB.
var DefaultLimits = Limits{
	FileBytes:   256 << 10,
	Documents:   100,
	Nodes:       20_000,
	Depth:       64,
	Keys:        1_000,
	ScalarBytes: 64 << 10,
}

// bounds walks one document before it is decoded and reports everything that
// is over a limit, and what YAML offers but a spec must not use: anchors,
// aliases, merge keys, custom tags, keys that are no scalars, duplicate keys.
type bounds struct {
	limits Limits
	r      *reporter
	nodes  int
	ended  bool // a limit that ends the walk was passed
}

// inBounds reports whether the document may be decoded.
func inBounds(root *yaml.Node, limits Limits, r *reporter) bool {
	before := r.errors
	b := bounds{limits: limits, r: r}
	b.walk(root, 0)
	return r.errors == before
}

func (b *bounds) walk(n *yaml.Node, depth int) {
	if b.ended {
		return
	}
	if n.Kind == yaml.DocumentNode {
		for _, c := range n.Content {
			b.walk(c, depth)
		}
		return
	}
	b.nodes++
	if b.nodes > b.limits.Nodes {
		b.stop(n, "the document has more than %d nodes", b.limits.Nodes)
		return
	}
	if n.Anchor != "" && !b.limits.aliases {
		b.r.errorf(n, "anchors are not supported: write the value where it is used, or quote it if it is text that begins with &")
	}
	b.tag(n)
	switch n.Kind {
	case yaml.AliasNode:
		if b.limits.aliases { // as a reader does that knows no bound: it goes where the alias leads
			b.walk(n.Alias, depth+1)
			return
		}
		b.r.errorf(n, "aliases are not supported: write the value out")
	case yaml.ScalarNode:
		if len(n.Value) > b.limits.ScalarBytes {
			b.r.errorf(n, "a value of %d bytes is over the limit of %s", len(n.Value), bytesText(b.limits.ScalarBytes))
		}
	case yaml.MappingNode, yaml.SequenceNode:
		if depth++; depth > b.limits.Depth {
			b.stop(n, "mappings and lists are nested more than %d deep", b.limits.Depth)
			return
		}
		if n.Kind == yaml.MappingNode {
			b.keys(n)
		}
		for _, c := range n.Content {
			b.walk(c, depth)
		}
	}
}

func (b *bounds) stop(n *yaml.Node, format string, args ...any) {
	b.ended = true
	b.r.errorf(n, format, args...)
}

func (b *bounds) keys(n *yaml.Node) {
	if len(n.Content)/2 > b.limits.Keys {
		b.stop(n, "a mapping has %d keys; the limit is %d", len(n.Content)/2, b.limits.Keys)
		return
	}
	seen := make(map[string]*yaml.Node, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		switch {
		case k.Kind == yaml.AliasNode: // reported by the walk
			continue
		case k.Kind != yaml.ScalarNode:
			hint := ""
			if k.Kind == yaml.MappingNode && k.Style&yaml.FlowStyle != 0 { // {{ … }}
				hint = "; a {{ template }} of another tool is not filled in here: " + writeVariable
			}
			b.r.errorf(k, "a key must be plain text, not a %s%s", nodeKind(k), hint)
			continue
		case k.ShortTag() == "!!merge" && b.limits.aliases:
			continue
		case k.ShortTag() == "!!merge":
			b.r.errorf(k, "merge keys (<<) are not supported: write the fields out")
			continue
		case isNull(k):
			b.r.errorf(k, "a key must not be empty")
			continue
		}
		if first, dup := seen[k.Value]; dup {
			b.r.errorf(k, "duplicate key %s: it stands on line %d already", quoted(k.Value), first.Line)
			continue
		}
		seen[k.Value] = k
	}
}

var plainTag = regexp.MustCompile(`^!!?[A-Za-z]+$`)

// tag refuses every explicit tag but YAML's own scalars, mappings and lists.
func (b *bounds) tag(n *yaml.Node) {
	if n.Style&yaml.TaggedStyle == 0 {
		return
	}
	switch n.ShortTag() {
	case "!!str", "!!int", "!!float", "!!bool", "!!null", "!!map", "!!seq":
	default:
		what := "a tag"
		if plainTag.MatchString(n.Tag) { // no text whose quotes were forgotten
			what = "the tag " + n.Tag
		}
		b.r.errorf(n, "%s is not supported: write plain YAML, or quote it if it is text that begins with !", what)
	}
}

// bytesText prints a limit as people write it.
func bytesText(n int) string {
	if n >= 1<<10 && n%(1<<10) == 0 {
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}
