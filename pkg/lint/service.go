package lint

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

type service = body[ecs.CreateServiceInput]

const vpcPath = "networkConfiguration.awsvpcConfiguration."

var serviceRules = []Rule{
	{"capacity", spec.Error, "A service has a launchType or a capacityProviderStrategy.", "remove one of them",
		onService(func(s *service, f found) {
			if s.in.LaunchType != "" && len(s.in.CapacityProviderStrategy) > 0 {
				f(s.Object, "launchType", "stands beside capacityProviderStrategy")
			}
		})},
	{"network-missing", spec.Error, "A task definition with networkMode awsvpc needs service.networkConfiguration.", "write service.networkConfiguration.awsvpcConfiguration.subnets",
		func(v *unit, f found) {
			if v.task != nil && v.service != nil && v.task.in.NetworkMode == types.NetworkModeAwsvpc && v.service.in.NetworkConfiguration == nil {
				f(v.service.Object, "networkConfiguration", "is missing")
			}
		}},
	{"network-unused", spec.Error, "service.networkConfiguration needs a task definition with networkMode awsvpc.", "remove it, or write taskDefinition.networkMode: awsvpc",
		func(v *unit, f found) {
			if v.task != nil && v.service != nil && v.task.in.NetworkMode != types.NetworkModeAwsvpc && v.service.in.NetworkConfiguration != nil {
				f(v.service.Object, "networkConfiguration", "the task definition's networkMode is %s", mode(v.task))
			}
		}},
	{"network-bounds", spec.Error, "A service has up to 16 subnets and 5 security groups.", "remove some", onService(networkBounds)},
	{"public-ip", spec.Error, "Tasks get a public address on Fargate only.", "remove assignPublicIp",
		onService(func(s *service, f found) {
			if n := s.in.NetworkConfiguration; n != nil && n.AwsvpcConfiguration != nil && n.AwsvpcConfiguration.AssignPublicIp == types.AssignPublicIpEnabled && s.in.LaunchType == types.LaunchTypeEc2 {
				f(s.Object, vpcPath+"assignPublicIp", "is ENABLED while the launchType is EC2")
			}
		})},
	{"platform-version", spec.Error, "platformVersion belongs to Fargate.", "remove it",
		onService(func(s *service, f found) {
			if s.in.LaunchType == types.LaunchTypeEc2 && aws.ToString(s.in.PlatformVersion) != "" {
				f(s.Object, "platformVersion", "the launchType is EC2")
			}
		})},
	{"daemon", spec.Error, "A DAEMON service has no desiredCount, no placementStrategy, and does not run on Fargate.", "remove it, or schedulingStrategy", daemon},
	{"count-range", spec.Error, "desiredCount and healthCheckGracePeriodSeconds are not negative; base of a capacity provider lies between 0 and 100000, its weight between 0 and 1000.", "write a number in that range", onService(counts)},
	{"placement", spec.Error, "A service has up to 10 placementConstraints and 5 placementStrategies, and none on Fargate.", "remove them", placement},
	{"load-balancer-container", spec.Error, "loadBalancers and serviceRegistries name a container of the task definition, and a port that it maps.", "correct the name or the port, or add the port mapping", lbContainers},
	{"load-balancer-target", spec.Error, "An entry of loadBalancers has a targetGroupArn or, for a Classic Load Balancer, a loadBalancerName; a Classic one does not work with awsvpc.",
		"write targetGroupArn", lbTarget},
	{"target-type", spec.Error, "With networkMode awsvpc target groups have targetType ip, else instance.", "correct targetType or networkMode", targetType},
	{"grace-period", spec.Error, "healthCheckGracePeriodSeconds needs a load balancer.", "remove it",
		onService(func(s *service, f found) {
			in := s.in
			if aws.ToInt32(in.HealthCheckGracePeriodSeconds) > 0 && len(in.LoadBalancers)+len(in.ServiceRegistries)+len(in.VpcLatticeConfigurations)+len(in.GatewayConnectors) == 0 &&
				in.ServiceConnectConfiguration == nil {
				f(s.Object, "healthCheckGracePeriodSeconds", "nothing checks the health of these tasks but ECS")
			}
		})},
	{"port-name-unknown", spec.Error, "A portName of Service Connect, VPC Lattice or a gateway is the name of a port mapping.", "correct it, or name the port mapping", portNames},
	{"volume-configuration", spec.Error, "volumeConfigurations name a volume that the task definition marks configuredAtLaunch.", "correct the name, or write configuredAtLaunch: true", volumeConfigurations},
	{"exec-role", spec.Warning, "enableExecuteCommand needs a taskRoleArn that allows the ssmmessages actions.", "write taskDefinition.taskRoleArn",
		func(v *unit, f found) {
			if v.task != nil && v.service != nil && v.service.in.EnableExecuteCommand && aws.ToString(v.task.in.TaskRoleArn) == "" {
				f(v.service.Object, "enableExecuteCommand", "the task definition has no taskRoleArn")
			}
		}},
}

