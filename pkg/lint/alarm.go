package lint

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

type alarm = body[cloudwatch.PutMetricAlarmInput]

// onAlarms makes a check of one that looks at each alarm alone.
func onAlarms(check func(*alarm, found)) func(*unit, found) {
	return func(v *unit, f found) {
		for i := range v.alarms {
			check(&v.alarms[i], f)
		}
	}
}

var alarmRules = []Rule{
	{"alarm-metric", spec.Error, "An alarm has one of metricName, metrics and evaluationCriteria; metricName needs namespace, period and one statistic, metrics exactly one with returnData, an anomaly band not counted.",
		"correct what is watched", onAlarms(alarmMetric)},
	{"alarm-band-scaling", spec.Error, "An alarm on an anomaly band calls no scaling policy.", "call it from an alarm with a threshold",
		onAlarms(func(a *alarm, f found) { // PutMetricAlarm: "cannot have Auto Scaling actions"
			if a.in.ThresholdMetricId == nil {
				return
			}
			for _, ref := range a.Refs {
				if ref.To.Kind == resource.KindScalingPolicy {
					f(a.Object, ref.Path, "is a scaling policy, and thresholdMetricId a band")
				}
			}
		})},
	{"alarm-period", spec.Error, "An alarm's period is 10, 20, 30 or a multiple of 60 seconds; all its periods are a week at most, a day where they are under an hour.",
		"choose another period or evaluationPeriods", onAlarms(alarmPeriod)},
	{"alarm-suppressor", spec.Error, "A composite alarm with actionsSuppressor has actionsSuppressorWaitPeriod and actionsSuppressorExtensionPeriod.",
		"write both", func(v *unit, f found) { // PutCompositeAlarm: both are required when it is specified
			for _, a := range v.pages {
				if aws.ToString(a.in.ActionsSuppressor) != "" && (a.in.ActionsSuppressorWaitPeriod == nil || a.in.ActionsSuppressorExtensionPeriod == nil) {
					f(a.Object, "actionsSuppressor", "a period is missing")
				}
			}
		}},
	{"alarm-datapoints", spec.Error, "datapointsToAlarm is at most evaluationPeriods.", "lower the one or raise the other",
		onAlarms(func(a *alarm, f found) {
			if d, n := a.in.DatapointsToAlarm, a.in.EvaluationPeriods; d != nil && n != nil && *d > *n {
				f(a.Object, "datapointsToAlarm", "%d is over evaluationPeriods, %d", *d, *n)
			}
		})},
}

func alarmMetric(a *alarm, f found) {
	in := a.in
	name, metrics := aws.ToString(in.MetricName) != "", len(in.Metrics) > 0
	kinds := 0
	for _, is := range []bool{name, metrics, in.EvaluationCriteria != nil} {
		if is {
			kinds++
		}
	}
	if kinds != 1 {
		f(a.Object, "", "has %s of metricName, metrics and evaluationCriteria", map[bool]string{true: "none", false: "more than one"}[kinds == 0])
		return
	}
	if name {
		switch {
		case aws.ToString(in.Namespace) == "":
			f(a.Object, "", "namespace is missing")
		case in.Period == nil:
			f(a.Object, "", "period is missing")
		}
		if (in.Statistic == "") == (aws.ToString(in.ExtendedStatistic) == "") {
			f(a.Object, "", "one of statistic and extendedStatistic is wanted")
		}
		return
	}
	for _, m := range []struct {
		path    string
		written bool
	}{
		{"namespace", aws.ToString(in.Namespace) != ""}, {"dimensions", len(in.Dimensions) > 0}, {"period", in.Period != nil},
		{"statistic", in.Statistic != ""}, {"extendedStatistic", aws.ToString(in.ExtendedStatistic) != ""},
	} {
		if m.written {
			f(a.Object, m.path, "belongs to metricName only")
		}
	}
	returned := 0
	for _, m := range in.Metrics {
		band := in.ThresholdMetricId != nil && aws.ToString(m.Id) == *in.ThresholdMetricId // it bounds what is returned
		if !band && (m.ReturnData == nil || *m.ReturnData) {                               // PutMetricAlarm: omitted means true
			returned++
		}
	}
	if metrics && returned != 1 {
		f(a.Object, "metrics", "%d of them return data (without returnData they do): exactly one must", returned)
	}
}

func alarmPeriod(a *alarm, f found) {
	check := func(path string, period *int32) {
		if period == nil {
			return
		}
		p := *period
		if p != 10 && p != 20 && p != 30 && (p < 60 || p%60 != 0) {
			f(a.Object, path, "%d is none", p)
			return
		}
		const hour, day = 3600, 86400
		most := int64(7 * day)
		if p < hour {
			most = day
		}
		if n := int64(aws.ToInt32(a.in.EvaluationPeriods)) * int64(p); n > most {
			f(a.Object, path, "%d periods of %d seconds are %d seconds, over %d", *a.in.EvaluationPeriods, p, n, most)
		}
	}
	check("period", a.in.Period)
	for i, m := range a.in.Metrics {
		if m.MetricStat != nil {
			check(at("metrics", i)+".metricStat.period", m.MetricStat.Period)
		}
		check(at("metrics", i)+".period", m.Period)
	}
}
