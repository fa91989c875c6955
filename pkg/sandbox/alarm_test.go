package sandbox

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchschemas "github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/aws/smithy-go/transport/http/protocol/awsjson"
	"github.com/aws/smithy-go/transport/http/protocol/awsquery"
)

// scalingConfig is an SDK configuration over the sandbox, in process.
func scalingConfig(s *Sandbox) aws.Config {
	return aws.Config{Region: Region, BaseEndpoint: aws.String("http://sandbox.invalid"),
		HTTPClient: &http.Client{Transport: s.Transport()}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")}
}

func alarmClient(s *Sandbox) *cloudwatch.Client { return cloudwatch.NewFromConfig(scalingConfig(s)) }

func metricAlarmInput(name string) *cloudwatch.PutMetricAlarmInput {
	return &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String(name), MetricName: aws.String("Errors"), Namespace: aws.String("Shop"),
		Dimensions: []types.Dimension{{Name: aws.String("Service"), Value: aws.String("web")}},
		Statistic:  types.StatisticSum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(2),
		Threshold: aws.Float64(5), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
		Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}},
	}
}

func mustAlarm(t *testing.T, c *cloudwatch.Client, name string) types.MetricAlarm {
	t.Helper()
	out, err := c.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{name}})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.MetricAlarms) != 1 {
		t.Fatalf("%d alarms called %s", len(out.MetricAlarms), name)
	}
	return out.MetricAlarms[0]
}

func TestPutMetricAlarmOverwritesAllButStateAndTags(t *testing.T) {
	for _, protocol := range []string{"cbor", "json", "query"} {
		t.Run(protocol, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := New(Options{})
				c := cloudwatch.NewFromConfig(scalingConfig(s), func(o *cloudwatch.Options) {
					service := cloudwatchschemas.GraniteServiceVersion20100801
					o.Protocol = map[string]smithyhttp.ClientProtocol{
						"cbor": o.Protocol, "json": awsjson.New10(service), "query": awsquery.New(service)}[protocol]
				})
				in := metricAlarmInput("web/errors")
				in.AlarmDescription = aws.String("first")
				in.TreatMissingData = aws.String("notBreaching")
				if _, err := c.PutMetricAlarm(t.Context(), in); err != nil {
					t.Fatal(err)
				}
				a := mustAlarm(t, c, "web/errors")
				if a.StateValue != types.StateValueInsufficientData || !aws.ToBool(a.ActionsEnabled) || a.AlarmActions == nil ||
					aws.ToString(a.AlarmArn) != "arn:aws:cloudwatch:us-east-1:123456789012:alarm:web/errors" {
					t.Errorf("a new alarm: %+v", a)
				}
				if _, err := c.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{AlarmName: in.AlarmName,
					StateValue: types.StateValueAlarm, StateReason: aws.String("a test")}); err != nil {
					t.Fatal(err)
				}
				again := metricAlarmInput("web/errors")
				again.Tags = []types.Tag{{Key: aws.String("b"), Value: aws.String("2")}}
				if _, err := c.PutMetricAlarm(t.Context(), again); err != nil {
					t.Fatal(err)
				}
				a = mustAlarm(t, c, "web/errors")
				if a.StateValue != types.StateValueAlarm || a.AlarmDescription != nil || a.TreatMissingData != nil {
					t.Errorf("after an overwrite: %s, %v, %v", a.StateValue, a.AlarmDescription, a.TreatMissingData)
				}
				tags, err := c.ListTagsForResource(t.Context(), &cloudwatch.ListTagsForResourceInput{ResourceARN: a.AlarmArn})
				if err != nil || len(tags.Tags) != 1 || *tags.Tags[0].Key != "a" {
					t.Errorf("tags: %+v, %v", tags, err)
				}
			})
		})
	}
}

