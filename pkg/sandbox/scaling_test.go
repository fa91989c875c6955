package sandbox

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const (
	scaledResource = "service/default/web"
	ecsSpace       = types.ServiceNamespaceEcs
	ecsCount       = types.ScalableDimensionECSServiceDesiredCount
)

// scalingBench is a sandbox with the service default/web of two tasks, settled.
type scalingBench struct {
	*testing.T
	sandbox *Sandbox
	aas     *applicationautoscaling.Client
	cw      *cloudwatch.Client
	ecs     *ecs.Client
}

func newScalingBench(t *testing.T) *scalingBench {
	t.Helper()
	s := New(Options{})
	config := scalingConfig(s)
	b := &scalingBench{t, s, applicationautoscaling.NewFromConfig(config), cloudwatch.NewFromConfig(config), ecs.NewFromConfig(config)}
	_, err := b.ecs.RegisterTaskDefinition(t.Context(), &ecs.RegisterTaskDefinitionInput{Family: aws.String("web"), ContainerDefinitions: []ecstypes.ContainerDefinition{
		{Name: aws.String("web"), Image: aws.String("example.com/web:1"), Memory: aws.Int32(64), Cpu: 16}}})
	b.must(err)
	_, err = b.ecs.CreateService(t.Context(), &ecs.CreateServiceInput{ServiceName: aws.String("web"), TaskDefinition: aws.String("web"), DesiredCount: aws.Int32(2)})
	b.must(err)
	time.Sleep(10 * time.Minute)
	return b
}

func (b *scalingBench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *scalingBench) register(low, high int32) {
	b.Helper()
	_, err := b.aas.RegisterScalableTarget(b.Context(), &applicationautoscaling.RegisterScalableTargetInput{
		ServiceNamespace: ecsSpace, ResourceId: aws.String(scaledResource), ScalableDimension: ecsCount,
		MinCapacity: &low, MaxCapacity: &high, Tags: map[string]string{"a": "1"}})
	b.must(err)
}

func (b *scalingBench) count() int32 {
	b.Helper()
	out, err := b.ecs.DescribeServices(b.Context(), &ecs.DescribeServicesInput{Services: []string{"web"}})
	b.must(err)
	return out.Services[0].DesiredCount
}

func (b *scalingBench) wantCount(n int32, when string) {
	b.Helper()
	if got := b.count(); got != n {
		b.Errorf("%s: desired count %d, want %d", when, got, n)
	}
}

func (b *scalingBench) track(name string, change func(*types.TargetTrackingScalingPolicyConfiguration)) *applicationautoscaling.PutScalingPolicyOutput {
	b.Helper()
	config := &types.TargetTrackingScalingPolicyConfiguration{TargetValue: aws.Float64(50), ScaleOutCooldown: aws.Int32(60), ScaleInCooldown: aws.Int32(60),
		PredefinedMetricSpecification: &types.PredefinedMetricSpecification{PredefinedMetricType: types.MetricTypeECSServiceAverageCPUUtilization}}
	if change != nil {
		change(config)
	}
	out, err := b.aas.PutScalingPolicy(b.Context(), &applicationautoscaling.PutScalingPolicyInput{ServiceNamespace: ecsSpace,
		ResourceId: aws.String(scaledResource), ScalableDimension: ecsCount, PolicyName: &name,
		PolicyType: types.PolicyTypeTargetTrackingScaling, TargetTrackingScalingPolicyConfiguration: config})
	b.must(err)
	return out
}

// cpu puts the service's CPU for some minutes.
func (b *scalingBench) cpu(percent float64, minutes int) {
	b.Helper()
	for range minutes {
		_, err := b.cw.PutMetricData(b.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("AWS/ECS"), MetricData: []cwtypes.MetricDatum{{
			MetricName: aws.String("CPUUtilization"), Value: &percent, Unit: cwtypes.StandardUnitPercent, Dimensions: []cwtypes.Dimension{
				{Name: aws.String("ServiceName"), Value: aws.String("web")}, {Name: aws.String("ClusterName"), Value: aws.String("default")}}}}})
		b.must(err)
		time.Sleep(time.Minute)
	}
}

