package sandbox

import (
	"cmp"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// metricSeries is one metric in one unit.
type metricSeries struct {
	Namespace  string
	Name       string
	Dimensions []types.Dimension // sorted by name
	Unit       types.StandardUnit
	Points     []metricPoint // oldest first
}

// metricPoint is what was put into one second (high resolution) or minute.
type metricPoint struct {
	At                   time.Time
	Sum, Count, Min, Max float64
	Values               []float64 // for percentiles; at most maxPointValues
}

// Bounds that keep the world small: CloudWatch itself keeps minutes for 15 days.
const (
	maxPoints      = 21_600
	maxPointValues = 150
)

func seriesKey(namespace, name string, dims []types.Dimension, unit types.StandardUnit) string {
	return strings.Join([]string{namespace, name, dimensionKey(dims), string(unit)}, "\x00")
}

// dimensionKey is the same for the same set of dimensions.
func dimensionKey(dims []types.Dimension) string {
	var parts []string
	for _, d := range dims {
		parts = append(parts, aws.ToString(d.Name)+"\x01"+aws.ToString(d.Value))
	}
	slices.Sort(parts)
	return strings.Join(parts, "\x02")
}

// putMetricData stores data points; the alarms look at them when they are next
// evaluated.
func putMetricData(c *call, in *cloudwatch.PutMetricDataInput) (*cloudwatch.PutMetricDataOutput, error) {
	data := slices.Clone(in.MetricData)
	for _, e := range in.EntityMetricData {
		data = append(data, e.MetricData...)
	}
	if in.Namespace == nil || *in.Namespace == "" {
		return nil, refuse("MissingParameter", "The parameter Namespace is required.")
	}
	if len(data) > 1000 {
		return nil, refuse("InvalidParameterValue", "The collection MetricData must not have a size greater than 1000.")
	}
	for i, d := range data {
		if err := checkDatum(i+1, d); err != nil {
			return nil, err
		}
	}
	for _, d := range data {
		c.w.storeDatum(*in.Namespace, d, c.Now)
	}
	return &cloudwatch.PutMetricDataOutput{}, nil
}

func checkDatum(n int, d types.MetricDatum) error {
	member := "MetricData.member." + strconv.Itoa(n) + "."
	if aws.ToString(d.MetricName) == "" {
		return refuse("MissingParameter", "The parameter %sMetricName is required.", member)
	}
	if len(d.Dimensions) > 30 {
		return refuse("InvalidParameterValue", "The collection %sDimensions must not have a size greater than 30.", member)
	}
	if len(d.Counts) > 0 && len(d.Counts) != len(d.Values) {
		return refuse("InvalidParameterCombination", "The parameters %sValues and %sCounts must be of the same size.", member, member)
	}
	if d.Value == nil && d.StatisticValues == nil && len(d.Values) == 0 {
		return refuse("MissingParameter", "At least one of the parameters %sValue, %sValues and %sStatisticValues must be specified.", member, member, member)
	}
	for _, v := range append(slices.Clone(d.Values), aws.ToFloat64(d.Value)) {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return refuse("InvalidParameterValue", "The value %v for parameter %sValue is invalid.", v, member)
		}
	}
	return nil
}

