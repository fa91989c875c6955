package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

func TestServiceDefaults(t *testing.T) {
	b := newECSBench(t)
	b.register("web", "web:1", onFargateWithPort)
	s := b.create("web", "web", func(in *ecs.CreateServiceInput) {
		in.LaunchType, in.NetworkConfiguration = types.LaunchTypeFargate, vpcOf("subnet-0sandboxa", "subnet-0sandboxb")
		in.Tags = []types.Tag{{Key: aws.String("team"), Value: aws.String("a")}}
	})
	c := s.DeploymentConfiguration
	if *c.MaximumPercent != 200 || *c.MinimumHealthyPercent != 100 || c.Strategy != "ROLLING" || *c.BakeTimeInMinutes != 0 || c.DeploymentCircuitBreaker.Enable {
		t.Errorf("deployment configuration: %+v", c)
	}
	if *s.PlatformVersion != "LATEST" || *s.PlatformFamily != "Linux" || *s.Deployments[0].PlatformVersion != "1.4.0" {
		t.Errorf("platform: %s %s %s", *s.PlatformVersion, *s.PlatformFamily, *s.Deployments[0].PlatformVersion)
	}
	if s.SchedulingStrategy != "REPLICA" || s.DeploymentController.Type != "ECS" || s.PropagateTags != "NONE" || s.AvailabilityZoneRebalancing != "ENABLED" ||
		s.NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp != "DISABLED" || !strings.HasSuffix(*s.TaskDefinition, "task-definition/web:1") ||
		!strings.HasSuffix(*s.RoleArn, "AWSServiceRoleForECS") || s.PlacementConstraints == nil || s.LoadBalancers == nil {
		t.Errorf("defaults: %+v", s)
	}
	if got := b.service("web"); got.Tags != nil {
		t.Error("tags without include=TAGS")
	}
	with, err := b.ecs.DescribeServices(t.Context(), &ecs.DescribeServicesInput{Services: []string{*s.ServiceArn}, Include: []types.ServiceField{types.ServiceFieldTags}})
	b.must(err)
	if len(with.Services[0].Tags) != 1 {
		t.Errorf("tags: %v", with.Services[0].Tags)
	}
	daemon := func(in *ecs.CreateServiceInput) {
		in.SchedulingStrategy, in.DesiredCount = types.SchedulingStrategyDaemon, nil
	}
	b.register("agent", "agent:1")
	if d := b.create("agent", "agent", daemon).DeploymentConfiguration; *d.MaximumPercent != 100 || *d.MinimumHealthyPercent != 0 {
		t.Errorf("daemon: %+v", d)
	}
}