func (b *scalingBench) activities() []string {
	b.Helper()
	out, err := b.aas.DescribeScalingActivities(b.Context(), &applicationautoscaling.DescribeScalingActivitiesInput{ServiceNamespace: ecsSpace})
	b.must(err)
	var said []string
	for _, a := range out.ScalingActivities {
		said = append(said, *a.Description+" "+*a.Cause)
	}
	return said
}

func TestRegisterScalableTarget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newScalingBench(t)
		in := &applicationautoscaling.RegisterScalableTargetInput{ServiceNamespace: ecsSpace, ScalableDimension: ecsCount,
			ResourceId: aws.String("service/default/nobody"), MinCapacity: aws.Int32(1), MaxCapacity: aws.Int32(2)}
		_, err := b.aas.RegisterScalableTarget(t.Context(), in)
		wantError(t, err, "ValidationException", "ECS service doesn't exist: service/default/nobody")
		in.ResourceId, in.MinCapacity = aws.String(scaledResource), aws.Int32(3)
		_, err = b.aas.RegisterScalableTarget(t.Context(), in)
		wantError(t, err, "ValidationException", "Maximum capacity cannot be less than minimum capacity")

		b.register(3, 6)
		b.wantCount(3, "pulled up to the minimum")
		_, err = b.ecs.UpdateService(t.Context(), &ecs.UpdateServiceInput{Service: aws.String("web"), DesiredCount: aws.Int32(9)})
		b.must(err)
		b.wantCount(9, "ECS takes any count")
		again := &applicationautoscaling.RegisterScalableTargetInput{ServiceNamespace: ecsSpace,
			ResourceId: aws.String(scaledResource), ScalableDimension: ecsCount, Tags: map[string]string{"b": "2"},
			SuspendedState: &types.SuspendedState{ScheduledScalingSuspended: aws.Bool(true)}}
		_, err = b.aas.RegisterScalableTarget(t.Context(), again)
		wantError(t, err, "ValidationException", "The scalable target that you tried to tag already exists. To update tags on an existing scalable target, use the TagResource API.")
		b.wantCount(9, "a refused call changes nothing")
		again.Tags = nil
		_, err = b.aas.RegisterScalableTarget(t.Context(), again)
		b.must(err)
		b.wantCount(6, "pulled down although the request has no bounds")

		out, err := b.aas.DescribeScalableTargets(t.Context(), &applicationautoscaling.DescribeScalableTargetsInput{ServiceNamespace: ecsSpace})
		b.must(err)
		if len(out.ScalableTargets) != 1 {
			t.Fatalf("%+v", out)
		}
		got := out.ScalableTargets[0]
		if *got.MinCapacity != 3 || *got.MaxCapacity != 6 || !*got.SuspendedState.ScheduledScalingSuspended || *got.SuspendedState.DynamicScalingInSuspended {
			t.Errorf("after a partial update: %+v %+v", got, got.SuspendedState)
		}
		tags, err := b.aas.ListTagsForResource(t.Context(), &applicationautoscaling.ListTagsForResourceInput{ResourceARN: got.ScalableTargetARN})
		if err != nil || len(tags.Tags) != 1 || tags.Tags["a"] != "1" {
			t.Errorf("tags count at creation only: %+v, %v", tags, err)
		}
		said := strings.Join(b.activities(), "; ")
		if want := "Setting desired count to 6. maximum capacity was set to 6; Setting desired count to 3. minimum capacity was set to 3"; said != want {
			t.Errorf("activities: %s", said)
		}
	})
}

