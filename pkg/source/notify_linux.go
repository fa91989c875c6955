package source

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/fsnotify/fsnotify"
)

// inotify is a notifier that tells more than fsnotify does: that a writer has closed a
// file, and that one was moved into its place whole (inotify(7), IN_CLOSE_WRITE and
// IN_MOVED_TO). Both stand in the same stream as the writes, so that their order is the
// kernel's.
type inotify struct {
	file   *os.File
	fd     int
	events chan fsnotify.Event
	errs   chan error
	closed chan struct{} // by Close
	done   chan struct{} // by the reader

	mu    sync.Mutex
	paths map[int32][]string // by watch: links make several paths of one folder
	once  sync.Once
}

// inotifyMask is what is asked of the kernel for each folder.
const inotifyMask = syscall.IN_CREATE | syscall.IN_MODIFY | syscall.IN_CLOSE_WRITE | syscall.IN_ATTRIB | syscall.IN_DELETE |
	syscall.IN_MOVED_TO | syscall.IN_MOVED_FROM | syscall.IN_DELETE_SELF | syscall.IN_MOVE_SELF

func newNotifier() (notifier, error) {
	fd, err := syscall.InotifyInit1(syscall.IN_CLOEXEC | syscall.IN_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("inotify_init1", err)
	}
	n := &inotify{file: os.NewFile(uintptr(fd), "inotify"), fd: fd, events: make(chan fsnotify.Event), errs: make(chan error),
		closed: make(chan struct{}), done: make(chan struct{}), paths: map[int32][]string{}}
	go n.read()
	return n, nil
}

func (n *inotify) Events() <-chan fsnotify.Event { return n.events }
func (n *inotify) Errors() <-chan error          { return n.errs }
func (*inotify) Closes() bool                    { return true }

// Add watches a folder.
func (n *inotify) Add(dir string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	wd, err := syscall.InotifyAddWatch(n.fd, dir, inotifyMask)
	if err != nil {
		return &fs.PathError{Op: "inotify_add_watch", Path: dir, Err: err}
	}
	if at := int32(wd); !slices.Contains(n.paths[at], dir) {
		n.paths[at] = append(n.paths[at], dir)
	}
	return nil
}

// Remove ends the watch of a folder; another path to it goes on.
func (n *inotify) Remove(dir string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	for wd, paths := range n.paths {
		i := slices.Index(paths, dir)
		if i < 0 {
			continue
		}
		if n.paths[wd] = slices.Delete(paths, i, i+1); len(n.paths[wd]) > 0 {
			return nil
		}
		delete(n.paths, wd)
		_, err := syscall.InotifyRmWatch(n.fd, uint32(wd))
		return os.NewSyscallError("inotify_rm_watch", err)
	}
	return fmt.Errorf("%s: %w", dir, fsnotify.ErrNonExistentWatch)
}

// Close ends the watching, and waits until nothing is told any more.
func (n *inotify) Close() (err error) {
	n.once.Do(func() {
		close(n.closed)
		n.mu.Lock() // no call on a descriptor that may be somebody else's by then
		err = n.file.Close()
		n.fd = -1
		n.mu.Unlock()
	})
	<-n.done
	return err
}

// read tells what the kernel tells, until Close.
func (n *inotify) read() {
	defer close(n.done)
	defer close(n.events)
	buf := make([]byte, 16<<10)
	for {
		size, err := n.file.Read(buf)
		if errors.Is(err, os.ErrClosed) {
			return
		}
		if err != nil {
			if !n.fail(os.NewSyscallError("read", err)) {
				return
			}
			continue
		}
		for rest := buf[:size]; len(rest) >= syscall.SizeofInotifyEvent; {
			wd, mask := int32(binary.NativeEndian.Uint32(rest)), binary.NativeEndian.Uint32(rest[4:])
			end := syscall.SizeofInotifyEvent + int(binary.NativeEndian.Uint32(rest[12:]))
			name := strings.TrimRight(string(rest[syscall.SizeofInotifyEvent:end]), "\x00")
			rest = rest[end:]
			if !n.tell(wd, mask, name) {
				return
			}
		}
	}
}

func (n *inotify) fail(err error) bool {
	select {
	case n.errs <- err:
		return true
	case <-n.closed:
		return false
	}
}

// tell passes one event on under every path of its folder; false when nobody listens.
func (n *inotify) tell(wd int32, mask uint32, name string) bool {
	if mask&syscall.IN_Q_OVERFLOW != 0 {
		return n.fail(fsnotify.ErrEventOverflow)
	}
	n.mu.Lock()
	paths := slices.Clone(n.paths[wd])
	if mask&syscall.IN_IGNORED != 0 { // the folder is gone, and its watch with it
		delete(n.paths, wd)
	}
	n.mu.Unlock()
	op := opOf(mask)
	if op == 0 {
		return true
	}
	for _, dir := range paths {
		if name != "" {
			dir = filepath.Join(dir, name)
		}
		select {
		case n.events <- fsnotify.Event{Name: dir, Op: op}:
		case <-n.closed:
			return false
		}
	}
	return true
}

// opOf is fsnotify's word for what happened, and ours beside it.
func opOf(mask uint32) (op fsnotify.Op) {
	for _, x := range []struct {
		bits uint32
		op   fsnotify.Op
	}{
		{syscall.IN_CREATE, fsnotify.Create},
		{syscall.IN_MOVED_TO, fsnotify.Create | movedIn},
		{syscall.IN_MODIFY, fsnotify.Write},
		{syscall.IN_CLOSE_WRITE, closedAfterWrite},
		{syscall.IN_ATTRIB, fsnotify.Chmod},
		{syscall.IN_DELETE | syscall.IN_DELETE_SELF, fsnotify.Remove},
		{syscall.IN_MOVED_FROM | syscall.IN_MOVE_SELF, fsnotify.Rename},
		{syscall.IN_ISDIR, ofFolder},
	} {
		if mask&x.bits != 0 {
			op |= x.op
		}
	}
	if op == ofFolder {
		return 0
	}
	return op
}
