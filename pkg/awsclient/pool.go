package awsclient

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// Pool makes and keeps the clients of every target. It is safe for concurrent
// use. A target is loaded when it is first asked for, once; a failure is not
// remembered, because credentials and networks come back.
type Pool struct {
	core     *core
	readOnly bool
}

// core is what a Pool and its read-only view share.
type core struct {
	opts    Options
	targets map[string]*target
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
	c := &core{opts: opts, targets: make(map[string]*target, len(opts.Targets))}
	for name, t := range opts.Targets {
		t.Name = name
		c.targets[name] = &target{Target: t, load: make(chan struct{}, 1), budgets: newBudgets(opts)}
	}
	return &Pool{core: c}, nil
}

// ReadOnly is a view of the pool whose write clients refuse every write too,
// before anything is sent. Credentials, budgets and caches are shared.
func (p *Pool) ReadOnly() *Pool { return &Pool{core: p.core, readOnly: true} }

// For gives the clients of a target, and loads them at the first call: region,
// credentials, the role to assume, and who the caller is.
func (p *Pool) For(ctx context.Context, name string) (*Clients, error) {
	t, ok := p.core.targets[name]
	if !ok {
		return nil, fmt.Errorf("target %q is not configured (there is: %s)", name,
			strings.Join(slices.Sorted(maps.Keys(p.core.targets)), ", "))
	}
	if c := t.loaded(p.readOnly); c != nil {
		return c, nil
	}
	select {
	case t.load <- struct{}{}:
		defer func() { <-t.load }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if c := t.loaded(p.readOnly); c != nil {
		return c, nil
	}
	cfg, err := p.core.config(ctx, t.Target)
	if err != nil {
		return nil, err
	}
	account, caller, err := p.core.caller(ctx, t, cfg)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	base := Clients{Target: t.Target, Region: cfg.Region, Account: account, Caller: caller}
	base.Read = p.core.api(t, cfg, guardedReads)
	full, guarded := base, base
	full.Write = p.core.api(t, cfg, writes)
	guarded.Write = p.core.api(t, cfg, guardedReads)
	t.full, t.guarded = &full, &guarded
	return t.pick(p.readOnly), nil
}

// Budgets are the budgets of every loaded target, for metrics.
func (p *Pool) Budgets() []Budget {
	var out []Budget
	for _, name := range slices.Sorted(maps.Keys(p.core.targets)) {
		out = append(out, p.core.targets[name].budgets.snapshot(name)...)
	}
	return out
}

func (t *target) loaded(readOnly bool) *Clients {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.pick(readOnly)
}

// pick chooses the view; the lock is held.
func (t *target) pick(readOnly bool) *Clients {
	if readOnly {
		return t.guarded
	}
	return t.full
}
