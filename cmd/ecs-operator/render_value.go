package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// specPath is the spec's own name of a field: section and path in one.
func specPath(section, path string) string {
	switch {
	case path == "":
		return section
	case strings.HasPrefix(path, "["):
		return section + path
	}
	return section + "." + path
}

// visible writes out what would break a line, turn it around or command a
// terminal.
func visible(s string) string {
	var out strings.Builder
	for _, r := range s {
		switch {
		case r == '\t':
			out.WriteString("    ")
		case r < ' ', r >= 0x7f && r < 0xa0, r == '\u2028', r == '\u2029', r == utf8.RuneError,
			r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069', r == '\u200e', r == '\u200f', r == '\u061c':
			fmt.Fprintf(&out, "\\u%04x", r)
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}

// showValue prints a value on one line. Values that may be secrets are hashes
// already: pkg/diff lets nothing else out.
func showValue(v any) string {
	if v == nil {
		return "unset"
	}
	if s, ok := v.(string); ok && s != "" && !strings.ContainsAny(s, " \t\n\r\"'") {
		return visible(s)
	}
	var out strings.Builder
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if enc.Encode(v) != nil {
		return "?"
	}
	return visible(strings.TrimSuffix(out.String(), "\n"))
}

// bookkeeping are tags that only say what the operator wrote: what is worth
// telling beside them is what it was.
var bookkeeping = []string{resource.TagSpecHash, resource.TagRevision, resource.TagSecretHash}

// forPeople leaves the operator's own notes out where there is anything else to
// tell. Machines get them all.
func forPeople(changes []diff.Change) []diff.Change {
	told := slices.DeleteFunc(slices.Clone(changes), func(c diff.Change) bool {
		key, tag := strings.CutPrefix(c.Path, "tags.")
		return tag && slices.Contains(bookkeeping, key)
	})
	if len(told) == 0 {
		return changes
	}
	return told
}

// changesOf are a step's changes; those of a create are all that the author wrote
// of what would be created, because its plan holds no comparison. Our own tags are
// no news there.
func changesOf(s plan.Step) []diff.Change {
	if s.Action != plan.ActionCreate || len(s.Changes) > 0 || s.Want == nil {
		return s.Changes
	}
	var out []diff.Change
	leaves("", diff.Redact(shape.Plain(s.Want, nil)), func(path string, v any) {
		out = append(out, added(s, path, v))
	})
	for _, key := range slices.Sorted(maps.Keys(s.Extra)) {
		entries, _ := diff.Redact(shape.Plain(s.Extra[key], nil)).(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(entries)) {
			out = append(out, added(s, key+"["+name+"]", entries[name]))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s.Tags)) {
		if strings.HasPrefix(key, resource.TagPrefix) {
			continue
		}
		c := added(s, "tags."+key, nil)
		c.New, c.Sensitive = diff.RedactTag(key, s.Tags[key])
		out = append(out, c)
	}
	slices.SortStableFunc(out, func(a, b diff.Change) int { return strings.Compare(a.Field(), b.Field()) })
	return out
}

func added(s plan.Step, path string, v any) diff.Change {
	return diff.Change{Path: path, Op: diff.Add, New: v, Effect: s.Effect, Reason: diff.FromSpec}
}

// leaves visits the scalars of a plain tree, named as pkg/diff names them.
func leaves(path string, v any, visit func(path string, v any)) {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			at := key
			if path != "" {
				at = path + "." + key
			}
			leaves(at, v[key], visit)
		}
	case []any:
		if !slices.ContainsFunc(v, composite) {
			visit(path, v)
			return
		}
		for i, item := range v {
			key := fmt.Sprint(i)
			if m, ok := item.(map[string]any); ok {
				if name, ok := m["name"].(string); ok && name != "" {
					key, m = name, maps.Clone(m)
					delete(m, "name") // the path says it
					item = m
				}
			}
			leaves(path+"["+key+"]", item, visit)
		}
	case nil:
	default:
		visit(path, v)
	}
}

func composite(v any) bool {
	switch v.(type) {
	case map[string]any, []any:
		return true
	}
	return false
}
