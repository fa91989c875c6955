package kinds

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// scalingPolicy is a policy of the service's scalable target.
type scalingPolicy struct {
	attached[applicationautoscaling.PutScalingPolicyInput, types.ScalingPolicy]
}

func newScalingPolicy(b base) *scalingPolicy {
	return &scalingPolicy{attached[applicationautoscaling.PutScalingPolicyInput, types.ScalingPolicy]{
		base: b, kind: resource.KindScalingPolicy, rules: &scalingPolicyRules, describe: describePolicies, put: putPolicy, delete: deletePolicy, page: 10,
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
