package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// cell is one field of a table; paint colours it after it has been padded.
type cell struct {
	text  string
	paint func(a ...any) string
}

// writeTable aligns columns by what is seen, not by bytes, and cuts the last
// column at the width of the terminal (0: never).
func writeTable(w io.Writer, rows [][]cell, width int) {
	widths := map[int]int{}
	for _, row := range rows {
		for i, c := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(c.text))
		}
	}
	const gap = 2
	for _, row := range rows {
		var line strings.Builder
		used := 0
		for i, c := range row {
			text, last := c.text, i == len(row)-1
			if last && width > 0 {
				text = cut(text, width-used)
			}
			pad := widths[i] + gap - utf8.RuneCountInString(text)
			used += widths[i] + gap
			if c.paint != nil {
				text = c.paint(text)
			}
			line.WriteString(text)
			if !last {
				line.WriteString(strings.Repeat(" ", pad))
			}
		}
		_, _ = fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
}

// cut shortens text to width runes, keeping at least a few.
func cut(text string, width int) string {
	width = max(width, 12)
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:width-1]) + "…"
}

// count is "1 service", "3 services".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
