package shape

import (
	"crypto/sha256"
	"encoding/binary"
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
// many more of them than values: Seal folds them to three bytes or so each, and the names
// of the paths, which documents that look alike have in common, are kept once for all. The
// zero value is ready, nil holds nothing.
//
// Places may be read by many at once; who writes has them for himself.
type Places struct {
	open map[string]string // while they are collected; nil when they are sealed

	names *pathNames
	files string // their names, with zeros between them
	spots string // by index of names, each as append writes it
}

// pathNames is a sorted list of paths, shared by all Places that have it.
type pathNames struct{ sorted []string }

// spot is the index of a file, the line and the column; one without a line is the
// text of the file as it is.
type spot struct{ file, line, column int }

// append writes a spot down; those that follow each other stand near each other.
func (s spot) append(b []byte, before spot) []byte {
	b = binary.AppendUvarint(b, uint64(s.file))
	b = binary.AppendVarint(b, int64(s.line-before.line))
	return binary.AppendUvarint(b, uint64(s.column))
}

// each reads the spots, in the order of the names, until there is enough.
func (p *Places) each(yield func(i int, s spot) bool) {
	var (
		s    spot
		n    uint64
		rest = p.spots
	)
	for i := range p.names.sorted {
		n, rest = Uvarint(rest)
		s.file = int(n)
		n, rest = Uvarint(rest)
		s.line += int(int64(n>>1) ^ -int64(n&1)) // as binary.AppendVarint has it
		n, rest = Uvarint(rest)
		s.column = int(n)
		if !yield(i, s) {
			return
		}
	}
}

// sharedNames are the lists in use, by what is in them.
var sharedNames sync.Map // [sha256.Size]byte → weak.Pointer[pathNames]

// PlacesOf are the places in a map from path to file:line:column.
func PlacesOf(m map[string]string) *Places { return &Places{open: maps.Clone(m)} }

// At is where a path was written, "" where it was not.
func (p *Places) At(path string) string {
	pos, _ := p.find(path)
	return pos
}

// Has reports whether a path was written. A comparison asks it of every path there is: of
// sealed ones no spot is read for it.
func (p *Places) Has(path string) bool {
	if p != nil && p.names != nil {
		_, ok := slices.BinarySearch(p.names.sorted, path)
		return ok
	}
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
	for at, s := range p.each {
		if at == i {
			return p.text(s), true
		}
	}
	return "", false
}

// Len is how many paths were written.
func (p *Places) Len() int {
	switch {
	case p == nil:
		return 0
	case p.names == nil:
		return len(p.open)
	}
	return len(p.names.sorted)
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
	switch {
	case p == nil:
	case p.names == nil:
		maps.Copy(out, p.open)
	default:
		for i, s := range p.each {
			out[p.names.sorted[i]] = p.text(s)
		}
	}
	return out
}

// Equal reports whether the same paths were written at the same places.
func (p *Places) Equal(o *Places) bool {
	return p.Len() == o.Len() && maps.Equal(p.Map(), o.Map())
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
	var (
		files  []string
		spots  []byte
		before spot
	)
	for _, path := range names {
		s := fold(p.open[path], &files)
		spots, before = s.append(spots, before), s
	}
	*p = Places{names: share(names), files: unique.Make(strings.Join(files, "\x00")).Value(), spots: string(spots)}
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

// fold is the spot of a position; its file is put among the files.
func fold(pos string, files *[]string) spot {
	s, file := spot{}, pos
	if rest, last, ok := number(pos); ok {
		if f, middle, ok := number(rest); ok && middle > 0 {
			file, s.line, s.column = f, middle, last
		}
	}
	if s.file = slices.Index(*files, file); s.file < 0 {
		s.file = len(*files)
		*files = append(*files, file)
	}
	return s
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
	file := p.files
	for range s.file {
		_, file, _ = strings.Cut(file, "\x00")
	}
	file, _, _ = strings.Cut(file, "\x00")
	if s.line == 0 {
		return file
	}
	return file + ":" + strconv.Itoa(s.line) + ":" + strconv.Itoa(s.column)
}
