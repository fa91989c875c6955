package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/source"
)

func TestGCPercent(t *testing.T) {
	for _, c := range []struct {
		live, most uint64
		want       [3]int
	}{
		{0, 0, [3]int{400, 1300, 2000}},
		{8 << 20, 0, [3]int{50, 162, 250}},
		{20 << 20, 20 << 20, [3]int{20, 65, 100}},
		{200 << 20, 200 << 20, [3]int{20, 30, 52}},
		{160 << 20, 200 << 20, [3]int{50, 62, 90}},
		{200 << 20, 160 << 20, [3]int{20, 30, 52}},
		{20 << 20, 24 << 20, [3]int{43, 65, 100}},
	} {
		if got := [3]int{atFirst.gcPercent(c.live, c.most), atWork.gcPercent(c.live, c.most), atRest.gcPercent(c.live, c.most)}; got != c.want {
			t.Errorf("%d bytes in use, %d at most: GOGC %d, want %d", c.live, c.most, got, c.want)
		}
	}
}

// What the page on deployment says may gather is what may.
func TestThePageTellsWhatMayGather(t *testing.T) {
	page, err := os.ReadFile("../../docs/deploy-on-ecs.md")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(string(page)), " ")
	for says, g := range map[string]garbage{"%d %% of that gather (%d MB at least) until": atFirst, "%d %% (%d MB) while new documents": atWork, "%d %% (%d MB) otherwise": atRest} {
		if want := fmt.Sprintf(says, g.percent, g.least>>20); !strings.Contains(text, want) {
			t.Errorf("it does not say %q", want)
		}
	}
}

// revisions is a source of one revision after the other.
type revisions struct {
	source.Source
	now string
	err error
}

func (r *revisions) Snapshot(context.Context) (source.Snapshot, error) {
	return source.Snapshot{Revision: r.now}, r.err
}

// GOGC follows what is in use, whether the first look has ended, and whether there are new
// documents.
func TestCollector(t *testing.T) {
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "320MiB") // as where the operator is a task
	percent := debug.SetGCPercent(100)
	defer func() {
		t.Setenv("GOGC", "100") // the next collection sets none any more
		runtime.GC()
		debug.SetGCPercent(percent)
	}()
	var ready atomic.Bool
	c := &collector{}
	documents := &revisions{now: "1"}
	s := c.watch(documents)
	read := func() {
		t.Helper()
		if got, err := s.Snapshot(t.Context()); got.Revision != documents.now || !errors.Is(err, documents.err) {
			t.Fatal(got, err)
		}
	}
	read() // before it begins
	c.begin(ready.Load)
	is := func() int {
		percent := debug.SetGCPercent(100)
		debug.SetGCPercent(percent)
		return percent
	}
	by := func(g garbage) int {
		c.mu.Lock()
		defer c.mu.Unlock()
		if g != atRest {
			return g.gcPercent(inUse(), 0)
		}
		return g.gcPercent(inUse(), max(c.most.before, c.most.now))
	}
	soon := func(want garbage, between func()) {
		t.Helper()
		got := 0
		for range 1000 {
			between()
			if got = is(); got == by(want) {
				return
			}
			runtime.Gosched()
		}
		t.Errorf("GOGC is %d, want %d", got, by(want))
	}
	becomes := func(want garbage) { t.Helper(); soon(want, runtime.GC) } // a finalizer runs some time after its collection
	held := make([]byte, 60<<20)                                         // atWork is not atFirst there
	becomes(atFirst)
	documents.now = "2"
	read()
	becomes(atFirst) // there is all the less room for garbage in the beginning
	ready.Store(true)
	becomes(atWork)
	later := func() { c.renewed.Store(time.Now().Add(-working).UnixNano()) }
	later()
	becomes(atRest)
	read()
	documents.now, documents.err = "3", io.ErrUnexpectedEOF
	read()
	if got := is(); got != by(atRest) {
		t.Errorf("GOGC is %d though no document is new", got)
	}
	documents.err = nil
	read()
	soon(atWork, func() {})
	later()
	runtime.GC()
	if c.passed(); c.passed() { // of two passes in a row the latter left nothing
		t.Error("little is collected all the same")
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 1000 {
		left := make([]byte, 2*len(held)/3) // some of these lead to a collection before the pass ends
		runtime.KeepAlive(left)
		c.event(reconcile.Event{Kind: reconcile.EventPass})
		if runtime.ReadMemStats(&after); after.NumForcedGC > before.NumForcedGC {
			break
		}
		runtime.Gosched()
	}
	if after.NumForcedGC == before.NumForcedGC {
		t.Error("what a pass leaves is not collected")
	}
	runtime.KeepAlive(held)
}

// What a pass held at most holds for the next one, and not for ever.
func TestRoomOfThePassBefore(t *testing.T) {
	percent := debug.SetGCPercent(100)
	defer func() { debug.SetGCPercent(percent) }()
	const much = 1 << 30
	c := &collector{ready: func() bool { return true }}
	c.most.now = much
	for i, want := range []uint64{much, much, 0} {
		c.limit()
		if got := debug.SetGCPercent(100); got != atRest.gcPercent(inUse(), want) {
			t.Errorf("pass %d: GOGC %d, want %d", i, got, atRest.gcPercent(inUse(), want))
		}
		c.passed()
	}
	c.renewed.Store(time.Now().UnixNano())
	c.most.now = much
	c.limit()
	if got := debug.SetGCPercent(100); got != atWork.gcPercent(inUse(), 0) {
		t.Errorf("GOGC %d where documents are new", got)
	}
}