func TestTargetTrackingOwnsItsAlarms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newScalingBench(t)
		_, err := b.aas.PutScalingPolicy(t.Context(), &applicationautoscaling.PutScalingPolicyInput{ServiceNamespace: ecsSpace,
			ResourceId: aws.String(scaledResource), ScalableDimension: ecsCount, PolicyName: aws.String("cpu")})
		wantError(t, err, "ObjectNotFoundException", "No scalable target registered for service namespace: ecs, resource ID: service/default/web, scalable dimension: ecs:service:DesiredCount")
		b.register(1, 10)
		first := b.track("cpu", nil)
		if len(first.Alarms) != 2 || !strings.HasPrefix(*first.Alarms[0].AlarmName, "TargetTracking-service/default/web-AlarmHigh-") ||
			!strings.HasPrefix(*first.Alarms[1].AlarmName, "TargetTracking-service/default/web-AlarmLow-") {
			t.Fatalf("alarms: %+v", first.Alarms)
		}
		again := b.track("cpu", func(c *types.TargetTrackingScalingPolicyConfiguration) { c.TargetValue = aws.Float64(70) })
		if *again.PolicyARN != *first.PolicyARN || *again.Alarms[0].AlarmName != *first.Alarms[0].AlarmName {
			t.Errorf("an update gives other names: %+v", again)
		}
		high := mustAlarm(t, b.cw, *first.Alarms[0].AlarmName)
		if *high.Threshold != 70 || *high.MetricName != "CPUUtilization" || high.AlarmActions[0] != *first.PolicyARN {
			t.Errorf("high alarm: %+v", high)
		}
		if out := b.track("cpu", func(c *types.TargetTrackingScalingPolicyConfiguration) { c.DisableScaleIn = aws.Bool(true) }); len(out.Alarms) != 1 {
			t.Errorf("with scale-in disabled: %+v", out.Alarms)
		}
		_, err = b.aas.DeregisterScalableTarget(t.Context(), &applicationautoscaling.DeregisterScalableTargetInput{ServiceNamespace: ecsSpace,
			ResourceId: aws.String(scaledResource), ScalableDimension: ecsCount})
		b.must(err)
		alarms, err := b.cw.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{})
		b.must(err)
		policies, err := b.aas.DescribeScalingPolicies(t.Context(), &applicationautoscaling.DescribeScalingPoliciesInput{ServiceNamespace: ecsSpace})
		b.must(err)
		if len(alarms.MetricAlarms) != 0 || len(policies.ScalingPolicies) != 0 {
			t.Errorf("deregistering leaves %d alarms and %d policies", len(alarms.MetricAlarms), len(policies.ScalingPolicies))
		}
	})
}

func TestTargetTrackingScales(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newScalingBench(t)
		b.register(2, 5)
		out := b.track("cpu", nil)
		b.cpu(100, 3)
		b.wantCount(4, "twice the target, twice the tasks")
		b.cpu(95, 2)
		b.wantCount(5, "never over the maximum")
		b.cpu(20, 20)
		b.wantCount(2, "back to the minimum after fifteen quiet minutes")
		if said := b.activities(); len(said) < 3 || !strings.HasSuffix(said[len(said)-1],
			"Setting desired count to 4. monitor alarm "+*out.Alarms[0].AlarmName+" in state ALARM triggered policy cpu") {
			t.Errorf("activities: %s", strings.Join(said, "\n"))
		}
	})
}

func TestScaleInWaitsForDeployments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newScalingBench(t)
		b.register(1, 5)
		out := b.track("cpu", nil)
		_, err := b.ecs.UpdateService(t.Context(), &ecs.UpdateServiceInput{Service: aws.String("web"), ForceNewDeployment: true})
		b.must(err)
		set := &cloudwatch.SetAlarmStateInput{AlarmName: out.Alarms[1].AlarmName, StateValue: cwtypes.StateValueAlarm, StateReason: aws.String("a test")}
		_, err = b.cw.SetAlarmState(t.Context(), set)
		b.must(err)
		b.wantCount(2, "while a deployment runs")
		time.Sleep(20 * time.Minute)
		_, err = b.cw.SetAlarmState(t.Context(), set)
		b.must(err)
		b.wantCount(1, "when it has ended")
	})
}

