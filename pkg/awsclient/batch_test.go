package awsclient

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestBatchPacksTheKeysOfManyCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls, now, most atomic.Int32
		b := &Batch[int, int]{Size: 10, Parallel: 2, Call: func(_ context.Context, keys []int) (map[int]int, error) {
			calls.Add(1)
			most.Store(max(most.Load(), now.Add(1)))
			defer now.Add(-1)
			if len(keys) > 10 {
				t.Errorf("%d keys in one call", len(keys))
			}
			time.Sleep(time.Second)
			out := map[int]int{}
			for _, k := range keys {
				out[k] = k * k
			}
			return out, nil
		}}
		var wg sync.WaitGroup
		for i := range 50 { // fifty callers of three keys each, of which two are everybody's
			wg.Go(func() {
				got := b.Do(t.Context(), []int{i, 100, 101, i})
				if len(got) != 3 || got[i].Value != i*i || got[100].Value != 10000 || got[i].Err != nil {
					t.Errorf("caller %d: %v", i, got)
				}
			})
		}
		wg.Wait()
		if n := calls.Load(); n > 9 {
			t.Errorf("%d calls for 52 keys", n)
		}
		if n := most.Load(); n != 2 {
			t.Errorf("%d calls at once", n)
		}
	})
}

func TestBatchSharesOneFailureAndKeepsSilenceUnknown(t *testing.T) {
	broken := errors.New("broken")
	calls := 0
	b := &Batch[string, string]{Size: 3, Call: func(_ context.Context, keys []string) (map[string]string, error) {
		calls++
		switch {
		case slices.Contains(keys, "bad"):
			return map[string]string{"good": "yes"}, broken
		case slices.Contains(keys, "boom"):
			panic("boom")
		}
		return map[string]string{"a": "1"}, nil
	}}
	got := b.Do(t.Context(), []string{"bad", "good", "worse"})
	if !errors.Is(got["bad"].Err, broken) || !errors.Is(got["worse"].Err, broken) || got["good"] != (Result[string]{Value: "yes"}) || calls != 1 {
		t.Errorf("%v after %d calls", got, calls)
	}
	got = b.Do(t.Context(), []string{"a", "b"})
	if got["a"].Value != "1" || !errors.Is(got["b"].Err, ErrSilent) {
		t.Errorf("%v", got)
	}
	if got = b.Do(t.Context(), []string{"boom"}); got["boom"].Err == nil {
		t.Error("a panic is no error")
	}
	if got = b.Do(t.Context(), []string{"a"}); got["a"].Err != nil {
		t.Errorf("after a panic: %v", got)
	}
}

func TestBatchWaitersLeaveAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked [][]int
		var stopped bool
		b := &Batch[int, int]{Size: 10, Call: func(ctx context.Context, keys []int) (map[int]int, error) {
			asked = append(asked, keys)
			select {
			case <-time.After(time.Minute):
				out := map[int]int{}
				for _, k := range keys {
					out[k] = k
				}
				return out, nil
			case <-ctx.Done():
				stopped = true
				return nil, ctx.Err()
			}
		}}
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() { // leaves; nobody else waits for its call, which stops
			if got := b.Do(short, []int{1}); !errors.Is(got[1].Err, context.DeadlineExceeded) {
				t.Errorf("%v", got)
			}
		})
		synctest.Wait()
		wg.Go(func() { // leaves the queue
			if got := b.Do(short, []int{2, 3}); !errors.Is(got[2].Err, context.DeadlineExceeded) {
				t.Errorf("%v", got)
			}
		})
		wg.Go(func() { // stays
			if got := b.Do(t.Context(), []int{3}); got[3] != (Result[int]{Value: 3}) {
				t.Errorf("%v", got)
			}
		})
		wg.Wait()
		if !stopped || len(asked) != 2 || slices.Contains(asked[1], 2) && len(asked[1]) == 1 {
			t.Errorf("stopped %v, asked %v", stopped, asked)
		}
	})
}

func TestForever(t *testing.T) {
	f := &Forever[int, string]{Max: 2}
	f.Put(1, "one")
	f.Put(2, "two")
	f.Put(3, "three") // a new generation
	if v, ok := f.Get(1); !ok || v != "one" {
		t.Error("what is asked for is kept")
	}
	f.Put(4, "four") // another: 2 was not asked for
	missing, have := f.Missing([]int{4, 2, 1, 2})
	if !slices.Equal(missing, []int{2}) || have[1] != "one" || have[4] != "four" {
		t.Errorf("missing %v, have %v", missing, have)
	}
}

// What a newer value took the place of is not kept for another generation.
func TestForeverKeepsNothingTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &Forever[int, string]{}
		f.Put(1, "as it was read")
		f.Put(2, "in use")
		time.Sleep(3 * time.Hour)
		f.Put(1, "as it was read again")
		if _, twice := f.old[1]; twice || len(f.old) != 1 {
			t.Errorf("kept of before: %v", f.old)
		}
		if f.Get(2); f.old != nil {
			t.Error("an empty generation keeps its room")
		}
	})
}

// What fades goes by itself, however quiet it is, and what is in use stays.
func TestForeverFades(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &Forever[int, string]{Fades: true}
		f.Put(1, "in use")
		f.Put(2, "of a deployment that is over")
		for range 12 {
			time.Sleep(30 * time.Minute)
			f.Get(1)
		}
		if _, ok := f.Get(1); !ok {
			t.Error("what is asked for has faded")
		}
		time.Sleep(6 * time.Hour)
		f.mu.Lock()
		defer f.mu.Unlock()
		if len(f.young)+len(f.old) > 0 {
			t.Errorf("still there: %v, %v", f.young, f.old)
		}
	})
}

// What is in use is kept for ever, what is not is forgotten in hours, and a long sleep
// forgets nothing that is asked for after it.
func TestForeverForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &Forever[int, string]{}
		f.Put(1, "in use")
		f.Put(2, "of a revision that is no more")
		for range 12 {
			time.Sleep(30 * time.Minute)
			if _, ok := f.Get(1); !ok {
				t.Fatal("what is asked for is forgotten")
			}
		}
		if _, ok := f.Get(2); ok {
			t.Error("what nobody asked for in six hours is kept")
		}
		time.Sleep(48 * time.Hour)
		if _, ok := f.Get(1); !ok {
			t.Error("what was asked for last is forgotten over a long sleep")
		}
	})
}
