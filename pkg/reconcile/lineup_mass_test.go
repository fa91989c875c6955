package reconcile

import (
	"fmt"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// An edit of all of a large fleet while all of it is queued: every unit stays in the
// queue once, in the order of the edit, and the queue is not held up by each of them.
func TestAnEditOfAllThatIsQueued(t *testing.T) {
	t.Parallel()
	const n = 20_000
	q := newLineup(&yield{})
	keys := make([]resource.UnitKey, n)
	for i := range keys {
		keys[i] = resource.UnitKey{Target: "prod", Cluster: "main", Name: fmt.Sprintf("service-%05d", i)}
		q.Add(keys[i])
	}
	q.Hurry(append(keys, keys[0])...)
	if q.Len() != n {
		t.Fatalf("%d are queued, want %d", q.Len(), n)
	}
	for _, want := range keys {
		if got, edited, _ := q.Next(true); got != want || !edited {
			t.Fatalf("got %v, edited %t; want %v", got, edited, want)
		}
	}
}