func TestStepScaling(t *testing.T) {
	step := func(low, high *float64, by int32) types.StepAdjustment {
		return types.StepAdjustment{MetricIntervalLowerBound: low, MetricIntervalUpperBound: high, ScalingAdjustment: &by}
	}
	f := aws.Float64
	for _, tc := range []struct {
		name    string
		config  types.StepScalingPolicyConfiguration
		current int32
		breach  float64
		want    int32
		none    bool
	}{
		{"change", types.StepScalingPolicyConfiguration{AdjustmentType: "ChangeInCapacity", StepAdjustments: []types.StepAdjustment{step(f(0), f(10), 1), step(f(10), nil, 3)}}, 2, 10, 5, false},
		{"change, first step", types.StepScalingPolicyConfiguration{AdjustmentType: "ChangeInCapacity", StepAdjustments: []types.StepAdjustment{step(f(0), f(10), 1), step(f(10), nil, 3)}}, 2, 9.9, 3, false},
		{"below", types.StepScalingPolicyConfiguration{AdjustmentType: "ChangeInCapacity", StepAdjustments: []types.StepAdjustment{step(nil, f(-10), -2), step(f(-10), f(0), -1)}}, 5, -10, 3, false},
		{"exact", types.StepScalingPolicyConfiguration{AdjustmentType: "ExactCapacity", StepAdjustments: []types.StepAdjustment{step(f(0), nil, 7)}}, 2, 1, 7, false},
		{"percent rounds down", types.StepScalingPolicyConfiguration{AdjustmentType: "PercentChangeInCapacity", StepAdjustments: []types.StepAdjustment{step(f(0), nil, 50)}}, 5, 1, 7, false},
		{"a small percentage is one", types.StepScalingPolicyConfiguration{AdjustmentType: "PercentChangeInCapacity", StepAdjustments: []types.StepAdjustment{step(f(0), nil, 10)}}, 5, 1, 6, false},
		{"magnitude", types.StepScalingPolicyConfiguration{AdjustmentType: "PercentChangeInCapacity", MinAdjustmentMagnitude: aws.Int32(3), StepAdjustments: []types.StepAdjustment{step(f(0), nil, -10)}}, 8, 1, 5, false},
		{"no step", types.StepScalingPolicyConfiguration{AdjustmentType: "ChangeInCapacity", StepAdjustments: []types.StepAdjustment{step(f(5), nil, 1)}}, 2, 1, 0, true},
	} {
		got, ok := steppedCapacity(&tc.config, tc.current, tc.breach)
		if ok == tc.none || got != tc.want {
			t.Errorf("%s: %d, %v; want %d", tc.name, got, ok, tc.want)
		}
	}
	for name, steps := range map[string][]types.StepAdjustment{
		"none": nil, "a gap": {step(f(0), f(1), 1), step(f(2), nil, 1)}, "an overlap": {step(f(0), f(3), 1), step(f(2), nil, 1)},
		"upside down": {step(f(3), f(1), 1)}, "two open": {step(nil, nil, 1), step(f(1), nil, 1)},
	} {
		if checkStepPolicy(&types.StepScalingPolicyConfiguration{AdjustmentType: "ChangeInCapacity", StepAdjustments: steps}) == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestAlarmOfAPersonCallsAStepPolicy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newScalingBench(t)
		b.register(1, 8)
		out, err := b.aas.PutScalingPolicy(t.Context(), &applicationautoscaling.PutScalingPolicyInput{ServiceNamespace: ecsSpace,
			ResourceId: aws.String(scaledResource), ScalableDimension: ecsCount, PolicyName: aws.String("burst"), PolicyType: types.PolicyTypeStepScaling,
			StepScalingPolicyConfiguration: &types.StepScalingPolicyConfiguration{AdjustmentType: types.AdjustmentTypeChangeInCapacity, Cooldown: aws.Int32(120),
				StepAdjustments: []types.StepAdjustment{{MetricIntervalLowerBound: aws.Float64(0), ScalingAdjustment: aws.Int32(2)}}}})
		b.must(err)
		in := metricAlarmInput("busy")
		in.AlarmActions, in.EvaluationPeriods = []string{*out.PolicyARN}, aws.Int32(1)
		_, err = b.cw.PutMetricAlarm(t.Context(), in)
		b.must(err)
		described, err := b.aas.DescribeScalingPolicies(t.Context(), &applicationautoscaling.DescribeScalingPoliciesInput{ServiceNamespace: ecsSpace})
		b.must(err)
		if a := described.ScalingPolicies[0].Alarms; len(a) != 1 || *a[0].AlarmName != "busy" {
			t.Errorf("alarms of the policy: %+v", a)
		}
		put := func() {
			_, err := b.cw.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: in.Namespace, MetricData: []cwtypes.MetricDatum{
				{MetricName: in.MetricName, Dimensions: in.Dimensions, Value: aws.Float64(9)}}})
			b.must(err)
			time.Sleep(time.Minute)
		}
		put()
		b.wantCount(4, "two more")
		put()
		b.wantCount(6, "a larger step counts within the cooldown")
		_, err = b.aas.DeleteScalingPolicy(t.Context(), &applicationautoscaling.DeleteScalingPolicyInput{ServiceNamespace: ecsSpace,
			ResourceId: aws.String(scaledResource), ScalableDimension: ecsCount, PolicyName: aws.String("burst")})
		b.must(err)
		mustAlarm(t, b.cw, "busy") // a person's alarm stays
	})
}

