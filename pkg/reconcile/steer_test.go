package reconcile

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// gated is a blue/green service of the scripts whose release waits for a person
// before the production traffic.
func gated(t *testing.T, w *world) *play {
	t.Helper()
	p := &play{world: w, script: scripts(t)["blue-green"], scriptCase: scriptCase{behind: "alb"}, way: ways[2]}
	p.pace = 10 * time.Second
	p.put("nginx:1.29", nil)
	p.ready(p.wait(p.engine()), "web")
	p.open()
	p.sleep(time.Second)
	return p
}

const pause = "{targetType: PAUSE, lifecycleStages: [PRE_PRODUCTION_TRAFFIC_SHIFT], timeoutConfiguration: {action: ROLLBACK, timeoutInMinutes: 60}}"

// await begins a wait of a process of its own, which looks at the documents as
// they are now.
func (p *play) await(goal Goal, timeout time.Duration) (<-chan Waited, *resource.Unit) {
	p.t.Helper()
	e := p.engine()
	u := p.load(e).Units[0]
	done := make(chan Waited, 1)
	go func() { done <- e.Await(p.t.Context(), u, goal, timeout) }()
	return done, u
}

// waited wants a wait to have ended, and how.
func (p *play) waited(what string, done <-chan Waited, reached bool, code int, why string) {
	p.t.Helper()
	synctest.Wait()
	select {
	case w := <-done:
		if w.Reached != reached || w.Code != code || !strings.Contains(w.Status.Why, why) {
			p.t.Errorf("%s: reached %t, code %d, %s %q; want %t, %d, %q", what, w.Reached, w.Code, w.Status.Reason, w.Status.Why, reached, code, why)
		}
	default:
		p.t.Errorf("%s: it still waits", what)
	}
}

func (p *play) waiting(what string, done ...<-chan Waited) {
	p.t.Helper()
	synctest.Wait()
	for i, d := range done {
		if len(d) > 0 {
			w := <-d
			p.t.Errorf("%s: wait %d has ended: reached %t, code %d, %s %q", what, i, w.Reached, w.Code, w.Status.Reason, w.Status.Why)
		}
	}
}

// A wait ends at its goal and not before: at a stage, in the pause, deployed, ready.
// It judges by the content that the document has, and writes nothing.
func TestAwaitReachesItsGoal(t *testing.T) {
	inWorldAt(t, 1, func(t *testing.T, w *world) {
		p := gated(t, w)
		ready, _ := p.await(GoalReady, hour)
		p.sleep(time.Second)
		p.waited("ready, with nothing to do", ready, true, status.ExitOK, "")

		p.put("nginx:1.30", []string{pause})
		deployed, _ := p.await(GoalDeployed, 3*hour)
		ready, _ = p.await(GoalReady, 3*hour)
		paused, _ := p.await(GoalPaused, 3*hour)
		scale, _ := p.await("SCALE_UP", 3*hour)
		bake, u := p.await("BAKE_TIME", 3*hour)
		short, _ := p.await(GoalDeployed, 5*minute)
		p.sleep(2 * minute)
		p.waiting("before anybody deploys", deployed, ready, paused, scale, bake, short)
		p.apply(p.engine(), ApplyOptions{})
		mark := p.mark()
		p.sleep(2 * minute)
		p.waited("SCALE_UP", scale, true, status.ExitOK, "new tasks running")
		p.waiting("the tasks start", bake, deployed, ready)
		p.sleep(2 * minute)
		p.waited("paused", paused, true, status.ExitOK, "paused for approval at PRE_PRODUCTION_TRAFFIC_SHIFT")
		p.sleep(2 * minute)
		p.waited("five minutes are over", short, false, status.ExitTimeout, "paused for approval")
		p.waiting("it is paused", bake, deployed, ready)
		p.quiet(mark, "waiting")

		// A late word does not open another gate, and the right one opens this one once.
		e := p.engine()
		if _, err := e.ApproveStage(t.Context(), u, "POST_TEST_TRAFFIC_SHIFT"); err == nil || !strings.Contains(err.Error(), "waits at the stage PRE_PRODUCTION_TRAFFIC_SHIFT, not at POST_TEST_TRAFFIC_SHIFT") {
			t.Errorf("another stage: %v", err)
		}
		_, err := e.ApproveStage(t.Context(), u, "pre-production-traffic-shift")
		w.ok(err)
		p.sleep(minute)
		if _, err := e.ApproveStage(t.Context(), u, ""); err == nil || !strings.Contains(err.Error(), "no stage of a deployment waits for an approval") {
			t.Errorf("a second time: %v", err)
		}
		p.waited("BAKE_TIME", bake, true, status.ExitOK, "kept for the bake time")
		p.waiting("it bakes", deployed, ready)
		p.sleep(10 * minute)
		p.waited("deployed", deployed, true, status.ExitOK, "")
		p.waited("ready", ready, true, status.ExitOK, "")
		if got := p.writes(mark); len(got) != 1 || !strings.HasPrefix(got[0], "ContinueServiceDeployment ") {
			t.Errorf("writes %v, want the approval alone", got)
		}
	})
}

