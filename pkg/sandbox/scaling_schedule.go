package sandbox

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
)

// timerSchedule is the next time of a scheduled action; its key is the action's
// key and generation.
const timerSchedule = "scaling.schedule"

// putScheduledAction makes an action or changes what is given; start and end
// times that are not given are deleted (SDK comment of PutScheduledAction).
func putScheduledAction(c *call, in *applicationautoscaling.PutScheduledActionInput) (*applicationautoscaling.PutScheduledActionOutput, error) {
	if err := checkScalingNames(in.ServiceNamespace, in.ResourceId, in.ScalableDimension); err != nil {
		return nil, err
	}
	resource, name := *in.ResourceId, aws.ToString(in.ScheduledActionName)
	if name == "" || len(name) > 256 || strings.ContainsAny(name, ":/|") || strings.TrimSpace(name) != name {
		return nil, refuse("ValidationException", "1 validation error detected: Value '%s' at 'scheduledActionName' failed to satisfy constraint: "+
			"Member must satisfy regular expression pattern: (?!((^[ ]+.*)|(.*([\\u0000-\\u001f]|[\\u007f-\\u009f]|[:/|])+.*)|(.*[ ]+$))).+", name)
	}
	if c.w.Scaling.Targets[resource] == nil {
		return nil, noScaling("scalable target registered", resource, "")
	}
	key := scalingKey(resource, name)
	a := c.w.Scaling.Actions[key]
	next := types.ScheduledAction{CreationTime: aws.Time(c.w.Clock), ResourceId: in.ResourceId, ScheduledActionName: in.ScheduledActionName,
		ScalableDimension: scalingDimension, ServiceNamespace: scalingNamespace}
	if a != nil {
		next = a.Action
	} else {
		next.ScheduledActionARN = aws.String("arn:aws:autoscaling:" + Region + ":" + Account + ":scheduledAction:" + c.w.uuid() +
			":resource/ecs/" + resource + ":scheduledActionName/" + name)
	}
	next.StartTime, next.EndTime = in.StartTime, in.EndTime
	if in.Schedule != nil {
		next.Schedule = in.Schedule
	}
	if in.Timezone != nil {
		next.Timezone = in.Timezone
	}
	if in.ScalableTargetAction != nil {
		next.ScalableTargetAction = in.ScalableTargetAction
	}
	if err := checkScheduledAction(&next); err != nil {
		return nil, err
	}
	if a == nil {
		a = &scheduledAction{}
		c.w.Scaling.Actions[key] = a
	}
	a.Action = next
	c.w.planAction(key, a)
	return &applicationautoscaling.PutScheduledActionOutput{}, nil
}

func checkScheduledAction(a *types.ScheduledAction) error {
	if a.Schedule == nil {
		return refuse("ValidationException", "Schedule is required to create a scheduled action")
	}
	t := a.ScalableTargetAction
	if t == nil || t.MinCapacity == nil && t.MaxCapacity == nil {
		return refuse("ValidationException", "At least one of minimum capacity and maximum capacity should be provided")
	}
	if t.MinCapacity != nil && t.MaxCapacity != nil {
		if err := checkCapacity(t.MinCapacity, t.MaxCapacity, false); err != nil {
			return err
		}
	}
	if a.StartTime != nil && a.EndTime != nil && !a.EndTime.After(*a.StartTime) {
		return refuse("ValidationException", "End time must be later than start time")
	}
	if _, err := parseSchedule(*a.Schedule, aws.ToString(a.Timezone)); err != nil {
		return schedulingError(err)
	}
	return nil
}

// schedulingError is a refusal, whatever part of the parser found the fault.
func schedulingError(err error) error {
	var e *apiError
	if errors.As(err, &e) {
		return e
	}
	return refuse("ValidationException", "%v", err)
}

