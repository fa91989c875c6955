package verify

import (
	"sync"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// How long an answer is believed. What is missing is asked for again soon: somebody
// is making it.
const (
	okFor        = 10 * time.Minute
	missingFor   = 30 * time.Second
	uncheckedFor = 2 * time.Minute
	// memoSize bounds the memory: more than a fleet of a thousand services asks for.
	memoSize = 20_000
)

// kept is an answer and what else it told.
type kept struct {
	answer
	vpc string

	until time.Time
}

// memo remembers answers by what was asked.
type memo struct {
	mu   sync.Mutex
	kept map[string]kept
}

// get answers from memory, or asks and remembers.
func (m *memo) get(key string, ask func() kept) kept {
	m.mu.Lock()
	k, have := m.kept[key]
	m.mu.Unlock()
	if have && time.Now().Before(k.until) {
		return k
	}
	k = ask()
	m.put(key, k)
	return k
}

func (m *memo) put(key string, k kept) {
	life := map[resource.Verdict]time.Duration{resource.Verified: okFor, resource.NotThere: missingFor}[k.verdict]
	if life == 0 {
		life = uncheckedFor
	}
	now := time.Now()
	k.until = now.Add(life)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept == nil {
		m.kept = map[string]kept{}
	}
	if len(m.kept) >= memoSize {
		for old, x := range m.kept {
			if now.After(x.until) {
				delete(m.kept, old)
			}
		}
		if len(m.kept) >= memoSize {
			m.kept = map[string]kept{}
		}
	}
	m.kept[key] = k
}

// known is what memory has, without asking.
func (m *memo) known(key string) (kept, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k, have := m.kept[key]
	return k, have && time.Now().Before(k.until)
}
