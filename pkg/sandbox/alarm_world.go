package sandbox

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// alarmWorld is what CloudWatch remembers.
type alarmWorld struct {
	Metric    map[string]*metricAlarm    // by name
	Composite map[string]*compositeAlarm // by name
	Series    map[string]*metricSeries   // by seriesKey
	History   []types.AlarmHistoryItem   // oldest first, bounded
	Ticking   bool                       // a timer for the next evaluation runs
}

// metricAlarm is an alarm on a metric or an expression.
type metricAlarm struct {
	Alarm types.MetricAlarm // as DescribeAlarms answers it
	Tags  map[string]string
	// Owner is the scaling policy ARN of a target-tracking alarm, "" for a
	// person's own.
	Owner   string
	Created time.Time
	SetAt   time.Time // when somebody set the state by hand; zero: it was evaluated
}

// compositeAlarm is an alarm on other alarms.
type compositeAlarm struct {
	Alarm types.CompositeAlarm
	Tags  map[string]string
	Hand  bool // the state was set by hand, and no child has changed since
}

const alarmARNPrefix = "arn:aws:cloudwatch:" + Region + ":" + Account + ":alarm:"

// maxHistory bounds the alarm history: the world must fit into its state file.
const maxHistory = 500

// seedAlarms gives the documented world its alarms: none.
func (w *World) seedAlarms() {
	w.Alarms = alarmWorld{
		Metric:    map[string]*metricAlarm{},
		Composite: map[string]*compositeAlarm{},
		Series:    map[string]*metricSeries{},
	}
}

// alarmOperations are the operations of CloudWatch.
func alarmOperations() []operation {
	const cw = "monitoring"
	return []operation{
		op(cw, "PutMetricAlarm", true, putMetricAlarm),
		op(cw, "PutCompositeAlarm", true, putCompositeAlarm),
		op(cw, "DescribeAlarms", false, describeAlarms),
		op(cw, "DescribeAlarmsForMetric", false, describeAlarmsForMetric),
		op(cw, "DeleteAlarms", true, deleteAlarms),
		op(cw, "SetAlarmState", true, setAlarmState),
		op(cw, "EnableAlarmActions", true, enableAlarmActions),
		op(cw, "DisableAlarmActions", true, disableAlarmActions),
		op(cw, "DescribeAlarmHistory", false, describeAlarmHistory),
		op(cw, "PutMetricData", true, putMetricData),
		op(cw, "GetMetricStatistics", false, getMetricStatistics),
		op(cw, "GetMetricData", false, getMetricData),
		op(cw, "ListMetrics", false, listMetrics),
		op(cw, "TagResource", true, tagAlarm),
		op(cw, "UntagResource", true, untagAlarm),
		op(cw, "ListTagsForResource", false, listAlarmTags),
	}
}

// alarmTimers are what CloudWatch does by itself.
func alarmTimers() map[string]func(*World, string) {
	return map[string]func(*World, string){timerAlarmTick: (*World).alarmTick}
}

// alarmState is the state of a metric or composite alarm by name or ARN.
func (w *World) alarmState(name string) (state string, ok bool) {
	name = strings.TrimPrefix(name, alarmARNPrefix)
	if a := w.Alarms.Metric[name]; a != nil {
		return string(a.Alarm.StateValue), true
	}
	if a := w.Alarms.Composite[name]; a != nil {
		return string(a.Alarm.StateValue), true
	}
	return "", false
}

// putManagedAlarm makes an alarm that belongs to another service: a target
// tracking policy's. Its first alarm action is that owner.
func (w *World) putManagedAlarm(in *cloudwatch.PutMetricAlarmInput) (arn string) {
	a := w.storeMetricAlarm(in)
	if len(in.AlarmActions) > 0 {
		a.Owner = in.AlarmActions[0]
	}
	return aws.ToString(a.Alarm.AlarmArn)
}

// deleteManagedAlarm removes what putManagedAlarm made.
func (w *World) deleteManagedAlarm(name string) {
	if a := w.Alarms.Metric[name]; a != nil {
		w.callsNoMore(a)
	}
	delete(w.Alarms.Metric, name)
	w.derived.alarms.drop(name)
}

// callsNoMore has the callers counted anew where an alarm that may be one of them changes
// or goes. A policy's may be, too: somebody may have deleted it and put his own there.
func (w *World) callsNoMore(a *metricAlarm) {
	if a.Owner == "" {
		w.derived.calling = nil
	}
}

// alarmTaggables are the alarms, for the tagging API.
func (w *World) alarmTaggables(yield func(taggable) bool) bool {
	for _, a := range w.Alarms.Metric {
		if !yield(taggable{arn: aws.ToString(a.Alarm.AlarmArn), kind: "cloudwatch:alarm", set: a.Tags}) {
			return false
		}
	}
	for _, a := range w.Alarms.Composite {
		if !yield(taggable{arn: aws.ToString(a.Alarm.AlarmArn), kind: "cloudwatch:alarm", set: a.Tags}) {
			return false
		}
	}
	return true
}

// alarmNames are the names of all alarms, sorted; one name space for both sorts.
func (w *World) alarmNames() []string {
	if len(w.Alarms.Composite) == 0 {
		return w.metricAlarms().keys
	}
	names := append(slices.Collect(maps.Keys(w.Alarms.Composite)), w.metricAlarms().keys...)
	slices.Sort(names)
	return names
}

// metricAlarms are the names of the metric alarms, in order.
func (w *World) metricAlarms() *ordered { return orderOf(&w.derived.alarms, w.Alarms.Metric) }

// alarmTags are the tags of an alarm; nil when there is no such alarm.
func (w *World) alarmTags(name string) map[string]string {
	if a := w.Alarms.Metric[name]; a != nil {
		return a.Tags
	}
	if a := w.Alarms.Composite[name]; a != nil {
		return a.Tags
	}
	return nil
}
