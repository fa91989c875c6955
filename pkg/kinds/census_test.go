package kinds_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// counted is what the census of a kind finds, by place in the unit.
func (w *world) counted(kind, owner string) ([]string, error) {
	w.t.Helper()
	found, err := w.kind(kind).(resource.Census).Owned(w.t.Context(), resource.DefaultTarget, owner)
	var out []string
	for _, l := range found {
		if l.ARN == "" || l.Tags[resource.TagOwner] != owner {
			w.t.Errorf("%s: %+v is no live object of %s", kind, l, owner)
		}
		out = append(out, l.ID.Key().String()+" "+l.ID.Local())
	}
	return out, err
}

func (w *world) spoil(f func(sandbox.Call) *sandbox.Fault) {
	fault := sandbox.FaultFunc(func(_ context.Context, c sandbox.Call) *sandbox.Fault { return f(c) })
	w.fault.Store(&fault)
}

// Every taggable kind lists what is ours, by the tagging API and, where that is
// denied, by listing; and what it lists can be read directly by its ARN alone.
func TestCensus(t *testing.T) {
	for _, denied := range []bool{false, true} {
		w := newWorld(t)
		u := w.load(web)
		w.apply(u)
		w.fresh()
		if denied {
			w.spoil(func(c sandbox.Call) *sandbox.Fault {
				if c.Operation == "GetResources" {
					return &sandbox.Fault{Code: "AccessDeniedException", Message: "not authorized"}
				}
				return nil
			})
		}
		for _, k := range w.kinds {
			if !k.Taggable() {
				continue
			}
			var want []string
			for _, o := range u.Objects() {
				if o.ID.Kind == k.Name() {
					want = append(want, o.ID.Key().String()+" "+o.ID.Local())
				}
			}
			got, err := w.counted(k.Name(), resource.DefaultOwner)
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("denied=%v: %s: %v (%v), want %v", denied, k.Name(), got, err, want)
			}
			if got, err := w.counted(k.Name(), "somebody"); err != nil || len(got) > 0 {
				t.Errorf("denied=%v: %s of somebody else: %v (%v)", denied, k.Name(), got, err)
			}
			found, _ := k.(resource.Census).Owned(t.Context(), resource.DefaultTarget, resource.DefaultOwner)
			for _, l := range found {
				recalled := k.(resource.Recalling).Recall(l)
				o := resource.Stray(recalled)
				read := k.Observe(t.Context(), resource.Query{Target: resource.DefaultTarget, Objects: []*resource.Object{&o}, Direct: true})[l.ID]
				if read.Presence != resource.Present || read.ARN != l.ARN || !maps.Equal(read.Tags, recalled.Tags) {
					t.Errorf("denied=%v: %s read directly is %s %s %v (%v)", denied, l.ARN, read.Presence, read.ARN, read.Tags, read.Err)
				}
			}
		}
	}
}

// A list that failed in any part is no census.
func TestCensusThatFails(t *testing.T) {
	synctest.Test(t, censusFails) // what answers 500 is asked again, later and later
}

func censusFails(t *testing.T) {
	lists := map[string][]string{
		resource.KindService:        {"ListClusters", "ListServices", "DescribeServices"},
		resource.KindTaskDefinition: {"ListTaskDefinitions", "ListTagsForResource"},
		resource.KindTargetGroup:    {"DescribeTargetGroups", "DescribeTags"},
		resource.KindListenerRule:   {"DescribeLoadBalancers", "DescribeListeners", "DescribeRules", "DescribeTags"},
		resource.KindScalableTarget: {"DescribeScalableTargets", "ListTagsForResource"},
		resource.KindAlarm:          {"DescribeAlarms", "ListTagsForResource"},
	}
	w := newWorld(t)
	w.apply(w.load(web))
	for kind, operations := range lists {
		for _, operation := range append(operations, "GetResources") {
			w.fresh()
			w.spoil(func(c sandbox.Call) *sandbox.Fault {
				switch {
				case c.Operation == operation && operation == "GetResources":
					return &sandbox.Fault{Code: "InternalServiceException", Message: "no", Status: 500}
				case c.Operation == operation || c.Operation == "GetResources":
					return &sandbox.Fault{Code: "AccessDeniedException", Message: "not authorized"}
				}
				return nil
			})
			if got, err := w.counted(kind, resource.DefaultOwner); err == nil {
				t.Errorf("%s with a failing %s: %v and no error", kind, operation, got)
			}
		}
	}
}

// What was copied with our tags into another cluster, or is made by Application
// Auto Scaling, is not ours.
func TestCensusLeavesOut(t *testing.T) {
	w := newWorld(t)
	u := w.load(web)
	w.apply(u)
	tags := map[string]string{}
	for _, o := range u.Objects() {
		if o.ID.Kind == resource.KindAlarm {
			tags = o.Tags
		}
	}
	in := &cloudwatch.PutMetricAlarmInput{AlarmName: aws.String("TargetTracking-service/default/x-AlarmHigh-1"), MetricName: aws.String("m"), Namespace: aws.String("n"),
		Statistic: cwtypes.StatisticSum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1), ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanThreshold}
	for k, v := range tags {
		in.Tags = append(in.Tags, cwtypes.Tag{Key: aws.String(k), Value: aws.String(v)})
	}
	if _, err := w.raw.Write.CloudWatch.PutMetricAlarm(context.Background(), in); err != nil {
		t.Fatal(err)
	}
	w.fresh()
	found, err := w.kind(resource.KindAlarm).(resource.Census).Owned(t.Context(), resource.DefaultTarget, resource.DefaultOwner)
	for _, f := range found {
		if strings.Contains(f.ARN, ":alarm:TargetTracking-") {
			t.Errorf("%s is listed", f.ARN)
		}
	}
	if err != nil || len(found) == 0 {
		t.Errorf("%d alarms, %v", len(found), err)
	}
}
