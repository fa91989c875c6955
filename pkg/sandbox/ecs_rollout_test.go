package sandbox

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// digitsOf are the digits of ecs-svc/<digits> of the primary deployment.
func digitsOf(s types.Service) string { return lastSegment(aws.ToString(s.Deployments[0].Id)) }

func TestFirstRollout(t *testing.T) {
	b := newECSBench(t)
	b.register("hello", "nginx:1")
	s := b.create("hello", "hello")
	if s.LaunchType != types.LaunchTypeEc2 || aws.ToString(s.Status) != "ACTIVE" || s.RunningCount != 0 || s.Deployments[0].RolloutState != types.DeploymentRolloutStateInProgress {
		t.Errorf("created: %+v", s)
	}
	if d := b.deployment(*s.CurrentServiceDeployment); d.Status != types.ServiceDeploymentStatusPending {
		t.Errorf("a new service deployment is %s, want PENDING", d.Status)
	}
	b.pass(4)
	if s := b.service("hello"); s.PendingCount != 2 || s.RunningCount != 0 {
		t.Errorf("after 4 s: %d pending, %d running", s.PendingCount, s.RunningCount)
	}
	d := b.ends("hello", types.ServiceDeploymentStatusSuccessful)
	s = b.service("hello")
	p := s.Deployments[0]
	if len(s.Deployments) != 1 || s.RunningCount != 2 || aws.ToString(p.Status) != "PRIMARY" || p.RolloutState != types.DeploymentRolloutStateCompleted ||
		aws.ToString(p.RolloutStateReason) != "ECS deployment "+*p.Id+" completed." {
		t.Errorf("done: %+v", s)
	}
	if !strings.HasSuffix(*d.TargetServiceRevision.Arn, "/hello/"+digitsOf(s)) || *s.CurrentServiceRevisions[0].Arn != *d.TargetServiceRevision.Arn {
		t.Errorf("revision %s does not carry the digits of %s", *d.TargetServiceRevision.Arn, *p.Id)
	}
	rev, err := b.ecs.DescribeServiceRevisions(t.Context(), &ecs.DescribeServiceRevisionsInput{ServiceRevisionArns: []string{*d.TargetServiceRevision.Arn}})
	b.must(err)
	if r := rev.ServiceRevisions[0]; *r.TaskDefinition != *s.TaskDefinition || *r.ContainerImages[0].Image != "nginx:1" {
		t.Errorf("revision: %+v", r)
	}
	tasks := b.tasks("hello", types.DesiredStatusRunning)
	list := []string{}
	for _, task := range tasks {
		list = append(list, fmt.Sprintf("(task %s)", lastSegment(*task.TaskArn)))
	}
	ev := b.events("hello")
	if ev[0] != "has reached a steady state." || ev[1] != fmt.Sprintf("(deployment %s) deployment completed.", *p.Id) || !strings.HasPrefix(ev[2], "has started 2 tasks: ") {
		t.Errorf("events: %q", ev)
	}
	for _, one := range list {
		b.wantEvent("hello", one)
	}
	b.pass(600)
	if got := len(b.events("hello")); got != len(ev) {
		t.Errorf("an unchanged service made %d more events", got-len(ev))
	}
}

// TestRollingKeepsItsBounds rolls out under many percentages and looks at
// every second.
func TestRollingKeepsItsBounds(t *testing.T) {
	for _, c := range []struct{ count, least, most, min, max int32 }{
		{4, 100, 200, 4, 8}, {4, 50, 100, 2, 4}, {3, 50, 150, 2, 4}, {5, 60, 100, 3, 5}, {1, 0, 100, 0, 1}, {1, 100, 200, 1, 2}, {3, 0, 200, 0, 6},
	} {
		t.Run(fmt.Sprintf("%d tasks, %d to %d percent", c.count, c.least, c.most), func(t *testing.T) {
			b := newECSBench(t)
			b.register("app", "app:1")
			b.register("app", "app:2")
			b.settled("app", "app:1", count(c.count), func(in *ecs.CreateServiceInput) {
				in.DeploymentConfiguration = &types.DeploymentConfiguration{MinimumHealthyPercent: &c.least, MaximumPercent: &c.most}
			})
			b.within("app", int(c.min), int(c.max))
			s := b.deploy("app", "app:2")
			if len(s.Deployments) != 2 || aws.ToString(s.Deployments[0].Status) != "PRIMARY" || aws.ToString(s.Deployments[1].Status) != "ACTIVE" {
				t.Fatalf("deployments: %+v", s.Deployments)
			}
			b.ends("app", types.ServiceDeploymentStatusSuccessful)
			s = b.service("app")
			if len(s.Deployments) != 1 || s.RunningCount != c.count || s.PendingCount != 0 {
				t.Errorf("after: %d deployments, %d running, %d pending", len(s.Deployments), s.RunningCount, s.PendingCount)
			}
			for _, task := range b.tasks("app", types.DesiredStatusRunning) {
				if !strings.HasSuffix(*task.TaskDefinitionArn, "app:2") {
					t.Errorf("still runs %s", *task.TaskDefinitionArn)
				}
			}
			if got := b.tasks("app", types.DesiredStatusStopped)[0]; got.StopCode != types.TaskStopCodeServiceSchedulerInitiated ||
				!strings.HasPrefix(*got.StoppedReason, "Scaling activity initiated by (deployment ecs-svc/") {
				t.Errorf("old task stopped by %s %s", got.StopCode, *got.StoppedReason)
			}
		})
	}
}

