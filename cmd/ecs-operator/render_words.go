package main

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aymanbagabas/go-udiff"
)

// longText is from where on two texts of one line are told apart by words.
const longText = 60

// wordToken cuts a text into what a person would call its words.
var wordToken = regexp.MustCompile(`[\pL\pN_]+|\s+|.`)

// wordDiff writes two texts of one line as one: [-what goes-] and {+what comes+},
// as git does. It is "" where they have too little in common to be worth it.
func wordDiff(before, after string, bad, good func(...any) string) string {
	if len(before) < longText || len(after) < longText || strings.ContainsAny(before+after, "\n\r") ||
		!strings.Contains(before, " ") || !strings.Contains(after, " ") {
		return ""
	}
	a, b := wordLines(before), wordLines(after)
	edits := udiff.Lines(a, b)
	var out strings.Builder
	at, kept := 0, 0
	text := func(lines string) string { return strings.ReplaceAll(lines, "\n", "") }
	for _, e := range edits {
		same := text(a[at:e.Start])
		kept += len(same)
		out.WriteString(same)
		if gone := text(a[e.Start:e.End]); gone != "" {
			out.WriteString(bad("[-" + gone + "-]"))
		}
		if come := text(e.New); come != "" {
			out.WriteString(good("{+" + come + "+}"))
		}
		at = e.End
	}
	rest := text(a[at:])
	kept += len(rest)
	out.WriteString(rest)
	if kept*2 < min(len(before), len(after)) {
		return ""
	}
	return out.String()
}

// wordLines is a text with one word a line, the form that a line diff takes.
func wordLines(s string) string {
	return strings.Join(wordToken.FindAllString(s, -1), "\n") + "\n"
}

// sharedPaths shortens paths by what they have in common with the last one above
// that stands in full: "….image" is beside it.
func sharedPaths(paths []string) []string {
	out := slices.Clone(paths)
	shared := ""
	for i, path := range paths {
		if rest, ok := strings.CutPrefix(path, shared); shared != "" && ok && strings.HasPrefix(rest, ".") {
			out[i] = "…" + rest
			continue
		}
		shared = ""
		if i+1 < len(paths) {
			shared = commonPlace(path, paths[i+1])
		}
	}
	return out
}

// commonPlace is the place that two paths lie in, "" where it is too short to be
// worth an ellipsis.
func commonPlace(a, b string) string {
	const worth = 20
	end, depth := 0, 0
	for i := 0; i < len(a) && i < len(b) && a[i] == b[i]; i++ {
		switch a[i] {
		case '[':
			depth++
		case ']':
			depth--
		case '.':
			if depth == 0 {
				end = i
			}
		}
	}
	if end < worth {
		return ""
	}
	return a[:end]
}

// shorten leaves out the long beginning that two values share, where they do not
// fit into the width; 0 is any width.
func shorten(before, after string, width int) (string, string) {
	if width <= 0 || utf8.RuneCountInString(before)+utf8.RuneCountInString(after)+3 <= width {
		return before, after
	}
	end := 0
	for i := 0; i < len(before) && i < len(after) && before[i] == after[i]; i++ {
		if strings.IndexByte("/: ,=", before[i]) >= 0 {
			end = i
		}
	}
	if end > 8 {
		return "…" + before[end:], "…" + after[end:]
	}
	return before, after
}

// fold breaks a line that is wider than the terminal, between words where that is
// possible; what follows is indented deeper. Colours take no room.
func fold(line string, width int) string {
	if width <= 0 || seen(line) <= width {
		return line
	}
	indent := strings.Repeat(" ", min(len(line)-len(strings.TrimLeft(line, " "))+6, width/2))
	var lines []string
	for room := width; seen(line) > room; room = width - len(indent) {
		at := breakAt(line, room)
		lines = append(lines, strings.TrimRight(line[:at], " "))
		line = strings.TrimLeft(line[at:], " ")
	}
	return strings.Join(append(lines, line), "\n"+indent)
}

// breakAt is the byte at which at most width columns are before it: after the
// last space, or wherever the room ends.
func breakAt(line string, width int) int {
	n, escape, last := 0, false, 0
	begun := false
	for i, r := range line {
		switch {
		case r == '\x1b':
			escape = true
		case escape:
			escape = r != 'm'
		case n == width:
			if last > 0 {
				return last
			}
			return i
		default:
			n++
			if r == ' ' && begun {
				last = i + 1
			}
			begun = begun || r != ' '
		}
	}
	return len(line)
}