func TestServiceRefusals(t *testing.T) {
	b := newECSBench(t)
	b.register("ec2", "app:1")
	b.register("gone", "app:1")
	_, err := b.ecs.DeregisterTaskDefinition(t.Context(), &ecs.DeregisterTaskDefinitionInput{TaskDefinition: aws.String("gone:1")})
	b.must(err)
	b.register("web", "web:1", onFargateWithPort)
	tg, err := b.elb.CreateTargetGroup(t.Context(), webGroup("lone"))
	b.must(err)
	lone := tg.TargetGroups[0].TargetGroupArn
	fargate := func(change func(*ecs.CreateServiceInput)) func(*ecs.CreateServiceInput) {
		return func(in *ecs.CreateServiceInput) {
			in.TaskDefinition, in.LaunchType, in.NetworkConfiguration = aws.String("web"), types.LaunchTypeFargate, vpcOf("subnet-0sandboxa")
			change(in)
		}
	}
	b.create("taken", "ec2")
	for _, c := range []struct {
		code, text string
		change     func(*ecs.CreateServiceInput)
	}{
		{"InvalidParameterException", "Creation of service was not idempotent.", func(in *ecs.CreateServiceInput) { in.ServiceName = aws.String("taken") }},
		{"ClusterNotFoundException", "Cluster not found.", func(in *ecs.CreateServiceInput) { in.Cluster = aws.String("nowhere") }},
		{"ClientException", "TaskDefinition not found.", func(in *ecs.CreateServiceInput) { in.TaskDefinition = aws.String("nothing") }},
		{"ClientException", "TaskDefinition is inactive", func(in *ecs.CreateServiceInput) { in.TaskDefinition = aws.String("gone:1") }},
		{"ClientException", "TaskDefinition not found.", func(in *ecs.CreateServiceInput) { in.TaskDefinition = aws.String("gone") }},
		{"InvalidParameterException", "Specifying both a launch type and capacity provider strategy is not supported", func(in *ecs.CreateServiceInput) {
			in.LaunchType, in.CapacityProviderStrategy = types.LaunchTypeEc2, []types.CapacityProviderStrategyItem{{CapacityProvider: aws.String("ec2"), Weight: 1}}
		}},
		{"InvalidParameterException", "desired count is required", func(in *ecs.CreateServiceInput) { in.DesiredCount = nil }},
		{"InvalidParameterException", "does not support a desired count", func(in *ecs.CreateServiceInput) { in.SchedulingStrategy = types.SchedulingStrategyDaemon }},
		{"InvalidParameterException", "Network Configuration must be provided when networkMode 'awsvpc' is specified.", fargate(func(in *ecs.CreateServiceInput) { in.NetworkConfiguration = nil })},
		{"InvalidParameterException", "Network Configuration is not valid for the given networkMode", func(in *ecs.CreateServiceInput) { in.NetworkConfiguration = vpcOf("subnet-0sandboxa") }},
		{"InvalidParameterException", "The subnet ID 'subnet-1' does not exist", fargate(func(in *ecs.CreateServiceInput) { in.NetworkConfiguration = vpcOf("subnet-1") })},
		{"InvalidParameterException", "Task definition does not support launch_type FARGATE.", func(in *ecs.CreateServiceInput) { in.LaunchType = types.LaunchTypeFargate }},
		{"InvalidParameterException", "does not have an associated load balancer.", fargate(func(in *ecs.CreateServiceInput) {
			in.LoadBalancers = []types.LoadBalancer{{TargetGroupArn: lone, ContainerName: aws.String("app"), ContainerPort: aws.Int32(80)}}
		})},
		{"InvalidParameterException", "The container web does not exist in the task definition.", fargate(func(in *ecs.CreateServiceInput) {
			in.LoadBalancers = []types.LoadBalancer{{TargetGroupArn: lone, ContainerName: aws.String("web"), ContainerPort: aws.Int32(80)}}
		})},
		{"InvalidParameterException", "The container app did not have a container port 81 defined.", fargate(func(in *ecs.CreateServiceInput) {
			in.LoadBalancers = []types.LoadBalancer{{TargetGroupArn: lone, ContainerName: aws.String("app"), ContainerPort: aws.Int32(81)}}
		})},
		{"InvalidParameterException", "Health check grace period is only valid", func(in *ecs.CreateServiceInput) { in.HealthCheckGracePeriodSeconds = aws.Int32(5) }},
		{"InvalidParameterException", "Placement strategies are not supported with FARGATE launch type.", fargate(func(in *ecs.CreateServiceInput) {
			in.PlacementStrategy = []types.PlacementStrategy{{Type: types.PlacementStrategyTypeRandom}}
		})},
		{"InvalidParameterException", "cannot be 100 as this will block deployments.", func(in *ecs.CreateServiceInput) {
			in.DeploymentConfiguration = &types.DeploymentConfiguration{MaximumPercent: aws.Int32(100)}
		}},
		{"InvalidParameterException", "bakeTimeInMinutes is required for the BLUE_GREEN deployment strategy.", func(in *ecs.CreateServiceInput) {
			in.DeploymentConfiguration = &types.DeploymentConfiguration{Strategy: types.DeploymentStrategyBlueGreen}
		}},
		{"InvalidParameterException", "alarm does not exist: nope", func(in *ecs.CreateServiceInput) {
			in.DeploymentConfiguration = &types.DeploymentConfiguration{Alarms: &types.DeploymentAlarms{Enable: true, AlarmNames: []string{"nope"}}}
		}},
		{"InvalidParameterException", "not associated with the cluster", func(in *ecs.CreateServiceInput) {
			in.CapacityProviderStrategy = []types.CapacityProviderStrategyItem{{CapacityProvider: aws.String("other"), Weight: 1}}
		}},
		{"InvalidParameterException", "role being passed has the proper permissions", func(in *ecs.CreateServiceInput) { in.Role = aws.String("arn:aws:iam::1:role/x") }},
		{"InvalidParameterException", "aws:", func(in *ecs.CreateServiceInput) { in.Tags = []types.Tag{{Key: aws.String("aws:x")}} }},
		{"InvalidParameterException", "Invalid expression", func(in *ecs.CreateServiceInput) {
			in.PlacementConstraints = []types.PlacementConstraint{{Type: types.PlacementConstraintTypeMemberOf, Expression: aws.String("color is red")}}
		}},
	} {
		t.Run(c.text, func(t *testing.T) {
			b.T = t
			in := &ecs.CreateServiceInput{ServiceName: aws.String("new"), TaskDefinition: aws.String("ec2"), DesiredCount: aws.Int32(1)}
			c.change(in)
			_, err := b.ecs.CreateService(t.Context(), in)
			b.refused(err, c.code, c.text)
		})
	}
	b.T = t
	ctx := t.Context()
	_, err = b.ecs.UpdateService(ctx, &ecs.UpdateServiceInput{Service: aws.String("none")})
	b.refused(err, "ServiceNotFoundException", "Service not found.")
	_, err = b.ecs.DeleteService(ctx, &ecs.DeleteServiceInput{Service: aws.String("taken")})
	b.refused(err, "InvalidParameterException", "The service cannot be stopped while it is scaled above 0.")
	_, err = b.ecs.DescribeServices(ctx, &ecs.DescribeServicesInput{Services: slices.Repeat([]string{"x"}, 11)})
	b.refused(err, "InvalidParameterException", "10")
	_, err = b.ecs.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: aws.String("nowhere"), Services: []string{"x"}})
	b.refused(err, "ClusterNotFoundException", "Cluster not found.")
	out, err := b.ecs.DescribeServices(ctx, &ecs.DescribeServicesInput{Services: []string{"taken", "none"}})
	b.must(err)
	if len(out.Services) != 1 || len(out.Failures) != 1 || *out.Failures[0].Reason != "MISSING" || *out.Failures[0].Arn != serviceARN("default", "none") {
		t.Errorf("failures: %v", out.Failures)
	}
	if list, err := b.ecs.ListServices(ctx, &ecs.ListServicesInput{}); err != nil || len(list.ServiceArns) != 1 {
		t.Errorf("refused creations left services behind: %v %v", list, err)
	}
}

