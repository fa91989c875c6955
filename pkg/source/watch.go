package source

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
	"go.uber.org/zap"
)

// notifier is what is needed of fsnotify; a second one in the tests refuses
// watches, as a kernel does whose limit is reached.
type notifier interface {
	Add(dir string) error
	Remove(dir string) error
	Close() error
	Events() <-chan fsnotify.Event
	Errors() <-chan error
}

type fsNotifier struct{ *fsnotify.Watcher }

func (n fsNotifier) Events() <-chan fsnotify.Event { return n.Watcher.Events }
func (n fsNotifier) Errors() <-chan error          { return n.Watcher.Errors }

func newNotifier() (notifier, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	return fsNotifier{w}, nil
}

// maxQuiet bounds the debounce: files that change all the time are read all the same.
const maxQuiet = 5

// Watch sends a hint as soon as it is watching (so that nothing that changed
// before is missed), and then whenever the files may have changed. Where the
// kernel refuses to watch it polls and says why.
func (d *Directory) Watch(ctx context.Context, hint chan<- struct{}) error {
	n, err := d.watch()
	if err == nil {
		w := &watching{d: d, n: n, dirs: map[string]fs.FileInfo{}}
		err = w.run(ctx, hint)
		_ = n.Close()
	}
	if err == nil || ctx.Err() != nil {
		return nil
	}
	d.Log.Warn("the files cannot be watched: looking at them from time to time instead (on Linux, fs.inotify.max_user_watches may be too small)",
		zap.Error(err), zap.Duration("every", d.PollEvery))
	d.poll(ctx, hint)
	return nil
}

// watching keeps the kernel's watches in step with the tree.
type watching struct {
	d    *Directory
	n    notifier
	dirs map[string]fs.FileInfo // watched, and what stood there then
	// above are the folders that the user's paths stand in: of what happens
	// there only the named places matter.
	above, named map[string]bool
}

func (w *watching) run(ctx context.Context, hint chan<- struct{}) error {
	if err := w.sync(); err != nil {
		return err
	}
	send(hint)
	quiet := time.NewTimer(time.Hour)
	quiet.Stop()
	defer quiet.Stop()
	var c changes // not told yet
	for {
		select {
		case <-ctx.Done():
			return nil
		case e, ok := <-w.n.Events():
			if !ok {
				return fsnotify.ErrClosed
			}
			if !w.matters(e) {
				continue
			}
			c.add(e)
		case _, ok := <-w.n.Errors(): // an overflow: anything may have changed
			if !ok {
				return fsnotify.ErrClosed
			}
			c.several = true
		case <-quiet.C:
			if left := w.d.left(c); left > 0 && !w.d.settled(c) {
				c.several = true
				quiet.Reset(left)
				continue
			}
			c = changes{}
			// Watches first, then the hint: what comes into a new folder
			// before its watch stands is seen by the snapshot that follows.
			if err := w.sync(); err != nil {
				return err
			}
			send(hint)
			continue
		}
		c.last = time.Now()
		if c.first.IsZero() {
			c.first = c.last
		}
		wait := max(0, w.d.left(c))
		if !c.several {
			wait = min(wait, settle)
		}
		quiet.Reset(wait)
	}
}

// matters sorts out the noise of editors and of files that are no specs.
func (w *watching) matters(e fsnotify.Event) bool {
	base := filepath.Base(e.Name)
	if w.named[e.Name] || w.above[filepath.Dir(e.Name)] {
		return w.named[e.Name]
	}
	if e.Op == fsnotify.Chmod && !isSpec(e.Name) {
		return false
	}
	if isSpec(base) {
		return !strings.HasPrefix(base, ".")
	}
	if _, ok := w.dirs[e.Name]; ok || filepath.Ext(base) == "" || strings.HasPrefix(base, "..") {
		return true
	}
	info, err := os.Stat(e.Name)
	return err == nil && info.IsDir() && !strings.HasPrefix(base, ".")
}

