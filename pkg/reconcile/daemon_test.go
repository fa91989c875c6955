package reconcile

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/source"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

func TestDaemonBringsServicesUp(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		w.files.put("web.yaml", web)
		e := w.engine()
		if e.Ready() == nil {
			t.Error("ready before anything was looked at")
		}
		defer w.run(e)()
		w.until("both ready", func() bool {
			return stands(e, "hello", status.Synced)() && stands(e, "web", status.Synced)()
		})
		if err := e.Ready(); err != nil {
			t.Error(err)
		}
		if err := e.Alive(); err != nil {
			t.Error(err)
		}
		w.until("the pass is told", func() bool { return w.told(EventPass, "2 services ready") > 0 })
		w.sleep(5 * time.Second)
		mark := w.mark()
		w.sleep(10 * time.Minute) // many passes
		w.quiet(mark, "in ten quiet minutes")
		if idle, panics, drift, _ := w.counts.seen(); idle+panics+len(drift) > 0 {
			t.Errorf("idle writes %d, panics %d, drift %v", idle, panics, drift)
		}
	})
}

func TestDaemonReactsToAnEditWithinASecond(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		e := w.engine()
		defer w.run(e)()
		w.until("ready", stands(e, "hello", status.Synced))
		w.files.put("hello.yaml", hello("hello", "nginx:1.30"))
		if took := w.until("UpdateService", func() bool { return w.done("UpdateService") == 1 }); took > time.Second {
			t.Errorf("the edit reached AWS after %s", took)
		}
		w.until("rolling", stands(e, "hello", status.RolloutInProgress))
		w.until("ready again", stands(e, "hello", status.Synced))
		w.files.put("second.yaml", hello("second", "nginx:1.29"))
		if took := w.until("CreateService", func() bool { return w.done("CreateService") == 2 }); took > time.Second {
			t.Errorf("the new file reached AWS after %s", took)
		}
		w.until("the outcome is counted", func() bool {
			_, _, _, rollouts := w.counts.seen()
			return len(rollouts) > 0 && rollouts[len(rollouts)-1] == resource.DeploymentSucceeded
		})
	})
}

func TestDaemonHealsDrift(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("web.yaml", web)
		e := w.engine()
		defer w.run(e)()
		w.until("ready", stands(e, "web", status.Synced))
		w.sleep(5 * time.Second)
		c := w.person()
		_, err := c.Write.CloudWatch.DeleteAlarms(t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"ecs-operator/default/web/errors"}})
		w.ok(err)
		_, err = c.Write.ECS.UpdateService(t.Context(), &ecs.UpdateServiceInput{Cluster: aws.String("default"), Service: aws.String("web"),
			HealthCheckGracePeriodSeconds: aws.Int32(77)})
		w.ok(err)
		w.until("the alarm is made again", func() bool { return w.done("PutMetricAlarm") == 2 })
		w.until("told", func() bool { return w.told(EventDrift, "alarm/errors is gone") == 1 })
		_, _, drift, _ := w.counts.seen()
		if !strings.Contains(fmt.Sprint(drift), "alarm") {
			t.Errorf("drift counted: %v", drift)
		}
		w.until("quiet again", stands(e, "web", status.Synced))
		if idle, _, _, _ := w.counts.seen(); idle > 0 {
			t.Errorf("%d idle writes", idle)
		}
	})
}

func TestDaemonDoesNotDeployABadImageAgain(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		e := w.engine()
		stop := w.run(e)
		w.until("ready", stands(e, "hello", status.Synced))
		w.files.put("hello.yaml", hello("hello", "nginx:crash"))
		w.until("rolled back", stands(e, "hello", status.RolledBack))
		tagged := w.service("hello")
		found := false
		for _, tag := range tagged.Tags {
			found = found || aws.ToString(tag.Key) == resource.TagQuarantine && strings.Contains(aws.ToString(tag.Value), "cause=RolledBack")
		}
		if !found {
			t.Errorf("no quarantine among the tags %v", tagged.Tags)
		}
		mark := w.mark()
		w.sleep(hour)
		w.quiet(mark, "an hour after the rollback")
		stop()
		again := w.engine()
		defer w.run(again)()
		w.until("known after a restart", stands(again, "hello", status.RolledBack))
		w.sleep(hour)
		w.quiet(mark, "an hour after a restart")
	})
}

func TestDaemonKeepsTheLastGoodDocuments(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		good := hello("hello", "nginx:1.29")
		w.files.put("hello.yaml", good)
		w.files.put("other.yaml", hello("other", "nginx:1.29"))
		e := w.engine()
		defer w.run(e)()
		both := func() bool { return stands(e, "hello", status.Synced)() && stands(e, "other", status.Synced)() }
		w.until("ready", both)
		w.sleep(5 * time.Second)
		mark := w.mark()

		w.files.put("hello.yaml", strings.Replace(good, "desiredCount", "desierdCount", 1))
		w.until("the bad document is told", stands(e, "hello", status.InvalidSpec))
		w.sleep(5 * time.Minute)
		if !stands(e, "other", status.Synced)() {
			t.Error("the other service suffers")
		}
		w.files.put("hello.yaml", "ecs-operator/v1: [") // now nobody knows whose it is
		w.sleep(5 * time.Minute)
		w.files.fail(errDisk)
		w.sleep(5 * time.Minute)
		w.files.fail(nil, source.Problem{Path: "sub", Message: "directory cannot be read"})
		w.sleep(5 * time.Minute)
		if len(e.Status()) != 2 {
			t.Errorf("statuses: %+v", e.Status())
		}
		w.quiet(mark, "with bad sources")

		w.files.fail(nil)
		w.files.put("hello.yaml", good)
		w.until("mended", both)
		w.until("and told", func() bool { return w.told(EventProblem, "mended: ") > 0 })

		w.files.put("hello.yaml", "")
		w.until("forgotten", func() bool { return len(e.Status()) == 1 })
		w.sleep(10 * time.Minute)
		if n := w.told(EventProblem, "the document of default/hello is gone"); n != 1 {
			t.Errorf("told %d times", n)
		}
		w.quiet(mark, "after a document went")
	})
}

