package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// instruction is one of a Dockerfile, with its flags apart.
type instruction struct {
	line  int
	name  string // upper case
	flags map[string]string
	rest  string
}

// parseDockerfile reads the part of the language that ours is written in; what it
// does not know is an error, so that nothing is passed over.
func parseDockerfile(text string) ([]instruction, error) {
	known := []string{"FROM", "ARG", "RUN", "COPY", "WORKDIR", "ENV", "USER", "EXPOSE", "VOLUME", "LABEL", "HEALTHCHECK", "ENTRYPOINT"}
	var out []instruction
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		line, first := strings.TrimSpace(lines[i]), i+1
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		for strings.HasSuffix(line, "\\") && i+1 < len(lines) {
			i++
			next := strings.TrimSpace(lines[i])
			if strings.HasPrefix(next, "#") {
				return nil, fmt.Errorf("line %d: a comment inside of an instruction", i+1)
			}
			line = strings.TrimSuffix(line, "\\") + next
		}
		name, rest, _ := strings.Cut(line, " ")
		in := instruction{line: first, name: strings.ToUpper(name), flags: map[string]string{}, rest: strings.TrimSpace(rest)}
		if !slices.Contains(known, in.name) || strings.Contains(line, "<<") {
			return nil, fmt.Errorf("line %d: %s is not known here", first, line)
		}
		for strings.HasPrefix(in.rest, "--") {
			flag, rest, _ := strings.Cut(in.rest, " ")
			key, value, _ := strings.Cut(flag, "=")
			in.flags[key], in.rest = value, strings.TrimSpace(rest)
		}
		out = append(out, in)
	}
	return out, nil
}

var placeholder = regexp.MustCompile(`\$\{?([A-Z_]+)\}?`)

// expand puts variables in; one that nobody has set is an error of the Dockerfile.
func expand(t *testing.T, text string, vars map[string]string) string {
	t.Helper()
	return placeholder.ReplaceAllStringFunc(text, func(m string) string {
		name := placeholder.FindStringSubmatch(m)[1]
		value, set := vars[name]
		if !set {
			t.Fatalf("%s is not declared where %q uses it", name, text)
		}
		return value
	})
}

// words splits a command as a shell would, as far as double quotes go.
func words(text string) []string {
	var out []string
	word, quoted, any := strings.Builder{}, false, false
	for _, r := range text + " " {
		switch {
		case r == '"':
			quoted, any = !quoted, true
		case r == ' ' && !quoted:
			if any {
				out = append(out, word.String())
			}
			word.Reset()
			any = false
		default:
			word.WriteRune(r)
			any = true
		}
	}
	return out
}

// execForm reads ["a", "b"]: what is not of that form goes through a shell.
func execForm(text string) ([]string, error) {
	var out []string
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		return nil, fmt.Errorf("%s is not in exec form, and there is no shell: %w", text, err)
	}
	return out, nil
}

func TestParseDockerfile(t *testing.T) {
	got, err := parseDockerfile("# x\nARG A=1\n\nFROM --platform=$B ${A} AS s\nRUN a && \\\n  b\nCOPY --from=s --chown=1:1 /x /y\n")
	want := []instruction{
		{2, "ARG", map[string]string{}, "A=1"},
		{4, "FROM", map[string]string{"--platform": "$B"}, "${A} AS s"},
		{5, "RUN", map[string]string{}, "a && b"},
		{7, "COPY", map[string]string{"--from": "s", "--chown": "1:1"}, "/x /y"},
	}
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []string{"ADD x /", "RUN <<EOF", "SHELL [\"sh\"]", "ONBUILD RUN x", "RUN a \\\n# b\n c"} {
		if _, err := parseDockerfile(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	if got := words(`go build -ldflags "-s -w -X a=" ./x ""`); len(got) != 6 || got[3] != "-s -w -X a=" || got[5] != "" {
		t.Errorf("%q", got)
	}
}

// listed is what the README says that the image holds: pattern → what may be done.
func listed(t *testing.T) map[string]string {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(readme), "This is all that is in the image.")
	_, block, _ = strings.Cut(block, "```text\n")
	block, _, closed := strings.Cut(block, "\n```")
	if !closed {
		t.Fatal("README.md lists nothing after \"This is all that is in the image.\"")
	}
	out := map[string]string{}
	for _, line := range strings.Split(block, "\n") {
		path, says, _ := strings.Cut(line, " ")
		out[path] = strings.TrimSpace(says)
	}
	return out
}

func match(pattern, path string) bool {
	ok, err := filepath.Match(pattern, path)
	return ok && err == nil
}
