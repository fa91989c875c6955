package spec

import (
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
)

const twoForms = goodTask + goodService + `  alarms:
    a: {metricName: M, namespace: N, threshold: 1, evaluationPeriods: 2}
    b: {alarmRule: ALARM(x), alarmActions: ["arn:aws:sns:r:1:a"], tags: {team: a}}
`

// TestForms: a body is of the form whose telling field it writes, wherever it is
// decoded, patched, set or ignored.
func TestForms(t *testing.T) {
	forms := func(text string, set ...string) string {
		t.Helper()
		res := Parse([]File{{Path: "a.yaml", Data: []byte(text)}}, testSections(), Options{Set: set})
		var out []string
		for _, p := range res.Problems {
			if p.Severity == Error {
				out = append(out, p.Message)
			}
		}
		for _, d := range res.Documents {
			for _, b := range d.Bodies {
				switch in := b.Value.(type) {
				case *cloudwatch.PutMetricAlarmInput:
					out = append(out, b.Name+" metric "+aws.ToString(in.MetricName))
				case *cloudwatch.PutCompositeAlarmInput:
					out = append(out, b.Name+" composite "+aws.ToString(in.AlarmRule))
				}
			}
		}
		return strings.Join(out, "; ")
	}
	patch := func(body string) string {
		return inHello("  environment: e\n"+twoForms) + "---\napiVersion: ecs-operator/v1\nkind: Environment\nmetadata: {name: e}\nspec: {}\n" +
			"---\napiVersion: ecs-operator/v1\nkind: ServicePatch\nmetadata: {name: p}\nspec:\n  service: hello\n  environment: e\n  patch: {alarms: " + body + "}\n"
	}
	for name, c := range map[string]struct {
		text string
		set  []string
		want string
	}{
		"as written":   {inHello(twoForms), nil, "a metric M; b composite ALARM(x)"},
		"set in both":  {inHello(twoForms), []string{"alarms.a.metricName=O", "alarms.b.alarmRule=OK(x)"}, "a metric O; b composite OK(x)"},
		"set becomes":  {inHello(twoForms), []string{"alarms.c.alarmRule=OK(y)"}, "a metric M; b composite ALARM(x); c composite OK(y)"},
		"patched":      {patch("{b: {alarmRule: OK(z)}, a: {metricName: P}}"), nil, "a metric P; b composite OK(z)"},
		"patched into": {patch("{a: {alarmRule: OK(z), metricName: null, namespace: null, threshold: null, evaluationPeriods: null}}"), nil, "a composite OK(z); b composite ALARM(x)"},
		"ignored":      {inHello("  policy: {ignore: [alarms.b.alarmRule, alarms.a.threshold]}\n" + twoForms), nil, "a metric M; b composite ALARM(x)"},
		"a mixture": {inHello(strings.Replace(twoForms, "alarmRule: ALARM(x)", "alarmRule: ALARM(x), threshold: 1", 1)), nil,
			`alarms.b: unknown field "threshold"; it does not go with alarmRule: write one or the other`},
		"half a composite": {inHello(strings.Replace(twoForms, "threshold: 1", "actionsSuppressor: x", 1)), nil,
			`alarms.a: unknown field "actionsSuppressor"; it goes with alarmRule, which is not written here`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := forms(c.text, c.set...); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
	s := testSections()[len(testSections())-1]
	if got := s.FormOf(&cloudwatch.PutCompositeAlarmInput{}).Sort() + " " + s.FormOf(3).Sort(); got != "composite-alarm alarm" {
		t.Error(got)
	}
	if got := reflect.TypeOf(s.Forms()[1].New()); got != reflect.TypeOf(&cloudwatch.PutCompositeAlarmInput{}) {
		t.Error(got)
	}
}
