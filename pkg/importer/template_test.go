package importer

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/ecs-operator/ecs-operator/pkg/frugal"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

func TestRender(t *testing.T) {
	for name, c := range map[string]struct{ file, text, want string }{
		"quoted":         {"a.json", "{\"a\": \"x-{{ must_env `X` }}\"}", `{"a": "x-<must_env X>"}`},
		"bare":           {"a.json", "{\"n\": {{ must_env `X` }}}", `{"n": "<must_env X>"}`},
		"double quotes":  {"a.json", `{"a": "{{ env "X" "d" }}", "n": {{ env "Y" 2 }}}`, `{"a": "<env X d>", "n": "<env Y 2>"}`},
		"escaped quote":  {"a.json", `{"a": "\"{{ must_env "X" }}\""}`, `{"a": "\"<must_env X>\""}`},
		"json_escape":    {"a.json", `{"a": "{{ must_env "X" | json_escape }}"}`, `{"a": "<must_env X>"}`},
		"another pipe":   {"a.yaml", `a: {{ must_env "X" | upper }}`, `a: <>`},
		"a field":        {"a.yaml", `a: {{ .attachment.config }}`, `a: <.attachment.config>`},
		"yaml, trimmed":  {"a.yaml", "a: {{- must_env `X` -}}\nb: c", "a:<must_env X>b: c"},
		"a comment":      {"a.yaml", "{{/* gone */}}a: b", "a: b"},
		"no reference":   {"a.yaml", "a: echo $(date) $$(x)", "a: echo $$(date) $$$(x)"},
		"nothing":        {"a.yaml", "", ""},
		"an index":       {"a.json", "{\"a\": \"{{ tfstate `m.x['a b'].id` }}\"}", `{"a": "<tfstate m.x['a b'].id>"}`},
		"JSON in no .js": {"a.tmpl", "{\"n\": {{ must_env `X` }}}", `{"n": "<must_env X>"}`},
	} {
		t.Run(name, func(t *testing.T) {
			got, problems := render(c.file, []byte(c.text), func(c call) string {
				return "<" + strings.Join(append([]string{c.name}, c.args...), " ") + ">"
			})
			if len(problems) > 0 || string(got.text) != c.want {
				t.Errorf("%q became %q, want %q %v", c.text, got.text, c.want, problems)
			}
		})
	}
}

func TestRenderRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"a: 1\n{{ if true }}b: 2{{ end }}":         "x.yaml:2:",
		"a: {{ range .x }}{{ . }}{{ end }}":        "x.yaml:1:",
		"a: 1\nb: {{ must_env `X }}":               "x.yaml:2:",
		"{{ define \"t\" }}x{{ end }}a: 1":         "x.yaml:1:",
		"a: 1\n\nb: {{ template \"other\" }} here": "x.yaml:3:",
	} {
		got, problems := render("x.yaml", []byte(text), func(call) string { return "" })
		if len(problems) == 0 || got.text != nil || !strings.HasPrefix(problems[0].String(), want) {
			t.Errorf("%q: %q, %v; want a problem at %s", text, got.text, problems, want)
		}
	}
}

// Places are those of the file, before and behind what was replaced.
func TestRenderKeepsPlaces(t *testing.T) {
	text := "{\n  \"é\": \"{{ must_env `LONG_NAME` }}\", \"b\": {{ must_env\n `X` }}, \"c\": 1,\n \"d\": \"$(x)\", \"e\": 2\n}"
	got, problems := render("a.json", []byte(text), func(call) string { return "v" })
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	docs, problems := spec.ReadTree("a.json", got.text)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	tree := got.tree(docs[0])
	want := map[string][2]int{"é": {2, 3}, "b": {2, 38}, "c": {3, 10}, "d": {4, 2}, "e": {4, 15}}
	for _, p := range tree.Map {
		if at := [2]int{p.At.Line, p.At.Column}; at != want[p.Key] {
			t.Errorf("%s stands at %v, want %v", p.Key, at, want[p.Key])
		}
	}
}

// FuzzRender: no panic, no place outside of the file, JSON stays JSON.
func FuzzRender(f *testing.F) {
	for _, s := range []string{
		"{\"a\": \"{{ must_env `X` }}\"}", "{\"n\": {{ env \"Y\" \"2\" }}, \"b\": [{{ .x }}]}", "a: {{- ssm `/x` 1 -}}\nb: $(x)",
		"{{/* c */}}{{ if }}", "{{", "}}", "{{ (x) }}", "{{ $a := 1 }}", "\"{{\"", "{{`}}`}}", "{{ \"a\" }}{{ nil }}{{ 1 }}", "\xff{{ x `\xff` }}",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		frugal.Input(t, func() {
			if len(text) > 1<<16 {
				return
			}
			lines := strings.Split(text, "\n")
			inside := func(line, column int) {
				if line < 1 || line > len(lines) || column < 1 || column > utf8.RuneCountInString(lines[line-1])+1 {
					t.Fatalf("%d:%d is no place of %q", line, column, text)
				}
			}
			for _, file := range []string{"x.json", "x.yaml"} {
				got, problems := render(file, []byte(text), func(c call) string {
					inside(c.at.line, c.at.column)
					return "v"
				})
				for _, p := range problems {
					if p.Line < 1 || p.Line > len(lines) {
						t.Fatalf("%s is no place of %q", p, text)
					}
				}
				if got.text == nil {
					continue
				}
				if !strings.Contains(text, "{{") && json.Valid([]byte(text)) && !json.Valid(got.text) {
					t.Fatalf("%q was JSON, %q is not", text, got.text)
				}
				line, column := 1, 1
				for _, r := range string(got.text) {
					l, c := got.origin(line, column)
					if l < 1 || l > len(lines) || c < 1 {
						t.Fatalf("%d:%d of %q comes from %d:%d of %q", line, column, got.text, l, c, text)
					}
					if column++; r == '\n' {
						line, column = line+1, 1
					}
				}
			}
		})
	})
}

// The work grows with the file and not with its square.
func TestRenderIsBounded(t *testing.T) {
	for name, part := range map[string]string{"references": "$(", "calls": "{{.x}}", "lines": "{{.x}}\n$(\n", "parentheses": "{{(", "strings": `{{"`} {
		t.Run(name, func(t *testing.T) {
			text := strings.Repeat(part, 256<<10/len(part))
			got, problems := render("x.json", []byte(text), func(call) string { return "v" })
			if got.text == nil && len(problems) == 0 {
				t.Error("neither text nor a problem")
			}
		})
	}
}
