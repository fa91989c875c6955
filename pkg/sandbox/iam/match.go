package iam

import "strings"

// literal marks a character that an expanded variable put there, and that is
// therefore no wildcard.
const literal = '\x00'

// Glob reports whether a text matches a pattern with * and ?.
func Glob(pattern, text string) bool {
	p, t := 0, 0
	star, from := -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == literal && p+1 < len(pattern) && pattern[p+1] == text[t]:
			p, t = p+2, t+1
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, t
			p++
		case p < len(pattern) && pattern[p] != literal && (pattern[p] == '?' || pattern[p] == text[t]):
			p, t = p+1, t+1
		case star >= 0:
			from++
			p, t = star+1, from
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// expand replaces policy variables: ${aws:username}, with a default as
// ${key, 'default'}, and ${*}, ${?}, ${$} for the characters themselves. One that
// has no value and no default makes the whole pattern match nothing.
func expand(pattern string, vars map[string][]string) (string, bool) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(pattern, "${")
		b.WriteString(before)
		if !found {
			return b.String(), true
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			b.WriteString("${" + rest)
			return b.String(), true
		}
		pattern = after
		value := name
		if name != "*" && name != "?" && name != "$" {
			key, fallback, hasDefault := strings.Cut(name, ",")
			fallback = strings.Trim(strings.TrimSpace(fallback), "'")
			values := vars[strings.ToLower(strings.TrimSpace(key))]
			switch {
			case len(values) == 1:
				value = values[0]
			case hasDefault:
				value = fallback
			default:
				return "", false
			}
		}
		for i := range len(value) {
			b.WriteByte(literal)
			b.WriteByte(value[i])
		}
	}
}

// plain takes the marks of expand off, for operators without wildcards.
func plain(s string) string { return strings.ReplaceAll(s, string(literal), "") }

// arnLike compares part by part: a * of one of the first five does not reach
// into the next ("Amazon Resource Name condition operators").
func arnLike(pattern, arn string) bool {
	p, a := strings.SplitN(pattern, ":", 6), strings.SplitN(arn, ":", 6)
	if len(a) != 6 || a[0] != "arn" {
		return false
	}
	if len(p) != 6 {
		return pattern == "*"
	}
	for i := range p {
		if !Glob(p[i], a[i]) {
			return false
		}
	}
	return true
}

// like compares an action or a resource with a pattern. A wildcard in a resource stays
// within its part of the ARN ("IAM JSON policy elements: Resource"); "*" alone is all.
func like(pattern, s string) bool {
	if pattern != "*" && strings.HasPrefix(s, "arn:") {
		return arnLike(pattern, s)
	}
	return Glob(pattern, s)
}
