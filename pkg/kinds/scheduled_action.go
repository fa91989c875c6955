package kinds

import (
	"context"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// scheduledAction is a scheduled change of the service's minimum and maximum.
type scheduledAction struct {
	attached[applicationautoscaling.PutScheduledActionInput, types.ScheduledAction]
}

func newScheduledAction(b base) *scheduledAction {
	return &scheduledAction{attached[applicationautoscaling.PutScheduledActionInput, types.ScheduledAction]{
		base: b, kind: resource.KindScheduledAction, rules: &scheduledActionRules, describe: describeActions, put: putAction, delete: deleteAction, page: 50,
		naming: attachedName{member: "scheduledActionName", what: "the scheduled action's name",
			derive: actionName, limit: maxActionName, alphabet: scheduledName},
		frame: func(in *applicationautoscaling.PutScheduledActionInput) (**string, scaled) {
			return &in.ScheduledActionName, scaled{&in.ResourceId, &in.ScalableDimension, &in.ServiceNamespace}
		},
		key: func(s *types.ScheduledAction) (attachedKey, string) {
			return attachedKey{aws.ToString(s.ResourceId), aws.ToString(s.ScheduledActionName)}, aws.ToString(s.ScheduledActionARN)
		},
	}}
}

func (*scheduledAction) Name() string { return resource.KindScheduledAction }

func (*scheduledAction) Section() spec.Section {
	return spec.Section{
		Path: "scaling.scheduledActions", Kind: resource.KindScheduledAction, Many: true,
		New:        func() any { return &applicationautoscaling.PutScheduledActionInput{} },
		ReadOnly:   types.ScheduledAction{},
		Required:   actionRequired,
		Frame:      []string{"scheduledActionName", "resourceId", "scalableDimension", "serviceNamespace"},
		Attributes: []string{"arn", "name"},
	}
}

// scheduledName is the SDK's pattern: no colon, slash, bar or control character.
var scheduledName = regexp.MustCompile(`^[^\x00-\x1f\x7f-\x9f:/| ]([^\x00-\x1f\x7f-\x9f:/|]*[^\x00-\x1f\x7f-\x9f:/| ])?$`)

// scheduledActionRules are how a scheduled action is compared.
var scheduledActionRules = tableRules(resource.KindScheduledAction, normaliseAction)

// normaliseAction: times come back in milliseconds.
func normaliseAction(v any) any {
	if in, ok := v.(*applicationautoscaling.PutScheduledActionInput); ok {
		in.StartTime, in.EndTime = seconds(in.StartTime), seconds(in.EndTime)
	}
	return v
}

func seconds(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	return aws.Time(t.UTC().Truncate(time.Second))
}

func describeActions(ctx context.Context, api awsclient.API, resourceID *string, take func(*types.ScheduledAction)) error {
	pages := applicationautoscaling.NewDescribeScheduledActionsPaginator(api.AutoScaling, &applicationautoscaling.DescribeScheduledActionsInput{
		ServiceNamespace: types.ServiceNamespaceEcs, ResourceId: resourceID, MaxResults: aws.Int32(50)})
	return eachPage(ctx, pages, func(page *applicationautoscaling.DescribeScheduledActionsOutput) {
		for i := range page.ScheduledActions {
			take(&page.ScheduledActions[i])
		}
	})
}

// putAction: of what it is not told, AWS deletes the times and keeps the rest.
// It answers with nothing.
func putAction(ctx context.Context, api awsclient.API, in *applicationautoscaling.PutScheduledActionInput) (string, error) {
	_, err := api.AutoScaling.PutScheduledAction(ctx, in)
	return "", err
}

func deleteAction(ctx context.Context, api awsclient.API, at attachedKey) error {
	_, err := api.AutoScaling.DeleteScheduledAction(ctx, &applicationautoscaling.DeleteScheduledActionInput{
		ScheduledActionName: &at.name, ResourceId: &at.resource,
		ScalableDimension: types.ScalableDimensionECSServiceDesiredCount, ServiceNamespace: types.ServiceNamespaceEcs})
	return err
}
