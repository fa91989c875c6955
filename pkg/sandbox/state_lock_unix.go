//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package sandbox

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
)

// fileLock is a lock of the kernel's on a file of its own beside the state
// file: the state file itself is replaced and so cannot carry one. A process
// that dies holds nothing.
type fileLock struct {
	f *os.File
}

// lockFile takes the lock or says who has it.
func lockFile(path string) (*fileLock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("sandbox state: %w", err)
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		holder, _ := io.ReadAll(io.LimitReader(f, 1<<10)) // only to name the holder
		_ = f.Close()                                     // nothing was written
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, &LockedError{Path: strings.TrimSuffix(path, ".lock"), Holder: strings.TrimSpace(string(holder))}
		}
		return nil, fmt.Errorf("sandbox state: locking %s: %w", path, err)
	}
	l := &fileLock{f: f}
	return l, l.record("")
}

// record writes who holds the lock, and where he can be reached.
func (l *fileLock) record(address string) error {
	text := fmt.Sprintf("pid %d", os.Getpid())
	if address != "" {
		text += " at " + address
	}
	if err := l.f.Truncate(0); err != nil {
		return fmt.Errorf("sandbox state: %w", err)
	}
	if _, err := l.f.WriteAt([]byte(text+"\n"), 0); err != nil {
		return fmt.Errorf("sandbox state: %w", err)
	}
	return nil
}

// release lets go. The lock file stays: removing it would let a third process
// lock a file that a second one no longer finds.
func (l *fileLock) release() error {
	return errors.Join(l.f.Truncate(0), l.f.Close())
}
