package kinds

import (
	"sync"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// memory is where this process last met the objects whose AWS name may be
// another than the derived one: a place to look first, never an answer.
type memory struct {
	mu  sync.Mutex
	arn map[resource.ID]string
}

func newMemory() *memory { return &memory{arn: map[resource.ID]string{}} }

func (m *memory) where(id resource.ID) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.arn[id]
}

func (m *memory) met(id resource.ID, arn string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.arn[id] = arn
}

func (m *memory) forget(id resource.ID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.arn, id)
}