// TestBadImagesRollBack has each bad image fail in its own way and ECS go back
// to the old revision by itself.
func TestBadImagesRollBack(t *testing.T) {
	healthCheck := func(in *ecs.RegisterTaskDefinitionInput) {
		in.ContainerDefinitions[0].HealthCheck = &types.HealthCheck{Command: []string{"CMD", "true"}, Interval: aws.Int32(5), Retries: aws.Int32(2)}
	}
	for image, want := range map[string]struct {
		code          types.TaskStopCode
		reason, event string
	}{
		"app:crash":     {types.TaskStopCodeEssentialContainerExited, "Essential container in task exited", ""},
		"app:unhealthy": {types.TaskStopCodeServiceSchedulerInitiated, "Task failed container health checks", "failed container health checks."},
		"app:missing":   {types.TaskStopCodeTaskFailedToStart, "CannotPullContainerError", ""},
	} {
		t.Run(image, func(t *testing.T) {
			b := newECSBench(t)
			good := b.register("app", "app:1", healthCheck)
			b.register("app", image, healthCheck)
			before := b.settled("app", "app:1", breaker(true))
			b.within("app", 2, 4)
			failed := digitsOf(b.deploy("app", "app:2"))
			d := b.ends("app", types.ServiceDeploymentStatusRollbackSuccessful)
			s := b.service("app")
			if *s.TaskDefinition != *good.TaskDefinitionArn || digitsOf(s) != digitsOf(before) || len(s.Deployments) != 1 || s.RunningCount != 2 {
				t.Errorf("after the rollback: %s, %+v", *s.TaskDefinition, s.Deployments)
			}
			if cb := d.DeploymentCircuitBreaker; cb.Status != "TRIGGERED" || cb.FailureCount < 3 || cb.Threshold != 3 {
				t.Errorf("circuit breaker: %+v", cb)
			}
			if d.Rollback == nil || !strings.HasSuffix(*d.Rollback.ServiceRevisionArn, digitsOf(before)) || !strings.HasSuffix(*d.TargetServiceRevision.Arn, failed) {
				t.Errorf("rollback: %+v of %+v", d.Rollback, d.TargetServiceRevision)
			}
			b.wantEvent("app", fmt.Sprintf("(deployment ecs-svc/%s) deployment failed: tasks failed to start.", failed))
			b.wantEvent("app", "rolling back to deployment ecs-svc/"+digitsOf(before)+".")
			b.wantEvent("app", want.event)
			bad := 0
			for _, task := range b.tasks("app", types.DesiredStatusStopped) {
				if task.StopCode == want.code && strings.Contains(*task.StoppedReason, want.reason) {
					bad++
					if image == "app:missing" && task.StartedAt != nil {
						t.Error("a task without an image has run")
					}
					if image == "app:crash" && aws.ToInt32(task.Containers[0].ExitCode) != 1 {
						t.Errorf("crashed with %v", task.Containers[0].ExitCode)
					}
				}
			}
			if bad < 3 {
				t.Errorf("%d tasks stopped by %s %q, want 3 at least", bad, want.code, want.reason)
			}
		})
	}
}

