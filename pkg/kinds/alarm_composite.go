package kinds

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// formComposite is what the form of an alarm is called that has an alarmRule.
const formComposite = "composite-alarm"

// compositeSection is the form of the bodies that write alarmRule.
func compositeSection() spec.Section {
	return spec.Section{
		Path: "alarms", Kind: resource.KindAlarm, Many: true, When: "alarmRule", Form: formComposite,
		New:        func() any { return &cloudwatch.PutCompositeAlarmInput{} },
		ReadOnly:   types.CompositeAlarm{},
		Required:   compositeRequired,
		Frame:      []string{"alarmName"},
		Attributes: []string{"arn", "name"},
		Sugar:      map[string]spec.Sugar{"tags": {Key: "key", Value: "value"}},
	}
}

var compositeRequired = []string{"alarmRule", "actionConfiguration.alarmTagsPropagation.enabled"}

// compositeRules are how a composite alarm is compared. PutCompositeAlarm
// overwrites all of it.
var compositeRules = tableRules(formComposite, nil)

func isComposite(input any) bool {
	_, is := input.(*cloudwatch.PutCompositeAlarmInput)
	return is
}

func rulesOfAlarm(o *resource.Object) *diff.Rules {
	if isComposite(o.Want) {
		return &compositeRules
	}
	return &alarmRules
}

// otherSort is the change of a metric alarm into a composite one or back. AWS
// refuses to put the one over the other ("another type exists already"), so the
// old one must go before the new one can have its name.
func otherSort(o *resource.Object, l *resource.Live) diff.Change {
	c := diff.Change{Path: "alarmRule", Pos: o.Written.At("alarmRule"), Effect: diff.Recreation, Reason: diff.FromSpec}
	if in, is := o.Want.(*cloudwatch.PutCompositeAlarmInput); is {
		c.Op, c.New, c.Note = diff.Add, aws.ToString(in.AlarmRule), "a metric alarm becomes a composite one"
	} else {
		c.Op, c.Old, c.Note = diff.Remove, aws.ToString(l.Value.(*cloudwatch.PutCompositeAlarmInput).AlarmRule), "a composite alarm becomes one that watches metrics"
	}
	return c
}

func compositeLive(id resource.ID, a *types.CompositeAlarm) resource.Live {
	in := &cloudwatch.PutCompositeAlarmInput{}
	shape.Share(in, a)
	l := present(id, aws.ToString(a.AlarmArn), aws.ToString(a.AlarmName), in)
	l.Health = alarmHealth(a.StateValue, a.StateReason)
	return l
}
