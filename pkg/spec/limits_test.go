package spec

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

func goodHello() string { return inHello(goodTask + goodService) }

func withLabels(labels string) string {
	return strings.Replace(goodHello(), "{name: hello}", "{name: hello, labels: {"+labels+"}}", 1)
}

func numbered(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// withNodes is a sound document of exactly n nodes.
func withNodes(t *testing.T, n int) string {
	t.Helper()
	text := func(links int) string {
		return inHello("  taskDefinition: {containerDefinitions: [{name: web, image: nginx, links: [" +
			strings.Repeat("a,", links) + "]}]}\n" + goodService)
	}
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(text(0)), &root); err != nil {
		t.Fatal(err)
	}
	var count func(n *yaml.Node) int
	count = func(n *yaml.Node) int {
		sum := 1
		for _, c := range n.Content {
			sum += count(c)
		}
		return sum
	}
	return text(n - count(root.Content[0]))
}

// withDepth is a sound document that nests n mappings and lists.
func withDepth(n int) string {
	const above = 6 // document, spec, service, deploymentConfiguration, lifecycleHooks and its element
	return inHello(goodTask + "  service: {desiredCount: 1, deploymentConfiguration: {deploymentCircuitBreaker: {enable: true, rollback: true}, lifecycleHooks: [{hookDetails: " +
		strings.Repeat("[", n-above) + strings.Repeat("]", n-above) + "}]}}\n")
}

func TestLimits(t *testing.T) {
	padded := func(n int) string {
		return goodHello() + "#" + strings.Repeat("x", n-1-len(goodHello()))
	}
	documents := func(n int) string {
		return strings.Repeat("apiVersion: v1\n---\n", n-1) + goodHello()
	}
	for _, c := range []struct{ name, at, over, want string }{
		{"file", padded(256 << 10), padded(256<<10 + 1),
			"a.yaml:1:1: the file has 262145 bytes; the limit is 256 KiB"},
		{"documents", documents(100), documents(101),
			"a.yaml:1:1: the file has more than 100 documents"},
		{"nodes", withNodes(t, 20_000), withNodes(t, 20_001),
			"a.yaml:6:107: the document has more than 20000 nodes"},
		{"depth", withDepth(64), withDepth(65),
			"a.yaml:6:203: mappings and lists are nested more than 64 deep"},
		{"keys", withLabels(numbered(1000, "k%d: v,")), withLabels(numbered(1001, "k%d: v,")),
			"a.yaml:3:33: a mapping has 1001 keys; the limit is 1000"},
		{"scalar", withLabels("k: " + strings.Repeat("v", 64<<10)), withLabels("k: " + strings.Repeat("v", 64<<10+1)),
			"a.yaml:3:37: a value of 65537 bytes is over the limit of 64 KiB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := parseOne(t, c.at); len(got.Documents) != 1 || len(got.Problems) != 0 {
				t.Errorf("at the limit: %d documents\n%s", len(got.Documents), said(got.Problems))
			}
			got := parseOne(t, c.over)
			if diff := cmp.Diff(c.want+"\n", said(got.Problems)); diff != "" || len(got.Documents) != 0 {
				t.Errorf("over the limit: %d documents\n%s", len(got.Documents), diff)
			}
		})
	}
}

// The same bounds hold for JSON.
func TestLimitsJSON(t *testing.T) {
	text := `{"apiVersion":"ecs-operator/v1","kind":"Service","x":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`
	got := Parse([]File{{Path: "a.json", Data: []byte(text)}}, testSections(), Options{})
	if want := "a.json:1:117: mappings and lists are nested more than 64 deep\n"; said(got.Problems) != want {
		t.Errorf("got %swant %s", said(got.Problems), want)
	}
	text = strings.Repeat("[", 100_000)
	_, problems := DecodeBody("a.json", []byte(text), testSections()[0])
	if want := "a.json:1:1002: not valid JSON: nested more than 1000 deep\n"; said(problems) != want {
		t.Errorf("got %swant %s", said(problems), want)
	}
}

