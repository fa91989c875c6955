package iampolicy

import (
	"fmt"
	"slices"
	"strings"
)

func (p *Policy) note(format string, args ...any) {
	if n := fmt.Sprintf(format, args...); !slices.Contains(p.notes, n) {
		p.notes = append(p.notes, n)
	}
}

// fold makes at most so many patterns of sorted names: names that begin alike
// become one with a wildcard at the end. As much of the beginning is kept as it
// takes, cut where a word ends, and never less than up to the last part of an ARN:
// account and resource type stay.
func fold(names []string, most int) []string {
	if len(names) <= most {
		return names
	}
	for words := 8; words >= 0; words-- {
		var out []string
		for _, name := range names {
			p := begin(name, words)
			if len(out) == 0 || out[len(out)-1] != p {
				out = append(out, p)
			}
		}
		slices.Sort(out)
		out = covered(slices.Compact(out))
		if len(out) <= most || words == 0 {
			return out
		}
	}
	return names
}

// begin is a name up to so many words of its last part, with a wildcard where
// something is left out.
func begin(name string, words int) string {
	parts := strings.SplitN(name, ":", 6)
	if len(parts) < 6 {
		return name
	}
	fixed := len(name) - len(parts[5])
	if kind := strings.IndexAny(parts[5], "/:"); kind >= 0 { // role/, alarm:
		fixed += kind + 1
	}
	rest := name[fixed:]
	at := 0
	for ; words > 0; words-- {
		i := strings.IndexAny(rest[at:], "-_./")
		if i < 0 {
			return name
		}
		at += i + 1
	}
	return name[:fixed+at] + "*"
}

// covered leaves out what a pattern beside it matches already.
func covered(patterns []string) []string {
	return slices.DeleteFunc(slices.Clone(patterns), func(p string) bool {
		return slices.ContainsFunc(patterns, func(q string) bool {
			prefix, wild := strings.CutSuffix(q, "*")
			return wild && q != p && strings.HasPrefix(p, prefix)
		})
	})
}