func TestPutMetricAlarmRefusals(t *testing.T) {
	c := alarmClient(New(Options{}))
	for _, tc := range []struct {
		change func(*cloudwatch.PutMetricAlarmInput)
		text   string
	}{
		{func(in *cloudwatch.PutMetricAlarmInput) { in.Period = aws.Int32(61) }, "Period must be 10, 20, 30 or a multiple of 60"},
		{func(in *cloudwatch.PutMetricAlarmInput) { in.EvaluationPeriods = aws.Int32(1441) }, "EvaluationPeriods * Period must be <= 86400"},
		{func(in *cloudwatch.PutMetricAlarmInput) {
			in.Period, in.EvaluationPeriods = aws.Int32(3600), aws.Int32(169)
		}, "EvaluationPeriods * Period must be <= 604800"},
		{func(in *cloudwatch.PutMetricAlarmInput) { in.DatapointsToAlarm = aws.Int32(3) }, "DatapointsToAlarm must be less than or equal to EvaluationPeriods"},
		{func(in *cloudwatch.PutMetricAlarmInput) { in.ExtendedStatistic = aws.String("p90") }, "Exactly one of Statistic and ExtendedStatistic"},
		{func(in *cloudwatch.PutMetricAlarmInput) { in.TreatMissingData = aws.String("perhaps") }, "Invalid value for TreatMissingData: perhaps"},
		{func(in *cloudwatch.PutMetricAlarmInput) { in.ComparisonOperator = "Above" }, "Value 'Above' at 'comparisonOperator'"},
		{func(in *cloudwatch.PutMetricAlarmInput) { in.AlarmActions = []string{"mail me"} }, "Invalid arn syntax: mail me"},
		{func(in *cloudwatch.PutMetricAlarmInput) { in.MetricName = nil }, "Exactly one of MetricName, Metrics and EvaluationCriteria"},
		{func(in *cloudwatch.PutMetricAlarmInput) {
			in.MetricName, in.Namespace, in.Dimensions, in.Period, in.Statistic = nil, nil, nil, nil, ""
			in.Metrics = []types.MetricDataQuery{{Id: aws.String("e1"), Expression: aws.String("m1/m2")}, {Id: aws.String("e2"), Expression: aws.String("m1")}}
		}, "Exactly one element of the metrics list should return data."},
	} {
		in := metricAlarmInput("a")
		tc.change(in)
		_, err := c.PutMetricAlarm(t.Context(), in)
		wantError(t, err, "ValidationError", tc.text)
	}
	out, err := c.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{})
	if err != nil || len(out.MetricAlarms) != 0 {
		t.Errorf("refused alarms exist: %+v, %v", out, err)
	}
}

func wantError(t *testing.T, err error, code, text string) {
	t.Helper()
	var e smithy.APIError
	if err == nil || !errors.As(err, &e) || e.ErrorCode() != code || !strings.Contains(e.ErrorMessage(), text) {
		t.Errorf("got %v, want %s: …%s…", err, code, text)
	}
}

