package kinds

import (
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
type alarm struct {
	base
	describe *lanes[*types.MetricAlarm]
}

func newAlarm(b base) *alarm {
	k := &alarm{base: b}
	k.describe = newLanes(func(at lane) *awsclient.Batch[string, *types.MetricAlarm] {
		return &awsclient.Batch[string, *types.MetricAlarm]{Size: 100, Parallel: 1, // DescribeAlarms: 100 names
			Call: func(ctx context.Context, names []string) (map[string]*types.MetricAlarm, error) {
				return k.describeAlarms(ctx, at.target, names)
			}}
	})
	return k
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
	problems := takeTags(u, o, len(in.Tags), func(i int) (*string, *string) { return in.Tags[i].Key, in.Tags[i].Value })
	in.Tags = nil
	in.AlarmName = aws.String(alarmNameOf(f, u, o))
	problems = append(problems, nameProblems(u, o, "alarmName", "the alarm name", *in.AlarmName, maxAlarmName, nil)...)
	fillNames(u, o)
	return problems
}

// alarmNameOf is the AWS name of a unit's alarm: written, else derived.
func alarmNameOf(f resource.Frame, u *resource.Unit, o *resource.Object) string {
	if in, ok := o.Want.(*cloudwatch.PutMetricAlarmInput); ok && aws.ToString(in.AlarmName) != "" {
		return *in.AlarmName
	}
	return pathName(f, u, o.ID.Name)
}

func (*alarm) Content(*resource.Object) []byte { return nil }

func (*alarm) Attributes(o *resource.Object) map[string]string {
	return map[string]string{"name": aws.ToString(o.Want.(*cloudwatch.PutMetricAlarmInput).AlarmName)}
}

// alarmRules: PutMetricAlarm overwrites the whole alarm.
var alarmRules = diff.Rules{
	Keys: map[string]string{
		"dimensions": "name", "metrics": "id", "metrics[].metricStat.metric.dimensions": "name",
	},
	Sets: map[string]bool{
		"alarmActions": true, "okActions": true, "insufficientDataActions": true,
		"actionConfiguration.alarmTagsPropagation.includedTagKeys": true,
		"actionConfiguration.alarmTagsPropagation.excludedTagKeys": true,
	},
	Defaults: map[string]any{ // PutMetricAlarmInput, and recorded answers
		"actionsEnabled":                   true,
		"treatMissingData":                 "missing",
		"evaluateLowSampleCountPercentile": "evaluate",
		"metrics[].returnData":             true, // MetricDataQuery.ReturnData: omitted means true
	},
	Absent:    map[string]bool{"": true},
	Ignored:   map[string]string{"tags": "compared as tags", "alarmName": "how the alarm is looked up"},
	Effects:   map[string]diff.Effect{"": diff.InPlace},
	Registry:  registry,
	Normalise: normaliseAlarm,
}

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

func (k *alarm) describeAlarms(ctx context.Context, target string, names []string) (map[string]*types.MetricAlarm, error) {
	c, err := k.clients(ctx, target)
	if err != nil {
		return nil, err
	}
	found := make(map[string]*types.MetricAlarm, len(names))
	for _, n := range names {
		found[n] = nil // a complete answer without it says that it is not there
	}
	pages := cloudwatch.NewDescribeAlarmsPaginator(c.Read.CloudWatch, &cloudwatch.DescribeAlarmsInput{AlarmNames: names, MaxRecords: aws.Int32(100)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for i := range page.MetricAlarms {
			found[aws.ToString(page.MetricAlarms[i].AlarmName)] = &page.MetricAlarms[i]
		}
	}
	return found, nil
}

func (k *alarm) Observe(ctx context.Context, q resource.Query) map[resource.ID]resource.Live {
	a := ask(q)
	c, err := k.clients(ctx, q.Target)
	if err != nil {
		return a.fail(q, err)
	}
	names := make([]string, len(q.Objects))
	for i := range q.Objects {
		if in, ok := q.Objects[i].Want.(*cloudwatch.PutMetricAlarmInput); ok {
			names[i] = aws.ToString(in.AlarmName)
		}
	}
	results := k.describe.do(ctx, lane{target: q.Target}, names)
	at, live := map[string]*resource.Object{}, map[string]resource.Live{}
	for i := range q.Objects {
		o := &q.Objects[i]
		switch r := results[names[i]]; {
		case r.Err != nil:
			a.unknown(o.ID, r.Err)
		case r.Value == nil:
			a.absent(o.ID)
		default:
			l := alarmLive(o.ID, r.Value)
			at[l.ARN], live[l.ARN] = o, l
		}
	}
	tags, err := k.tagsOf(ctx, c, alarmTags{}, q, at)
	for arn, l := range live {
		if t, ok := tags[arn]; ok {
			l.Tags = t
			a.set(l)
			continue
		}
		why := err
		if why == nil {
			why = resource.Errorf(resource.ClassTransient, "cloudwatch:ListTagsForResource", "%v", errUntold)
		}
		a.unknown(l.ID, why)
	}
	return a.by
}

func alarmLive(id resource.ID, m *types.MetricAlarm) resource.Live {
	in := &cloudwatch.PutMetricAlarmInput{}
	shape.Project(in, m)
	arn, name := aws.ToString(m.AlarmArn), aws.ToString(m.AlarmName)
	l := resource.Live{ID: id, Presence: resource.Present, ARN: arn, Name: name, Value: in,
		Attrs: map[string]string{"arn": arn, "name": name}}
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
	return resource.Live{ID: w.Object.ID, Presence: resource.Present, ARN: arn, Name: name, Tags: w.Object.Tags, Value: w.Object.Want,
		Attrs: map[string]string{"arn": arn, "name": name}}, nil
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
	if err := writeTags(ctx, alarmTags{}, c.Write, w.Live.ARN, w); err != nil {
		return resource.Live{}, err
	}
	l := w.Live
	l.Value, l.Tags = w.Object.Want, tagged(w)
	return l, nil
}

// Delete removes the alarm. AWS says nothing about alarms that are not there.
func (k *alarm) Delete(ctx context.Context, w resource.Write) error {
	c, err := k.clients(ctx, w.Object.ID.Target)
	if err != nil {
		return err
	}
	name := w.Live.Name
	if name == "" {
		name = aws.ToString(w.Object.Want.(*cloudwatch.PutMetricAlarmInput).AlarmName)
	}
	_, err = c.Write.CloudWatch.DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{name}})
	return gone(err)
}
