package importer

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template/parse"
	"unicode/utf8"

	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// call is one {{ … }} of a file: a function of the tool with its arguments.
type call struct {
	name string   // "must_env"; "" for what is no single call with text arguments
	args []string // text and numbers
	text string   // as it stands in the file, with its braces
	at   place
	// bare: it stands outside of quotes in JSON, where any value may.
	bare bool
}

type place struct{ line, column int }

// rendered is a file whose calls were replaced, and where its text came from.
type rendered struct {
	file string
	text []byte
	jump []jump
}

// jump says: from this place on, the text stands in the file at that place.
type jump struct{ here, there place }

// origin finds where something stands in the file.
func (r rendered) origin(line, column int) (int, int) {
	at := place{line, column}
	i, found := slices.BinarySearchFunc(r.jump, at, func(j jump, p place) int {
		if j.here.line != p.line {
			return j.here.line - p.line
		}
		return j.here.column - p.column
	})
	if !found {
		i--
	}
	if i < 0 {
		return line, column
	}
	j := r.jump[i]
	if line == j.here.line {
		return j.there.line, j.there.column + column - j.here.column
	}
	return j.there.line + line - j.here.line, column
}

// render replaces every {{ … }} of a Go template by what replace makes of it,
// and escapes what only looks like a reference of ours. Control structures
// ({{ if }}, {{ range }} and the like) have no counterpart: with one of them
// there is no text, and a problem for each.
func render(file string, data []byte, replace func(call) string) (rendered, []spec.Problem) {
	src := string(data)
	w := &renderer{file: file, src: src, replace: replace, json: looksLikeJSON(file, src)}
	t := parse.New("template")
	t.Mode = parse.SkipFuncCheck | parse.ParseComments
	trees := map[string]*parse.Tree{}
	if !strings.Contains(src, "{{") {
		w.literal(0, len(src))
		return rendered{file, []byte(w.out.String()), w.jump}, nil
	}
	if _, err := t.Parse(src, "{{", "}}", trees); err != nil {
		return rendered{}, []spec.Problem{templateError(file, err)}
	}
	for name, tree := range trees {
		if name != "template" {
			w.refuse(int(tree.Root.Position()), "{{ define }}")
		}
	}
	if tree := trees["template"]; tree != nil {
		w.list(tree.Root)
	}
	if len(w.problems) > 0 {
		return rendered{}, w.problems
	}
	return rendered{file, []byte(w.out.String()), w.jump}, nil
}

// looksLikeJSON: in JSON a value without quotes must get them.
func looksLikeJSON(file, src string) bool {
	src = strings.TrimLeft(strings.TrimPrefix(src, "\uFEFF"), " \t\r\n")
	return strings.HasSuffix(strings.ToLower(file), ".json") || strings.HasPrefix(src, "{") && !strings.HasPrefix(src, "{{")
}

var templateLine = regexp.MustCompile(`^template: template:(\d+):(?:\d+:)? *(.*)$`)

func templateError(file string, err error) spec.Problem {
	p := spec.Problem{File: file, Line: 1, Column: 1, Message: "not a template that can be read: " + err.Error()}
	if m := templateLine.FindStringSubmatch(strings.ReplaceAll(err.Error(), "\n", " ")); m != nil {
		p.Line, _ = strconv.Atoi(m[1])
		p.Message = "not a template that can be read: " + m[2]
	}
	return p
}

type renderer struct {
	file, src string
	replace   func(call) string
	json      bool
	out       strings.Builder
	jump      []jump
	problems  []spec.Problem
	quoted    bool  // inside a string of JSON
	here      place // of the end of out, from 0
	last      struct {
		offset int
		at     place
	}
}

// placeOf is where a byte of the file stands; offsets only grow.
func (w *renderer) placeOf(offset int) place {
	if offset < w.last.offset {
		w.last.offset, w.last.at = 0, place{}
	}
	w.last.at = advance(w.last.at, w.src[w.last.offset:offset])
	w.last.offset = offset
	return place{w.last.at.line + 1, w.last.at.column + 1}
}

