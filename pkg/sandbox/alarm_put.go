package sandbox

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// putMetricAlarm overwrites the whole definition and keeps the state; on an
// update tags are ignored (SDK comment of PutMetricAlarmInput.Tags).
func putMetricAlarm(c *call, in *cloudwatch.PutMetricAlarmInput) (*cloudwatch.PutMetricAlarmOutput, error) {
	if err := checkMetricAlarm(in); err != nil {
		return nil, err
	}
	name := aws.ToString(in.AlarmName)
	if c.w.Alarms.Composite[name] != nil {
		return nil, refuse("ValidationError", "An alarm with the name %s and another type exists already", name)
	}
	tags := cloudWatchTags(in.Tags)
	if err := checkAlarmTags(tags); err != nil {
		return nil, err
	}
	_, existed := c.w.Alarms.Metric[name]
	a := c.w.storeMetricAlarm(in)
	if !existed {
		a.Tags = tags
		if calling := c.w.derived.calling; calling != nil {
			a.call(calling)
		}
	}
	return &cloudwatch.PutMetricAlarmOutput{}, nil
}

// storeMetricAlarm writes a checked definition.
func (w *World) storeMetricAlarm(in *cloudwatch.PutMetricAlarmInput) *metricAlarm {
	name := aws.ToString(in.AlarmName)
	alarm := types.MetricAlarm{
		ActionConfiguration: in.ActionConfiguration, ActionsEnabled: in.ActionsEnabled,
		AlarmActions: shuffled(in.AlarmActions, itself), AlarmArn: aws.String(alarmARNPrefix + name),
		AlarmConfigurationUpdatedTimestamp: aws.Time(w.Clock), AlarmDescription: in.AlarmDescription,
		AlarmName: in.AlarmName, ComparisonOperator: in.ComparisonOperator, DatapointsToAlarm: in.DatapointsToAlarm,
		Dimensions: shuffled(in.Dimensions, dimensionName), EvaluateLowSampleCountPercentile: in.EvaluateLowSampleCountPercentile,
		EvaluationCriteria: in.EvaluationCriteria, EvaluationInterval: in.EvaluationInterval,
		EvaluationPeriods: in.EvaluationPeriods, EvaluationWindow: in.EvaluationWindow,
		ExtendedStatistic: in.ExtendedStatistic, InsufficientDataActions: shuffled(in.InsufficientDataActions, itself),
		MetricName: in.MetricName, Metrics: shuffledQueries(in.Metrics), Namespace: in.Namespace,
		OKActions: shuffled(in.OKActions, itself), Period: in.Period, Statistic: in.Statistic, Threshold: in.Threshold,
		ThresholdMetricId: in.ThresholdMetricId, TreatMissingData: in.TreatMissingData, Unit: in.Unit,
		WarmUpConfiguration: in.WarmUpConfiguration,
	}
	if alarm.ActionsEnabled == nil {
		alarm.ActionsEnabled = aws.Bool(true)
	}
	for i, q := range alarm.Metrics { // an omitted ReturnData is true
		if q.ReturnData == nil {
			alarm.Metrics[i].ReturnData = aws.Bool(true)
		}
	}
	old := w.Alarms.Metric[name]
	if old == nil {
		alarm.StateValue = types.StateValueInsufficientData
		if in.EvaluationCriteria != nil { // a PromQL alarm starts OK
			alarm.StateValue = types.StateValueOk
		}
		alarm.StateReason = aws.String("Unchecked: Initial alarm creation")
		alarm.StateUpdatedTimestamp, alarm.StateTransitionedTimestamp = aws.Time(w.Clock), aws.Time(w.Clock)
		old = &metricAlarm{Created: w.Clock}
		w.Alarms.Metric[name] = old
		w.derived.alarms.add(name)
		w.noteAlarm(name, types.AlarmTypeMetricAlarm, types.HistoryItemTypeConfigurationUpdate, "Alarm \""+name+"\" created")
	} else {
		w.callsNoMore(old)
		was := old.Alarm
		alarm.StateValue, alarm.StateReason, alarm.StateReasonData = was.StateValue, was.StateReason, was.StateReasonData
		alarm.StateUpdatedTimestamp, alarm.StateTransitionedTimestamp = was.StateUpdatedTimestamp, was.StateTransitionedTimestamp
		w.noteAlarm(name, types.AlarmTypeMetricAlarm, types.HistoryItemTypeConfigurationUpdate, "Alarm \""+name+"\" updated")
	}
	old.Alarm = alarm
	w.startAlarmTick()
	return old
}

// list is never nil: DescribeAlarms answers empty lists, not missing ones.
func list[T any](in []T) []T { return append([]T{}, in...) }

