package awsclient

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// What an edit needs takes the next token, however many wait for one.
func TestAnEditGoesFirstInTheBucket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := limited(Options{})
		const op = "ecs:DescribeServices" // 25 at once, 5 a second
		waitN(t, b, op, 25)
		var wg sync.WaitGroup
		var mu sync.Mutex
		var came []string
		call := func(ctx context.Context, name string) {
			wg.Go(func() {
				_, err := b.wait(ctx, op)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					came = append(came, name)
				} else if !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		for range 10 {
			call(t.Context(), "sweep")
		}
		gone, leave := context.WithCancel(resource.Ahead(t.Context()))
		call(gone, "left")
		call(resource.Ahead(t.Context()), "edit")
		leave()
		wg.Wait()
		if at := slices.Index(came, "edit"); at != 1 || len(came) != 11 { // one waits for its token already
			t.Errorf("came %v", came)
		}
		if err := b.byOp[op][0].turn.take(t.Context()); err != nil || b.byOp[op][0].turn.busy == false {
			t.Errorf("the turn is not free at the end: %v", err)
		}
	})
}

// What an edit asks for goes into the next call, which need not wait for those under way.
func TestAnEditGoesFirstInABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var ahead []bool
		b := &Batch[int, int]{Size: 10, Parallel: 2, Call: func(ctx context.Context, keys []int) (map[int]int, error) {
			mu.Lock()
			ahead = append(ahead, resource.IsAhead(ctx))
			mu.Unlock()
			time.Sleep(time.Second)
			out := map[int]int{}
			for _, k := range keys {
				out[k] = k
			}
			return out, nil
		}}
		var keys []int
		for n := range 200 {
			keys = append(keys, n)
		}
		var wg sync.WaitGroup
		wg.Go(func() { b.Do(t.Context(), keys) })
		synctest.Wait()
		began := time.Now()
		for _, key := range []int{1000, 150} {
			wg.Go(func() {
				if got := b.Do(resource.Ahead(t.Context()), []int{key})[key]; got.Value != key || got.Err != nil {
					t.Errorf("%d: %v", key, got)
				}
				if d := time.Since(began); d > 2*time.Second {
					t.Errorf("%d was answered after %v", key, d)
				}
			})
		}
		wg.Wait()
		marked := 0
		for _, is := range ahead {
			if is {
				marked++
			}
		}
		if len(ahead) > 21 || marked == 0 || marked > 2 {
			t.Errorf("%d calls, %d of them for an edit", len(ahead), marked)
		}
	})
}

// A call of a sweep waits for its way; one that an edit, or a look that gives no way,
// asks for as well does not.
func TestASweepGivesWayInABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var held [][]int
		b := &Batch[int, int]{Size: 2, Parallel: 1, Call: func(ctx context.Context, keys []int) (map[int]int, error) {
			if resource.Way(ctx) != nil {
				held = append(held, keys)
			}
			time.Sleep(time.Second)
			out := map[int]int{}
			for _, k := range keys {
				out[k] = k
			}
			return out, nil
		}}
		sweep := resource.Behind(t.Context(), func(context.Context) {})
		if resource.Way(t.Context()) != nil || resource.Way(resource.Ahead(sweep)) != nil {
			t.Error("an edit gives way")
		}
		var wg sync.WaitGroup
		wg.Go(func() { b.Do(sweep, []int{1, 2, 3, 4, 5, 6}) })
		synctest.Wait()
		wg.Go(func() { b.Do(t.Context(), []int{5}) })
		wg.Wait()
		if len(held) != 2 || slices.Contains(held[1], 5) {
			t.Errorf("held up were %v", held)
		}
	})
}
