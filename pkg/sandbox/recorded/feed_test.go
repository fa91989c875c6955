package recorded_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox/recorded"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// feeder is a world into which one recording is fed through the SDK's clients.
type feeder struct {
	ctx     context.Context
	ecs     *ecs.Client
	elb     *elbv2.Client
	cw      *cloudwatch.Client
	scaling *applicationautoscaling.Client
	// identity maps what the recorded world called its things to what they are
	// called here.
	identity map[string]string
	serial   int
	// declared feeds what was asked for instead of what came of it: the defaults
	// are then the sandbox's own.
	declared bool
}

func newFeeder(t *testing.T) *feeder {
	s := sandbox.New(sandbox.Options{Logf: t.Logf})
	cfg := aws.Config{
		Region: sandbox.Region, BaseEndpoint: aws.String("http://sandbox.invalid"), HTTPClient: &http.Client{Transport: s.Transport()},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIASANDBOX", SecretAccessKey: "secret"}, nil
		}),
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
	return &feeder{ctx: t.Context(), ecs: ecs.NewFromConfig(cfg), elb: elbv2.NewFromConfig(cfg), cw: cloudwatch.NewFromConfig(cfg),
		scaling: applicationautoscaling.NewFromConfig(cfg), identity: map[string]string{}}
}

// both is a recording and the sandbox's answer, as SDK values of one type.
type both struct{ recorded, answered any }

// feed makes the recorded resource in the sandbox and describes it.
func (f *feeder) feed(a recorded.Answer) (both, error) {
	switch a.Kind {
	case "task-definition":
		return f.taskDefinition(a)
	case "service":
		return f.service(a)
	case "target-group":
		return f.targetGroup(a)
	case "rule":
		return f.rule(a)
	case "listener":
		return f.listener(a)
	case "alarm":
		return f.alarm(a)
	case "composite-alarm":
		return f.compositeAlarm(a)
	case "scalable-target":
		return f.scalableTarget(a)
	case "scaling-policy":
		return f.scalingPolicy(a)
	}
	return both{}, fmt.Errorf("nobody feeds a %s", a.Kind)
}

// input fills a create input with what is writable of a recording, or with what
// was declared.
func input[T any](f *feeder, a recorded.Answer, rec any) (*T, error) {
	if f.declared {
		return recorded.DecodeDeclared[T](a)
	}
	in := new(T)
	shape.Project(in, rec)
	return in, nil
}

// named gives what the recording names a name of this world.
func (f *feeder) named(old, fresh string) string {
	f.identity[old] = fresh
	return fresh
}

// translate rewrites the recorded names in a value to those of this world.
func (f *feeder) translate(v any) {
	shape.MapStrings(v, func(_, s string) string {
		if n, ok := f.identity[s]; ok {
			return n
		}
		return s
	})
}

func (f *feeder) taskDefinition(a recorded.Answer) (both, error) {
	rec, err := recorded.Decode[ecstypes.TaskDefinition](a)
	if err != nil {
		return both{}, err
	}
	in, err := input[ecs.RegisterTaskDefinitionInput](f, a, rec)
	if err != nil {
		return both{}, err
	}
	in.Family, in.Tags = rec.Family, nil
	out, err := f.ecs.RegisterTaskDefinition(f.ctx, in)
	if err != nil {
		return both{}, err
	}
	d, err := f.ecs.DescribeTaskDefinition(f.ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: out.TaskDefinition.TaskDefinitionArn})
	if err != nil {
		return both{}, err
	}
	return both{rec, d.TaskDefinition}, nil
}

func (f *feeder) targetGroup(a recorded.Answer) (both, error) {
	rec, err := recorded.Decode[elbtypes.TargetGroup](a)
	if err != nil {
		return both{}, err
	}
	in, err := input[elbv2.CreateTargetGroupInput](f, a, rec)
	if err != nil {
		return both{}, err
	}
	in.Name, in.Tags = rec.TargetGroupName, nil
	if in.VpcId != nil {
		in.VpcId = aws.String(f.named(*in.VpcId, "vpc-0sandbox"))
	}
	f.translate(rec)
	out, err := f.elb.CreateTargetGroup(f.ctx, in)
	if err != nil {
		return both{}, err
	}
	arn := *out.TargetGroups[0].TargetGroupArn
	d, err := f.elb.DescribeTargetGroups(f.ctx, &elbv2.DescribeTargetGroupsInput{TargetGroupArns: []string{arn}})
	if err != nil {
		return both{}, err
	}
	b := both{rec, &d.TargetGroups[0]}
	if _, ok := a.Body["TargetGroupAttributes"]; !ok {
		return b, nil
	}
	attributes, err := recorded.Decode[elbv2.ModifyTargetGroupAttributesInput](recorded.Answer{Body: map[string]any{"Attributes": a.Body["TargetGroupAttributes"]}})
	if err != nil {
		return both{}, err
	}
	return f.attributes(b, arn, attributes.Attributes)
}

