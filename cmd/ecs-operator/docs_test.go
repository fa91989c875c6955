package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/metrics"
)

var update = flag.Bool("update", false, "write generated pages anew")

// TestMetricsPage: docs/metrics.md is the table of pkg/metrics.
func TestMetricsPage(t *testing.T) {
	var page strings.Builder
	page.WriteString("# Metrics\n\n`run` serves these at `/metrics` of `--listen`, in Prometheus' format. Beside it are `/healthz`\n" +
		"(the loop is alive) and `/readyz` (the documents were compared with AWS once). Within a major version\nmetrics and labels are added, never changed. Prometheus' own `go_*` and `process_*`, of the Go runtime and of the\nprocess, are served too.\n\n" +
		"| metric | type | labels | what it says |\n|---|---|---|---|\n")
	for _, d := range metrics.Docs() {
		labels := ""
		if len(d.Labels) > 0 {
			labels = "`" + strings.Join(d.Labels, "`, `") + "`"
		}
		fmt.Fprintf(&page, "| `%s` | %s | %s | %s |\n", d.Name, d.Type, labels, d.Help)
	}
	holdPage(t, "metrics.md", page.String(), "what pkg/metrics says")
}

// holdPage holds a generated page of docs/ to what it is made of; -update writes it.
func holdPage(t *testing.T, name, want, of string) {
	t.Helper()
	path := filepath.Join("../../docs", name)
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != want {
		t.Errorf("docs/%s is not %s: run this test with -update", name, of)
	}
}

// snippet is one fenced block of a page that is to be run, or written to a file.
type snippet struct {
	page  string
	line  int
	file  string // "" for commands
	lines []string
}

// opens tells by a fence whether the block is for the tests: ```sh test is run,
// ```yaml test NAME is written to that file for what follows.
var opens = regexp.MustCompile("^```(?:sh test|yaml test ([a-z.]+))$")

// meant is any fence that looks like one of those.
var meant = regexp.MustCompile("^ *```.* test\\b")

// snippets finds the blocks that are marked for the tests.
func snippets(t *testing.T, page string) []snippet {
	t.Helper()
	f, err := os.Open(page)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var out []snippet
	var open *snippet
	scan := bufio.NewScanner(f)
	for n := 1; scan.Scan(); n++ {
		line := scan.Text()
		fence := opens.FindStringSubmatch(strings.TrimSpace(line))
		switch {
		case open == nil && fence != nil:
			open = &snippet{page: page, line: n, file: fence[1]}
		case open != nil && strings.TrimSpace(line) == "```":
			out, open = append(out, *open), nil
		case open != nil:
			open.lines = append(open.lines, line)
		case meant.MatchString(line):
			t.Errorf("%s:%d: %s: the tests know no such block", page, n, line)
		}
	}
	if err := scan.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// exitComment is what a snippet says about a command's exit code.
var exitComment = regexp.MustCompile(`#.*\bexit (\d)`)

// TestDocs runs the marked snippets of every page, in order, in a directory
// that holds the examples. A line "# … exit 5" says which code is right.
func TestDocs(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, page := range append(pages, "../../README.md") {
		found := snippets(t, page)
		if len(found) == 0 {
			continue
		}
		ran += len(found)
		t.Run(filepath.Base(page), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.CopyFS(filepath.Join(dir, "examples"), os.DirFS("../../examples")); err != nil {
				t.Fatal(err)
			}
			env := cleanEnv(dir, "ECS_OPERATOR_SANDBOX_SPEED="+fastWorld)
			env = append(env, repositoryFor(t, found, dir)...)
			for _, s := range found {
				s.run(t, dir, env)
			}
		})
	}
	if ran == 0 {
		t.Error("no page has a snippet that is run")
	}
}

func (s snippet) run(t *testing.T, dir string, env []string) {
	t.Helper()
	if s.file != "" {
		if err := os.WriteFile(filepath.Join(dir, s.file), []byte(strings.Join(s.lines, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	for i, line := range s.lines {
		command, want := strings.TrimSpace(line), 0
		if command == "" || strings.HasPrefix(command, "#") {
			continue
		}
		if m := exitComment.FindStringSubmatch(command); m != nil {
			want, _ = strconv.Atoi(m[1]) // the pattern has a digit
		}
		command = strings.ReplaceAll(command, "go run ./cmd/ecs-operator", "ecs-operator")
		cmd := exec.Command("sh", "-c", command)
		cmd.Dir, cmd.Env = dir, env
		out, _ := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != want {
			t.Fatalf("%s:%d: %s\nexit code %d, want %d:\n%s", s.page, s.line+1+i, command, code, want, out)
		}
	}
}
