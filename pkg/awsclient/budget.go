package awsclient

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Shares of AWS' quota that the operator takes: the account's other clients
// (console, CI, CodeDeploy) drink from the same buckets.
const (
	defaultReadShare  = 0.25
	defaultWriteShare = 0.5
)

// How a throttled category slows down and comes back (AIMD): a throttle halves
// its rate, at most once in cutEvery, because one burst of refusals is one
// message; every second then gives back recoverShare of the full rate, so that
// a halved category is whole again after ten seconds without a throttle.
const (
	cutEvery     = time.Second
	recoverShare = 0.05
	floorShare   = 1.0 / 64
)

// Budget is the state of one token bucket, for metrics.
type Budget struct {
	Target, Category string
	Rate             float64 // calls per second, now
	Full             float64 // calls per second when nothing throttles
	Left             float64 // tokens in the bucket; negative when callers wait
}

// budgets are the buckets of one target.
type budgets struct {
	byOp    map[string][]*bucket // "ecs:DescribeServices"
	buckets []*bucket
}

// bucket is one throttle category of one target.
type bucket struct {
	name string
	full rate.Limit
	turn turns // of the first in the queue

	mu      sync.Mutex
	limiter *rate.Limiter
	cutAt   time.Time // the newest halving
	reduced rate.Limit
}

// newBudgets fills the table with the shares; no buckets when unlimited.
func newBudgets(o Options) *budgets {
	b := &budgets{byOp: map[string][]*bucket{}}
	if o.Unlimited {
		return b
	}
	read, write := cmpOr(o.ReadBudget, defaultReadShare), cmpOr(o.WriteBudget, defaultWriteShare)
	for _, q := range quotas {
		share := read
		switch q.use {
		case writing:
			share = write
		case both:
			share = max(read, write)
		}
		share *= cmpOr(o.QuotaFactor, 1)
		k := newBucket(q.name, q.rate*share, q.burst*share)
		b.buckets = append(b.buckets, k)
		for _, op := range q.ops {
			b.byOp[op] = append(b.byOp[op], k)
		}
	}
	return b
}

func cmpOr(v, otherwise float64) float64 {
	if v == 0 {
		return otherwise
	}
	return v
}

// newBucket starts full, so that a small fleet never waits. One call must
// always fit.
func newBucket(name string, perSecond, burst float64) *bucket {
	return &bucket{name: name, full: rate.Limit(perSecond), reduced: rate.Limit(perSecond),
		limiter: rate.NewLimiter(rate.Limit(perSecond), max(1, int(math.Ceil(burst))))}
}

// wait takes one token of every category of the operation, and says how long
// that took. Each waiter obeys its own context, and gives its token back when
// it leaves.
func (b *budgets) wait(ctx context.Context, op string) (time.Duration, error) {
	start := time.Now()
	for _, k := range b.byOp[op] {
		if err := k.wait(ctx); err != nil {
			return time.Since(start), fmt.Errorf("waiting for the request budget %q: %w", k.name, err)
		}
	}
	return time.Since(start), nil
}

// throttled halves the categories of an operation that AWS refused.
func (b *budgets) throttled(op string) {
	for _, k := range b.byOp[op] {
		k.cut(time.Now())
	}
}

// snapshot is every bucket's state.
func (b *budgets) snapshot(target string) []Budget {
	out := make([]Budget, 0, len(b.buckets))
	for _, k := range b.buckets {
		k.mu.Lock()
		now := time.Now()
		k.recover(now)
		out = append(out, Budget{Target: target, Category: k.name, Rate: float64(k.limiter.Limit()),
			Full: float64(k.full), Left: k.limiter.TokensAt(now)})
		k.mu.Unlock()
	}
	return out
}

// wait lets callers through one by one, those of an edit first: only the first in the queue
// holds a reservation, so that one who leaves gives back his token whole, and a
// cut of the rate counts for all who come after.
func (k *bucket) wait(ctx context.Context) error {
	if err := k.turn.take(ctx); err != nil {
		return err
	}
	defer k.turn.next()
	if err := ctx.Err(); err != nil {
		return err
	}
	k.mu.Lock()
	now := time.Now()
	k.recover(now)
	r := k.limiter.ReserveN(now, 1)
	k.mu.Unlock()
	d := r.DelayFrom(now)
	if d == 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		r.Cancel()
		return ctx.Err()
	}
}

// cut halves the rate and empties the bucket: what was saved up is what AWS has
// just refused.
func (k *bucket) cut(now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.recover(now)
	if !k.cutAt.IsZero() && now.Sub(k.cutAt) < cutEvery {
		return
	}
	k.cutAt = now
	k.reduced = max(k.limiter.Limit()/2, k.full*floorShare)
	k.limiter.SetLimitAt(now, k.reduced)
	if left := int(k.limiter.TokensAt(now)); left > 0 {
		k.limiter.AllowN(now, left)
	}
}

// recover gives back rate for the time since the last cut; the lock is held.
func (k *bucket) recover(now time.Time) {
	if k.limiter.Limit() >= k.full {
		return
	}
	back := k.reduced + k.full*rate.Limit(recoverShare*now.Sub(k.cutAt).Seconds())
	k.limiter.SetLimitAt(now, min(k.full, back))
}
