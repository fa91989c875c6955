package reconcile

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

func TestHelloFromNothing(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		e := w.engine()
		o := w.wait(e)["hello"]
		w.want(o, status.StateReady, status.Synced, 0)
		if o.Status.Running != 2 || o.Status.Desired != 2 || o.Status.Image != "nginx:1.29" {
			t.Errorf("%+v", o.Status)
		}
		if n := w.done("CreateService"); n != 1 {
			t.Errorf("%d CreateService", n)
		}
		mark := w.mark()
		for name, e := range map[string]*Engine{"the same process": e, "another process": w.engine()} {
			o := w.apply(e, ApplyOptions{})["hello"]
			w.want(o, status.StateReady, status.Synced, 0)
			w.quiet(mark, "a second apply by "+name)
			for _, p := range e.Plan(t.Context(), w.load(e).Units) {
				if !p.Empty() {
					t.Errorf("diff by %s is not empty: %s", name, steps(Outcome{Plan: p}))
				}
			}
		}
	})
}

func TestWebFromNothing(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("web.yaml", web)
		e := w.engine()
		w.want(w.wait(e)["web"], status.StateReady, status.Synced, 0)
		mark := w.mark()
		w.want(w.apply(w.engine(), ApplyOptions{})["web"], status.StateReady, status.Synced, 0)
		w.quiet(mark, "a second apply")
	})
}

func TestDiffWritesNothing(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		w.files.put("web.yaml", web)
		e := w.engine()
		plans := e.Plan(t.Context(), w.load(e).Units)
		if len(plans) != 2 || plans[0].Empty() || plans[1].Empty() {
			t.Errorf("plans of an empty world: %+v", plans)
		}
		w.quiet(0, "diff")
	})
}

func TestNewImageIsRolledOut(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		e := w.engine()
		w.wait(e)
		w.files.put("hello.yaml", hello("hello", "nginx:1.30"))
		o := w.apply(e, ApplyOptions{})["hello"]
		w.want(o, status.StateProgressing, status.RolloutInProgress, 0)
		o = w.wait(e)["hello"]
		w.want(o, status.StateReady, status.Synced, 0)
		if !strings.HasSuffix(o.Status.TaskDefinition, ":2") {
			t.Errorf("runs %s", o.Status.TaskDefinition)
		}
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		o = w.wait(e)["hello"]
		w.want(o, status.StateReady, status.Synced, 0)
		if n := w.done("RegisterTaskDefinition"); n != 2 {
			t.Errorf("%d revisions: the revert did not take the old one again", n)
		}
	})
}

func TestBadImageIsRolledBackAndNotDeployedAgain(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		e := w.engine()
		w.wait(e)
		w.files.put("hello.yaml", hello("hello", "nginx:crash"))
		o := w.wait(e)["hello"]
		w.want(o, status.StateStalled, status.RolledBack, 5)
		if !strings.Contains(o.Status.Why, "rolled back by ECS") || !strings.HasSuffix(o.Status.Why, "; this content is quarantined until the spec changes or `ecs-operator retry hello`") {
			t.Errorf("why: %s", o.Status.Why)
		}
		mark := w.mark()
		for name, e := range map[string]*Engine{"the same process": e, "a new process": w.engine()} {
			for range 3 {
				w.want(w.apply(e, ApplyOptions{})["hello"], status.StateStalled, status.RolledBack, 5)
			}
			w.quiet(mark, "after the quarantine, "+name)
		}
		// A person asks to try again: once.
		if q, err := e.Retry(t.Context(), w.load(e).Units[0].Key); err != nil || q.Cause != string(status.RolledBack) {
			t.Fatalf("retry: %+v, %v", q, err)
		}
		mark = w.mark()
		w.want(w.wait(w.engine())["hello"], status.StateStalled, status.RolledBack, 5)
		if n := len(w.writes(mark)); n == 0 {
			t.Error("retry did not deploy again")
		}
		mark = w.mark()
		w.want(w.wait(w.engine())["hello"], status.StateStalled, status.RolledBack, 5)
		w.quiet(mark, "after the second failure")
		// And a new content goes out.
		w.files.put("hello.yaml", hello("hello", "nginx:1.31"))
		w.want(w.wait(w.engine())["hello"], status.StateReady, status.Synced, 0)
	})
}

