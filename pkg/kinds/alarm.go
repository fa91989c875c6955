package kinds

import (
	"cmp"
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// alarm is a CloudWatch metric alarm.
type alarm struct{ named[types.MetricAlarm] }

func newAlarm(b base) *alarm {
	return &alarm{named[types.MetricAlarm]{base: b, tags: alarmTags{}, name: writtenAlarmName, live: alarmLive,
		describe: lookup(b, 100, describeAlarms)}} // DescribeAlarms: 100 names
}

func (*alarm) Name() string   { return resource.KindAlarm }
func (*alarm) Taggable() bool { return true }

func (*alarm) Section() spec.Section {
	return spec.Section{
		Path: "alarms", Kind: resource.KindAlarm, Many: true,
		New:        func() any { return &cloudwatch.PutMetricAlarmInput{} },
		ReadOnly:   types.MetricAlarm{},
		Required:   alarmRequired,
		Frame:      []string{"alarmName"},
		Attributes: []string{"arn", "name"},
		Sugar: map[string]spec.Sugar{
			"tags":                                   {Key: "key", Value: "value"},
			"dimensions":                             {Key: "name", Value: "value"},
			"metrics[].metricStat.metric.dimensions": {Key: "name", Value: "value"},
		},
		Unions: alarmUnions(),
	}
}

func (*alarm) Complete(f resource.Frame, u *resource.Unit, o *resource.Object) []spec.Problem {
	in := o.Want.(*cloudwatch.PutMetricAlarmInput)
	problems := takeTags(u, o, &in.Tags, cwPair)
	in.AlarmName = aws.String(alarmNameOf(f, u, o))
	problems = append(problems, nameProblems(u, o, "alarmName", "the alarm name", *in.AlarmName, maxAlarmName, nil)...)
	fillNames(u, o)
	return problems
}

// alarmNameOf is the AWS name of a unit's alarm: written, else derived.
func alarmNameOf(f resource.Frame, u *resource.Unit, o *resource.Object) string {
	return cmp.Or(writtenAlarmName(o), pathName(f, u, o.ID.Name))
}

func writtenAlarmName(o *resource.Object) string {
	in, _ := o.Want.(*cloudwatch.PutMetricAlarmInput)
	if in == nil {
		return ""
	}
	return aws.ToString(in.AlarmName)
}

func (*alarm) Content(*resource.Object) []byte { return nil }

func (*alarm) Attributes(o *resource.Object) map[string]string {
	return map[string]string{"name": writtenAlarmName(o)}
}

// alarmRules are how an alarm is compared. PutMetricAlarm overwrites all of it.
var alarmRules = tableRules(resource.KindAlarm, normaliseAlarm)

// normaliseAlarm: as many data points as periods, unless said otherwise.
func normaliseAlarm(v any) any {
	in, ok := v.(*cloudwatch.PutMetricAlarmInput)
	if ok && in.DatapointsToAlarm != nil && in.EvaluationPeriods != nil && *in.DatapointsToAlarm == *in.EvaluationPeriods {
		in.DatapointsToAlarm = nil
	}
	if ok {
		if _, sliding := in.EvaluationWindow.(*types.EvaluationWindowMemberSlidingWindow); sliding {
			in.EvaluationWindow = nil
		}
	}
	return v
}

func (*alarm) Diff(o *resource.Object, l *resource.Live, c resource.Compare) []diff.Change {
	return compare(&alarmRules, o, l, c)
}

func describeAlarms(ctx context.Context, api awsclient.API, names []string, take func(*string, *types.MetricAlarm)) error {
	pages := cloudwatch.NewDescribeAlarmsPaginator(api.CloudWatch, &cloudwatch.DescribeAlarmsInput{AlarmNames: names, MaxRecords: aws.Int32(100)})
	return eachPage(ctx, pages, func(page *cloudwatch.DescribeAlarmsOutput) {
		for i := range page.MetricAlarms {
			take(page.MetricAlarms[i].AlarmName, &page.MetricAlarms[i])
		}
	})
}

func alarmLive(id resource.ID, m *types.MetricAlarm) resource.Live {
	in := &cloudwatch.PutMetricAlarmInput{}
	shape.Project(in, m)
	l := present(id, aws.ToString(m.AlarmArn), aws.ToString(m.AlarmName), in)
	if m.StateValue == types.StateValueAlarm {
		l.Health = resource.Health{State: resource.Degraded, Reason: "the alarm is in state ALARM: " + aws.ToString(m.StateReason)}
	}
	return l
}

// Create puts the alarm, with its tags.
func (k *alarm) Create(ctx context.Context, w resource.Write) (resource.Live, error) {
	c, err := k.clients(ctx, w.Object.ID.Target)
	if err != nil {
		return resource.Live{}, err
	}
	in := *w.Object.Want.(*cloudwatch.PutMetricAlarmInput)
	in.Tags = pairs(w.Object.Tags, cwTag)
	if _, err := c.Write.CloudWatch.PutMetricAlarm(ctx, &in); err != nil {
		return resource.Live{}, err
	}
	name := aws.ToString(in.AlarmName)
	arn := fmt.Sprintf("arn:%s:cloudwatch:%s:%s:alarm:%s", partitionOf(c.Caller), c.Region, c.Account, name)
	l := present(w.Object.ID, arn, name, w.Object.Want)
	l.Tags = w.Object.Tags
	return l, nil
}

// Update puts the whole alarm again, which keeps its state. AWS ignores tags in
// that call.
func (k *alarm) Update(ctx context.Context, w resource.Write) (resource.Live, error) {
	c, err := k.clients(ctx, w.Object.ID.Target)
	if err != nil {
		return resource.Live{}, err
	}
	if len(changedFields(w.Changes)) > 0 {
		in := *w.Object.Want.(*cloudwatch.PutMetricAlarmInput)
		in.Tags = nil
		if _, err := c.Write.CloudWatch.PutMetricAlarm(ctx, &in); err != nil {
			return resource.Live{}, err
		}
	}
	l, err := retag(ctx, alarmTags{}, c.Write, w)
	if err == nil {
		l.Value = w.Object.Want
	}
	return l, err
}

// Delete removes the alarm. AWS says nothing about alarms that are not there.
func (k *alarm) Delete(ctx context.Context, w resource.Write) error {
	name := cmp.Or(w.Live.Name, writtenAlarmName(&w.Object))
	return k.remove(ctx, w, func(api awsclient.API) error {
		_, err := api.CloudWatch.DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{name}})
		return err
	})
}
