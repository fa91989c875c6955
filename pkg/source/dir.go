package source

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"go.uber.org/zap"
)

// Limits of one source. They bound what a hostile or mistaken tree can cost
// before a byte of it is decoded.
const (
	MaxFileBytes  = 256 << 10
	MaxFiles      = 20_000
	MaxTotalBytes = 256 << 20
	MaxPathBytes  = 512
)

// dirTimeout bounds one reading of a directory: a file system may hang.
const dirTimeout = 30 * time.Second

// Directory is a source of files and directories on this machine. Symbolic
// links that stay inside a directory are followed, others are refused; hidden
// entries (.git, editors' lock files, Kubernetes' ..data) are not specs by
// themselves, but a link that leads through them is followed.
type Directory struct {
	paths []string

	// Log is told why watching falls back to polling; nil for nobody.
	Log *zap.Logger
	// Debounce is how long the files must be quiet before a hint is sent, unless all that
	// happened is that one was saved and is closed (settled), and
	// PollEvery the rhythm of polling where nothing can be watched.
	Debounce  time.Duration
	PollEvery time.Duration

	limits limits
	watch  func() (notifier, error) // fsnotify; another one in tests
	kept   kept                     // what was read before
}

// Dir makes a source of the given files and directories.
func Dir(paths ...string) *Directory {
	return &Directory{
		paths: paths, Log: zap.NewNop(),
		Debounce: 100 * time.Millisecond, PollEvery: 2 * time.Second,
		limits: usualLimits(),
		watch:  newNotifier,
	}
}

// candidate is a file that looks like a spec, not read yet.
type candidate struct {
	root  *os.Root
	rel   string // inside the root
	shown string // what people see
	info  fs.FileInfo
	link  bool // reached through a symbolic link
}

// Snapshot looks at everything, and reads what is not as it was read last (kept). A path
// that is missing is an error; anything less is a Problem, and makes the snapshot incomplete.
func (d *Directory) Snapshot(ctx context.Context) (Snapshot, error) {
	if len(d.paths) == 0 {
		return Snapshot{}, errors.New("no path to read specs from was given")
	}
	ctx, cancel := context.WithTimeout(ctx, dirTimeout)
	defer cancel()
	w := &walk{ctx: ctx, basket: basket{limits: d.limits}, dirs: identities{}}
	defer w.close()
	for _, p := range d.paths {
		if err := w.path(p); err != nil {
			return Snapshot{}, err
		}
	}
	return w.read(&d.kept)
}

// walk collects candidates, and then reads them.
type walk struct {
	basket
	ctx   context.Context
	roots []*os.Root
	dirs  identities // directories that were walked
	found []candidate
}

func (w *walk) close() {
	for _, r := range w.roots {
		_ = r.Close()
	}
}

// path takes one path of the user's: a directory, or one file of any name.
func (w *walk) path(p string) error {
	info, err := os.Stat(p)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: no such file or directory", p)
	case err != nil:
		return fmt.Errorf("%s: cannot be read: %w", p, reason(err))
	case info.IsDir():
		root, err := os.OpenRoot(p)
		if err != nil {
			return fmt.Errorf("%s: cannot be read: %w", p, reason(err))
		}
		w.roots = append(w.roots, root)
		return w.tree(root, p, info)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s: is neither a file nor a directory", p)
	}
	// A path that the user named may itself be a link to anywhere: his own word.
	real, err := filepath.EvalSymlinks(p)
	if err != nil {
		return fmt.Errorf("%s: cannot be read: %w", p, reason(err))
	}
	root, err := os.OpenRoot(filepath.Dir(real))
	if err != nil {
		return fmt.Errorf("%s: cannot be read: %w", p, reason(err))
	}
	w.roots = append(w.roots, root)
	w.add(candidate{root: root, rel: filepath.Base(real), shown: filepath.Clean(p), info: info})
	return nil
}

func (w *walk) add(c candidate) {
	if w.admit(c.shown) {
		w.found = append(w.found, c)
	}
}

// folder is a directory that waits to be walked.
type folder struct {
	rel  string
	link bool
	info fs.FileInfo
}

