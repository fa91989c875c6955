package sandbox

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// timerAlarmTick is the evaluation of all alarms: every minute, every ten
// seconds while there is an alarm with a shorter period.
const timerAlarmTick = "alarm.tick"

// extraPeriods is how far beyond its periods an alarm looks for data when some
// are missing (user guide, "Configuring how CloudWatch alarms treat missing
// data": the evaluation range).
const extraPeriods = 2

// startAlarmTick schedules the next evaluation when there is something to
// evaluate and none is scheduled.
func (w *World) startAlarmTick() {
	if w.Alarms.Ticking || len(w.Alarms.Metric)+len(w.Alarms.Composite) == 0 {
		return
	}
	step := time.Minute
	for _, a := range w.Alarms.Metric {
		if p := a.Alarm.Period; p != nil && *p < 60 {
			step = 10 * time.Second
		}
	}
	w.Alarms.Ticking = true
	w.after(w.Clock.Truncate(step).Add(step).Sub(w.Clock), timerAlarmTick, "")
}

// alarmTick evaluates everything and schedules the next time.
func (w *World) alarmTick(string) {
	for _, name := range slices.Clone(w.metricAlarms().keys) {
		if a := w.Alarms.Metric[name]; a != nil { // an action may have deleted it
			w.evaluateAlarm(name, a)
		}
	}
	w.evaluateComposites()
	w.Alarms.Ticking = false
	w.startAlarmTick()
}

// evaluateAlarm brings one metric alarm to what its data says.
func (w *World) evaluateAlarm(name string, a *metricAlarm) {
	if w.warmingUp(a) {
		return
	}
	to, reason, known := w.verdict(&a.Alarm)
	if !known || to == types.StateValueInsufficientData && w.Clock.Before(a.SetAt.Add(evaluationRange(&a.Alarm))) {
		return // without data a state that was set by hand stays for the range that would hold data
	}
	a.SetAt = time.Time{}
	if to != a.Alarm.StateValue {
		w.transit(name, to, reason, nil)
		return
	}
	// Scaling goes on every minute for as long as the alarm stays (user guide,
	// "Alarm actions": Auto Scaling actions are repeated).
	if to == types.StateValueAlarm && aws.ToBool(a.Alarm.ActionsEnabled) {
		for _, action := range a.Alarm.AlarmActions {
			if isScalingPolicyARN(action) {
				w.runScalingPolicy(action, name)
			}
		}
	}
}

// warmingUp: a new alarm with a warm-up stays where it is until the time is
// over or, unless told to wait, there is data for its whole window.
func (w *World) warmingUp(a *metricAlarm) bool {
	c := a.Alarm.WarmUpConfiguration
	if c == nil || w.Clock.Sub(a.Created) >= time.Duration(aws.ToInt32(c.WarmUpPeriodDurationInMinutes))*time.Minute {
		return false
	}
	if aws.ToBool(c.OnlyStartEvaluatingAfterWarmUpPeriodEnds) {
		return true
	}
	points := w.alarmData(&a.Alarm, int(aws.ToInt32(a.Alarm.EvaluationPeriods)))
	return len(points) == 0 || slices.ContainsFunc(points, func(p alarmPoint) bool { return !p.there })
}

// alarmPoint is the value of one period; the newest is first in a list.
type alarmPoint struct {
	at    time.Time
	value float64
	there bool
}

// evaluationRange is how far back an alarm looks.
func evaluationRange(a *types.MetricAlarm) time.Duration {
	_, period := watchedQuery(a)
	return time.Duration(aws.ToInt32(a.EvaluationPeriods)+extraPeriods) * time.Duration(period) * time.Second
}

// watchedQuery is the id of the expression that an alarm watches, "" for an
// alarm on one metric, and its period.
func watchedQuery(a *types.MetricAlarm) (id string, period int32) {
	if a.MetricName != nil {
		return "", max(1, aws.ToInt32(a.Period))
	}
	for _, q := range a.Metrics {
		if aws.ToBool(q.ReturnData) && aws.ToString(q.Id) != aws.ToString(a.ThresholdMetricId) {
			id = aws.ToString(q.Id)
		}
	}
	return id, max(1, queryPeriod(a.Metrics, id))
}

