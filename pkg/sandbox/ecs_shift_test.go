package sandbox

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox/wire"
)

const shiftRole = "arn:aws:iam::123456789012:role/ecsInfrastructureRole"

// shiftBench is a bench with a pair of target groups behind rules, or behind the
// listeners of a Network Load Balancer.
type shiftBench struct {
	*ecsBench
	blue, green      string
	production, test string
	trace            []string // distinct pictures of the deployment, in order
}

func newShiftBench(t *testing.T) *shiftBench {
	t.Helper()
	b := &shiftBench{ecsBench: newECSBench(t)}
	b.blue, b.green = b.group("blue", elbtypes.ProtocolEnumHttp), b.group("green", elbtypes.ProtocolEnumHttp)
	b.production, b.test = b.rule(10, b.blue), b.rule(20, b.blue)
	return b
}

func (b *shiftBench) group(name string, protocol elbtypes.ProtocolEnum) string {
	b.Helper()
	out, err := b.elb.CreateTargetGroup(b.Context(), &elbv2.CreateTargetGroupInput{Name: aws.String(name), Protocol: protocol, Port: aws.Int32(80),
		VpcId: aws.String("vpc-0sandbox"), TargetType: elbtypes.TargetTypeEnumIp, HealthCheckIntervalSeconds: aws.Int32(10)})
	b.must(err)
	arn := *out.TargetGroups[0].TargetGroupArn
	_, err = b.elb.ModifyTargetGroupAttributes(b.Context(), &elbv2.ModifyTargetGroupAttributesInput{TargetGroupArn: &arn,
		Attributes: []elbtypes.TargetGroupAttribute{{Key: aws.String("deregistration_delay.timeout_seconds"), Value: aws.String("10")}}})
	b.must(err)
	return arn
}

func (b *shiftBench) rule(priority int32, group string) string {
	b.Helper()
	out, err := b.elb.CreateRule(b.Context(), &elbv2.CreateRuleInput{ListenerArn: aws.String(sandboxListener), Priority: &priority,
		Conditions: []elbtypes.RuleCondition{{Field: aws.String("path-pattern"), Values: []string{fmt.Sprintf("/%d", priority)}}},
		Actions:    []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: &group}}})
	b.must(err)
	return *out.Rules[0].RuleArn
}

// weights are those of a rule, blue's first.
func (b *shiftBench) weights(rule string) string {
	b.Helper()
	by := map[string]int32{}
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	for _, tg := range b.s.world.forwardOf(rule).TargetGroups {
		by[*tg.TargetGroupArn] = *tg.Weight
	}
	return fmt.Sprintf("%d/%d", by[b.blue], by[b.green])
}

func (b *shiftBench) using(strategy types.DeploymentStrategy, change ...func(*types.DeploymentConfiguration)) func(*ecs.CreateServiceInput) {
	return func(in *ecs.CreateServiceInput) {
		in.LaunchType, in.NetworkConfiguration = types.LaunchTypeFargate, vpcOf("subnet-0sandboxa")
		in.DeploymentConfiguration = &types.DeploymentConfiguration{Strategy: strategy, BakeTimeInMinutes: aws.Int32(5)}
		for _, c := range change {
			c(in.DeploymentConfiguration)
		}
		in.LoadBalancers = []types.LoadBalancer{{TargetGroupArn: &b.blue, ContainerName: aws.String("app"), ContainerPort: aws.Int32(80),
			AdvancedConfiguration: &types.AdvancedConfiguration{AlternateTargetGroupArn: &b.green, ProductionListenerRule: &b.production, RoleArn: aws.String(shiftRole)}}}
		if b.test != "" {
			in.LoadBalancers[0].AdvancedConfiguration.TestListenerRule = &b.test
		}
	}
}

