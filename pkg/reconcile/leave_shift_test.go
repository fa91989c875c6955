package reconcile

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// coloured is a service that is released blue/green behind an Application Load
// Balancer, with the given words for the forward of its rule.
const coloured = `apiVersion: ecs-operator/v1
kind: Service
metadata: {name: a}
spec:
  cluster: default
  taskDefinition:
    cpu: "256"
    memory: "512"
    networkMode: awsvpc
    requiresCompatibilities: [FARGATE]
    executionRoleArn: arn:aws:iam::123456789012:role/ecsTaskExecutionRole
    containerDefinitions: [{name: app, image: "nginx:1.29", portMappings: [{containerPort: 80}]}]
  service:
    launchType: FARGATE
    desiredCount: 2
    networkConfiguration: {awsvpcConfiguration: {subnets: [subnet-0sandboxa], securityGroups: [sg-0sandbox]}}
    loadBalancers:
      - targetGroupArn: $(targetGroups.blue.arn)
        containerName: app
        containerPort: 80
        advancedConfiguration: {alternateTargetGroupArn: $(targetGroups.green.arn), productionListenerRule: $(listenerRules.web.arn), roleArn: "arn:aws:iam::123456789012:role/ecsInfrastructureRole"}
    deploymentConfiguration: {strategy: BLUE_GREEN, bakeTimeInMinutes: 1, deploymentCircuitBreaker: {enable: true, rollback: true}}
  targetGroups:
    blue: {name: blue-web, protocol: HTTP, port: 80, vpcId: vpc-0sandbox, targetType: ip}
    green: {name: green-web, protocol: HTTP, port: 80, vpcId: vpc-0sandbox, targetType: ip}
  listenerRules:
    web:
      listener: {loadBalancer: main, port: 80}
      priority: 10
      conditions: [{field: path-pattern, values: ["/a/*"]}]
      actions: [{type: forward, targetGroupArn: $(targetGroups.blue.arn)}]
`

// unpaired is the document without anything of blue/green.
func unpaired(doc string) string {
	doc = lineOut(doc, "        advancedConfiguration:")
	return strings.Replace(doc, "strategy: BLUE_GREEN, bakeTimeInMinutes: 1", "strategy: ROLLING", 1)
}

// lineOut is a text without the line that begins so.
func lineOut(doc, begins string) string {
	head, rest, _ := strings.Cut(doc, begins)
	_, rest, _ = strings.Cut(rest, "\n")
	return head + rest
}

// A service that leaves blue/green while its tasks stand in the alternate group
// takes its requests along: it stands in both groups for a while, then the rule turns.
func TestLeavingBlueGreen(t *testing.T) {
	for name, last := range map[string]string{
		"same image": unpaired(coloured),
		"new image":  strings.Replace(unpaired(coloured), "nginx:1.29", "nginx:1.30", 1),
		"pruned":     strings.Replace(lineOut(unpaired(coloured), "    green:"), "spec:\n", "spec:\n  policy: {prune: true}\n", 1),
		"network":    onNet(unpaired(coloured)),
		"pair kept":  strings.Replace(strings.Replace(coloured, "strategy: BLUE_GREEN, bakeTimeInMinutes: 1", "strategy: ROLLING", 1), "nginx:1.29", "nginx:1.30", 1),
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				first := coloured
				if w.engine(); name == "network" {
					w.network()
					first = onNet(coloured)
				}
				w.files.put("a.yaml", first)
				w.allReady(w.wait(w.engine()))
				l := &load{want: 2}
				w.watchBy(l.see)
				w.files.put("a.yaml", last)
				w.want(w.wait(w.engine())["a"], status.StateReady, status.Synced, 0)
				l.check(t)
				since := w.mark()
				w.want(w.apply(w.engine(), ApplyOptions{})["a"], status.StateReady, status.Synced, 0)
				w.quiet(since, "afterwards")
				w.watchBy(nil)
				if t.Failed() {
					t.Log(w.writes(0))
				}
			})
		})
	}
}

// onNet is the document behind a Network Load Balancer, whose listener is adopted.
func onNet(doc string) string {
	doc = strings.ReplaceAll(doc, "protocol: HTTP,", "protocol: TCP,")
	doc = lineOut(doc, "      conditions:")
	doc = strings.Replace(doc, "priority: 10", "priority: default", 1)
	doc = strings.Replace(doc, "loadBalancer: main", "loadBalancer: net", 1)
	return strings.Replace(doc, "spec:\n", "spec:\n  policy: {adopt: true}\n", 1)
}

// While a deployment shifts traffic nothing is written of what leaves it.
func TestLeavingWaitsForAShift(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("a.yaml", coloured)
		w.allReady(w.wait(w.engine()))
		w.files.put("a.yaml", strings.Replace(coloured, "nginx:1.29", "nginx:1.30", 1))
		w.apply(w.engine(), ApplyOptions{})
		w.sleep(minute / 10)
		l := &load{want: 2}
		w.watchBy(l.see)
		since := w.mark()
		w.files.put("a.yaml", strings.Replace(unpaired(coloured), "nginx:1.29", "nginx:1.30", 1))
		out := w.apply(w.engine(), ApplyOptions{})["a"]
		held := 0
		for _, s := range out.Plan.Steps {
			if s.Blocked == status.DeploymentRunning && strings.Contains(s.Why, "AWS changes the deployment strategy only when none is") {
				held++
			}
		}
		if held == 0 {
			t.Errorf("nothing is held: %s", steps(out))
		}
		w.quiet(since, "while the traffic is shifted")
		w.want(w.wait(w.engine())["a"], status.StateReady, status.Synced, 0)
		l.check(t)
	})
}

