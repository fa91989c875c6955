package main

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aymanbagabas/go-udiff"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// changeLine is one field of a step, before it is laid out.
type changeLine struct {
	symbol, path, before, after, value, tail string
}

// changes lists fields under the spec's own paths, aligned. A path that shares
// its beginning with the one above is shortened.
func (d diffText) changes(s plan.Step) {
	all := changesOf(s)
	if !d.fields { // -v
		all = forPeople(all)
	}
	var paths []string
	for _, c := range all {
		paths = append(paths, specPath(s.Section, c.Path))
	}
	paths = sharedPaths(paths)
	var lines []changeLine
	width := 0
	for i, c := range all {
		l := changeLine{symbol: d.opSymbol(c), path: paths[i], tail: changeTail(c)}
		l.before, l.after = values(s, c)
		l.value = d.special(c)
		lines = append(lines, l)
		width = max(width, utf8.RuneCountInString(l.path))
	}
	width = min(width, d.pathWidth())
	for i, l := range lines {
		d.line(l, width)
		d.multiline(all[i])
	}
	if n := unchanged(s, all); n > 0 {
		d.printf("      %s\n", d.p.dim("("+count(n, "field")+" unchanged)"))
	}
}

// pathWidth is the column of the values at most.
func (d diffText) pathWidth() int {
	if d.width > 0 {
		return min(80, d.width/2)
	}
	return 80
}

// line lays one change out. On a terminal nothing is wider than it: values are
// cut, and the tail moves to a line of its own.
func (d diffText) line(l changeLine, width int) {
	const indent, gap = 6, 2
	column := indent + max(width, utf8.RuneCountInString(l.path)) + gap
	value := l.value
	if value == "" {
		room := 0
		if d.width > 0 {
			room = max(d.width-column, 24)
		}
		value = arrow(shorten(l.before, l.after, room))
	}
	text := "    " + l.symbol + " " + l.path + strings.Repeat(" ", column-indent-utf8.RuneCountInString(l.path)) + value
	switch {
	case l.tail == "":
	case d.width > 0 && column+seen(value)+3+utf8.RuneCountInString(l.tail) > d.width:
		text += "\n          " + d.p.dim(l.tail)
	default:
		text += "   " + d.p.dim(l.tail)
	}
	d.printf("%s\n", text)
}

// seen is how wide a text with colours is.
func seen(text string) int {
	n, escape := 0, false
	for _, r := range text {
		switch {
		case r == '\x1b':
			escape = true
		case escape:
			escape = r != 'm'
		default:
			n++
		}
	}
	return n
}

// arrow joins what was and what will be; one of them may be missing.
func arrow(before, after string) string {
	switch {
	case before == "":
		return after
	case after == "":
		return before
	}
	return before + " → " + after
}

// special is how a value is shown that is more than one short text; "" for those.
func (d diffText) special(c diff.Change) string {
	if isMultiline(c) {
		return d.p.dim("(several lines)")
	}
	before, isText := c.Old.(string)
	after, isText2 := c.New.(string)
	if !isText || !isText2 || c.Sensitive {
		return ""
	}
	return wordDiff(visible(before), visible(after), d.p.bad, d.p.good)
}

// unchanged counts what the spec writes and the step leaves as it is.
func unchanged(s plan.Step, changes []diff.Change) int {
	if s.Action != plan.ActionUpdate || s.Want == nil || s.Blocked != "" {
		return 0
	}
	n := 0
	leaves("", diff.Redact(shape.Plain(s.Want, nil)), func(path string, _ any) {
		if !slices.ContainsFunc(changes, func(c diff.Change) bool { return within(path, c.Path) }) {
			n++
		}
	})
	return n
}

// within reports whether a path is another or lies below it.
func within(path, other string) bool {
	rest, ok := strings.CutPrefix(path, other)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

func (d diffText) opSymbol(c diff.Change) string {
	switch {
	case c.Informational:
		return d.p.dim("!")
	case c.Op == diff.Add:
		return d.p.good("+")
	case c.Op == diff.Remove:
		return d.p.bad("-")
	}
	return d.p.warn("~")
}

// values are what was and what will be, each "" where there is none.
func values(s plan.Step, c diff.Change) (before, after string) {
	before, after = showValue(c.Old), showValue(c.New)
	switch {
	case c.Op == diff.Add || s.Action == plan.ActionCreate:
		return "", after
	case c.Op == diff.Remove:
		return before, ""
	}
	return before, after
}

// changeTail says where a change comes from.
func changeTail(c diff.Change) string {
	var parts []string
	if c.Pos != "" {
		parts = append(parts, c.Pos)
	}
	switch {
	case c.Reason == diff.FromDrift && !c.Ungoverned(): // of that nobody knows who changed it, or whether
		parts = append(parts, "drift: changed outside")
	case c.Reason == diff.FromDefault && !c.Informational: // a line that went
		parts = append(parts, "not written: back to AWS' default")
	}
	if c.Note != "" {
		parts = append(parts, c.Note)
	}
	return strings.Join(parts, " · ")
}

func isMultiline(c diff.Change) bool {
	before, _ := c.Old.(string)
	after, _ := c.New.(string)
	return !c.Sensitive && (strings.Contains(before, "\n") || strings.Contains(after, "\n"))
}

// multiline prints the lines of a long text that differ.
func (d diffText) multiline(c diff.Change) {
	for _, text := range unifiedLines(c) {
		switch text[0] {
		case '+':
			text = d.p.good(text)
		case '-':
			text = d.p.bad(text)
		}
		d.printf("          %s\n", text)
	}
}

// unifiedLines are the lines of a long text that differ, none for a short one.
func unifiedLines(c diff.Change) []string {
	if !isMultiline(c) {
		return nil
	}
	before, _ := c.Old.(string)
	after, _ := c.New.(string)
	var out []string
	for text := range strings.Lines(udiff.Unified("live", "spec", ensureNewline(before), ensureNewline(after))) {
		out = append(out, visible(strings.TrimRight(text, "\n")))
	}
	return out[min(2, len(out)):] // without the names of both files
}

func ensureNewline(s string) string {
	if s == "" || strings.HasSuffix(s, "\n") {
		return s
	}
	return s + "\n"
}
