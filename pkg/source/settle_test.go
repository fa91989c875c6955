package source

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
)

// A file is read soon once it is whole, and not before its writer has closed it.
func TestSettling(t *testing.T) {
	const debounce = 100 * time.Millisecond
	dir := tree(t, map[string]string{"a.yaml": "a", "b.yaml": "b", "empty.yaml": ""})
	a, b, empty := filepath.Join(dir, "a.yaml"), filepath.Join(dir, "b.yaml"), filepath.Join(dir, "empty.yaml")
	type event = fsnotify.Event
	moved := fsnotify.Create | movedIn
	for _, c := range []struct {
		name   string
		deaf   bool // the notifier tells of no closing
		events []event
		want   time.Duration
	}{
		{name: "moved into its place", events: []event{{Name: a, Op: moved}}, want: 20 * time.Millisecond},
		{name: "written and closed", events: []event{{Name: a, Op: fsnotify.Write}, {Name: a, Op: closedAfterWrite}}, want: 50 * time.Millisecond},
		{name: "one moved, one written", events: []event{{Name: a, Op: moved}, {Name: b, Op: fsnotify.Write}, {Name: b, Op: closedAfterWrite}}, want: 50 * time.Millisecond},
		{name: "still open", events: []event{{Name: a, Op: fsnotify.Write}}, want: 500 * time.Millisecond},
		{name: "one of two still open", events: []event{{Name: a, Op: fsnotify.Write}, {Name: b, Op: fsnotify.Write}, {Name: b, Op: closedAfterWrite}}, want: 500 * time.Millisecond},
		{name: "opened again", events: []event{{Name: a, Op: fsnotify.Write}, {Name: a, Op: closedAfterWrite}, {Name: a, Op: fsnotify.Write}}, want: 500 * time.Millisecond},
		{name: "emptied", events: []event{{Name: empty, Op: fsnotify.Write}, {Name: empty, Op: closedAfterWrite}}, want: debounce},
		{name: "removed", events: []event{{Name: a, Op: fsnotify.Remove}}, want: debounce},
		{name: "moved away, and another in", events: []event{{Name: a, Op: fsnotify.Rename}, {Name: b, Op: moved}}, want: debounce},
		{name: "made anew", events: []event{{Name: a, Op: fsnotify.Create}, {Name: a, Op: fsnotify.Write}, {Name: a, Op: closedAfterWrite}}, want: debounce},
		{name: "a folder moved in", events: []event{{Name: dir, Op: moved | ofFolder}}, want: debounce},
		{name: "removed while open", events: []event{{Name: a, Op: fsnotify.Write}, {Name: a, Op: fsnotify.Remove}}, want: debounce},
		{name: "written, where nobody tells of closing", deaf: true, events: []event{{Name: a, Op: fsnotify.Write}}, want: debounce},
		{name: "made, where nobody tells of closing", deaf: true, events: []event{{Name: a, Op: fsnotify.Create}}, want: debounce},
	} {
		s := settling{closes: !c.deaf}
		now := time.Unix(1, 0)
		var got time.Duration
		for _, e := range c.events {
			got = s.saw(e, now, debounce)
		}
		if got != c.want {
			t.Errorf("%s: it must be quiet for %v, want %v", c.name, got, c.want)
		}
		if late := s.saw(event{Name: a, Op: moved}, now.Add(maxQuiet*debounce), debounce); late != 0 {
			t.Errorf("%s: changes without end are put off by %v", c.name, late)
		}
		s.told()
		if again := s.saw(event{Name: a, Op: moved}, now, debounce); again != 20*time.Millisecond {
			t.Errorf("%s: what was told is waited for: %v", c.name, again)
		}
	}
	s := settling{closes: true}
	if got := s.lost(time.Unix(1, 0), debounce); got != debounce {
		t.Errorf("after an overflow: %v", got)
	}
}

// The kernel tells when a file is whole, after the writes to it.
func TestNotifierTellsOfClosing(t *testing.T) {
	n, err := newNotifier()
	must(t, err)
	defer n.Close()
	if !n.Closes() {
		t.Skip("nothing is told of closing here")
	}
	dir := tree(t, map[string]string{"a.yaml": "a"})
	must(t, n.Add(dir))
	file, other := filepath.Join(dir, "a.yaml"), filepath.Join(dir, "tmp")
	var told []fsnotify.Event
	until := func(name string, op fsnotify.Op) {
		t.Helper()
		for timeout := time.After(patience); ; {
			select {
			case e := <-n.Events():
				if told = append(told, e); e.Name == name && e.Op == op {
					return
				}
			case err := <-n.Errors():
				t.Fatal(err)
			case <-timeout:
				t.Fatalf("%s %v is not told; told was %v", name, op, told)
			}
		}
	}
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	must(t, err)
	for range 2 {
		_, err = f.WriteString("half")
		must(t, err)
		until(file, fsnotify.Write)
	}
	must(t, f.Close())
	until(file, closedAfterWrite)
	must(t, os.WriteFile(other, []byte("whole"), 0o644))
	until(other, fsnotify.Create)
	until(other, closedAfterWrite)
	must(t, os.Rename(other, file))
	until(other, fsnotify.Rename)
	until(file, fsnotify.Create|movedIn)
	must(t, os.Mkdir(other, 0o755))
	until(other, fsnotify.Create|ofFolder)

	second := filepath.Join(t.TempDir(), "second")
	link(t, dir, second)
	must(t, n.Add(second)) // the same folder
	must(t, n.Remove(dir))
	must(t, os.Remove(file))
	until(filepath.Join(second, "a.yaml"), fsnotify.Remove)
	must(t, n.Remove(second))
	if n.Remove(second) == nil {
		t.Error("a watch was removed twice")
	}
}
