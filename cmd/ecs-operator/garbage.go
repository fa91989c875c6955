package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// A daemon's memory is paid for all day long. Go lets as much garbage gather as is in use,
// and counts neither the holes between what is in use nor what it has ready for more of
// both. A limit on all of it together, which follows what is in use, is kept by collecting
// sooner when the holes are many, and by giving back what lies idle.
const (
	leastMemory = 48 << 20 // bytes beyond one and a half times what is in use
	mostGarbage = 200      // percent of what is in use, whatever the limit: of GOGC
)

// memoryLimit is GOMEMLIMIT for so many bytes in use: what the runtime takes for itself, for
// holes, and for garbage grows with them.
func memoryLimit(live uint64) int64 { return int64(live + live/2 + leastMemory) }

// tidy sets the limit after each collection by what is in use then. Who sets GOGC or
// GOMEMLIMIT himself is obeyed.
func tidy() {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	debug.SetGCPercent(mostGarbage)
	debug.SetMemoryLimit(memoryLimit(inUse()))
	runtime.SetFinalizer(&collected{}, func(*collected) { tidy() })
}

// collected is found to be garbage by the next collection.
type collected struct{ _ [16]byte }

func inUse() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
