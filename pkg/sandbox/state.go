package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// stateFormat is the version of the state file. A file of another version is
// refused rather than half understood.
const stateFormat = 1

// stateFile is what is on disk.
type stateFile struct {
	Format  int
	SavedAt time.Time // on the wall, at World.Clock: the clock moves on from here
	World   *World
	Journal []Entry // the last calls, as far as writing calls saved them
}

// savedJournal bounds the journal on disk.
const savedJournal = 500

// store is the state file of an open sandbox and the lock that is held on it.
type store struct {
	path string
	lock *fileLock
}

// Open opens the sandbox that a state file holds, or starts a fresh one there.
// The file is replaced atomically after every call that changed the world, and
// locked by the kernel as long as this process has it open. Between two
// commands the world's clock moves on by wall time × speed.
func Open(path string, opts Options) (*Sandbox, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("sandbox state: %w", err)
	}
	lock, err := lockFile(abs + ".lock")
	if err != nil {
		return nil, err
	}
	s, err := load(abs, opts)
	if err != nil {
		_ = lock.release() // the first error is the one to tell
		return nil, err
	}
	s.store = &store{path: abs, lock: lock}
	s.dirty = true
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live()
	if err := s.persist(); err != nil {
		_ = lock.release() // as above
		return nil, err
	}
	return s, nil
}

// Close saves the world and lets go of the state file. Without a state file it
// does nothing.
func (s *Sandbox) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.store == nil {
		return nil
	}
	s.live()
	s.dirty = true
	err := s.persist()
	err = errors.Join(err, s.store.lock.release())
	s.store = nil
	return err
}

func load(path string, opts Options) (*Sandbox, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return New(opts), nil
	}
	if err != nil {
		return nil, fmt.Errorf("sandbox state: %w", err)
	}
	i, err := readImage(raw, path)
	if err != nil {
		return nil, err
	}
	return i.Sandbox(opts), nil
}

// persist writes the state file if there is one and the world moved. The lock
// on the world is held.
func (s *Sandbox) persist() error {
	if s.store == nil || !s.dirty {
		return nil
	}
	raw, err := s.encode(savedJournal)
	if err != nil {
		return err
	}
	if err := replaceFile(s.store.path, raw); err != nil {
		return fmt.Errorf("sandbox state: %w", err)
	}
	s.dirty = false
	return nil
}

// wallOf is the inverse of now.
func (s *Sandbox) wallOf(world time.Time) time.Time {
	lived := world.Sub(s.bornAt) - s.skipped
	return s.born.Add(time.Duration(float64(lived) / s.opts.Speed)).Round(0)
}

// replaceFile puts data in a file's place so that at any moment either the old
// or the new content is there, whole.
func replaceFile(path string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	_, err = tmp.Write(data)
	if err == nil {
		err = tmp.Sync()
	}
	err = errors.Join(err, tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		_ = os.Remove(tmp.Name()) // best effort; the error is told
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes a rename outlive a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	_ = d.Sync() // not every file system can; the rename itself is atomic
	return d.Close()
}

// LockedError says that another process has the state file open.
type LockedError struct {
	Path   string
	Holder string // "pid 123 at http://127.0.0.1:4566"
}

func (e *LockedError) Error() string {
	holder := e.Holder
	if holder == "" {
		holder = "another process"
	}
	return fmt.Sprintf("sandbox state: %s is in use by %s", e.Path, holder)
}
