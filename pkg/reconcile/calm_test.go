package reconcile

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// A service at rest is read in every sweep and planned in none, until its document or
// anything of it in AWS changes; and once in a while all the same.
func TestAtRestNothingIsPlanned(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		core, logged := observer.New(zap.DebugLevel)
		e := w.engine()
		e.log = zap.New(core)
		planned := func() int { return logged.FilterMessage("planned").Len() }
		defer w.run(e)()
		w.until("Ready", stands(e, "hello", status.Synced))
		w.sleep(5 * minute) // what the first passes still learn

		reading := func() (n int) {
			for _, c := range w.sandbox.Journal() {
				if c.Operation == "DescribeServices" {
					n++
				}
			}
			return n
		}
		before, reads := planned(), reading()
		w.sleep(10 * minute)
		if n := planned() - before; n > 1 {
			t.Errorf("planned %d times over an unchanged world", n)
		}
		if n := reading() - reads; n < 8 {
			t.Errorf("read %d times in ten minutes", n)
		}
		before = planned()
		w.sleep(40 * minute)
		if planned() == before {
			t.Error("not planned in 40 minutes")
		}

		_, err := w.person().Write.ECS.UpdateService(t.Context(), &ecs.UpdateServiceInput{Service: aws.String("hello"), EnableExecuteCommand: aws.Bool(true)})
		w.ok(err)
		w.until("what was changed is put back", func() bool { return !w.service("hello").EnableExecuteCommand })
		w.until("Ready", stands(e, "hello", status.Synced))
		w.sleep(5 * minute)

		w.untag("hello", resource.TagRevision) // a tag is a part of what was read
		before = planned()
		w.sleep(2 * minute)
		if planned() == before {
			t.Error("a tag is gone, and nothing was planned")
		}
		w.sleep(5 * minute)

		w.files.put("hello.yaml", strings.Replace(hello("hello", "nginx:1.29"), "desiredCount: 2", "desiredCount: 3", 1))
		w.until("three", func() bool { return w.count("hello") == 3 })
	})
}

// Where a sweep takes longer than a resync the next one begins at its end, and it is
// still told that it ended: who watches the daemon takes that for its pulse.
func TestSlowSweepsEnd(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.resync = 5 * time.Second
		for _, name := range []string{"one", "two", "three"} {
			w.files.put(name+".yaml", hello(name, "nginx:1.29"))
		}
		e := w.engine()
		stop := w.run(e)
		for _, name := range []string{"one", "two", "three"} {
			w.until("Ready", stands(e, name, status.Synced))
		}
		w.spoil(func(context.Context, sandbox.Call) *sandbox.Fault { w.sleep(3 * time.Second); return nil })
		w.sleep(minute)
		before := w.told(EventPass, "")
		w.sleep(10 * minute)
		if n := w.told(EventPass, "") - before; n < 10 {
			t.Errorf("%d passes ended in ten minutes of slow sweeps", n)
		}
		stop()
		w.sleep(10 * time.Second) // what was asked last is answered
	})
}
