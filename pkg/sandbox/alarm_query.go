package sandbox

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// maxDatapoints is CloudWatch' bound on one GetMetricStatistics answer.
const maxDatapoints = 1440

func getMetricStatistics(c *call, in *cloudwatch.GetMetricStatisticsInput) (*cloudwatch.GetMetricStatisticsOutput, error) {
	if len(in.Statistics)+len(in.ExtendedStatistics) == 0 {
		return nil, refuse("InvalidParameterCombination", "At least one of the parameters Statistics and ExtendedStatistics must be specified.")
	}
	from, to, step, err := queryRange(in.StartTime, in.EndTime, in.Period)
	if err != nil {
		return nil, err
	}
	if n := to.Sub(from) / step; n > maxDatapoints {
		return nil, refuse("InvalidParameterCombination", "You have requested up to %d datapoints, which exceeds the limit of %d.", n, maxDatapoints)
	}
	m := types.Metric{Namespace: in.Namespace, MetricName: in.MetricName, Dimensions: in.Dimensions}
	series := c.w.seriesOf(m, in.Unit)
	out := &cloudwatch.GetMetricStatisticsOutput{Label: in.MetricName, Datapoints: []types.Datapoint{}}
	for t := from; t.Before(to); t = t.Add(step) {
		p := window(series, t, step)
		if p.Count == 0 {
			continue
		}
		d := types.Datapoint{Timestamp: aws.Time(t), Unit: cmp.Or(in.Unit, series[0].Unit)}
		for _, s := range in.Statistics {
			v, _ := p.stat(string(s))
			switch s {
			case types.StatisticAverage:
				d.Average = &v
			case types.StatisticSum:
				d.Sum = &v
			case types.StatisticMinimum:
				d.Minimum = &v
			case types.StatisticMaximum:
				d.Maximum = &v
			case types.StatisticSampleCount:
				d.SampleCount = &v
			}
		}
		for _, s := range in.ExtendedStatistics {
			if v, ok := p.stat(s); ok {
				if d.ExtendedStatistics == nil {
					d.ExtendedStatistics = map[string]float64{}
				}
				d.ExtendedStatistics[s] = v
			}
		}
		out.Datapoints = append(out.Datapoints, d)
	}
	return out, nil
}

// queryRange checks and aligns the time range of a query.
func queryRange(start, end *time.Time, period *int32) (from, to time.Time, step time.Duration, err error) {
	if start == nil || end == nil || period == nil {
		return from, to, 0, refuse("MissingParameter", "The parameters StartTime, EndTime and Period are required.")
	}
	if !end.After(*start) {
		return from, to, 0, refuse("InvalidParameterCombination", "The parameter StartTime must be less than the parameter EndTime.")
	}
	n := *period
	if n != 1 && n != 5 && n != 10 && n != 20 && n != 30 && (n < 60 || n%60 != 0) {
		return from, to, 0, refuse("InvalidParameterValue", "Period must be 1, 5, 10, 20, 30 or a multiple of 60")
	}
	step = time.Duration(n) * time.Second
	return start.UTC().Truncate(step), end.UTC(), step, nil
}

// getMetricData answers queries that name a metric; metric math over other
// queries' ids is computed as far as alarm_math.go goes, other expressions are refused with a clear word.
func getMetricData(c *call, in *cloudwatch.GetMetricDataInput) (*cloudwatch.GetMetricDataOutput, error) {
	if len(in.MetricDataQueries) == 0 || len(in.MetricDataQueries) > 500 {
		return nil, refuse("ValidationError", "The collection MetricDataQueries must have between 1 and 500 elements")
	}
	out := &cloudwatch.GetMetricDataOutput{MetricDataResults: []types.MetricDataResult{}}
	for _, q := range in.MetricDataQueries {
		if q.ReturnData != nil && !*q.ReturnData {
			continue
		}
		period := queryPeriod(in.MetricDataQueries, aws.ToString(q.Id))
		from, to, step, err := queryRange(in.StartTime, in.EndTime, aws.Int32(period))
		if err != nil {
			return nil, err
		}
		if q.Expression != nil {
			if _, err := parseMath(*q.Expression); err != nil {
				return nil, refuse("ValidationError", "Error in expression '%s': %v", aws.ToString(q.Id), err)
			}
		}
		r := types.MetricDataResult{Id: q.Id, Label: cmp.Or(q.Label, labelOf(q)), StatusCode: types.StatusCodeComplete,
			Timestamps: []time.Time{}, Values: []float64{}}
		for t := from; t.Before(to) && len(r.Values) < 100_800; t = t.Add(step) {
			if v, ok := c.w.queryValue(in.MetricDataQueries, aws.ToString(q.Id), t, step, 0); ok {
				r.Timestamps, r.Values = append(r.Timestamps, t), append(r.Values, v)
			}
		}
		if in.ScanBy != types.ScanByTimestampAscending { // descending is the default
			slices.Reverse(r.Timestamps)
			slices.Reverse(r.Values)
		}
		out.MetricDataResults = append(out.MetricDataResults, r)
	}
	return out, nil
}

