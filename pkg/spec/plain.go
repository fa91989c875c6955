package spec

import "gopkg.in/yaml.v3"

// plainOf turns a node into maps, slices and scalars, typed as YAML has them.
func plainOf(n *yaml.Node) any {
	switch n.Kind {
	case yaml.MappingNode:
		out := make(map[string]any, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			out[n.Content[i].Value] = plainOf(n.Content[i+1])
		}
		return out
	case yaml.SequenceNode:
		out := make([]any, 0, len(n.Content))
		for _, item := range n.Content {
			out = append(out, plainOf(item))
		}
		return out
	}
	switch n.ShortTag() {
	case "!!null":
		return nil
	case "!!bool":
		if b, msg := parseBool(n); msg == "" {
			return b
		}
	case "!!int":
		if i, msg := parseInt(n, 64); msg == "" {
			return i
		}
	case "!!float":
		if v, msg := parseFloat(n); msg == "" {
			return v
		}
	}
	return n.Value
}