// follow keeps a picture of the service's deployment after every second: the
// stage, the weights, the tasks of both revisions.
func (b *shiftBench) follow(name string) {
	b.watches = append(b.watches, func() {
		d := b.deployment(*b.service(name).CurrentServiceDeployment)
		picture := fmt.Sprintf("%s %s", d.LifecycleStage, b.weights(b.production))
		if b.test != "" {
			picture += " test " + b.weights(b.test)
		}
		if ended(d.Status) {
			picture += " " + string(d.Status)
		}
		if len(b.trace) == 0 || b.trace[len(b.trace)-1] != picture {
			b.trace = append(b.trace, picture)
		}
		source := int32(0)
		for _, r := range d.SourceServiceRevisions {
			source += r.RunningTaskCount
		}
		if len(d.SourceServiceRevisions) > 0 && d.LifecycleStage != stageCleanUp && source < 2 && d.Status == types.ServiceDeploymentStatusInProgress {
			b.Fatalf("%d tasks of the old revision run at %s", source, picture)
		}
	})
}

func (b *shiftBench) traced(want ...string) {
	b.Helper()
	if !slices.Equal(b.trace, want) {
		b.Errorf("went\n  %s\nwant\n  %s", strings.Join(b.trace, "\n  "), strings.Join(want, "\n  "))
	}
	b.trace = nil
}

// TestBlueGreen is the whole way of two deployments: the first goes to the group
// without traffic, the second back.
func TestBlueGreen(t *testing.T) {
	b := newShiftBench(t)
	b.register("app", "app:1", onFargateWithPort)
	b.register("app", "app:2", onFargateWithPort)
	b.create("app", "app:1", b.using(types.DeploymentStrategyBlueGreen))
	b.follow("app")
	b.pass(1)
	b.ends("app", types.ServiceDeploymentStatusSuccessful)
	b.traced("PRE_SCALE_UP 1/0 test 1/0", "SCALE_UP 1/0 test 1/0", "POST_SCALE_UP 1/0 test 1/0",
		"TEST_TRAFFIC_SHIFT 1/0 test 0/100", "POST_TEST_TRAFFIC_SHIFT 1/0 test 0/100", "PRE_PRODUCTION_TRAFFIC_SHIFT 1/0 test 0/100",
		"PRODUCTION_TRAFFIC_SHIFT 0/100 test 0/100", "POST_PRODUCTION_TRAFFIC_SHIFT 0/100 test 0/100", "BAKE_TIME 0/100 test 0/100",
		"CLEAN_UP 0/100 test 0/100", "CLEAN_UP 0/100 test 0/100 SUCCESSFUL")
	first := b.service("app")
	b.trace = nil
	s := b.deploy("app", "app:2")
	if len(s.Deployments) != 2 || *s.Deployments[0].Status != "PRIMARY" || digitsOf(s) == digitsOf(first) {
		t.Errorf("deployments: %+v", s.Deployments)
	}
	start := b.s.Clock()
	d := b.ends("app", types.ServiceDeploymentStatusSuccessful)
	if took := b.s.Clock().Sub(start); took < 5*time.Minute {
		t.Errorf("took %s: no bake time", took)
	}
	b.traced("PRE_SCALE_UP 0/100 test 0/100", "SCALE_UP 0/100 test 0/100", "POST_SCALE_UP 0/100 test 0/100",
		"TEST_TRAFFIC_SHIFT 0/100 test 100/0", "POST_TEST_TRAFFIC_SHIFT 0/100 test 100/0", "PRE_PRODUCTION_TRAFFIC_SHIFT 0/100 test 100/0",
		"PRODUCTION_TRAFFIC_SHIFT 100/0 test 100/0", "POST_PRODUCTION_TRAFFIC_SHIFT 100/0 test 100/0", "BAKE_TIME 100/0 test 100/0",
		"CLEAN_UP 100/0 test 100/0", "CLEAN_UP 100/0 test 100/0 SUCCESSFUL")
	if *d.TargetServiceRevision.RequestedProductionTrafficWeight != 100 || *d.SourceServiceRevisions[0].RequestedProductionTrafficWeight != 0 {
		t.Errorf("traffic: %+v from %+v", d.TargetServiceRevision, d.SourceServiceRevisions)
	}
	s = b.service("app")
	if len(s.Deployments) != 1 || s.RunningCount != 2 || *s.LoadBalancers[0].TargetGroupArn != b.blue || *s.LoadBalancers[0].AdvancedConfiguration.AlternateTargetGroupArn != b.green {
		t.Errorf("after: %d deployments, %d running, %+v", len(s.Deployments), s.RunningCount, s.LoadBalancers)
	}
	rev, err := b.ecs.DescribeServiceRevisions(t.Context(), &ecs.DescribeServiceRevisionsInput{ServiceRevisionArns: []string{*d.TargetServiceRevision.Arn, *d.SourceServiceRevisions[0].Arn}})
	b.must(err)
	for i, want := range []string{b.blue, b.green} {
		if lb := rev.ServiceRevisions[i].ResolvedConfiguration.LoadBalancers[0]; *lb.TargetGroupArn != want || *lb.ProductionListenerRule != b.production {
			t.Errorf("revision %d resolved to %s", i, *lb.TargetGroupArn)
		}
	}
}

