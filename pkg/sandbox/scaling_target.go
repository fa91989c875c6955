package sandbox

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
)

// registerScalableTarget registers, or updates only what is given; in both
// cases the desired count is pulled into the bounds, even when they are not in
// the request. Tags are for the first registration only.
func registerScalableTarget(c *call, in *applicationautoscaling.RegisterScalableTargetInput) (*applicationautoscaling.RegisterScalableTargetOutput, error) {
	if err := checkScalingNames(in.ServiceNamespace, in.ResourceId, in.ScalableDimension); err != nil {
		return nil, err
	}
	resource := *in.ResourceId
	cluster, service, _ := serviceOfResource(resource)
	if _, ok := c.w.serviceDesired(cluster, service); !ok {
		return nil, refuse("ValidationException", "ECS service doesn't exist: %s", resource)
	}
	t := c.w.Scaling.Targets[resource]
	var next types.ScalableTarget
	if t != nil {
		next = t.Target
	}
	if in.MinCapacity != nil {
		next.MinCapacity = in.MinCapacity
	}
	if in.MaxCapacity != nil {
		next.MaxCapacity = in.MaxCapacity
	}
	if err := checkCapacity(next.MinCapacity, next.MaxCapacity, t == nil); err != nil {
		return nil, err
	}
	next.SuspendedState = mergeSuspended(next.SuspendedState, in.SuspendedState)
	if t != nil && len(in.Tags) > 0 { // terraform-provider-aws#31839 quotes this
		return nil, refuse("ValidationException", "The scalable target that you tried to tag already exists. To update tags on an existing scalable target, use the TagResource API.")
	}
	if t == nil {
		if err := checkScalingTags(in.Tags); err != nil {
			return nil, err
		}
		next.CreationTime = aws.Time(c.w.Clock)
		next.ResourceId, next.ScalableDimension, next.ServiceNamespace = in.ResourceId, scalingDimension, scalingNamespace
		next.RoleARN = aws.String(scalingRole)
		next.ScalableTargetARN = aws.String(scalableTargetPrefix + c.w.hexID(36))
		t = &scalableTarget{Tags: maps.Clone(in.Tags)}
		c.w.Scaling.Targets[resource] = t
		if c.w.derived.targets != nil {
			c.w.derived.targets[*next.ScalableTargetARN] = resource
		}
	}
	t.Target = next
	c.w.pullIntoBounds(t)
	return &applicationautoscaling.RegisterScalableTargetOutput{ScalableTargetARN: t.Target.ScalableTargetARN}, nil
}

func checkCapacity(low, high *int32, fresh bool) error {
	if fresh && (low == nil || high == nil) {
		return refuse("ValidationException", "Both minimum capacity and maximum capacity must be specified to register a new scalable target")
	}
	if *low < 0 || *high < 0 {
		return refuse("ValidationException", "Minimum capacity and maximum capacity must not be negative")
	}
	if *high < *low {
		return refuse("ValidationException", "Maximum capacity cannot be less than minimum capacity")
	}
	return nil
}

// mergeSuspended reads back all three, false where nothing was said.
func mergeSuspended(old, given *types.SuspendedState) *types.SuspendedState {
	out := types.SuspendedState{DynamicScalingInSuspended: aws.Bool(false), DynamicScalingOutSuspended: aws.Bool(false), ScheduledScalingSuspended: aws.Bool(false)}
	for _, s := range []*types.SuspendedState{old, given} {
		if s == nil {
			continue
		}
		if s.DynamicScalingInSuspended != nil {
			out.DynamicScalingInSuspended = s.DynamicScalingInSuspended
		}
		if s.DynamicScalingOutSuspended != nil {
			out.DynamicScalingOutSuspended = s.DynamicScalingOutSuspended
		}
		if s.ScheduledScalingSuspended != nil {
			out.ScheduledScalingSuspended = s.ScheduledScalingSuspended
		}
	}
	return &out
}

// pullIntoBounds sets the desired count when it is outside.
func (w *World) pullIntoBounds(t *scalableTarget) {
	cluster, service, _ := serviceOfResource(*t.Target.ResourceId)
	current, ok := w.serviceDesired(cluster, service)
	if !ok {
		return
	}
	low, high := *t.Target.MinCapacity, *t.Target.MaxCapacity
	switch {
	case current < low:
		w.scaleTo(t, low, fmt.Sprintf("minimum capacity was set to %d", low))
	case current > high:
		w.scaleTo(t, high, fmt.Sprintf("maximum capacity was set to %d", high))
	}
}

// scaleTo sets the desired count and notes it.
func (w *World) scaleTo(t *scalableTarget, n int32, cause string) {
	cluster, service, _ := serviceOfResource(*t.Target.ResourceId)
	w.setServiceDesired(cluster, service, n)
	w.noteScaling(*t.Target.ResourceId, fmt.Sprintf("Setting desired count to %d.", n), cause,
		fmt.Sprintf("Successfully set desired count to %d. Change successfully fulfilled by ecs.", n),
		types.ScalingActivityStatusCodeSuccessful)
}

