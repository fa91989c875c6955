package reconcile

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// Whoever gives way to edits does so for a moment, and not for ever.
func TestYield(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var y yield
		waits := func(want time.Duration, when string) {
			t.Helper()
			began := time.Now()
			y.wait(t.Context())
			if took := time.Since(began); took != want {
				t.Errorf("%s: waited %v, want %v", when, took, want)
			}
		}
		waits(0, "no edit")
		y.begin()
		waits(yieldFor, "an edit that takes long")
		waits(0, "it is still in hand")
		y.end()
		y.begin()
		waits(0, "the next one at once")
		y.end()
		time.Sleep(yieldFor)
		y.begin()
		y.begin()
		time.AfterFunc(50*time.Millisecond, y.end)
		time.AfterFunc(80*time.Millisecond, y.end)
		waits(80*time.Millisecond, "two edits that end")
		waits(0, "after both")
		time.Sleep(yieldFor)
		y.begin()
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer stop()
		began := time.Now()
		if y.wait(ctx); time.Since(began) != 10*time.Millisecond {
			t.Error("a stop is waited through")
		}
		y.end()
	})
}
