package reconcile

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// rival writes something every so often until it is stopped.
func (w *world) rival(every time.Duration, write func()) (stop func()) {
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for rest(ctx, every) {
			write()
		}
	}()
	return func() { cancel(); <-done }
}

func (w *world) threshold(n float64) {
	w.t.Helper()
	alarm := w.alarm()
	_, err := w.person().Write.CloudWatch.PutMetricAlarm(w.t.Context(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: alarm.AlarmName, MetricName: alarm.MetricName, Namespace: alarm.Namespace, Statistic: alarm.Statistic, Period: alarm.Period,
		EvaluationPeriods: alarm.EvaluationPeriods, Threshold: aws.Float64(n), ComparisonOperator: alarm.ComparisonOperator, Dimensions: alarm.Dimensions})
	w.ok(err)
}

func (w *world) alarm() types.MetricAlarm {
	w.t.Helper()
	out, err := w.person().Read.CloudWatch.DescribeAlarms(w.t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"ecs-operator/default/web/errors"}})
	w.ok(err)
	if len(out.MetricAlarms) != 1 {
		w.t.Fatal("there is no alarm")
	}
	return out.MetricAlarms[0]
}

// Something else keeps writing the same field back: after three rounds that field
// is left alone, said with both values; the others are healed. It ends when the
// two agree.
func TestAFightOverAField(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("web.yaml", web)
		e := w.engine()
		defer w.run(e)()
		w.until("Ready", stands(e, "web", status.Synced))
		puts := w.done("PutMetricAlarm")
		var rounds atomic.Int64 // the rival counts beside us
		stop := w.rival(3*minute, func() { w.threshold(7); rounds.Add(1) })
		w.sleep(29 * minute) // between two of the rival's rounds, so that both counts are of the same
		if !stands(e, "web", status.Contested)() {
			t.Fatalf("after %d rounds:\n%s", rounds.Load(), w.story())
		}
		if n := w.done("PutMetricAlarm") - puts - int(rounds.Load()); n != 3 {
			t.Errorf("the alarm was put back %d times, want 3 and no more", n)
		}
		s := e.Status()[0]
		want := "threshold is contested: the document says 5, and something else has set it to 7 again after each of our last writes, since "
		if s.State != status.StateDrifted || !strings.HasPrefix(s.Why, want) || s.Reason.Exit() != status.ExitHeld {
			t.Errorf("it says %s %q", s.State, s.Why)
		}
		if n := w.told(EventDrift, "alarm/errors: threshold is contested"); n != 1 {
			t.Errorf("it was told %d times", n)
		}
		// Another field of the same alarm, and one of the service, are still ours.
		alarm := w.alarm()
		_, err := w.person().Write.CloudWatch.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
			AlarmName: alarm.AlarmName, MetricName: alarm.MetricName, Namespace: alarm.Namespace, Statistic: alarm.Statistic, Period: aws.Int32(120),
			EvaluationPeriods: alarm.EvaluationPeriods, Threshold: aws.Float64(7), ComparisonOperator: alarm.ComparisonOperator, Dimensions: alarm.Dimensions})
		w.ok(err)
		_, err = w.person().Write.ECS.UpdateService(t.Context(), &ecs.UpdateServiceInput{Service: aws.String("web"), EnableExecuteCommand: aws.Bool(true)})
		w.ok(err)
		w.until("the service's other field", func() bool { return !w.service("web").EnableExecuteCommand })
		w.until("the alarm's other field", func() bool { return *w.alarm().Period == 60 })
		stop()
		if n := *w.alarm().Threshold; n != 7 {
			t.Errorf("with the other field the threshold became %v, which is the rival's", n)
		}
		w.threshold(5) // the two agree
		w.until("Ready", stands(e, "web", status.Synced))
		w.threshold(9) // and this is an ordinary drift again
		w.until("healed", func() bool { return *w.alarm().Threshold == 5 })
	})
}

