package source

import (
	"os"
	"time"

	"github.com/fsnotify/fsnotify"
)

// What a notifier may tell beside what fsnotify does. Where it tells neither, every
// change is waited for as one of which nobody knows whether there is more to come.
const (
	closedAfterWrite fsnotify.Op = 1 << (24 + iota) // a writer has closed the file
	movedIn                                         // beside Create: a file took its place whole
	ofFolder                                        // beside others: it is about a folder
)

// How long the files must be quiet, as parts of Directory.Debounce, once what was
// changed is known to be whole: moved into its place, or closed by its writer. The
// latter may be opened once more by what appends to it.
const (
	quietMoved  = 5
	quietClosed = 2
)

// settling decides how long to wait before changed files are read: a file that is half
// written must not be.
type settling struct {
	closes bool      // the notifier tells of files that are closed
	first  time.Time // of the changes that were not told yet
	// open are files that were written to and not closed since.
	open map[string]bool
	// part is that of the debounce which the changes so far must wait for.
	part time.Duration
}

// saw takes in a change at a time, and says how long it must be quiet now.
func (s *settling) saw(e fsnotify.Event, now time.Time, debounce time.Duration) time.Duration {
	if s.first.IsZero() {
		s.first, s.part, s.open = now, quietMoved, map[string]bool{}
	}
	switch {
	case e.Op.Has(ofFolder), e.Op.Has(fsnotify.Remove), e.Op.Has(fsnotify.Rename):
		s.part = 1 // what goes here may come back elsewhere: both are one change
		delete(s.open, e.Name)
	case e.Op.Has(closedAfterWrite):
		delete(s.open, e.Name)
		s.part = min(s.part, quietClosed)
		if info, err := os.Stat(e.Name); err != nil || info.Size() == 0 {
			s.part = 1 // emptied, to be filled
		}
	case e.Op.Has(movedIn):
		delete(s.open, e.Name)
	case e.Op == fsnotify.Chmod:
	case e.Op.Has(fsnotify.Write):
		if s.part = min(s.part, quietClosed); s.closes {
			s.open[e.Name] = true
		} else {
			s.part = 1
		}
	default: // created: a link, or a file that is to be written
		s.part = 1
	}
	return s.left(now, debounce)
}

// lost is when anything may have changed.
func (s *settling) lost(now time.Time, debounce time.Duration) time.Duration {
	return s.saw(fsnotify.Event{Op: fsnotify.Remove}, now, debounce)
}

func (s *settling) left(now time.Time, debounce time.Duration) time.Duration {
	most := max(0, s.first.Add(maxQuiet*debounce).Sub(now))
	if len(s.open) > 0 {
		return most // for the writer to be through
	}
	return min(debounce/s.part, most)
}

// told begins anew.
func (s *settling) told() { *s = settling{closes: s.closes} }
