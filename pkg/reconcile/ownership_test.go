package reconcile

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// A count inside the band is the autoscaler's; outside it is drift that
// registering the scalable target heals, and no UpdateService.
func TestBand(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("web.yaml", strings.Replace(web, "  cluster: default\n", "  cluster: default\n  policy: {desiredCount: band}\n", 1))
		e := w.engine()
		w.want(w.wait(e)["web"], status.StateReady, status.Synced, 0)
		count := func(n int32) {
			_, err := w.person().Write.ECS.UpdateService(t.Context(), &ecs.UpdateServiceInput{Service: aws.String("web"), DesiredCount: aws.Int32(n)})
			if err != nil {
				t.Fatal(err)
			}
			w.sleep(minute)
		}
		count(4)
		before := w.mark()
		w.want(w.apply(w.engine(), ApplyOptions{})["web"], status.StateReady, status.Synced, 0)
		w.quiet(before, "a count inside the band")

		count(9)
		before = w.mark()
		plans := w.engine().Plan(t.Context(), w.load(e).Units)
		shown := ""
		for _, s := range plans[0].Steps {
			for _, c := range s.Changes {
				shown += s.Section + "." + c.Path + " " + string(c.Reason) + " " + c.Note
			}
		}
		if want := "scaling.maxCapacity drift the service's count 9 is above it"; !strings.HasPrefix(shown, want) {
			t.Errorf("the plan shows %q, want %q", shown, want)
		}
		w.wait(w.engine())
		if got := w.writes(before); !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "RegisterScalableTarget") }) || len(got) != 1 {
			t.Errorf("a count above the band was healed by %v, want one RegisterScalableTarget", got)
		}
		svc, err := w.person().Read.ECS.DescribeServices(t.Context(), &ecs.DescribeServicesInput{Services: []string{"web"}})
		if err != nil || svc.Services[0].DesiredCount != 6 {
			t.Errorf("the count is %v (%v), want the maximum", svc.Services[0].DesiredCount, err)
		}
	})
}

// What moved in AWS is told from what moved in the document.
func TestSpecChangeAndDrift(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("web.yaml", web)
		w.wait(w.engine())
		alarm := func(threshold float64) {
			_, err := w.person().Write.CloudWatch.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
				AlarmName: aws.String("ecs-operator/default/web/errors"), MetricName: aws.String("HTTPCode_Target_5XX_Count"), Namespace: aws.String("AWS/ApplicationELB"),
				Statistic: cwtypes.StatisticSum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(threshold),
				ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanThreshold})
			if err != nil {
				t.Fatal(err)
			}
		}
		reason := func(e *Engine, path string) diff.Reason {
			t.Helper()
			for _, p := range e.Plan(t.Context(), w.load(e).Units) {
				for _, s := range p.Steps {
					for _, c := range s.Changes {
						if s.Section+"."+c.Path == path {
							return c.Reason
						}
					}
				}
			}
			t.Fatalf("%s does not differ", path)
			return ""
		}
		const threshold, image = "alarms.errors.threshold", "taskDefinition.containerDefinitions[web].image"
		alarm(7)
		if r := reason(w.engine(), threshold); r != diff.FromDrift {
			t.Errorf("an alarm that somebody changed: %s, want drift by its revision tag", r)
		}
		w.wait(w.engine())
		w.files.put("web.yaml", strings.Replace(web, "threshold: 5", "threshold: 6", 1))
		if r := reason(w.engine(), threshold); r != diff.FromSpec {
			t.Errorf("an alarm that the document changed: %s, want spec", r)
		}
		w.files.put("web.yaml", strings.Replace(web, "nginx:1.29", "nginx:1.30", 1))
		if r := reason(w.engine(), image); r != diff.FromSpec {
			t.Errorf("an image that the document changed: %s, want spec", r)
		}
		w.files.put("web.yaml", web)
		if _, err := w.person().Write.ECS.UpdateService(t.Context(), &ecs.UpdateServiceInput{Service: aws.String("web"), EnableExecuteCommand: aws.Bool(true)}); err != nil {
			t.Fatal(err)
		}
		w.files.put("other.yaml", "# a comment elsewhere makes a new revision of the source\n")

		// A process that has seen the unit in sync knows more than the tags do.
		e := w.engine()
		w.wait(e)
		alarm(8)
		w.files.put("other.yaml", "# and another\n")
		if r := reason(e, threshold); r != diff.FromDrift {
			t.Errorf("for a process that saw it in sync: %s, want drift", r)
		}
		if r := reason(w.engine(), threshold); r != diff.FromSpec {
			t.Errorf("for a new process under another revision: %s, want spec, since nobody knows", r)
		}
	})
}