// planAction sets the timer of the next time; older timers find another
// generation and do nothing.
func (w *World) planAction(key string, a *scheduledAction) {
	w.Serial++
	a.Generation = w.Serial
	s, err := parseSchedule(*a.Action.Schedule, aws.ToString(a.Action.Timezone))
	if err != nil { // checked when it was put
		return
	}
	base := *a.Action.CreationTime
	if a.Action.StartTime != nil {
		base = *a.Action.StartTime
	}
	// "If you specify a start time, Application Auto Scaling performs the action at
	// this time, and then performs the action based on the specified recurrence"
	// (user guide, "Schedule recurring scaling actions using cron expressions").
	next, ok := base, a.Action.StartTime != nil && base.After(w.Clock)
	if !ok {
		next, ok = s.next(w.Clock, base)
	}
	if !ok || a.Action.EndTime != nil && next.After(*a.Action.EndTime) {
		return
	}
	w.after(next.Sub(w.Clock), timerSchedule, key+"|"+strconv.FormatInt(a.Generation, 10))
}

// scheduleDue runs an action whose time has come, and plans the next time.
func (w *World) scheduleDue(timerKey string) {
	i := strings.LastIndexByte(timerKey, '|')
	key, generation := timerKey[:i], timerKey[i+1:]
	a := w.Scaling.Actions[key]
	if a == nil || strconv.FormatInt(a.Generation, 10) != generation {
		return
	}
	if t := w.Scaling.Targets[*a.Action.ResourceId]; t != nil && !aws.ToBool(t.Target.SuspendedState.ScheduledScalingSuspended) {
		w.runScheduledAction(t, a)
	}
	w.planAction(key, a)
}

// runScheduledAction sets the bounds and pulls the desired count into them.
func (w *World) runScheduledAction(t *scalableTarget, a *scheduledAction) {
	low, high := t.Target.MinCapacity, t.Target.MaxCapacity
	var said []string
	if v := a.Action.ScalableTargetAction.MinCapacity; v != nil {
		low, said = v, append(said, fmt.Sprintf("min capacity to %d", *v))
	}
	if v := a.Action.ScalableTargetAction.MaxCapacity; v != nil {
		high, said = v, append(said, fmt.Sprintf("max capacity to %d", *v))
	}
	description := "Setting " + strings.Join(said, " and ")
	cause := "scheduled action name " + *a.Action.ScheduledActionName + " was triggered"
	if *low > *high {
		w.noteScaling(*t.Target.ResourceId, description, cause, "Maximum capacity cannot be less than minimum capacity",
			types.ScalingActivityStatusCodeFailed)
		return
	}
	t.Target.MinCapacity, t.Target.MaxCapacity = low, high
	w.noteScaling(*t.Target.ResourceId, description, cause, "Successfully set "+strings.Join(said, " and "),
		types.ScalingActivityStatusCodeSuccessful)
	w.pullIntoBounds(t)
}

func describeScheduledActions(c *call, in *applicationautoscaling.DescribeScheduledActionsInput) (*applicationautoscaling.DescribeScheduledActionsOutput, error) {
	var keys []string
	for key, a := range c.w.Scaling.Actions {
		if (in.ResourceId == nil || *in.ResourceId == *a.Action.ResourceId) &&
			(len(in.ScheduledActionNames) == 0 || slices.Contains(in.ScheduledActionNames, *a.Action.ScheduledActionName)) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	page, next, err := scalingPage(in.ServiceNamespace, in.ResourceId, in.ScalableDimension, keys, in.NextToken, in.MaxResults, 50)
	if err != nil {
		return nil, err
	}
	out := &applicationautoscaling.DescribeScheduledActionsOutput{ScheduledActions: []types.ScheduledAction{}, NextToken: next}
	for _, key := range page {
		out.ScheduledActions = append(out.ScheduledActions, c.w.Scaling.Actions[key].Action)
	}
	return out, nil
}

func deleteScheduledAction(c *call, in *applicationautoscaling.DeleteScheduledActionInput) (*applicationautoscaling.DeleteScheduledActionOutput, error) {
	if err := checkScalingNames(in.ServiceNamespace, in.ResourceId, in.ScalableDimension); err != nil {
		return nil, err
	}
	key := scalingKey(*in.ResourceId, aws.ToString(in.ScheduledActionName))
	if c.w.Scaling.Actions[key] == nil {
		return nil, noScaling("scheduled action found", *in.ResourceId, ": scheduled action name: "+aws.ToString(in.ScheduledActionName))
	}
	delete(c.w.Scaling.Actions, key)
	return &applicationautoscaling.DeleteScheduledActionOutput{}, nil
}
