package kinds_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// colours is a service that is released blue/green, with a pause before production.
const colours = `apiVersion: ecs-operator/v1
kind: Service
metadata: {name: colours}
spec:
  cluster: default
  taskDefinition:
    cpu: "256"
    memory: "512"
    networkMode: awsvpc
    requiresCompatibilities: [FARGATE]
    executionRoleArn: arn:aws:iam::123456789012:role/ecsTaskExecutionRole
    containerDefinitions: [{name: app, image: "httpd:2.4", portMappings: [{containerPort: 80}]}]
  service:
    launchType: FARGATE
    desiredCount: 2
    networkConfiguration: {awsvpcConfiguration: {subnets: [subnet-0sandboxa], securityGroups: [sg-0sandbox]}}
    loadBalancers:
      - targetGroupArn: $(targetGroups.blue.arn)
        containerName: app
        containerPort: 80
        advancedConfiguration: {alternateTargetGroupArn: $(targetGroups.green.arn), productionListenerRule: $(listenerRules.web.arn), roleArn: "arn:aws:iam::123456789012:role/ecsInfrastructureRole"}
    deploymentConfiguration:
      strategy: BLUE_GREEN
      bakeTimeInMinutes: 5
      lifecycleHooks: [{targetType: PAUSE, lifecycleStages: [PRE_PRODUCTION_TRAFFIC_SHIFT], timeoutConfiguration: {action: CONTINUE, timeoutInMinutes: 60}}]
  targetGroups:
    blue: {protocol: HTTP, port: 80, vpcId: vpc-0sandbox, targetType: ip}
    green: {protocol: HTTP, port: 80, vpcId: vpc-0sandbox, targetType: ip}
  listenerRules:
    web:
      listenerArn: arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/main/0123456789abcdef/fedcba9876543210
      priority: 10
      conditions: [{field: path-pattern, values: [/*]}]
      actions: [{type: forward, targetGroupArn: $(targetGroups.blue.arn)}]
`

// until lets time pass until the deployment is where it is wanted; nothing may
// differ on the way.
func (w *world) until(u *resource.Unit, what string, holds func(d *resource.Deployment) bool) *resource.Deployment {
	w.t.Helper()
	for range 720 {
		if d := w.current(u); d != nil && holds(d) {
			return d
		}
		w.sandbox.Advance(10 * time.Second)
	}
	w.t.Fatalf("never %s: %+v", what, w.current(u))
	return nil
}

func paused(d *resource.Deployment) bool { return len(d.Hooks) > 0 }
func over(d *resource.Deployment) bool   { return d.Status.Ended() }

// weights of the rule, by the name of the target group.
func (w *world) weights(u *resource.Unit) map[string]int32 {
	w.t.Helper()
	live := w.observe(u, true)
	rule := live[serviceOf(u).Of(resource.KindListenerRule, "web")].Value.(*elasticloadbalancingv2.CreateRuleInput)
	out := map[string]int32{}
	for _, name := range []string{"blue", "green"} {
		arn := live[serviceOf(u).Of(resource.KindTargetGroup, name)].ARN
		for _, tg := range rule.Actions[0].ForwardConfig.TargetGroups {
			if aws.ToString(tg.TargetGroupArn) == arn {
				out[name] = aws.ToInt32(tg.Weight)
			}
		}
	}
	return out
}

