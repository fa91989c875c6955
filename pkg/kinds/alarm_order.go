package kinds

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// Alarms are named by references, $(alarms.errors.name), or by their AWS names as
// text, as pasted bodies do. Both say what is made first: CloudWatch refuses a
// composite alarm on alarms that are not there ("Could not save the composite alarm
// as alarms … in the alarm rule do not exist",
// awsdocs/aws-cloudformation-user-guide#911), and ECS is to find the alarms that
// guard its deployments.

// ruleAlarm finds ALARM("name"), OK(name) and INSUFFICIENT_DATA("arn") in the rule
// of a composite alarm (PutCompositeAlarmInput.AlarmRule).
var ruleAlarm = regexp.MustCompile(`(?:ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"([^"]*)"|([^")]*))\s*\)`)

// Of AT_LEAST(2, ALARM, (a, "b")) it is the list that names alarms.
var (
	ruleList  = regexp.MustCompile(`AT_LEAST\s*\([^()"]*\(((?:"[^"]*"|[^")])*)\)`)
	ruleNames = regexp.MustCompile(`"([^"]*)"|([^",]+)`)
)

// alarmsOfRule are the alarms that a rule names, as it writes them.
func alarmsOfRule(rule string) []string {
	var out []string
	for _, m := range ruleAlarm.FindAllStringSubmatch(rule, -1) {
		out = append(out, strings.TrimSpace(m[1]+m[2]))
	}
	for _, list := range ruleList.FindAllStringSubmatch(rule, -1) {
		for _, m := range ruleNames.FindAllStringSubmatch(list[1], -1) {
			if name := strings.TrimSpace(m[1] + m[2]); name != "" {
				out = append(out, name)
			}
		}
	}
	return out
}

// alarmsNamed are the alarms that an object names, as its author writes them.
func alarmsNamed(o *resource.Object) []string {
	switch in := o.Want.(type) {
	case *cloudwatch.PutCompositeAlarmInput:
		named := alarmsOfRule(aws.ToString(in.AlarmRule))
		if in.ActionsSuppressor != nil {
			named = append(named, *in.ActionsSuppressor)
		}
		return named
	case *ecs.CreateServiceInput:
		if d := in.DeploymentConfiguration; d != nil && d.Alarms != nil {
			return d.Alarms.AlarmNames
		}
	}
	return nil
}

// needAlarms orders an object after the alarms of its unit that it names as text.
func needAlarms(f resource.Frame, u *resource.Unit, o *resource.Object) {
	named := slices.Clone(alarmsNamed(o))
	for i := range named { // by name or by ARN
		if _, name, isARN := strings.Cut(named[i], ":alarm:"); isARN {
			named[i] = name
		}
	}
	for _, other := range u.Objects() {
		if other.ID.Kind == resource.KindAlarm && slices.Contains(named, alarmNameOf(f, u, other)) {
			o.Need(other.ID)
		}
	}
}

// InUse asks which composite alarm watches the alarm: AWS refuses to delete one
// that another's rule names ("Cannot delete … as there are composite alarm(s)
// depending on it", ekristen/aws-nuke#462).
func (k *alarm) InUse(ctx context.Context, l resource.Live) (string, error) {
	c, err := k.clients(ctx, l.ID.Target)
	if err != nil {
		return "", err
	}
	pages := cloudwatch.NewDescribeAlarmsPaginator(c.Read.CloudWatch, &cloudwatch.DescribeAlarmsInput{ParentsOfAlarmName: &l.Name})
	var parents []types.CompositeAlarm
	if err := eachPage(ctx, pages, func(page *cloudwatch.DescribeAlarmsOutput) { parents = append(parents, page.CompositeAlarms...) }); err != nil {
		return "", gone(err)
	}
	if len(parents) == 0 {
		return "", nil
	}
	return "the composite alarm " + aws.ToString(parents[0].AlarmName) + " watches it", nil
}
