package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// What the docs show of `status --watch` is what it shows: the same rollout in
// virtual time has every frame that was captured, but for times and durations.
func TestCapturedStatus(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "rollouts.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "## Watch\n")
	_, rest, _ = strings.Cut(rest, "```text\n")
	captured, _, _ := strings.Cut(rest, "\n```")
	frames := strings.Split(captured, "\n\n")
	if len(frames) < 4 {
		t.Fatalf("%d frames in docs/rollouts.md", len(frames))
	}
	seen := map[string]bool{}
	synctest.Test(t, func(t *testing.T) { watchExample(t, seen) })
	for _, f := range frames {
		if !seen[timeless(f)] {
			t.Errorf("no such frame is drawn any more:\n%s\nthose that are:\n%s", f, strings.Join(slices.Sorted(maps.Keys(seen)), "\n\n"))
			return
		}
	}
}

// timeless takes out of a frame what no two runs share.
func timeless(frame string) string {
	for _, re := range []string{`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`, `\d\d:\d\d:\d\dZ`, `\b(\d+h)?(\d+m)?\d+s\b|\b\d+m\b`} {
		frame = regexp.MustCompile(re).ReplaceAllString(frame, "T")
	}
	return frame
}

// watchExample lives through a rollout of the blue/green example, and collects what
// is drawn of it.
func watchExample(t *testing.T, seen map[string]bool) {
	dir := t.TempDir()
	write := func(version string) {
		for _, name := range []string{"checkout.yaml", "prod.yaml"} {
			text, err := os.ReadFile(filepath.Join("..", "..", "examples", "blue-green", name))
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, name), []byte(strings.Replace(string(text), "checkout:1.42.0", "checkout:"+version, 1)), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	c := &console{out: t.Output(), err: t.Output(), outStyle: newPalette(false), errStyle: newPalette(false),
		getenv: func(string) string { return "" }, now: time.Now}
	g := &globalOptions{sandbox: true, sandboxSpeed: 1, owner: resource.DefaultOwner}
	m, err := assemble(t.Context(), c, g, job{paths: []string{dir}})
	if err != nil {
		t.Fatal(err)
	}
	defer m.close()
	load := func() []*resource.Unit {
		l, err := m.Load(t.Context())
		if err != nil || len(l.Units) != 1 {
			t.Fatal(err, len(l.Units))
		}
		return l.Units
	}
	write("1.42.0")
	m.Apply(t.Context(), load(), reconcile.ApplyOptions{Wait: true, Timeout: time.Hour})
	write("1.43.0")
	units := load()
	m.Apply(t.Context(), units, reconcile.ApplyOptions{})
	for range 400 {
		pictures := m.Look(t.Context(), units)
		for age := range 2 { // a terminal is drawn between two looks, too
			var lines []string
			for _, line := range block(c.outStyle, pictures[0], m.embedded.Clock().Add(time.Duration(age)*500*time.Millisecond)) {
				lines = append(lines, joinCells(line, 200))
			}
			seen[timeless(strings.Join(lines, "\n"))] = true
		}
		if pictures[0].Status.State == status.StateReady && pictures[0].Deployment.Status.Ended() {
			return
		}
		time.Sleep(5 * time.Second)
	}
	t.Error("the rollout did not end")
}

// In a log a watch tells each change once and shows a sign of life every 30 seconds;
// as JSON it writes a document for each change; on a terminal it draws every second.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &console{out: t.Output(), err: t.Output(), outStyle: newPalette(false), errStyle: newPalette(false),
			getenv: func(string) string { return "" }, now: time.Now}
		m, err := assemble(t.Context(), c, &globalOptions{sandbox: true, sandboxSpeed: 1, owner: resource.DefaultOwner}, job{paths: []string{filepath.Join("..", "..", "examples", "quickstart", "hello.yaml")}})
		if err != nil {
			t.Fatal(err)
		}
		defer m.close()
		loaded, err := m.Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		m.Apply(t.Context(), loaded.Units, reconcile.ApplyOptions{})
		watch := func(asJSON, tty bool, d time.Duration) string {
			var out strings.Builder
			ctx, cancel := context.WithTimeout(t.Context(), d)
			defer cancel()
			on := *c
			on.out, on.outTTY = &out, tty
			w := &watcher{c: &on, n: &named{m: m, loaded: loaded, unit: loaded.Units[0]}, units: loaded.Units, json: asJSON,
				clock: m.clock(c), told: map[resource.UnitKey]string{}}
			if err := w.run(ctx, 5*time.Second); err != nil {
				t.Error(err)
			}
			return out.String()
		}
		log := strings.Split(strings.TrimSpace(watch(false, false, 15*time.Minute)), "\n")
		if !strings.Contains(log[0], "hello  … Progressing  rollout in progress") || strings.Count(strings.Join(log, "\n"), "✓ Ready") != 1 {
			t.Errorf("log:\n%s", strings.Join(log, "\n"))
		}
		if n := strings.Count(strings.Join(log, "\n"), "still watching: 1 ready"); n < 20 || n > 29 {
			t.Errorf("%d signs of life in a quarter of an hour", n)
		}
		if docs := strings.Count(watch(true, false, time.Minute), `"apiVersion": "ecs-operator/status/v1"`); docs != 1 {
			t.Errorf("%d documents of a world that does not change", docs)
		}
		if drawn := strings.Count(watch(false, true, 20*time.Second), cursorHide); drawn < 20 || drawn > 26 {
			t.Errorf("drawn %d times in 20 seconds", drawn)
		}
	})
}

