package sweep

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/source"
)

// files is a source in memory.
type files struct {
	mu    sync.Mutex
	all   documents
	err   error
	hints map[chan<- struct{}]bool
	spell func(source.Snapshot) (source.Snapshot, error) // what it gives instead, for a while
	moved bool                                           // G2 has come
	past  []edition                                      // what was there before
	dir   bool                                           // they are named as source.Dir names those in the directory documents

	// noticing is for how long after a commit an operator may not have seen it, and so goes
	// by what a person said of the documents before: none in process.
	noticing time.Duration
}

// commit puts other documents in place and tells who watches.
func (f *files) commit(all documents, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.past = append(f.past, edition{f.all, f.err, time.Now()})
	if f.moved {
		all = later(all)
	}
	f.all, f.err = all, err
	f.hint()
}

// hint tells who watches. The lock is held.
func (f *files) hint() {
	for h := range f.hints {
		select {
		case h <- struct{}{}:
		default:
		}
	}
}

// Snapshot is the documents as they are.
func (f *files) Snapshot(context.Context) (source.Snapshot, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return source.Snapshot{}, f.err
	}
	s := source.Snapshot{Complete: true}
	sum := uint64(14695981039346656037)
	for _, name := range slices.Sorted(maps.Keys(f.all)) {
		s.Files = append(s.Files, source.NewFile(name, []byte(f.all[name])))
		for _, b := range []byte(name + f.all[name]) {
			sum = (sum ^ uint64(b)) * 1099511628211
		}
	}
	s.Revision = fmt.Sprintf("mem-%x", sum)
	if f.dir {
		asDir(&s)
	}
	if f.spell != nil {
		return f.spell(s)
	}
	return s, nil
}

// under lets the source give something else than it has; nil ends that.
func (f *files) under(spell func(source.Snapshot) (source.Snapshot, error)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.spell = spell
	f.hint()
}

// move is the commit of G2: it holds for all that is committed later, too.
func (f *files) move() {
	f.mu.Lock()
	f.moved = true
	all, err := f.all, f.err
	f.mu.Unlock()
	f.commit(all, err)
}

// Watch hints at every commit until ctx ends.
func (f *files) Watch(ctx context.Context, hint chan<- struct{}) error {
	f.mu.Lock()
	if f.hints == nil {
		f.hints = map[chan<- struct{}]bool{}
	}
	f.hints[hint] = true
	f.mu.Unlock()
	<-ctx.Done()
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.hints, hint)
	return nil
}
