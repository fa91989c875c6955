package sandbox

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// The network of the documented world.
var (
	knownSubnets        = []string{"subnet-0sandboxa", "subnet-0sandboxb"}
	knownSecurityGroups = []string{"sg-0sandbox"}
)

func invalid(format string, args ...any) error {
	return refuse("InvalidParameterException", format, args...)
}

// checkCreateService refuses what only CreateService can get wrong, then what
// any service can.
func (w *World) checkCreateService(cl *ecsCluster, in *ecs.CreateServiceInput) (*ecsTaskDef, error) {
	daemon := in.SchedulingStrategy == types.SchedulingStrategyDaemon
	switch {
	case aws.ToString(in.ServiceName) == "":
		return nil, invalid("Service name cannot be empty.")
	case !isECSName(*in.ServiceName):
		return nil, invalid("Invalid service name: %s", *in.ServiceName)
	case in.DeploymentConfiguration != nil && in.DeploymentConfiguration.Strategy == types.DeploymentStrategyBlueGreen && in.DeploymentConfiguration.BakeTimeInMinutes == nil:
		return nil, invalid("bakeTimeInMinutes is required for the BLUE_GREEN deployment strategy.") // SDK: "You must provide this parameter"; the words are ours
	case aws.ToString(in.TaskDefinition) == "":
		return nil, invalid("TaskDefinition can not be blank.")
	case in.LaunchType != "" && len(in.CapacityProviderStrategy) > 0:
		return nil, invalid("Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.")
	case daemon && in.DesiredCount != nil:
		return nil, invalid("The daemon scheduling strategy does not support a desired count for services. Remove a desired count value and try again.")
	case !daemon && in.DesiredCount == nil:
		return nil, invalid("The desired count is required for services with the REPLICA scheduling strategy.")
	}
	if err := checkTags(in.Tags, nil); err != nil {
		return nil, err
	}
	if len(in.Tags) > 0 && resourceShort(w.newServiceARN(cl.name(), *in.ServiceName)) {
		return nil, invalid("The new ARN and resource ID format must be enabled to add tags to the service. Opt in to the new format and try again.")
	}
	def, err := w.usableTaskDefinition(in.TaskDefinition)
	if err != nil {
		return nil, err
	}
	if r := aws.ToString(in.Role); r != "" {
		switch {
		case !roleARN.MatchString(r) && !shape.IsName(r, 64, roleMarks):
			return nil, invalid("Unable to assume role and validate the listeners configured on your load balancer. Please verify that the ECS service role being passed has the proper permissions.")
		case def.Definition.NetworkMode == types.NetworkModeAwsvpc || len(in.LoadBalancers) > 1:
			return nil, invalid("You cannot specify an IAM role for services that require a service linked role.")
		case len(in.LoadBalancers) == 0:
			return nil, invalid("An IAM role can only be specified for services that use a load balancer.")
		}
	}
	probe := newService(&call{w: w, Now: w.Clock}, cl, in, def)
	if err := checkPlatform(probe, in.PlatformVersion); err != nil {
		return nil, err
	}
	return def, w.checkService(cl, probe, nil)
}

