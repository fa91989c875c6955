package sweep

import (
	"flag"
	"os"
	"runtime"
	"runtime/debug"
	"testing"
)

// TestMain lets garbage lie: what lives at one time is small, and what a case leaves
// behind is much, so that collecting it as often as usual costs a quarter of the time.
// Nor is it sampled for a profile of the heap, unless one is asked for.
func TestMain(m *testing.M) {
	debug.SetGCPercent(1600)
	debug.SetMemoryLimit(2 << 30) // near which it is collected as often as it takes
	flag.Parse()
	if flag.Lookup("test.memprofile").Value.String() == "" {
		runtime.MemProfileRate = 0
	}
	os.Exit(m.Run())
}
