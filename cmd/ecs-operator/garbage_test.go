package main

import (
	"runtime"
	"runtime/debug"
	"testing"
)

func TestGarbagePercent(t *testing.T) {
	for live, want := range map[uint64]int{0: 4000, 8 << 20: 500, 40 << 20: 100, 80 << 20: 50, 1 << 30: 50} {
		if got := garbagePercent(live); got != want {
			t.Errorf("%d bytes in use: %d percent, want %d", live, got, want)
		}
	}
}

// TestTidy: the percentage follows what is in use.
func TestTidy(t *testing.T) {
	t.Setenv("GOGC", "")
	before := debug.SetGCPercent(100)
	defer func() {
		t.Setenv("GOGC", "100") // the next collection sets none any more
		runtime.GC()
		debug.SetGCPercent(before)
	}()
	tidy()
	held := make([]byte, 200<<20)
	for range 100 { // a finalizer runs some time after its collection
		runtime.GC()
		if got := debug.SetGCPercent(100); got == mostGarbage {
			runtime.KeepAlive(held)
			return
		}
		runtime.Gosched()
	}
	t.Error("with 200 MB in use, more than half of it may gather")
}