func networkBounds(s *service, f found) {
	if s.in.NetworkConfiguration == nil || s.in.NetworkConfiguration.AwsvpcConfiguration == nil {
		return
	}
	vpc := s.in.NetworkConfiguration.AwsvpcConfiguration
	if n := len(vpc.Subnets); n > 16 {
		f(s.Object, vpcPath+"subnets", "has %d", n)
	}
	if n := len(vpc.SecurityGroups); n > 5 {
		f(s.Object, vpcPath+"securityGroups", "has %d", n)
	}
}

// counts: the SDK's comments on CapacityProviderStrategyItem say the ranges. AWS
// refuses a negative count only when the task definition is registered already.
func counts(s *service, f found) {
	if n := s.in.DesiredCount; n != nil && *n < 0 {
		f(s.Object, "desiredCount", "%d is negative", *n)
	}
	if n := s.in.HealthCheckGracePeriodSeconds; n != nil && *n < 0 {
		f(s.Object, "healthCheckGracePeriodSeconds", "%d is negative", *n)
	}
	for i, p := range s.in.CapacityProviderStrategy {
		if p.Base < 0 || p.Base > 100_000 {
			f(s.Object, at("capacityProviderStrategy", i)+".base", "%d is out of range", p.Base)
		}
		if p.Weight < 0 || p.Weight > 1000 {
			f(s.Object, at("capacityProviderStrategy", i)+".weight", "%d is out of range", p.Weight)
		}
	}
}

func daemon(v *unit, f found) {
	if v.service == nil || v.service.in.SchedulingStrategy != types.SchedulingStrategyDaemon {
		return
	}
	in := v.service.in
	if in.DesiredCount != nil {
		f(v.service.Object, "desiredCount", "ECS runs one task on each instance")
	}
	if v.launchedOnFargate() {
		f(v.service.Object, "schedulingStrategy", "is DAEMON on Fargate, which has no instances")
	}
	if len(in.PlacementStrategy) > 0 {
		f(v.service.Object, "placementStrategy", "there is nothing to choose for a DAEMON service")
	}
	if v.target != nil {
		f(v.target.Object, "", "a DAEMON service is not scaled")
	}
}

func placement(v *unit, f found) {
	if v.service == nil {
		return
	}
	in, fargate := v.service.in, v.launchedOnFargate()
	for _, list := range []struct {
		path    string
		n, most int
	}{{"placementConstraints", len(in.PlacementConstraints), 10}, {"placementStrategy", len(in.PlacementStrategy), 5}} {
		switch {
		case list.n > 0 && fargate:
			f(v.service.Object, list.path, "Fargate chooses the place itself")
		case list.n > list.most:
			f(v.service.Object, list.path, "has %d", list.n)
		}
	}
}

