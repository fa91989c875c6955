package spec

import (
	"fmt"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// A merged tree has nodes of several files, and yaml.v3's nodes have no room
// for theirs. Comments are read by nothing here: the last of them holds the file.

// stamp notes in every node of a document which file it was read from.
func stamp(n *yaml.Node, file string) {
	n.FootComment = file
	for _, c := range n.Content {
		stamp(c, file)
	}
}

// pos prints where a node stands; the file alone for what stands on no line.
func (r *reporter) pos(n *yaml.Node) string {
	file := r.fileOf(n)
	if n.Line == 0 {
		return file
	}
	return file + ":" + strconv.Itoa(n.Line) + ":" + strconv.Itoa(n.Column)
}

func (r *reporter) fileOf(n *yaml.Node) string {
	if n.FootComment != "" {
		return n.FootComment
	}
	return r.file
}

// made is a node that nobody wrote, at the place of one that somebody did.
func made(kind yaml.Kind, tag, value string, at *yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: kind, Tag: tag, Value: value, Line: at.Line, Column: at.Column, FootComment: at.FootComment}
}

// placed takes a position apart.
func placed(pos string) (file string, line, column int) {
	rest, last, ok := cutLast(pos)
	if !ok {
		return pos, 0, 0
	}
	file, middle, ok := cutLast(rest)
	if !ok {
		return pos, 0, 0
	}
	return file, middle, last
}

func cutLast(s string) (before string, number int, ok bool) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return s, 0, false
	}
	n, err := strconv.Atoi(s[i+1:])
	return s[:i], n, err == nil
}

// removed notes in a mapping which layer took a key of it away: what is missed
// there later is missed because of that layer.
func removed(from *yaml.Node, key string, by *yaml.Node) {
	from.HeadComment += fmt.Sprintf("%s%s\x01%s\x01%d\x01%d", removedMark, key, by.FootComment, by.Line, by.Column)
}

const removedMark = "\x00" // comments that people write have none

// remover is the place that took a key of a mapping away; nil for none.
func remover(n *yaml.Node, key string) *yaml.Node {
	var by *yaml.Node
	for _, note := range strings.Split(n.HeadComment, removedMark)[1:] {
		parts := strings.Split(note, "\x01")
		if len(parts) != 4 || !strings.EqualFold(parts[0], key) {
			continue
		}
		line, _ := strconv.Atoi(parts[2])
		column, _ := strconv.Atoi(parts[3])
		by = &yaml.Node{FootComment: parts[1], Line: line, Column: column}
	}
	return by
}

// missing reports a key that must stand in a mapping and does not: at the layer
// that took it away where one did.
func (r *reporter) missing(in *yaml.Node, key string, at *yaml.Node, format string, args ...any) {
	if by := remover(in, key); by != nil {
		r.errorf(by, "%s, and it is taken away here (%s)", fmt.Sprintf(format, args...), r.pos(at))
		return
	}
	r.errorf(at, format, args...)
}

// size counts the nodes of a tree, and the bytes of its scalars.
func size(n *yaml.Node) (nodes, bytes int) {
	nodes, bytes = 1, len(n.Value)
	for _, c := range n.Content {
		cn, cb := size(c)
		nodes, bytes = nodes+cn, bytes+cb
	}
	return nodes, bytes
}
