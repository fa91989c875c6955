package main

import (
	"math"
	"runtime"
	"runtime/debug"
	"testing"
)

func TestMemoryLimit(t *testing.T) {
	for live, want := range map[uint64]int64{0: 48 << 20, 24 << 20: 84 << 20, 200 << 20: 348 << 20} {
		if got := memoryLimit(live); got != want {
			t.Errorf("%d bytes in use: %d in all, want %d", live, got, want)
		}
	}
}

// TestTidy: the limit follows what is in use, and not the other way round.
func TestTidy(t *testing.T) {
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "")
	percent, limit := debug.SetGCPercent(100), debug.SetMemoryLimit(-1)
	defer func() {
		t.Setenv("GOGC", "100") // the next collection sets none any more
		runtime.GC()
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	}()
	tidy()
	within := func(least, most int64) bool {
		for range 100 { // a finalizer runs some time after its collection
			runtime.GC()
			if got := debug.SetMemoryLimit(-1); got >= least && got <= most {
				return true
			}
			runtime.Gosched()
		}
		return false
	}
	held := make([]byte, 200<<20)
	if !within(memoryLimit(200<<20), math.MaxInt64-1) {
		t.Error("with 200 MB in use, the limit stays below")
	}
	runtime.KeepAlive(held)
	if !within(1, memoryLimit(200<<20)-1) {
		t.Error("with nothing of it in use any more, the limit stays")
	}
}
