package recorded_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox/recorded"
)

// errForeign says that a recording is of a service that the sandbox is not.
var errForeign = errors.New("not of a service that the sandbox speaks for")

// cluster makes a cluster with capacity providers, if it is not there.
func (f *feeder) cluster(name string, providers []string) error {
	if len(providers) == 0 {
		providers = []string{"FARGATE", "FARGATE_SPOT"}
	}
	_, err := f.ecs.CreateCluster(f.ctx, &ecs.CreateClusterInput{ClusterName: &name, CapacityProviders: providers})
	return err
}

// service makes what a recorded service stands on, then the service.
func (f *feeder) service(a recorded.Answer) (both, error) {
	rec, err := recorded.Decode[ecstypes.Service](a)
	if err != nil {
		return both{}, err
	}
	if rec.ServiceArn == nil && rec.ServiceName == nil {
		return both{}, errors.New("a service without a name")
	}
	for _, step := range []func(*ecstypes.Service) error{f.serviceCluster, f.serviceNetwork, f.serviceDefinition, f.serviceGroups, f.serviceAlarms} {
		if err := step(rec); err != nil {
			return both{}, err
		}
	}
	f.translate(rec)
	in, err := input[ecs.CreateServiceInput](f, a, rec)
	if err != nil {
		return both{}, err
	}
	in.NetworkConfiguration = rec.NetworkConfiguration // of this world
	in.TaskDefinition, in.Tags = rec.TaskDefinition, rec.Tags
	f.translate(in)
	in.Cluster, in.ServiceName = rec.ClusterArn, rec.ServiceName
	if !strings.Contains(aws.ToString(rec.RoleArn), "AWSServiceRoleForECS") {
		in.Role = rec.RoleArn
	}
	if rec.SchedulingStrategy != ecstypes.SchedulingStrategyDaemon {
		in.DesiredCount = aws.Int32(rec.DesiredCount)
	} else {
		in.DesiredCount = nil
	}
	var include []ecstypes.ServiceField
	if len(rec.Tags) > 0 {
		include = append(include, ecstypes.ServiceFieldTags)
	}
	if _, err := f.ecs.CreateService(f.ctx, in); err != nil {
		return both{}, err
	}
	d, err := f.ecs.DescribeServices(f.ctx, &ecs.DescribeServicesInput{Cluster: in.Cluster, Services: []string{*in.ServiceName}, Include: include})
	if err != nil {
		return both{}, err
	}
	if len(d.Services) != 1 {
		return both{}, fmt.Errorf("%+v", d.Failures)
	}
	return both{rec, &d.Services[0]}, nil
}

func lastPart(s string) string { return s[strings.LastIndex(s, "/")+1:] }

func (f *feeder) serviceCluster(rec *ecstypes.Service) error {
	var providers []string
	for _, p := range rec.CapacityProviderStrategy {
		if name := aws.ToString(p.CapacityProvider); !strings.HasPrefix(name, "FARGATE") {
			if _, err := f.ecs.CreateCapacityProvider(f.ctx, &ecs.CreateCapacityProviderInput{Name: p.CapacityProvider, AutoScalingGroupProvider: &ecstypes.AutoScalingGroupProvider{
				AutoScalingGroupArn: aws.String("arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:1:autoScalingGroupName/" + name)}}); err != nil {
				return err
			}
		}
		providers = append(providers, *p.CapacityProvider)
	}
	old := aws.ToString(rec.ClusterArn)
	if err := f.cluster(lastPart(old), providers); err != nil {
		return err
	}
	f.named(old, "arn:aws:ecs:us-east-1:123456789012:cluster/"+lastPart(old))
	return nil
}

func (f *feeder) serviceNetwork(rec *ecstypes.Service) error {
	n := rec.NetworkConfiguration
	if n == nil || n.AwsvpcConfiguration == nil {
		return nil
	}
	// The documented world has two subnets and one group; more are one of them.
	vpc := n.AwsvpcConfiguration
	vpc.Subnets = []string{"subnet-0sandboxa", "subnet-0sandboxb"}[:min(2, len(vpc.Subnets))]
	vpc.SecurityGroups = []string{"sg-0sandbox"}[:min(1, len(vpc.SecurityGroups))]
	return nil
}

