package kinds

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// alarm is a CloudWatch alarm: one that watches metrics (PutMetricAlarm), or a
// composite one that watches other alarms (PutCompositeAlarm). They share their
// names, so that one kind has both: what Want is says which.
type alarm struct{ named[foundAlarm] }

// foundAlarm is AWS' description of an alarm; one of the two is set.
type foundAlarm struct {
	metric    *types.MetricAlarm
	composite *types.CompositeAlarm
}

func newAlarm(b base) *alarm {
	return &alarm{named[foundAlarm]{base: b, tags: alarmTags{}, page: 100, name: writtenAlarmName, live: alarmLive,
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
		Others: []spec.Section{compositeSection()},
	}
}

func (*alarm) Complete(f resource.Frame, u *resource.Unit, o *resource.Object) []spec.Problem {
	name, tags := alarmFrame(o.Want)
	problems := takeTags(u, o, tags, cwPair)
	*name = aws.String(alarmNameOf(f, u, o))
	problems = append(problems, nameProblems(u, o, "alarmName", "the alarm name", **name, maxAlarmName, nil)...)
	if strings.HasPrefix(**name, policyAlarm) {
		problems = append(problems, problem(u, o, "alarmName", "%s: the alarm name %q begins with %s, and such alarms are Application Auto Scaling's own: choose another name",
			o.Section, **name, policyAlarm))
	}
	fillNames(u, o)
	needAlarms(f, u, o)
	return problems
}

// alarmFrame is where an alarm's input has its name and its tags.
func alarmFrame(want any) (name **string, tags *[]types.Tag) {
	switch in := want.(type) {
	case *cloudwatch.PutCompositeAlarmInput:
		return &in.AlarmName, &in.Tags
	case *cloudwatch.PutMetricAlarmInput:
		return &in.AlarmName, &in.Tags
	}
	return new(*string), new([]types.Tag) // a question without a body
}

// Frame is the name, by which an alarm is found.
func (*alarm) Frame(want any) (frame any, summed bool) {
	switch in := want.(type) {
	case *cloudwatch.PutCompositeAlarmInput:
		return &cloudwatch.PutCompositeAlarmInput{AlarmName: in.AlarmName}, false
	case *cloudwatch.PutMetricAlarmInput:
		return &cloudwatch.PutMetricAlarmInput{AlarmName: in.AlarmName}, false
	}
	return want, false
}

// alarmNameOf is the AWS name of a unit's alarm: written, else derived.
func alarmNameOf(f resource.Frame, u *resource.Unit, o *resource.Object) string {
	return cmp.Or(writtenAlarmName(o), pathName(f, u, o.ID.Name))
}

func writtenAlarmName(o *resource.Object) string {
	name, _ := alarmFrame(o.Want)
	return aws.ToString(*name)
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
	if l.Presence == resource.Present && l.Value != nil && isComposite(o.Want) != isComposite(l.Value) {
		return []diff.Change{otherSort(o, l)}
	}
	return compare(rulesOfAlarm(o), o, l, c)
}

// describeAlarms reads alarms of both sorts: without AlarmTypes AWS tells of
// metric alarms only (the SDK's comment on DescribeAlarmsInput.AlarmTypes).
func describeAlarms(ctx context.Context, api awsclient.API, names []string, take func(*string, *foundAlarm)) error {
	pages := cloudwatch.NewDescribeAlarmsPaginator(api.CloudWatch, &cloudwatch.DescribeAlarmsInput{AlarmNames: names, MaxRecords: aws.Int32(100),
		AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm}})
	return eachPage(ctx, pages, func(page *cloudwatch.DescribeAlarmsOutput) {
		for i := range page.MetricAlarms {
			take(page.MetricAlarms[i].AlarmName, &foundAlarm{metric: &page.MetricAlarms[i]})
		}
		for i := range page.CompositeAlarms {
			take(page.CompositeAlarms[i].AlarmName, &foundAlarm{composite: &page.CompositeAlarms[i]})
		}
	})
}

func alarmLive(id resource.ID, found *foundAlarm) resource.Live {
	if found.composite != nil {
		return compositeLive(id, found.composite)
	}
	m := found.metric
	in := &cloudwatch.PutMetricAlarmInput{}
	shape.Share(in, m)
	l := present(id, aws.ToString(m.AlarmArn), aws.ToString(m.AlarmName), in)
	l.Health = alarmHealth(m.StateValue, m.StateReason)
	return l
}

func alarmHealth(state types.StateValue, reason *string) resource.Health {
	if state != types.StateValueAlarm {
		return resource.Health{}
	}
	return resource.Health{State: resource.Degraded, Reason: "the alarm is in state ALARM: " + aws.ToString(reason)}
}

// Create puts the alarm, with its tags.
func (k *alarm) Create(ctx context.Context, w resource.Write) (resource.Live, error) {
	c, err := k.clients(ctx, w.Object.ID.Target)
	if err != nil {
		return resource.Live{}, err
	}
	if err := putAlarm(ctx, c.Write, w.Object.Want, w.Object.Tags); err != nil {
		return resource.Live{}, err
	}
	name := writtenAlarmName(&w.Object)
	arn := fmt.Sprintf("arn:%s:cloudwatch:%s:%s:alarm:%s", partitionOf(c.Caller), c.Region, c.Account, name)
	l := present(w.Object.ID, arn, name, w.Object.Want)
	l.Tags = w.Object.Tags
	return l, nil
}

// Update puts the whole alarm again, which keeps its state. AWS ignores tags in that
// call, but where somebody has just deleted the alarm: it is made anew then, and would be
// nobody's.
func (k *alarm) Update(ctx context.Context, w resource.Write) (resource.Live, error) {
	c, err := k.clients(ctx, w.Object.ID.Target)
	if err != nil {
		return resource.Live{}, err
	}
	if len(changedFields(w.Changes)) > 0 {
		if err := putAlarm(ctx, c.Write, w.Object.Want, w.Object.Tags); err != nil {
			return resource.Live{}, err
		}
	}
	l, err := retag(ctx, alarmTags{}, c.Write, w)
	if err == nil {
		l.Value = w.Object.Want
	}
	return l, err
}

// putAlarm makes the call that the input belongs to.
func putAlarm(ctx context.Context, api awsclient.API, want any, tags map[string]string) error {
	if composite, ok := want.(*cloudwatch.PutCompositeAlarmInput); ok {
		in := *composite
		in.Tags = pairs(tags, cwTag)
		_, err := api.CloudWatch.PutCompositeAlarm(ctx, &in)
		return err
	}
	in := *want.(*cloudwatch.PutMetricAlarmInput)
	in.Tags = pairs(tags, cwTag)
	_, err := api.CloudWatch.PutMetricAlarm(ctx, &in)
	return err
}

// Delete removes the alarm. AWS says nothing about alarms that are not there.
func (k *alarm) Delete(ctx context.Context, w resource.Write) error {
	name := cmp.Or(w.Live.Name, writtenAlarmName(&w.Object))
	return k.remove(ctx, w, func(api awsclient.API) error {
		_, err := api.CloudWatch.DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{name}})
		return err
	})
}
