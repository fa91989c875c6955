package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// edited saves documents, one after the other while passes go on, and times the first
// write of each.
func (b *bench) edited(ctx context.Context, n int, calm time.Duration) (e edits, err error) {
	var all []float64
	for i := range n {
		if _, err := b.world.ask(ctx, "POST", "/bench/take"); err != nil {
			return e, err
		}
		began := time.Now()
		if err := b.fleet.edit(i*7919%b.fleet.services, fmt.Sprintf("2.%d.%d", b.runs, i)); err != nil {
			return e, err
		}
		within, stop := context.WithTimeout(ctx, 5*time.Minute)
		t, err := b.world.ask(within, "GET", "/bench/written")
		stop()
		if err != nil {
			return e, fmt.Errorf("edit %d led to no write: %w", i, err)
		}
		all = append(all, float64(t.FirstWrite.Sub(began).Microseconds())/1000)
		if err := pause(ctx, calm+300*time.Millisecond+rand.N(500*time.Millisecond)); err != nil {
			return e, err
		}
	}
	if n == 0 {
		return e, nil
	}
	slices.Sort(all)
	at := func(share float64) float64 { return round(all[min(n-1, int(math.Ceil(share*float64(n)))-1)]) }
	return edits{Samples: n, P50: at(.5), P99: at(.99), Max: at(1)}, nil
}

// oneEdit follows one edit, with no pass in between, until its rollout has ended.
func (b *bench) oneEdit(ctx context.Context) (p phase, err error) {
	op, err := b.start(ctx, "", append([]string{"--resync", "2h"}, free...)...)
	if err != nil {
		return p, err
	}
	defer func() { _ = op.cmd.Process.Kill() }() // stopped below, unless something failed
	if _, err := op.ready(ctx); err != nil {
		return p, err
	}
	if err := b.world.quiet(ctx, 12*time.Second); err != nil {
		return p, err
	}
	if _, err := b.world.ask(ctx, "POST", "/bench/take"); err != nil {
		return p, err
	}
	cpu, err := op.cpu()
	if err != nil {
		return p, err
	}
	if err := b.fleet.edit(b.fleet.services/2, "3.0"); err != nil {
		return p, err
	}
	if _, err := b.world.ask(ctx, "GET", "/bench/written"); err != nil {
		return p, err
	}
	if err := b.world.quiet(ctx, 12*time.Second); err != nil {
		return p, err
	}
	after, err := op.cpu()
	if err != nil {
		return p, err
	}
	t, err := b.world.ask(ctx, "POST", "/bench/take")
	if err != nil {
		return p, err
	}
	p = phase{Calls: t.Calls, CPU: round(after - cpu), Wall: round(t.Last.Sub(t.First).Seconds())}
	say("one edit: %d calls, %.2f s of CPU", p.Calls.total(), p.CPU)
	return p, op.stop()
}
