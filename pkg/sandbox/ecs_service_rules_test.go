package sandbox

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// TestZoneRebalancing: what cannot be rebalanced is created DISABLED, and a
// service that is ENABLED cannot become such.
func TestZoneRebalancing(t *testing.T) {
	const enabled, disabled = types.AvailabilityZoneRebalancingEnabled, types.AvailabilityZoneRebalancingDisabled
	most := func(n int32) *types.DeploymentConfiguration {
		return &types.DeploymentConfiguration{MaximumPercent: &n, MinimumHealthyPercent: aws.Int32(0)}
	}
	b := newECSBench(t)
	b.register("app", "app:1")
	zone := []types.PlacementStrategy{{Type: types.PlacementStrategyTypeSpread, Field: aws.String("attribute:ecs.availability-zone")}}
	for name, c := range map[string]struct {
		want   types.AvailabilityZoneRebalancing
		change func(*ecs.CreateServiceInput)
	}{
		"plain":  {enabled, func(*ecs.CreateServiceInput) {}},
		"spread": {enabled, func(in *ecs.CreateServiceInput) { in.PlacementStrategy = zone }},
		"asked":  {disabled, func(in *ecs.CreateServiceInput) { in.AvailabilityZoneRebalancing = disabled }},
		"narrow": {disabled, func(in *ecs.CreateServiceInput) { in.DeploymentConfiguration = most(100) }},
		"binpack": {disabled, func(in *ecs.CreateServiceInput) {
			in.PlacementStrategy = []types.PlacementStrategy{{Type: "binpack", Field: aws.String("memory")}}
		}},
		"pinned": {disabled, func(in *ecs.CreateServiceInput) {
			in.PlacementConstraints = []types.PlacementConstraint{{Type: "memberOf", Expression: aws.String("attribute:ecs.availability-zone == us-east-1a")}}
		}},
		"everyone": {disabled, func(in *ecs.CreateServiceInput) { in.SchedulingStrategy, in.DesiredCount = "DAEMON", nil }},
	} {
		if got := b.create(name, "app", c.change).AvailabilityZoneRebalancing; got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	const text = "because Availability Zone Rebalancing does not support maximumPercent <= 100 % as deployment configuration."
	_, err := b.ecs.CreateService(t.Context(), &ecs.CreateServiceInput{ServiceName: aws.String("both"), TaskDefinition: aws.String("app"), DesiredCount: aws.Int32(1),
		AvailabilityZoneRebalancing: enabled, DeploymentConfiguration: most(100)})
	b.refused(err, "InvalidParameterException", text)
	_, err = b.ecs.UpdateService(t.Context(), &ecs.UpdateServiceInput{Service: aws.String("plain"), DeploymentConfiguration: most(100)})
	b.refused(err, "InvalidParameterException", "The service couldn't be updated "+text)
	after := b.update("plain", func(in *ecs.UpdateServiceInput) {
		in.DeploymentConfiguration, in.AvailabilityZoneRebalancing = most(100), disabled
	})
	if after.AvailabilityZoneRebalancing != disabled {
		t.Errorf("updated to %s", after.AvailabilityZoneRebalancing)
	}
}

// TestFieldsComeBackDifferently: what is written is not always what is read.
func TestFieldsComeBackDifferently(t *testing.T) {
	b := newECSBench(t)
	b.register("app", "app:1")
	var got []string
	for _, p := range b.create("app", "app", func(in *ecs.CreateServiceInput) {
		for _, field := range []string{"attribute:ecs.availability-zone", "host"} {
			in.PlacementStrategy = append(in.PlacementStrategy, types.PlacementStrategy{Type: "spread", Field: &field})
		}
		in.PlacementStrategy = append(in.PlacementStrategy, types.PlacementStrategy{Type: "binpack", Field: aws.String("memory")})
	}).PlacementStrategy {
		got = append(got, aws.ToString(p.Field))
	}
	if want := []string{"attribute:ecs.availability-zone", "instanceId", "MEMORY"}; !slices.Equal(got, want) {
		t.Errorf("placement by %q, want %q", got, want)
	}
	if s := b.service("app"); s.HealthCheckGracePeriodSeconds != nil {
		t.Errorf("a grace period of %d without a load balancer", *s.HealthCheckGracePeriodSeconds)
	}
	b.register("web", "web:1", onFargateWithPort)
	tg := b.behind("web")
	if s := b.create("web", "web", balanced(tg, 0), func(in *ecs.CreateServiceInput) { in.HealthCheckGracePeriodSeconds = nil }); s.HealthCheckGracePeriodSeconds == nil || *s.HealthCheckGracePeriodSeconds != 0 {
		t.Errorf("behind a load balancer: grace period %v, want 0", s.HealthCheckGracePeriodSeconds)
	}
}

func TestPlatformVersionIsFargates(t *testing.T) {
	const text = "The platform version must be null when specifying an EC2 launch type."
	b := newECSBench(t)
	b.register("app", "app:1")
	_, err := b.ecs.CreateService(t.Context(), &ecs.CreateServiceInput{ServiceName: aws.String("app"), TaskDefinition: aws.String("app"), DesiredCount: aws.Int32(1),
		PlatformVersion: aws.String("LATEST")})
	b.refused(err, "InvalidParameterException", text)
	b.create("app", "app")
	_, err = b.ecs.UpdateService(t.Context(), &ecs.UpdateServiceInput{Service: aws.String("app"), PlatformVersion: aws.String("1.4.0")})
	b.refused(err, "InvalidParameterException", text)
}

func TestDescribeServicesFailures(t *testing.T) {
	b := newECSBench(t)
	b.register("app", "app:1")
	b.create("app", "app")
	elsewhere := "arn:aws:ecs:us-east-1:123456789012:service/other/app"
	out, err := b.ecs.DescribeServices(t.Context(), &ecs.DescribeServicesInput{Services: []string{"app", "nothing", elsewhere}})
	b.must(err)
	if len(out.Services) != 1 || len(out.Failures) != 2 || *out.Failures[0].Reason != "MISSING" || *out.Failures[0].Arn != serviceARN("default", "nothing") || *out.Failures[1].Arn != elsewhere {
		t.Errorf("%d services, failures %+v", len(out.Services), out.Failures)
	}
	_, err = b.ecs.DescribeServices(t.Context(), &ecs.DescribeServicesInput{Services: make([]string, 11)})
	b.refused(err, "InvalidParameterException", "service names can have at most 10 items.")
	_, err = b.ecs.DescribeTasks(t.Context(), &ecs.DescribeTasksInput{Tasks: make([]string, 101)})
	b.refused(err, "InvalidParameterException", "taskIds can have at most 100 items.")
}

// TestTheHistoryGoesWithTheService: a deleted service has neither service
// deployments nor revisions.
func TestTheHistoryGoesWithTheService(t *testing.T) {
	b := newECSBench(t)
	b.register("app", "app:1")
	arn := *b.settled("app", "app").CurrentServiceDeployment
	_, err := b.ecs.DeleteService(t.Context(), &ecs.DeleteServiceInput{Service: aws.String("app"), Force: aws.Bool(true)})
	b.must(err)
	b.until("it is gone", func() bool { return *b.service("app").Status == "INACTIVE" })
	list, err := b.ecs.ListServiceDeployments(t.Context(), &ecs.ListServiceDeploymentsInput{Service: aws.String("app")})
	b.must(err)
	one, err := b.ecs.DescribeServiceDeployments(t.Context(), &ecs.DescribeServiceDeploymentsInput{ServiceDeploymentArns: []string{arn}})
	b.must(err)
	if len(list.ServiceDeployments) != 0 || len(one.ServiceDeployments) != 0 || len(one.Failures) != 1 || *one.Failures[0].Reason != "MISSING" {
		t.Errorf("%d listed, %d described, failures %v", len(list.ServiceDeployments), len(one.ServiceDeployments), one.Failures)
	}
}

// TestSettling: without health checks a task counts 40 seconds after it runs.
func TestSettling(t *testing.T) {
	b := newECSBench(t)
	b.register("app", "app:1")
	b.create("app", "app", count(1))
	b.until("it runs", func() bool { return b.service("app").RunningCount == 1 })
	b.pass(38)
	if state := b.service("app").Deployments[0].RolloutState; state != types.DeploymentRolloutStateInProgress {
		t.Errorf("after 38 seconds: %s", state)
	}
	b.pass(10)
	if state := b.service("app").Deployments[0].RolloutState; state != types.DeploymentRolloutStateCompleted {
		t.Errorf("after 48 seconds: %s", state)
	}
}

// TestMonitoringIsInTheRevision: it can be read nowhere else, so a change of it
// starts a deployment, and a rollback takes it back.
func TestMonitoringIsInTheRevision(t *testing.T) {
	b := newECSBench(t)
	b.register("app", "app:1")
	b.settled("app", "app", breaker(true))
	resolution := func() int32 {
		out, err := b.ecs.DescribeServiceRevisions(t.Context(), &ecs.DescribeServiceRevisionsInput{ServiceRevisionArns: []string{*b.service("app").CurrentServiceRevisions[0].Arn}})
		b.must(err)
		if m := out.ServiceRevisions[0].Monitoring; m != nil {
			return aws.ToInt32(m.MetricConfigurations[0].ResolutionSeconds)
		}
		return 0
	}
	watch := func(seconds int32) *types.MonitoringConfiguration {
		return &types.MonitoringConfiguration{MetricConfigurations: []types.MetricConfiguration{{MetricNames: []string{"CPUUtilization"}, ResolutionSeconds: &seconds}}}
	}
	before := b.service("app")
	if after := b.update("app", func(in *ecs.UpdateServiceInput) { in.Monitoring = watch(20) }); *after.CurrentServiceDeployment == *before.CurrentServiceDeployment {
		t.Error("a change of monitoring starts no deployment")
	}
	b.ends("app", types.ServiceDeploymentStatusSuccessful)
	if got := resolution(); got != 20 {
		t.Errorf("resolution %d, want 20", got)
	}
	b.register("app", "app:crash")
	b.update("app", func(in *ecs.UpdateServiceInput) { in.TaskDefinition, in.Monitoring = aws.String("app"), watch(60) })
	b.ends("app", types.ServiceDeploymentStatusRollbackSuccessful)
	if got := resolution(); got != 20 {
		t.Errorf("after the rollback: resolution %d, want 20", got)
	}
	again := b.service("app")
	if after := b.update("app", func(in *ecs.UpdateServiceInput) { in.Monitoring = watch(20) }); *after.CurrentServiceDeployment != *again.CurrentServiceDeployment {
		t.Error("the resolution that is there starts a deployment")
	}
}

// TestDeploymentRunsUnderItsRules: a circuit breaker that is switched on during
// a deployment is for the next one.
func TestDeploymentRunsUnderItsRules(t *testing.T) {
	b := newECSBench(t)
	b.register("app", "app:1")
	b.register("app", "app:crash")
	b.settled("app", "app:1", count(1))
	arn := *b.deploy("app", "app:2").CurrentServiceDeployment
	b.update("app", func(in *ecs.UpdateServiceInput) {
		in.DeploymentConfiguration = &types.DeploymentConfiguration{DeploymentCircuitBreaker: &types.DeploymentCircuitBreaker{Enable: true, Rollback: true}}
	})
	b.until("more tasks failed than a breaker allows", func() bool { return b.service("app").Deployments[0].FailedTasks > 4 })
	if d := b.deployment(arn); d.Status != types.ServiceDeploymentStatusInProgress || d.DeploymentCircuitBreaker.Status != types.ServiceDeploymentRollbackMonitorsStatusDisabled {
		t.Errorf("%s, breaker %s", d.Status, d.DeploymentCircuitBreaker.Status)
	}
	b.update("app", func(in *ecs.UpdateServiceInput) { in.ForceNewDeployment = true })
	b.ends("app", types.ServiceDeploymentStatusRollbackSuccessful)
}
