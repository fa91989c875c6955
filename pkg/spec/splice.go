package spec

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// edit is another text for one scalar of a file.
type edit struct {
	line, column int // where the scalar begins
	old, with    string
}

// errInPlace: the file says the same in a form that is not edited here.
var errInPlace = errors.New("this form of a value is not edited in place: write it on one line")

// splice puts a text in the place of a scalar, in the style in which that is
// written, and keeps every other byte of the file. The answer was read back:
// nothing in it means anything else than before, but that scalar.
func splice(f File, e edit) ([]byte, error) {
	before, err := reread(f)
	if err != nil {
		return nil, err
	}
	mark := 0
	if bytes.HasPrefix(f.Data, []byte("\xEF\xBB\xBF")) {
		mark = 3
	}
	text := f.Data[mark:]
	for _, breaks := range []string{yamlBreaks, "\n"} { // JSON knows one line break, YAML six
		from, ok := offsetOf(text, breaks, e.line, e.column)
		if !ok {
			continue
		}
		from, to, with, ok := extent(text, from, e)
		if !ok {
			continue
		}
		out := make([]byte, 0, len(f.Data)+len(with))
		out = append(out, f.Data[:mark+from]...)
		out = append(out, with...)
		out = append(out, text[to:]...)
		after, err := reread(File{Path: f.Path, Data: out})
		if err != nil || len(after) != len(before) {
			continue
		}
		same, hit := true, false
		for i := range before {
			same = same && sameBut(before[i], after[i], e, &hit)
		}
		if same && hit {
			return out, nil
		}
	}
	return nil, errInPlace
}

func reread(f File) ([]*yaml.Node, error) {
	r := &reporter{file: f.Path}
	docs := load(f, DefaultLimits, r)
	if r.errors > 0 {
		return nil, errors.New(r.problems[0].Message)
	}
	return docs, nil
}

// sameBut reports whether two trees differ in the edited scalar at most, and
// notes when it was met with its new text.
func sameBut(a, b *yaml.Node, e edit, hit *bool) bool {
	if a.Kind != b.Kind || len(a.Content) != len(b.Content) {
		return false
	}
	if a.Kind == yaml.ScalarNode && a.Line == e.line && a.Column == e.column && a.Value == e.old && !*hit {
		*hit = true
		return strings.TrimRight(b.Value, "\n") == e.with && b.ShortTag() == "!!str"
	}
	if a.Value != b.Value || a.ShortTag() != b.ShortTag() {
		return false
	}
	for i := range a.Content {
		if !sameBut(a.Content[i], b.Content[i], e, hit) {
			return false
		}
	}
	return true
}

// yamlBreaks are what yaml.v3 counts as the end of a line, beside \r\n.
const yamlBreaks = "\n\r\u0085\u2028\u2029"

// offsetOf finds the byte of a place.
func offsetOf(text []byte, breaks string, line, column int) (int, bool) {
	at := 0
	for l := 1; l < line; l++ {
		i := bytes.IndexAny(text[at:], breaks)
		if i < 0 {
			return 0, false
		}
		at += i
		if bytes.HasPrefix(text[at:], []byte("\r\n")) {
			at++
		}
		_, size := utf8.DecodeRune(text[at:])
		at += size
	}
	for c := 1; c < column; c++ {
		_, size := utf8.DecodeRune(text[at:])
		if size == 0 {
			return 0, false
		}
		at += size
	}
	return at, at < len(text)
}

// property is a tag or an anchor before a scalar.
var property = regexp.MustCompile(`^[!&][^\s,\[\]{}]*[ \t]+`)

// extent is what to put in the place of which bytes.
func extent(text []byte, from int, e edit) (start, end int, with string, ok bool) {
	for {
		m := property.Find(text[from:])
		if m == nil {
			break
		}
		from += len(m)
	}
	if from >= len(text) {
		return 0, 0, "", false
	}
	switch text[from] {
	case '"':
		for i := from + 1; i < len(text); i++ {
			switch text[i] {
			case '\\':
				i++
			case '"':
				return from, i + 1, `"` + e.with + `"`, oneLine(text[from:i])
			}
		}
	case '\'':
		for i := from + 1; i < len(text); i++ {
			switch {
			case text[i] != '\'':
			case i+1 < len(text) && text[i+1] == '\'':
				i++
			default:
				return from, i + 1, `'` + e.with + `'`, oneLine(text[from:i])
			}
		}
	case '|', '>':
		return block(text, from, e)
	default:
		return plainExtent(text, from, e)
	}
	return 0, 0, "", false
}

// oneLine reports whether text in quotes is not folded over several lines.
func oneLine(quoted []byte) bool { return !bytes.ContainsAny(quoted, "\n\r") }

// block edits the text of a literal or folded scalar and leaves its header. Only
// text of one line is known not to mean more than it seems to.
func block(text []byte, from int, e edit) (start, end int, with string, ok bool) {
	old := strings.TrimRight(e.old, "\n")
	header := bytes.IndexByte(text[from:], '\n')
	if header < 0 || old == "" || strings.Contains(old, "\n") {
		return 0, 0, "", false
	}
	body := from + header + 1
	i := bytes.Index(text[body:], []byte(old))
	if i < 0 || len(bytes.TrimSpace(text[body:body+i])) > 0 {
		return 0, 0, "", false
	}
	return body + i, body + i + len(old), e.with, true
}

// plainExtent edits text without quotes, and quotes the new one where it must be.
func plainExtent(text []byte, from int, e edit) (start, end int, with string, ok bool) {
	if e.old == "" || !bytes.HasPrefix(text[from:], []byte(e.old)) {
		return 0, 0, "", false
	}
	with = e.with
	if !plainSafe(with) {
		with = `"` + with + `"`
	}
	return from, from + len(e.old), with, true
}

var (
	plainStart = regexp.MustCompile(`^[A-Za-z0-9$./_(]`)
	plainText  = regexp.MustCompile(`^[A-Za-z0-9$()./_:@+=~-]+$`)
)

// plainSafe reports whether YAML reads a text without quotes as that text.
func plainSafe(s string) bool {
	if !plainStart.MatchString(s) || !plainText.MatchString(s) || strings.HasSuffix(s, ":") || looseBool(s) {
		return false
	}
	n := yaml.Node{Kind: yaml.ScalarNode, Value: s}
	return n.ShortTag() == "!!str"
}

// imageForm is what may stand in a scalar of any style without a second thought.
var imageForm = regexp.MustCompile(`^[A-Za-z0-9$()./_:@+=~-]+$`)

// checkImage refuses what is no reference of an image.
func checkImage(image string) error {
	if image == "" || !imageForm.MatchString(image) {
		return fmt.Errorf("%s is no image: want REGISTRY/REPOSITORY:TAG or …@sha256:DIGEST, without spaces or quotes", quoted(image))
	}
	return nil
}