func TestBreakerWithoutRollbackStalls(t *testing.T) {
	b := newECSBench(t)
	b.register("app", "app:1")
	b.register("app", "app:crash")
	b.settled("app", "app:1", breaker(false))
	b.within("app", 2, 4)
	b.deploy("app", "app:2")
	d := b.ends("app", types.ServiceDeploymentStatusStopped)
	if d.StoppedAt == nil || d.StatusReason == nil {
		t.Errorf("stopped without time or reason: %+v", d)
	}
	s := b.service("app")
	if p := s.Deployments[0]; p.RolloutState != types.DeploymentRolloutStateFailed || aws.ToString(p.RolloutStateReason) != "ECS deployment circuit breaker: tasks failed to start." ||
		aws.ToString(p.Status) != "PRIMARY" || !strings.HasSuffix(*s.TaskDefinition, "app:2") {
		t.Errorf("the failed deployment does not stay: %+v", p)
	}
	started := len(b.tasks("app", types.DesiredStatusStopped))
	b.pass(900)
	if s := b.service("app"); s.RunningCount != 2 || len(b.tasks("app", types.DesiredStatusStopped)) != started {
		t.Errorf("a stalled service went on: %d running", s.RunningCount)
	}
	b.register("app", "app:3") // only a new spec helps
	b.deploy("app", "app:3")
	b.ends("app", types.ServiceDeploymentStatusSuccessful)
}

func TestFirstDeploymentHasNothingToGoBackTo(t *testing.T) {
	b := newECSBench(t)
	b.register("app", "app:missing")
	b.create("app", "app", breaker(true))
	b.ends("app", types.ServiceDeploymentStatusRollbackFailed)
	s := b.service("app")
	if len(s.Deployments) != 1 || s.Deployments[0].RolloutState != types.DeploymentRolloutStateFailed || s.RunningCount+s.PendingCount != 0 {
		t.Errorf("stalled: %+v", s.Deployments)
	}
}

func TestWithoutBreakerItRetriesForEverAndSlower(t *testing.T) {
	b := newECSBench(t)
	b.register("app", "app:crash")
	b.create("app", "app", count(1))
	b.pass(600)
	first := len(b.tasks("app", types.DesiredStatusStopped))
	b.pass(600)
	second := len(b.tasks("app", types.DesiredStatusStopped)) - first
	if second == 0 || second >= first {
		t.Errorf("%d tasks in the first ten minutes and %d in the next: want fewer, not none", first, second)
	}
	b.wantEvent("app", "is unable to consistently start tasks successfully.")
	s := b.service("app")
	if d := b.deployment(*s.CurrentServiceDeployment); d.Status != types.ServiceDeploymentStatusInProgress || d.DeploymentCircuitBreaker.Status != "DISABLED" {
		t.Errorf("deployment %s, breaker %+v", d.Status, d.DeploymentCircuitBreaker)
	}
	if s.Deployments[0].FailedTasks == 0 {
		t.Error("failedTasks is 0 while all tasks fail")
	}
}

func TestBreakerThresholds(t *testing.T) {
	of := func(kind types.ThresholdType, v int32) *types.DeploymentCircuitBreaker {
		return &types.DeploymentCircuitBreaker{Enable: true, ThresholdConfiguration: &types.ThresholdConfiguration{Type: kind, Value: v}}
	}
	for _, c := range []struct {
		breaker       *types.DeploymentCircuitBreaker
		desired, want int32
	}{
		{nil, 1, 3}, {nil, 7, 4}, {nil, 1000, 200}, {of(types.ThresholdTypeBoundedPercent, 10), 100, 10}, {of(types.ThresholdTypeBoundedPercent, 1), 100, 3},
		{of(types.ThresholdTypeUnboundedPercent, 50), 1000, 500}, {of(types.ThresholdTypeUnboundedPercent, 10), 1, 1}, {of(types.ThresholdTypeCount, 1), 50, 1},
	} {
		if got := threshold(c.breaker, c.desired); got != c.want {
			t.Errorf("%+v of %d: %d, want %d", c.breaker, c.desired, got, c.want)
		}
	}
}

