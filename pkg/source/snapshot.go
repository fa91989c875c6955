package source

import (
	"context"
	"crypto/sha256"
)

// File is one spec file as it was read.
type File struct {
	Path    string // relative to where the user pointed, with that path in front
	content *content
}

// NewFile is a file with this content, which is not to be changed any more.
func NewFile(path string, data []byte) File { return File{path, plainContent(data)} }

// Data is the content, not to be changed. What was read long ago may have to be unpacked:
// Sum and Len tell without that whether it is the same.
func (f File) Data() []byte { return f.content.data() }

// Sum is the hash of the content.
func (f File) Sum() [sha256.Size]byte { return f.content.sum }

// Len is how many bytes the content has.
func (f File) Len() int { return f.content.size }

// Whole is the path of a Problem that is of no file: of all that the source has.
const Whole = "source"

// Problem is something that kept a file from being read.
type Problem struct {
	Path    string
	Message string // what is wrong and how to mend it
	Warning bool   // something was left out on purpose, and nothing is wrong with the rest
}

// Snapshot is all that a source held at one moment.
type Snapshot struct {
	// Revision names the content: a hash for directories, a commit for git.
	// Equal contents have equal revisions.
	Revision string
	// Ref is the branch or tag under which a git revision was found, and Signer
	// whose verified signature it carries; "" where there is none.
	Ref, Signer string
	Files       []File // sorted by path
	Problems    []Problem
	// Complete is true only when everything that should be there was read.
	// Nothing is ever pruned from an incomplete snapshot.
	Complete bool
}

// Source is where specs come from.
type Source interface {
	// Snapshot reads everything once. An error means that nothing could be
	// read: the last snapshot stays.
	Snapshot(ctx context.Context) (Snapshot, error)
	// Watch sends a hint whenever the content may have changed, until ctx
	// ends. It returns nil when ctx ends. Hints are coalesced.
	Watch(ctx context.Context, hint chan<- struct{}) error
}
