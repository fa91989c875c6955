package source

import (
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settle is for how long a file must be quiet that was saved in place and is closed.
const settle = 25 * time.Millisecond

// changes are what has happened since the last hint.
type changes struct {
	first, last time.Time
	file        string // the only one, and it was only written to
	several     bool   // more than that
}

func (c *changes) add(e fsnotify.Event) {
	if e.Op != fsnotify.Write || !isSpec(e.Name) || c.file != "" && c.file != e.Name {
		c.several = true
	}
	c.file = e.Name
}

// left is how long changes are waited for when nobody looks at them closer: until the files
// have been quiet for long enough, or have not been for far too long.
func (d *Directory) left(c changes) time.Duration {
	return min(time.Until(c.last.Add(d.Debounce)), time.Until(c.first.Add(maxQuiet*d.Debounce)))
}

// settled reports whether a change is whole before the files have been quiet for long: one
// file was saved in place, as most editors do, and nobody has it open for writing any more.
// A file that has become much shorter is not believed so soon, for who writes in pieces
// (a script that appends one document after the other) begins with little of it; nor what
// this process has not read, or cannot ask the kernel about.
func (d *Directory) settled(c changes) bool {
	if c.several || c.file == "" {
		return false
	}
	f, err := os.OpenFile(c.file, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return false
	}
	before, ok := d.kept.size(info)
	return ok && info.Size() >= before-before/8 && unwritten(f)
}

// size is how large a file was when it was read last.
func (k *kept) size(info fs.FileInfo) (int64, bool) {
	now, known := stampOf(info)
	if !known {
		return 0, false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, f := range k.files {
		if f.stamp.device == now.device && f.stamp.inode == now.inode {
			return f.stamp.size, true
		}
	}
	return 0, false
}
