package sandbox

import (
	"net/http"
	"sync"
	"time"
)

// Options of a Sandbox. The zero value is a fresh world on the wall clock.
type Options struct {
	// Now is the wall clock, time.Now when nil: inside testing/synctest that is
	// virtual already.
	Now func() time.Time
	// Speed is how many seconds of the world pass in one second of the clock; 0 means 1.
	Speed float64
	// Seed makes ids and failures repeatable. The documented world does not depend on it.
	Seed int64
}

// Sandbox is one embedded AWS: one account in one region.
type Sandbox struct {
	mu      sync.Mutex
	opts    Options
	world   *World
	journal journal
	ops     map[string]operation // "ecs.CreateService"
	store   *store               // the state file, nil without one
}

// World is everything that the embedded AWS remembers; it is what the state
// file holds, so every field of it and below is exported and survives JSON.
type World struct {
	Clock  time.Time        // the world's own time, as far as it was simulated
	Timers timers           // what will happen by itself
	Serial int64            // source of ids
	Tokens map[string]token // client tokens, replayed for 24 h

	ECS     ecsWorld
	ELB     elbWorld
	Alarms  alarmWorld
	Scaling scalingWorld
}

// Constants of the documented world. The README lists them.
const (
	Account = "123456789012"
	Region  = "us-east-1"
)

// Transport answers SDK calls in process: no port, works inside synctest.
func (s *Sandbox) Transport() http.RoundTripper { return roundTripper{s} }