// checkService refuses a service that cannot be; old is what it is an update
// of, nil when it is new.
func (w *World) checkService(cl *ecsCluster, s, old *ecsService) error {
	v := &s.Service
	def := w.taskDefinition(aws.ToString(v.TaskDefinition))
	if def == nil {
		return refuse("ClientException", "TaskDefinition not found.")
	}
	if v.DesiredCount < 0 {
		return invalid("Desired count can not be less than 0.")
	}
	for _, check := range []func() error{
		func() error { return w.checkCapacity(cl, s, def) },
		func() error { return checkNetwork(v.NetworkConfiguration, def.Definition, s.onFargate()) },
		func() error { return w.checkDeployment(s) },
		func() error { return checkPlacement(s) },
		func() error { return checkBalance(s, old) },
		func() error { return w.checkLoadBalancers(s, old, def) },
		func() error { return w.checkShift(s) },
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// checkPlatform refuses a platform version, which only Fargate has, for EC2.
func checkPlatform(s *ecsService, version *string) error {
	if aws.ToString(version) != "" && s.Service.LaunchType == types.LaunchTypeEc2 {
		return invalid("The platform version must be null when specifying an EC2 launch type.")
	}
	return nil
}

func (w *World) checkCapacity(cl *ecsCluster, s *ecsService, def *ecsTaskDef) error {
	if err := checkStrategy(cl.Cluster.CapacityProviders, s.Service.CapacityProviderStrategy); err != nil {
		return err
	}
	return checkLaunch(s.Service.LaunchType, s.onFargate(), def)
}

func checkLaunch(launch types.LaunchType, onFargate bool, def *ecsTaskDef) error {
	switch {
	case launch == types.LaunchTypeExternal:
		return invalid("The sandbox has no external instances: launch type EXTERNAL does not run yet.")
	case onFargate && !slices.Contains(def.Definition.Compatibilities, types.CompatibilityFargate):
		return invalid("Task definition does not support launch_type FARGATE.")
	}
	return nil
}

func checkNetwork(n *types.NetworkConfiguration, def types.TaskDefinition, onFargate bool) error {
	if def.NetworkMode != types.NetworkModeAwsvpc {
		if n != nil {
			return invalid("Network Configuration is not valid for the given networkMode of this task definition.")
		}
		return nil
	}
	if n == nil {
		return invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
	}
	vpc := n.AwsvpcConfiguration
	switch {
	case len(vpc.Subnets) == 0:
		return invalid("subnets can not be empty.")
	case len(vpc.Subnets) > 16:
		return invalid("subnets can have at most 16 items.")
	case len(vpc.SecurityGroups) > 5:
		return invalid("securityGroups can have at most 5 items.")
	case vpc.AssignPublicIp == types.AssignPublicIpEnabled && !onFargate:
		return invalid("Assign public IP is not supported for this launch type.")
	}
	for _, id := range vpc.Subnets {
		if !slices.Contains(knownSubnets, id) {
			return invalid("Error retrieving subnet information for [%s]: The subnet ID '%s' does not exist (ErrorCode: InvalidSubnetID.NotFound)", strings.Join(vpc.Subnets, ", "), id)
		}
	}
	for _, id := range vpc.SecurityGroups {
		if !slices.Contains(knownSecurityGroups, id) {
			return invalid("Error retrieving security group information for [%s]: The security group '%s' does not exist (ErrorCode: InvalidGroup.NotFound)", strings.Join(vpc.SecurityGroups, ", "), id)
		}
	}
	return nil
}

func (w *World) checkDeployment(s *ecsService) error {
	d := s.Service.DeploymentConfiguration
	most, least := aws.ToInt32(d.MaximumPercent), aws.ToInt32(d.MinimumHealthyPercent)
	switch {
	case least < 0 || most < 0 || least > 100 && s.Service.DesiredCount > 0 && least > most:
		return invalid("minimumHealthyPercent must be less than or equal to maximumPercent.")
	case most == 100 && least == 100:
		return invalid("Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.")
	case least > most:
		return invalid("maximumPercent must be greater than minimumHealthyPercent.")
	}
	if b := d.DeploymentCircuitBreaker; b != nil && b.ThresholdConfiguration != nil {
		t := b.ThresholdConfiguration
		if t.Value < 1 || t.Type != types.ThresholdTypeCount && t.Value > 100 {
			return invalid("Invalid value %d for the deployment circuit breaker threshold of type %s.", t.Value, t.Type)
		}
	}
	if e := d.EarlySuccessCriteria; e != nil && e.Enable {
		switch {
		case e.HealthyPercent == nil || e.SourceServiceRevisionCleanup == "":
			return invalid("healthyPercent and sourceServiceRevisionCleanup are required when earlySuccessCriteria is enabled.")
		case *e.HealthyPercent < least || *e.HealthyPercent > 100:
			return invalid("healthyPercent must be between minimumHealthyPercent and 100.")
		}
	}
	if a := d.Alarms; a != nil && a.Enable {
		if len(a.AlarmNames) == 0 {
			return invalid("Alarm names can not be empty when deployment alarms are enabled.")
		}
		for _, name := range a.AlarmNames {
			if _, ok := w.alarmState(name); !ok {
				return invalid("The following CloudWatch alarm does not exist: %s", name)
			}
		}
	}
	return nil
}

func checkPlacement(s *ecsService) error {
	v := &s.Service
	switch {
	case s.onFargate() && s.daemon():
		return invalid("The daemon scheduling strategy is not supported with the FARGATE launch type.")
	case s.onFargate() && len(v.PlacementStrategy) > 0:
		return invalid("Placement strategies are not supported with FARGATE launch type.")
	case s.onFargate() && len(v.PlacementConstraints) > 0:
		return invalid("Placement constraints are not supported with FARGATE launch type.")
	case s.daemon() && len(v.PlacementStrategy) > 0:
		return invalid("The daemon scheduling strategy does not support placement strategies.")
	case len(v.PlacementConstraints) > 10:
		return invalid("placementConstraints can have at most 10 items.")
	case len(v.PlacementStrategy) > 5:
		return invalid("placementStrategy can have at most 5 items.")
	}
	for _, c := range v.PlacementConstraints {
		if err := checkConstraint(string(c.Type), aws.ToString(c.Expression)); err != nil {
			return err
		}
	}
	return checkPlacementStrategy(v.PlacementStrategy)
}

func (w *World) checkLoadBalancers(s, old *ecsService, def *ecsTaskDef) error {
	v := &s.Service
	if len(v.LoadBalancers) == 0 && len(v.ServiceRegistries) == 0 && v.HealthCheckGracePeriodSeconds != nil && *v.HealthCheckGracePeriodSeconds > 0 {
		return invalid("Health check grace period is only valid for services configured to use load balancers")
	}
	if len(v.LoadBalancers) > 5 {
		return invalid("load balancers can have at most 5 items.")
	}
	for _, lb := range v.LoadBalancers {
		arn, name := aws.ToString(lb.TargetGroupArn), aws.ToString(lb.ContainerName)
		switch {
		case arn == "" && aws.ToString(lb.LoadBalancerName) == "":
			return invalid("targetGroupArn or loadBalancerName must be specified.")
		case arn == "":
			return invalid("The sandbox has no Classic Load Balancers: %s does not exist.", aws.ToString(lb.LoadBalancerName))
		}
		container := slices.IndexFunc(def.Definition.ContainerDefinitions, func(c types.ContainerDefinition) bool { return aws.ToString(c.Name) == name })
		if container < 0 {
			return invalid("The container %s does not exist in the task definition.", name)
		}
		if !slices.ContainsFunc(def.Definition.ContainerDefinitions[container].PortMappings, func(p types.PortMapping) bool {
			return aws.ToInt32(p.ContainerPort) == aws.ToInt32(lb.ContainerPort)
		}) {
			return invalid("The container %s did not have a container port %d defined.", name, aws.ToInt32(lb.ContainerPort))
		}
		if old != nil && slices.ContainsFunc(old.Service.LoadBalancers, func(o types.LoadBalancer) bool { return aws.ToString(o.TargetGroupArn) == arn }) {
			continue // checked when it was put there
		}
		tg := w.targetGroup(arn)
		awsvpc := def.Definition.NetworkMode == types.NetworkModeAwsvpc
		switch {
		case tg != nil && (tg.Value.TargetType == elbtypes.TargetTypeEnumIp) != awsvpc:
			return invalid("The provided target group %s has target type %s, which is incompatible with the %s network mode specified in the task definition.",
				arn, tg.Value.TargetType, networkMode(def.Definition))
		case !w.targetGroupExists(arn):
			return invalid("Unable to find the target group %s.", arn)
		case !w.targetGroupAttached(arn):
			return invalid("The target group with targetGroupArn %s does not have an associated load balancer.", arn)
		}
	}
	return nil
}