// What can not come is not waited for: a deployment that was aborted, a newer
// commit's content, a pause that is over. Abort is done once.
func TestAbortEndsTheWait(t *testing.T) {
	inWorldAt(t, 1, func(t *testing.T, w *world) {
		p := gated(t, w)
		e := p.engine()
		u := p.load(e).Units[0]
		if _, _, err := e.Abort(t.Context(), u); err == nil || !strings.Contains(err.Error(), "no deployment is running, so that there is nothing to abort") {
			t.Errorf("nothing runs: %v", err)
		}
		p.put("nginx:1.30", []string{pause})
		p.apply(p.engine(), ApplyOptions{})
		ready, u := p.await(GoalReady, 3*hour)
		bake, _ := p.await("BAKE_TIME", 3*hour)
		p.sleep(5 * minute)
		p.waiting("it is paused", ready, bake)
		if w, err := e.WaitsFor(t.Context(), u); err != nil || w.Stage != "PRE_PRODUCTION_TRAFFIC_SHIFT" || w.Hook == nil {
			t.Errorf("what waits: %+v, %v", w, err)
		}
		if _, err := e.Restart(t.Context(), u); err == nil || !strings.Contains(err.Error(), "a deployment of default-web:2 is running") {
			t.Errorf("restart in a deployment: %v", err)
		}
		mark := p.mark()
		d, stopped, err := e.Abort(t.Context(), u)
		if err != nil || !stopped || plan.RevisionName(d.TaskDefinition) != "default-web:2" {
			t.Errorf("abort: %+v, %t, %v", d, stopped, err)
		}
		p.sleep(time.Second)
		for range 2 { // a lost answer is repeated without harm, in the rollback and after it
			if _, stopped, err := p.engine().Abort(t.Context(), u); err != nil || stopped {
				t.Errorf("again: %t, %v", stopped, err)
			}
			p.sleep(5 * minute)
		}
		if got := p.writes(mark); len(got) != 1 || !strings.HasPrefix(got[0], "StopServiceDeployment ") {
			t.Errorf("writes %v, want one", got)
		}
		p.waited("ready", ready, false, status.ExitRolloutFailed, "because of a user request")
		p.waited("BAKE_TIME", bake, false, status.ExitRolloutFailed, "because of a user request")
		p.want(p.wait(p.engine())["web"], status.StateStalled, status.RolledBack, 5)
		paused, _ := p.await(GoalPaused, hour)
		p.sleep(time.Second)
		p.waited("a pause that is over", paused, false, status.ExitRolloutFailed, "quarantined")
		if deployed, _, serves, broken := p.book.pages(); len(deployed) != 1 || serves != "nginx:1.29" || len(broken) > 0 {
			t.Errorf("%v, %s serves, %v", deployed, serves, broken)
		}
	})
}

// Restart starts all tasks of what runs anew, once, and never of what failed.
func TestRestartUnderTime(t *testing.T) {
	inWorldAt(t, 1, func(t *testing.T, w *world) {
		p := gated(t, w)
		e := p.engine()
		u := p.load(e).Units[0]
		mark := p.mark()
		_, err := e.Restart(t.Context(), u)
		w.ok(err)
		if _, err := p.engine().Restart(t.Context(), u); err == nil { // the answer was lost, say
			t.Error("a second restart in the first")
		}
		p.ready(p.wait(p.engine()), "web")
		deployed, _, serves, broken := p.book.pages()
		if len(deployed) != 1 || deployed[0] != "nginx:1.29 SUCCESSFUL" || serves != "nginx:1.29" || len(broken) > 0 {
			t.Errorf("%v, %s serves, %v", deployed, serves, broken)
		}
		if got := p.writes(mark); len(got) != 1 {
			t.Errorf("writes %v", got)
		}
		p.put("nginx:crash", nil)
		p.want(p.wait(p.engine())["web"], status.StateStalled, status.RolledBack, 5)
		// The service is back at what works, and that may be restarted; the
		// quarantine of the document's content stays.
		_, err = p.engine().Restart(t.Context(), p.load(e).Units[0])
		w.ok(err)
		p.sleep(20 * minute)
		p.want(p.wait(p.engine())["web"], status.StateStalled, status.RolledBack, 5)
		if deployed, _, serves, _ := p.book.pages(); len(deployed) != 3 || deployed[1] != "nginx:crash ROLLBACK_SUCCESSFUL" || deployed[2] != "nginx:1.29 SUCCESSFUL" || serves != "nginx:1.29" {
			t.Errorf("%v, %s serves", deployed, serves)
		}
	})
}
