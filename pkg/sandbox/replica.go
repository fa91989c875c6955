package sandbox

import (
	"fmt"
	"maps"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox/wire"
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
	return decode(raw, "the exported world", opts)
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

// decode is the inverse of encode; where names the bytes in errors.
func decode(raw []byte, where string, opts Options) (*Sandbox, error) {
	s := build(opts)
	f := stateFile{World: newWorld(opts.Seed, s.born)}
	if err := wire.DecodeState(raw, &f, registry()); err != nil {
		return nil, fmt.Errorf("sandbox state: %s is not a state file of this version: %w", where, err)
	}
	if f.Format != stateFormat {
		return nil, fmt.Errorf("sandbox state: %s has format %d, this version reads %d; move it away to start afresh", where, f.Format, stateFormat)
	}
	f.World.handlers = allTimers()
	if f.World.Tokens == nil {
		f.World.Tokens = map[string]token{}
	}
	s.world = f.World
	s.world.watch = s.opts.Watch
	s.journal.entries = f.Journal
	if f.SavedAt.Before(s.born) { // a wall clock set back must not stop the world
		s.born = f.SavedAt
	}
	s.bornAt = f.World.Clock
	return s, nil
}
