package route

import (
	"slices"
	"strings"
)

// token is one character of a pattern: a literal one, any one, or any number.
type token struct {
	r    rune
	one  bool // "?"
	many bool // "*"
}

// tokens reads a pattern of a field, folded where the field has no case.
func tokens(field, pattern string) []token {
	var out []token
	escaped := false
	for _, r := range fold(field, pattern) {
		switch {
		case escaped:
			out, escaped = append(out, token{r: r}), false
		case r == '\\' && field == Query:
			escaped = true
		case r == '*' && len(out) > 0 && out[len(out)-1].many:
			// two stars are one
		case r == '*':
			out = append(out, token{many: true})
		case r == '?':
			out = append(out, token{one: true})
		default:
			out = append(out, token{r: r})
		}
	}
	if escaped {
		out = append(out, token{r: '\\'})
	}
	return out
}

func fold(field, s string) string {
	if field == Path || field == Method {
		return s
	}
	return strings.ToLower(s)
}

func patterns(field string, values []string) [][]token {
	out := make([][]token, 0, len(values))
	for _, v := range values {
		out = append(out, tokens(field, v))
	}
	return out
}

// takes reports whether a token other than a star takes a character.
func (t token) takes(r rune) bool { return t.one || !t.many && t.r == r }

// matches reports whether a pattern matches a whole text.
func matches(p []token, text string) bool {
	at := machine{p}.start()
	for _, r := range text {
		at = machine{p}.step(at, r)
	}
	return machine{p}.accepts(at)
}

// machine runs several patterns at once: a state is the sorted set of places
// reached, each the number of a pattern and a place in it.
type machine [][]token

type spot struct{ pattern, at int }

func (m machine) start() []spot {
	var out []spot
	for i := range m {
		out = m.reach(out, spot{i, 0})
	}
	return out
}

// reach adds a place, and what a star lets be skipped.
func (m machine) reach(set []spot, s spot) []spot {
	for {
		if !slices.Contains(set, s) {
			set = append(set, s)
		}
		if p := m[s.pattern]; s.at >= len(p) || !p[s.at].many {
			return set
		}
		s.at++
	}
}

func (m machine) step(set []spot, r rune) []spot {
	var out []spot
	for _, s := range set {
		p := m[s.pattern]
		switch {
		case s.at >= len(p):
		case p[s.at].many:
			out = m.reach(out, s)
		case p[s.at].takes(r):
			out = m.reach(out, spot{s.pattern, s.at + 1})
		}
	}
	slices.SortFunc(out, func(a, b spot) int {
		if a.pattern != b.pattern {
			return a.pattern - b.pattern
		}
		return a.at - b.at
	})
	return out
}

func (m machine) accepts(set []spot) bool {
	return slices.ContainsFunc(set, func(s spot) bool { return s.at >= len(m[s.pattern]) })
}

// letters are the characters that patterns tell apart, and one that stands for
// all others.
func letters(lists ...[]token) []rune {
	const other = '\uFFFD'
	out := []rune{other}
	for _, l := range lists {
		for _, t := range l {
			if !t.many && !t.one && !slices.Contains(out, t.r) {
				out = append(out, t.r)
			}
		}
	}
	return out
}

// mostStates bounds the search of included: beyond it nothing is proven.
const mostStates = 4000

// included reports whether every text that p matches is matched by one of many.
func included(p []token, many [][]token) bool {
	if literal, ok := plain(p); ok {
		return slices.ContainsFunc(many, func(q []token) bool { return matches(q, literal) })
	}
	type state struct {
		at  string // places of p and of many
		p   []spot
		all []spot
	}
	one, others := machine{p}, machine(many)
	alphabet := letters(append(slices.Clone(many), p)...)
	key := func(a, b []spot) string {
		var s strings.Builder
		for _, set := range [][]spot{a, b} {
			for _, x := range set {
				s.WriteRune(rune(x.pattern + 1))
				s.WriteRune(rune(x.at + 1))
			}
			s.WriteByte(0)
		}
		return s.String()
	}
	first := state{p: one.start(), all: others.start()}
	first.at = key(first.p, first.all)
	seen, todo := map[string]bool{first.at: true}, []state{first}
	for len(todo) > 0 {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if one.accepts(s.p) && !others.accepts(s.all) {
			return false
		}
		for _, r := range alphabet {
			next := state{p: one.step(s.p, r), all: others.step(s.all, r)}
			if len(next.p) == 0 {
				continue
			}
			if next.at = key(next.p, next.all); !seen[next.at] {
				if seen[next.at] = true; len(seen) > mostStates {
					return false
				}
				todo = append(todo, next)
			}
		}
	}
	return true
}

// plain is the only text that a pattern without wildcards matches.
func plain(p []token) (string, bool) {
	var b strings.Builder
	for _, t := range p {
		if t.one || t.many {
			return "", false
		}
		b.WriteRune(t.r)
	}
	return b.String(), true
}

// intersect reports whether some text matches both patterns.
func intersect(a, b []token) bool {
	reached := make([][]bool, len(a)+1)
	for i := range reached {
		reached[i] = make([]bool, len(b)+1)
	}
	reached[0][0] = true
	for i := 0; i <= len(a); i++ {
		for j := 0; j <= len(b); j++ {
			if !reached[i][j] {
				continue
			}
			starA, starB := i < len(a) && a[i].many, j < len(b) && b[j].many
			if starA {
				reached[i+1][j] = true // it takes nothing
			}
			if starB {
				reached[i][j+1] = true
			}
			switch {
			case i == len(a) || j == len(b):
			case starA && !starB:
				reached[i][j+1] = true // it takes what the other takes
			case starB && !starA:
				reached[i+1][j] = true
			case !starA && !starB && (a[i].one || b[j].one || a[i].r == b[j].r):
				reached[i+1][j+1] = true
			}
		}
	}
	return reached[len(a)][len(b)]
}
