package resource_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// A list is read once, also where several ask for it at a time, and an error is known, too;
// while one is read another may be.
func TestOnce(t *testing.T) {
	r, failed := resource.NewRound(nil), errors.New("throttled")
	var reads [2]atomic.Int32
	ask := func(which int, read func()) {
		got, err := resource.Once(t.Context(), r, which, func() (int, error) {
			reads[which].Add(1)
			read()
			return which + 10, []error{nil, failed}[which]
		})
		if got != which+10 || (err == failed) != (which == 1) {
			t.Errorf("list %d: %d, %v", which, got, err)
		}
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { ask(0, func() { ask(1, func() {}) }) })
		wg.Go(func() { ask(1, func() {}) })
	}
	wg.Wait()
	if a, b := reads[0].Load(), reads[1].Load(); a != 1 || b != 1 {
		t.Errorf("they were read %d and %d times", a, b)
	}
	if got, err := resource.Once(t.Context(), nil, 0, func() (int, error) { return 5, nil }); got != 5 || err != nil {
		t.Errorf("without a round: %d, %v", got, err)
	}
}

// Who panics over a list leaves it to the next one.
func TestOnceAfterAPanic(t *testing.T) {
	r := resource.NewRound(nil)
	func() {
		defer func() { _ = recover() }()
		_, _ = resource.Once(t.Context(), r, "list", func() (int, error) { panic("no") })
	}()
	if got, err := resource.Once(t.Context(), r, "list", func() (int, error) { return 1, nil }); got != 1 || err != nil {
		t.Errorf("%d, %v", got, err)
	}
}

// Who has left does not wait for a list that somebody else reads, and gives no wrong answer.
func TestOnceIsLeft(t *testing.T) {
	r, begun, end := resource.NewRound(nil), make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_, _ = resource.Once(t.Context(), r, "list", func() (int, error) {
			close(begun)
			<-end
			return 1, nil
		})
	})
	<-begun
	ctx, leave := context.WithCancel(t.Context())
	leave()
	if got, err := resource.Once(ctx, r, "list", func() (int, error) { return 2, nil }); got != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("%d, %v", got, err)
	}
	if _, err := resource.Once(ctx, r, "another", func() (int, error) { return 0, ctx.Err() }); !errors.Is(err, context.Canceled) {
		t.Errorf("of one who leaves: %v", err)
	}
	if got, err := resource.Once(t.Context(), r, "another", func() (int, error) { return 3, nil }); got != 3 || err != nil {
		t.Errorf("after one who left: %d, %v", got, err)
	}
	close(end)
	wg.Wait()
	if got, err := resource.Once(t.Context(), r, "list", func() (int, error) { return 2, nil }); got != 1 || err != nil {
		t.Errorf("after it was read: %d, %v", got, err)
	}
}