// Where somebody else's rule leads to the group that serves, the service stays in it:
// the plan says how to bring it to the other, and doing that is enough.
func TestLeavingBehindAForeignRule(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.engine()
		foreign := w.pairedRule()
		doc := strings.Replace(lineOut(coloured, "  listenerRules:"), "$(listenerRules.web.arn)", foreign, 1)
		for _, line := range []string{"    web:", "      listener:", "      priority:", "      conditions:", "      actions:", "    blue:", "    green:", "  targetGroups:"} {
			doc = lineOut(doc, line)
		}
		doc = strings.Replace(strings.Replace(doc, "$(targetGroups.blue.arn)", *w.groupARN("blue"), 1), "$(targetGroups.green.arn)", *w.groupARN("green"), 1)
		w.files.put("a.yaml", doc)
		w.allReady(w.wait(w.engine()))
		l := &load{want: 2}
		w.watchBy(l.see)
		since := w.mark()
		w.files.put("a.yaml", unpaired(doc))
		o := w.wait(w.engine())["a"]
		w.want(o, status.StateStalled, status.NeedsRecreate, 3)
		if !strings.Contains(o.Status.Why, "its tasks stand in green, to which the requests of main:80 priority 10 go") {
			t.Errorf("it says %q", o.Status.Why)
		}
		w.quiet(since, "while nobody has brought it back")

		e := w.engine()
		if _, err := e.Restart(t.Context(), w.load(e).Units[0]); err != nil {
			t.Fatal(err)
		}
		w.want(w.wait(w.engine())["a"], status.StateReady, status.Synced, 0)
		l.check(t)
		if got := w.shares(foreign); !slices.Equal(got, []string{"blue=100", "green=0"}) {
			t.Errorf("the rule has %v", got)
		}
		since = w.mark()
		w.want(w.apply(w.engine(), ApplyOptions{})["a"], status.StateReady, status.Synced, 0)
		w.quiet(since, "afterwards")
	})
}

// A document may name both groups in its rule: what gets the requests is then kept too,
// and the service is not taken away from it.
func TestLeavingWithBothGroupsInTheRule(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		doc := strings.Replace(coloured, "targetGroupArn: $(targetGroups.blue.arn)}]", "forwardConfig: {targetGroups: [{targetGroupArn: $(targetGroups.blue.arn), weight: 1}, {targetGroupArn: $(targetGroups.green.arn), weight: 0}]}}]", 1)
		w.files.put("a.yaml", doc)
		w.allReady(w.wait(w.engine()))
		l := &load{want: 2}
		w.watchBy(l.see)
		since := w.mark()
		w.files.put("a.yaml", unpaired(doc))
		o := w.wait(w.engine())["a"]
		w.want(o, status.StateStalled, status.NeedsRecreate, 3)
		for _, line := range w.writes(since) { // a rule's own note of what was written in it moves nothing
			if !strings.HasPrefix(line, "AddTags ") {
				t.Errorf("while nobody has brought it back: %s", line)
			}
		}
		e := w.engine()
		if _, err := e.Restart(t.Context(), w.load(e).Units[0]); err != nil {
			t.Fatal(err)
		}
		w.want(w.wait(w.engine())["a"], status.StateReady, status.Synced, 0)
		l.check(t)
	})
}

// pairedRule is somebody's rule with two target groups of his.
func (w *world) pairedRule() string {
	w.t.Helper()
	elb := w.raw().Write.ELB
	var tuples []elbtypes.TargetGroupTuple
	for i, name := range []string{"blue", "green"} {
		tg, err := elb.CreateTargetGroup(w.t.Context(), &elasticloadbalancingv2.CreateTargetGroupInput{Name: &name, Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(80), VpcId: aws.String("vpc-0sandbox"), TargetType: elbtypes.TargetTypeEnumIp})
		w.ok(err)
		tuples = append(tuples, elbtypes.TargetGroupTuple{TargetGroupArn: tg.TargetGroups[0].TargetGroupArn, Weight: aws.Int32(int32(1 - i))})
	}
	made, err := elb.CreateRule(w.t.Context(), &elasticloadbalancingv2.CreateRuleInput{ListenerArn: aws.String(mainListener), Priority: aws.Int32(10),
		Conditions: []elbtypes.RuleCondition{{Field: aws.String("path-pattern"), Values: []string{"/a/*"}}},
		Actions:    []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, ForwardConfig: &elbtypes.ForwardActionConfig{TargetGroups: tuples}}}})
	w.ok(err)
	return *made.Rules[0].RuleArn
}
