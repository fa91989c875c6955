package reconcile

import (
	"context"
	"fmt"
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

// A start reads of each service what no list tells of it, its task definition and the
// attributes of its target group, side by side: each has a budget of its own to wait for.
func TestAStartIsObservedSideBySide(t *testing.T) {
	const services, latency = 24, time.Second
	took := func(workers int) (calls int, took time.Duration) {
		inWorld(t, func(t *testing.T, w *world) {
			w.resync = hour
			for i := range services {
				name := fmt.Sprintf("s%02d", i)
				w.files.put(name+".yaml", strings.NewReplacer("metadata: {name: web}", "metadata: {name: "+name+"}",
					"priority: 10", fmt.Sprintf("priority: %d", 10+i), `"/*"`, `"/`+name+`/*"`).Replace(web))
			}
			ready := func(e *Engine) func() bool {
				return func() bool { n, all := e.AllReady(); return n == services && all }
			}
			e := w.engine()
			stop := w.run(e)
			w.until("made", ready(e))
			stop()
			w.sleep(10 * minute)
			o := w.engine().o
			o.Workers = workers
			e = New(o)
			e.partSize = 8
			slow := &tally{}
			w.spoil(func(ctx context.Context, c sandbox.Call) *sandbox.Fault {
				if c.Operation == "DescribeTaskDefinition" || c.Operation == "DescribeTargetGroupAttributes" {
					slow.count(ctx, c)
					w.sleep(latency)
				}
				return nil
			})
			stop = w.run(e)
			took = w.until("started", ready(e))
			stop()
			all, _ := slow.take()
			calls = total(all)
		})
		return calls, took
	}
	row, inRow := took(1)
	beside, together := took(DefaultWorkers)
	t.Logf("%d calls side by side in %v, %d in a row in %v", beside, together, row, inRow)
	if row != 2*services || beside != row || inRow < 2*services*latency || together > inRow*2/3 {
		t.Errorf("%d calls took %v, and %d in a row %v", beside, together, row, inRow)
	}
}
