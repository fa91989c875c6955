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
	percent uint64 // of the most that is in use
	least   uint64 // bytes, however little is in use
}

// A daemon's memory is paid for all day long, and Go lets as much garbage gather as is in
// use. What is made in the beginning stays for as long as the process lives, and it lies
// where it was made: between much garbage it leaves holes that nothing fills any more, by
// Go's word twice as large as itself. So little of it is let gather until the first look at
// everything has ended. New documents are worked on in the midst of whatever has gathered,
// and need room of their own; a pass that finds nothing to do has that room for garbage, and
// leaves little behind. A pass holds more in its end than in its beginning: what it held at
// most the process has taken from the system, and garbage may lie there from the beginning
// on. Each collection spared is a fiftieth of what a pass costs.
var (
	atFirst = garbage{percent: 20, least: 4 << 20}
	atWork  = garbage{percent: 30, least: 13 << 20}
	atRest  = garbage{percent: 52, least: 20 << 20}
)

// working is for how long new documents are worked on, for the most part.
const working = 10 * time.Second

// goal is how large the heap may become, in bytes, where so many are in use, and so many at
// most.
func (g garbage) goal(live, most uint64) uint64 {
	most = max(live, most)
	return max(live+g.least, most+most*g.percent/100)
}

// gcPercent is GOGC for this.
func (g garbage) gcPercent(live, most uint64) int {
	live = max(live, 1<<20)
	return int(100 * (g.goal(live, most) - live) / live)
}

// collector has GOGC follow what is in use, and what the daemon does. Who sets GOGC himself
// is obeyed. A GOMEMLIMIT, as our templates set it, holds beside it.
type collector struct {
	ready   func() bool  // the first look has ended; nil where GOGC is left alone
	renewed atomic.Int64 // when documents were new, by the clock's nanoseconds

	mu   sync.Mutex
	most struct{ before, now uint64 } // bytes in use at rest, in the full pass before and in this one
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
	c.mu.Lock()
	defer c.mu.Unlock()
	live := inUse()
	switch {
	case !c.ready():
		debug.SetGCPercent(atFirst.gcPercent(live, live))
	case time.Since(time.Unix(0, c.renewed.Load())) < working:
		debug.SetGCPercent(atWork.gcPercent(live, live))
	default:
		c.most.now = max(c.most.now, live)
		debug.SetGCPercent(atRest.gcPercent(live, max(c.most.before, c.most.now)))
	}
}

// event collects what a full pass leaves.
func (c *collector) event(e reconcile.Event) {
	if c.ready != nil && e.Kind == reconcile.EventPass {
		go func() {
			if c.passed() {
				runtime.GC()
			}
		}()
	}
}

// passed has a new pass begin, and reports whether the one before leaves more than a little
// of the room that whoever edits now needs.
func (c *collector) passed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.most.before, c.most.now = c.most.now, 0
	return heap() > atFirst.goal(inUse(), 0)
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

// inUse is what the last collection found to be in use.
func inUse() uint64 { return measured("/gc/heap/live:bytes") }

// heap is what is in use, and what was since the last collection.
func heap() uint64 { return measured("/memory/classes/heap/objects:bytes") }

func measured(metric string) uint64 {
	sample := []metrics.Sample{{Name: metric}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
