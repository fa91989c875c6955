package reconcile

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// A fleet that AWS did not tell anything of for minutes is read in full calls when it
// answers again, and not service by service.
func TestAFleetThatWasNotReadIsReadTogether(t *testing.T) {
	const services = 60
	inWorld(t, func(t *testing.T, w *world) {
		for i := range services {
			name := fmt.Sprintf("s%02d", i)
			w.files.put(name+".yaml", hello(name, "nginx:1.29"))
		}
		allReady := func(e *Engine) func() bool {
			return func() bool { n, all := e.AllReady(); return n == services && all }
		}
		made := &tally{}
		start := func(f sandbox.FaultFunc) (e *Engine, stop func()) {
			w.spoil(f)
			e = New(w.engine().o)
			e.partSize = 20
			return e, w.run(e)
		}
		e, stop := start(nil)
		w.until("made", allReady(e))
		stop()

		w.resync = hour // no full pass is to help
		e, stop = start(made.count)
		w.until("started", allReady(e))
		stop()
		calls, _ := made.take()
		began := total(calls)

		e, stop = start(func(context.Context, sandbox.Call) *sandbox.Fault { return &sandbox.Fault{Drop: true} })
		w.sleep(3 * minute)
		for _, s := range e.Status() {
			if s.Reason != status.Unobserved {
				t.Fatalf("%s is %s %s", s.Name, s.Reason, s.Why)
			}
		}
		mark := w.mark()
		w.spoil(made.count)
		took := w.until("read", allReady(e))
		stop()
		calls, _ = made.take()
		t.Logf("a start takes %d calls; after an AWS that was away %d, within %s", began, total(calls), took)
		if total(calls) > began*3/2 {
			t.Errorf("it took %d calls, and a start %d: %v", total(calls), began, calls)
		}
		w.quiet(mark, "only read")
	})
}

// One that fails goes by itself at the end of its pause; many go together, with those that
// failed with it; and those of a target that is being read again wait for the next time.
func TestUnreadUnitsGoTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := newUnread()
		key := func(target string, i int) resource.UnitKey {
			return resource.UnitKey{Target: target, Cluster: "main", Name: fmt.Sprint("s", i)}
		}
		if due, wait := u.take(); len(due) > 0 || wait <= 0 {
			t.Fatalf("of nothing %v are due, and the next after %s", due, wait)
		}
		u.add(key("b", 0), 4*time.Second)
		for i := range 2 * fewWake {
			u.add(key("a", i), time.Second+time.Duration(i)*20*time.Millisecond)
		}
		u.add(key("a", 99), time.Minute)
		u.drop(key("a", 1))
		select {
		case <-u.moved:
		default:
			t.Error("nobody is told that some are due soon")
		}
		if due, wait := u.take(); len(due) > 0 || wait != time.Second {
			t.Fatalf("%v are due, and the next after %s", due, wait)
		}
		time.Sleep(time.Second)
		due, wait := u.take()
		if len(due) != 1 || len(due["a"]) != 2*fewWake-1 || wait != 3*time.Second {
			t.Fatalf("%v are due, and the next after %s", due, wait)
		}
		u.add(key("a", 0), time.Second)
		select {
		case <-u.moved:
			t.Error("somebody is woken for what waits until those before it have been read")
		default:
		}
		time.Sleep(3 * time.Second)
		if due, _ := u.take(); len(due) != 1 || len(due["b"]) != 1 {
			t.Errorf("%v are due while a is being read", due)
		}
		u.done("a")
		if due, wait := u.take(); len(due) != 1 || len(due["a"]) != 1 || wait <= 50*time.Second {
			t.Errorf("%v are due after that, and the next after %s", due, wait)
		}
	})
}