func lbContainers(v *unit, f found) {
	if v.task == nil || v.service == nil {
		return
	}
	check := func(path string, name *string, port *int32) {
		written := aws.ToString(name)
		if written == "" || open(written) {
			return
		}
		c := container(v.task, written)
		if c == nil {
			f(v.service.Object, path+".containerName", "the task definition has no container %q (it has %s)", written, containerNames(v.task))
			return
		}
		if port == nil {
			return
		}
		var have []string
		for _, p := range c.PortMappings {
			if aws.ToInt32(p.ContainerPort) == *port || aws.ToString(p.ContainerPortRange) != "" {
				return
			}
			have = append(have, fmt.Sprint(aws.ToInt32(p.ContainerPort)))
		}
		if len(have) == 0 {
			have = []string{"none"}
		}
		f(v.service.Object, path+".containerPort", "container %q maps no port %d (it maps %s)", written, *port, strings.Join(have, ", "))
	}
	for i, lb := range v.service.in.LoadBalancers {
		check(at("loadBalancers", i), lb.ContainerName, lb.ContainerPort)
	}
	for i, r := range v.service.in.ServiceRegistries {
		check(at("serviceRegistries", i), r.ContainerName, r.ContainerPort)
	}
}

func lbTarget(v *unit, f found) {
	if v.service == nil {
		return
	}
	for i, lb := range v.service.in.LoadBalancers {
		path, group, classic := at("loadBalancers", i), aws.ToString(lb.TargetGroupArn), aws.ToString(lb.LoadBalancerName)
		switch {
		case group == "" && classic == "":
			f(v.service.Object, path, "names no target group")
		case group != "" && classic != "":
			f(v.service.Object, path+".loadBalancerName", "stands beside targetGroupArn")
		case classic != "" && v.task != nil && v.task.in.NetworkMode == types.NetworkModeAwsvpc:
			f(v.service.Object, path+".loadBalancerName", "a Classic Load Balancer does not reach tasks of networkMode awsvpc")
		}
	}
}

func targetType(v *unit, f found) {
	if v.task == nil || v.service == nil {
		return
	}
	awsvpc := v.task.in.NetworkMode == types.NetworkModeAwsvpc
	check := func(path string) {
		g := v.group(v.service.Object, path)
		if g == nil {
			return
		}
		is := g.in.TargetType
		if is == "" {
			is = elbtypes.TargetTypeEnumInstance
		}
		if (is == elbtypes.TargetTypeEnumIp) != awsvpc {
			f(g.Object, "targetType", "is %s, but the task definition's networkMode is %s", is, mode(v.task))
		}
	}
	for i := range v.service.in.LoadBalancers {
		check(at("loadBalancers", i) + ".targetGroupArn")
		check(at("loadBalancers", i) + ".advancedConfiguration.alternateTargetGroupArn")
	}
}

func portNames(v *unit, f found) {
	if v.task == nil || v.service == nil {
		return
	}
	have := map[string]bool{}
	var names []string
	eachContainer(v.task, func(_ string, c *types.ContainerDefinition) {
		for _, p := range c.PortMappings {
			if name := aws.ToString(p.Name); name != "" {
				have[name] = true
				names = append(names, name)
			}
		}
	})
	known := strings.Join(names, ", ")
	if known == "" {
		known = "none"
	}
	check := func(path string, name *string) {
		if n := aws.ToString(name); n != "" && !open(n) && !have[n] {
			f(v.service.Object, path+".portName", "no port mapping has the name %q (names: %s)", n, known)
		}
	}
	in := v.service.in
	if c := in.ServiceConnectConfiguration; c != nil {
		for i, s := range c.Services {
			check(at("serviceConnectConfiguration.services", i), s.PortName)
		}
	}
	for i, l := range in.VpcLatticeConfigurations {
		check(at("vpcLatticeConfigurations", i), l.PortName)
	}
	for i, g := range in.GatewayConnectors {
		check(at("gatewayConnectors", i), g.PortName)
	}
}

func volumeConfigurations(v *unit, f found) {
	if v.task == nil || v.service == nil {
		return
	}
	atLaunch := map[string]bool{}
	for _, volume := range v.task.in.Volumes {
		if aws.ToBool(volume.ConfiguredAtLaunch) {
			atLaunch[aws.ToString(volume.Name)] = true
		}
	}
	for i, c := range v.service.in.VolumeConfigurations {
		if name := aws.ToString(c.Name); !open(name) && !atLaunch[name] {
			f(v.service.Object, at("volumeConfigurations", i)+".name", "the task definition has no volume %q that is configured at launch", name)
		}
	}
}
