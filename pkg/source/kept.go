package source

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"syscall"
	"time"
)

const (
	// wholeAge is how old a reading of all files gets: some file systems do not tell
	// of every change.
	wholeAge = 5 * time.Minute
	// tick is longer than any file system's clock takes from one time to the next: a
	// file that was read so soon after it changed may have changed again within the
	// same one (as in git's index, "racy git").
	tick = 3 * time.Second
)

// kept is what a Directory has read before. A file that is the very one that was read,
// of the same size, and has not been changed since by the kernel's word (ctime, which
// nobody can set), is not read again. The zero value is ready.
type kept struct {
	mu    sync.Mutex
	whole time.Time // when everything was read
	files map[string]keptFile
	now   func() time.Time // nil for time.Now; another one in tests
}

type keptFile struct {
	stamp   stamp
	content *content
}

// reading is one of all files under way.
type reading struct {
	now           func() time.Time
	before, files map[string]keptFile // that may be used, and that were read or used
	last          map[string]keptFile // whose content is kept on, and packed if it was, where it is still the same
}

func (k *kept) begin(files int) *reading {
	k.mu.Lock()
	defer k.mu.Unlock()
	r := &reading{now: k.now, before: k.files, last: k.files, files: make(map[string]keptFile, files)}
	if r.now == nil {
		r.now = time.Now
	}
	if now := r.now(); now.Sub(k.whole) >= wholeAge {
		k.whole, r.before = now, nil
	}
	return r
}

// end keeps what was read. It is packed once there is much of it that is not.
func (k *kept) end(r *reading) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.files = r.files
	loose := 0
	for _, f := range k.files {
		if f.content.packed == nil && !f.content.dense {
			loose += f.content.size
		}
	}
	if loose < mostLoose {
		return
	}
	for path, f := range k.files {
		k.files[path] = keptFile{f.stamp, f.content.pack()}
	}
}

// mostLoose is how much text is kept as it was read: a packer takes a megabyte, too much to
// be had for a file that was edited.
const mostLoose = 256 << 10

// read gives the content of a file, and keeps it.
func (r *reading) read(c candidate, max int) (*content, error) {
	if last, ok := r.before[c.shown]; ok {
		if now, known := stampOf(c.info); known && now == last.stamp {
			r.files[c.shown] = last
			return last.content, nil
		}
	}
	began := r.now()
	data, info, err := readFile(c.root, c.rel, max)
	if err != nil {
		return nil, err
	}
	t := plainContent(data)
	if s, known := stampOf(info); known && began.Sub(s.changedAt()) > tick {
		last, ok := r.last[c.shown]
		if !ok || last.content.sum != t.sum {
			last.content = t
		}
		r.files[c.shown] = keptFile{s, last.content}
	}
	return t, nil
}

// stamp is what tells one state of one file from all others: equal stamps, equal contents.
type stamp struct {
	device, inode  uint64
	size           int64
	changed, wrote int64 // ctime and mtime, nanoseconds since 1970
}

func (s stamp) changedAt() time.Time { return time.Unix(0, s.changed) }

// readFile reads a regular file of at most max bytes. It is opened without
// blocking, because a FIFO may have taken the place of what was looked at.
func readFile(root *os.Root, rel string, max int) ([]byte, fs.FileInfo, error) {
	f, err := root.OpenFile(rel, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot be read: %w", reason(err))
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, fmt.Errorf("cannot be read: %w", reason(err))
	}
	if !info.Mode().IsRegular() {
		return nil, nil, errors.New("is not a regular file")
	}
	data := make([]byte, min(info.Size(), int64(max))+1) // one more, to see the end
	n, err := io.ReadFull(f, data)
	switch data = data[:n]; {
	case err == nil && n <= max: // it has grown meanwhile
		var more []byte
		more, err = io.ReadAll(io.LimitReader(f, int64(max)+1-int64(n)))
		data = append(data, more...)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		err = nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("cannot be read: %w", reason(err))
	}
	if len(data) > max {
		return nil, nil, tooLarge(max)
	}
	return data, info, nil
}
