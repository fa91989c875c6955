package spec

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// jsonMaxDepth keeps the recursion of the tokenizer small; the document's own
// limit on depth is lower and speaks of the node that passes it.
const jsonMaxDepth = 1000

const hereDocument = "the end of a shell's here-document got into the file, remove it"

// jsonError is a syntax error with its place.
type jsonError struct {
	line, column int
	message      string
}

func (e *jsonError) Error() string { return e.message }

// jsonScanner reads strict JSON (RFC 8259) into the node tree that yaml.v3
// builds, because yaml.v3 refuses some valid JSON (escaped slashes, surrogate
// pairs, tabs) and because a position must be kept for every value.
type jsonScanner struct {
	src          []byte
	at           int
	line, column int // of src[at], from 1; columns count runes
}

// parseJSON reads one value and nothing after it but white space.
func parseJSON(src []byte) (*yaml.Node, *jsonError) {
	s := &jsonScanner{src: src, line: 1, column: 1}
	n, err := s.whole()
	if err != nil {
		return nil, err
	}
	s.space()
	if s.at < len(s.src) {
		hint := ""
		if strings.HasPrefix(string(s.src[s.at:min(len(s.src), s.at+3)]), "EOF") {
			hint = ": " + hereDocument
		}
		return nil, s.fail("unexpected %s after the end of the JSON value%s", s.here(), hint)
	}
	return n, nil
}

func (s *jsonScanner) whole() (n *yaml.Node, err *jsonError) {
	s.space()
	return s.value(0)
}

func (s *jsonScanner) fail(format string, args ...any) *jsonError {
	return &jsonError{s.line, s.column, fmt.Sprintf(format, args...)}
}

// here describes the character at the scanner for a message.
func (s *jsonScanner) here() string {
	if s.at >= len(s.src) {
		return "end of file"
	}
	r, _ := utf8.DecodeRune(s.src[s.at:])
	return strconv.QuoteRune(r)
}

func (s *jsonScanner) peek() byte {
	if s.at < len(s.src) {
		return s.src[s.at]
	}
	return 0
}

// step moves over n bytes that hold no line break.
func (s *jsonScanner) step(n int) {
	s.column += utf8.RuneCount(s.src[s.at : s.at+n])
	s.at += n
}

func (s *jsonScanner) space() {
	for s.at < len(s.src) {
		switch s.src[s.at] {
		case '\n':
			s.line, s.column = s.line+1, 1
			s.at++
		case ' ', '\t', '\r':
			s.step(1)
		default:
			return
		}
	}
}

func (s *jsonScanner) node(kind yaml.Kind, tag string) *yaml.Node {
	return &yaml.Node{Kind: kind, Tag: tag, Line: s.line, Column: s.column}
}

func (s *jsonScanner) value(depth int) (*yaml.Node, *jsonError) {
	if depth > jsonMaxDepth {
		return nil, s.fail("nested more than %d deep", jsonMaxDepth)
	}
	switch c := s.peek(); {
	case c == '{':
		return s.object(depth)
	case c == '[':
		return s.array(depth)
	case c == '"':
		return s.str()
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	}
	for word, tag := range map[string]string{"true": "!!bool", "false": "!!bool", "null": "!!null"} {
		if strings.HasPrefix(string(s.src[s.at:min(len(s.src), s.at+5)]), word) {
			n := s.node(yaml.ScalarNode, tag)
			n.Value = word
			s.step(len(word))
			return n, nil
		}
	}
	hint := ""
	switch s.peek() {
	case '#', '/':
		hint = ": JSON has no comments, remove it or name the file .yaml"
	case '$', '<':
		hint = ": what another tool would put in is not filled in here, write the value or a quoted variable of the Environment, \"$(env.NAME)\""
	}
	return nil, s.fail("expected a JSON value, found %s%s", s.here(), hint)
}

func (s *jsonScanner) object(depth int) (*yaml.Node, *jsonError) {
	n := s.node(yaml.MappingNode, "!!map")
	n.Style = yaml.FlowStyle
	s.step(1)
	s.space()
	if s.peek() == '}' {
		s.step(1)
		return n, nil
	}
	for {
		if s.peek() != '"' {
			hint := ""
			if s.peek() == '{' {
				hint = ": a {{ template }} of another tool is not filled in here, write the value or a quoted variable of the Environment, \"$(env.NAME)\""
			}
			return nil, s.fail("expected a key in double quotes, found %s%s", s.here(), hint)
		}
		key, err := s.str()
		if err != nil {
			return nil, err
		}
		s.space()
		if s.peek() != ':' {
			return nil, s.fail("expected ':' after the key %s, found %s", quoted(key.Value), s.here())
		}
		s.step(1)
		s.space()
		value, err := s.value(depth + 1)
		if err != nil {
			return nil, err
		}
		n.Content = append(n.Content, key, value)
		if more, err := s.next('}'); err != nil || !more {
			return n, err
		}
	}
}

