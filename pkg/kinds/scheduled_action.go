package kinds

import (
	"context"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// scheduledAction is a scheduled change of the service's minimum and maximum.
// It carries no tags: its name says whose it is.
type scheduledAction struct{ base }

func newScheduledAction(b base) *scheduledAction { return &scheduledAction{base: b} }

func (*scheduledAction) Name() string   { return resource.KindScheduledAction }
func (*scheduledAction) Taggable() bool { return false }

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

func (*scheduledAction) Complete(f resource.Frame, u *resource.Unit, o *resource.Object) []spec.Problem {
	in := o.Want.(*applicationautoscaling.PutScheduledActionInput)
	if aws.ToString(in.ScheduledActionName) == "" {
		in.ScheduledActionName = aws.String(actionName(f, u, o.ID.Name))
	}
	problems := nameProblems(u, o, "scheduledActionName", "the scheduled action's name", *in.ScheduledActionName, maxActionName, scheduledName)
	want, more := completeScaled(u, o, scaled{in.ResourceId, in.ScalableDimension, in.ServiceNamespace})
	in.ResourceId, in.ScalableDimension, in.ServiceNamespace = want.resourceID, want.dimension, want.namespace
	o.Need(unitID(u, resource.KindScalableTarget, ""))
	return append(problems, more...)
}

func (*scheduledAction) Content(*resource.Object) []byte { return nil }

func (*scheduledAction) Attributes(o *resource.Object) map[string]string {
	return map[string]string{"name": aws.ToString(o.Want.(*applicationautoscaling.PutScheduledActionInput).ScheduledActionName)}
}

// scheduledActionRules are how a scheduled action is compared. Times come back
// in milliseconds.
var scheduledActionRules = diff.Rules{
	Defaults: map[string]any{"timezone": "UTC"}, // "Scheduled actions … default time zone is UTC"
	Absent:   map[string]bool{"": true},
	Ignored:  scaledIgnored,
	Effects:  map[string]diff.Effect{"": diff.InPlace, "scheduledActionName": diff.Replacement},
	Normalise: func(v any) any {
		if in, ok := v.(*applicationautoscaling.PutScheduledActionInput); ok {
			in.StartTime, in.EndTime = seconds(in.StartTime), seconds(in.EndTime)
		}
		return v
	},
}

func seconds(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	return aws.Time(t.UTC().Truncate(time.Second))
}

func (*scheduledAction) Diff(o *resource.Object, l *resource.Live, c resource.Compare) []diff.Change {
	return compare(&scheduledActionRules, o, l, c)
}

func keyOfAction(o *resource.Object) policyKey {
	in, _ := o.Want.(*applicationautoscaling.PutScheduledActionInput)
	if in == nil {
		return policyKey{scaledService(o, nil), ""}
	}
	return policyKey{scaledService(o, in.ResourceId), aws.ToString(in.ScheduledActionName)}
}

func (k *scheduledAction) Observe(ctx context.Context, q resource.Query) map[resource.ID]resource.Live {
	a := ask(q)
	c, err := k.clients(ctx, q.Target)
	if err != nil {
		return a.fail(q, err)
	}
	observeScaled(q, a, keyOfAction, func(resourceID *string, into func(policyKey, *types.ScheduledAction)) error {
		return describeActions(ctx, c, resourceID, into)
	}, actionLive)
	return a.by
}

func describeActions(ctx context.Context, c *awsclient.Clients, resourceID *string, into func(policyKey, *types.ScheduledAction)) error {
	pages := applicationautoscaling.NewDescribeScheduledActionsPaginator(c.Read.AutoScaling, &applicationautoscaling.DescribeScheduledActionsInput{
		ServiceNamespace: types.ServiceNamespaceEcs, ResourceId: resourceID, MaxResults: aws.Int32(50)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for i := range page.ScheduledActions {
			s := &page.ScheduledActions[i]
			into(policyKey{aws.ToString(s.ResourceId), aws.ToString(s.ScheduledActionName)}, s)
		}
	}
	return nil
}

func actionLive(id resource.ID, s *types.ScheduledAction) resource.Live {
	in := &applicationautoscaling.PutScheduledActionInput{}
	shape.Project(in, s)
	arn, name := aws.ToString(s.ScheduledActionARN), aws.ToString(s.ScheduledActionName)
	return resource.Live{ID: id, Presence: resource.Present, ARN: arn, Name: name, Value: in,
		Attrs: map[string]string{"arn": arn, "name": name}}
}

// Create puts the action.
func (k *scheduledAction) Create(ctx context.Context, w resource.Write) (resource.Live, error) {
	return k.put(ctx, w)
}

// Update puts the whole action again, with the defaults that it returns to.
func (k *scheduledAction) Update(ctx context.Context, w resource.Write) (resource.Live, error) {
	return k.put(ctx, w)
}

// put writes the action. AWS answers with nothing, so its ARN is read; what
// that costs in failures is only the ARN, which the next pass has.
func (k *scheduledAction) put(ctx context.Context, w resource.Write) (resource.Live, error) {
	c, err := k.clients(ctx, w.Object.ID.Target)
	if err != nil {
		return resource.Live{}, err
	}
	// Of what it is not told, AWS deletes the times and keeps the rest.
	in, err := settled(w, shape.Clone(w.Object.Want.(*applicationautoscaling.PutScheduledActionInput)))
	if err != nil {
		return resource.Live{}, err
	}
	if _, err := c.Write.AutoScaling.PutScheduledAction(ctx, in); err != nil {
		return resource.Live{}, lagging(err)
	}
	l := resource.Live{ID: w.Object.ID, Presence: resource.Present, ARN: w.Live.ARN, Name: aws.ToString(in.ScheduledActionName), Value: in}
	if l.ARN == "" {
		at := keyOfAction(&w.Object)
		// Best effort: the action is written, whatever this read says.
		if err := describeActions(ctx, c, &at.resource, func(key policyKey, s *types.ScheduledAction) {
			if key == at {
				l.ARN = aws.ToString(s.ScheduledActionARN)
			}
		}); err != nil {
			l.ARN = ""
		}
	}
	l.Attrs = map[string]string{"arn": l.ARN, "name": l.Name}
	return l, nil
}

// Delete removes the action.
func (k *scheduledAction) Delete(ctx context.Context, w resource.Write) error {
	c, err := k.clients(ctx, w.Object.ID.Target)
	if err != nil {
		return err
	}
	at := keyOfAction(&w.Object)
	_, err = c.Write.AutoScaling.DeleteScheduledAction(ctx, &applicationautoscaling.DeleteScheduledActionInput{
		ScheduledActionName: &at.name, ResourceId: &at.resource,
		ScalableDimension: types.ScalableDimensionECSServiceDesiredCount, ServiceNamespace: types.ServiceNamespaceEcs})
	return gone(err)
}
