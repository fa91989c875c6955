package awsclient

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// Pool makes and keeps the clients of every target. It is safe for concurrent
// use. A target is loaded when it is first asked for, once; a failure is
// remembered for failureAge only, because credentials and networks come back.
type Pool struct {
	core     *core
	readOnly bool
}

// failureAge is how long a target that could not be loaded is not tried again:
// the kinds of one pass ask one after the other, and each would wait for the
// retries, and for the same answer.
const failureAge = 2 * time.Second

// core is what a Pool and its read-only view share.
type core struct {
	opts Options

	mu      sync.Mutex
	targets map[string]*target
}

// target finds a target by name; with AnyTarget there is one for every name.
func (c *core) target(name string) (*target, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t, ok := c.targets[name]; ok {
		return t, nil
	}
	if usual, ok := c.targets[resource.DefaultTarget]; ok && c.opts.AnyTarget {
		like := usual.Target
		like.Name = name
		c.targets[name] = newTarget(like, c.opts)
		return c.targets[name], nil
	}
	return nil, fmt.Errorf("target %q is not configured (there is: %s)", name,
		strings.Join(slices.Sorted(maps.Keys(c.targets)), ", "))
}

func newTarget(t Target, opts Options) *target {
	return &target{Target: t, load: make(chan struct{}, 1), budgets: newBudgets(opts)}
}

// target is one target's loaded state. load is a semaphore of one and not a
// mutex, so that a waiter can give up with its own context.
type target struct {
	Target
	load chan struct{}

	mu      sync.Mutex
	full    *Clients
	guarded *Clients
	budgets *budgets
	failure error // of the last load, and when that ended
	failed  time.Time
}

// New checks the options. It makes no call and reads no file: a daemon whose
// credentials appear later starts all the same.
func New(_ context.Context, opts Options) (*Pool, error) {
	if len(opts.Targets) == 0 {
		opts.Targets = map[string]Target{resource.DefaultTarget: {}}
	}
	if opts.Static && (opts.HTTPClient == nil || opts.Endpoint == "") {
		return nil, errors.New("awsclient: static credentials need an HTTP client and an endpoint of their own")
	}
	if _, err := cloudWatchProtocol(opts.CloudWatchProtocol); err != nil {
		return nil, err
	}
	for _, share := range []float64{opts.ReadBudget, opts.WriteBudget} {
		if share < 0 || share > 1 {
			return nil, fmt.Errorf("awsclient: a budget is a share of AWS' quota between 0 and 1, not %v", share)
		}
	}
	if opts.QuotaFactor != 0 && opts.QuotaFactor < 1 {
		return nil, fmt.Errorf("awsclient: an account's quotas are at least those that AWS publishes, not %v times", opts.QuotaFactor)
	}
	c := &core{opts: opts, targets: make(map[string]*target, len(opts.Targets))}
	for name, t := range opts.Targets {
		t.Name = name
		c.targets[name] = newTarget(t, opts)
	}
	return &Pool{core: c}, nil
}

// ReadOnly is a view of the pool whose write clients refuse every write too,
// before anything is sent. Credentials, budgets and caches are shared.
func (p *Pool) ReadOnly() *Pool { return &Pool{core: p.core, readOnly: true} }

// For gives the clients of a target, and loads them at the first call: region,
// credentials, the role to assume, and who the caller is. Who waits for a load
// that fails gets its error; only the end of a caller's own context is nobody
// else's.
func (p *Pool) For(ctx context.Context, name string) (*Clients, error) {
	t, err := p.core.target(name)
	if err != nil {
		return nil, err
	}
	if c, err := t.loaded(p.readOnly); c != nil || err != nil {
		return c, err
	}
	select {
	case t.load <- struct{}{}:
		defer func() { <-t.load }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if c, err := t.loaded(p.readOnly); c != nil || err != nil {
		return c, err
	}
	if err := p.core.load(ctx, t); err != nil {
		if ctx.Err() == nil {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.failure, t.failed = err, time.Now()
		}
		return nil, err
	}
	return t.loaded(p.readOnly)
}

// load makes the clients of a target; its semaphore is held.
func (c *core) load(ctx context.Context, t *target) error {
	cfg, err := c.config(ctx, t.Target)
	if err != nil {
		return err
	}
	account, caller, err := c.caller(ctx, t, cfg)
	if err != nil {
		return err
	}
	base := Clients{Target: t.Target, Region: cfg.Region, Account: account, Caller: caller}
	base.Read = c.api(t, cfg, guardedReads)
	full, guarded := base, base
	full.Write = c.api(t, cfg, writes)
	guarded.Write = c.api(t, cfg, guardedReads)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.full, t.guarded, t.failure = &full, &guarded, nil
	return nil
}

// Budgets are the budgets of every loaded target, for metrics.
func (p *Pool) Budgets() []Budget {
	p.core.mu.Lock()
	defer p.core.mu.Unlock()
	var out []Budget
	for _, name := range slices.Sorted(maps.Keys(p.core.targets)) {
		out = append(out, p.core.targets[name].budgets.snapshot(name)...)
	}
	return out
}

// loaded is what the last load gave: clients, or an error that is still fresh.
// Neither means that it is time to load.
func (t *target) loaded(readOnly bool) (*Clients, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.full == nil && t.failure != nil && time.Since(t.failed) < failureAge:
		return nil, t.failure
	case readOnly:
		return t.guarded, nil
	}
	return t.full, nil
}