// sync watches every folder that holds specs, the folder in which each path
// stands (so that it may be replaced), and those that links lead to.
func (w *watching) sync() error {
	want := map[string]bool{}
	var failed error
	watch := func(dir string) {
		if info, err := os.Stat(dir); failed == nil && !want[dir] && err == nil && info.IsDir() {
			want[dir] = true
			failed = w.add(dir, info)
		}
	}
	above, named := map[string]bool{}, map[string]bool{}
	for _, p := range w.d.paths {
		if abs, err := filepath.Abs(p); err == nil {
			eachFolder(abs, watch)
		}
	}
	for _, p := range w.d.paths {
		for _, place := range places(p) {
			dir := filepath.Dir(place)
			named[place] = true
			if want[dir] && !above[dir] {
				continue // it holds specs of its own
			}
			watch(dir)
			above[dir] = true
		}
	}
	if failed != nil {
		return failed
	}
	w.above, w.named = above, named
	for dir := range w.dirs {
		if !want[dir] {
			_ = w.n.Remove(dir) // gone, mostly: then the kernel has forgotten it already
			delete(w.dirs, dir)
		}
	}
	return nil
}

// places are where a path of the user's stands, absolute: itself, and what it
// leads to if it is a link, because either may be replaced.
func places(p string) []string {
	var out []string
	if abs, err := filepath.Abs(p); err == nil {
		out = append(out, abs)
	}
	if real, err := filepath.EvalSymlinks(p); err == nil {
		if abs, err := filepath.Abs(real); err == nil && !slices.Contains(out, abs) {
			out = append(out, abs)
		}
	}
	return out
}

// add watches a folder; one that was replaced under the same path anew.
func (w *watching) add(dir string, info fs.FileInfo) error {
	if have, ok := w.dirs[dir]; ok {
		if os.SameFile(have, info) {
			return nil
		}
		_ = w.n.Remove(dir)
	}
	if err := w.n.Add(dir); err != nil {
		if _, statErr := os.Stat(dir); statErr != nil || errors.Is(err, fs.ErrPermission) {
			return nil // gone meanwhile: its parent's watch tells; or a Problem of every snapshot
		}
		return fmt.Errorf("%s: %w", dir, err)
	}
	w.dirs[dir] = info
	return nil
}

// eachFolder calls visit for every folder below a path that may hold specs, and
// for those that linked files stand in; visit says whether to go on into it.
// Each folder is listed after its visit. Reading follows the same links under
// os.Root; here a link that leads out costs a watch and shows nothing.
func eachFolder(path string, visit func(dir string)) {
	seen := identities{}
	todo := []string{path}
	for len(todo) > 0 {
		dir := todo[0]
		todo = todo[1:]
		info, err := os.Stat(dir)
		if err != nil || !info.IsDir() || !seen.add(info) {
			continue
		}
		visit(dir)
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue
		}
		for _, e := range entries {
			full := filepath.Join(dir, e.Name())
			switch {
			case strings.HasPrefix(e.Name(), "."):
			case e.IsDir():
				todo = append(todo, full)
			case e.Type()&fs.ModeSymlink != 0:
				real, err := filepath.EvalSymlinks(full)
				if err != nil || !within(path, real) {
					continue
				}
				if info, err := os.Stat(real); err == nil && info.IsDir() {
					todo = append(todo, full)
				} else if isSpec(full) {
					visit(filepath.Dir(real))
				}
			}
		}
	}
}

// within reports whether a real path is inside a directory.
func within(dir, real string) bool {
	base, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return false
	}
	rel, err := filepath.Rel(base, real)
	return err == nil && filepath.IsLocal(rel)
}

// poll compares what can be seen without reading. It looks before its first
// hint: what changes after the snapshot that follows differs from that look.
func (d *Directory) poll(ctx context.Context, hint chan<- struct{}) {
	last := d.look(ctx)
	send(hint)
	t := time.NewTicker(d.PollEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			if now := d.look(ctx); !slices.Equal(now, last) {
				last = now
				send(hint)
			}
		}
	}
}

// look lists names, sizes and times of everything that a snapshot would read.
func (d *Directory) look(ctx context.Context) []string {
	w := &walk{ctx: ctx, basket: basket{limits: d.limits}, dirs: identities{}}
	defer w.close()
	var out []string
	for _, p := range d.paths {
		if err := w.path(p); err != nil {
			out = append(out, err.Error())
		}
	}
	for _, c := range w.found {
		out = append(out, fmt.Sprint(c.shown, c.info.Size(), c.info.ModTime().UnixNano(), c.info.Mode()))
	}
	for _, p := range w.problems {
		out = append(out, p.Path+p.Message)
	}
	return out
}

func send(hint chan<- struct{}) {
	select {
	case hint <- struct{}{}:
	default: // one is waiting already
	}
}