func (s *jsonScanner) array(depth int) (*yaml.Node, *jsonError) {
	n := s.node(yaml.SequenceNode, "!!seq")
	n.Style = yaml.FlowStyle
	s.step(1)
	s.space()
	if s.peek() == ']' {
		s.step(1)
		return n, nil
	}
	for {
		value, err := s.value(depth + 1)
		if err != nil {
			return nil, err
		}
		n.Content = append(n.Content, value)
		if more, err := s.next(']'); err != nil || !more {
			return n, err
		}
	}
}

// next moves over a comma (more to come) or the closing bracket.
func (s *jsonScanner) next(closing byte) (more bool, err *jsonError) {
	s.space()
	switch s.peek() {
	case closing:
		s.step(1)
		return false, nil
	case ',':
		s.step(1)
		s.space()
		if s.peek() == closing {
			return false, s.fail("a comma before %q: remove it", closing)
		}
		return true, nil
	}
	return false, s.fail("expected ',' or %q, found %s", closing, s.here())
}

func (s *jsonScanner) number() (*yaml.Node, *jsonError) {
	n := s.node(yaml.ScalarNode, "!!int")
	end := s.at
	digits := func() bool {
		from := end
		for end < len(s.src) && s.src[end] >= '0' && s.src[end] <= '9' {
			end++
		}
		return end > from
	}
	is := func(chars string) bool {
		return end < len(s.src) && strings.IndexByte(chars, s.src[end]) >= 0
	}
	if is("-") {
		end++
	}
	leadingZero := is("0")
	from := end
	ok := digits() && !(leadingZero && end-from > 1)
	if ok && is(".") {
		end++
		n.Tag = "!!float"
		ok = digits()
	}
	if ok && is("eE") {
		end++
		n.Tag = "!!float"
		if is("+-") {
			end++
		}
		ok = digits()
	}
	if !ok || is("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.") {
		return nil, s.fail("malformed number")
	}
	n.Value = string(s.src[s.at:end])
	s.step(end - s.at)
	return n, nil
}

func (s *jsonScanner) str() (*yaml.Node, *jsonError) {
	n := s.node(yaml.ScalarNode, "!!str")
	n.Style = yaml.DoubleQuotedStyle
	s.step(1)
	var b strings.Builder
	for {
		from := s.at
		for s.at < len(s.src) && s.src[s.at] != '"' && s.src[s.at] != '\\' && s.src[s.at] >= 0x20 {
			s.at++
		}
		b.Write(s.src[from:s.at])
		s.column += utf8.RuneCount(s.src[from:s.at])
		switch {
		case s.at >= len(s.src):
			return nil, &jsonError{n.Line, n.Column, "a string without its closing quote"}
		case s.src[s.at] == '"':
			s.step(1)
			n.Value = b.String()
			return n, nil
		case s.src[s.at] != '\\':
			return nil, s.fail("a line break or control character %q inside a string: write it as an escape", s.src[s.at])
		}
		if err := s.escape(&b); err != nil {
			return nil, err
		}
	}
}

var jsonEscapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

func (s *jsonScanner) escape(b *strings.Builder) *jsonError {
	if s.at+1 >= len(s.src) {
		return s.fail("an escape without its character")
	}
	c := s.src[s.at+1]
	if plain, ok := jsonEscapes[c]; ok {
		b.WriteByte(plain)
		s.step(2)
		return nil
	}
	if c != 'u' {
		return s.fail("unknown escape \\%s", string(rune(c)))
	}
	r, ok := s.hex(s.at)
	if !ok {
		return s.fail("\\u wants four hexadecimal digits")
	}
	if !utf16.IsSurrogate(r) {
		b.WriteRune(r)
		s.step(6)
		return nil
	}
	low, ok := s.hex(s.at + 6)
	if pair := utf16.DecodeRune(r, low); ok && pair != utf8.RuneError {
		b.WriteRune(pair)
		s.step(12)
		return nil
	}
	return s.fail("half of a surrogate pair")
}

// hex reads the code unit of "\uXXXX" at an offset.
func (s *jsonScanner) hex(at int) (rune, bool) {
	if at+6 > len(s.src) || s.src[at] != '\\' || s.src[at+1] != 'u' {
		return 0, false
	}
	u, err := strconv.ParseUint(string(s.src[at+2:at+6]), 16, 16)
	return rune(u), err == nil
}
