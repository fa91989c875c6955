package sandbox

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
)

// scalingWorld is what Application Auto Scaling remembers.
type scalingWorld struct {
	Targets    map[string]*scalableTarget  // by resource id
	Policies   map[string]*scalingPolicy   // by scalingKey(resource, name)
	Actions    map[string]*scheduledAction // by scalingKey(resource, name)
	Activities []types.ScalingActivity     // oldest first, bounded
}

// scalableTarget is an ECS service that may be scaled. The sandbox knows one
// namespace and one dimension, so the resource id is the identity.
type scalableTarget struct {
	Target types.ScalableTarget
	Tags   map[string]string
}

// scalingPolicy is a policy and when it last acted.
type scalingPolicy struct {
	Policy  types.ScalingPolicy
	LastOut *scalingMark
	LastIn  *scalingMark
}

// scheduledAction is an action and which of its timers is the live one.
type scheduledAction struct {
	Action     types.ScheduledAction
	Generation int64
}

// maxActivities bounds the activities: the world must fit into its state file.
const maxActivities = 500

const (
	scalingNamespace = types.ServiceNamespaceEcs
	scalingDimension = types.ScalableDimensionECSServiceDesiredCount
	scalingRole      = "arn:aws:iam::" + Account + ":role/aws-service-role/ecs.application-autoscaling.amazonaws.com/" +
		"AWSServiceRoleForApplicationAutoScaling_ECSService"
	scalableTargetPrefix = "arn:aws:application-autoscaling:" + Region + ":" + Account + ":scalable-target/"
)

// seedScaling gives the documented world its scalable targets: none.
func (w *World) seedScaling() {
	w.Scaling = scalingWorld{
		Targets:  map[string]*scalableTarget{},
		Policies: map[string]*scalingPolicy{},
		Actions:  map[string]*scheduledAction{},
	}
}

// scalingOperations are the operations of Application Auto Scaling.
func scalingOperations() []operation {
	const aas = "application-autoscaling"
	return []operation{
		op(aas, "RegisterScalableTarget", true, registerScalableTarget),
		op(aas, "DescribeScalableTargets", false, describeScalableTargets),
		op(aas, "DeregisterScalableTarget", true, deregisterScalableTarget),
		op(aas, "PutScalingPolicy", true, putScalingPolicy),
		op(aas, "DescribeScalingPolicies", false, describeScalingPolicies),
		op(aas, "DeleteScalingPolicy", true, deleteScalingPolicy),
		op(aas, "PutScheduledAction", true, putScheduledAction),
		op(aas, "DescribeScheduledActions", false, describeScheduledActions),
		op(aas, "DeleteScheduledAction", true, deleteScheduledAction),
		op(aas, "DescribeScalingActivities", false, describeScalingActivities),
		op(aas, "TagResource", true, tagScalableTarget),
		op(aas, "UntagResource", true, untagScalableTarget),
		op(aas, "ListTagsForResource", false, listScalableTargetTags),
	}
}

// scalingTimers are what Application Auto Scaling does by itself.
func scalingTimers() map[string]func(*World, string) {
	return map[string]func(*World, string){timerSchedule: (*World).scheduleDue}
}

// scalingKey names a policy or action of a resource; '|' is in neither.
func scalingKey(resource, name string) string { return resource + "|" + name }

// scalingTaggables are the scalable targets, for the tagging API.
func (w *World) scalingTaggables(yield func(taggable) bool) bool {
	for _, t := range w.Scaling.Targets {
		if !yield(taggable{arn: aws.ToString(t.Target.ScalableTargetARN), kind: "application-autoscaling:scalable-target", set: t.Tags}) {
			return false
		}
	}
	return true
}

// serviceDeleted takes along what hangs on an ECS service that is gone: AWS
// deregisters its scalable target (eagletmt/hako#69, terraform-provider-aws#10432).
func (w *World) serviceDeleted(cluster, service string) {
	w.forgetScalableTarget("service/" + cluster + "/" + service)
}

