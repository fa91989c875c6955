package source

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// TestMain lets the test binary stand in for ssh, as the program itself does, and
// sees that nothing is left running.
func TestMain(m *testing.M) {
	ActAsSSH(os.Args[1:])
	goleak.VerifyTestMain(m)
}

// patience is ample: a test that needs it has failed.
const patience = 20 * time.Second

// watched is a Directory under watch.
type watched struct {
	*Directory
	t    *testing.T
	hint chan struct{}
}

// watch starts watching and returns when it does.
func watch(t *testing.T, d *Directory) *watched {
	t.Helper()
	d.Debounce = 10 * time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	w := &watched{Directory: d, t: t, hint: make(chan struct{}, 1)}
	go func() { done <- d.Watch(ctx, w.hint) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("Watch returned %v", err)
			}
		case <-time.After(patience):
			t.Error("Watch did not return")
		}
	})
	w.await("the first hint", func(Snapshot) bool { return true })
	return w
}

// await takes hints until a snapshot is as wanted. A snapshot is only taken
// after a hint: a change that nobody was told of is a failure.
func (w *watched) await(what string, wanted func(Snapshot) bool) {
	w.t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case <-w.hint:
			if s, err := w.Snapshot(context.Background()); err == nil && wanted(s) {
				return
			}
		case <-timeout:
			w.t.Fatalf("%s: no hint", what)
		}
	}
}

// holds is a condition: some file of the snapshot has this content.
func holds(text string) func(Snapshot) bool {
	return func(s Snapshot) bool {
		for _, f := range s.Files {
			if string(f.Data()) == text {
				return true
			}
		}
		return false
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestWatch(t *testing.T) {
	dir := tree(t, map[string]string{"a.yaml": "a", "sub/b.yaml": "b"})
	w := watch(t, Dir(dir))

	write(t, filepath.Join(dir, "a.yaml"), "a1")
	w.await("a write in place", holds("a1"))

	write(t, filepath.Join(dir, "a.yaml~tmp"), "a2")
	must(t, os.Rename(filepath.Join(dir, "a.yaml~tmp"), filepath.Join(dir, "a.yaml")))
	w.await("an editor's atomic rename", holds("a2"))

	write(t, filepath.Join(dir, "new/deep/c.yaml"), "c")
	w.await("a new folder with a file", holds("c"))

	write(t, filepath.Join(dir, "new/deep/c.yaml"), "c1")
	w.await("a write in a new folder", holds("c1"))

	must(t, os.RemoveAll(filepath.Join(dir, "sub")))
	w.await("a removed folder", func(s Snapshot) bool { return !holds("b")(s) })

	write(t, filepath.Join(dir, "sub/b.yaml"), "b1")
	w.await("a folder made again", holds("b1"))
	write(t, filepath.Join(dir, "sub/b.yaml"), "b2")
	w.await("a write in a folder made again", holds("b2"))

	must(t, os.Remove(filepath.Join(dir, "a.yaml")))
	w.await("a removed file", func(s Snapshot) bool { return !holds("a2")(s) })
}

func TestWatchPathItself(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "specs")
	write(t, filepath.Join(dir, "a.yaml"), "a")
	w := watch(t, Dir(dir))

	must(t, os.Rename(dir, filepath.Join(parent, "old")))
	write(t, filepath.Join(dir, "a.yaml"), "a1")
	w.await("the path made again", holds("a1"))
	write(t, filepath.Join(dir, "a.yaml"), "a2")
	w.await("a write in it", holds("a2"))
}

func TestWatchKubernetesSwap(t *testing.T) {
	dir := tree(t, map[string]string{"..1/a.yaml": "one"})
	link(t, "..1", filepath.Join(dir, "..data"))
	link(t, "..data/a.yaml", filepath.Join(dir, "a.yaml"))
	w := watch(t, Dir(dir))
	for _, next := range []string{"two", "three"} {
		write(t, filepath.Join(dir, ".."+next, "a.yaml"), next)
		link(t, ".."+next, filepath.Join(dir, "..data_tmp"))
		must(t, os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
		w.await("a swap to "+next, holds(next))
	}
}

// As git-sync does it: the path is a link that is swapped.
func TestWatchLinkedPath(t *testing.T) {
	parent := tree(t, map[string]string{"rev1/a.yaml": "one", "rev2/a.yaml": "two"})
	current := filepath.Join(parent, "current")
	link(t, "rev1", current)
	w := watch(t, Dir(current))
	link(t, "rev2", filepath.Join(parent, "tmp"))
	must(t, os.Rename(filepath.Join(parent, "tmp"), current))
	w.await("the swap", holds("two"))
	write(t, filepath.Join(parent, "rev2", "a.yaml"), "two and a half")
	w.await("a write behind the swap", holds("two and a half"))
}

func TestWatchSingleFile(t *testing.T) {
	dir := tree(t, map[string]string{"a.yaml": "a"})
	file := filepath.Join(dir, "a.yaml")
	w := watch(t, Dir(file))
	write(t, filepath.Join(dir, "tmp"), "a1")
	must(t, os.Rename(filepath.Join(dir, "tmp"), file))
	w.await("an atomic rename", holds("a1"))
}

// deaf is a notifier of a kernel that has no watch left.
type deaf struct{ events chan fsnotify.Event }

func (deaf) Add(string) error                { return os.NewSyscallError("inotify_add_watch", os.ErrInvalid) }
func (deaf) Remove(string) error             { return nil }
func (deaf) Close() error                    { return nil }
func (d deaf) Events() <-chan fsnotify.Event { return d.events }
func (deaf) Errors() <-chan error            { return nil }

func TestWatchFallsBackToPolling(t *testing.T) {
	dir := tree(t, map[string]string{"a.yaml": "a"})
	core, logs := observer.New(zap.WarnLevel)
	d := Dir(dir)
	d.Log, d.PollEvery = zap.New(core), 5*time.Millisecond
	d.watch = func() (notifier, error) { return deaf{}, nil }
	w := watch(t, d)
	write(t, filepath.Join(dir, "sub/b.yaml"), "b")
	w.await("a new file", holds("b"))
	if logs.Len() != 1 || logs.All()[0].ContextMap()["error"] == nil {
		t.Errorf("logged %v, want the reason once", logs.All())
	}
}

func TestNoiseGivesNoHint(t *testing.T) {
	dir := tree(t, map[string]string{"a.yaml": "a"})
	w := &watching{d: Dir(dir), dirs: nil}
	for name, want := range map[string]bool{
		"a.yaml": true, "b.yml": true, "x.json": true, "..data": true, "folder": true,
		"a.yaml~": false, ".a.yaml.swp": false, ".#a.yaml": false, "4913.tmp": false, "app.log": false,
	} {
		if got := w.matters(fsnotify.Event{Name: filepath.Join(dir, name), Op: fsnotify.Create}); got != want {
			t.Errorf("%s matters: %v, want %v", name, got, want)
		}
	}
}