// TestServiceLife follows a service from ACTIVE over DRAINING to INACTIVE, and
// its name to the next one.
func TestServiceLife(t *testing.T) {
	b := newECSBench(t)
	ctx := t.Context()
	b.register("app", "app:1")
	first := b.settled("app", "app")
	gone, err := b.ecs.DeleteService(ctx, &ecs.DeleteServiceInput{Service: aws.String("app"), Force: aws.Bool(true)})
	b.must(err)
	if *gone.Service.Status != "DRAINING" {
		t.Errorf("deleted: %s", *gone.Service.Status)
	}
	list, err := b.ecs.ListServices(ctx, &ecs.ListServicesInput{})
	b.must(err)
	if len(list.ServiceArns) != 0 {
		t.Error("a DRAINING service is listed")
	}
	_, err = b.ecs.UpdateService(ctx, &ecs.UpdateServiceInput{Service: aws.String("app")})
	b.refused(err, "ServiceNotActiveException", "Service was not ACTIVE.")
	in := &ecs.CreateServiceInput{ServiceName: aws.String("app"), TaskDefinition: aws.String("app"), DesiredCount: aws.Int32(1)}
	_, err = b.ecs.CreateService(ctx, in)
	b.refused(err, "InvalidParameterException", "Unable to Start a service that is still Draining.")
	b.until("INACTIVE", func() bool { return *b.service("app").Status == "INACTIVE" })
	if s := b.service("app"); s.RunningCount != 0 || len(s.Deployments) != 0 {
		t.Errorf("INACTIVE: %+v", s)
	}
	_, err = b.ecs.DeleteService(ctx, &ecs.DeleteServiceInput{Service: aws.String("app")})
	b.refused(err, "ServiceNotActiveException", "Service was not ACTIVE.")
	if out, err := b.ecs.DescribeServiceDeployments(ctx, &ecs.DescribeServiceDeploymentsInput{ServiceDeploymentArns: []string{*first.CurrentServiceDeployment}}); err != nil || len(out.Failures) != 1 {
		t.Errorf("the history outlives the service: %v %v", out, err)
	}
	b.pass(60)
	again := b.settled("app", "app")
	if !again.CreatedAt.After(*first.CreatedAt) || *again.Deployments[0].Id == *first.Deployments[0].Id {
		t.Error("the new service is the old one")
	}
	_, err = b.ecs.DeleteService(ctx, &ecs.DeleteServiceInput{Service: aws.String("app"), Force: aws.Bool(true)})
	b.must(err)
	b.s.Advance(25 * time.Hour)
	out, err := b.ecs.DescribeServices(ctx, &ecs.DescribeServicesInput{Services: []string{"app"}})
	b.must(err)
	if len(out.Failures) != 1 || *out.Failures[0].Reason != "MISSING" {
		t.Errorf("after a day: %+v", out)
	}
}

