package resource

import (
	"sync"
	"time"
)

// Lost remembers what AWS says it has, and does not find: a deployment that is listed,
// or that a service is in. AWS' reads lag, and what failed a moment ago must not pass for
// what was never tried; but what stays away is gone, and holds nobody up for ever.
type Lost struct {
	mu    sync.Mutex
	since map[string]time.Time // by ARN
}

// For is for how long a thing has been lost, since this process saw that first.
func (l *Lost) For(arn string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.since == nil {
		l.since = map[string]time.Time{}
	}
	since, ok := l.since[arn]
	if !ok {
		since = time.Now()
		l.since[arn] = since
	}
	return time.Since(since)
}

// Found ends that: what is lost again is lost anew.
func (l *Lost) Found(arn string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.since, arn)
}
