package reconcile

import (
	"fmt"
	"time"
)

// firstStuckAfter is when a first deployment whose tasks do not come up is called
// stuck, where no circuit breaker counts its failures.
const firstStuckAfter = 10 * time.Minute

// first says of a service's first deployment that it is one: nothing serves before
// it has ended, and there is nothing to go back to.
func (f finding) first(requested int32, why string) string {
	d := f.rollout
	if !d.First || requested == 0 || d.Running >= requested {
		return why
	}
	begun, err := time.Parse(time.RFC3339, d.CreatedAt)
	at, err2 := time.Parse(time.RFC3339, f.now)
	long := err == nil && err2 == nil && at.Sub(begun) >= firstStuckAfter
	if d.Failed == 0 && !long {
		return why
	}
	text := fmt.Sprintf("the first deployment is stuck: %d of %d tasks running", d.Running, requested)
	switch {
	case d.Failed > 0 && d.Threshold > 0:
		text += fmt.Sprintf(", %d failed (the circuit breaker trips at %d)", d.Failed, d.Threshold)
	case d.Failed > 0:
		text += fmt.Sprintf(", %d failed", d.Failed)
	default:
		text += " since " + begun.UTC().Format("15:04 MST on 2006-01-02")
	}
	return text + ", and there is nothing to go back to"
}
