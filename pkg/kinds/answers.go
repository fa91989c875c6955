package kinds

import (
	"context"
	"sync"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// answers collects what an Observe learns. What nobody answers stays Unknown.
type answers struct {
	mu sync.Mutex
	by map[resource.ID]resource.Live
}

func ask(q resource.Query) *answers {
	a := &answers{by: q.Room}
	if a.by == nil {
		a.by = make(map[resource.ID]resource.Live, len(q.Objects))
	}
	for i := range q.Objects {
		id := q.Objects[i].ID
		a.by[id] = resource.Live{ID: id, Err: awsclient.ErrSilent}
	}
	return a
}

func (a *answers) unknown(id resource.ID, err error) {
	a.set(resource.Live{ID: id, Err: err})
}

func (a *answers) absent(id resource.ID) {
	a.set(resource.Live{ID: id, Presence: resource.Absent})
}

func (a *answers) set(l resource.Live) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.by[l.ID] = l
}

// fail answers every object of the query alike.
func (a *answers) fail(q resource.Query, err error) map[resource.ID]resource.Live {
	for i := range q.Objects {
		a.unknown(q.Objects[i].ID, err)
	}
	return a.by
}

// present is a live object in input form that has the attributes arn and name.
func present(id resource.ID, arn, name string, value any) resource.Live {
	return resource.Live{ID: id, Presence: resource.Present, ARN: arn, Name: name, Value: value}
}

// lanes are batches of one sort of call that may not share a call: one per
// target, or per target and cluster.
type lanes[V any] struct {
	open func(lane lane) *awsclient.Batch[string, V]

	mu sync.Mutex
	by map[lane]*awsclient.Batch[string, V]
}

// lane is what a call is bound to.
type lane struct{ target, cluster string }

func newLanes[V any](open func(lane) *awsclient.Batch[string, V]) *lanes[V] {
	return &lanes[V]{open: open, by: map[lane]*awsclient.Batch[string, V]{}}
}

func (l *lanes[V]) do(ctx context.Context, at lane, keys []string) map[string]awsclient.Result[V] {
	if len(keys) == 0 {
		return nil
	}
	l.mu.Lock()
	b := l.by[at]
	if b == nil {
		b = l.open(at)
		l.by[at] = b
	}
	l.mu.Unlock()
	return b.Do(ctx, keys)
}

// chunks cuts a list into pieces of at most n.
func chunks[T any](list []T, n int) [][]T {
	var out [][]T
	for len(list) > n {
		out = append(out, list[:n:n])
		list = list[n:]
	}
	if len(list) > 0 {
		out = append(out, list)
	}
	return out
}