func TestDescribeAlarmsPagesAndTypes(t *testing.T) {
	c := alarmClient(New(Options{}))
	for i := range 120 {
		if _, err := c.PutMetricAlarm(t.Context(), metricAlarmInput(fmt.Sprintf("a%03d", i))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.PutCompositeAlarm(t.Context(), &cloudwatch.PutCompositeAlarmInput{AlarmName: aws.String("a-all"),
		AlarmRule: aws.String(`ALARM("a000")`)}); err != nil {
		t.Fatal(err)
	}
	count := func(in *cloudwatch.DescribeAlarmsInput) (pages, metric, composite int) {
		p := cloudwatch.NewDescribeAlarmsPaginator(c, in)
		for p.HasMorePages() {
			out, err := p.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			pages, metric, composite = pages+1, metric+len(out.MetricAlarms), composite+len(out.CompositeAlarms)
		}
		return pages, metric, composite
	}
	for name, tc := range map[string]struct {
		in   *cloudwatch.DescribeAlarmsInput
		want [3]int
	}{
		"metric alarms only, fifty a page": {&cloudwatch.DescribeAlarmsInput{}, [3]int{3, 120, 0}},
		"a hundred a page":                 {&cloudwatch.DescribeAlarmsInput{MaxRecords: aws.Int32(100)}, [3]int{2, 120, 0}},
		"both":                             {&cloudwatch.DescribeAlarmsInput{AlarmTypes: []types.AlarmType{"MetricAlarm", "CompositeAlarm"}}, [3]int{3, 120, 1}},
		"prefix":                           {&cloudwatch.DescribeAlarmsInput{AlarmNamePrefix: aws.String("a01")}, [3]int{1, 10, 0}},
		"names, some unknown":              {&cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"a001", "nobody"}}, [3]int{1, 1, 0}},
		"parents":                          {&cloudwatch.DescribeAlarmsInput{ParentsOfAlarmName: aws.String("a000")}, [3]int{1, 0, 1}},
		"children":                         {&cloudwatch.DescribeAlarmsInput{ChildrenOfAlarmName: aws.String("a-all")}, [3]int{1, 1, 0}},
	} {
		pages, metric, composite := count(tc.in)
		if got := [3]int{pages, metric, composite}; got != tc.want {
			t.Errorf("%s: pages, metric, composite %v, want %v", name, got, tc.want)
		}
	}
	children, err := c.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{ChildrenOfAlarmName: aws.String("a-all")})
	if err != nil || children.MetricAlarms[0].StateValue == "" || children.MetricAlarms[0].MetricName != nil {
		t.Errorf("children show name, ARN and state: %+v, %v", children, err)
	}
	parents, err := c.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{ParentsOfAlarmName: aws.String("a000")})
	if err != nil || parents.CompositeAlarms[0].AlarmArn == nil || parents.CompositeAlarms[0].StateValue != "" || parents.CompositeAlarms[0].AlarmRule != nil {
		t.Errorf("parents show name and ARN: %+v, %v", parents, err)
	}
	_, err = c.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"a"}, AlarmNamePrefix: aws.String("a")})
	wantError(t, err, "ValidationError", "cannot both be specified")
}

