package sandbox

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	aas "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
)

// scalingAsks: the writes take the type ScalableTarget, whose condition key is
// aws:ResourceTag, with application-autoscaling:service-namespace and
// scalable-dimension; no Describe takes a type. Application Auto Scaling also asks
// for what it will do in the caller's name: ecs:DescribeServices and
// ecs:UpdateService where a target is registered, and CloudWatch's for the alarms of
// target tracking ("Application Auto Scaling identity-based policy examples",
// "Additional permissions"; it answers "User is missing the following permissions").
func scalingAsks() map[string]asker {
	on := func(c *call, action string, resource *string, dimension types.ScalableDimension) ask {
		a := ask{"application-autoscaling:" + action, scalableTargetPrefix + "*", nil}
		if t := c.w.Scaling.Targets[aws.ToString(resource)]; t != nil {
			a.resource = aws.ToString(t.Target.ScalableTargetARN)
			a.facts = a.facts.on("", t.Tags)
		}
		a.facts = a.facts.set("application-autoscaling:service-namespace", "ecs").filled("application-autoscaling:scalable-dimension", string(dimension))
		return a
	}
	byARN := func(c *call, action string, arn *string) ask {
		a := ask{"application-autoscaling:" + action, aws.ToString(arn), nil}
		for _, t := range c.w.Scaling.Targets {
			if aws.ToString(t.Target.ScalableTargetARN) == a.resource {
				a.facts = a.facts.on("", t.Tags)
			}
		}
		return a
	}
	return map[string]asker{
		"application-autoscaling.RegisterScalableTarget": asks(func(c *call, in *aas.RegisterScalableTargetInput) []ask {
			a := on(c, "RegisterScalableTarget", in.ResourceId, in.ScalableDimension).bringing(in.Tags)
			out := []ask{a}
			if len(in.Tags) > 0 {
				out = append(out, ask{"application-autoscaling:TagResource", a.resource, facts{}.brings(in.Tags)})
			}
			if cluster, service, ok := serviceOfResource(aws.ToString(in.ResourceId)); ok {
				out = append(out, c.onService("DescribeServices", &cluster, &service)...)
				out = append(out, c.onService("UpdateService", &cluster, &service)...)
			}
			return append(out, passes("application-autoscaling.amazonaws.com", aws.ToString(in.RoleARN))...)
		}),
		"application-autoscaling.DeregisterScalableTarget": asks(func(c *call, in *aas.DeregisterScalableTargetInput) []ask {
			return []ask{on(c, "DeregisterScalableTarget", in.ResourceId, in.ScalableDimension)}
		}),
		"application-autoscaling.PutScalingPolicy": asks(func(c *call, in *aas.PutScalingPolicyInput) []ask {
			out := []ask{on(c, "PutScalingPolicy", in.ResourceId, in.ScalableDimension)}
			if in.TargetTrackingScalingPolicyConfiguration == nil {
				return out
			}
			alarms := alarmARNPrefix + "TargetTracking-" + aws.ToString(in.ResourceId) + "-*"
			return append(out, ask{"cloudwatch:DescribeAlarms", "*", nil}, ask{"cloudwatch:PutMetricAlarm", alarms, nil}, ask{"cloudwatch:DeleteAlarms", alarms, nil})
		}),
		"application-autoscaling.DeleteScalingPolicy": asks(func(c *call, in *aas.DeleteScalingPolicyInput) []ask {
			return []ask{on(c, "DeleteScalingPolicy", in.ResourceId, in.ScalableDimension)}
		}),
		"application-autoscaling.PutScheduledAction": asks(func(c *call, in *aas.PutScheduledActionInput) []ask {
			return []ask{on(c, "PutScheduledAction", in.ResourceId, in.ScalableDimension)}
		}),
		"application-autoscaling.DeleteScheduledAction": asks(func(c *call, in *aas.DeleteScheduledActionInput) []ask {
			return []ask{on(c, "DeleteScheduledAction", in.ResourceId, in.ScalableDimension)}
		}),
		"application-autoscaling.TagResource": asks(func(c *call, in *aas.TagResourceInput) []ask {
			return []ask{byARN(c, "TagResource", in.ResourceARN).bringing(in.Tags)}
		}),
		"application-autoscaling.UntagResource": asks(func(c *call, in *aas.UntagResourceInput) []ask {
			a := byARN(c, "UntagResource", in.ResourceARN)
			a.facts = a.facts.set("aws:TagKeys", in.TagKeys...)
			return []ask{a}
		}),
		"application-autoscaling.ListTagsForResource": asks(func(c *call, in *aas.ListTagsForResourceInput) []ask {
			return []ask{byARN(c, "ListTagsForResource", in.ResourceARN)}
		}),
	}
}

// arnOf makes an ARN of what may be a name already, or an ARN.
func arnOf(service, name string) string {
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	return "arn:aws:" + service + ":" + Region + ":" + Account + ":" + name
}