func TestCanaryAndLinearSteps(t *testing.T) {
	for name, c := range map[string]struct {
		using func(*types.DeploymentConfiguration)
		of    types.DeploymentStrategy
		want  []string
		least time.Duration
	}{
		"canary": {func(d *types.DeploymentConfiguration) {
			d.CanaryConfiguration = &types.CanaryConfiguration{CanaryPercent: aws.Float64(2.5)}
		}, types.DeploymentStrategyCanary, []string{"25/975", "100/0"}, 15 * time.Minute},
		"linear": {func(d *types.DeploymentConfiguration) {
			d.LinearConfiguration = &types.LinearConfiguration{StepPercent: aws.Float64(40), StepBakeTimeInMinutes: aws.Int32(3)}
		}, types.DeploymentStrategyLinear, []string{"40/60", "80/20", "100/0"}, 11 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			b := newShiftBench(t)
			b.test = ""
			b.register("app", "app:1", onFargateWithPort)
			b.register("app", "app:2", onFargateWithPort)
			b.settled("app", "app:1", b.using(c.of, c.using))
			b.deploy("app", "app:2")
			b.follow("app")
			start := b.s.Clock()
			b.ends("app", types.ServiceDeploymentStatusSuccessful)
			var steps []string
			pre := 0
			for _, p := range b.trace {
				if rest, ok := strings.CutPrefix(p, "PRODUCTION_TRAFFIC_SHIFT "); ok {
					steps = append(steps, rest)
				}
				if strings.HasPrefix(p, "PRE_PRODUCTION_TRAFFIC_SHIFT ") {
					pre++
				}
			}
			if !slices.Equal(steps, c.want) || pre != len(c.want) {
				t.Errorf("steps %q after %d stages before them, want %q", steps, pre, c.want)
			}
			if took := b.s.Clock().Sub(start); took < c.least || took > c.least+3*time.Minute {
				t.Errorf("took %s", took)
			}
		})
	}
}

// TestShiftOfNetworkListeners: a Network Load Balancer's default action is what
// ECS rewrites, and it waits ten minutes at each shift.
func TestShiftOfNetworkListeners(t *testing.T) {
	b := &shiftBench{ecsBench: newECSBench(t)}
	b.blue, b.green = b.group("blue", elbtypes.ProtocolEnumTcp), b.group("green", elbtypes.ProtocolEnumTcp)
	lb, err := b.elb.CreateLoadBalancer(t.Context(), &elbv2.CreateLoadBalancerInput{Name: aws.String("net"), Type: elbtypes.LoadBalancerTypeEnumNetwork, Subnets: []string{"subnet-0sandboxa", "subnet-0sandboxb"}})
	b.must(err)
	listener, err := b.elb.CreateListener(t.Context(), &elbv2.CreateListenerInput{LoadBalancerArn: lb.LoadBalancers[0].LoadBalancerArn, Port: aws.Int32(80), Protocol: elbtypes.ProtocolEnumTcp,
		DefaultActions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: &b.blue}}})
	b.must(err)
	b.production = *listener.Listeners[0].ListenerArn
	b.register("app", "app:1", onFargateWithPort)
	b.settled("app", "app:1", b.using(types.DeploymentStrategyBlueGreen))
	if b.s.Clock().Sub(*b.service("app").CreatedAt) < 20*time.Minute {
		t.Error("no delay for the network load balancer")
	}
	out, err := b.elb.DescribeListeners(t.Context(), &elbv2.DescribeListenersInput{ListenerArns: []string{b.production}})
	b.must(err)
	if f := out.Listeners[0].DefaultActions[0].ForwardConfig.TargetGroups; len(f) != 2 || *f[0].Weight != 0 || *f[1].Weight != 100 {
		t.Errorf("the listener forwards to %+v", f)
	}
}