func TestDeleteAlarmsParentsFirst(t *testing.T) {
	c := alarmClient(New(Options{}))
	put := func(name, rule string) {
		t.Helper()
		if _, err := c.PutCompositeAlarm(t.Context(), &cloudwatch.PutCompositeAlarmInput{AlarmName: &name, AlarmRule: &rule}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.PutMetricAlarm(t.Context(), metricAlarmInput("leaf")); err != nil {
		t.Fatal(err)
	}
	put("middle", "ALARM(leaf)")
	put("top", "ALARM(middle) OR NOT OK(leaf)")
	remove := func(names ...string) error {
		_, err := c.DeleteAlarms(t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: names})
		return err
	}
	wantError(t, remove("leaf"), "ValidationError", "Cannot delete leaf as there are composite alarm(s) depending on it.")
	wantError(t, remove("middle", "top"), "ValidationError", "more than one composite alarm")
	for _, names := range [][]string{{"top"}, {"middle", "leaf"}, {"nobody"}} {
		if err := remove(names...); err != nil {
			t.Errorf("%v: %v", names, err)
		}
	}
	_, err := c.PutCompositeAlarm(t.Context(), &cloudwatch.PutCompositeAlarmInput{AlarmName: aws.String("x"), AlarmRule: aws.String("ALARM(gone)")})
	wantError(t, err, "ValidationError", "alarms [gone] in the alarm rule do not exist")
}

func TestAlarmsFollowTheirData(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := alarmClient(New(Options{}))
		dims := []types.Dimension{{Name: aws.String("Service"), Value: aws.String("web")}}
		if _, err := c.PutMetricAlarm(t.Context(), metricAlarmInput("errors")); err != nil {
			t.Fatal(err)
		}
		rule := `ALARM("errors") AND NOT ALARM(deploying)`
		deploying := metricAlarmInput("deploying")
		deploying.MetricName = aws.String("Deploying")
		if _, err := c.PutMetricAlarm(t.Context(), deploying); err != nil {
			t.Fatal(err)
		}
		if _, err := c.PutCompositeAlarm(t.Context(), &cloudwatch.PutCompositeAlarmInput{AlarmName: aws.String("page"), AlarmRule: &rule}); err != nil {
			t.Fatal(err)
		}
		minute := func(value float64) {
			t.Helper()
			if _, err := c.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("Shop"), MetricData: []types.MetricDatum{
				{MetricName: aws.String("Errors"), Dimensions: dims, Value: aws.Float64(value)}}}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
		composite := func() types.StateValue {
			t.Helper()
			out, err := c.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmTypes: []types.AlarmType{types.AlarmTypeCompositeAlarm}})
			if err != nil {
				t.Fatal(err)
			}
			return out.CompositeAlarms[0].StateValue
		}
		for i, step := range []struct {
			value   float64
			errors  types.StateValue
			overall types.StateValue
		}{
			{1, types.StateValueOk, types.StateValueOk},
			{9, types.StateValueOk, types.StateValueOk}, // one of two
			{9, types.StateValueAlarm, types.StateValueAlarm},
			{9, types.StateValueAlarm, types.StateValueAlarm},
			{2, types.StateValueOk, types.StateValueOk},
		} {
			minute(step.value)
			if got := mustAlarm(t, c, "errors").StateValue; got != step.errors {
				t.Errorf("step %d: %s, want %s (%s)", i, got, step.errors, *mustAlarm(t, c, "errors").StateReason)
			}
			if got := composite(); got != step.overall {
				t.Errorf("step %d: composite %s, want %s", i, got, step.overall)
			}
		}
		time.Sleep(10 * time.Minute) // no data any more
		if got := mustAlarm(t, c, "errors").StateValue; got != types.StateValueInsufficientData {
			t.Errorf("without data: %s", got)
		}
		history, err := c.DescribeAlarmHistory(t.Context(), &cloudwatch.DescribeAlarmHistoryInput{AlarmName: aws.String("errors"),
			HistoryItemType: types.HistoryItemTypeStateUpdate, ScanBy: types.ScanByTimestampAscending})
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		for _, h := range history.AlarmHistoryItems {
			said = append(said, *h.HistorySummary)
		}
		const want = "Alarm updated from INSUFFICIENT_DATA to OK; Alarm updated from OK to ALARM; Alarm updated from ALARM to OK; Alarm updated from OK to INSUFFICIENT_DATA"
		if got := strings.Join(said, "; "); got != want {
			t.Errorf("history:\n%s\nwant\n%s", got, want)
		}
		stats, err := c.GetMetricStatistics(t.Context(), &cloudwatch.GetMetricStatisticsInput{Namespace: aws.String("Shop"), MetricName: aws.String("Errors"),
			Dimensions: dims, Period: aws.Int32(3600), Statistics: []types.Statistic{types.StatisticSum, types.StatisticMaximum},
			StartTime: aws.Time(time.Now().Add(-time.Hour)), EndTime: aws.Time(time.Now())})
		if err != nil || len(stats.Datapoints) != 1 || *stats.Datapoints[0].Sum != 30 || *stats.Datapoints[0].Maximum != 9 {
			t.Errorf("statistics: %+v, %v", stats, err)
		}
	})
}

