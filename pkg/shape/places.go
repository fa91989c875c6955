package shape

import (
	"crypto/sha256"
	"fmt"
	"iter"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unique"
	"weak"
)

// Places are the paths that somebody wrote, each with the place where it stands:
// file:line:column. They are kept for as long as a document is in force, and there are
// many more of them than values: Seal folds them to eight bytes each, and the names of
// the paths, which documents that look alike have in common, are kept once for all. The
// zero value is ready, nil holds nothing.
//
// Places may be read by many at once; who writes has them for himself.
type Places struct {
	open map[string]string // while they are collected; nil when they are sealed

	names *pathNames
	files []string
	spots []spot // by index of names
}

// pathNames is a sorted list of paths, shared by all Places that have it.
type pathNames struct{ sorted []string }

// spot is the index of a file, the line and the column; one without a line is the
// text of the file as it is.
type spot uint64

const (
	columnBits = 24
	lineBits   = 24
)

// sharedNames are the lists in use, by what is in them.
var sharedNames sync.Map // [sha256.Size]byte → weak.Pointer[pathNames]

// PlacesOf are the places in a map from path to file:line:column.
func PlacesOf(m map[string]string) *Places { return &Places{open: maps.Clone(m)} }

// At is where a path was written, "" where it was not.
func (p *Places) At(path string) string {
	pos, _ := p.find(path)
	return pos
}

// Has reports whether a path was written.
func (p *Places) Has(path string) bool {
	_, ok := p.find(path)
	return ok
}

func (p *Places) find(path string) (string, bool) {
	switch {
	case p == nil:
		return "", false
	case p.names == nil:
		pos, ok := p.open[path]
		return pos, ok
	}
	i, ok := slices.BinarySearch(p.names.sorted, path)
	if !ok {
		return "", false
	}
	return p.text(p.spots[i]), true
}

// Len is how many paths were written.
func (p *Places) Len() int {
	switch {
	case p == nil:
		return 0
	case p.names == nil:
		return len(p.open)
	}
	return len(p.spots)
}

// Paths are the paths that were written, in no order.
func (p *Places) Paths() iter.Seq[string] {
	switch {
	case p == nil:
		return func(func(string) bool) {}
	case p.names == nil:
		return maps.Keys(p.open)
	}
	return slices.Values(p.names.sorted)
}

// Map is all of it, as a map of its own.
func (p *Places) Map() map[string]string {
	out := make(map[string]string, p.Len())
	for path := range p.Paths() {
		out[path] = p.At(path)
	}
	return out
}

// Equal reports whether the same paths were written at the same places.
func (p *Places) Equal(o *Places) bool {
	if p.Len() != o.Len() {
		return false
	}
	for path := range p.Paths() {
		if pos, ok := o.find(path); !ok || pos != p.At(path) {
			return false
		}
	}
	return true
}

// String prints them for whoever looks for a fault.
func (p *Places) String() string { return fmt.Sprint(p.Map()) }

// Clone is a copy to be written to.
func (p *Places) Clone() *Places { return &Places{open: p.Map()} }

// Set notes where a path was written.
func (p *Places) Set(path, pos string) {
	p.unseal()
	if p.open == nil {
		p.open = map[string]string{}
	}
	p.open[path] = pos
}

// Delete takes paths out.
func (p *Places) Delete(gone func(path string) bool) {
	if p == nil {
		return
	}
	p.unseal()
	maps.DeleteFunc(p.open, func(path, _ string) bool { return gone(path) })
}

func (p *Places) unseal() {
	if p.names != nil {
		*p = Places{open: p.Map()}
	}
}

// Seal folds them: they are to be kept.
func (p *Places) Seal() {
	if p == nil || p.names != nil {
		return
	}
	names := slices.Sorted(maps.Keys(p.open))
	sealed := Places{names: share(names), spots: make([]spot, len(names))}
	for i, path := range names {
		sealed.spots[i] = sealed.fold(p.open[path])
	}
	*p = sealed
}

// share finds the list of these paths, or makes it.
func share(names []string) *pathNames {
	h := sha256.New()
	for _, name := range names {
		fmt.Fprintf(h, "%q ", name)
	}
	key := [sha256.Size]byte(h.Sum(nil))
	for {
		known, ok := sharedNames.Load(key)
		if ok {
			if have := known.(weak.Pointer[pathNames]).Value(); have != nil {
				return have
			}
			sharedNames.CompareAndDelete(key, known) // nobody has it any more
			continue
		}
		fresh := &pathNames{sorted: make([]string, len(names))}
		for i, name := range names {
			fresh.sorted[i] = unique.Make(name).Value()
		}
		at := weak.Make(fresh)
		if _, lost := sharedNames.LoadOrStore(key, at); !lost {
			runtime.AddCleanup(fresh, func(key [sha256.Size]byte) { sharedNames.CompareAndDelete(key, at) }, key)
			return fresh
		}
	}
}

// fold is the spot of a position.
func (p *Places) fold(pos string) spot {
	file, line, column := pos, 0, 0
	if rest, last, ok := number(pos); ok {
		if f, middle, ok := number(rest); ok && middle > 0 && middle < 1<<lineBits && last < 1<<columnBits {
			file, line, column = f, middle, last
		}
	}
	at := slices.Index(p.files, file)
	if at < 0 {
		at = len(p.files)
		p.files = append(p.files, unique.Make(file).Value())
	}
	return spot(at)<<(lineBits+columnBits) | spot(line)<<columnBits | spot(column)
}

// number takes a number off the end, behind a colon and spelled as Itoa would.
func number(s string) (before string, n int, ok bool) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return s, 0, false
	}
	n, err := strconv.Atoi(s[i+1:])
	return s[:i], n, err == nil && n >= 0 && strconv.Itoa(n) == s[i+1:]
}

// text is the position that a spot was made of.
func (p *Places) text(s spot) string {
	file := p.files[s>>(lineBits+columnBits)]
	line, column := int(s>>columnBits)&(1<<lineBits-1), int(s)&(1<<columnBits-1)
	if line == 0 {
		return file
	}
	return file + ":" + strconv.Itoa(line) + ":" + strconv.Itoa(column)
}
