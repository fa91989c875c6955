package sandbox

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// alarmAsks: PutMetricAlarm and DeleteAlarms take the type alarm, with
// aws:RequestTag, aws:TagKeys and cloudwatch:AlarmActions and without
// aws:ResourceTag; PutCompositeAlarm wants its permission on "*"
// (PutCompositeAlarm, API reference), and so does DescribeAlarms where composite
// alarms are to be in the answer. Tags of a new alarm ask for cloudwatch:TagResource.
func alarmAsks() map[string]asker {
	return map[string]asker{
		"monitoring.PutMetricAlarm": asks(func(_ *call, in *cloudwatch.PutMetricAlarmInput) []ask {
			arn := alarmARNPrefix + aws.ToString(in.AlarmName)
			return alarmPut("PutMetricAlarm", arn, arn, in.Tags, in.AlarmActions, in.OKActions, in.InsufficientDataActions)
		}),
		"monitoring.PutCompositeAlarm": asks(func(_ *call, in *cloudwatch.PutCompositeAlarmInput) []ask {
			return alarmPut("PutCompositeAlarm", "*", alarmARNPrefix+aws.ToString(in.AlarmName), in.Tags, in.AlarmActions, in.OKActions, in.InsufficientDataActions)
		}),
		"monitoring.DeleteAlarms": asks(func(_ *call, in *cloudwatch.DeleteAlarmsInput) []ask {
			var out []ask
			for _, name := range in.AlarmNames {
				out = append(out, ask{"cloudwatch:DeleteAlarms", alarmARNPrefix + name, nil})
			}
			return out
		}),
		"monitoring.TagResource": asks(func(c *call, in *cloudwatch.TagResourceInput) []ask {
			return []ask{c.onAlarm("TagResource", in.ResourceARN).bringing(alarmTagMap(in.Tags))}
		}),
		"monitoring.UntagResource": asks(func(c *call, in *cloudwatch.UntagResourceInput) []ask {
			a := c.onAlarm("UntagResource", in.ResourceARN)
			a.facts = a.facts.set("aws:TagKeys", in.TagKeys...)
			return []ask{a}
		}),
		"monitoring.ListTagsForResource": asks(func(c *call, in *cloudwatch.ListTagsForResourceInput) []ask {
			return []ask{c.onAlarm("ListTagsForResource", in.ResourceARN)}
		}),
	}
}

func alarmTagMap(tags []types.Tag) map[string]string {
	return tagMap(tags, func(t types.Tag) (k, v *string) { return t.Key, t.Value })
}

func (c *call) onAlarm(action string, arn *string) ask {
	return ask{"cloudwatch:" + action, aws.ToString(arn), facts{}.on("", c.w.alarmTags(strings.TrimPrefix(aws.ToString(arn), alarmARNPrefix)))}
}

func alarmPut(action, on, arn string, tags []types.Tag, actions ...[]string) []ask {
	brought := alarmTagMap(tags)
	var all []string
	for _, list := range actions {
		all = append(all, list...)
	}
	out := []ask{{"cloudwatch:" + action, on, facts{}.brings(brought).set("cloudwatch:AlarmActions", all...)}}
	if len(brought) > 0 {
		out = append(out, ask{"cloudwatch:TagResource", arn, facts{}.brings(brought)})
	}
	return out
}