func TestMissingData(t *testing.T) {
	const none = -1
	for _, tc := range []struct {
		treat  string
		values []float64 // a minute each; threshold 5, 3 of 3
		want   types.StateValue
	}{
		{"missing", []float64{none, none, none, none, none}, types.StateValueInsufficientData},
		{"breaching", []float64{none, none, none, none, none}, types.StateValueAlarm},
		{"notBreaching", []float64{none, none, none, none, none}, types.StateValueOk},
		{"ignore", []float64{none, none, none, none, none}, types.StateValueInsufficientData},
		{"missing", []float64{0, none, 9, none, 9}, types.StateValueOk},
		{"missing", []float64{none, none, 9, none, none}, types.StateValueAlarm}, // the guide's row on premature alarms
		{"notBreaching", []float64{none, none, 9, none, none}, types.StateValueOk},
		{"breaching", []float64{none, none, 9, none, none}, types.StateValueAlarm},
		{"ignore", []float64{none, none, 9, none, none}, types.StateValueInsufficientData}, // retained
		{"missing", []float64{0, 9, 9, none, 9}, types.StateValueAlarm},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := New(Options{})
			c := alarmClient(s)
			time.Sleep(time.Until(time.Now().Truncate(time.Minute).Add(time.Minute)))
			for _, v := range tc.values {
				if v != none {
					if _, err := c.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("N"),
						MetricData: []types.MetricDatum{{MetricName: aws.String("M"), Value: aws.Float64(v)}}}); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(time.Minute)
			}
			if _, err := c.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{AlarmName: aws.String("a"), Namespace: aws.String("N"),
				MetricName: aws.String("M"), Period: aws.Int32(60), EvaluationPeriods: aws.Int32(3), Threshold: aws.Float64(5),
				Statistic: types.StatisticMaximum, ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold, TreatMissingData: &tc.treat}); err != nil {
				t.Fatal(err)
			}
			s.mu.Lock()
			s.world.alarmTick("")
			s.mu.Unlock()
			if got := mustAlarm(t, c, "a").StateValue; got != tc.want {
				t.Errorf("%s %v: %s, want %s", tc.treat, tc.values, got, tc.want)
			}
		})
	}
}