func describeScalableTargets(c *call, in *applicationautoscaling.DescribeScalableTargetsInput) (*applicationautoscaling.DescribeScalableTargetsOutput, error) {
	var keys []string
	if len(in.ResourceIds) == 0 {
		keys = slices.Sorted(maps.Keys(c.w.Scaling.Targets))
	} else {
		keys = slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(in.ResourceIds))), func(id string) bool { return c.w.Scaling.Targets[id] == nil })
	}
	var resource *string
	if len(in.ResourceIds) > 0 {
		resource = &in.ResourceIds[0]
	}
	if len(in.ResourceIds) > 50 {
		return nil, refuse("ValidationException", "1 validation error detected: Value at 'resourceIds' failed to satisfy constraint: "+
			"Member must have length less than or equal to 50")
	}
	page, next, err := scalingPage(in.ServiceNamespace, resource, in.ScalableDimension, keys, in.NextToken, in.MaxResults, 50)
	if err != nil {
		return nil, err
	}
	out := &applicationautoscaling.DescribeScalableTargetsOutput{ScalableTargets: []types.ScalableTarget{}, NextToken: next}
	for _, id := range page {
		out.ScalableTargets = append(out.ScalableTargets, c.w.Scaling.Targets[id].Target)
	}
	return out, nil
}

func deregisterScalableTarget(c *call, in *applicationautoscaling.DeregisterScalableTargetInput) (*applicationautoscaling.DeregisterScalableTargetOutput, error) {
	if err := checkScalingNames(in.ServiceNamespace, in.ResourceId, in.ScalableDimension); err != nil {
		return nil, err
	}
	if c.w.Scaling.Targets[*in.ResourceId] == nil {
		return nil, noScaling("scalable target found", *in.ResourceId, "")
	}
	c.w.forgetScalableTarget(*in.ResourceId)
	return &applicationautoscaling.DeregisterScalableTargetOutput{}, nil
}

// describeScalingActivities answers the newest first.
func describeScalingActivities(c *call, in *applicationautoscaling.DescribeScalingActivitiesInput) (*applicationautoscaling.DescribeScalingActivitiesOutput, error) {
	if _, _, err := scalingPage(in.ServiceNamespace, in.ResourceId, in.ScalableDimension, nil, nil, in.MaxResults, 50); err != nil {
		return nil, err
	}
	start, err := offsetToken(in.NextToken)
	if err != nil {
		return nil, refuse("InvalidNextTokenException", "Invalid next token")
	}
	var all []types.ScalingActivity
	for _, a := range slices.Backward(c.w.Scaling.Activities) {
		if (in.ResourceId == nil || *in.ResourceId == *a.ResourceId) && in.ServiceNamespace == scalingNamespace {
			all = append(all, a)
		}
	}
	limit := 50
	if in.MaxResults != nil {
		limit = int(*in.MaxResults)
	}
	all = all[min(start, len(all)):]
	out := &applicationautoscaling.DescribeScalingActivitiesOutput{ScalingActivities: list(all)}
	if len(all) > limit {
		out.ScalingActivities, out.NextToken = list(all[:limit]), newOffsetToken(start+limit)
	}
	return out, nil
}

// taggedTarget finds a scalable target by ARN.
func (w *World) taggedTarget(arn *string) (*scalableTarget, error) {
	if w.derived.targets == nil {
		w.derived.targets = map[string]string{}
		for resource, t := range w.Scaling.Targets {
			w.derived.targets[aws.ToString(t.Target.ScalableTargetARN)] = resource
		}
	}
	if t := w.Scaling.Targets[w.derived.targets[aws.ToString(arn)]]; t != nil && aws.ToString(t.Target.ScalableTargetARN) == aws.ToString(arn) {
		return t, nil
	}
	return nil, refuse("ResourceNotFoundException", "The scalable target %s does not exist", aws.ToString(arn))
}

func checkScalingTags(tags map[string]string) error {
	if len(tags) > 50 {
		return refuse("TooManyTagsException", "A scalable target can have at most 50 tags")
	}
	for k := range tags {
		if k == "" || len(k) > 128 || strings.HasPrefix(strings.ToLower(k), "aws:") {
			return refuse("ValidationException", "Invalid tag key: %s", k)
		}
	}
	return nil
}

func tagScalableTarget(c *call, in *applicationautoscaling.TagResourceInput) (*applicationautoscaling.TagResourceOutput, error) {
	t, err := c.w.taggedTarget(in.ResourceARN)
	if err != nil {
		return nil, err
	}
	tags := map[string]string{}
	maps.Copy(tags, t.Tags)
	maps.Copy(tags, in.Tags)
	if err := checkScalingTags(tags); err != nil {
		return nil, err
	}
	t.Tags = tags
	return &applicationautoscaling.TagResourceOutput{}, nil
}

func untagScalableTarget(c *call, in *applicationautoscaling.UntagResourceInput) (*applicationautoscaling.UntagResourceOutput, error) {
	t, err := c.w.taggedTarget(in.ResourceARN)
	if err != nil {
		return nil, err
	}
	for _, k := range in.TagKeys {
		delete(t.Tags, k)
	}
	return &applicationautoscaling.UntagResourceOutput{}, nil
}

func listScalableTargetTags(c *call, in *applicationautoscaling.ListTagsForResourceInput) (*applicationautoscaling.ListTagsForResourceOutput, error) {
	t, err := c.w.taggedTarget(in.ResourceARN)
	if err != nil {
		return nil, err
	}
	tags := map[string]string{}
	maps.Copy(tags, t.Tags)
	return &applicationautoscaling.ListTagsForResourceOutput{Tags: tags}, nil
}
