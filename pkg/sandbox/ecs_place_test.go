package sandbox

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// spread counts a service's tasks by container instance.
func (b *ecsBench) spread(name string) map[string]int {
	b.Helper()
	out := map[string]int{}
	for _, t := range b.tasks(name, types.DesiredStatusRunning) {
		out[lastSegment(aws.ToString(t.ContainerInstanceArn))[:2]]++
	}
	return out
}

func (b *ecsBench) wantSpread(name string, want map[string]int) {
	b.Helper()
	got := b.spread(name)
	for k, n := range want {
		if got[k] != n {
			b.Errorf("%s: tasks by instance %v, want %v", name, got, want)
			return
		}
	}
	if len(got) != len(want) {
		b.Errorf("%s: tasks by instance %v, want %v", name, got, want)
	}
}

func TestPlacement(t *testing.T) {
	b := newECSBench(t)
	arch := func(a types.CPUArchitecture) func(*ecs.RegisterTaskDefinitionInput) {
		return func(in *ecs.RegisterTaskDefinitionInput) {
			in.RuntimePlatform = &types.RuntimePlatform{CpuArchitecture: a}
		}
	}
	strategy := func(kind types.PlacementStrategyType, field string) func(*ecs.CreateServiceInput) {
		return func(in *ecs.CreateServiceInput) {
			in.PlacementStrategy = []types.PlacementStrategy{{Type: kind, Field: aws.String(field)}}
		}
	}
	b.register("any", "app:1")
	b.register("arm", "app:1", arch(types.CPUArchitectureArm64))
	b.register("x86", "app:1", arch(types.CPUArchitectureX8664))
	b.settled("arm", "arm")
	b.wantSpread("arm", map[string]int{"0c": 2})
	b.settled("x86", "x86", count(4))
	b.wantSpread("x86", map[string]int{"0a": 2, "0b": 2})
	b.settled("spread", "any", count(3), strategy(types.PlacementStrategyTypeSpread, "instanceId"))
	b.wantSpread("spread", map[string]int{"0a": 1, "0b": 1, "0c": 1})
	b.settled("packed", "any", count(3), strategy(types.PlacementStrategyTypeBinpack, "memory"))
	if got := b.spread("packed"); len(got) != 1 {
		t.Errorf("binpack used %v", got)
	}
	b.settled("member", "any", count(2), func(in *ecs.CreateServiceInput) {
		in.PlacementConstraints = []types.PlacementConstraint{{Type: types.PlacementConstraintTypeMemberOf,
			Expression: aws.String("attribute:ecs.instance-type =~ m5.* and not (attribute:ecs.availability-zone in [us-east-1a, us-east-1c])")}}
	})
	b.wantSpread("member", map[string]int{"0b": 2})
	b.create("distinct", "any", count(4), func(in *ecs.CreateServiceInput) {
		in.PlacementConstraints = []types.PlacementConstraint{{Type: types.PlacementConstraintTypeDistinctInstance}}
	})
	b.pass(120)
	b.wantSpread("distinct", map[string]int{"0a": 1, "0b": 1, "0c": 1})
	b.wantEvent("distinct", "was unable to place a task because no container instance met all of its requirements.")
}

func TestPlacementFails(t *testing.T) {
	for what, c := range map[string]struct {
		text   string
		change func(*ecs.RegisterTaskDefinitionInput)
	}{
		"cpu":    {"has insufficient CPU units available", func(in *ecs.RegisterTaskDefinitionInput) { in.ContainerDefinitions[0].Cpu = 4096 }},
		"memory": {"has insufficient memory available", func(in *ecs.RegisterTaskDefinitionInput) { in.ContainerDefinitions[0].Memory = aws.Int32(9000) }},
		"port": {"is already using a port required by your task", func(in *ecs.RegisterTaskDefinitionInput) {
			in.ContainerDefinitions[0].PortMappings = []types.PortMapping{{ContainerPort: aws.Int32(80), HostPort: aws.Int32(51678)}}
		}},
		"attribute": {"is missing an attribute required by your task", func(in *ecs.RegisterTaskDefinitionInput) {
			in.RuntimePlatform = &types.RuntimePlatform{OperatingSystemFamily: types.OSFamilyWindowsServer2022Core}
		}},
	} {
		t.Run(what, func(t *testing.T) {
			b := newECSBench(t)
			b.register("big", "app:1", c.change)
			b.create("big", "big", count(1))
			b.pass(60)
			b.wantEvent("big", "was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance ")
			b.wantEvent("big", c.text+". For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.")
			if n := len(b.events("big")); n != 1 {
				t.Errorf("%d events within a minute: a failure that lasts is announced once in a while", n)
			}
			out, err := b.ecs.RunTask(t.Context(), &ecs.RunTaskInput{TaskDefinition: aws.String("big")})
			b.must(err)
			if len(out.Failures) != 1 || len(out.Tasks) != 0 {
				t.Errorf("RunTask: %+v", out)
			}
		})
	}
}

