package reconcile

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// What an edit has to know of AWS is asked side by side, of one worker in a row.
func TestAnEditIsObservedSideBySide(t *testing.T) {
	const latency = 100 * time.Millisecond
	took := func(workers int) (calls, most int, took time.Duration) {
		inWorld(t, func(t *testing.T, w *world) {
			w.files.put("web.yaml", web)
			e := w.engine()
			e.o.Workers, e.o.Resync = workers, time.Hour // no sweep comes in between
			stop := w.run(e)
			w.until("Ready", stands(e, "web", status.Synced))
			w.sleep(5 * minute)
			var mu sync.Mutex
			now, began := 0, time.Time{}
			w.spoil(func(_ context.Context, c sandbox.Call) *sandbox.Fault {
				mu.Lock()
				if c.Operation == "RegisterTaskDefinition" && took == 0 {
					took = time.Since(began)
				}
				if took == 0 {
					calls++
				}
				now++
				most = max(most, now)
				mu.Unlock()
				w.sleep(latency)
				mu.Lock()
				now--
				mu.Unlock()
				return nil
			})
			began = time.Now()
			w.files.put("web.yaml", strings.Replace(web, "nginx:1.29", "nginx:1.30", 1))
			w.until("written", func() bool { return w.done("RegisterTaskDefinition") == 2 })
			w.spoil(nil)
			stop()
			w.sleep(minute) // what was asked last is answered
		})
		return calls, most, took
	}
	row, one, slow := took(1)
	beside, several, fast := took(DefaultWorkers)
	if one != 1 || slow != time.Duration(row)*latency {
		t.Errorf("one worker made %d calls at once, and %d in %v", one, row, slow)
	}
	if row != beside || several < 5 || fast*5 > slow*3 {
		t.Errorf("%d calls, %d at once, took %v; in a row they are %d and take %v", beside, several, fast, row, slow)
	}
}
