package spec_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

func TestReadTree(t *testing.T) {
	docs, problems := spec.ReadTree("m.yml", []byte(`base: &base {cpu: 256, image: a}
web:
  <<: *base
  image: b
  on: yes
  empty:
  list: [1, "1", 1.5, 0x10, true]
twice: 1
twice: 2
---
second: x
`))
	if len(docs) != 2 || len(problems) != 1 || problems[0].String() != `m.yml:9:1: warning: the key "twice" stands on line 8 already: the later value counts` {
		t.Fatalf("%d documents, %v", len(docs), problems)
	}
	web := docs[0].Get("web")
	if web.Get("image").Text() != "b" || web.Get("cpu").Scalar != json.Number("256") || web.Get("empty").Sort != spec.Null || web.Get("gone").Sort != spec.Null {
		t.Errorf("web is %+v", web)
	}
	if at := web.Get("image"); at.Line != 4 || at.Column != 10 || at.File != "m.yml" {
		t.Errorf("image stands at %s:%d:%d", at.File, at.Line, at.Column)
	}
	want := []any{json.Number("1"), "1", json.Number("1.5"), "0x10", true}
	for i, item := range web.Get("list").List {
		if item.Scalar != want[i] {
			t.Errorf("list[%d] is %#v, want %#v", i, item.Scalar, want[i])
		}
	}
	if docs[0].Get("twice").Scalar != json.Number("2") {
		t.Errorf("twice is %v", docs[0].Get("twice"))
	}
}

// What unfolds without end is refused, and nothing panics.
func TestReadTreeBounds(t *testing.T) {
	bomb := "a0: &a0 [x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 9; i++ {
		p := string(rune('0' + i - 1))
		bomb += "a" + string(rune('0'+i)) + ": &a" + string(rune('0'+i)) + " [" + strings.Repeat("*a"+p+", ", 8) + "]\n"
	}
	for name, text := range map[string]string{
		"bomb": bomb, "self": "a: &a {b: *a}\n", "deep": strings.Repeat("[", 200) + strings.Repeat("]", 200),
		"merge of a scalar": "a: &a x\nb: {<<: *a}\n", "complex key": "{a: b}: c\n", "tab": "a:\n\tb: c\n",
	} {
		t.Run(name, func(t *testing.T) {
			docs, problems := spec.ReadTree("x.yaml", []byte(text))
			if len(problems) == 0 && name != "merge of a scalar" {
				t.Errorf("read %d documents without a problem", len(docs))
			}
			for _, p := range problems {
				if p.Line == 0 {
					t.Errorf("%s has no line", p)
				}
			}
		})
	}
}
