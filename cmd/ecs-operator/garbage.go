package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// A daemon's memory is paid for all day long, and its processor only while it works. Go lets
// as much garbage gather as is in use: of a large fleet half of that is enough, and of a
// small one, whose collections are cheap in memory and dear in time, it is too little.
const (
	leastGarbage = 40 << 20 // bytes that may gather in any case
	mostGarbage  = 50       // percent of what is in use, beyond that
)

// garbagePercent is GOGC for so many bytes in use.
func garbagePercent(live uint64) int {
	return max(mostGarbage, int(leastGarbage*100/max(live, 1<<20)))
}

// tidy sets GOGC after each collection by what is in use then. Who sets GOGC himself is
// obeyed.
func tidy() {
	if os.Getenv("GOGC") != "" {
		return
	}
	debug.SetGCPercent(garbagePercent(inUse()))
	runtime.SetFinalizer(&collected{}, func(*collected) { tidy() })
}

// collected is found to be garbage by the next collection.
type collected struct{ _ [16]byte }

func inUse() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
