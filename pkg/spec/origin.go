package spec

import (
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

// size counts the nodes of a tree, and the bytes of its scalars.
func size(n *yaml.Node) (nodes, bytes int) {
	nodes, bytes = 1, len(n.Value)
	for _, c := range n.Content {
		cn, cb := size(c)
		nodes, bytes = nodes+cn, bytes+cb
	}
	return nodes, bytes
}