// TestShiftRollsBack has every way of failing give the traffic back.
func TestShiftRollsBack(t *testing.T) {
	hook := func(stage types.DeploymentLifecycleHookStage, function string) func(*types.DeploymentConfiguration) {
		return func(d *types.DeploymentConfiguration) {
			d.LifecycleHooks = []types.DeploymentLifecycleHook{{LifecycleStages: []types.DeploymentLifecycleHookStage{stage},
				HookTargetArn: aws.String("arn:aws:lambda:us-east-1:123456789012:function:" + function), RoleArn: aws.String(shiftRole),
				TimeoutConfiguration: &types.DeploymentLifecycleHookTimeoutConfiguration{TimeoutInMinutes: aws.Int32(1)}}}
		}
	}
	for _, c := range []struct {
		name, image string
		using       func(*types.DeploymentConfiguration)
		during      func(b *shiftBench, arn string)
		at, reason  string
	}{
		{"circuit breaker", "app:crash", func(d *types.DeploymentConfiguration) {
			d.DeploymentCircuitBreaker = &types.DeploymentCircuitBreaker{Enable: true, Rollback: true}
		}, nil, "SCALE_UP", "circuit breaker"},
		{"hook before the test traffic", "app:2", hook("POST_SCALE_UP", "check-fail"), nil, "POST_SCALE_UP", "FAILED"},
		{"hook with the production traffic", "app:2", hook("POST_PRODUCTION_TRAFFIC_SHIFT", "check-crash:live"), nil, "POST_PRODUCTION_TRAFFIC_SHIFT", "FAILED"},
		{"hook without an answer", "app:2", hook("PRODUCTION_TRAFFIC_SHIFT", "check-timeout"), nil, "PRODUCTION_TRAFFIC_SHIFT", "TIMED_OUT"},
		{"a person, while it bakes", "app:2", nil, func(b *shiftBench, arn string) {
			b.until("bake time", func() bool { return b.deployment(arn).LifecycleStage == stageBake })
			_, err := b.ecs.StopServiceDeployment(b.Context(), &ecs.StopServiceDeploymentInput{ServiceDeploymentArn: &arn, StopType: types.StopServiceDeploymentStopTypeRollback})
			b.must(err)
		}, "BAKE_TIME", "user request"},
		{"alarm, while it bakes", "app:2", func(d *types.DeploymentConfiguration) {
			d.Alarms = &types.DeploymentAlarms{Enable: true, Rollback: true, AlarmNames: []string{"bad"}}
		}, func(b *shiftBench, arn string) {
			b.until("bake time", func() bool { return b.deployment(arn).LifecycleStage == stageBake })
			_, err := cloudwatch.NewFromConfig(awsConfig("http://sandbox.invalid", b.s.Transport())).SetAlarmState(b.Context(), &cloudwatch.SetAlarmStateInput{
				AlarmName: aws.String("bad"), StateValue: cwtypes.StateValueAlarm, StateReason: aws.String("test")})
			b.must(err)
		}, "BAKE_TIME", "alarm"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newShiftBench(t)
			_, err := cloudwatch.NewFromConfig(awsConfig("http://sandbox.invalid", b.s.Transport())).PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
				AlarmName: aws.String("bad"), Namespace: aws.String("n"), MetricName: aws.String("m"), Statistic: cwtypes.StatisticSum, Period: aws.Int32(60),
				EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1), ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanThreshold})
			b.must(err)
			good := b.register("app", "app:1", onFargateWithPort)
			b.register("app", c.image, onFargateWithPort)
			before := b.settled("app", "app:1", b.using(types.DeploymentStrategyBlueGreen))
			s := b.update("app", func(in *ecs.UpdateServiceInput) {
				in.TaskDefinition, in.DeploymentConfiguration = aws.String("app:2"), &types.DeploymentConfiguration{}
				if c.using != nil {
					c.using(in.DeploymentConfiguration)
				}
			})
			b.follow("app")
			arn := *s.CurrentServiceDeployment
			if c.during != nil {
				c.during(b, arn)
			}
			b.until("it is rolled back", func() bool { return ended(b.deployment(arn).Status) })
			d := b.deployment(arn)
			if d.Status != types.ServiceDeploymentStatusRollbackSuccessful || d.Rollback == nil || !strings.Contains(*d.Rollback.Reason, c.reason) ||
				!strings.HasSuffix(*d.Rollback.ServiceRevisionArn, digitsOf(before)) {
				t.Errorf("ended %s, rollback %+v", d.Status, d.Rollback)
			}
			if b.weights(b.production) != "0/100" || b.weights(b.test) != "0/100" || *d.TargetServiceRevision.RequestedProductionTrafficWeight != 0 {
				t.Errorf("traffic %s, test %s, %+v", b.weights(b.production), b.weights(b.test), d.TargetServiceRevision)
			}
			if !slices.ContainsFunc(b.trace, func(p string) bool { return strings.HasPrefix(p, c.at+" ") }) {
				t.Errorf("never was at %s: %q", c.at, b.trace)
			}
			s = b.service("app")
			if *s.TaskDefinition != *good.TaskDefinitionArn || len(s.Deployments) != 1 || s.RunningCount != 2 || digitsOf(s) != digitsOf(before) {
				t.Errorf("after: %s, %d deployments, %d running", *s.TaskDefinition, len(s.Deployments), s.RunningCount)
			}
		})
	}
}

