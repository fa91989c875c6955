package spec

import (
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/document"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// testSections declares the eight sections of an ECS service on the SDK's own
// inputs. (The program's list is derived from kinds.All, which this floor may
// not import.)
func testSections() []Section {
	pairs := Sugar{Key: "name", Value: "value"}
	tags := Sugar{Key: "key", Value: "value"}
	return []Section{
		{
			Path: "taskDefinition", Kind: "task-definition",
			New:      func() any { return new(ecs.RegisterTaskDefinitionInput) },
			ReadOnly: ecstypes.TaskDefinition{},
			Sugar: map[string]Sugar{
				"containerDefinitions[].environment": pairs,
				"containerDefinitions[].secrets":     {Key: "name", Value: "valueFrom"},
				"tags":                               tags,
			},
			MergeKeys: map[string]string{
				"containerDefinitions":                "name",
				"containerDefinitions[].environment":  "name",
				"containerDefinitions[].secrets":      "name",
				"containerDefinitions[].portMappings": "containerPort+containerPortRange+protocol=tcp",
				"tags":                                "key",
			},
			Frame:      []string{"family"},
			Attributes: []string{"arn", "name", "family"},
			Verbatim: []string{"containerDefinitions[].command", "containerDefinitions[].entryPoint",
				"containerDefinitions[].healthCheck.command", "containerDefinitions[].environment[].value"},
			Required: []string{"containerDefinitions", "containerDefinitions[].name", "containerDefinitions[].image"},
			Unions:   []shape.Union{shape.UnionOf[ecstypes.SharingStrategy](&ecstypes.SharingStrategyMemberNvidiaMps{})},
		},
		{
			Path: "service", Kind: "service",
			New:        func() any { return new(ecs.CreateServiceInput) },
			ReadOnly:   ecstypes.Service{},
			Sugar:      map[string]Sugar{"tags": tags},
			Frame:      []string{"serviceName", "cluster", "taskDefinition"},
			Attributes: []string{"arn", "name"},
			Unions: []shape.Union{shape.UnionOf[ecstypes.ServiceConnectContainerConfiguration](
				&ecstypes.ServiceConnectContainerConfigurationMemberLogLevel{})},
			Override: &Override{New: func() any { return new(ecstypes.TaskOverride) },
				Sugar:    map[string]Sugar{"containerOverrides[].environment": pairs},
				Verbatim: []string{"containerOverrides[].command", "containerOverrides[].environment[].value"},
				Required: []string{"containerOverrides[].name"}},
			Documents: []shape.Document{shape.DocumentOf(document.NewLazyDocument)},
		},
		{
			Path: "targetGroups", Kind: "target-group", Many: true,
			New:        func() any { return new(elasticloadbalancingv2.CreateTargetGroupInput) },
			ReadOnly:   elbtypes.TargetGroup{},
			Extra:      map[string]any{"attributes": map[string]string{}},
			Sugar:      map[string]Sugar{"tags": tags},
			Frame:      []string{"name"},
			Attributes: []string{"arn", "name", "fullName"},
		},
		{
			Path: "listenerRules", Kind: "rule", Many: true,
			New:        func() any { return new(elasticloadbalancingv2.CreateRuleInput) },
			ReadOnly:   elbtypes.Rule{},
			Words:      map[string][]string{"priority": {"auto", "default"}},
			Sugar:      map[string]Sugar{"tags": tags},
			Attributes: []string{"arn"},
		},
		{
			Path: "scaling", Kind: "scalable-target",
			New:        func() any { return new(applicationautoscaling.RegisterScalableTargetInput) },
			ReadOnly:   aastypes.ScalableTarget{},
			Attributes: []string{"arn"},
		},
		{
			Path: "scaling.policies", Kind: "scaling-policy", Many: true,
			New:        func() any { return new(applicationautoscaling.PutScalingPolicyInput) },
			ReadOnly:   aastypes.ScalingPolicy{},
			Attributes: []string{"arn", "name"},
		},
		{
			Path: "scaling.scheduledActions", Kind: "scheduled-action", Many: true,
			New:        func() any { return new(applicationautoscaling.PutScheduledActionInput) },
			ReadOnly:   aastypes.ScheduledAction{},
			Attributes: []string{"arn", "name"},
		},
		{
			Path: "alarms", Kind: "alarm", Many: true,
			New:      func() any { return new(cloudwatch.PutMetricAlarmInput) },
			ReadOnly: cwtypes.MetricAlarm{},
			Sugar: map[string]Sugar{
				"dimensions":                             pairs,
				"metrics[].metricStat.metric.dimensions": pairs,
				"tags":                                   tags,
			},
			Attributes: []string{"arn", "name"},
			Unions: []shape.Union{
				shape.UnionOf[cwtypes.EvaluationCriteria](&cwtypes.EvaluationCriteriaMemberPromQLCriteria{}),
				shape.UnionOf[cwtypes.EvaluationWindow](&cwtypes.EvaluationWindowMemberSlidingWindow{}, &cwtypes.EvaluationWindowMemberWallClockWindow{}),
			},
			Others: []Section{{
				Path: "alarms", Kind: "alarm", Many: true, When: "alarmRule", Form: "composite-alarm",
				New:        func() any { return new(cloudwatch.PutCompositeAlarmInput) },
				ReadOnly:   cwtypes.CompositeAlarm{},
				Sugar:      map[string]Sugar{"tags": tags},
				Required:   []string{"alarmRule"},
				Attributes: []string{"arn", "name"},
			}},
		},
	}
}
