package kinds

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

func (s *discovery) describeAll(ctx context.Context, names []string) (map[string]*foundAlarm, error) {
	found := map[string]*foundAlarm{}
	for _, chunk := range chunks(names, 100) {
		if err := describeAlarms(ctx, s.c.Read, chunk, func(name *string, a *foundAlarm) { found[aws.ToString(name)] = a }); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// alarm adds one, with its tags.
func (s *discovery) alarm(ctx context.Context, name string, a *foundAlarm) error {
	l := alarmLive(s.id, a)
	tags, err := alarmTags{}.read(ctx, s.c.Read, []string{l.ARN})
	if err != nil {
		return err
	}
	l.Tags = tags[l.ARN]
	s.add(l, resource.KindAlarm, name)
	return nil
}

// composites adds the composite alarms that watch nothing but the service's
// alarms. One that watches others too is no service's alone.
func (s *discovery) composites(ctx context.Context, names []string, found map[string]*foundAlarm) error {
	for i := 0; i < len(names); i++ {
		if found[names[i]] == nil {
			continue
		}
		parents, err := s.family(ctx, &cloudwatch.DescribeAlarmsInput{ParentsOfAlarmName: &names[i]})
		if err != nil {
			return err
		}
		parents = slices.DeleteFunc(parents, func(p string) bool { return slices.Contains(names, p) })
		more, err := s.describeAll(ctx, parents)
		if err != nil {
			return err
		}
		for _, p := range parents {
			children, err := s.family(ctx, &cloudwatch.DescribeAlarmsInput{ChildrenOfAlarmName: &p})
			switch {
			case err != nil:
				return err
			case more[p] == nil:
				continue // gone meanwhile
			case slices.ContainsFunc(children, func(c string) bool { return found[c] == nil }):
				s.note("the composite alarm %s watches %s, and others beside it: it stays what it is", p, names[i])
				continue
			}
			if err := s.alarm(ctx, p, more[p]); err != nil {
				return err
			}
			names, found[p] = append(names, p), more[p]
		}
	}
	return nil
}

// family are the names of an alarm's parents or children.
func (s *discovery) family(ctx context.Context, in *cloudwatch.DescribeAlarmsInput) ([]string, error) {
	var out []string
	pages := cloudwatch.NewDescribeAlarmsPaginator(s.c.Read.CloudWatch, in)
	err := eachPage(ctx, pages, func(page *cloudwatch.DescribeAlarmsOutput) {
		for _, a := range page.MetricAlarms {
			out = append(out, aws.ToString(a.AlarmName))
		}
		for _, a := range page.CompositeAlarms {
			out = append(out, aws.ToString(a.AlarmName))
		}
	})
	return out, err
}
