package sandbox

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// DescribeAlarms answers at most 100 a page, 50 when nothing is said.
const (
	alarmPageDefault = 50
	alarmPageMax     = 100
)

// describeAlarms lists metric alarms; composite ones only where AlarmTypes asks
// for them (SDK comment of DescribeAlarmsInput.AlarmTypes).
func describeAlarms(c *call, in *cloudwatch.DescribeAlarmsInput) (*cloudwatch.DescribeAlarmsOutput, error) {
	if err := checkDescribeAlarms(in); err != nil {
		return nil, err
	}
	family := in.ChildrenOfAlarmName != nil || in.ParentsOfAlarmName != nil
	all := in.AlarmNames
	if family || len(all) == 0 {
		all = c.w.alarmNames()
	} else {
		all = slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(all))), func(name string) bool {
			return c.w.Alarms.Metric[name] == nil && c.w.Alarms.Composite[name] == nil
		})
	}
	var names []string
	for _, name := range all {
		if family && c.w.inFamily(in, name) || !family && c.w.alarmWanted(in, name) {
			names = append(names, name)
		}
	}
	page, next, err := nextPage(names, in.NextToken, in.MaxRecords, alarmPageDefault)
	if err != nil {
		return nil, err
	}
	out := &cloudwatch.DescribeAlarmsOutput{NextToken: next,
		MetricAlarms: []types.MetricAlarm{}, CompositeAlarms: []types.CompositeAlarm{}}
	for _, name := range page {
		a, b := c.w.Alarms.Metric[name], c.w.Alarms.Composite[name]
		switch {
		case a != nil && family:
			out.MetricAlarms = append(out.MetricAlarms, briefMetric(a.Alarm))
		case a != nil:
			out.MetricAlarms = append(out.MetricAlarms, a.Alarm)
		case family:
			out.CompositeAlarms = append(out.CompositeAlarms, briefComposite(b.Alarm, in.ChildrenOfAlarmName != nil))
		default:
			out.CompositeAlarms = append(out.CompositeAlarms, b.Alarm)
		}
	}
	return out, nil
}

// briefMetric and briefComposite are all that ChildrenOfAlarmName shows: name,
// ARN and state. ParentsOfAlarmName, whose answers are composite, shows name and
// ARN only (SDK comments of DescribeAlarmsInput).
func briefMetric(a types.MetricAlarm) types.MetricAlarm {
	return types.MetricAlarm{AlarmName: a.AlarmName, AlarmArn: a.AlarmArn, StateValue: a.StateValue, StateUpdatedTimestamp: a.StateUpdatedTimestamp}
}

func briefComposite(a types.CompositeAlarm, state bool) types.CompositeAlarm {
	out := types.CompositeAlarm{AlarmName: a.AlarmName, AlarmArn: a.AlarmArn}
	if state {
		out.StateValue, out.StateUpdatedTimestamp = a.StateValue, a.StateUpdatedTimestamp
	}
	return out
}

func checkDescribeAlarms(in *cloudwatch.DescribeAlarmsInput) error {
	if len(in.AlarmNames) > 100 {
		return refuse("ValidationError", "1 validation error detected: Value at 'alarmNames' failed to satisfy constraint: "+
			"Member must have length less than or equal to 100")
	}
	if len(in.AlarmNames) > 0 && in.AlarmNamePrefix != nil {
		return refuse("ValidationError", "AlarmNamePrefix and AlarmNames cannot both be specified")
	}
	if n := in.MaxRecords; n != nil && (*n < 1 || *n > alarmPageMax) {
		return refuse("ValidationError", "1 validation error detected: Value '%d' at 'maxRecords' failed to satisfy constraint: "+
			"Member must have value between 1 and %d", *n, alarmPageMax)
	}
	family := in.ChildrenOfAlarmName != nil || in.ParentsOfAlarmName != nil
	others := len(in.AlarmNames) > 0 || in.AlarmNamePrefix != nil || len(in.AlarmTypes) > 0 || in.ActionPrefix != nil || in.StateValue != ""
	if family && (others || in.ChildrenOfAlarmName != nil && in.ParentsOfAlarmName != nil) {
		return refuse("ValidationError", "ChildrenOfAlarmName and ParentsOfAlarmName cannot be combined with other filters")
	}
	return nil
}