func TestDaemonFreezesTwins(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("a.yaml", hello("twin", "nginx:1.29"))
		w.files.put("b.yaml", hello("twin", "nginx:1.30"))
		w.files.put("good.yaml", hello("good", "nginx:1.29"))
		e := w.engine()
		defer w.run(e)()
		w.until("good", stands(e, "good", status.Synced))
		w.until("frozen", stands(e, "twin", status.DuplicateIdentity))
		if n := w.done("CreateService"); n != 1 {
			t.Errorf("%d services", n)
		}
		w.files.put("b.yaml", "")
		w.until("freed", stands(e, "twin", status.Synced))
	})
}

func TestDaemonRidesOutAnOutage(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		e := w.engine()
		w.spoil(func(context.Context, sandbox.Call) *sandbox.Fault { return &sandbox.Fault{Drop: true} })
		defer w.run(e)()
		w.until("unobserved", stands(e, "hello", status.Unobserved))
		w.sleep(10 * time.Minute)
		w.quiet(0, "during the outage")
		w.spoil(always(sandbox.Fault{Code: "ThrottlingException", Message: "Rate exceeded"}, "DescribeServices", "CreateService"))
		w.sleep(10 * time.Minute)
		w.spoil(nil)
		w.until("ready", stands(e, "hello", status.Synced))
	})
}

func TestDaemonLeavesARefusedWriteAlone(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		w.spoil(always(sandbox.Fault{Code: "AccessDeniedException", Message: "not authorized to perform: ecs:CreateService"}, "CreateService"))
		e := w.engine()
		defer w.run(e)()
		w.until("denied", stands(e, "hello", status.AccessDenied))
		w.sleep(4 * time.Minute) // four resyncs
		tries := 0
		for _, entry := range w.sandbox.Writes() {
			if entry.Operation == "CreateService" {
				tries++
			}
		}
		if tries != 1 {
			t.Errorf("%d tries before the slow timer", tries)
		}
		if !stands(e, "hello", status.AccessDenied)() {
			t.Errorf("%+v", e.Status())
		}
		w.spoil(nil)
		w.until("the slow timer tries again", stands(e, "hello", status.Synced))
	})
}

func TestDaemonWaitsForDependencies(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("a.yaml", hello("app", "nginx:1.29", "  dependsOn: [ledger]"))
		e := w.engine()
		defer w.run(e)()
		w.until("waiting", stands(e, "app", status.DependencyMissing))
		w.quiet(0, "while it waits")
		w.files.put("b.yaml", hello("ledger", "nginx:1.29"))
		w.until("the ledger", stands(e, "ledger", status.Synced))
		if took := w.until("the app", func() bool { return w.done("CreateService") == 2 }); took > time.Second {
			t.Errorf("the app was made %s after the ledger was Ready", took)
		}
		w.until("both", func() bool { return stands(e, "app", status.Synced)() && stands(e, "ledger", status.Synced)() })
	})
}

// A stop finishes the call in hand and begins no other.
func TestDaemonStopsGracefully(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("web.yaml", web)
		e := w.engine()
		slow := make(chan struct{}, 1)
		w.spoil(func(ctx context.Context, c sandbox.Call) *sandbox.Fault {
			if c.Operation == "CreateTargetGroup" {
				slow <- struct{}{}
				select {
				case <-time.After(5 * time.Second):
				case <-ctx.Done():
					t.Error("the call in hand was cut off")
				}
			}
			return nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- e.Run(ctx) }()
		<-slow
		asked := time.Now()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if took := time.Since(asked); took < 5*time.Second || took > 20*time.Second {
			t.Errorf("stopped after %s", took)
		}
		// A target group takes two calls, which are never torn apart.
		if writes := w.writes(0); len(writes) != 2 || !strings.HasPrefix(writes[0], "CreateTargetGroup ") || !strings.HasPrefix(writes[1], "ModifyTargetGroupAttributes ") {
			t.Errorf("writes %v, want the one in hand", writes)
		}
		w.spoil(nil)
		w.want(w.wait(w.engine())["web"], status.StateReady, status.Synced, 0)
		if n := w.done("CreateTargetGroup"); n != 1 {
			t.Errorf("%d target groups", n)
		}
	})
}

func TestDaemonStopsInTimeWhenACallHangs(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		e := w.engine()
		hangs := make(chan struct{}, 1)
		w.spoil(func(ctx context.Context, c sandbox.Call) *sandbox.Fault {
			if c.Write {
				hangs <- struct{}{}
				<-ctx.Done()
			}
			return nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- e.Run(ctx) }()
		<-hangs
		asked := time.Now()
		cancel()
		<-done
		if took := time.Since(asked); took > 20*time.Second {
			t.Errorf("stopped after %s", took)
		}
	})
}

func TestRunNeedsASourceAtTheStart(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.fail(errDisk)
		if err := w.engine().Run(t.Context()); err != errDisk {
			t.Errorf("Run returned %v", err)
		}
	})
}
