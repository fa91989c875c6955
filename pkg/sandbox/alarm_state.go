package sandbox

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// deleteAlarms deletes what there is of the names; a composite alarm's children
// only after or together with it is gone.
func deleteAlarms(c *call, in *cloudwatch.DeleteAlarmsInput) (*cloudwatch.DeleteAlarmsOutput, error) {
	if len(in.AlarmNames) > 100 {
		return nil, refuse("ValidationError", "1 validation error detected: Value at 'alarmNames' failed to satisfy constraint: "+
			"Member must have length less than or equal to 100")
	}
	composites := 0
	for _, name := range in.AlarmNames {
		if c.w.Alarms.Composite[name] != nil {
			composites++
		}
	}
	if composites > 1 {
		return nil, refuse("ValidationError", "Cannot delete more than one composite alarm in a single request")
	}
	for _, name := range in.AlarmNames {
		for _, parent := range slices.Sorted(maps.Keys(c.w.Alarms.Composite)) {
			rule := aws.ToString(c.w.Alarms.Composite[parent].Alarm.AlarmRule)
			if _, ok := c.w.alarmState(name); ok && slices.Contains(ruleChildren(rule), name) && !slices.Contains(in.AlarmNames, parent) {
				return nil, refuse("ValidationError", "Cannot delete %s as there are composite alarm(s) depending on it.", name)
			}
		}
	}
	c.w.derived.calling = nil
	for _, name := range in.AlarmNames {
		if c.w.Alarms.Metric[name] != nil {
			c.w.noteAlarm(name, types.AlarmTypeMetricAlarm, types.HistoryItemTypeConfigurationUpdate, "Alarm \""+name+"\" deleted")
		}
		delete(c.w.Alarms.Metric, name)
		c.w.derived.alarms.drop(name)
		delete(c.w.Alarms.Composite, name)
	}
	return &cloudwatch.DeleteAlarmsOutput{}, nil
}

// setAlarmState sets a state until an evaluation finds another one; that of a
// composite alarm until a child of it changes (SDK comment of SetAlarmState).
func setAlarmState(c *call, in *cloudwatch.SetAlarmStateInput) (*cloudwatch.SetAlarmStateOutput, error) {
	name := aws.ToString(in.AlarmName)
	if _, ok := c.w.alarmState(name); !ok {
		return nil, &apiError{Code: "ResourceNotFound", Message: "The alarm " + name + " does not exist", Status: 404}
	}
	if err := oneOf("stateValue", in.StateValue, in.StateValue.Values()); err != nil {
		return nil, err
	}
	if d := in.StateReasonData; d != nil && !json.Valid([]byte(*d)) {
		return nil, refuse("InvalidFormat", "StateReasonData must be valid JSON")
	}
	if a := c.w.Alarms.Metric[name]; a != nil {
		a.SetAt = c.w.Clock
	} else {
		c.w.Alarms.Composite[name].Hand = true
	}
	c.w.transit(name, in.StateValue, aws.ToString(in.StateReason), in.StateReasonData)
	c.w.startAlarmTick()
	return &cloudwatch.SetAlarmStateOutput{}, nil
}

func enableAlarmActions(c *call, in *cloudwatch.EnableAlarmActionsInput) (*cloudwatch.EnableAlarmActionsOutput, error) {
	c.w.switchActions(in.AlarmNames, true)
	return &cloudwatch.EnableAlarmActionsOutput{}, nil
}

func disableAlarmActions(c *call, in *cloudwatch.DisableAlarmActionsInput) (*cloudwatch.DisableAlarmActionsOutput, error) {
	c.w.switchActions(in.AlarmNames, false)
	return &cloudwatch.DisableAlarmActionsOutput{}, nil
}

func (w *World) switchActions(names []string, on bool) {
	for _, name := range names {
		if a := w.Alarms.Metric[name]; a != nil {
			a.Alarm.ActionsEnabled = aws.Bool(on)
		}
		if a := w.Alarms.Composite[name]; a != nil {
			a.Alarm.ActionsEnabled = aws.Bool(on)
		}
	}
}

// transit puts an alarm into a state: history, actions, and the composite
// alarms above it.
func (w *World) transit(name string, to types.StateValue, reason string, data *string) {
	from, sort, actions := w.setState(name, to, reason, data)
	if from == to {
		return
	}
	w.noteAlarm(name, sort, types.HistoryItemTypeStateUpdate, fmt.Sprintf("Alarm updated from %s to %s", from, to))
	w.childChanged(name)
	w.act(name, sort, actions)
	w.evaluateComposites()
}