func TestClientToken(t *testing.T) {
	b := newECSBench(t)
	ctx := t.Context()
	b.register("app", "app:1")
	in := &ecs.CreateServiceInput{ServiceName: aws.String("app"), TaskDefinition: aws.String("app"), DesiredCount: aws.Int32(1), ClientToken: aws.String("once")}
	one, err := b.ecs.CreateService(ctx, in)
	b.must(err)
	two, err := b.ecs.CreateService(ctx, in)
	b.must(err)
	if *one.Service.Deployments[0].Id != *two.Service.Deployments[0].Id {
		t.Error("a replayed token made another deployment")
	}
	other := *in
	other.DesiredCount = aws.Int32(2)
	_, err = b.ecs.CreateService(ctx, &other)
	b.refused(err, "InvalidParameterException", "Creation of service was not idempotent.")
	_, err = b.ecs.DeleteService(ctx, &ecs.DeleteServiceInput{Service: aws.String("app"), Force: aws.Bool(true)})
	b.must(err)
	b.until("INACTIVE", func() bool { return *b.service("app").Status == "INACTIVE" })
	again, err := b.ecs.CreateService(ctx, in)
	b.must(err)
	if *again.Service.Status != "INACTIVE" {
		t.Errorf("within 24 h a token answers with what it made: %s", *again.Service.Status)
	}
	b.s.Advance(25 * time.Hour)
	fresh, err := b.ecs.CreateService(ctx, in)
	b.must(err)
	if *fresh.Service.Status != "ACTIVE" {
		t.Errorf("after 24 h: %s", *fresh.Service.Status)
	}
	_, err = b.ecs.CreateService(ctx, &ecs.CreateServiceInput{ServiceName: aws.String("x"), ClientToken: aws.String(strings.Repeat("x", 37))})
	b.refused(err, "InvalidParameterException", "36")
}

// behind makes a target group on the documented listener.
func (b *ecsBench) behind(name string) string {
	b.Helper()
	arn := elbGroup(b.T, b.elb, name)
	_, err := elbForward(b.T, b.elb, 10, arn)
	b.must(err)
	return arn
}

func balanced(tg string, grace int32) func(*ecs.CreateServiceInput) {
	return func(in *ecs.CreateServiceInput) {
		in.LaunchType, in.NetworkConfiguration = types.LaunchTypeFargate, vpcOf("subnet-0sandboxa", "subnet-0sandboxb")
		in.LoadBalancers = []types.LoadBalancer{{TargetGroupArn: &tg, ContainerName: aws.String("app"), ContainerPort: aws.Int32(80)}}
		in.HealthCheckGracePeriodSeconds = &grace
	}
}

// TestBehindALoadBalancer: tasks count when their targets are healthy, and old
// ones drain before they stop; targets that never get healthy cost the rollout.
func TestBehindALoadBalancer(t *testing.T) {
	b := newECSBench(t)
	tg := b.behind("web")
	_, err := b.elb.ModifyTargetGroup(t.Context(), &elbv2.ModifyTargetGroupInput{TargetGroupArn: &tg, HealthCheckIntervalSeconds: aws.Int32(10), HealthyThresholdCount: aws.Int32(2)})
	b.must(err)
	b.register("web", "web:1", onFargateWithPort)
	b.register("web", "web:2", onFargateWithPort)
	b.register("web", "web:unhealthy", onFargateWithPort)
	b.settled("web", "web:1", balanced(tg, 5), breaker(true))
	b.wantEvent("web", "registered 1 targets in (target-group "+tg+")")
	b.within("web", 2, 4)
	b.deploy("web", "web:2")
	b.ends("web", types.ServiceDeploymentStatusSuccessful)
	b.wantEvent("web", "has begun draining connections on 1 tasks.")
	b.wantEvent("web", "deregistered 1 targets in (target-group "+tg+")")
	b.deploy("web", "web:3")
	b.ends("web", types.ServiceDeploymentStatusRollbackSuccessful)
	for _, m := range b.events("web") {
		if strings.Contains(m, "is unhealthy in") && !strings.HasPrefix(m, "(task ") {
			t.Errorf("the event names no task: %s", m)
		}
	}
	b.wantEvent("web", ") (port 80) is unhealthy in (target-group "+tg+") due to (reason Health checks failed with these codes: [503])")
	health, err := b.elb.DescribeTargetHealth(t.Context(), &elbv2.DescribeTargetHealthInput{TargetGroupArn: &tg})
	b.must(err)
	healthy := 0
	for _, h := range health.TargetHealthDescriptions {
		if h.TargetHealth.State == elbtypes.TargetHealthStateEnumHealthy {
			healthy++
		}
	}
	if healthy != 2 {
		t.Errorf("%d healthy targets of %d, want 2", healthy, len(health.TargetHealthDescriptions))
	}
}