func advance(p place, text string) place {
	if n := strings.Count(text, "\n"); n > 0 {
		return place{p.line + n, utf8.RuneCountInString(text[strings.LastIndexByte(text, '\n')+1:])}
	}
	return place{p.line, p.column + utf8.RuneCountInString(text)}
}

func (w *renderer) refuse(offset int, what string) {
	at := w.placeOf(min(offset, len(w.src)))
	w.problems = append(w.problems, spec.Problem{File: w.file, Line: at.line, Column: at.column,
		Message: fmt.Sprintf("%s cannot be turned into a variable: render the file with its own tool first, and import what comes out", what)})
}

func (w *renderer) list(l *parse.ListNode) {
	if l == nil {
		return
	}
	for _, n := range l.Nodes {
		switch n := n.(type) {
		case *parse.TextNode:
			w.literal(int(n.Pos), len(n.Text))
		case *parse.CommentNode:
		case *parse.ActionNode:
			w.action(n)
		default:
			w.refuse(int(n.Position()), "{{ "+strings.Fields(strings.Trim(n.String(), "{}"))[0]+" }}")
		}
	}
}

// literal copies text of the file.
func (w *renderer) literal(offset, length int) {
	for length > 0 {
		text := w.src[offset : offset+length]
		w.mark(offset)
		// What only looks like a reference: $( becomes $$(.
		cut := strings.Index(text, "$(")
		if cut < 0 {
			w.emit(text)
			return
		}
		w.emit(text[:cut])
		w.emit("$$(")
		offset, length = offset+cut+2, length-cut-2
	}
}

func (w *renderer) mark(offset int) {
	w.jump = append(w.jump, jump{place{w.here.line + 1, w.here.column + 1}, w.placeOf(offset)})
}

func (w *renderer) emit(text string) {
	w.out.WriteString(text)
	w.here = advance(w.here, text)
	for i := 0; w.json && i < len(text); i++ {
		switch {
		case text[i] == '\\' && w.quoted:
			i++
		case text[i] == '"':
			w.quoted = !w.quoted
		}
	}
}

func (w *renderer) action(n *parse.ActionNode) {
	from := strings.LastIndex(w.src[:n.Pos], "{{")
	to := strings.Index(w.src[n.Pos:], "}}")
	if from < 0 || to < 0 {
		w.refuse(int(n.Pos), "this template call")
		return
	}
	c := call{text: w.src[from : int(n.Pos)+to+2], at: w.placeOf(from), bare: w.json && !w.quoted}
	c.name, c.args = plainCall(n.Pipe)
	with := w.replace(c)
	w.mark(from)
	if c.bare {
		with = `"` + with + `"`
	}
	w.emit(with)
}

// plainCall reads `name "arg" …`, and `.a.b` as a call of that name.
func plainCall(p *parse.PipeNode) (name string, args []string) {
	if len(p.Decl) > 0 || len(p.Cmds) == 0 {
		return "", nil
	}
	for _, c := range p.Cmds[1:] {
		if c.String() != "json_escape" { // our values stand on parsed nodes: they need no escape
			return "", nil
		}
	}
	for i, a := range p.Cmds[0].Args {
		switch a := a.(type) {
		case *parse.IdentifierNode:
			if i > 0 {
				return "", nil
			}
			name = a.Ident
		case *parse.FieldNode:
			if i > 0 || len(p.Cmds[0].Args) > 1 {
				return "", nil
			}
			name = "." + strings.Join(a.Ident, ".")
		case *parse.StringNode:
			if i == 0 {
				return "", nil
			}
			args = append(args, a.Text)
		case *parse.NumberNode:
			if i == 0 {
				return "", nil
			}
			args = append(args, a.Text)
		default:
			return "", nil
		}
	}
	return name, args
}