// TestShiftedRollout follows deployments that shift traffic: what they wait for,
// the button, and each way in which they end.
func TestShiftedRollout(t *testing.T) {
	w := newWorld(t)
	u := w.load(colours)
	w.apply(u)
	d := w.until(u, "paused", paused)
	if d.Status != resource.DeploymentRunning || d.Strategy != "BLUE_GREEN" || !d.Shifts() || d.LifecycleStage != "PRE_PRODUCTION_TRAFFIC_SHIFT" || d.Traffic != 0 {
		t.Errorf("paused: %+v", d)
	}
	if h := d.Hooks[0]; h.Function != "" || h.Until == "" || h.Then != "CONTINUE" || !strings.HasPrefix(h.ID, "ecs-pause-") {
		t.Errorf("hook: %+v", h)
	}
	w.clean(u)
	if err := w.rollouts.Continue(t.Context(), resource.DefaultTarget, d.ARN, d.Hooks[0].ID, false); err != nil {
		t.Fatal(err)
	}
	d = w.until(u, "baking", func(d *resource.Deployment) bool { return d.LifecycleStage == "BAKE_TIME" })
	if d.Status != resource.DeploymentRunning || d.Traffic != 100 || paused(d) {
		t.Errorf("baking: %+v", d)
	}
	w.clean(u)
	if d = w.until(u, "over", over); d.Status != resource.DeploymentSucceeded {
		t.Errorf("over: %+v", d)
	}
	if got := w.weights(u); got["green"] != 100 || got["blue"] != 0 {
		t.Errorf("weights %v", got)
	}
	w.clean(u)
	w.fresh()
	w.clean(u)

	for name, end := range map[string]func(d *resource.Deployment) error{
		"httpd:2.5": func(d *resource.Deployment) error {
			return w.rollouts.Continue(t.Context(), resource.DefaultTarget, d.ARN, d.Hooks[0].ID, true)
		},
		"httpd:2.6": func(d *resource.Deployment) error {
			return w.rollouts.Stop(t.Context(), resource.DefaultTarget, d.ARN)
		},
	} {
		next := w.load(edit(t, colours, "httpd:2.4", name))
		w.apply(next)
		d := w.until(next, "paused", paused)
		if err := end(d); err != nil {
			t.Fatal(err)
		}
		d = w.until(next, "rolling back", func(d *resource.Deployment) bool { return d.Status.Bad() })
		if d.Status != resource.DeploymentRollingBack || paused(d) {
			t.Errorf("%s: %+v", name, d)
		}
		if d = w.until(next, "over", over); d.Status != resource.DeploymentRolledBack || d.Reason == "" || d.Traffic != 0 {
			t.Errorf("%s: %+v", name, d)
		}
		if got := w.weights(u); got["green"] != 100 || got["blue"] != 0 {
			t.Errorf("%s: weights %v", name, got)
		}
		history, err := w.rollouts.History(t.Context(), w.observe(next, true)[serviceOf(next)], 10)
		if err != nil || history[0].Status != resource.DeploymentRolledBack {
			t.Fatalf("history %+v, %v", history, err)
		}
		w.carries(next, &history[0])
	}
}

// TestBackToRolling: the hooks that a document no longer has are taken away (AWS had
// trouble with this: containers-roadmap#2664), and the traffic stays where the tasks are.
func TestBackToRolling(t *testing.T) {
	w := newWorld(t)
	u := w.load(colours)
	w.apply(u)
	d := w.until(u, "paused", paused)
	if err := w.rollouts.Continue(t.Context(), resource.DefaultTarget, d.ARN, d.Hooks[0].ID, false); err != nil {
		t.Fatal(err)
	}
	w.until(u, "over", over)
	text := edit(t, colours, "strategy: BLUE_GREEN", "strategy: ROLLING")
	i := strings.Index(text, "      lifecycleHooks: [")
	back := w.load(edit(t, text[:i]+text[i+strings.IndexByte(text[i:], '\n')+1:], "httpd:2.4", "httpd:2.5"))
	w.apply(back)
	w.clean(back)
	if d := w.until(back, "over", over); d.Status != resource.DeploymentSucceeded || d.Shifts() {
		t.Errorf("%+v", d)
	}
	w.clean(back)
	if got := w.weights(back); got["green"] != 100 || got["blue"] != 0 {
		t.Errorf("weights %v", got)
	}
	green := w.observe(back, true)[serviceOf(back).Of(resource.KindTargetGroup, "green")].ARN
	health, err := w.raw.Read.ELB.DescribeTargetHealth(t.Context(), &elasticloadbalancingv2.DescribeTargetHealthInput{TargetGroupArn: &green})
	if err != nil || len(health.TargetHealthDescriptions) < 2 {
		t.Errorf("nobody serves: %+v, %v", health, err)
	}
}