// TestNilAndEmpty: UpdateService leaves what is nil and clears what is empty.
func TestNilAndEmpty(t *testing.T) {
	b := newECSBench(t)
	tg := b.behind("web")
	b.register("web", "web:1", onFargateWithPort)
	b.settled("web", "web", balanced(tg, 0))
	s := b.update("web", func(in *ecs.UpdateServiceInput) { in.DesiredCount = aws.Int32(1) })
	if len(s.LoadBalancers) != 1 || s.NetworkConfiguration == nil {
		t.Errorf("nil changed: %+v", s)
	}
	s = b.update("web", func(in *ecs.UpdateServiceInput) { in.LoadBalancers = []types.LoadBalancer{} })
	if len(s.LoadBalancers) != 0 || len(s.Deployments) != 2 {
		t.Errorf("[] did not clear, or cleared without a deployment: %+v, %d deployments", s.LoadBalancers, len(s.Deployments))
	}
	b.update("web", func(in *ecs.UpdateServiceInput) {
		in.DeploymentConfiguration = &types.DeploymentConfiguration{DeploymentCircuitBreaker: &types.DeploymentCircuitBreaker{Enable: true, Rollback: true}}
	})
	s = b.update("web", func(in *ecs.UpdateServiceInput) {
		in.DeploymentConfiguration = &types.DeploymentConfiguration{MaximumPercent: aws.Int32(150)}
	})
	if c := s.DeploymentConfiguration; *c.MaximumPercent != 150 || *c.MinimumHealthyPercent != 100 || !c.DeploymentCircuitBreaker.Enable {
		t.Errorf("members that are not sent stay: %+v", c)
	}
}

func TestListServicesPages(t *testing.T) {
	b := newECSBench(t)
	b.register("app", "app:1")
	for i := range 25 {
		b.create(fmt.Sprintf("s%02d", i), "app", count(0))
	}
	seen, pages := map[string]bool{}, 0
	for p := ecs.NewListServicesPaginator(b.ecs, &ecs.ListServicesInput{}); p.HasMorePages(); pages++ {
		out, err := p.NextPage(t.Context())
		b.must(err)
		for _, arn := range out.ServiceArns {
			seen[arn] = true
		}
	}
	if pages != 3 || len(seen) != 25 { // ListServices gives 10 unless asked otherwise
		t.Errorf("%d services on %d pages, want 25 on 3", len(seen), pages)
	}
	_, err := b.ecs.ListServices(t.Context(), &ecs.ListServicesInput{MaxResults: aws.Int32(101)})
	b.refused(err, "InvalidParameterException", "")
	_, err = b.ecs.ListServices(t.Context(), &ecs.ListServicesInput{NextToken: aws.String("made-up")})
	b.refused(err, "InvalidParameterException", "")
}

func TestDeploymentAlarms(t *testing.T) {
	b := newECSBench(t)
	cw := cloudwatch.NewFromConfig(awsConfig("http://sandbox.invalid", b.s.Transport()))
	_, err := cw.PutMetricAlarm(t.Context(), metricAlarmInput("errors"))
	b.must(err)
	b.register("app", "app:1")
	b.register("app", "app:2")
	before := b.settled("app", "app:1", func(in *ecs.CreateServiceInput) {
		in.DeploymentConfiguration = &types.DeploymentConfiguration{Alarms: &types.DeploymentAlarms{AlarmNames: []string{"errors"}, Enable: true, Rollback: true}}
	})
	b.deploy("app", "app:2")
	b.until("all new tasks run", func() bool {
		s := b.service("app")
		return len(s.Deployments) == 2 && s.Deployments[0].RunningCount == 2
	})
	_, err = cw.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{AlarmName: aws.String("errors"), StateValue: "ALARM", StateReason: aws.String("test")})
	b.must(err)
	d := b.ends("app", types.ServiceDeploymentStatusRollbackSuccessful)
	if d.Alarms.Status != "TRIGGERED" || !slices.Equal(d.Alarms.TriggeredAlarmNames, []string{"errors"}) {
		t.Errorf("alarms: %+v", d.Alarms)
	}
	b.wantEvent("app", "deployment failed: alarm detected.")
	if s := b.service("app"); digitsOf(s) != digitsOf(before) {
		t.Error("not rolled back to the revision of before")
	}
}
