package main

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/source"
)

// garbage is how much of it may gather before it is collected.
type garbage struct {
	percent int    // of what is in use
	least   uint64 // bytes, however little is in use
}

// A daemon's memory is paid for all day long, and Go lets as much garbage gather as is in
// use. What is made in the beginning stays for as long as the process lives, and it lies
// where it was made: between much garbage it leaves holes that nothing fills any more, by
// Go's word twice as large as itself. So little of it is let gather until the first look at
// everything has ended. New documents are worked on in the midst of whatever has gathered,
// and need room of their own; a pass that finds nothing to do has that room for garbage, and
// leaves none behind. Each collection spared is a thirtieth of what a pass over a thousand
// services costs.
var (
	atFirst = garbage{percent: 20, least: 4 << 20}
	atWork  = garbage{percent: 30, least: 13 << 20}
	atRest  = garbage{percent: 52, least: 26 << 20}
)

// working is for how long new documents are worked on, for the most part.
const working = 10 * time.Second

// gcPercent is GOGC for so many bytes in use.
func (g garbage) gcPercent(live uint64) int {
	return max(g.percent, int(100*g.least/max(live, 1<<20)))
}

// collector has GOGC follow what is in use, and what the daemon does. Who sets GOGC himself
// is obeyed. A GOMEMLIMIT, as our templates set it, holds beside it.
type collector struct {
	ready   func() bool  // the first look has ended; nil where GOGC is left alone
	renewed atomic.Int64 // when documents were new, by the clock's nanoseconds
}

// begin has GOGC set after each collection by what is in use then.
func (c *collector) begin(ready func() bool) {
	if os.Getenv("GOGC") == "" {
		c.ready = ready
		c.tidy()
	}
}

func (c *collector) tidy() {
	if os.Getenv("GOGC") != "" {
		return
	}
	if c.ready() {
		started.Do(unmapProgram)
	}
	c.limit()
	runtime.SetFinalizer(&collected{}, func(*collected) { c.tidy() })
}

func (c *collector) limit() {
	g := atFirst
	if c.ready() {
		g = atRest
		if time.Since(time.Unix(0, c.renewed.Load())) < working {
			g = atWork
		}
	}
	debug.SetGCPercent(g.gcPercent(inUse()))
}

// event collects what a full pass leaves: whoever edits now finds the room.
func (c *collector) event(e reconcile.Event) {
	if c.ready != nil && e.Kind == reconcile.EventPass {
		go runtime.GC()
	}
}

// watch is a source whose new documents are made room for.
func (c *collector) watch(s source.Source) source.Source { return &watched{Source: s, c: c} }

type watched struct {
	source.Source
	c        *collector
	mu       sync.Mutex
	revision string
}

func (w *watched) Snapshot(ctx context.Context) (source.Snapshot, error) {
	s, err := w.Source.Snapshot(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil && s.Revision != w.revision {
		w.revision = s.Revision
		w.c.renewed.Store(time.Now().UnixNano())
		if w.c.ready != nil {
			go w.c.limit() // it waits for a collection that is under way
		}
	}
	return s, err
}

// started is done once the first look at everything has ended.
var started sync.Once

// collected is found to be garbage by the next collection.
type collected struct{ _ [16]byte }

func inUse() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