// setState writes the state and gives the actions that the change calls for.
func (w *World) setState(name string, to types.StateValue, reason string, data *string) (from types.StateValue, sort types.AlarmType, actions []string) {
	now := aws.Time(w.Clock)
	if m := w.Alarms.Metric[name]; m != nil {
		a := &m.Alarm
		from, sort = a.StateValue, types.AlarmTypeMetricAlarm
		a.StateValue, a.StateReason, a.StateReasonData, a.StateUpdatedTimestamp = to, aws.String(reason), data, now
		if from != to {
			a.StateTransitionedTimestamp = now
		}
		if aws.ToBool(a.ActionsEnabled) {
			actions = actionsFor(to, a.AlarmActions, a.OKActions, a.InsufficientDataActions)
		}
		return from, sort, actions
	}
	a := &w.Alarms.Composite[name].Alarm
	from, sort = a.StateValue, types.AlarmTypeCompositeAlarm
	a.StateValue, a.StateReason, a.StateReasonData, a.StateUpdatedTimestamp = to, aws.String(reason), data, now
	if from != to {
		a.StateTransitionedTimestamp = now
	}
	if aws.ToBool(a.ActionsEnabled) && !w.suppressed(a) {
		actions = actionsFor(to, a.AlarmActions, a.OKActions, a.InsufficientDataActions)
	}
	return from, sort, actions
}

func actionsFor(to types.StateValue, alarm, ok, insufficient []string) []string {
	switch to {
	case types.StateValueAlarm:
		return alarm
	case types.StateValueOk:
		return ok
	}
	return insufficient
}

// act runs actions: scaling policies for real, the rest (topics, functions) is
// noted in the history only.
func (w *World) act(name string, sort types.AlarmType, actions []string) {
	for _, action := range actions {
		w.noteAlarm(name, sort, types.HistoryItemTypeAction, "Successfully executed action "+action)
		if isScalingPolicyARN(action) {
			w.runScalingPolicy(action, name)
		}
	}
}

// isScalingPolicyARN recognises Application Auto Scaling's policies.
func isScalingPolicyARN(arn string) bool {
	return strings.HasPrefix(arn, "arn:aws:autoscaling:") && strings.Contains(arn, ":scalingPolicy:")
}

// cloudWatchTags is the map form of a tag list.
func cloudWatchTags(tags []types.Tag) map[string]string {
	out := make(map[string]string, len(tags))
	for _, t := range tags {
		out[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return out
}

// checkAlarmTags bounds tags as CloudWatch does.
func checkAlarmTags(tags map[string]string) error {
	if len(tags) > 50 {
		return refuse("LimitExceededException", "An alarm can have at most 50 tags")
	}
	for k := range tags {
		if k == "" || len(k) > 128 || strings.HasPrefix(strings.ToLower(k), "aws:") {
			return refuse("InvalidParameterValue", "Invalid tag key: %s", k)
		}
	}
	return nil
}

// taggedAlarm finds an alarm by ARN.
func (w *World) taggedAlarm(arn *string) (name string, err error) {
	name, ok := strings.CutPrefix(aws.ToString(arn), alarmARNPrefix)
	if !ok {
		return "", refuse("InvalidParameterValue", "Invalid ARN: %s", aws.ToString(arn))
	}
	if _, found := w.alarmState(name); !found {
		return "", &apiError{Code: "ResourceNotFoundException", Message: "The alarm " + name + " does not exist", Status: 404}
	}
	return name, nil
}

func (w *World) setAlarmTags(name string, tags map[string]string) {
	if a := w.Alarms.Metric[name]; a != nil {
		a.Tags = tags
		return
	}
	w.Alarms.Composite[name].Tags = tags
}

func tagAlarm(c *call, in *cloudwatch.TagResourceInput) (*cloudwatch.TagResourceOutput, error) {
	name, err := c.w.taggedAlarm(in.ResourceARN)
	if err != nil {
		return nil, err
	}
	tags := maps.Clone(c.w.alarmTags(name))
	if tags == nil {
		tags = map[string]string{}
	}
	maps.Copy(tags, cloudWatchTags(in.Tags))
	if err := checkAlarmTags(tags); err != nil {
		return nil, err
	}
	c.w.setAlarmTags(name, tags)
	return &cloudwatch.TagResourceOutput{}, nil
}

func untagAlarm(c *call, in *cloudwatch.UntagResourceInput) (*cloudwatch.UntagResourceOutput, error) {
	name, err := c.w.taggedAlarm(in.ResourceARN)
	if err != nil {
		return nil, err
	}
	tags := maps.Clone(c.w.alarmTags(name))
	for _, k := range in.TagKeys {
		delete(tags, k)
	}
	c.w.setAlarmTags(name, tags)
	return &cloudwatch.UntagResourceOutput{}, nil
}

func listAlarmTags(c *call, in *cloudwatch.ListTagsForResourceInput) (*cloudwatch.ListTagsForResourceOutput, error) {
	name, err := c.w.taggedAlarm(in.ResourceARN)
	if err != nil {
		return nil, err
	}
	tags := c.w.alarmTags(name)
	out := &cloudwatch.ListTagsForResourceOutput{Tags: []types.Tag{}}
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		out.Tags = append(out.Tags, types.Tag{Key: aws.String(k), Value: aws.String(tags[k])})
	}
	return out, nil
}

// offsetToken reads a page token that counts.
func offsetToken(token *string) (int, error) {
	if token == nil {
		return 0, nil
	}
	n, err := strconv.Atoi(strings.TrimPrefix(*token, "o"))
	if err != nil || n < 0 {
		return 0, refuse("InvalidNextToken", "Invalid next token")
	}
	return n, nil
}

func newOffsetToken(n int) *string { return aws.String("o" + strconv.Itoa(n)) }