// groupWithAttributes is a target group as Cloud Control shows it.
type groupWithAttributes struct {
	TargetGroup *elbtypes.TargetGroup
	Attributes  map[string]string
}

func (f *feeder) attributes(b both, arn string, rec []elbtypes.TargetGroupAttribute) (both, error) {
	list := func(all []elbtypes.TargetGroupAttribute) map[string]string {
		out := map[string]string{}
		for _, a := range all {
			out[aws.ToString(a.Key)] = aws.ToString(a.Value)
		}
		return out
	}
	d, err := f.elb.DescribeTargetGroupAttributes(f.ctx, &elbv2.DescribeTargetGroupAttributesInput{TargetGroupArn: &arn})
	if err != nil {
		return both{}, err
	}
	// Only what is off its default is written: what the sandbox fills itself
	// must be right without being told.
	defaults, want := list(d.Attributes), list(rec)
	var changes []elbtypes.TargetGroupAttribute
	for _, k := range slices.Sorted(maps.Keys(want)) {
		if want[k] != "" && defaults[k] != want[k] {
			changes = append(changes, elbtypes.TargetGroupAttribute{Key: aws.String(k), Value: aws.String(want[k])})
		}
	}
	if len(changes) > 0 {
		if _, err := f.elb.ModifyTargetGroupAttributes(f.ctx, &elbv2.ModifyTargetGroupAttributesInput{TargetGroupArn: &arn, Attributes: changes}); err != nil {
			return both{}, err
		}
		if d, err = f.elb.DescribeTargetGroupAttributes(f.ctx, &elbv2.DescribeTargetGroupAttributesInput{TargetGroupArn: &arn}); err != nil {
			return both{}, err
		}
	}
	return both{&groupWithAttributes{b.recorded.(*elbtypes.TargetGroup), want}, &groupWithAttributes{b.answered.(*elbtypes.TargetGroup), list(d.Attributes)}}, nil
}

// group makes the target group that an ARN names, of a protocol and type that fit.
func (f *feeder) group(arn string, protocol elbtypes.ProtocolEnum, kind elbtypes.TargetTypeEnum) (string, error) {
	if n, ok := f.identity[arn]; ok {
		return n, nil
	}
	f.serial++
	port := int32(80)
	if protocol == elbtypes.ProtocolEnumGeneve {
		port = 6081
	}
	out, err := f.elb.CreateTargetGroup(f.ctx, &elbv2.CreateTargetGroupInput{Name: aws.String("group-" + strconv.Itoa(f.serial)), Protocol: protocol,
		Port: &port, VpcId: aws.String("vpc-0sandbox"), TargetType: kind})
	if err != nil {
		return "", err
	}
	return f.named(arn, *out.TargetGroups[0].TargetGroupArn), nil
}

// groupsOf makes the target groups that actions forward to.
func (f *feeder) groupsOf(actions []elbtypes.Action, protocol elbtypes.ProtocolEnum) error {
	for _, a := range actions {
		var arns []string
		if a.TargetGroupArn != nil {
			arns = append(arns, *a.TargetGroupArn)
		}
		if a.ForwardConfig != nil {
			for _, g := range a.ForwardConfig.TargetGroups {
				arns = append(arns, *g.TargetGroupArn)
			}
		}
		for _, arn := range arns {
			if _, err := f.group(arn, protocol, elbtypes.TargetTypeEnumInstance); err != nil {
				return err
			}
		}
	}
	return nil
}

// balancer makes a load balancer of a type.
func (f *feeder) balancer(kind elbtypes.LoadBalancerTypeEnum) (string, error) {
	f.serial++
	out, err := f.elb.CreateLoadBalancer(f.ctx, &elbv2.CreateLoadBalancerInput{Name: aws.String("lb-" + strconv.Itoa(f.serial)), Type: kind,
		Subnets: []string{"subnet-0sandboxa", "subnet-0sandboxb"}})
	if err != nil {
		return "", err
	}
	return *out.LoadBalancers[0].LoadBalancerArn, nil
}

