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
	"strings"
	"syscall"
	"time"
)

// place is the folder of this repository in a cache that holds several.
func (g *Git) place() string { return "git-" + digest(g.url.text) }

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:8])
}

// ownAndPrivate refuses a directory in which somebody else could put a
// repository of his.
func ownAndPrivate(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("--git-cache: %s cannot be read: %w", dir, reason(err))
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || ok && int(st.Uid) != os.Geteuid() || info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("--git-cache: %s is not a directory of this user's that nobody else may write: remove it, or name another", dir)
	}
	return nil
}

// lock keeps two processes out of one cache.
func (g *Git) lock(ctx context.Context) (unlock func(), err error) {
	if g.temp {
		return func() {}, nil
	}
	f, err := os.OpenFile(filepath.Join(g.home, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("--git-cache cannot be used: %w", reason(err))
	}
	t := time.NewTicker(50 * time.Millisecond)
	defer t.Stop()
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = f.Close() }, nil
		}
		select {
		case <-ctx.Done():
			_ = f.Close()
			return nil, errors.New("--git-cache is in use by another process: give each its own")
		case <-t.C:
		}
	}
}

// maxPacks is how many fetches a repository takes before it is fetched afresh:
// cheaper, and surer, than to repack it.
const maxPacks = 200

// repository is a bare repository of the cache, made if it is not there. Its
// configuration is written anew each time, and what a killed git left is removed.
func (g *Git) repository(name string, idLength int) (string, error) {
	dir := filepath.Join(g.home, name)
	config := "[core]\n\trepositoryformatversion = 0\n\tbare = true\n"
	if idLength == 64 {
		config = "[core]\n\trepositoryformatversion = 1\n\tbare = true\n[extensions]\n\tobjectFormat = sha256\n"
	}
	have, err := os.ReadFile(filepath.Join(dir, "config"))
	if err == nil && string(have) == config && packs(dir) <= maxPacks {
		return dir, sweepLeftovers(dir)
	}
	if err := os.RemoveAll(dir); err != nil {
		return "", fmt.Errorf("the copy of the repository cannot be removed: %w", reason(err))
	}
	// What git init makes of an empty template, without a process for it.
	err = nil
	for _, sub := range []string{"objects/info", "objects/pack", "refs/heads", "refs/tags"} {
		err = errors.Join(err, os.MkdirAll(filepath.Join(dir, sub), 0o700))
	}
	err = errors.Join(err, os.WriteFile(filepath.Join(dir, "HEAD"), []byte("ref: refs/heads/none\n"), 0o600),
		os.WriteFile(filepath.Join(dir, "config"), []byte(config), 0o600)) // last: it says that the rest is there
	if err != nil {
		return "", fmt.Errorf("the copy of the repository cannot be written: %w", reason(err))
	}
	return dir, nil
}

func packs(dir string) int {
	found, _ := filepath.Glob(filepath.Join(dir, "objects", "pack", "*.pack"))
	return len(found)
}

// sweepLeftovers removes the locks and half packs of a git that was killed: ours
// is the only one here.
func sweepLeftovers(dir string) error {
	return filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // it goes with the repository, if it matters
		}
		if !d.IsDir() && (strings.HasSuffix(p, ".lock") || strings.HasPrefix(d.Name(), "tmp_")) {
			return os.Remove(p)
		}
		return nil
	})
}

// discard removes the repositories; what is remembered of the commit in force stays.
func (g *Git) discard() error {
	for _, name := range []string{"content.git", "history.git"} {
		if err := os.RemoveAll(filepath.Join(g.home, name)); err != nil {
			return fmt.Errorf("the copy of the repository cannot be removed: %w", reason(err))
		}
	}
	return nil
}

// inForce is the commit that was given out last for this ref, by this process or
// by an earlier one on the same cache; "" for none.
func (g *Git) inForce() string {
	if g.o.LookOnly {
		return ""
	}
	if g.last != nil {
		return g.last.snap.Revision
	}
	data, err := os.ReadFile(g.memory())
	id := strings.TrimSpace(string(data))
	if err != nil || !commitForm.MatchString(id) {
		return ""
	}
	return id
}

func (g *Git) memory() string { return filepath.Join(g.home, "in-force-"+digest(g.o.Ref)) }

// accept remembers a commit as the one in force.
func (g *Git) accept(o GitObjects) error {
	clear(g.refused)
	g.told = ""
	if g.o.LookOnly || g.temp {
		return nil
	}
	next := g.memory() + ".next"
	err := os.WriteFile(next, []byte(o.CommitID+"\n"), 0o600)
	if err == nil {
		err = os.Rename(next, g.memory())
	}
	if err != nil {
		return fmt.Errorf("--git-cache cannot be written: %w", reason(err))
	}
	return nil
}
