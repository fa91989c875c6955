package reconcile

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// A sweep waits for the workers to take what it has read: not where nothing waits, not for
// ever, and not once it is stopped.
func TestASweepFollowsTheWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var units []*resource.Unit
		d := &daemon{e: &Engine{}, units: map[resource.UnitKey]*member{}}
		for _, name := range []string{"a", "b", "gone"} {
			u := &resource.Unit{Key: resource.UnitKey{Target: "default", Cluster: "default", Name: name}}
			units = append(units, u)
			if name != "gone" {
				d.units[u.Key] = &member{unit: u}
			}
		}
		waited := func(ctx context.Context) time.Duration {
			began := time.Now()
			d.follow(ctx, units)
			return time.Since(began)
		}
		read := func() {
			for _, m := range d.units {
				m.fresh = map[resource.ID]resource.Live{}
			}
		}
		if took := waited(t.Context()); took != 0 {
			t.Errorf("nothing waits: %v", took)
		}
		read()
		go func() {
			for _, u := range units[:2] {
				time.Sleep(10 * time.Second)
				if live := d.fetch(d.units[u.Key]); live == nil {
					t.Errorf("nothing was taken of %s", u.Key)
				}
			}
		}()
		if took := waited(t.Context()); took != 20*time.Second {
			t.Errorf("both are taken after 20 s, waited for %v", took)
		}
		read()
		if took := waited(t.Context()); took != followFor {
			t.Errorf("nobody takes anything: waited for %v", took)
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if took := waited(ctx); took != time.Second {
			t.Errorf("stopped after a second: %v", took)
		}
	})
}
