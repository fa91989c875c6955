package reconcile

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// whyAge is how long an answer stands while the service looks as it did.
const whyAge = 15 * time.Second

// patience is how old a deployment is before anybody asks what it waits for: no
// task of a healthy one is up before.
const patience = time.Minute

// So many services are asked about at once, and so many in each second after that:
// where a zone is gone and hundreds lack tasks, the causes come one after the other,
// and nobody's edit waits until all are known. A deployment that failed is asked about
// all the same: that is once, unless it cannot be read.
const (
	whysAtOnce    = 20
	whysPerSecond = 2
)

// explanations remembers what was said of each service, so that one that stands
// still costs no calls.
type explanations struct {
	mu    sync.Mutex
	by    map[resource.UnitKey]explanation
	turns *rate.Limiter
}

func newExplanations() *explanations {
	return &explanations{by: map[resource.UnitKey]explanation{}, turns: rate.NewLimiter(whysPerSecond, whysAtOnce)}
}

type explanation struct {
	state, words string
	at           time.Time
	final        bool
}

// why asks what keeps a service from being as it is wanted. It is asked only where
// something waits or fails, and a reading that fails says nothing.
func (e *Engine) why(ctx context.Context, key resource.UnitKey, service resource.Live, d *resource.Deployment) string {
	s := service.Service
	if service.Presence != resource.Present || s == nil || e.o.Rollouts == nil || ctx.Err() != nil || !troubled(s, d) {
		return ""
	}
	state := fmt.Sprint(s.PrimaryID, s.Running, s.Desired, s.TaskDefinition)
	if d != nil {
		state += fmt.Sprint(" ", d.ARN, d.Status, d.Failed)
	}
	e.whys.mu.Lock()
	had, ok := e.whys.by[key]
	e.whys.mu.Unlock()
	asked, final, known := ok && had.state == state, d != nil && d.Status.Ended(), ""
	if asked {
		if known = had.words; had.final || time.Since(had.at) < whyAge {
			return known
		}
	}
	if failed := final && d.Status.Bad(); (asked || !failed) && !e.whys.turns.Allow() {
		return known
	}
	words, err := e.o.Rollouts.Why(ctx, service, d)
	switch {
	case words == "" && final && had.final:
		words = had.words // ECS forgets stopped tasks within an hour
	case err != nil:
		words, final = known, false // it is asked again, in its turn
	}
	e.whys.mu.Lock()
	defer e.whys.mu.Unlock()
	e.whys.by[key] = explanation{state: state, words: words, at: time.Now(), final: final}
	return words
}

// forget drops a unit that nobody looks after any more.
func (w *explanations) forget(key resource.UnitKey) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.by, key)
}

// troubled: a deployment failed, or goes on for longer than it should, or tasks are missing.
func troubled(s *resource.ServiceState, d *resource.Deployment) bool {
	switch {
	case d == nil || d.Status == resource.DeploymentSucceeded:
		return s.Running < s.Desired && s.PrimaryState != "IN_PROGRESS"
	case d.Status.Bad():
		return true
	case d.Status != resource.DeploymentRunning:
		return false
	}
	began, err := time.Parse(time.RFC3339, d.CreatedAt)
	return d.Failed > 0 || err == nil && time.Since(began) >= patience
}

// because adds what is known of the cause to a sentence.
func (f finding) because(why string) string {
	if f.cause == "" {
		return why
	}
	return why + "; " + f.cause
}