// checkMetricAlarm refuses what CloudWatch refuses. Where AWS' words are known
// they are used (the SDK's comments for the rules; the texts on DatapointsToAlarm,
// Period, the length of a day and ReturnData as users quote them in issues).
func checkMetricAlarm(in *cloudwatch.PutMetricAlarmInput) error {
	if err := checkAlarmName(in.AlarmName); err != nil {
		return err
	}
	sources := 0
	for _, set := range []bool{in.MetricName != nil, len(in.Metrics) > 0, in.EvaluationCriteria != nil} {
		if set {
			sources++
		}
	}
	if sources != 1 {
		return refuse("ValidationError", "Exactly one of MetricName, Metrics and EvaluationCriteria must be specified")
	}
	if in.EvaluationCriteria != nil {
		return checkPromQLAlarm(in)
	}
	if err := checkAlarmEnums(in); err != nil {
		return err
	}
	n := aws.ToInt32(in.EvaluationPeriods)
	if in.EvaluationPeriods == nil {
		return nullMember("evaluationPeriods")
	}
	if n < 1 {
		return refuse("ValidationError", "1 validation error detected: Value '%d' at 'evaluationPeriods' failed to satisfy constraint: "+
			"Member must have value greater than or equal to 1", n)
	}
	if in.DatapointsToAlarm != nil && *in.DatapointsToAlarm > n {
		return refuse("ValidationError", "DatapointsToAlarm must be less than or equal to EvaluationPeriods")
	}
	if in.Threshold == nil && in.ThresholdMetricId == nil {
		return refuse("ValidationError", "Threshold must be specified for alarms that have no ThresholdMetricId")
	}
	if in.Threshold != nil && in.ThresholdMetricId != nil {
		return refuse("ValidationError", "Threshold and ThresholdMetricId cannot both be specified")
	}
	// "used only for alarms based on anomaly detection models" (PutMetricAlarmInput.ComparisonOperator)
	if strings.HasSuffix(string(in.ComparisonOperator), "UpperThreshold") || in.ComparisonOperator == types.ComparisonOperatorLessThanLowerThreshold {
		if in.ThresholdMetricId == nil {
			return refuse("ValidationError", "ThresholdMetricId must be specified with the comparison operator %s", in.ComparisonOperator)
		}
	}
	if in.MetricName == nil {
		return checkAlarmQueries(in, n)
	}
	if in.Namespace == nil {
		return nullMember("namespace")
	}
	if (in.Statistic == "") == (in.ExtendedStatistic == nil) {
		return refuse("ValidationError", "Exactly one of Statistic and ExtendedStatistic must be specified")
	}
	if in.Period == nil {
		return refuse("ValidationError", "Period must not be null")
	}
	return checkAlarmPeriod(*in.Period, n)
}

func checkPromQLAlarm(in *cloudwatch.PutMetricAlarmInput) error {
	if in.Namespace != nil || in.Dimensions != nil || in.Period != nil || in.Unit != "" || in.Statistic != "" ||
		in.ExtendedStatistic != nil || in.Threshold != nil || in.ComparisonOperator != "" || in.ThresholdMetricId != nil ||
		in.EvaluationPeriods != nil || in.DatapointsToAlarm != nil {
		return refuse("ValidationError", "An alarm with EvaluationCriteria takes its evaluation parameters from there only")
	}
	if in.EvaluationInterval == nil {
		return refuse("ValidationError", "EvaluationInterval is required for alarms with EvaluationCriteria")
	}
	return nil
}

// checkAlarmQueries checks an alarm on an expression.
func checkAlarmQueries(in *cloudwatch.PutMetricAlarmInput, periods int32) error {
	if in.Namespace != nil || len(in.Dimensions) > 0 || in.Period != nil || in.Unit != "" || in.Statistic != "" || in.ExtendedStatistic != nil {
		return refuse("ValidationError", "An alarm with Metrics cannot have Namespace, Dimensions, Period, Unit, Statistic or ExtendedStatistic")
	}
	returned, band := 0, in.ThresholdMetricId == nil
	ids := map[string]bool{}
	for _, q := range in.Metrics {
		id := aws.ToString(q.Id)
		if ids[id] {
			return refuse("ValidationError", "The values for the property Id in the MetricDataQueries must be unique")
		}
		ids[id] = true
		band = band || id == *in.ThresholdMetricId
		if (q.Expression == nil) == (q.MetricStat == nil) {
			return refuse("ValidationError", "Exactly one of Expression and MetricStat must be specified for the metric %s", id)
		}
		if q.MetricStat != nil {
			if err := checkAlarmPeriod(aws.ToInt32(q.MetricStat.Period), periods); err != nil {
				return err
			}
		}
		// the band of an anomaly alarm is returned beside what it bounds
		if (q.ReturnData == nil || *q.ReturnData) && id != aws.ToString(in.ThresholdMetricId) {
			returned++
		}
	}
	if !band {
		return refuse("ValidationError", "Metrics list must contain exactly one metric matching the ThresholdMetricId parameter")
	}
	if returned != 1 {
		return refuse("ValidationError", "Exactly one element of the metrics list should return data.")
	}
	return nil
}