// An apply that did not wait leaves the failure to ECS' history.
func TestBadImageNobodyWatched(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		w.wait(w.engine())
		w.files.put("hello.yaml", hello("hello", "nginx:crash"))
		w.want(w.apply(w.engine(), ApplyOptions{})["hello"], status.StateProgressing, status.RolloutInProgress, 0)
		w.sandbox.Advance(hour)
		updates := w.done("UpdateService")
		for range 2 {
			w.want(w.apply(w.engine(), ApplyOptions{})["hello"], status.StateStalled, status.RolledBack, 5)
		}
		if n := w.done("UpdateService"); n != updates {
			t.Errorf("%d UpdateService after the failure", n-updates)
		}
		if n := w.done("RegisterTaskDefinition"); n != 2 {
			t.Errorf("%d revisions", n)
		}
	})
}

// The rollback ends between the read of the service and that of its deployment:
// nothing seems to differ, yet the content has failed.
func TestRolledBackBetweenTwoReads(t *testing.T) {
	for mode, writes := range map[string]int{"auto": 1, "observe": 0} {
		t.Run(mode, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
				w.wait(w.engine())
				w.files.put("hello.yaml", hello("hello", "nginx:crash"))
				w.apply(w.engine(), ApplyOptions{})
				w.files.put("hello.yaml", strings.Replace(hello("hello", "nginx:crash"), "spec:\n", "spec:\n  policy: {mode: "+mode+"}\n", 1))
				mark := w.mark()
				moment := false
				w.spoil(func(_ context.Context, c sandbox.Call) *sandbox.Fault {
					if c.Operation == "DescribeServiceDeployments" && !moment {
						moment = true
						w.sandbox.Advance(hour)
					}
					return nil
				})
				o := w.apply(w.engine(), ApplyOptions{})["hello"]
				if !moment {
					t.Fatal("the moment never came")
				}
				if o.Status.State == status.StateReady {
					t.Errorf("%s: %s", o.Status.State, o.Status.Why)
				}
				if got := w.writes(mark); len(got) != writes {
					t.Errorf("writes %v, want %d", got, writes)
				}
			})
		})
	}
}

func TestBadFirstDeployment(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:crash"))
		o := w.wait(w.engine())["hello"]
		w.want(o, status.StateStalled, status.RolloutFailed, 5)
		mark := w.mark()
		w.want(w.wait(w.engine())["hello"], status.StateStalled, status.RolloutFailed, 5)
		w.quiet(mark, "the next apply")
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		w.want(w.wait(w.engine())["hello"], status.StateReady, status.Synced, 0)
	})
}

func TestTimeout(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		// Without a breaker ECS tries for ever.
		text := strings.Replace(hello("hello", "nginx:crash"), "enable: true, rollback: true", "enable: false, rollback: false", 1)
		w.files.put("hello.yaml", text)
		o := w.apply(w.engine(), ApplyOptions{Wait: true, Timeout: 10 * minute})["hello"]
		if o.Exit() != status.ExitTimeout || !o.TimedOut || o.Status.Reason != status.TimedOut {
			t.Errorf("exit %d, %s %q", o.Exit(), o.Status.Reason, o.Status.Why)
		}
		if !strings.Contains(o.Status.Why, "neither a deployment circuit breaker nor alarms are set") {
			t.Errorf("why: %s", o.Status.Why)
		}
	})
}

// The timeout holds in the middle of a round, too: reads that hang, or a budget
// that makes hundreds of services wait, do not stretch it.
func TestTimeoutWithinARound(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		w.spoil(func(ctx context.Context, c sandbox.Call) *sandbox.Fault {
			if c.Operation == "DescribeServices" {
				<-ctx.Done()
			}
			return nil
		})
		began := time.Now()
		o := w.apply(w.engine(), ApplyOptions{Wait: true, Timeout: time.Minute})["hello"]
		if took := time.Since(began); took != time.Minute {
			t.Errorf("ended after %s", took)
		}
		if !o.TimedOut || o.Exit() != status.ExitTimeout {
			t.Errorf("timed out %v, exit %d: %s", o.TimedOut, o.Exit(), o.Status.Why)
		}
		if n := len(w.writes(0)); n > 0 {
			t.Errorf("%d writes", n)
		}
	})
}

