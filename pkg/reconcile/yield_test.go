package reconcile

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
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

// An edit is in hand from when its document was read until its pass has ended, also
// while it waits for a worker: what is let through in between would stay for a while.
func TestYieldFromTheLineToTheWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const each = 20 * time.Millisecond // of what follows
		key := resource.UnitKey{Name: "web"}
		var y yield
		q := newLineup(&y)
		passed := make(chan time.Duration, 1)
		began := time.Now()
		y.begin() // its document is read
		go func() {
			y.wait(t.Context())
			passed <- time.Since(began)
		}()
		time.Sleep(each)
		q.Hurry(key)
		q.Add(key)
		y.end()
		time.Sleep(each) // it waits for a worker
		if _, edited, _ := q.Next(true); !edited {
			t.Error("it is no edit")
		}
		time.Sleep(each)
		q.Hurry(key) // it is saved once more meanwhile
		q.Add(key)
		q.Done(key)
		y.end()
		time.Sleep(each)
		_, _, _ = q.Next(true)
		time.Sleep(each)
		q.Done(key)
		y.end()
		if took := <-passed; took != 5*each {
			t.Errorf("a sweep went on after %v, want %v", took, 5*each)
		}
		if y.edits != 0 {
			t.Errorf("%d edits are in hand for ever", y.edits)
		}
		q.ShutDown()
	})
}
