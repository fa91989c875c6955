package kinds_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

const asMetric = `    page:
      metricName: CPUUtilization
      namespace: AWS/ECS
      statistic: Average
      period: 60
      evaluationPeriods: 1
      threshold: 1
      comparisonOperator: GreaterThanThreshold
`

// asComposite is what web has of the alarm.
func asComposite() string { return web[strings.Index(web, "    page:\n"):] }

// TestAlarmOfAnotherSort: AWS refuses to put a composite alarm over a metric one
// of its name, and the other way round: the old one must go first, which the
// document must allow.
func TestAlarmOfAnotherSort(t *testing.T) {
	metric := strings.Replace(web, asComposite(), asMetric, 1)
	for name, c := range map[string]struct{ from, to, note string }{
		"metric to composite": {metric, web, "a metric alarm becomes a composite one"},
		"composite to metric": {web, metric, "a composite alarm becomes one that watches metrics"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.apply(w.load(c.from))
			w.settle()
			u := w.load(c.to)
			id := serviceOf(u).Of(resource.KindAlarm, "page")
			s := stepOf(t, w.plan(u), id)
			if s.Action != plan.ActionReplace || s.Blocked != status.NeedsRecreate || s.Effect != diff.Recreation ||
				len(s.Changes) == 0 || s.Changes[0].Path != "alarmRule" || s.Changes[0].Note != c.note {
				t.Errorf("%+v", s)
			}
			u = w.load(edit(t, c.to, "spec:\n", "spec:\n  policy: {recreate: true}\n"))
			if s := stepOf(t, w.plan(u), id); s.Blocked != "" {
				t.Errorf("allowed, and yet %s: %s", s.Blocked, s.Why)
			}
			live := w.observe(u, true)
			if _, err := w.raw.Write.CloudWatch.DeleteAlarms(t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{live[id].Name}}); err != nil {
				t.Fatal(err)
			}
			w.apply(u)
			w.clean(u)
		})
	}
}

func stepOf(t *testing.T, p plan.Plan, id resource.ID) plan.Step {
	t.Helper()
	for _, s := range p.Steps {
		if s.ID == id {
			return s
		}
	}
	t.Fatalf("no step of %s", id.Local())
	return plan.Step{}
}
