package source

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// limits of one snapshot, whatever its source is.
type limits struct{ file, files, total, path int }

func usualLimits() limits {
	return limits{file: MaxFileBytes, files: MaxFiles, total: MaxTotalBytes, path: MaxPathBytes}
}

// basket gathers a snapshot within the limits. What is over one is a Problem
// and makes the snapshot incomplete, for every source in the same words.
type basket struct {
	limits   limits
	problems []Problem
	files    []File
	names    int
	total    int
	anyName  bool // see unguarded
	full     bool // the limit of files was met
	over     bool // that of all bytes was
}

func (b *basket) problem(path, format string, args ...any) {
	b.problems = append(b.problems, Problem{Path: path, Message: fmt.Sprintf(format, args...)})
}

// admit says whether a file of this path may be read, by its path's length and
// the number of files.
func (b *basket) admit(path string) bool {
	switch {
	case !b.anyName && strings.ContainsFunc(path, unprintable):
		b.problem(shownPath(path), "has characters in its name that cannot be shown, and no document has: rename it")
		return false
	case len(path) > b.limits.path:
		b.problem(strings.ToValidUTF8(path[:b.limits.path], "")+"…", "path is longer than %d bytes", b.limits.path)
		return false
	case b.names >= b.limits.files:
		if !b.full {
			b.problem(path, "more than %d files: this one and those after it are not read", b.limits.files)
		}
		b.full = true
		return false
	}
	b.names++
	return true
}

// unprintable: what a terminal or a log acts on, what reads backwards, and what is no
// UTF-8.
func unprintable(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }

// shownPath is such a path for people, and not too long.
func shownPath(path string) string {
	path = strings.Trim(strconv.QuoteToGraphic(path), `"`)
	if len(path) > MaxPathBytes {
		path = strings.ToValidUTF8(path[:MaxPathBytes], "") + "…"
	}
	return path
}

// put takes a file that was read, and says whether there was room for it.
func (b *basket) put(path string, data []byte) bool { return b.putContent(path, plainContent(data)) }

func (b *basket) putContent(path string, t *content) bool {
	if !b.room(path, t.size) {
		return false
	}
	b.total += t.size
	b.files = append(b.files, File{path, t})
	return true
}

// room says whether n bytes more are within the limit. Once they are not,
// nothing is any more.
func (b *basket) room(path string, n int) bool {
	if !b.over && b.total+n > b.limits.total {
		b.problem(path, "the files together are larger than %d MiB: this one and those after it are not read", b.limits.total>>20)
		b.over = true
	}
	return !b.over
}

// tooLarge says that one file is over its limit.
func tooLarge(max int) error {
	return fmt.Errorf("is larger than %d KiB: a spec file is never that large; split it, or keep it elsewhere", max>>10)
}

// snapshot is what was gathered, sorted; its revision is the caller's to give.
func (b *basket) snapshot() Snapshot {
	slices.SortFunc(b.files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	slices.SortStableFunc(b.problems, func(a, b Problem) int { return strings.Compare(a.Path, b.Path) })
	return Snapshot{Files: b.files, Problems: b.problems, Complete: len(b.problems) == 0}
}