// alarmWanted applies the filters of DescribeAlarms.
func (w *World) alarmWanted(in *cloudwatch.DescribeAlarmsInput, name string) bool {
	var (
		sort    = types.AlarmTypeMetricAlarm
		state   types.StateValue
		actions []string
	)
	if a := w.Alarms.Metric[name]; a != nil {
		state = a.Alarm.StateValue
		actions = slices.Concat(a.Alarm.AlarmActions, a.Alarm.OKActions, a.Alarm.InsufficientDataActions)
	} else {
		b := w.Alarms.Composite[name].Alarm
		sort, state = types.AlarmTypeCompositeAlarm, b.StateValue
		actions = slices.Concat(b.AlarmActions, b.OKActions, b.InsufficientDataActions)
	}
	sorts := in.AlarmTypes
	if len(sorts) == 0 {
		sorts = []types.AlarmType{types.AlarmTypeMetricAlarm}
	}
	return slices.Contains(sorts, sort) &&
		(len(in.AlarmNames) == 0 || slices.Contains(in.AlarmNames, name)) &&
		strings.HasPrefix(name, aws.ToString(in.AlarmNamePrefix)) &&
		(in.StateValue == "" || in.StateValue == state) &&
		(in.ActionPrefix == nil || slices.ContainsFunc(actions, func(a string) bool { return strings.HasPrefix(a, *in.ActionPrefix) }))
}

// inFamily answers ChildrenOfAlarmName and ParentsOfAlarmName.
func (w *World) inFamily(in *cloudwatch.DescribeAlarmsInput, name string) bool {
	if in.ChildrenOfAlarmName != nil {
		parent := w.Alarms.Composite[*in.ChildrenOfAlarmName]
		return parent != nil && slices.Contains(ruleChildren(aws.ToString(parent.Alarm.AlarmRule)), name)
	}
	a := w.Alarms.Composite[name]
	return a != nil && slices.Contains(ruleChildren(aws.ToString(a.Alarm.AlarmRule)), *in.ParentsOfAlarmName)
}

// nextPage cuts a sorted list of names; the token is the last name given out.
func nextPage(names []string, token *string, limit *int32, otherwise int) (page []string, next *string, err error) {
	if token != nil {
		last, err := base64.RawURLEncoding.DecodeString(*token)
		if err != nil {
			return nil, nil, refuse("InvalidNextToken", "Invalid next token")
		}
		i, found := slices.BinarySearch(names, string(last))
		if found {
			i++
		}
		names = names[i:]
	}
	n := otherwise
	if limit != nil {
		n = int(*limit)
	}
	if len(names) <= n {
		return names, nil, nil
	}
	return names[:n], aws.String(base64.RawURLEncoding.EncodeToString([]byte(names[n-1]))), nil
}

func describeAlarmsForMetric(c *call, in *cloudwatch.DescribeAlarmsForMetricInput) (*cloudwatch.DescribeAlarmsForMetricOutput, error) {
	out := &cloudwatch.DescribeAlarmsForMetricOutput{MetricAlarms: []types.MetricAlarm{}}
	for _, name := range c.w.alarmNames() {
		a := c.w.Alarms.Metric[name]
		if a == nil || aws.ToString(a.Alarm.MetricName) != aws.ToString(in.MetricName) || aws.ToString(a.Alarm.Namespace) != aws.ToString(in.Namespace) {
			continue
		}
		if dimensionKey(a.Alarm.Dimensions) != dimensionKey(in.Dimensions) ||
			in.Statistic != "" && in.Statistic != a.Alarm.Statistic ||
			in.ExtendedStatistic != nil && *in.ExtendedStatistic != aws.ToString(a.Alarm.ExtendedStatistic) ||
			in.Period != nil && *in.Period != aws.ToInt32(a.Alarm.Period) || in.Unit != "" && in.Unit != a.Alarm.Unit {
			continue
		}
		out.MetricAlarms = append(out.MetricAlarms, a.Alarm)
	}
	return out, nil
}

// describeAlarmHistory answers the newest first unless asked otherwise.
func describeAlarmHistory(c *call, in *cloudwatch.DescribeAlarmHistoryInput) (*cloudwatch.DescribeAlarmHistoryOutput, error) {
	limit := 100
	if in.MaxRecords != nil {
		limit = min(limit, int(*in.MaxRecords))
	}
	var items []types.AlarmHistoryItem
	for _, h := range c.w.Alarms.History {
		if in.AlarmName != nil && *in.AlarmName != *h.AlarmName ||
			in.HistoryItemType != "" && in.HistoryItemType != h.HistoryItemType ||
			len(in.AlarmTypes) > 0 && !slices.Contains(in.AlarmTypes, h.AlarmType) ||
			in.StartDate != nil && h.Timestamp.Before(*in.StartDate) || in.EndDate != nil && h.Timestamp.After(*in.EndDate) {
			continue
		}
		items = append(items, h)
	}
	if in.ScanBy != types.ScanByTimestampAscending {
		slices.Reverse(items)
	}
	start, err := offsetToken(in.NextToken)
	if err != nil {
		return nil, err
	}
	items = items[min(start, len(items)):]
	out := &cloudwatch.DescribeAlarmHistoryOutput{AlarmHistoryItems: list(items)}
	if len(items) > limit {
		out.AlarmHistoryItems, out.NextToken = list(items[:limit]), newOffsetToken(start+limit)
	}
	return out, nil
}
