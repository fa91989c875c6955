package main

import (
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"testing"
)

func TestGCPercent(t *testing.T) {
	for live, want := range map[uint64][2]int{0: {400, 1600}, 8 << 20: {50, 200}, 20 << 20: {20, 80}, 200 << 20: {15, 25}} {
		if got := [2]int{atFirst.gcPercent(live), afterwards.gcPercent(live)}; got != want {
			t.Errorf("%d bytes in use: GOGC %d, want %d", live, got, want)
		}
	}
}

// TestTidy: GOGC follows what is in use, and whether the first look has ended.
func TestTidy(t *testing.T) {
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "320MiB") // as where the operator is a task
	percent := debug.SetGCPercent(100)
	defer func() {
		t.Setenv("GOGC", "100") // the next collection sets none any more
		runtime.GC()
		debug.SetGCPercent(percent)
	}()
	var ready atomic.Bool
	tidy(ready.Load)
	becomes := func(want int) {
		t.Helper()
		got := 0
		for range 100 { // a finalizer runs some time after its collection
			runtime.GC()
			if got = debug.SetGCPercent(want); got == want {
				return
			}
			debug.SetGCPercent(got)
			runtime.Gosched()
		}
		t.Errorf("GOGC is %d, want %d", got, want)
	}
	held := make([]byte, 200<<20)
	becomes(atFirst.percent)
	ready.Store(true)
	becomes(afterwards.percent)
	runtime.KeepAlive(held)
}
