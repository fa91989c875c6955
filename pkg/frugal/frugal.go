// Package frugal is the bound that every fuzzed input keeps: a second of CPU and
// 256 MiB. A fuzz target wraps in Input what a stranger can have us do with an
// input; tests only import it.
//
// The time is that of the thread and not of the wall, because fuzzers run on
// machines that others use too. The memory is what is allocated, which is never less
// than what is held at once.
package frugal

import (
	"runtime"
	"runtime/metrics"
	"testing"
	"time"
)

// What one input may cost.
const (
	CPU    = time.Second
	Memory = 256 << 20
)

// Input fails the test when f takes more than one input may cost.
func Input(t testing.TB, f func()) {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before, began := allocated(), threadTime()
	f()
	if took := threadTime() - began; took > CPU {
		t.Errorf("one input took %v of CPU, more than %v", took, CPU)
	}
	if got := allocated() - before; got > Memory {
		t.Errorf("one input had %d MiB allocated, more than %d", got>>20, Memory>>20)
	}
}

func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