// storeDatum adds a datum to the second or minute that it belongs to.
func (w *World) storeDatum(namespace string, d types.MetricDatum, now time.Time) {
	unit := cmp.Or(d.Unit, types.StandardUnitNone)
	key := seriesKey(namespace, *d.MetricName, d.Dimensions, unit)
	s := w.Alarms.Series[key]
	if s == nil {
		dims := slices.Clone(d.Dimensions)
		slices.SortFunc(dims, func(a, b types.Dimension) int { return cmp.Compare(aws.ToString(a.Name), aws.ToString(b.Name)) })
		s = &metricSeries{Namespace: namespace, Name: *d.MetricName, Dimensions: dims, Unit: unit}
		w.Alarms.Series[key] = s
	}
	step := time.Minute
	if aws.ToInt32(d.StorageResolution) == 1 {
		step = time.Second
	}
	at := now
	if d.Timestamp != nil {
		at = *d.Timestamp
	}
	p := s.point(at.UTC().Truncate(step))
	if v := d.StatisticValues; v != nil {
		p.add(aws.ToFloat64(v.Sum), aws.ToFloat64(v.SampleCount), aws.ToFloat64(v.Minimum), aws.ToFloat64(v.Maximum))
		return
	}
	values, counts := d.Values, d.Counts
	if d.Value != nil {
		values, counts = []float64{*d.Value}, nil
	}
	for i, v := range values {
		n := 1.0
		if len(counts) > 0 {
			n = counts[i]
		}
		p.add(v*n, n, v, v)
		for k := 0; k < int(n) && len(p.Values) < maxPointValues; k++ {
			p.Values = append(p.Values, v)
		}
	}
}

// point finds or makes the point of a time.
func (s *metricSeries) point(at time.Time) *metricPoint {
	i, found := slices.BinarySearchFunc(s.Points, at, func(p metricPoint, t time.Time) int { return p.At.Compare(t) })
	if !found {
		s.Points = slices.Insert(s.Points, i, metricPoint{At: at})
		if len(s.Points) > maxPoints && i > 0 {
			s.Points = slices.Delete(s.Points, 0, 1)
			i--
		}
	}
	return &s.Points[i]
}

func (p *metricPoint) add(sum, count, low, high float64) {
	if p.Count == 0 {
		p.Min, p.Max = low, high
	}
	p.Sum, p.Count = p.Sum+sum, p.Count+count
	p.Min, p.Max = min(p.Min, low), max(p.Max, high)
}

// window adds up what was put into [from, from+length).
func window(series []*metricSeries, from time.Time, length time.Duration) metricPoint {
	total := metricPoint{At: from}
	to := from.Add(length)
	for _, s := range series {
		i := sort.Search(len(s.Points), func(i int) bool { return !s.Points[i].At.Before(from) })
		for ; i < len(s.Points) && s.Points[i].At.Before(to); i++ {
			p := s.Points[i]
			if p.Count > 0 {
				total.add(p.Sum, p.Count, p.Min, p.Max)
				total.Values = append(total.Values, p.Values...)
			}
		}
	}
	return total
}

// seriesOf are the series of a metric: one unit, or all of them.
func (w *World) seriesOf(m types.Metric, unit types.StandardUnit) []*metricSeries {
	if len(w.Alarms.Series) == 0 { // of tens of thousands of alarms, each minute
		return nil
	}
	prefix := seriesKey(aws.ToString(m.Namespace), aws.ToString(m.MetricName), m.Dimensions, "")
	units := []types.StandardUnit{unit}
	if unit == "" {
		units = types.StandardUnit("").Values()
	}
	var out []*metricSeries
	for _, u := range units {
		if s := w.Alarms.Series[prefix+string(u)]; s != nil {
			out = append(out, s)
		}
	}
	return out
}

// stat computes a statistic of a window; ok is false without data, and for a
// statistic that the sandbox cannot compute.
func (p metricPoint) stat(name string) (v float64, ok bool) {
	if p.Count == 0 {
		return 0, false
	}
	switch name {
	case "Average":
		return p.Sum / p.Count, true
	case "Sum":
		return p.Sum, true
	case "Minimum":
		return p.Min, true
	case "Maximum":
		return p.Max, true
	case "SampleCount":
		return p.Count, true
	}
	digits, isPercentile := strings.CutPrefix(name, "p")
	percent, err := strconv.ParseFloat(digits, 64)
	if !isPercentile || err != nil || len(p.Values) == 0 || percent < 0 || percent > 100 {
		return 0, false
	}
	sorted := slices.Sorted(slices.Values(p.Values))
	i := int(math.Ceil(percent/100*float64(len(sorted)))) - 1
	return sorted[max(0, i)], true
}
