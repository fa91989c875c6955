package kinds

import (
	"cmp"
	"context"
	"reflect"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// scalingPolicy is a policy of the service's scalable target.
type scalingPolicy struct {
	attached[applicationautoscaling.PutScalingPolicyInput, types.ScalingPolicy]
}

func newScalingPolicy(b base) *scalingPolicy {
	return &scalingPolicy{attached[applicationautoscaling.PutScalingPolicyInput, types.ScalingPolicy]{
		base: b, kind: resource.KindScalingPolicy, rules: &scalingPolicyRules, describe: describePolicies, put: putPolicy, delete: deletePolicy, page: 10,
		anew: func(live, want *applicationautoscaling.PutScalingPolicyInput) bool {
			return live.PolicyType != want.PolicyType
		},
		naming: attachedName{member: "policyName", what: "the policy name", derive: pathName, limit: maxPolicyName},
		frame: func(in *applicationautoscaling.PutScalingPolicyInput) (**string, scaled) {
			return &in.PolicyName, scaled{&in.ResourceId, &in.ScalableDimension, &in.ServiceNamespace}
		},
		key: func(p *types.ScalingPolicy) (attachedKey, string) {
			return attachedKey{aws.ToString(p.ResourceId), aws.ToString(p.PolicyName)}, aws.ToString(p.PolicyARN)
		},
	}}
}

func (*scalingPolicy) Name() string { return resource.KindScalingPolicy }

func (*scalingPolicy) Section() spec.Section {
	dimension := spec.Sugar{Key: "name", Value: "value"}
	return spec.Section{
		Path: "scaling.policies", Kind: resource.KindScalingPolicy, Many: true,
		New:        func() any { return &applicationautoscaling.PutScalingPolicyInput{} },
		ReadOnly:   types.ScalingPolicy{},
		Required:   policyRequired,
		Frame:      []string{"policyName", "resourceId", "scalableDimension", "serviceNamespace"},
		Attributes: []string{"arn", "name"},
		Sugar: map[string]spec.Sugar{
			"targetTrackingScalingPolicyConfiguration.customizedMetricSpecification.dimensions":                             dimension,
			"targetTrackingScalingPolicyConfiguration.customizedMetricSpecification.metrics[].metricStat.metric.dimensions": dimension,
		},
	}
}

// Excludes: "Only one TargetTrackingScaling policy for a given metric specification
// is allowed", as PutScalingPolicy answers (hashicorp/terraform-provider-aws#41179).
func (*scalingPolicy) Excludes(want *resource.Object, live *resource.Live) string {
	w, wanted := want.Want.(*applicationautoscaling.PutScalingPolicyInput)
	l, found := live.Value.(*applicationautoscaling.PutScalingPolicyInput)
	if !wanted || !found || w.TargetTrackingScalingPolicyConfiguration == nil || l.TargetTrackingScalingPolicyConfiguration == nil {
		return ""
	}
	if !reflect.DeepEqual(trackedMetric(w), trackedMetric(l)) {
		return ""
	}
	return "AWS allows one target tracking policy for each metric"
}

// trackedMetric is what a target tracking policy watches, and nothing else.
func trackedMetric(in *applicationautoscaling.PutScalingPolicyInput) *types.TargetTrackingScalingPolicyConfiguration {
	t := in.TargetTrackingScalingPolicyConfiguration
	out := shape.Clone(&types.TargetTrackingScalingPolicyConfiguration{
		PredefinedMetricSpecification: t.PredefinedMetricSpecification, CustomizedMetricSpecification: t.CustomizedMetricSpecification})
	if c := out.CustomizedMetricSpecification; c != nil {
		slices.SortFunc(c.Dimensions, func(a, b types.MetricDimension) int { return cmp.Compare(aws.ToString(a.Name), aws.ToString(b.Name)) })
		slices.SortFunc(c.Metrics, func(a, b types.TargetTrackingMetricDataQuery) int {
			return cmp.Compare(aws.ToString(a.Id), aws.ToString(b.Id))
		})
		for i := range c.Metrics {
			if c.Metrics[i].ReturnData == nil { // omitted means true
				c.Metrics[i].ReturnData = aws.Bool(true)
			}
		}
	}
	return out
}

const tracking = "targetTrackingScalingPolicyConfiguration"

// scalingPolicyRules are how a scaling policy is compared.
var scalingPolicyRules = tableRules(resource.KindScalingPolicy, nil)

func describePolicies(ctx context.Context, api awsclient.API, resourceID *string, take func(*types.ScalingPolicy)) error {
	pages := applicationautoscaling.NewDescribeScalingPoliciesPaginator(api.AutoScaling, &applicationautoscaling.DescribeScalingPoliciesInput{
		ServiceNamespace: types.ServiceNamespaceEcs, ResourceId: resourceID, MaxResults: aws.Int32(10)}) // AWS' limit
	return eachPage(ctx, pages, func(page *applicationautoscaling.DescribeScalingPoliciesOutput) {
		for i := range page.ScalingPolicies {
			take(&page.ScalingPolicies[i])
		}
	})
}

// putPolicy: "Any parameters that you don't specify are not changed" (PutScalingPolicy).
func putPolicy(ctx context.Context, api awsclient.API, in *applicationautoscaling.PutScalingPolicyInput) (string, error) {
	out, err := api.AutoScaling.PutScalingPolicy(ctx, in)
	if err != nil {
		return "", err
	}
	return aws.ToString(out.PolicyARN), nil
}

func deletePolicy(ctx context.Context, api awsclient.API, at attachedKey) error {
	_, err := api.AutoScaling.DeleteScalingPolicy(ctx, &applicationautoscaling.DeleteScalingPolicyInput{
		PolicyName: &at.name, ResourceId: &at.resource,
		ScalableDimension: types.ScalableDimensionECSServiceDesiredCount, ServiceNamespace: types.ServiceNamespaceEcs})
	return err
}
