package sweep

import (
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"sync"

	"github.com/ecs-operator/ecs-operator/pkg/source"
)

// shelf is a source in memory that remembers nothing of what it held before.
type shelf struct {
	mu   sync.Mutex
	now  source.Snapshot
	hint chan<- struct{}
}

// put puts documents in place and tells who watches.
func (f *shelf) put(all documents) {
	s := source.Snapshot{Complete: true}
	sum := fnv.New64a()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		s.Files = append(s.Files, source.NewFile(name, []byte(all[name])))
		_, _ = fmt.Fprint(sum, name, all[name]) // a hash takes everything
	}
	s.Revision = fmt.Sprintf("mem-%x", sum.Sum64())
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = s
	select {
	case f.hint <- struct{}{}:
	default: // nobody watches, or is told already
	}
}

// Snapshot is the documents as they are.
func (f *shelf) Snapshot(context.Context) (source.Snapshot, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now, nil
}

// Watch hints at every change until ctx ends.
func (f *shelf) Watch(ctx context.Context, hint chan<- struct{}) error {
	f.mu.Lock()
	f.hint = hint
	f.mu.Unlock()
	<-ctx.Done()
	return nil
}
