package sandbox

import (
	"strings"

	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// needTaggable finds out whether the resource of an ARN exists.
func (w *World) needTaggable(arn string) error {
	switch {
	case strings.Contains(arn, ":loadbalancer/"):
		_, err := w.needLoadBalancer(&arn)
		return err
	case strings.Contains(arn, ":targetgroup/"):
		if w.targetGroup(arn) == nil {
			return refuse("TargetGroupNotFound", "Target groups '[%s]' not found", arn)
		}
	case strings.Contains(arn, ":listener-rule/"):
		if w.rule(arn) == nil {
			return refuse("RuleNotFound", "Rules '[%s]' not found", arn)
		}
	case strings.Contains(arn, ":listener/"):
		if w.listener(arn) == nil {
			return refuse("ListenerNotFound", "Listeners '[%s]' not found", arn)
		}
	default:
		return refuse("ValidationError", "'%s' is not a valid resource ARN", arn)
	}
	return nil
}

// checkTaggables refuses more ARNs than one call takes (SDK doc comment: up to
// 20) and those of nothing.
func (w *World) checkTaggables(arns []string) error {
	if len(arns) == 0 || len(arns) > 20 {
		return refuse("ValidationError", "1 validation error detected: Value at 'resourceArns' failed to satisfy constraint: Member must have length between 1 and 20")
	}
	for _, arn := range arns {
		if err := w.needTaggable(arn); err != nil {
			return err
		}
	}
	return nil
}

func addELBTags(c *call, in *elbv2.AddTagsInput) (*elbv2.AddTagsOutput, error) {
	if err := c.w.checkTaggables(in.ResourceArns); err != nil {
		return nil, err
	}
	for _, arn := range in.ResourceArns {
		if err := c.w.checkELBTags(arn, in.Tags); err != nil {
			return nil, err
		}
	}
	for _, arn := range in.ResourceArns {
		c.w.setELBTags(arn, in.Tags)
	}
	return &elbv2.AddTagsOutput{}, nil
}

func removeELBTags(c *call, in *elbv2.RemoveTagsInput) (*elbv2.RemoveTagsOutput, error) {
	if err := c.w.checkTaggables(in.ResourceArns); err != nil {
		return nil, err
	}
	for _, arn := range in.ResourceArns {
		for _, k := range in.TagKeys {
			delete(c.w.ELB.Tags[arn], k)
		}
	}
	return &elbv2.RemoveTagsOutput{}, nil
}

func describeELBTags(c *call, in *elbv2.DescribeTagsInput) (*elbv2.DescribeTagsOutput, error) {
	if err := c.w.checkTaggables(in.ResourceArns); err != nil {
		return nil, err
	}
	out := &elbv2.DescribeTagsOutput{TagDescriptions: []elbtypes.TagDescription{}}
	for _, arn := range in.ResourceArns {
		out.TagDescriptions = append(out.TagDescriptions, elbtypes.TagDescription{ResourceArn: aws.String(arn), Tags: sortedTags(c.w.ELB.Tags[arn])})
	}
	return out, nil
}