// What YAML offers and a spec must not use.
func TestRefusedYAML(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"anchor and alias", inHello("  taskDefinition: {cpu: &c 256, memory: *c, containerDefinitions: [{name: web, image: nginx}]}\n" + goodService),
			"a.yaml:5:25: anchors are not supported: write the value where it is used, or quote it if it is text that begins with &\n" +
				"a.yaml:5:41: aliases are not supported: write the value out"},
		{"alias of nothing", inHello("  taskDefinition: {cpu: *c}\n"),
			"a.yaml:5:3: aliases are not supported: write the value out, or quote it if it is text that begins with *"},
		{"merge key", inHello("  taskDefinition: {<<: {cpu: 1}, containerDefinitions: [{name: web, image: nginx}]}\n" + goodService),
			"a.yaml:5:20: merge keys (<<) are not supported: write the fields out"},
		{"custom tag", inHello("  taskDefinition: {cpu: !Ref x, memory: !!binary aaa, family: !!str 1, containerDefinitions: [{name: web, image: nginx}]}\n" + goodService),
			"a.yaml:5:25: the tag !Ref is not supported: write plain YAML, or quote it if it is text that begins with !\n" +
				"a.yaml:5:41: the tag !!binary is not supported: write plain YAML, or quote it if it is text that begins with !"},
		{"key of null", inHello(goodTask + goodService + "  ~: b\n"),
			`a.yaml:7:3: a key must not be empty`},
		{"duplicate key", inHello(goodTask + goodService + "  cluster: a\n  cluster: b\n"),
			`a.yaml:8:3: duplicate key "cluster": it stands on line 7 already`},
		{"list as key", inHello(goodTask + goodService + "  ? [a]\n  : b\n"),
			`a.yaml:7:5: a key must be plain text, not a list`},
		{"empty key", inHello(goodTask + goodService + "  : b\n"),
			`a.yaml:7:3: not valid YAML: did not find expected key`},
		{"tab", inHello("\ttaskDefinition: {}\n"),
			"a.yaml:5:1: a tab in the indentation: YAML wants spaces"},
		{"tab after spaces", inHello("  cluster: a\n  \tpolicy: {}\n"),
			"a.yaml:6:3: a tab in the indentation: YAML wants spaces"},
		{"tab further down", inHello("  cluster: a\n  taskDefinition:\n    cpu: 1\n\tmemory: 2\n"),
			"a.yaml:8:1: a tab in the indentation: YAML wants spaces"},
		{"not UTF-8", inHello("  cluster: a\xffb\n"),
			"a.yaml:5:13: the file is not UTF-8 (byte 0xFF): save it as UTF-8"},
		{"control character", inHello("  cluster: a\x01b\n"),
			"a.yaml:5:3: not valid YAML: control characters are not allowed"},
		{"ARN with colons at its end", inHello("  taskDefinition:\n    containerDefinitions:\n      - name: web\n        secrets:\n          - name: DB\n            valueFrom: arn:aws:secretsmanager:eu-west-1:1:secret:db:password::\n"),
			`a.yaml:10:24: a value that ends with a colon must be quoted: quote it, "arn:aws:secretsmanager:eu-west-1:1:secret:db:password::"`},
		{"two values on one line", inHello("  cluster: a: b\n"),
			"a.yaml:5:3: not valid YAML: mapping values are not allowed in this context"},
		{"open bracket", inHello("  dependsOn: [a\n  cluster: b\n"),
			"a.yaml:5:3: not valid YAML: did not find expected ',' or ']'"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := parseOne(t, c.text)
			if diff := cmp.Diff(c.want+"\n", said(got.Problems)); diff != "" || len(got.Documents) != 0 {
				t.Errorf("%d documents\n%s", len(got.Documents), diff)
			}
		})
	}
}

func utf16Bytes(text string, little bool) []byte {
	var b bytes.Buffer
	for _, u := range utf16.Encode([]rune(text)) {
		if little {
			b.Write([]byte{byte(u), byte(u >> 8)})
		} else {
			b.Write([]byte{byte(u >> 8), byte(u)})
		}
	}
	return b.Bytes()
}

func TestEncodings(t *testing.T) {
	same := goodHello()
	for name, data := range map[string]string{
		"byte order mark": "\uFEFF" + same,
		"CRLF":            strings.ReplaceAll(same, "\n", "\r\n"),
	} {
		want, got := parseOne(t, same), parseOne(t, data)
		if diff := cmp.Diff(want, got, sdk); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for name, data := range map[string][]byte{
		"little endian with mark": utf16Bytes("\uFEFF"+same, true), "big endian with mark": utf16Bytes("\uFEFF"+same, false),
		"little endian": utf16Bytes(same, true), "big endian": utf16Bytes(same, false),
	} {
		got := parseOne(t, string(data))
		if want := "a.yaml:1:1: the file is UTF-16: save it as UTF-8\n"; said(got.Problems) != want || len(got.Skipped) != 0 {
			t.Errorf("%s: got %swant %s", name, said(got.Problems), want)
		}
	}
}

// One document never tells more than people read.
func TestManyProblems(t *testing.T) {
	got := parseOne(t, inHello("  taskDefinition: {"+numbered(900, "unknown%d: x,")+"containerDefinitions: [{name: web, image: nginx}]}\n"+goodService))
	if len(got.Problems) != maxProblems+1 || got.Problems[0].Message != "more than 100 problems; the rest is not listed" {
		t.Errorf("%d problems, the first %s", len(got.Problems), got.Problems[0])
	}
}
