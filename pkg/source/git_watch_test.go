package source

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// hints counts what a watch sends, and takes each at once.
func hints(ctx context.Context, t *testing.T, g *Git) (count func() int) {
	hint := make(chan struct{}, 1)
	var n atomic.Int32
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-hint:
				n.Add(1)
			case <-done:
				return
			}
		}
	}()
	go func() {
		defer close(done)
		if err := g.Watch(ctx, hint); err != nil {
			t.Errorf("watch ended with %v", err)
		}
	}()
	return func() int { synctest.Wait(); return int(n.Load()) }
}

func TestGitWatchPollsWithJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := open(t, GitOptions{URL: "https://example.com/a.git", Poll: time.Minute})
		ctx, cancel := context.WithCancel(t.Context())
		count := hints(ctx, t, g)
		if n := count(); n != 1 {
			t.Fatalf("%d hints at the start, want one", n)
		}
		var gaps []time.Duration
		last, seen := time.Now(), 1
		for len(gaps) < 50 {
			time.Sleep(time.Second)
			if n := count(); n != seen {
				gaps, last, seen = append(gaps, time.Since(last)), time.Now(), n
			}
		}
		differ := false
		for _, gap := range gaps {
			if gap < 54*time.Second || gap > 67*time.Second {
				t.Errorf("a hint after %s, want 1m ±10%%", gap)
			}
			differ = differ || gap != gaps[0]
		}
		if !differ {
			t.Error("all pauses are alike: a hundred operators would ask at once")
		}
		cancel()
		synctest.Wait()
	})
}

// Poke hints at once, never waits, and many are one.
func TestGitPoke(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := open(t, GitOptions{URL: "https://example.com/a.git", Poll: time.Hour})
		for range 1000 {
			g.Poke() // nobody watches yet
		}
		ctx, cancel := context.WithCancel(t.Context())
		count := hints(ctx, t, g)
		before := count()
		if before > 2 {
			t.Errorf("%d hints at the start", before)
		}
		began := time.Now()
		for range 1000 {
			g.Poke()
		}
		if n := count() - before; n < 1 || time.Since(began) != 0 { // how many is up to who runs when
			t.Errorf("1000 pokes gave %d hints after %s", n, time.Since(began))
		}
		cancel()
		synctest.Wait()
	})
}

// While it is watched, a resync between two hints asks nobody; after a hint the
// server is asked once, and after a failure again. Unwatched, each look asks.
func TestGitAsksOncePerHint(t *testing.T) {
	root := t.TempDir()
	newRepo(t, root, "a.git").commit("main", map[string]string{"a.yaml": "a"})
	s := serve(t, root)
	g := open(t, GitOptions{URL: s.URL + "/a.git", Poll: time.Hour})
	asked := func() int {
		t.Helper()
		if got := read(t, g); contents(got) != "a.yaml=a" {
			t.Fatalf("files %q", contents(got))
		}
		_, all := s.fetches()
		return all
	}
	for range 2 {
		if asked() == 0 {
			t.Error("unwatched, a look asked nobody")
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	hint, done := make(chan struct{}, 1), make(chan struct{})
	go func() { defer close(done); _ = g.Watch(ctx, hint) }()
	<-hint
	if asked() == 0 || asked() != 0 {
		t.Error("watched, want one question for one hint")
	}
	g.Poke()
	<-hint
	if asked() == 0 || asked() != 0 {
		t.Error("poked, want one question")
	}
	s.answer(failing(""))
	g.Poke()
	<-hint
	refuses(t, g, "out of order")
	refuses(t, g, "out of order")
	s.answer(nil)
	s.fetches()
	if asked() == 0 || asked() != 0 {
		t.Error("after a failure, want one question")
	}
	cancel()
	<-done
	if asked() == 0 {
		t.Error("unwatched again, a look asked nobody")
	}
}
