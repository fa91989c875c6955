package spec

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// fromPairs rewrites a list of pairs ({key, value}) into a mapping; anything
// else comes back as it was.
func fromPairs(list *yaml.Node, s Sugar) *yaml.Node {
	if list.Kind != yaml.SequenceNode {
		return list
	}
	m := made(yaml.MappingNode, "!!map", "", list)
	for _, item := range list.Content {
		var key, value *yaml.Node
		for i := 0; item.Kind == yaml.MappingNode && i+1 < len(item.Content); i += 2 {
			switch name := item.Content[i].Value; {
			case strings.EqualFold(name, s.Key):
				key = item.Content[i+1]
			case strings.EqualFold(name, s.Value):
				value = item.Content[i+1]
			}
		}
		if key == nil || value == nil || key.Kind != yaml.ScalarNode || len(item.Content) != 4 {
			return list
		}
		m.Content = append(m.Content, key, value)
	}
	return m
}

// pairList rewrites {KEY: value} into [{name: KEY, value: value}]; a list comes
// back as it was. Every node keeps its own position, and what is null is left out.
func pairList(n *yaml.Node, s Sugar) *yaml.Node {
	if n.Kind != yaml.MappingNode {
		return n
	}
	list := made(yaml.SequenceNode, "!!seq", "", n)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if isNull(value) {
			continue
		}
		pair := made(yaml.MappingNode, "!!map", "", key)
		// A key that looks like a number or a bool is a name all the same.
		pair.Content = []*yaml.Node{made(yaml.ScalarNode, "!!str", s.Key, key), retagged(key), made(yaml.ScalarNode, "!!str", s.Value, key), value}
		list.Content = append(list.Content, pair)
	}
	return list
}

// toPairs is pairList with the words that a document's author needs.
func (d *decoder) toPairs(n *yaml.Node, s Sugar, p place) *yaml.Node {
	keys := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		keys[key.Value] = true
		d.noReference(key, p)
		if isNull(n.Content[i+1]) {
			d.r.warnf(key, "%s: is empty and therefore not set; write \"\" for an empty value", p.key(key.Value).shown)
		}
	}
	if len(keys) == 2 && keys[s.Key] && keys[s.Value] {
		d.r.warnf(n, "%s: this sets two entries, %q and %q; write a list if one was meant", p.shown, s.Key, s.Value)
	}
	return pairList(n, s)
}
