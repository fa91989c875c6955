package keyed

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

// One at a time holds a name, whoever gives up waiting; others hold other names; and
// nothing is kept in the end.
func TestLocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var k Locks
		release, err := k.Lock(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		other, err := k.Lock(t.Context(), "b")
		if err != nil {
			t.Fatal(err)
		}
		other()
		ctx, cancel := context.WithCancel(t.Context())
		gaveUp := make(chan error, 1)
		go func() {
			_, err := k.Lock(ctx, "a")
			gaveUp <- err
		}()
		got := make(chan func(), 1)
		go func() {
			next, err := k.Lock(t.Context(), "a")
			if err != nil {
				t.Error(err)
			}
			got <- next
		}()
		synctest.Wait()
		cancel()
		if err := <-gaveUp; !errors.Is(err, context.Canceled) {
			t.Errorf("who gave up is told %v", err)
		}
		synctest.Wait()
		select {
		case <-got:
			t.Fatal("two hold one name")
		default:
		}
		release()
		(<-got)()
		if len(k.by) > 0 {
			t.Errorf("%d names are kept", len(k.by))
		}
	})
}
