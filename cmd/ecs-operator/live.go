package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// live draws lines on a terminal in the place of those that it drew before. It
// speaks what every terminal since the VT100 does: cursor up, erase to the end of
// the line and of the screen.
type live struct {
	w    io.Writer
	size func() (width, height int) // 0: not known
	rows int                        // drawn before, above the cursor
}

const (
	cursorHide = "\x1b[?25l"
	cursorShow = "\x1b[?25h"
)

// draw replaces what was drawn. Lines are cut at the width, so that none wraps, and
// at the height, so that the first one stays on the screen.
func (l *live) draw(lines [][]cell) {
	width, height := l.size()
	hidden := 0
	if height > 2 && len(lines) > height-1 {
		hidden = len(lines) - (height - 2)
		lines = lines[:height-2]
	}
	var b strings.Builder
	b.WriteString(cursorHide)
	if l.rows > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", l.rows)
	}
	for _, line := range lines {
		b.WriteString("\r" + joinCells(line, width) + "\x1b[K\n")
	}
	l.rows = len(lines)
	if hidden > 0 {
		b.WriteString("\r" + joinCells([]cell{{text: fmt.Sprintf("… %d more lines: the window is too low", hidden)}}, width) + "\x1b[K\n")
		l.rows++
	}
	b.WriteString("\x1b[J" + cursorShow)
	_, _ = io.WriteString(l.w, b.String())
}

// joinCells is a line of cells, two spaces between them, cut at a width that is seen.
func joinCells(cells []cell, width int) string {
	var b strings.Builder
	used := 0
	for i, c := range cells {
		if c.text == "" {
			continue
		}
		if i > 0 && !strings.HasPrefix(cells[0].text, "  ") { // a label is padded already
			b.WriteString("  ")
			used += 2
		}
		text := c.text
		if width > 0 {
			text = cutLine(text, width-used)
		}
		used += utf8.RuneCountInString(text)
		if c.paint != nil {
			text = c.paint(text)
		}
		b.WriteString(text)
	}
	return strings.TrimRight(b.String(), " ")
}

// cutLine shortens text to width runes, without mercy.
func cutLine(text string, width int) string {
	switch {
	case utf8.RuneCountInString(text) <= width:
		return text
	case width <= 0:
		return ""
	}
	return string([]rune(text)[:width-1]) + "…"
}