// serviceDefinition registers revisions until there is the one that the service
// runs, with the containers and ports that it refers to.
func (f *feeder) serviceDefinition(rec *ecstypes.Service) error {
	family, _, _ := strings.Cut(lastPart(aws.ToString(rec.TaskDefinition)), ":")
	in := &ecs.RegisterTaskDefinitionInput{Family: &family, Cpu: aws.String("256"), Memory: aws.String("512")}
	if rec.NetworkConfiguration != nil {
		in.NetworkMode = ecstypes.NetworkModeAwsvpc
	}
	add := func(name string, port *int32) {
		i := slices.IndexFunc(in.ContainerDefinitions, func(c ecstypes.ContainerDefinition) bool { return *c.Name == name })
		if i < 0 {
			i = len(in.ContainerDefinitions)
			in.ContainerDefinitions = append(in.ContainerDefinitions, ecstypes.ContainerDefinition{Name: &name, Image: aws.String("nginx:1"), Memory: aws.Int32(64)})
		}
		if port != nil {
			in.ContainerDefinitions[i].PortMappings = append(in.ContainerDefinitions[i].PortMappings, ecstypes.PortMapping{ContainerPort: port})
		}
	}
	for _, l := range rec.LoadBalancers {
		add(aws.ToString(l.ContainerName), l.ContainerPort)
	}
	for _, r := range rec.ServiceRegistries {
		if r.ContainerName != nil {
			add(*r.ContainerName, r.ContainerPort)
		}
	}
	if len(in.ContainerDefinitions) == 0 {
		add("app", nil)
	}
	out, err := f.ecs.RegisterTaskDefinition(f.ctx, in)
	if err != nil {
		return err
	}
	f.named(aws.ToString(rec.TaskDefinition), *out.TaskDefinition.TaskDefinitionArn)
	return nil
}

func (f *feeder) serviceGroups(rec *ecstypes.Service) error {
	kind := elbtypes.TargetTypeEnumInstance
	if rec.NetworkConfiguration != nil {
		kind = elbtypes.TargetTypeEnumIp
	}
	for _, l := range rec.LoadBalancers {
		if l.TargetGroupArn == nil {
			continue
		}
		arn, err := f.group(*l.TargetGroupArn, elbtypes.ProtocolEnumHttp, kind)
		if err != nil {
			return err
		}
		lb, err := f.balancer(elbtypes.LoadBalancerTypeEnumApplication)
		if err != nil {
			return err
		}
		forward := []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: &arn}}
		out, err := f.elb.CreateListener(f.ctx, &elbv2.CreateListenerInput{LoadBalancerArn: &lb, Port: aws.Int32(80), Protocol: elbtypes.ProtocolEnumHttp, DefaultActions: forward})
		if err != nil {
			return err
		}
		if err := f.servicePair(l.AdvancedConfiguration, out.Listeners[0].ListenerArn, forward, kind); err != nil {
			return err
		}
	}
	return nil
}

// servicePair makes what traffic is shifted with: the second target group, and the
// rules, which forward to the first.
func (f *feeder) servicePair(a *ecstypes.AdvancedConfiguration, listener *string, forward []elbtypes.Action, kind elbtypes.TargetTypeEnum) error {
	if a == nil {
		return nil
	}
	if _, err := f.group(*a.AlternateTargetGroupArn, elbtypes.ProtocolEnumHttp, kind); err != nil {
		return err
	}
	for i, rule := range []*string{a.ProductionListenerRule, a.TestListenerRule} {
		if rule == nil {
			continue
		}
		out, err := f.elb.CreateRule(f.ctx, &elbv2.CreateRuleInput{ListenerArn: listener, Priority: aws.Int32(int32(i + 1)), Actions: forward,
			Conditions: []elbtypes.RuleCondition{{Field: aws.String("path-pattern"), Values: []string{"/*"}}}})
		if err != nil {
			return err
		}
		f.named(*rule, *out.Rules[0].RuleArn)
	}
	return nil
}

func (f *feeder) serviceAlarms(rec *ecstypes.Service) error {
	if rec.DeploymentConfiguration == nil || rec.DeploymentConfiguration.Alarms == nil {
		return nil
	}
	for _, name := range rec.DeploymentConfiguration.Alarms.AlarmNames {
		if _, err := f.cw.PutMetricAlarm(f.ctx, &cloudwatch.PutMetricAlarmInput{AlarmName: aws.String(name), Namespace: aws.String("n"), MetricName: aws.String("m"),
			Statistic: cwtypes.StatisticSum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1),
			ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanThreshold}); err != nil {
			return err
		}
	}
	return nil
}