func checkAlarmPeriod(period, periods int32) error {
	if period != 10 && period != 20 && period != 30 && (period < 60 || period%60 != 0) {
		return refuse("ValidationError", "Period must be 10, 20, 30 or a multiple of 60")
	}
	limit, words := int64(86_400), "a day"
	if period >= 3600 {
		limit, words = 604_800, "seven days"
	}
	if int64(period)*int64(periods) > limit {
		return refuse("ValidationError", "Metrics cannot be checked across more than %s (EvaluationPeriods * Period must be <= %d).", words, limit)
	}
	return nil
}

func checkAlarmEnums(in *cloudwatch.PutMetricAlarmInput) error {
	if in.ComparisonOperator == "" {
		return nullMember("comparisonOperator")
	}
	if err := oneOf("comparisonOperator", in.ComparisonOperator, in.ComparisonOperator.Values()); err != nil {
		return err
	}
	if in.Statistic != "" {
		if err := oneOf("statistic", in.Statistic, in.Statistic.Values()); err != nil {
			return err
		}
	}
	if in.Unit != "" {
		if err := oneOf("unit", in.Unit, in.Unit.Values()); err != nil {
			return err
		}
	}
	if v := in.TreatMissingData; v != nil && !slices.Contains([]string{"breaching", "notBreaching", "ignore", "missing"}, *v) {
		return refuse("ValidationError", "Invalid value for TreatMissingData: %s. Valid values are: breaching, notBreaching, ignore, missing", *v)
	}
	if v := in.EvaluateLowSampleCountPercentile; v != nil && *v != "evaluate" && *v != "ignore" {
		return refuse("ValidationError", "Option %s is not supported. Supported options for parameter EvaluateLowSampleCountPercentile are evaluate and ignore.", *v)
	}
	for _, actions := range [][]string{in.AlarmActions, in.OKActions, in.InsufficientDataActions} {
		if err := checkAlarmActions(actions); err != nil {
			return err
		}
	}
	return nil
}

func checkAlarmActions(actions []string) error {
	if len(actions) > 5 {
		return refuse("ValidationError", "1 validation error detected: Value at 'alarmActions' failed to satisfy constraint: "+
			"Member must have length less than or equal to 5")
	}
	for _, a := range actions {
		if !strings.HasPrefix(a, "arn:") {
			return refuse("ValidationError", "Invalid arn syntax: %s", a)
		}
	}
	return nil
}

func checkAlarmName(name *string) error {
	switch n := aws.ToString(name); {
	case name == nil:
		return nullMember("alarmName")
	case n == "" || len(n) > 255:
		return refuse("ValidationError", "1 validation error detected: Value '%s' at 'alarmName' failed to satisfy constraint: "+
			"Member must have length between 1 and 255", n)
	case strings.ContainsFunc(n, func(r rune) bool { return r < 0x20 || r == 0x7f }):
		return refuse("ValidationError", "The alarm name must not contain control characters")
	}
	return nil
}

func nullMember(member string) error {
	return refuse("ValidationError", "1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null", member)
}

func oneOf[T ~string](member string, v T, valid []T) error {
	if slices.Contains(valid, v) {
		return nil
	}
	words := make([]string, len(valid))
	for i, x := range valid {
		words[i] = string(x)
	}
	return refuse("ValidationError", "1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: "+
		"Member must satisfy enum value set: [%s]", v, member, strings.Join(words, ", "))
}

// noteAlarm adds to the alarm history.
func (w *World) noteAlarm(name string, sort types.AlarmType, item types.HistoryItemType, summary string) {
	w.Alarms.History = append(w.Alarms.History, types.AlarmHistoryItem{
		AlarmName: aws.String(name), AlarmType: sort, HistoryItemType: item,
		HistorySummary: aws.String(summary), Timestamp: aws.Time(w.Clock.Truncate(time.Millisecond))})
	if extra := len(w.Alarms.History) - maxHistory; extra > 0 {
		w.Alarms.History = slices.Clone(w.Alarms.History[extra:])
	}
}