// TestPortsMakeRoom: with a static host port on every instance a rollout has
// to stop before it can start.
func TestPortsMakeRoom(t *testing.T) {
	b := newECSBench(t)
	static := func(in *ecs.RegisterTaskDefinitionInput) {
		in.ContainerDefinitions[0].PortMappings = []types.PortMapping{{ContainerPort: aws.Int32(80), HostPort: aws.Int32(8080)}}
	}
	b.register("edge", "edge:1", static)
	b.register("edge", "edge:2", static)
	b.settled("edge", "edge:1", count(3), func(in *ecs.CreateServiceInput) {
		in.DeploymentConfiguration = &types.DeploymentConfiguration{MinimumHealthyPercent: aws.Int32(50), MaximumPercent: aws.Int32(200)}
	})
	b.wantSpread("edge", map[string]int{"0a": 1, "0b": 1, "0c": 1})
	b.within("edge", 2, 6)
	b.deploy("edge", "edge:2")
	b.ends("edge", types.ServiceDeploymentStatusSuccessful)
	b.wantEvent("edge", "is already using a port required by your task")
	instances, err := b.ecs.DescribeContainerInstances(t.Context(), &ecs.DescribeContainerInstancesInput{ContainerInstances: []string{seedInstances[0].id}})
	b.must(err)
	for _, r := range instances.ContainerInstances[0].RemainingResources {
		if *r.Name == "PORTS" && !strings.Contains(strings.Join(r.StringSetValue, ","), "8080") {
			t.Errorf("ports that are taken: %v", r.StringSetValue)
		}
		if *r.Name == "CPU" && r.IntegerValue != 2048-16 {
			t.Errorf("CPU left: %d", r.IntegerValue)
		}
	}
}

func TestDaemon(t *testing.T) {
	b := newECSBench(t)
	b.register("agent", "agent:1")
	b.register("agent", "agent:2")
	b.settled("agent", "agent:1", func(in *ecs.CreateServiceInput) {
		in.SchedulingStrategy, in.DesiredCount = types.SchedulingStrategyDaemon, nil
	})
	b.wantSpread("agent", map[string]int{"0a": 1, "0b": 1, "0c": 1})
	if s := b.service("agent"); s.DesiredCount != 3 {
		t.Errorf("desired count %d", s.DesiredCount)
	}
	b.within("agent", 0, 3)
	b.deploy("agent", "agent:2")
	b.ends("agent", types.ServiceDeploymentStatusSuccessful)
	b.wantSpread("agent", map[string]int{"0a": 1, "0b": 1, "0c": 1})
	_, err := b.ecs.UpdateContainerInstancesState(t.Context(), &ecs.UpdateContainerInstancesStateInput{
		ContainerInstances: []string{seedInstances[1].id}, Status: types.ContainerInstanceStatusDraining})
	b.must(err)
	b.until("the drained instance is empty", func() bool { return len(b.spread("agent")) == 2 })
	_, err = b.ecs.UpdateService(t.Context(), &ecs.UpdateServiceInput{Service: aws.String("agent"), DesiredCount: aws.Int32(1)})
	b.refused(err, "InvalidParameterException", "does not support a desired count")
}

func TestDrainingMovesReplicas(t *testing.T) {
	b := newECSBench(t)
	b.register("app", "app:1")
	b.settled("app", "app", count(3))
	b.within("app", 3, 6)
	_, err := b.ecs.UpdateContainerInstancesState(t.Context(), &ecs.UpdateContainerInstancesStateInput{
		ContainerInstances: []string{seedInstances[0].id}, Status: types.ContainerInstanceStatusDraining})
	b.must(err)
	b.until("the drained instance is empty", func() bool { s := b.spread("app"); return s["0a"] == 0 && b.service("app").RunningCount == 3 })
}

func TestCapacityProviders(t *testing.T) {
	b := newECSBench(t)
	ctx := t.Context()
	b.register("web", "web:1", onFargateWithPort)
	b.settled("web", "web", count(5), func(in *ecs.CreateServiceInput) {
		in.NetworkConfiguration = vpcOf("subnet-0sandboxa")
		in.CapacityProviderStrategy = []types.CapacityProviderStrategyItem{{CapacityProvider: aws.String("FARGATE"), Base: 2, Weight: 1}, {CapacityProvider: aws.String("FARGATE_SPOT"), Weight: 2}}
	})
	n := map[string]int{}
	for _, task := range b.tasks("web", types.DesiredStatusRunning) {
		n[aws.ToString(task.CapacityProviderName)]++
	}
	if n["FARGATE"] != 3 || n["FARGATE_SPOT"] != 2 {
		t.Errorf("tasks by provider: %v, want 2 of the base and then 1 to 2", n)
	}
	_, err := b.ecs.CreateCapacityProvider(ctx, &ecs.CreateCapacityProviderInput{Name: aws.String("spare"), AutoScalingGroupProvider: &types.AutoScalingGroupProvider{AutoScalingGroupArn: aws.String("arn:x")}})
	b.must(err)
	_, err = b.ecs.PutClusterCapacityProviders(ctx, &ecs.PutClusterCapacityProvidersInput{Cluster: aws.String("default"),
		CapacityProviders: []string{"spare"}, DefaultCapacityProviderStrategy: []types.CapacityProviderStrategyItem{}})
	b.refused(err, "ResourceInUseException", "The specified capacity provider is in use and cannot be removed.")
	_, err = b.ecs.PutClusterCapacityProviders(ctx, &ecs.PutClusterCapacityProvidersInput{Cluster: aws.String("default"), CapacityProviders: []string{"FARGATE", "FARGATE_SPOT", "ec2", "spare"},
		DefaultCapacityProviderStrategy: []types.CapacityProviderStrategyItem{{CapacityProvider: aws.String("spare"), Weight: 1}}})
	b.must(err)
	b.register("app", "app:1")
	s := b.create("app", "app")
	if s.LaunchType != "" || len(s.CapacityProviderStrategy) != 1 || *s.CapacityProviderStrategy[0].CapacityProvider != "spare" {
		t.Errorf("the cluster's default strategy is not materialised: %s %+v", s.LaunchType, s.CapacityProviderStrategy)
	}
	b.pass(10)
	b.wantEvent("app", "No Container Instances were found in your capacity provider.")
}
