package spec

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// mentionsUs reports whether a file could be meant for us although it cannot
// be read. NUL bytes are passed over, so that UTF-16 is seen as well.
func mentionsUs(data []byte) bool {
	if bytes.IndexByte(data, 0) >= 0 {
		data = bytes.ReplaceAll(data, []byte{0}, nil)
	}
	return bytes.Contains(data, []byte("ecs-operator/"))
}

// load reads a file into the nodes of its documents. Documents before a syntax
// error are returned too; the error is in r.
func load(f File, limits Limits, r *reporter) []*yaml.Node {
	if len(f.Data) > limits.FileBytes {
		r.errorf(nil, "the file has %d bytes; the limit is %s", len(f.Data), bytesText(limits.FileBytes))
		return nil
	}
	text, ok := asUTF8(f.Data, r)
	if !ok {
		return nil
	}
	strict := strings.EqualFold(path.Ext(f.Path), ".json")
	trimmed := bytes.TrimLeft(text, " \t\r\n")
	if strict && len(trimmed) == 0 {
		return nil
	}
	if strict || len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '[') {
		n, err := parseJSON(text)
		if err == nil {
			return []*yaml.Node{n}
		}
		if strict || strings.Contains(err.message, hereDocument) { // else: a flow mapping of YAML may begin like JSON
			r.add(Problem{Line: err.line, Column: err.column, Message: "not valid JSON: " + err.message})
			return nil
		}
	}
	return loadYAML(text, limits, r)
}

// asUTF8 takes a byte order mark off and refuses other encodings by name.
func asUTF8(data []byte, r *reporter) ([]byte, bool) {
	switch {
	case bytes.HasPrefix(data, []byte{0xFF, 0xFE}), bytes.HasPrefix(data, []byte{0xFE, 0xFF}),
		len(data) > 3 && (data[0] == 0) != (data[1] == 0) && (data[2] == 0) != (data[3] == 0):
		r.errorf(nil, "the file is UTF-16: save it as UTF-8")
		return nil, false
	}
	data = bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF"))
	if utf8.Valid(data) {
		return data, true
	}
	line, column := 1, 1
	for at := 0; at < len(data); {
		c, size := utf8.DecodeRune(data[at:])
		if c == utf8.RuneError && size == 1 {
			r.add(Problem{Line: line, Column: column, Message: fmt.Sprintf("the file is not UTF-8 (byte 0x%02X): save it as UTF-8", data[at])})
			break
		}
		if column++; c == '\n' {
			line, column = line+1, 1
		}
		at += size
	}
	return nil, false
}

func loadYAML(text []byte, limits Limits, r *reporter) []*yaml.Node {
	docs, err := yamlDocuments(text, limits.Documents)
	if err == nil {
		return docs
	}
	if errors.Is(err, errTooManyDocuments) {
		r.errorf(nil, "the file has more than %d documents", limits.Documents)
		return nil
	}
	if spliced, bodies := liftJSON(text); len(bodies) > 0 {
		if again, err := yamlDocuments(spliced, limits.Documents); err == nil && putBack(again, bodies) {
			return again
		}
	}
	r.add(explainYAML(err, text, limits.Documents))
	return docs
}

var errTooManyDocuments = errors.New("too many documents")

// yamlDocuments parses into nodes and nothing else; empty documents are left
// out. A panic of the parser is an error like any other.
func yamlDocuments(text []byte, limit int) (docs []*yaml.Node, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("yaml: cannot be parsed: %s", shape.Fault(p))
		}
	}()
	d := yaml.NewDecoder(bytes.NewReader(text))
	for count := 1; ; count++ {
		var n yaml.Node
		if err := d.Decode(&n); errors.Is(err, io.EOF) {
			return docs, nil
		} else if err != nil {
			return docs, err
		}
		if count > limit {
			return nil, errTooManyDocuments
		}
		if len(n.Content) == 1 && !isNull(n.Content[0]) {
			docs = append(docs, n.Content[0])
		}
	}
}

