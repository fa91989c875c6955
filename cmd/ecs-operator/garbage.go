package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
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
// everything has ended, and more afterwards: a collection of a process with a thousand
// services costs a twentieth of what a pass over them does.
var (
	atFirst    = garbage{percent: 15, least: 4 << 20}
	afterwards = garbage{percent: 25, least: 16 << 20}
)

// gcPercent is GOGC for so many bytes in use.
func (g garbage) gcPercent(live uint64) int {
	return max(g.percent, int(100*g.least/max(live, 1<<20)))
}

// tidy sets GOGC after each collection by what is in use then. Who sets GOGC himself is
// obeyed. A GOMEMLIMIT, as our templates set it, holds beside it.
func tidy(ready func() bool) {
	if os.Getenv("GOGC") != "" {
		return
	}
	g := atFirst
	if ready() {
		g = afterwards
		started.Do(unmapProgram)
	}
	debug.SetGCPercent(g.gcPercent(inUse()))
	runtime.SetFinalizer(&collected{}, func(*collected) { tidy(ready) })
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