func (f *feeder) listener(a recorded.Answer) (both, error) {
	rec, err := recorded.Decode[elbtypes.Listener](a)
	if err != nil {
		return both{}, err
	}
	kind, protocol := elbtypes.LoadBalancerTypeEnumApplication, elbtypes.ProtocolEnumHttp
	switch rec.Protocol {
	case elbtypes.ProtocolEnumHttp, elbtypes.ProtocolEnumHttps:
	case "", elbtypes.ProtocolEnumGeneve:
		kind, protocol = elbtypes.LoadBalancerTypeEnumGateway, elbtypes.ProtocolEnumGeneve
	default:
		kind, protocol = elbtypes.LoadBalancerTypeEnumNetwork, rec.Protocol
	}
	if err := f.groupsOf(rec.DefaultActions, protocol); err != nil {
		return both{}, err
	}
	lb, err := f.balancer(kind)
	if err != nil {
		return both{}, err
	}
	f.named(aws.ToString(rec.LoadBalancerArn), lb)
	f.translate(rec)
	in, err := input[elbv2.CreateListenerInput](f, a, rec)
	if err != nil {
		return both{}, err
	}
	f.translate(in)
	in.Tags = nil
	out, err := f.elb.CreateListener(f.ctx, in)
	if err != nil {
		return both{}, err
	}
	d, err := f.elb.DescribeListeners(f.ctx, &elbv2.DescribeListenersInput{ListenerArns: []string{*out.Listeners[0].ListenerArn}})
	if err != nil {
		return both{}, err
	}
	return both{rec, &d.Listeners[0]}, nil
}

func (f *feeder) rule(a recorded.Answer) (both, error) {
	rec, err := recorded.Decode[elbtypes.Rule](a)
	if err != nil {
		return both{}, err
	}
	if err := f.groupsOf(rec.Actions, elbtypes.ProtocolEnumHttp); err != nil {
		return both{}, err
	}
	f.translate(rec)
	lb, err := f.balancer(elbtypes.LoadBalancerTypeEnumApplication)
	if err != nil {
		return both{}, err
	}
	listen := &elbv2.CreateListenerInput{LoadBalancerArn: &lb, Port: aws.Int32(443), Protocol: elbtypes.ProtocolEnumHttps,
		Certificates:   []elbtypes.Certificate{{CertificateArn: aws.String("arn:aws:acm:us-east-1:123456789012:certificate/0")}},
		DefaultActions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumFixedResponse, FixedResponseConfig: &elbtypes.FixedResponseActionConfig{StatusCode: aws.String("404")}}}}
	if aws.ToBool(rec.IsDefault) {
		listen.DefaultActions = rec.Actions
	}
	l, err := f.elb.CreateListener(f.ctx, listen)
	if err != nil {
		return both{}, err
	}
	if !aws.ToBool(rec.IsDefault) {
		asked := rec
		if f.declared {
			if asked, err = recorded.DecodeDeclared[elbtypes.Rule](a); err != nil {
				return both{}, err
			}
			f.translate(asked)
		}
		in := &elbv2.CreateRuleInput{ListenerArn: l.Listeners[0].ListenerArn}
		shape.Project(in, asked)
		n, err := strconv.Atoi(aws.ToString(rec.Priority))
		if err != nil {
			return both{}, err
		}
		in.Priority = aws.Int32(int32(n))
		if _, err := f.elb.CreateRule(f.ctx, in); err != nil {
			return both{}, err
		}
	}
	d, err := f.elb.DescribeRules(f.ctx, &elbv2.DescribeRulesInput{ListenerArn: l.Listeners[0].ListenerArn})
	if err != nil {
		return both{}, err
	}
	return both{rec, &d.Rules[0]}, nil
}

func (f *feeder) alarm(a recorded.Answer) (both, error) {
	rec, err := recorded.Decode[cwtypes.MetricAlarm](a)
	if err != nil {
		return both{}, err
	}
	in, err := input[cloudwatch.PutMetricAlarmInput](f, a, rec)
	if err != nil {
		return both{}, err
	}
	in.AlarmName, in.Tags = rec.AlarmName, nil
	if _, err := f.cw.PutMetricAlarm(f.ctx, in); err != nil {
		return both{}, err
	}
	d, err := f.cw.DescribeAlarms(f.ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{*rec.AlarmName}})
	if err != nil {
		return both{}, err
	}
	return both{rec, &d.MetricAlarms[0]}, nil
}