// forgetScalableTarget removes a target with its policies, their alarms, and
// its scheduled actions.
func (w *World) forgetScalableTarget(resource string) {
	delete(w.Scaling.Targets, resource)
	for _, key := range w.policiesOf(resource) {
		w.forgetPolicy(key)
	}
	for key := range w.Scaling.Actions {
		if strings.HasPrefix(key, resource+"|") {
			delete(w.Scaling.Actions, key)
		}
	}
}

// serviceOfResource splits "service/cluster/name".
func serviceOfResource(resource string) (cluster, service string, ok bool) {
	parts := strings.Split(resource, "/")
	if len(parts) != 3 || parts[0] != "service" || parts[1] == "" || parts[2] == "" {
		return "", "", false
	}
	return parts[1], parts[2], true
}

// checkScalingNames refuses what is not the desired count of an ECS service.
// Every operation names these three, describes only the namespace.
func checkScalingNames(namespace types.ServiceNamespace, resource *string, dimension types.ScalableDimension) error {
	if namespace == "" {
		return scalingNull("serviceNamespace")
	}
	if resource == nil {
		return scalingNull("resourceId")
	}
	if dimension == "" {
		return scalingNull("scalableDimension")
	}
	if _, _, ok := serviceOfResource(*resource); !ok || namespace != scalingNamespace || dimension != scalingDimension {
		return refuse("ValidationException", "Unsupported service namespace, resource type or scalable dimension")
	}
	return nil
}

func scalingNull(member string) error {
	return refuse("ValidationException", "1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null", member)
}

// noScaling words what is not there as AWS does ("No scalable target registered
// for service namespace: ecs, resource ID: …, scalable dimension: …").
func noScaling(what, resource, rest string) error {
	return refuse("ObjectNotFoundException", "No %s for service namespace: %s, resource ID: %s, scalable dimension: %s%s",
		what, scalingNamespace, resource, scalingDimension, rest)
}

// scalingPage checks what every describe has in common, and cuts its page of keys that are
// in order.
func scalingPage(namespace types.ServiceNamespace, resource *string, dimension types.ScalableDimension, keys []string, token *string, limit *int32, most int) (page []string, next *string, err error) {
	if namespace == "" {
		return nil, nil, scalingNull("serviceNamespace")
	}
	if dimension != "" && resource == nil {
		return nil, nil, refuse("ValidationException", "The parameter ResourceId must be specified when ScalableDimension is specified")
	}
	if limit != nil && (*limit < 1 || int(*limit) > most) {
		return nil, nil, refuse("ValidationException", "1 validation error detected: Value '%d' at 'maxResults' failed to satisfy constraint: "+
			"Member must have value between 1 and %d", *limit, most)
	}
	if namespace != scalingNamespace || dimension != "" && dimension != scalingDimension {
		return nil, nil, nil
	}
	if page, next, err = nextPage(keys, token, limit, most); err != nil {
		return nil, nil, refuse("InvalidNextTokenException", "Invalid next token")
	}
	return page, next, nil
}

// noteScaling records an activity.
func (w *World) noteScaling(resource, description, cause, message string, status types.ScalingActivityStatusCode) {
	w.Scaling.Activities = append(w.Scaling.Activities, types.ScalingActivity{
		ActivityId: aws.String(w.uuid()), Cause: aws.String(cause), Description: aws.String(description),
		ResourceId: aws.String(resource), ScalableDimension: scalingDimension, ServiceNamespace: scalingNamespace,
		StartTime: aws.Time(w.Clock), EndTime: aws.Time(w.Clock), StatusCode: status, StatusMessage: aws.String(message),
	})
	if extra := len(w.Scaling.Activities) - maxActivities; extra > 0 {
		w.Scaling.Activities = slices.Clone(w.Scaling.Activities[extra:])
	}
}