func TestMissingCluster(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("lost.yaml", strings.Replace(hello("lost", "nginx:1.29"), "cluster: default", "cluster: nowhere", 1))
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		out := w.wait(w.engine())
		w.want(out["lost"], status.StateStalled, status.ClusterMissing, 1)
		if !strings.Contains(out["lost"].Status.Why, `the cluster "nowhere" does not exist; create it, or correct spec.cluster`) {
			t.Errorf("why: %s", out["lost"].Status.Why)
		}
		w.want(out["hello"], status.StateReady, status.Synced, 0)
	})
}

func TestFailedReadIsNotAbsence(t *testing.T) {
	for name, f := range map[string]sandbox.Fault{
		"denied":  {Code: "AccessDeniedException", Message: "not authorized to perform: ecs:DescribeServices"},
		"broken":  {Code: "ServerException", Message: "boom", Status: 500},
		"dropped": {Drop: true},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
				w.files.put("web.yaml", web)
				w.spoil(always(f, "DescribeServices"))
				for _, o := range w.apply(w.engine(), ApplyOptions{}) {
					if o.Exit() != status.ExitNotDone {
						t.Errorf("%s: %s, exit %d", o.Status.Name, o.Status.Reason, o.Exit())
					}
					want := status.Unobserved
					if name == "denied" {
						want = status.AccessDenied
					}
					if o.Status.Reason != want {
						t.Errorf("%s: %s %q, want %s", o.Status.Name, o.Status.Reason, o.Status.Why, want)
					}
				}
				w.quiet(0, "with reads that fail")
			})
		})
	}
}

func TestLostAnswers(t *testing.T) {
	for _, operation := range []string{"RegisterTaskDefinition", "CreateService", "UpdateService", "CreateTargetGroup", "CreateRule",
		"RegisterScalableTarget", "PutScalingPolicy", "PutMetricAlarm"} {
		t.Run(operation, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.files.put("web.yaml", web)
				if operation == "UpdateService" {
					w.wait(w.engine())
					w.files.put("web.yaml", strings.Replace(web, "nginx:1.29", "nginx:1.30", 1))
				}
				w.spoil(once(operation, sandbox.Fault{Drop: true, AfterEffect: true}))
				w.want(w.wait(w.engine())["web"], status.StateReady, status.Synced, 0)
				revisions := 1
				if operation == "UpdateService" {
					revisions = 2
				}
				for op, n := range map[string]int{"CreateService": 1, "RegisterTaskDefinition": revisions, "UpdateService": revisions - 1, "CreateTargetGroup": 1, "CreateRule": 1} {
					if got := w.done(op); got != n {
						t.Errorf("%d %s took effect, want %d: %v", got, op, n, w.writes(0))
					}
				}
				mark := w.mark()
				w.want(w.apply(w.engine(), ApplyOptions{})["web"], status.StateReady, status.Synced, 0)
				w.quiet(mark, "the next apply")
			})
		})
	}
}

func TestRefusedWriteBlocksOnlyWhatNeedsIt(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("web.yaml", web)
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		w.spoil(always(sandbox.Fault{Code: "ValidationError", Message: "no such namespace"}, "PutMetricAlarm"))
		out := w.wait(w.engine())
		w.want(out["web"], status.StateStalled, status.RefusedByAWS, 2)
		w.want(out["hello"], status.StateReady, status.Synced, 0)
		for _, s := range out["web"].Plan.Steps {
			if s.Blocked != "" && s.ID.Kind != "alarm" {
				t.Errorf("%s is blocked: %s %s", s.ID.Local(), s.Blocked, s.Why)
			}
		}
		w.spoil(always(sandbox.Fault{Code: "InvalidParameterException", Message: "no"}, "RegisterTaskDefinition"))
		w.files.put("other.yaml", hello("other", "nginx:1.29"))
		other := w.wait(w.engine())["other"]
		w.want(other, status.StateStalled, status.RefusedByAWS, 2)
		for _, s := range other.Plan.Steps {
			if s.ID.Kind == "service" && s.Blocked != status.DependencyMissing {
				t.Errorf("the service is %s %s", s.Blocked, s.Why)
			}
		}
	})
}
