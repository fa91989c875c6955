package awsclient

import (
	"strings"
	"sync"
	"time"
	"weak"
)

// Forever keeps what never changes: the content of a task definition revision
// or a service revision. It is bounded by forgetting what nobody asked for in foreverAge
// at least, or while Max other keys came: two generations, of which the older is dropped.
// So a fleet that deploys all day long takes the room of what it runs, not of what it ever
// ran. The zero value is ready.
type Forever[K comparable, V any] struct {
	Max int // keys of one generation; 0 means 20,000
	// Fades: what nobody asks for goes also while nobody asks for anything: it is of use
	// for an hour or two, and then most likely never again.
	Fades bool

	mu         sync.Mutex
	young, old map[K]V
	began      time.Time // of the young generation
	fading     bool      // a timer runs
}

// foreverAge is how long a generation lasts: longer than a service at rest goes unplanned,
// so that what is in use is asked for in each of them.
const foreverAge = 2 * time.Hour

// turn begins a new generation when the young one is old. It comes with a question or
// with news, never by itself unless it fades: what waits for the next pass is asked for in time, however
// long that takes.
func (f *Forever[K, V]) turn() {
	if now := time.Now(); now.Sub(f.began) >= foreverAge {
		if !f.began.IsZero() {
			f.old, f.young = f.young, nil
		}
		f.began = now
	}
}

// fade turns the generations until both are empty. The lock is held.
func (f *Forever[K, V]) fade() {
	if !f.Fades || f.fading || len(f.young)+len(f.old) == 0 {
		return
	}
	f.fading = true
	here := weak.Make(f) // the timer keeps nobody
	time.AfterFunc(foreverAge, func() {
		f := here.Value()
		if f == nil {
			return
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		f.fading = false
		f.turn()
		f.fade()
	})
}

// Get returns what is kept for a key.
func (f *Forever[K, V]) Get(key K) (V, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.turn()
	if v, ok := f.young[key]; ok {
		return v, true
	}
	v, ok := f.old[key]
	if ok {
		f.put(key, v)
	}
	return v, ok
}

// Put keeps a value.
func (f *Forever[K, V]) Put(key K, v V) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.turn()
	f.put(key, v)
}

func (f *Forever[K, V]) put(key K, v V) {
	limit := f.Max
	if limit <= 0 {
		limit = 20_000
	}
	if len(f.young) >= limit {
		f.old, f.young, f.began = f.young, nil, time.Now()
	}
	if f.young == nil {
		f.young = make(map[K]V)
	}
	if text, ok := any(&key).(*string); ok {
		*text = strings.Clone(*text) // it may be cut from an answer, which it would keep
	}
	f.young[key] = v
	if delete(f.old, key); len(f.old) == 0 { // nothing is kept twice, and a map never gives its room back
		f.old = nil
	}
	f.fade()
}

// Missing are the keys that are not kept, in order and once each, and what is
// kept of the others.
func (f *Forever[K, V]) Missing(keys []K) (missing []K, have map[K]V) {
	have = make(map[K]V, len(keys))
	seen := make(map[K]bool, len(keys))
	for _, key := range keys {
		if seen[key] {
			continue
		}
		seen[key] = true
		if v, ok := f.Get(key); ok {
			have[key] = v
		} else {
			missing = append(missing, key)
		}
	}
	return missing, have
}