var (
	yamlLine    = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?(.*)$`)
	tabIndent   = regexp.MustCompile(`^ *\t[ \t]*\S`)
	openARN     = regexp.MustCompile(`(?:^|[\s\[{,])(arn:[^\s"',\]}]*:)(?:[\s,\]}]|$)`)
	unknownYAML = regexp.MustCompile(`^unknown anchor '.*' referenced$`)
)

// culpritBytes bounds the files for which the line of a syntax error is searched
// for; in larger ones the parser's own word stands.
const culpritBytes = 32 << 10

// culprit finds the line of a syntax error: the last one of the shortest
// beginning of the file that fails in the same way. The parser itself names the
// line on which the surrounding mapping or list begins.
func culprit(err error, text []byte, documents int) int {
	m := yamlLine.FindStringSubmatch(err.Error())
	if len(text) > culpritBytes || m == nil {
		if m != nil {
			if line, err := strconv.Atoi(m[1]); err == nil {
				return line
			}
		}
		return 1
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	return 1 + sort.Search(len(lines)-1, func(i int) bool {
		_, e := yamlDocuments(bytes.Join(lines[:i+1], nil), documents)
		return e != nil && e.Error() == err.Error()
	})
}

// explainYAML turns a message of the parser into one with a place and, for the
// mistakes that people really make, a remedy.
func explainYAML(err error, text []byte, documents int) Problem {
	line := culprit(err, text, documents)
	m := yamlLine.FindStringSubmatch(strings.ReplaceAll(err.Error(), "\n", " "))
	message := m[2]
	lines := strings.Split(string(text), "\n")
	at := func(i int) string {
		if i < 1 || i > len(lines) {
			return ""
		}
		return strings.TrimRight(lines[i-1], "\r")
	}
	if strings.Contains(message, "tab character") || strings.Contains(message, "cannot start any token") {
		for i := line - 1; i <= line+1; i++ {
			if tabIndent.MatchString(at(i)) {
				return Problem{Line: i, Column: strings.IndexByte(at(i), '\t') + 1, Message: "a tab in the indentation: YAML wants spaces"}
			}
		}
	}
	for _, i := range []int{line, line - 1, line + 1} {
		if m := openARN.FindStringSubmatchIndex(at(i)); m != nil {
			arn := at(i)[m[2]:m[3]]
			return Problem{Line: i, Column: utf8.RuneCountInString(at(i)[:m[2]]) + 1,
				Message: fmt.Sprintf("a value that ends with a colon must be quoted: quote it, %q", arn)}
		}
	}
	if unknownYAML.MatchString(message) {
		message = "aliases are not supported: write the value out, or quote it if it is text that begins with *"
	} else {
		message = "not valid YAML: " + message
	}
	column := len(at(line)) - len(strings.TrimLeft(at(line), " \t")) + 1
	return Problem{Line: line, Column: column, Message: message}
}

var (
	jsonBody  = regexp.MustCompile(`(?m)^[ \t]*(?:- +)?["']?[A-Za-z0-9_.-]+["']?:[ \t]*(\{)`)
	afterJSON = regexp.MustCompile(`^[ \t]*(?:#[^\n]*)?(?:\r?\n|$)`)
)

// liftJSON is the second try for a file that is not YAML: bodies pasted as JSON
// may hold escapes that yaml.v3 refuses. Each is replaced by a quoted word and as
// many line breaks as it had, so that all positions stay.
func liftJSON(text []byte) (out []byte, bodies map[string]*yaml.Node) {
	if bytes.Contains(text, []byte("@@json:")) {
		return nil, nil
	}
	bodies = map[string]*yaml.Node{}
	done := 0               // bytes of text that are in out
	budget := 4 * len(text) // bytes that may be scanned: bodies inside bodies are tried again
	line, lineStart := 1, 0 // of the match in hand
	for _, m := range jsonBody.FindAllSubmatchIndex(text, -1) {
		at := m[2]
		if at < done || budget < 0 {
			continue // inside a body that was lifted
		}
		line += bytes.Count(text[lineStart:at], []byte("\n"))
		lineStart = bytes.LastIndexByte(text[:at], '\n') + 1
		s := &jsonScanner{src: text, at: at, line: line, column: utf8.RuneCount(text[lineStart:at]) + 1}
		n, err := s.value(0)
		budget -= s.at - at
		if err != nil || !afterJSON.Match(text[s.at:]) {
			continue
		}
		word := fmt.Sprintf("@@json:%d@@", len(bodies))
		bodies[word] = n
		out = append(out, text[done:at]...)
		out = append(out, strconv.Quote(word)...)
		rest := afterJSON.Find(text[s.at:])
		done = s.at + len(rest)
		out = append(out, rest...)
		out = append(out, bytes.Repeat([]byte("\n"), bytes.Count(text[at:s.at], []byte("\n")))...)
	}
	return append(out, text[done:]...), bodies
}

// putBack places lifted bodies where their words stand as values, and reports
// whether every one of them found its place.
func putBack(docs []*yaml.Node, bodies map[string]*yaml.Node) bool {
	found := 0
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		for i, c := range n.Content {
			if body, ok := bodies[c.Value]; ok && c.Style == yaml.DoubleQuotedStyle && n.Kind == yaml.MappingNode && i%2 == 1 {
				n.Content[i] = body
				found++
				continue
			}
			walk(c)
		}
	}
	for _, d := range docs {
		walk(d)
	}
	return found == len(bodies)
}
