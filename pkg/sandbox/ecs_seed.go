package sandbox

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// seedInstance is one container instance of the documented world.
type seedInstance struct {
	id, ec2, zone, kind, architecture string
	cpu, memory                       int32
}

// The three container instances: finite, so that placement can fail.
var seedInstances = []seedInstance{
	{"0a000000000000000000000000000001", "i-0sandbox00000001", Region + "a", "m5.large", "x86_64", 2048, 7764},
	{"0b000000000000000000000000000002", "i-0sandbox00000002", Region + "b", "m5.large", "x86_64", 2048, 7764},
	{"0c000000000000000000000000000003", "i-0sandbox00000003", Region + "a", "m6g.large", "arm64", 2048, 7764},
}

// agentPorts are what the agent and ssh hold on every container instance.
var agentPorts = []string{"22", "2376", "2375", "51678", "51679"}

// seedECS gives the documented world its cluster, capacity and instances.
func (w *World) seedECS() {
	const ec2Provider = "ec2"
	w.ECS = ecsWorld{Clusters: map[string]*ecsCluster{}, Families: map[string]*ecsFamily{}, Providers: map[string]*types.CapacityProvider{}, Settings: map[string]string{}}
	for _, name := range []string{fargate, fargateSpot} {
		w.ECS.Providers[name] = &types.CapacityProvider{
			Name: aws.String(name), CapacityProviderArn: aws.String(providerARN(name)), Status: types.CapacityProviderStatusActive,
			Type: types.CapacityProviderType(name), Tags: []types.Tag{},
		}
	}
	w.ECS.Providers[ec2Provider] = &types.CapacityProvider{
		Name: aws.String(ec2Provider), CapacityProviderArn: aws.String(providerARN(ec2Provider)), Status: types.CapacityProviderStatusActive,
		Type: types.CapacityProviderTypeEc2Autoscaling, Tags: []types.Tag{},
		AutoScalingGroupProvider: &types.AutoScalingGroupProvider{
			AutoScalingGroupArn:          aws.String("arn:aws:autoscaling:" + Region + ":" + Account + ":autoScalingGroup:00000000-0000-0000-0000-000000000001:autoScalingGroupName/sandbox"),
			ManagedScaling:               managedScaling(nil),
			ManagedTerminationProtection: types.ManagedTerminationProtectionDisabled,
			ManagedDraining:              types.ManagedDrainingEnabled,
		},
	}
	cl := &ecsCluster{
		Cluster: types.Cluster{
			ClusterName: aws.String("default"), ClusterArn: aws.String(clusterARN("default")), Status: aws.String(statusActive),
			CapacityProviders:               []string{fargate, fargateSpot, ec2Provider},
			DefaultCapacityProviderStrategy: []types.CapacityProviderStrategyItem{},
			Settings:                        clusterSettings(nil, nil), Statistics: []types.KeyValuePair{}, Tags: []types.Tag{},
		},
		Services: map[string]*ecsService{}, Instances: map[string]*ecsInstance{}, Tasks: map[string]*ecsTask{},
	}
	for _, s := range seedInstances {
		cl.Instances[s.id] = &ecsInstance{Instance: w.instance(cl, s, ec2Provider), Tasks: map[string]bool{}}
	}
	w.ECS.Clusters["default"] = cl
}

// instance makes the record of a container instance.
func (w *World) instance(cl *ecsCluster, s seedInstance, provider string) types.ContainerInstance {
	attributes := []types.Attribute{}
	for _, a := range [][2]string{
		{"ecs.availability-zone", s.zone}, {"ecs.instance-type", s.kind}, {"ecs.cpu-architecture", s.architecture},
		{"ecs.os-type", "linux"}, {"ecs.os-family", "LINUX"}, {"ecs.ami-id", "ami-0sandbox"},
		{"ecs.capability.task-eni", ""}, {"ecs.capability.execution-role-awslogs", ""}, {"com.amazonaws.ecs.capability.logging-driver.awslogs", ""},
		{"com.amazonaws.ecs.capability.logging-driver.json-file", ""}, {"com.amazonaws.ecs.capability.task-iam-role", ""},
		{"com.amazonaws.ecs.capability.ecr-auth", ""}, {"ecs.capability.execution-role-ecr-pull", ""},
		{"ecs.capability.secrets.asm.environment-variables", ""}, {"ecs.capability.secrets.ssm.environment-variables", ""},
		{"ecs.capability.container-health-check", ""}, {"ecs.capability.container-ordering", ""},
		{"com.amazonaws.ecs.capability.docker-remote-api.1.18", ""}, {"com.amazonaws.ecs.capability.docker-remote-api.1.19", ""},
		{"com.amazonaws.ecs.capability.docker-remote-api.1.21", ""},
	} {
		attribute := types.Attribute{Name: aws.String(a[0])}
		if a[1] != "" {
			attribute.Value = aws.String(a[1])
		}
		attributes = append(attributes, attribute)
	}
	integer := func(name string, v int32) types.Resource {
		return types.Resource{Name: aws.String(name), Type: aws.String("INTEGER"), IntegerValue: v}
	}
	return types.ContainerInstance{
		ContainerInstanceArn: aws.String(instanceARN(cl.name(), s.id)), Ec2InstanceId: aws.String(s.ec2), CapacityProviderName: aws.String(provider),
		Status: aws.String(statusActive), AgentConnected: true, RegisteredAt: aws.Time(w.Clock), Version: 1, Attributes: attributes,
		Attachments: []types.Attachment{}, Tags: []types.Tag{},
		VersionInfo: &types.VersionInfo{AgentVersion: aws.String("1.98.0"), AgentHash: aws.String("sandbox"), DockerVersion: aws.String("DockerVersion: 25.0.8")},
		RegisteredResources: []types.Resource{
			integer("CPU", s.cpu), integer("MEMORY", s.memory),
			{Name: aws.String("PORTS"), Type: aws.String("STRINGSET"), StringSetValue: agentPorts},
			{Name: aws.String("PORTS_UDP"), Type: aws.String("STRINGSET"), StringSetValue: []string{}},
		},
	}
}

// privateIP is an address for a task's network interface.
func (w *World) privateIP() string {
	w.Serial++
	return fmt.Sprintf("10.0.%d.%d", w.Serial/250%250, w.Serial%250+4)
}
