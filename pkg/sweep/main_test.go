package sweep

import (
	"os"
	"runtime/debug"
	"testing"
)

// TestMain lets garbage lie: what lives at one time is small, and what a case leaves
// behind is much, so that collecting it as often as usual costs a quarter of the time.
func TestMain(m *testing.M) {
	debug.SetGCPercent(1600)
	debug.SetMemoryLimit(2 << 30) // near which it is collected as often as it takes
	os.Exit(m.Run())
}