// TestPauseHook waits for its button, in blue/green and in rolling deployments.
func TestPauseHook(t *testing.T) {
	for _, c := range []struct {
		name   string
		rule   types.DeploymentStrategy
		stage  types.DeploymentLifecycleHookStage
		action types.DeploymentLifecycleHookAction // "" lets it time out
		after  types.DeploymentLifecycleHookAction
		want   types.ServiceDeploymentStatus
	}{
		{"continue", types.DeploymentStrategyBlueGreen, "PRE_PRODUCTION_TRAFFIC_SHIFT", "CONTINUE", "ROLLBACK", "SUCCESSFUL"},
		{"roll back", types.DeploymentStrategyBlueGreen, "PRE_PRODUCTION_TRAFFIC_SHIFT", "ROLLBACK", "CONTINUE", "ROLLBACK_SUCCESSFUL"},
		{"time out", types.DeploymentStrategyBlueGreen, "POST_TEST_TRAFFIC_SHIFT", "", "ROLLBACK", "ROLLBACK_SUCCESSFUL"},
		{"time out and continue", types.DeploymentStrategyBlueGreen, "POST_TEST_TRAFFIC_SHIFT", "", "CONTINUE", "SUCCESSFUL"},
		{"rolling, before", types.DeploymentStrategyRolling, "PRE_SCALE_UP", "CONTINUE", "ROLLBACK", "SUCCESSFUL"},
		{"rolling, after", types.DeploymentStrategyRolling, "POST_SCALE_UP", "ROLLBACK", "ROLLBACK", "ROLLBACK_SUCCESSFUL"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newShiftBench(t)
			b.register("app", "app:1", onFargateWithPort)
			b.register("app", "app:2", onFargateWithPort)
			b.settled("app", "app:1", b.using(c.rule))
			s := b.update("app", func(in *ecs.UpdateServiceInput) {
				in.TaskDefinition = aws.String("app:2")
				in.DeploymentConfiguration = &types.DeploymentConfiguration{LifecycleHooks: []types.DeploymentLifecycleHook{{
					TargetType: types.DeploymentLifecycleHookTargetTypePause, LifecycleStages: []types.DeploymentLifecycleHookStage{c.stage},
					TimeoutConfiguration: &types.DeploymentLifecycleHookTimeoutConfiguration{Action: c.after, TimeoutInMinutes: aws.Int32(30)}}}}
			})
			arn := *s.CurrentServiceDeployment
			b.until("it waits", func() bool { return len(b.deployment(arn).LifecycleHookDetails) > 0 })
			h := b.deployment(arn).LifecycleHookDetails[0]
			if h.Status != types.DeploymentLifecycleHookStatusAwaitingAction || h.TimeoutAction != c.after || !strings.HasPrefix(*h.HookId, "ecs-pause-") || h.ExpiresAt.Sub(b.s.Clock()) > 30*time.Minute {
				t.Errorf("hook: %+v", h)
			}
			b.pass(600)
			if d := b.deployment(arn); d.Status != types.ServiceDeploymentStatusInProgress {
				t.Fatalf("did not wait: %s", d.Status)
			}
			in := &ecs.ContinueServiceDeploymentInput{ServiceDeploymentArn: &arn, HookId: aws.String("ecs-pause-other")}
			_, err := b.ecs.ContinueServiceDeployment(t.Context(), in)
			b.refused(err, "InvalidParameterException", "awaits an action")
			if c.action != "" {
				in.HookId, in.Action = h.HookId, c.action
				_, err := b.ecs.ContinueServiceDeployment(t.Context(), in)
				b.must(err)
			}
			b.until("it ends", func() bool { return ended(b.deployment(arn).Status) })
			if d := b.deployment(arn); d.Status != c.want {
				t.Errorf("ended %s, want %s: %s", d.Status, c.want, aws.ToString(d.StatusReason))
			}
		})
	}
}