// It ends when the document changes, and three rounds of a slow rival are enough:
// a pipeline that runs once in six hours.
func TestAFightEndsWithTheDocument(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		e := w.engine()
		defer w.run(e)()
		w.until("Ready", stands(e, "hello", status.Synced))
		defer w.rival(6*hour, func() { w.scale("hello", 1) })()
		w.sleep(23 * hour)
		if stands(e, "hello", status.Contested)() {
			t.Error("three writes of a rival are two rounds and a half")
		}
		w.sleep(2 * hour)
		if !stands(e, "hello", status.Contested)() || w.count("hello") != 1 {
			t.Fatalf("after four writes of a rival the count is %d:\n%s", w.count("hello"), w.story())
		}
		w.files.put("hello.yaml", strings.Replace(hello("hello", "nginx:1.29"), "desiredCount: 2", "desiredCount: 3", 1))
		w.until("the new count", func() bool { return w.count("hello") == 3 })
	})
}

// A rival that is faster than our own reads is noticed as well, and reads that
// lag are not taken for one.
func TestAFastRival(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("web.yaml", web)
		e := w.engine()
		defer w.run(e)()
		w.until("Ready", stands(e, "web", status.Synced))
		puts, rounds := w.done("PutMetricAlarm"), 0
		stop := w.rival(time.Second, func() { w.threshold(7); rounds++ })
		w.until("Contested", stands(e, "web", status.Contested))
		stop()
		if n := w.done("PutMetricAlarm") - puts - rounds; n > 6 {
			t.Errorf("the alarm was put back %d times", n)
		}
	})
}

// A person who changes a field now and then is no rival, nor is one who changes
// another field each time.
func TestNoFight(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		e := w.engine()
		e.o.Resync = 10 * minute // five days of passes
		defer w.run(e)()
		w.until("Ready", stands(e, "hello", status.Synced))
		for range 5 {
			w.scale("hello", 1)
			w.sleep(25 * hour)
			if n := w.count("hello"); n != 2 {
				t.Fatalf("the count is %d: %s", n, e.Status()[0].Why)
			}
		}
	})
}

// Somebody else's deployments: after three rounds theirs stands, no revision is
// registered for nothing, and what is harmless is still put back.
func TestAFightOverTheTaskDefinition(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		e := w.engine()
		defer w.run(e)()
		w.until("Ready", stands(e, "hello", status.Synced))
		td := w.service("hello").TaskDefinition
		out, err := w.person().Read.ECS.DescribeTaskDefinition(t.Context(), &ecs.DescribeTaskDefinitionInput{TaskDefinition: td})
		w.ok(err)
		other := out.TaskDefinition.ContainerDefinitions
		other[0].Image = aws.String("nginx:theirs")
		reg, err := w.person().Write.ECS.RegisterTaskDefinition(t.Context(), &ecs.RegisterTaskDefinitionInput{Family: out.TaskDefinition.Family, ContainerDefinitions: other})
		w.ok(err)
		theirs := reg.TaskDefinition.TaskDefinitionArn
		registered := w.done("RegisterTaskDefinition")
		stop := w.rival(20*minute, func() {
			_, err := w.person().Write.ECS.UpdateService(t.Context(), &ecs.UpdateServiceInput{Service: aws.String("hello"), TaskDefinition: theirs})
			w.ok(err)
		})
		w.sleep(2 * hour)
		stop()
		if !stands(e, "hello", status.Contested)() {
			t.Fatalf("%+v\n%s", e.Status()[0], w.story())
		}
		if got := *w.service("hello").TaskDefinition; got != *theirs {
			t.Errorf("it runs %s", got)
		}
		if n := w.done("RegisterTaskDefinition"); n > registered+1 {
			t.Errorf("%d revisions were registered", n-registered)
		}
		mark := w.mark()
		w.sleep(hour)
		w.quiet(mark, "while contested")
		w.scale("hello", 1)
		w.until("the count", func() bool { return w.count("hello") == 2 })
		steps := e.Plan(t.Context(), w.load(e).Units)[0].Steps
		for _, s := range steps {
			if s.Writes() {
				t.Errorf("to be done: %s %s", s.ID.Local(), s.Action)
			}
			if s.Blocked == status.Contested && s.Action != plan.ActionUpdate {
				t.Errorf("%s: %s", s.ID.Local(), s.Action)
			}
		}
	})
}
