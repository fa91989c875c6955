package sandbox

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox/wire"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// View shows f the world as it is now. f must neither change nor keep it.
func (s *Sandbox) View(f func(*World)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live()
	f(s.world)
}

// Export is the world as bytes, as the state file has it.
func (s *Sandbox) Export() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live()
	return s.encode(0)
}

// Import makes a sandbox of an exported world. Its clock goes on from where it stood.
func Import(raw []byte, opts Options) (*Sandbox, error) {
	i, err := ReadImage(raw)
	if err != nil {
		return nil, err
	}
	return i.Sandbox(opts), nil
}

// Image is an exported world that was read once, to make any number of sandboxes of.
type Image struct{ file stateFile }

// ReadImage reads what Export gave.
func ReadImage(raw []byte) (*Image, error) { return readImage(raw, "the exported world") }

// readImage names in errors where the bytes are from.
func readImage(raw []byte, where string) (*Image, error) {
	i := &Image{file: stateFile{World: &World{}}}
	if err := wire.DecodeState(raw, &i.file, registry()); err != nil {
		return nil, fmt.Errorf("sandbox state: %s is not a state file of this version: %w", where, err)
	}
	if i.file.Format != stateFormat {
		return nil, fmt.Errorf("sandbox state: %s has format %d, this version reads %d; move it away to start afresh", where, i.file.Format, stateFormat)
	}
	return i, nil
}

// Sandbox makes one whose world is a copy of the image's: its clock goes on from where
// that stood.
func (i *Image) Sandbox(opts Options) *Sandbox {
	s := build(opts)
	w := shape.Clone(i.file.World)
	if w.Clock.IsZero() {
		w.Clock = s.born.UTC().Round(0)
	}
	if w.Seed == 0 {
		w.Seed = opts.Seed
	}
	if w.Tokens == nil {
		w.Tokens = map[string]token{}
	}
	w.ELB.Quota = cmp.Or(opts.TargetGroups, w.ELB.Quota)
	w.handlers, w.watch = timerTable(), s.opts.Watch
	s.world = w
	s.journal.entries = slices.Clone(i.file.Journal)
	if i.file.SavedAt.Before(s.born) { // a wall clock set back must not stop the world
		s.born = i.file.SavedAt
	}
	s.bornAt = w.Clock
	return s
}

// Replica is a copy of the world that stands still: what a reader sees whose answers
// come from a replica that has not heard of anything since. It knows the same policies.
func (s *Sandbox) Replica() (*Sandbox, error) {
	raw, err := s.Export()
	if err != nil {
		return nil, err
	}
	still := s.opts.Now()
	out, err := Import(raw, Options{Now: func() time.Time { return still }, Seed: s.opts.Seed, Logf: s.opts.Logf})
	if err != nil {
		return nil, fmt.Errorf("sandbox replica: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out.policies = maps.Clone(s.policies)
	return out, nil
}

// encode writes the world with the last n calls. The lock on the world is held.
func (s *Sandbox) encode(n int) ([]byte, error) {
	// The wall clock is read back from the world's, so that not a moment is
	// lost or lived twice between this and the next process.
	raw, err := wire.EncodeState(stateFile{Format: stateFormat, SavedAt: s.wallOf(s.world.Clock), World: s.world,
		Journal: lastCalls(s.journal.entries, n)}, registry())
	if err != nil {
		return nil, fmt.Errorf("sandbox state: %w", err)
	}
	return raw, nil
}