// TestShiftSuperseded: a newer deployment takes the traffic back to what served
// before it begins, and never starts from nothing.
func TestShiftSuperseded(t *testing.T) {
	b := newShiftBench(t)
	for n := 1; n <= 3; n++ {
		b.register("app", fmt.Sprintf("app:%d", n), onFargateWithPort)
	}
	b.settled("app", "app:1", b.using(types.DeploymentStrategyCanary))
	old := *b.deploy("app", "app:2").CurrentServiceDeployment
	b.until("the canary has traffic", func() bool { return b.weights(b.production) == "5/95" })
	b.follow("app")
	b.deploy("app", "app:3")
	b.pass(20)
	if d := b.deployment(old); d.Status != types.ServiceDeploymentStatusStopped {
		t.Errorf("the old deployment is %s", d.Status)
	}
	if b.weights(b.production) != "0/100" || !strings.HasPrefix(b.trace[0], "RECONCILE_SERVICE") {
		t.Errorf("traffic %s, %q", b.weights(b.production), b.trace)
	}
	d := b.ends("app", types.ServiceDeploymentStatusSuccessful)
	if b.weights(b.production) != "100/0" || len(d.SourceServiceRevisions) != 2 {
		t.Errorf("traffic %s from %+v", b.weights(b.production), d.SourceServiceRevisions)
	}
}

// TestShiftSurvivesTheStateFile writes the world down at every stage and reads it
// back: the copy comes to the same end at the same time.
func TestShiftSurvivesTheStateFile(t *testing.T) {
	b := newShiftBench(t)
	b.register("app", "app:1", onFargateWithPort)
	b.register("app", "app:2", onFargateWithPort)
	b.settled("app", "app:1", b.using(types.DeploymentStrategyCanary, func(d *types.DeploymentConfiguration) {
		d.LifecycleHooks = []types.DeploymentLifecycleHook{{TargetType: types.DeploymentLifecycleHookTargetTypePause, LifecycleStages: []types.DeploymentLifecycleHookStage{"POST_SCALE_UP"},
			TimeoutConfiguration: &types.DeploymentLifecycleHookTimeoutConfiguration{Action: "CONTINUE", TimeoutInMinutes: aws.Int32(1)}}}
	}))
	arn := *b.deploy("app", "app:2").CurrentServiceDeployment
	stages := map[types.ServiceDeploymentLifecycleStage][]byte{}
	b.until("it ends", func() bool {
		d := b.deployment(arn)
		if stages[d.LifecycleStage] == nil {
			assertRoundTrip(t, b.s)
			raw, err := wire.EncodeState(b.s.world, registry())
			b.must(err)
			stages[d.LifecycleStage] = raw
		}
		return ended(d.Status)
	})
	want := b.deployment(arn)
	if len(stages) != 10 { // all but RECONCILE_SERVICE
		t.Errorf("saw the stages %v", slices.Collect(maps.Keys(stages)))
	}
	for stage, raw := range stages {
		var w World
		b.must(wire.DecodeState(raw, &w, registry()))
		w.handlers = b.s.world.handlers
		w.advance(b.s.Clock())
		_, s := w.serviceByKey("default/app")
		if d := s.deployment(arn).Deployment; d.Status != want.Status || !d.FinishedAt.Equal(*want.FinishedAt) || w.forwardOf(b.production).TargetGroups[0].Weight == nil {
			t.Errorf("from %s: %s at %s, want %s at %s", stage, d.Status, d.FinishedAt, want.Status, want.FinishedAt)
		}
	}
}

