package sandbox

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	scalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// What the world counts once and amends is at each moment what it would count anew.
func TestWhatIsDerivedKeepsPace(t *testing.T) {
	t.Parallel()
	s := New(Options{Seed: 1})
	w, r := s.world, rand.New(rand.NewPCG(1, 2))
	c := &call{w: w, Now: w.Clock}
	listener := *w.ELB.Listeners[0].Value.ListenerArn
	for i := range 4 {
		name := fmt.Sprint("s", i)
		w.ECS.Clusters["default"].Services[name] = &ecsService{Service: ecstypes.Service{ServiceName: &name, ServiceArn: aws.String(serviceARN("default", name)), Status: aws.String(statusActive), DesiredCount: 1}}
	}
	namespace, dimension := scalingtypes.ServiceNamespaceEcs, scalingtypes.ScalableDimensionECSServiceDesiredCount
	resource := func() *string { return aws.String(fmt.Sprintf("service/default/s%d", r.IntN(4))) }
	name := func(kind string) *string { return aws.String(fmt.Sprintf("%s%d", kind, r.IntN(6))) }
	moves := []func() error{
		func() error {
			_, err := registerScalableTarget(c, &applicationautoscaling.RegisterScalableTargetInput{ServiceNamespace: namespace, ScalableDimension: dimension, ResourceId: resource(),
				MinCapacity: aws.Int32(1), MaxCapacity: aws.Int32(2)})
			return err
		},
		func() error {
			_, err := deregisterScalableTarget(c, &applicationautoscaling.DeregisterScalableTargetInput{ServiceNamespace: namespace, ScalableDimension: dimension, ResourceId: resource()})
			return err
		},
		func() error {
			_, err := putScalingPolicy(c, &applicationautoscaling.PutScalingPolicyInput{ServiceNamespace: namespace, ScalableDimension: dimension, ResourceId: resource(), PolicyName: name("p"),
				PolicyType: scalingtypes.PolicyTypeTargetTrackingScaling, TargetTrackingScalingPolicyConfiguration: &scalingtypes.TargetTrackingScalingPolicyConfiguration{TargetValue: aws.Float64(50),
					PredefinedMetricSpecification: &scalingtypes.PredefinedMetricSpecification{PredefinedMetricType: scalingtypes.MetricTypeECSServiceAverageCPUUtilization}}})
			return err
		},
		func() error {
			_, err := deleteScalingPolicy(c, &applicationautoscaling.DeleteScalingPolicyInput{ServiceNamespace: namespace, ScalableDimension: dimension, ResourceId: resource(), PolicyName: name("p")})
			return err
		},
		func() error {
			in := &cloudwatch.PutMetricAlarmInput{AlarmName: name("alarm"), Namespace: aws.String("AWS/ECS"), MetricName: aws.String("CPUUtilization"), Statistic: cwtypes.StatisticAverage,
				Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1), ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanThreshold}
			for _, key := range slices.Sorted(maps.Keys(w.Scaling.Policies)) {
				if r.IntN(2) == 0 {
					in.AlarmActions = append(in.AlarmActions, *w.Scaling.Policies[key].Policy.PolicyARN)
				}
			}
			_, err := putMetricAlarm(c, in)
			return err
		},
		func() error {
			_, err := deleteAlarms(c, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{*name("alarm")}})
			return err
		},
		func() error { // somebody puts an alarm of his own where a policy's was: the policy takes it over, or deletes it
			for _, key := range slices.Sorted(maps.Keys(w.Scaling.Policies)) {
				p := &w.Scaling.Policies[key].Policy
				if len(p.Alarms) == 0 || w.Alarms.Metric[*p.Alarms[0].AlarmName] == nil {
					continue
				}
				name := p.Alarms[0].AlarmName
				if _, err := deleteAlarms(c, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{*name}}); err != nil {
					return err
				}
				_, err := putMetricAlarm(c, &cloudwatch.PutMetricAlarmInput{AlarmName: name, Namespace: aws.String("AWS/ECS"), MetricName: aws.String("CPUUtilization"), Statistic: cwtypes.StatisticAverage,
					Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1), ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanThreshold, AlarmActions: []string{*p.PolicyARN}})
				return err
			}
			return errors.New("there is none")
		},
		func() error {
			_, err := createRule(c, &elbv2.CreateRuleInput{ListenerArn: &listener, Priority: aws.Int32(1 + r.Int32N(8)),
				Conditions: []elbtypes.RuleCondition{{Field: aws.String("path-pattern"), PathPatternConfig: &elbtypes.PathPatternConditionConfig{Values: []string{"/a"}}}},
				Actions:    []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: w.ELB.TargetGroups[r.IntN(len(w.ELB.TargetGroups))].Value.TargetGroupArn}}})
			return err
		},
		func() error {
			rules := w.rulesOf(listener)
			_, err := deleteRule(c, &elbv2.DeleteRuleInput{RuleArn: rules[r.IntN(len(rules))].Value.RuleArn})
			return err
		},
		func() error {
			_, err := createTargetGroup(c, &elbv2.CreateTargetGroupInput{Name: name("tg"), Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(80), VpcId: aws.String("vpc-0sandbox"), TargetType: elbtypes.TargetTypeEnumIp})
			return err
		},
	}
	if err := moves[len(moves)-1](); err != nil { // rules forward to one
		t.Fatal(err)
	}
	done := make([]int, len(moves))
	for range 3000 {
		if r.IntN(4) == 0 { // somebody asks
			w.policyKeys()
			w.metricAlarms()
			w.callers()
			w.forwarders()
			w.listenerRules(listener)
			_, _ = w.taggedTarget(aws.String("arn"))
		}
		if i := r.IntN(len(moves)); moves[i]() == nil {
			done[i]++
		}
		if assertDerived(t, w); t.Failed() {
			return
		}
	}
	for i, n := range done {
		if n == 0 {
			t.Errorf("move %d was never made", i)
		}
	}
	t.Log(done)
}