func TestGetMetricDataComputesExpressions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := alarmClient(New(Options{}))
		for name, v := range map[string]float64{"Errors": 3, "Requests": 12} {
			if _, err := c.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("N"),
				MetricData: []types.MetricDatum{{MetricName: &name, Values: []float64{v}, Counts: []float64{2}}}}); err != nil {
				t.Fatal(err)
			}
		}
		query := func(id, metric string) types.MetricDataQuery {
			return types.MetricDataQuery{Id: &id, ReturnData: aws.Bool(false), MetricStat: &types.MetricStat{Stat: aws.String("Sum"), Period: aws.Int32(60),
				Metric: &types.Metric{Namespace: aws.String("N"), MetricName: &metric}}}
		}
		in := &cloudwatch.GetMetricDataInput{StartTime: aws.Time(time.Now().Add(-time.Minute)), EndTime: aws.Time(time.Now().Add(time.Minute)),
			MetricDataQueries: []types.MetricDataQuery{query("m1", "Errors"), query("m2", "Requests"),
				{Id: aws.String("rate"), Expression: aws.String("100 * (m1 / m2) - -1")}}}
		out, err := c.GetMetricData(t.Context(), in)
		if err != nil || len(out.MetricDataResults) != 1 || len(out.MetricDataResults[0].Values) != 1 || out.MetricDataResults[0].Values[0] != 26 {
			t.Errorf("%+v, %v", out, err)
		}
		in.MetricDataQueries[2].Expression = aws.String("SEARCH('x', 'Sum', 60)")
		_, err = c.GetMetricData(t.Context(), in)
		wantError(t, err, "ValidationError", "Error in expression 'rate'")
		list, err := c.ListMetrics(t.Context(), &cloudwatch.ListMetricsInput{Namespace: aws.String("N")})
		if err != nil || len(list.Metrics) != 2 {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

func TestAlarmRules(t *testing.T) {
	states := map[string]string{"a": "ALARM", "b": "OK", "c d": "INSUFFICIENT_DATA", "ALARMS": "ALARM"}
	for rule, want := range map[string]bool{
		`ALARM(a)`:                                                 true,
		`ALARM("a") AND ALARM(b)`:                                  false,
		`ALARM(b) OR ALARM(a) AND OK(b)`:                           true,
		`(ALARM(b) OR ALARM(a)) AND ALARM(b)`:                      false,
		`NOT (ALARM(b) OR FALSE)`:                                  true,
		`NOT NOT ALARM(a)`:                                         true,
		`INSUFFICIENT_DATA("c d") AND TRUE`:                        true,
		`ALARM(arn:aws:cloudwatch:us-east-1:123456789012:alarm:a)`: true,
		"ALARM( ALARMS )\n AND\tTRUE":                              true,
		`OK(nobody)`:                                               false,
		`AT_LEAST(2, ALARM, (a, b, ALARMS))`:                       true,
		`AT_LEAST(2, ALARM, (a, b, "c d")) OR FALSE`:               false,
		`AT_LEAST(60%, NOT OK, ( "a" ,b, "c d"))`:                  true,
		`NOT AT_LEAST ( 70% , NOT OK , (a, b, "c d") )`:            true,
	} {
		n, err := parseRule(rule)
		if err != nil {
			t.Errorf("%s: %v", rule, err)
			continue
		}
		if got := n.eval(func(a string) string { return states[a] }); got != want {
			t.Errorf("%s: %v", rule, got)
		}
	}
	for _, rule := range []string{"", "ALARM", "ALARM()", "ALARM(a", `ALARM("a)`, "ALARM(a) AND", "ALARM(a) ALARM(b)", "(TRUE", "TRUE)", "MAYBE(a)",
		"AT_LEAST(2, ALARM, a)", "AT_LEAST(0, ALARM, (a))", "AT_LEAST(101%, OK, (a))", "AT_LEAST(1, (a))", "AT_LEAST(1, OK, (a,))", "AT_LEAST(1, OK, (a)",
		strings.Repeat("NOT ", 2000) + "TRUE", strings.Repeat("(", 2000)} {
		if _, err := parseRule(rule); err == nil {
			t.Errorf("%.30q is accepted", rule)
		}
	}
}

func TestStatesSetByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := alarmClient(New(Options{}))
		if _, err := c.PutMetricAlarm(t.Context(), metricAlarmInput("child")); err != nil {
			t.Fatal(err)
		}
		if _, err := c.PutCompositeAlarm(t.Context(), &cloudwatch.PutCompositeAlarmInput{AlarmName: aws.String("parent"), AlarmRule: aws.String("ALARM(child)")}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		set := func(name string) {
			t.Helper()
			if _, err := c.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{AlarmName: &name, StateReason: aws.String("a test"),
				StateValue: types.StateValueAlarm}); err != nil {
				t.Fatal(err)
			}
		}
		want := func(child, parent types.StateValue, when string) {
			t.Helper()
			out, err := c.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmTypes: []types.AlarmType{"MetricAlarm", "CompositeAlarm"}})
			if err != nil {
				t.Fatal(err)
			}
			if m, p := out.MetricAlarms[0].StateValue, out.CompositeAlarms[0].StateValue; m != child || p != parent {
				t.Errorf("%s: child %s, parent %s", when, m, p)
			}
		}
		want(types.StateValueInsufficientData, types.StateValueOk, "at first")
		set("parent")
		time.Sleep(time.Hour)
		want(types.StateValueInsufficientData, types.StateValueAlarm, "a composite stays until a child changes")
		set("child")
		want(types.StateValueAlarm, types.StateValueAlarm, "at once")
		time.Sleep(3 * time.Minute)
		want(types.StateValueAlarm, types.StateValueAlarm, "within the evaluation range")
		time.Sleep(3 * time.Minute)
		want(types.StateValueInsufficientData, types.StateValueOk, "after it")
	})
}