// TestShiftRefusals asks for what cannot be.
func TestShiftRefusals(t *testing.T) {
	b := newShiftBench(t)
	b.register("app", "app:1", onFargateWithPort)
	pause := []types.DeploymentLifecycleHook{{TargetType: types.DeploymentLifecycleHookTargetTypePause}}
	for text, change := range map[string]func(*ecs.CreateServiceInput){
		"advancedConfiguration is required": func(in *ecs.CreateServiceInput) { in.LoadBalancers[0].AdvancedConfiguration = nil },
		"alternateTargetGroupArn, productionListenerRule and roleArn are required": func(in *ecs.CreateServiceInput) {
			in.LoadBalancers[0].AdvancedConfiguration.RoleArn = nil
		},
		"must differ": func(in *ecs.CreateServiceInput) {
			in.LoadBalancers[0].AdvancedConfiguration.AlternateTargetGroupArn = &b.blue
		},
		"Unable to find the listener rule .": func(in *ecs.CreateServiceInput) {
			in.LoadBalancers[0].AdvancedConfiguration.TestListenerRule = aws.String("")
		},
		"needs at least one lifecycle stage": func(in *ecs.CreateServiceInput) { in.DeploymentConfiguration.LifecycleHooks = pause },
		"not supported at the stage TEST_TRAFFIC_SHIFT": func(in *ecs.CreateServiceInput) {
			in.DeploymentConfiguration.LifecycleHooks = []types.DeploymentLifecycleHook{{TargetType: types.DeploymentLifecycleHookTargetTypePause,
				LifecycleStages: []types.DeploymentLifecycleHookStage{types.DeploymentLifecycleHookStageTestTrafficShift}}}
		},
		"required for lifecycle hooks of type AWS_LAMBDA": func(in *ecs.CreateServiceInput) {
			in.DeploymentConfiguration.LifecycleHooks = []types.DeploymentLifecycleHook{{LifecycleStages: []types.DeploymentLifecycleHookStage{"PRE_SCALE_UP"}}}
		},
		"linearConfiguration is not valid": func(in *ecs.CreateServiceInput) {
			in.DeploymentConfiguration.LinearConfiguration = &types.LinearConfiguration{}
		},
		"multiple of 0.1 between 3.0": func(in *ecs.CreateServiceInput) {
			in.DeploymentConfiguration.Strategy, in.DeploymentConfiguration.LinearConfiguration = types.DeploymentStrategyLinear, &types.LinearConfiguration{StepPercent: aws.Float64(2)}
		},
		"bakeTimeInMinutes must be": func(in *ecs.CreateServiceInput) { in.DeploymentConfiguration.BakeTimeInMinutes = aws.Int32(1441) },
		"requires a load balancer or Service Connect": func(in *ecs.CreateServiceInput) {
			in.DeploymentConfiguration.Strategy, in.LoadBalancers = types.DeploymentStrategyCanary, nil
		},
	} {
		in := &ecs.CreateServiceInput{ServiceName: aws.String("bad"), TaskDefinition: aws.String("app:1"), DesiredCount: aws.Int32(1)}
		b.using(types.DeploymentStrategyBlueGreen)(in)
		change(in)
		_, err := b.ecs.CreateService(t.Context(), in)
		b.refused(err, "InvalidParameterException", text)
	}
}
