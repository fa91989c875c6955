package source

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
)

// longRead is a directory whose only file was read long after it was written.
func longRead(t *testing.T) (d *Directory, file string) {
	t.Helper()
	dir := tree(t, map[string]string{"a.yaml": "0123456789"})
	file = filepath.Join(dir, "a.yaml")
	f, err := os.Open(file)
	must(t, err)
	defer f.Close()
	if !unwritten(f) {
		t.Skip("this system, or this file system, does not tell whether a file is open for writing")
	}
	d = Dir(dir)
	d.kept.now = func() time.Time { return time.Now().Add(time.Minute) }
	snapshot(t, d)
	return d, file
}

// Only a file that was saved in place and closed counts as whole before its time.
func TestSettled(t *testing.T) {
	d, file := longRead(t)
	saved := changes{file: file}
	check := func(what string, c changes, want bool) {
		t.Helper()
		if got := d.settled(c); got != want {
			t.Errorf("%s is settled: %t, want %t", what, got, want)
		}
	}
	write(t, file, "012345678X")
	check("a file that was saved", saved, true)
	check("one of several changes", changes{file: file, several: true}, false)
	check("nothing", changes{}, false)
	write(t, file, "01234567")
	check("a file that has become much shorter", saved, false)
	write(t, file, "")
	check("an empty file", saved, false)
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_TRUNC, 0)
	must(t, err)
	_, err = f.WriteString("0123456789")
	must(t, err)
	check("a file that is being written", saved, false)
	must(t, f.Close())
	check("one that was", saved, true)
	other := filepath.Join(filepath.Dir(file), "b.yaml")
	write(t, other, "0123456789")
	check("a file that was never read", changes{file: other}, false)
	check("a file that is not there", changes{file: file + "x.yaml"}, false)

	for what, events := range map[string][]fsnotify.Event{
		"a new file":          {{Name: file, Op: fsnotify.Create}},
		"a write and another": {{Name: file, Op: fsnotify.Write}, {Name: other, Op: fsnotify.Write}},
		"a rename":            {{Name: file, Op: fsnotify.Write}, {Name: file, Op: fsnotify.Rename}},
	} {
		var c changes
		for _, e := range events {
			c.add(e)
		}
		if !c.several {
			t.Errorf("%s may be settled", what)
		}
	}
}

// The hint of a file that was saved does not wait for the files to be quiet for long.
func TestASavedFileIsToldAtOnce(t *testing.T) {
	d, file := longRead(t)
	d.Debounce = time.Hour
	ctx, stop := context.WithCancel(t.Context())
	hint, done := make(chan struct{}, 1), make(chan error, 1)
	go func() { done <- d.Watch(ctx, hint) }()
	<-hint
	write(t, file, "012345678X")
	select {
	case <-hint:
		if s := snapshot(t, d); string(s.Files[0].Data()) != "012345678X" {
			t.Errorf("read %q", s.Files[0].Data())
		}
	case <-time.After(patience):
		t.Error("no hint")
	}
	stop()
	must(t, <-done)
}