func TestNewerDeploymentSupersedes(t *testing.T) {
	b := newECSBench(t)
	for _, tag := range []string{"1", "crash", "3"} {
		b.register("app", "app:"+tag)
	}
	b.settled("app", "app:1")
	b.within("app", 2, 4)
	old := b.deploy("app", "app:2")
	b.pass(12)
	b.deploy("app", "app:3")
	if d := b.deployment(*old.CurrentServiceDeployment); d.Status != types.ServiceDeploymentStatusStopRequested {
		t.Errorf("the superseded deployment is %s", d.Status)
	}
	d := b.ends("app", types.ServiceDeploymentStatusSuccessful)
	if len(d.SourceServiceRevisions) != 2 {
		t.Errorf("source revisions: %+v", d.SourceServiceRevisions)
	}
	if d := b.deployment(*old.CurrentServiceDeployment); d.Status != types.ServiceDeploymentStatusStopped || d.FinishedAt == nil {
		t.Errorf("the superseded deployment ended %s", d.Status)
	}
	list, err := b.ecs.ListServiceDeployments(t.Context(), &ecs.ListServiceDeploymentsInput{Service: aws.String("app")})
	b.must(err)
	if len(list.ServiceDeployments) != 3 || *list.ServiceDeployments[0].ServiceDeploymentArn != *d.ServiceDeploymentArn {
		t.Errorf("history, newest first: %+v", list.ServiceDeployments)
	}
}

func TestStopServiceDeploymentRollsBack(t *testing.T) {
	b := newECSBench(t)
	b.register("app", "app:1")
	b.register("app", "app:crash")
	before := b.settled("app", "app:1") // no breaker: it would go on for ever
	s := b.deploy("app", "app:2")
	b.pass(30)
	_, err := b.ecs.StopServiceDeployment(t.Context(), &ecs.StopServiceDeploymentInput{ServiceDeploymentArn: s.CurrentServiceDeployment, StopType: types.StopServiceDeploymentStopTypeRollback})
	b.must(err)
	if d := b.deployment(*s.CurrentServiceDeployment); d.Status != types.ServiceDeploymentStatusRollbackRequested {
		t.Errorf("status %s", d.Status)
	}
	b.ends("app", types.ServiceDeploymentStatusRollbackSuccessful)
	if after := b.service("app"); *after.TaskDefinition != *before.TaskDefinition || digitsOf(after) != digitsOf(before) {
		t.Errorf("after: %s", *after.TaskDefinition)
	}
	_, err = b.ecs.StopServiceDeployment(t.Context(), &ecs.StopServiceDeploymentInput{ServiceDeploymentArn: s.CurrentServiceDeployment, StopType: types.StopServiceDeploymentStopTypeRollback})
	b.refused(err, "ConflictException", "ROLLBACK_SUCCESSFUL")
	_, err = b.ecs.StopServiceDeployment(t.Context(), &ecs.StopServiceDeploymentInput{ServiceDeploymentArn: aws.String(deploymentARN("default", "app", "none")), StopType: types.StopServiceDeploymentStopTypeRollback})
	b.refused(err, "ServiceDeploymentNotFoundException", "")
}

// TestCrashOutsideADeployment: what dies later is replaced, and no deployment
// comes of it.
func TestCrashOutsideADeployment(t *testing.T) {
	b := newECSBench(t)
	b.register("app", "app:1")
	before := b.settled("app", "app")
	victim := b.tasks("app", types.DesiredStatusRunning)[0]
	_, err := b.ecs.StopTask(t.Context(), &ecs.StopTaskInput{Task: victim.TaskArn, Reason: aws.String("chaos")})
	b.must(err)
	b.until("it is replaced", func() bool { s := b.service("app"); return s.RunningCount == 2 && s.PendingCount == 0 })
	s := b.service("app")
	if *s.CurrentServiceDeployment != *before.CurrentServiceDeployment || len(s.Deployments) != 1 {
		t.Errorf("a crash made a deployment: %+v", s.Deployments)
	}
	stopped := b.tasks("app", types.DesiredStatusStopped)[0]
	if *stopped.StoppedReason != "chaos" || stopped.StopCode != types.TaskStopCodeUserInitiated || aws.ToString(stopped.LastStatus) != "STOPPED" {
		t.Errorf("stopped task: %+v", stopped)
	}
	b.pass(7200)
	if got := b.tasks("app", types.DesiredStatusStopped); len(got) != 0 {
		t.Errorf("%d stopped tasks are remembered for two hours", len(got))
	}
}