func labelOf(q types.MetricDataQuery) *string {
	if q.MetricStat != nil && q.MetricStat.Metric != nil {
		return q.MetricStat.Metric.MetricName
	}
	return q.Id
}

// queryPeriod is the period of a query: its own, or the longest of those that
// an expression may name.
func queryPeriod(queries []types.MetricDataQuery, id string) int32 {
	longest := int32(0)
	for _, q := range queries {
		if q.MetricStat == nil {
			if aws.ToString(q.Id) == id && q.Period != nil {
				return *q.Period
			}
			continue
		}
		if aws.ToString(q.Id) == id {
			return aws.ToInt32(q.MetricStat.Period)
		}
		longest = max(longest, aws.ToInt32(q.MetricStat.Period))
	}
	return cmp.Or(longest, 60)
}

// queryValue computes one query over one window; ok is false without data.
func (w *World) queryValue(queries []types.MetricDataQuery, id string, from time.Time, step time.Duration, depth int) (float64, bool) {
	i := slices.IndexFunc(queries, func(q types.MetricDataQuery) bool { return aws.ToString(q.Id) == id })
	if i < 0 || depth > len(queries) { // an id that is not there, or a cycle
		return 0, false
	}
	if s := queries[i].MetricStat; s != nil && s.Metric != nil {
		return window(w.seriesOf(*s.Metric, s.Unit), from, step).stat(aws.ToString(s.Stat))
	}
	e, err := parseMath(aws.ToString(queries[i].Expression))
	if err != nil {
		return 0, false
	}
	scope := mathScope{period: step.Seconds(), value: func(id string, back int) (float64, bool) {
		return w.queryValue(queries, id, from.Add(-time.Duration(back)*step), step, depth+1)
	}}
	for _, q := range queries {
		if q.MetricStat != nil {
			scope.ids = append(scope.ids, aws.ToString(q.Id))
		}
	}
	return e.value(scope, 0)
}

func listMetrics(c *call, in *cloudwatch.ListMetricsInput) (*cloudwatch.ListMetricsOutput, error) {
	seen := map[string]types.Metric{}
	for _, s := range c.w.Alarms.Series {
		if in.Namespace != nil && *in.Namespace != s.Namespace || in.MetricName != nil && *in.MetricName != s.Name ||
			!matchesFilters(s.Dimensions, in.Dimensions) {
			continue
		}
		if in.RecentlyActive != "" && (len(s.Points) == 0 || c.Now.Sub(s.Points[len(s.Points)-1].At) > 3*time.Hour) {
			continue
		}
		seen[seriesKey(s.Namespace, s.Name, s.Dimensions, "")] = types.Metric{
			Namespace: aws.String(s.Namespace), MetricName: aws.String(s.Name), Dimensions: list(s.Dimensions)}
	}
	page, next, err := nextPage(slices.Sorted(maps.Keys(seen)), in.NextToken, nil, 500)
	if err != nil {
		return nil, err
	}
	out := &cloudwatch.ListMetricsOutput{Metrics: []types.Metric{}, NextToken: next}
	for _, key := range page {
		out.Metrics = append(out.Metrics, seen[key])
	}
	return out, nil
}

func matchesFilters(dims []types.Dimension, filters []types.DimensionFilter) bool {
	for _, f := range filters {
		if !slices.ContainsFunc(dims, func(d types.Dimension) bool {
			return aws.ToString(d.Name) == aws.ToString(f.Name) && (f.Value == nil || *f.Value == aws.ToString(d.Value))
		}) {
			return false
		}
	}
	return true
}
