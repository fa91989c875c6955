package spec

import (
	"bytes"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/ecs-operator/ecs-operator/pkg/frugal"
)

// TestSplice: «» marks the scalar; only it becomes another.
func TestSplice(t *testing.T) {
	for name, c := range map[string]struct{ path, text, old, with, want string }{
		"plain":          {text: "a: «x:1»   # c\n", old: "x:1", with: "y:2", want: "a: y:2   # c\n"},
		"plain at end":   {text: "a: «x:1»", old: "x:1", with: "y:2", want: "a: y:2"},
		"double":         {text: "a:   «\"x:1\"»#\n", old: "x:1", with: "y:2", want: "a:   \"y:2\"#\n"},
		"escaped":        {text: "a: «\"x\\\"\\u003a1\"»\n", old: "x\":1", with: "y:2", want: "a: \"y:2\"\n"},
		"single":         {text: "a: «'x''1'» # c\n", old: "x'1", with: "y:2", want: "a: 'y:2' # c\n"},
		"flow":           {text: "{b: é, a: «x:1», c: [z]}\n", old: "x:1", with: "y:2", want: "{b: é, a: y:2, c: [z]}\n"},
		"literal":        {text: "a: «|\n  x:1\n»b: 1\n", old: "x:1\n", with: "y:2", want: "a: |\n  y:2\nb: 1\n"},
		"folded":         {text: "a: «>- # c\n\n   x:1\n\n»b: 1\n", old: "\nx:1", with: "y:2", want: ""},
		"folded strip":   {text: "a: «>-\n   x:1\n»b: 1\n", old: "x:1", with: "y:2", want: "a: >-\n   y:2\nb: 1\n"},
		"crlf":           {text: "b: 1\r\na: «x:1»\r\nc: 2\r\n", old: "x:1", with: "y:2", want: "b: 1\r\na: y:2\r\nc: 2\r\n"},
		"bom":            {text: "\uFEFFb: 1\na: «x:1»\n", old: "x:1", with: "y:2", want: "\uFEFFb: 1\na: y:2\n"},
		"line separator": {text: "b: \"u\u2028v\"\na: «x:1»\n", old: "x:1", with: "y:2", want: "b: \"u\u2028v\"\na: y:2\n"},
		"tag":            {text: "a: !!str «x:1»\n", old: "x:1", with: "y:2", want: "a: !!str y:2\n"},
		"json":           {path: "a.json", text: "{\"b\": \"u\u2028v\",\n \"a\" : «\"x\\/1\"» }", old: "x/1", with: "y:2", want: "{\"b\": \"u\u2028v\",\n \"a\" : \"y:2\" }"},
		"json in yaml":   {text: "s: {\"a\": «\"x\\/1\"»}\nt: 1\n", old: "x/1", with: "y:2", want: "s: {\"a\": \"y:2\"}\nt: 1\n"},
		"number":         {text: "a: «x:1»\n", old: "x:1", with: "1.10", want: "a: \"1.10\"\n"},
		"second":         {text: "a: x:1\n---\na: «x:1»\n", old: "x:1", with: "y:2", want: "a: x:1\n---\na: y:2\n"},
		"longer":         {text: "a: «x\n  y»\n", old: "x y", with: "y:2", want: ""},
	} {
		t.Run(name, func(t *testing.T) {
			at := strings.Index(c.text, "«")
			text := strings.NewReplacer("«", "", "»", "").Replace(c.text)
			before := strings.TrimPrefix(text[:at], "\uFEFF")
			line := 1 + strings.Count(before, "\n")
			if c.path == "" { // YAML's own idea of a line
				line += strings.Count(before, "\u2028")
			}
			column := 1 + len([]rune(before[strings.LastIndexByte(before, '\n')+1:]))
			if strings.HasSuffix(before, "!!str ") {
				column -= len("!!str ")
			}
			if c.path == "" {
				c.path = "a.yaml"
			}
			got, err := splice(File{Path: c.path, Data: []byte(text)}, edit{line: line, column: column, old: c.old, with: c.with})
			switch {
			case c.want == "" && err == nil:
				t.Errorf("edited: %q", got)
			case c.want != "" && (err != nil || string(got) != c.want):
				t.Errorf("got %q, %v\nwant %q", got, err, c.want)
			}
		})
	}
}

// FuzzSplice: whatever the file, an edit that succeeds changes the meaning of
// one scalar, and the bytes of one place.
func FuzzSplice(f *testing.F) {
	for _, s := range []string{
		"a: x:1 # c\n", "{a: 'x', b: \"y\\n\"}", "a: |\n  x\nb: >-\n  y\n", "\uFEFFa: x\r\nb: [p, q]\r\n", "a: !!str x\n---\nb: é\u2028\n",
		`{"a": "x\/1", "b": [1, null]}`, "s: {\"a\": \"x\\/1\"}\nt: 1\n", "? a\n: x\n", "- x\n- - y\n  - z: w\n", "a:\n  x\nb: x\n", "0: {0: \"\n0\n\"}",
	} {
		f.Add([]byte(s), uint(0), "r/y:2")
		f.Add([]byte(s), uint(2), "1.10")
	}
	f.Fuzz(func(t *testing.T, data []byte, which uint, with string) {
		frugal.Input(t, func() {
			if checkImage(with) != nil || len(data) > 4<<10 {
				return
			}
			file := File{Path: "a.yaml", Data: data}
			before, err := reread(file)
			if err != nil {
				return
			}
			old := values(before)
			if len(old) == 0 {
				return
			}
			i := int(which % uint(len(old)))
			n := old[i]
			got, err := splice(file, edit{line: n.Line, column: n.Column, old: n.Value, with: with})
			if err != nil {
				return
			}
			after, err := reread(File{Path: "a.yaml", Data: got})
			if err != nil {
				t.Fatalf("%q became %q: %v", data, got, err)
			}
			fresh := values(after)
			if len(fresh) != len(old) {
				t.Fatalf("%q became %q: %d scalars of %d", data, got, len(fresh), len(old))
			}
			changed := 0
			for j := range old {
				switch {
				case old[j].Value == fresh[j].Value && old[j].ShortTag() == fresh[j].ShortTag():
				case old[j].Value == n.Value && strings.TrimRight(fresh[j].Value, "\n") == with:
					changed++
				default:
					t.Fatalf("%q became %q: %q is %q", data, got, old[j].Value, fresh[j].Value)
				}
			}
			if changed > 1 {
				t.Fatalf("%q became %q: %d scalars changed", data, got, changed)
			}
			// What is around the scalar stays, byte for byte.
			head, tail := 0, 0
			for head < len(data) && head < len(got) && data[head] == got[head] {
				head++
			}
			for tail < len(data)-head && tail < len(got)-head && data[len(data)-1-tail] == got[len(got)-1-tail] {
				tail++
			}
			if was, is := data[head:len(data)-tail], got[head:len(got)-tail]; bytes.ContainsAny(is, "\n#") || bytes.Count(was, []byte("\n")) > bytes.Count([]byte(n.Value), []byte("\n"))+1 {
				t.Fatalf("%q became %q: %q in the place of %q", data, got, is, was)
			}
		})
	})
}

// values are the scalars of documents that are no keys, in order.
func values(docs []*yaml.Node) []*yaml.Node {
	var out []*yaml.Node
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		if n.Kind == yaml.ScalarNode {
			out = append(out, n)
		}
		for i, c := range n.Content {
			if n.Kind != yaml.MappingNode || i%2 == 1 {
				walk(c)
			}
		}
	}
	for _, d := range docs {
		walk(d)
	}
	return out
}