// screen is a terminal that knows what live speaks.
type screen struct {
	lines []string
	row   int
}

var escapeCode = regexp.MustCompile(`^\x1b\[(\??\d*)([A-Za-z])`)

func (s *screen) write(t *testing.T, text string) {
	for text != "" {
		m := escapeCode.FindStringSubmatch(text)
		for len(s.lines) <= s.row {
			s.lines = append(s.lines, "")
		}
		switch {
		case m != nil:
			text = text[len(m[0]):]
			switch m[2] {
			case "A":
				n, _ := strconv.Atoi(m[1])
				if s.row -= n; s.row < 0 {
					t.Fatal("the cursor went above the screen")
				}
			case "K": // what was there before is longer
			case "J":
				s.lines = s.lines[:s.row]
			case "h", "l":
			default:
				t.Fatalf("an escape that not every terminal knows: %q", m[0])
			}
		case text[0] == '\r':
			text, s.lines[s.row] = text[1:], ""
		case text[0] == '\n':
			text = text[1:]
			s.row++
		default:
			end := strings.IndexAny(text, "\x1b\r\n")
			s.lines[s.row] += text[:end]
			text = text[end:]
		}
	}
}

// A frame takes the place of the one before, whatever their heights; no line is
// wider than the terminal, and the first one stays on it.
func TestLiveDrawsInPlace(t *testing.T) {
	var out strings.Builder
	width, height := 20, 10
	l := &live{w: &out, size: func() (int, int) { return width, height }}
	s := &screen{lines: []string{"$ before"}, row: 1}
	lines := func(n int) (cells [][]cell) {
		for i := range n {
			cells = append(cells, []cell{{text: fmt.Sprintf("  line %d  ", i)}, {text: strings.Repeat("é", 30)}})
		}
		return cells
	}
	for _, n := range []int{3, 5, 1, 0, 4, 30} {
		out.Reset()
		l.draw(lines(n))
		s.write(t, out.String())
		want := min(n, height-2)
		if n > want {
			want++ // what is left out
		}
		if got := s.lines[1:s.row]; len(got) != want || s.lines[0] != "$ before" || want > 0 && !strings.HasPrefix(got[0], "  line 0  é") {
			t.Errorf("%d lines: the screen has %q", n, s.lines)
		}
		for _, line := range s.lines {
			if len([]rune(line)) > width {
				t.Errorf("%q is wider than the terminal", line)
			}
		}
	}
	if !strings.Contains(strings.Join(s.lines, "\n"), "… 22 more lines") {
		t.Errorf("what is left out is not told: %q", s.lines)
	}
}

// What a story writes goes above the blocks that stand below it, and nothing of
// them stays when they are taken away.
func TestStoryAboveBlocks(t *testing.T) {
	var out strings.Builder
	b := &beneath{live: live{w: &out, size: func() (int, int) { return 40, 20 }}}
	s := &screen{lines: []string{"$ apply"}, row: 1}
	look := func(want string) {
		t.Helper()
		s.write(t, out.String())
		out.Reset()
		if got := strings.TrimRight(strings.Join(s.lines[:s.row], "\n"), "\n"); got != want {
			t.Errorf("the screen has\n%s\nwant\n%s", got, want)
		}
	}
	_, _ = fmt.Fprintln(b, "one") // it cannot fail
	look("$ apply\none")
	b.show([][]cell{nil, {{text: "block"}}, {{text: "more"}}})
	look("$ apply\none\n\nblock\nmore")
	_, _ = fmt.Fprintln(b, "two")
	look("$ apply\none\ntwo\n\nblock\nmore")
	b.show([][]cell{nil, {{text: "block"}}})
	look("$ apply\none\ntwo\n\nblock")
	b.erase()
	look("$ apply\none\ntwo")
}