// TestWhatStartsADeployment goes through the trigger table of UpdateService.
func TestWhatStartsADeployment(t *testing.T) {
	b := newECSBench(t)
	b.register("app", "app:1", onFargateWithPort)
	b.register("app", "app:1", onFargateWithPort)
	b.settled("app", "app:1", count(1), func(in *ecs.CreateServiceInput) {
		in.LaunchType, in.NetworkConfiguration = types.LaunchTypeFargate, vpcOf("subnet-0sandboxa")
	})
	for _, c := range []struct {
		what    string
		deploys bool
		change  func(*ecs.UpdateServiceInput)
	}{
		{"nothing", false, func(in *ecs.UpdateServiceInput) {}},
		{"desiredCount", false, func(in *ecs.UpdateServiceInput) { in.DesiredCount = aws.Int32(2) }},
		{"the same task definition", false, func(in *ecs.UpdateServiceInput) { in.TaskDefinition = aws.String("app:1") }},
		{"the same network in other words", false, func(in *ecs.UpdateServiceInput) {
			in.NetworkConfiguration = vpcOf("subnet-0sandboxa")
			in.NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp = types.AssignPublicIpDisabled
		}},
		{"deploymentConfiguration", false, func(in *ecs.UpdateServiceInput) {
			in.DeploymentConfiguration = &types.DeploymentConfiguration{MinimumHealthyPercent: aws.Int32(50)}
		}},
		{"capacityProviderStrategy", false, func(in *ecs.UpdateServiceInput) {
			in.CapacityProviderStrategy = []types.CapacityProviderStrategyItem{{CapacityProvider: aws.String("FARGATE_SPOT"), Weight: 1}}
		}},
		{"back to the launch type", false, func(in *ecs.UpdateServiceInput) { in.CapacityProviderStrategy = []types.CapacityProviderStrategyItem{} }},
		{"enableExecuteCommand", false, func(in *ecs.UpdateServiceInput) { in.EnableExecuteCommand = aws.Bool(true) }},
		{"propagateTags", false, func(in *ecs.UpdateServiceInput) { in.PropagateTags = types.PropagateTagsService }},
		{"taskDefinition", true, func(in *ecs.UpdateServiceInput) { in.TaskDefinition = aws.String("app") }},
		{"networkConfiguration", true, func(in *ecs.UpdateServiceInput) { in.NetworkConfiguration = vpcOf("subnet-0sandboxb") }},
		{"platformVersion", true, func(in *ecs.UpdateServiceInput) { in.PlatformVersion = aws.String("1.4.0") }},
		{"forceNewDeployment", true, func(in *ecs.UpdateServiceInput) { in.ForceNewDeployment = true }},
	} {
		t.Run(c.what, func(t *testing.T) {
			b.T = t
			before := b.service("app")
			after := b.update("app", c.change)
			if got := *after.CurrentServiceDeployment != *before.CurrentServiceDeployment; got != c.deploys {
				t.Errorf("starts a deployment: %v, want %v", got, c.deploys)
			}
			b.pass(120)
			b.ends("app", types.ServiceDeploymentStatusSuccessful)
		})
	}
}

func TestScalingKeepsTheDeployment(t *testing.T) {
	b := newECSBench(t)
	b.register("app", "app:1")
	before := b.settled("app", "app")
	b.update("app", func(in *ecs.UpdateServiceInput) { in.DesiredCount = aws.Int32(5) })
	b.until("five run", func() bool { return b.service("app").RunningCount == 5 })
	b.update("app", func(in *ecs.UpdateServiceInput) { in.DesiredCount = aws.Int32(0) })
	b.until("none run", func() bool { return b.service("app").RunningCount == 0 })
	s := b.service("app")
	if *s.CurrentServiceDeployment != *before.CurrentServiceDeployment || s.Deployments[0].DesiredCount != 0 {
		t.Errorf("scaling: %+v", s.Deployments)
	}
	b.wantEvent("app", "has stopped 5 running tasks:")
}

func TestEarlySuccess(t *testing.T) {
	b := newECSBench(t)
	b.register("app", "app:1")
	b.register("app", "app:2")
	b.settled("app", "app:1", count(4), func(in *ecs.CreateServiceInput) {
		in.DeploymentConfiguration = &types.DeploymentConfiguration{MinimumHealthyPercent: aws.Int32(50), MaximumPercent: aws.Int32(100),
			EarlySuccessCriteria: &types.DeploymentEarlySuccessCriteria{Enable: true, HealthyPercent: aws.Int32(50), SourceServiceRevisionCleanup: types.ServiceRevisionCleanupDeferred}}
	})
	b.deploy("app", "app:2")
	b.ends("app", types.ServiceDeploymentStatusSuccessful)
	if s := b.service("app"); len(s.Deployments) != 2 {
		t.Errorf("DEFERRED: %d deployments at success, want the old one to be there still", len(s.Deployments))
	}
	b.until("it is cleaned up", func() bool { s := b.service("app"); return len(s.Deployments) == 1 && s.RunningCount == 4 })
}