func TestScheduledActions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newScalingBench(t)
		b.register(1, 4)
		put := func(change func(*applicationautoscaling.PutScheduledActionInput)) error {
			in := &applicationautoscaling.PutScheduledActionInput{ServiceNamespace: ecsSpace, ResourceId: aws.String(scaledResource), ScalableDimension: ecsCount,
				ScheduledActionName: aws.String("morning")}
			change(in)
			_, err := b.aas.PutScheduledAction(t.Context(), in)
			return err
		}
		wantError(t, put(func(in *applicationautoscaling.PutScheduledActionInput) { in.Schedule = aws.String("rate(1 day)") }),
			"ValidationException", "At least one of minimum capacity and maximum capacity should be provided")
		wantError(t, put(func(in *applicationautoscaling.PutScheduledActionInput) {
			in.ScheduledActionName = aws.String("owner/cluster")
		}), "ValidationException", "at 'scheduledActionName'")
		b.must(put(func(in *applicationautoscaling.PutScheduledActionInput) {
			in.Schedule, in.Timezone = aws.String("cron(0 7 * * ? *)"), aws.String("Europe/Berlin")
			in.ScalableTargetAction = &types.ScalableTargetAction{MinCapacity: aws.Int32(3)}
			in.EndTime = aws.Time(time.Now().Add(24 * time.Hour))
		}))
		time.Sleep(24 * time.Hour)
		b.wantCount(3, "after seven in the morning")
		b.must(put(func(in *applicationautoscaling.PutScheduledActionInput) {
			in.ScalableTargetAction = &types.ScalableTargetAction{MaxCapacity: aws.Int32(2), MinCapacity: aws.Int32(0)}
		}))
		out, err := b.aas.DescribeScheduledActions(t.Context(), &applicationautoscaling.DescribeScheduledActionsInput{ServiceNamespace: ecsSpace})
		b.must(err)
		if a := out.ScheduledActions[0]; a.EndTime != nil || *a.Schedule != "cron(0 7 * * ? *)" || *a.Timezone != "Europe/Berlin" {
			t.Errorf("an end time that is not given is deleted, the rest stays: %+v", a)
		}
		time.Sleep(24 * time.Hour)
		b.wantCount(2, "pulled down by the new maximum")
		if said := b.activities(); said[1] != "Setting min capacity to 0 and max capacity to 2 scheduled action name morning was triggered" {
			t.Errorf("activities: %q", said)
		}
		_, err = b.aas.DeleteScheduledAction(t.Context(), &applicationautoscaling.DeleteScheduledActionInput{ServiceNamespace: ecsSpace,
			ResourceId: aws.String(scaledResource), ScalableDimension: ecsCount, ScheduledActionName: aws.String("morning")})
		b.must(err)
		before := len(b.activities())
		time.Sleep(72 * time.Hour)
		if n := len(b.activities()); n != before {
			t.Errorf("a deleted action acted %d times", n-before)
		}
	})
}

// TestScheduledStart: an action with a start time acts at that time, whatever its
// schedule, and then as the schedule says.
func TestScheduledStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newScalingBench(t)
		b.register(1, 9)
		_, err := b.aas.PutScheduledAction(t.Context(), &applicationautoscaling.PutScheduledActionInput{ServiceNamespace: ecsSpace,
			ResourceId: aws.String(scaledResource), ScalableDimension: ecsCount, ScheduledActionName: aws.String("sale"),
			Schedule: aws.String("cron(0 7 1 1 ? 2199)"), StartTime: aws.Time(time.Now().Add(90 * time.Minute)),
			ScalableTargetAction: &types.ScalableTargetAction{MinCapacity: aws.Int32(5)}})
		b.must(err)
		time.Sleep(89 * time.Minute)
		b.wantCount(2, "before the start")
		time.Sleep(2 * time.Minute)
		b.wantCount(5, "at the start")
	})
}

func TestScalingPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newScalingBench(t)
		b.register(1, 10)
		for i := range 23 {
			name := fmt.Sprintf("p%02d", i)
			b.track(name, func(c *types.TargetTrackingScalingPolicyConfiguration) {
				c.PredefinedMetricSpecification, c.CustomizedMetricSpecification = nil, &types.CustomizedMetricSpecification{
					Namespace: aws.String("Shop"), MetricName: &name, Statistic: types.MetricStatisticAverage}
			})
		}
		_, err := b.aas.PutScalingPolicy(t.Context(), &applicationautoscaling.PutScalingPolicyInput{ServiceNamespace: ecsSpace,
			ResourceId: aws.String(scaledResource), ScalableDimension: ecsCount, PolicyName: aws.String("again"),
			PolicyType: types.PolicyTypeTargetTrackingScaling, TargetTrackingScalingPolicyConfiguration: &types.TargetTrackingScalingPolicyConfiguration{
				TargetValue: aws.Float64(1), CustomizedMetricSpecification: &types.CustomizedMetricSpecification{
					Namespace: aws.String("Shop"), MetricName: aws.String("p07"), Statistic: types.MetricStatisticAverage}}})
		wantError(t, err, "ValidationException", "Only one TargetTrackingScaling policy for a given metric specification is allowed.")
		pages, policies := 0, map[string]bool{}
		p := applicationautoscaling.NewDescribeScalingPoliciesPaginator(b.aas, &applicationautoscaling.DescribeScalingPoliciesInput{ServiceNamespace: ecsSpace})
		for p.HasMorePages() {
			out, err := p.NextPage(t.Context())
			b.must(err)
			pages++
			for _, policy := range out.ScalingPolicies {
				policies[*policy.PolicyName] = true
			}
		}
		if pages != 3 || len(policies) != 23 {
			t.Errorf("%d policies on %d pages", len(policies), pages)
		}
		_, err = b.aas.DescribeScalingPolicies(t.Context(), &applicationautoscaling.DescribeScalingPoliciesInput{ServiceNamespace: ecsSpace, MaxResults: aws.Int32(11)})
		wantError(t, err, "ValidationException", "Value '11' at 'maxResults'")
	})
}

func TestScalingSurvivesTheStateFile(t *testing.T) {
	path := t.TempDir() + "/world.json"
	s, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := alarmClient(s)
	in := metricAlarmInput("kept")
	if _, err := c.PutMetricAlarm(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err = Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	a := mustAlarm(t, alarmClient(s), "kept")
	if *a.Threshold != 5 || a.OKActions == nil || !s.world.Alarms.Ticking {
		t.Errorf("after a restart: %+v", a)
	}
}

// Two target-tracking policies scale in only together, out each for itself.
func TestPoliciesScaleInTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newScalingBench(t)
		b.register(1, 9)
		b.track("cpu", nil)
		b.track("memory", func(c *types.TargetTrackingScalingPolicyConfiguration) {
			c.PredefinedMetricSpecification.PredefinedMetricType = types.MetricTypeECSServiceAverageMemoryUtilization
		})
		b.cpu(10, 20)
		b.wantCount(2, "memory has not spoken")
		b.cpu(90, 3)
		b.wantCount(4, "one is enough to scale out")
		_, err := b.aas.DeleteScalingPolicy(t.Context(), &applicationautoscaling.DeleteScalingPolicyInput{ServiceNamespace: ecsSpace,
			ResourceId: aws.String(scaledResource), ScalableDimension: ecsCount, PolicyName: aws.String("memory")})
		b.must(err)
		b.cpu(10, 20)
		if n := b.count(); n >= 4 {
			t.Errorf("alone it scales in: %d", n)
		}
	})
}

func BenchmarkAWeekOfAlarms(b *testing.B) {
	for b.Loop() {
		s := New(Options{})
		c := alarmClient(s)
		for i := range 10 {
			in := metricAlarmInput(fmt.Sprint("a", i))
			in.EvaluationPeriods = aws.Int32(15)
			if _, err := c.PutMetricAlarm(b.Context(), in); err != nil {
				b.Fatal(err)
			}
		}
		s.Advance(7 * 24 * time.Hour)
	}
}
