package sandbox

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// putCompositeAlarm overwrites the whole definition; the alarms that the rule
// names must exist.
func putCompositeAlarm(c *call, in *cloudwatch.PutCompositeAlarmInput) (*cloudwatch.PutCompositeAlarmOutput, error) {
	if err := checkCompositeAlarm(c.w, in); err != nil {
		return nil, err
	}
	name := aws.ToString(in.AlarmName)
	tags := cloudWatchTags(in.Tags)
	if err := checkAlarmTags(tags); err != nil {
		return nil, err
	}
	now := aws.Time(c.w.Clock)
	alarm := types.CompositeAlarm{
		ActionConfiguration: in.ActionConfiguration, ActionsEnabled: in.ActionsEnabled,
		ActionsSuppressor: in.ActionsSuppressor, ActionsSuppressorExtensionPeriod: in.ActionsSuppressorExtensionPeriod,
		ActionsSuppressorWaitPeriod: in.ActionsSuppressorWaitPeriod, AlarmActions: list(in.AlarmActions),
		AlarmArn: aws.String(alarmARNPrefix + name), AlarmConfigurationUpdatedTimestamp: now,
		AlarmDescription: in.AlarmDescription, AlarmName: in.AlarmName, AlarmRule: in.AlarmRule,
		InsufficientDataActions: list(in.InsufficientDataActions), OKActions: list(in.OKActions),
	}
	if alarm.ActionsEnabled == nil {
		alarm.ActionsEnabled = aws.Bool(true)
	}
	if old := c.w.Alarms.Composite[name]; old != nil {
		was := old.Alarm
		alarm.StateValue, alarm.StateReason, alarm.StateReasonData = was.StateValue, was.StateReason, was.StateReasonData
		alarm.StateUpdatedTimestamp, alarm.StateTransitionedTimestamp = was.StateUpdatedTimestamp, was.StateTransitionedTimestamp
		old.Alarm, old.Hand = alarm, false
	} else {
		alarm.StateValue = types.StateValueInsufficientData
		alarm.StateReason = aws.String("Unchecked: Initial alarm creation")
		alarm.StateUpdatedTimestamp, alarm.StateTransitionedTimestamp = now, now
		c.w.Alarms.Composite[name] = &compositeAlarm{Alarm: alarm, Tags: tags}
	}
	c.w.noteAlarm(name, types.AlarmTypeCompositeAlarm, types.HistoryItemTypeConfigurationUpdate, "Alarm \""+name+"\" put")
	c.w.startAlarmTick()
	return &cloudwatch.PutCompositeAlarmOutput{}, nil
}

func checkCompositeAlarm(w *World, in *cloudwatch.PutCompositeAlarmInput) error {
	if err := checkAlarmName(in.AlarmName); err != nil {
		return err
	}
	if w.Alarms.Metric[*in.AlarmName] != nil {
		return refuse("ValidationError", "An alarm with the name %s and another type exists already", *in.AlarmName)
	}
	for _, actions := range [][]string{in.AlarmActions, in.OKActions, in.InsufficientDataActions} {
		if err := checkAlarmActions(actions); err != nil {
			return err
		}
	}
	if in.ActionsSuppressor != nil && (in.ActionsSuppressorWaitPeriod == nil || in.ActionsSuppressorExtensionPeriod == nil) {
		return refuse("ValidationError", "ActionsSuppressorWaitPeriod and ActionsSuppressorExtensionPeriod are required with ActionsSuppressor")
	}
	if len(aws.ToString(in.AlarmRule)) == 0 || len(*in.AlarmRule) > 10240 {
		return refuse("ValidationError", "AlarmRule must have between 1 and 10240 characters")
	}
	rule, err := parseRule(*in.AlarmRule)
	if err != nil {
		return err
	}
	var missing []string
	for _, child := range rule.children() {
		if _, ok := w.alarmState(child); !ok && child != *in.AlarmName {
			missing = append(missing, child)
		}
	}
	if len(missing) > 0 {
		return refuse("ValidationError", "Could not save the composite alarm as alarms [%s] in the alarm rule do not exist", strings.Join(missing, ", "))
	}
	return nil
}

// evaluateComposites brings every composite alarm to what its rule says. What
// still moves after as many rounds as there are alarms is a cycle, whose
// evaluation CloudWatch stops too.
func (w *World) evaluateComposites() {
	names := slices.Sorted(maps.Keys(w.Alarms.Composite))
	for range names {
		changed := false
		for _, name := range names {
			a := w.Alarms.Composite[name]
			if a == nil || a.Hand {
				continue
			}
			rule, err := parseRule(aws.ToString(a.Alarm.AlarmRule))
			if err != nil {
				continue
			}
			to := types.StateValueOk
			if rule.eval(func(child string) string { s, _ := w.alarmState(child); return s }) {
				to = types.StateValueAlarm
			}
			if to == a.Alarm.StateValue {
				continue
			}
			changed = true
			reason := fmt.Sprintf("%s transitioned to %s because its rule %s evaluates so", *a.Alarm.AlarmArn, to, *a.Alarm.AlarmRule)
			from, sort, actions := w.setState(name, to, reason, nil)
			w.noteAlarm(name, sort, types.HistoryItemTypeStateUpdate, fmt.Sprintf("Alarm updated from %s to %s", from, to))
			w.childChanged(name)
			w.act(name, sort, actions)
		}
		if !changed {
			return
		}
	}
}

// suppressed: while the suppressor is in ALARM a composite alarm acts on
// nothing.
func (w *World) suppressed(a *types.CompositeAlarm) bool {
	if a.ActionsSuppressor == nil {
		return false
	}
	state, _ := w.alarmState(*a.ActionsSuppressor)
	return state == string(types.StateValueAlarm)
}

// childChanged lets the composite alarms above a changed alarm be evaluated
// again, also those whose state was set by hand.
func (w *World) childChanged(name string) {
	for _, a := range w.Alarms.Composite {
		if a.Hand && slices.Contains(ruleChildren(aws.ToString(a.Alarm.AlarmRule)), name) {
			a.Hand = false
		}
	}
}