func (f *feeder) compositeAlarm(a recorded.Answer) (both, error) {
	rec, err := recorded.Decode[cwtypes.CompositeAlarm](a)
	if err != nil {
		return both{}, err
	}
	for _, name := range childAlarms(aws.ToString(rec.AlarmRule)) {
		if _, err := f.cw.PutMetricAlarm(f.ctx, &cloudwatch.PutMetricAlarmInput{AlarmName: aws.String(name), Namespace: aws.String("n"), MetricName: aws.String("m"),
			Statistic: cwtypes.StatisticSum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1),
			ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanThreshold}); err != nil {
			return both{}, err
		}
	}
	in, err := input[cloudwatch.PutCompositeAlarmInput](f, a, rec)
	if err != nil {
		return both{}, err
	}
	in.AlarmName, in.Tags = rec.AlarmName, nil
	if _, err := f.cw.PutCompositeAlarm(f.ctx, in); err != nil {
		return both{}, err
	}
	d, err := f.cw.DescribeAlarms(f.ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{*rec.AlarmName}, AlarmTypes: []cwtypes.AlarmType{cwtypes.AlarmTypeCompositeAlarm}})
	if err != nil {
		return both{}, err
	}
	return both{rec, &d.CompositeAlarms[0]}, nil
}

// childAlarms are the alarms that a rule names, as names or ARNs.
func childAlarms(rule string) []string {
	var out []string
	for i, part := range strings.FieldsFunc(rule, func(r rune) bool { return r == '(' || r == ')' }) {
		part = strings.Trim(strings.TrimSpace(part), `"`)
		if i%2 == 1 && part != "" {
			out = append(out, part[strings.LastIndex(part, ":")+1:])
		}
	}
	return out
}

// scaled makes the service that a scalable target scales.
func (f *feeder) scaled(resource string) error {
	parts := strings.Split(resource, "/")
	if len(parts) != 3 || parts[0] != "service" {
		return errForeign
	}
	if err := f.cluster(parts[1], nil); err != nil {
		return err
	}
	def, err := f.ecs.RegisterTaskDefinition(f.ctx, &ecs.RegisterTaskDefinitionInput{Family: aws.String("scaled"),
		ContainerDefinitions: []ecstypes.ContainerDefinition{{Name: aws.String("app"), Image: aws.String("nginx:1"), Memory: aws.Int32(64)}}})
	if err != nil {
		return err
	}
	_, err = f.ecs.CreateService(f.ctx, &ecs.CreateServiceInput{Cluster: aws.String(parts[1]), ServiceName: aws.String(parts[2]),
		TaskDefinition: def.TaskDefinition.TaskDefinitionArn, DesiredCount: aws.Int32(0)})
	return err
}

func (f *feeder) scalableTarget(a recorded.Answer) (both, error) {
	rec, err := recorded.Decode[aastypes.ScalableTarget](a)
	if err != nil {
		return both{}, err
	}
	if err := f.scaled(aws.ToString(rec.ResourceId)); err != nil {
		return both{}, err
	}
	in, err := input[applicationautoscaling.RegisterScalableTargetInput](f, a, rec)
	if err != nil {
		return both{}, err
	}
	if a.Form == recorded.CloudControl { // it leaves the namespace to the id
		in.ServiceNamespace, in.ScalableDimension = aastypes.ServiceNamespaceEcs, aastypes.ScalableDimensionECSServiceDesiredCount
	}
	if _, err := f.scaling.RegisterScalableTarget(f.ctx, in); err != nil {
		return both{}, err
	}
	d, err := f.scaling.DescribeScalableTargets(f.ctx, &applicationautoscaling.DescribeScalableTargetsInput{ServiceNamespace: in.ServiceNamespace, ResourceIds: []string{*in.ResourceId}})
	if err != nil {
		return both{}, err
	}
	return both{rec, &d.ScalableTargets[0]}, nil
}

func (f *feeder) scalingPolicy(a recorded.Answer) (both, error) {
	rec, err := recorded.Decode[aastypes.ScalingPolicy](a)
	if err != nil {
		return both{}, err
	}
	if err := f.scaled(aws.ToString(rec.ResourceId)); err != nil {
		return both{}, err
	}
	if _, err := f.scaling.RegisterScalableTarget(f.ctx, &applicationautoscaling.RegisterScalableTargetInput{ServiceNamespace: rec.ServiceNamespace,
		ScalableDimension: rec.ScalableDimension, ResourceId: rec.ResourceId, MinCapacity: aws.Int32(0), MaxCapacity: aws.Int32(1)}); err != nil {
		return both{}, err
	}
	in, err := input[applicationautoscaling.PutScalingPolicyInput](f, a, rec)
	if err != nil {
		return both{}, err
	}
	if _, err := f.scaling.PutScalingPolicy(f.ctx, in); err != nil {
		return both{}, err
	}
	d, err := f.scaling.DescribeScalingPolicies(f.ctx, &applicationautoscaling.DescribeScalingPoliciesInput{ServiceNamespace: rec.ServiceNamespace, ResourceId: rec.ResourceId})
	if err != nil {
		return both{}, err
	}
	return both{rec, &d.ScalingPolicies[0]}, nil
}