// tree walks a root breadth first. Linked folders come last, and each folder
// is walked once, so that a file keeps the path at which it really is.
func (w *walk) tree(root *os.Root, shown string, info fs.FileInfo) error {
	todo := []folder{{rel: ".", info: info}}
	var linked []folder
	for len(todo)+len(linked) > 0 && !w.full {
		if err := w.ctx.Err(); err != nil {
			return err
		}
		if len(todo) == 0 {
			todo, linked = linked, nil
		}
		f := todo[0]
		todo = todo[1:]
		if !w.dirs.add(f.info) {
			continue // a loop, or a second way to the same place
		}
		entries, err := readDir(root, f.rel)
		if err != nil {
			w.problem(filepath.Join(shown, f.rel), "directory cannot be read: %v", reason(err))
			continue
		}
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), ".") {
				continue
			}
			sub, ok := w.entry(root, shown, filepath.Join(f.rel, e.Name()), e, f.link)
			if ok && sub.link {
				linked = append(linked, sub)
			} else if ok {
				todo = append(todo, sub)
			}
		}
	}
	return nil
}

// entry takes one directory entry: a file becomes a candidate, a folder is
// given back.
func (w *walk) entry(root *os.Root, shown, rel string, e fs.DirEntry, linked bool) (folder, bool) {
	full := filepath.Join(shown, rel)
	link := e.Type()&fs.ModeSymlink != 0
	if !link && !e.IsDir() && !isSpec(rel) {
		return folder{}, false
	}
	info, err := e.Info() // the entry's own, by the folder that was opened
	if link {
		info, err = root.Stat(rel)
	}
	switch {
	case err != nil && link && (isSpec(rel) || filepath.Ext(rel) == ""):
		w.problem(full, "%s", brokenLink(err))
	case err != nil && !link:
		w.problem(full, "cannot be read: %v", reason(err))
	case err != nil: // a broken link that is no spec by its name
	case info.IsDir():
		return folder{rel: rel, link: link || linked, info: info}, true
	case !isSpec(rel):
	case !info.Mode().IsRegular():
		w.problem(full, "is not a regular file")
	default:
		w.add(candidate{root: root, rel: rel, shown: full, info: info, link: link || linked})
	}
	return folder{}, false
}

func brokenLink(err error) string {
	if errors.Is(err, fs.ErrNotExist) {
		return "symbolic link leads to nothing"
	}
	if errors.Is(err, syscall.ELOOP) || strings.Contains(err.Error(), "too many") {
		return "symbolic link leads back to itself"
	}
	if errors.Is(err, fs.ErrPermission) {
		return "symbolic link leads to what may not be read"
	}
	// os.Root's own error for it is not exported; an absolute link is one, too.
	return "symbolic link leads out of the directory (or is absolute): copy the file, or give its place as a path of its own"
}

// read reads the candidates in the order of their paths.
func (w *walk) read(k *kept) (Snapshot, error) {
	slices.SortStableFunc(w.found, func(a, b candidate) int {
		if a.link != b.link { // a real place is taken before a link to it
			if a.link {
				return 1
			}
			return -1
		}
		return strings.Compare(a.shown, b.shown)
	})
	r := k.begin(len(w.found))
	defer k.end(r)
	seen := identities{}
	for _, c := range w.found {
		if err := w.ctx.Err(); err != nil {
			return Snapshot{}, err
		}
		if !seen.add(c.info) {
			continue // one file, reached twice
		}
		t, err := r.read(c, w.limits.file)
		if err != nil {
			w.problem(c.shown, "%v", err)
			continue
		}
		if !w.putContent(c.shown, t) {
			break
		}
	}
	s := w.snapshot()
	s.Revision = revision("dir-", s.Files)
	return s, nil
}

func readDir(root *os.Root, rel string) ([]fs.DirEntry, error) {
	f, err := root.Open(rel)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	entries, err := f.ReadDir(-1)
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, err
}

// revision hashes paths and the hashes of contents, each path with its length in front.
func revision(prefix string, files []File) string {
	h := sha256.New()
	for _, f := range files {
		fmt.Fprintf(h, "%d %s %x ", len(f.Path), f.Path, f.Sum())
	}
	return prefix + hex.EncodeToString(h.Sum(nil)[:6])
}

// isSpec tells a spec file by its name.
func isSpec(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".yaml", ".yml", ".json":
		return true
	}
	return false
}

// reason strips the operation and the path that we print anyway.
func reason(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err
	}
	return err
}

// identities remembers files by what they are, not by what they are called.
type identities map[identity][]fs.FileInfo

// identity narrows the search: os.SameFile has the last word.
type identity struct {
	size int64
	mod  int64
	mode fs.FileMode
}

// add remembers a file and reports whether it is new.
func (ids identities) add(info fs.FileInfo) bool {
	key := identity{info.Size(), info.ModTime().UnixNano(), info.Mode()}
	for _, have := range ids[key] {
		if os.SameFile(have, info) {
			return false
		}
	}
	ids[key] = append(ids[key], info)
	return true
}