// alarmData are the values of the newest n whole periods; nil where there are no data at all.
func (w *World) alarmData(a *types.MetricAlarm, n int) []alarmPoint {
	watched, period := watchedQuery(a)
	step := time.Duration(period) * time.Second
	var series []*metricSeries
	if watched == "" {
		series = w.seriesOf(types.Metric{Namespace: a.Namespace, MetricName: a.MetricName, Dimensions: a.Dimensions}, a.Unit)
		if len(series) == 0 {
			return nil
		}
	}
	stat := string(a.Statistic)
	if a.ExtendedStatistic != nil {
		stat = *a.ExtendedStatistic
	}
	end := w.Clock.Truncate(step)
	out := make([]alarmPoint, 0, n)
	for i := 1; i <= n; i++ {
		p := alarmPoint{at: end.Add(-time.Duration(i) * step)}
		if watched != "" {
			p.value, p.there = w.queryValue(a.Metrics, watched, p.at, step, 0)
		} else {
			p.value, p.there = window(series, p.at, step).stat(stat)
		}
		out = append(out, p)
	}
	return out
}

// verdict is the state that the data calls for; known is false where the state
// stays (missing data is ignored, or the alarm is of a sort that the sandbox
// cannot evaluate: PromQL and anomaly bands).
func (w *World) verdict(a *types.MetricAlarm) (to types.StateValue, reason string, known bool) {
	if a.EvaluationCriteria != nil || a.Threshold == nil {
		return "", "", false
	}
	n := int(aws.ToInt32(a.EvaluationPeriods))
	m := n
	if a.DatapointsToAlarm != nil {
		m = int(*a.DatapointsToAlarm)
	}
	treat := aws.ToString(a.TreatMissingData)
	if aws.ToString(a.Namespace) == "AWS/DynamoDB" {
		treat = "ignore"
	}
	points := w.alarmData(a, n+extraPeriods)
	var real []alarmPoint
	for _, p := range points {
		if p.there && len(real) < n {
			real = append(real, p)
		}
	}
	breaching := 0
	for _, p := range real {
		if breaches(a, p.value) {
			breaching++
		}
	}
	missing := n - len(real)
	if missing > 0 && treat == "breaching" {
		breaching += missing
	}
	switch {
	case breaching >= m:
		return types.StateValueAlarm, crossed(a, real, breaching, "was", "were"), true
	case len(real) == 0 && treat == "notBreaching":
		return types.StateValueOk, "Threshold Crossed: no datapoints were received for " + periods(n) +
			" and 1 missing datapoint was treated as [NonBreaching].", true
	case missing > 0 && treat == "ignore":
		return "", "", false
	case len(real) == 0 && treat != "breaching":
		return types.StateValueInsufficientData, "Insufficient Data: " + periods(n) + " unknown.", true
	case missing > 0 && (treat == "" || treat == "missing") && premature(a, points, m):
		return types.StateValueAlarm, crossed(a, real, breaching, "was", "were"), true
	}
	return types.StateValueOk, crossed(a, real, len(real)-breaching, "was not", "were not"), true
}

// premature: the oldest breaching value is at least as old as the number of
// datapoints to alarm, and everything newer is breaching or missing (the guide's
// "avoiding premature transitions to alarm state").
func premature(a *types.MetricAlarm, points []alarmPoint, m int) bool {
	oldest := 0
	for i, p := range points {
		if p.there && !breaches(a, p.value) {
			break
		}
		if p.there {
			oldest = i + 1
		}
	}
	return oldest >= m
}

// breaches compares a value with the threshold.
func breaches(a *types.MetricAlarm, v float64) bool {
	t := *a.Threshold
	switch a.ComparisonOperator {
	case types.ComparisonOperatorGreaterThanThreshold:
		return v > t
	case types.ComparisonOperatorGreaterThanOrEqualToThreshold:
		return v >= t
	case types.ComparisonOperatorLessThanThreshold:
		return v < t
	case types.ComparisonOperatorLessThanOrEqualToThreshold:
		return v <= t
	}
	return false
}

// crossed words a verdict as CloudWatch does.
func crossed(a *types.MetricAlarm, points []alarmPoint, count int, one, many string) string {
	words := map[types.ComparisonOperator]string{
		types.ComparisonOperatorGreaterThanThreshold:          "greater than",
		types.ComparisonOperatorGreaterThanOrEqualToThreshold: "greater than or equal to",
		types.ComparisonOperatorLessThanThreshold:             "less than",
		types.ComparisonOperatorLessThanOrEqualToThreshold:    "less than or equal to",
	}
	var values []string
	for _, p := range points {
		values = append(values, strconv.FormatFloat(p.value, 'f', -1, 64)+" ("+p.at.Format("02/01/06 15:04:05")+")")
	}
	verb, noun := many, "datapoints"
	if count == 1 {
		verb, noun = one, "datapoint"
	}
	return fmt.Sprintf("Threshold Crossed: %d %s [%s] %s %s the threshold (%s).", count, noun, strings.Join(values, ", "),
		verb, words[a.ComparisonOperator], strconv.FormatFloat(*a.Threshold, 'f', -1, 64))
}

func periods(n int) string {
	if n == 1 {
		return "1 period"
	}
	return strconv.Itoa(n) + " periods"
}
