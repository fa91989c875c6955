package reconcile

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// A new rule that would take requests from a live one is first created with a
// condition that no request fulfils, and gets its true ones when the service's
// first deployment has succeeded. diff shows both steps.
func TestNewRuleInTwoSteps(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		e := w.engine()
		w.somebody(900, "/*")
		w.files.put("a.yaml", ruled("a", "web 10 "+onPath("/a/*")))
		first := e.Inspect(t.Context(), w.load(e).Units)[0]
		var steps []string
		for _, s := range first.Plan.Steps {
			if s.ID.Kind == resource.KindListenerRule {
				steps = append(steps, fmt.Sprintf("%s %s after %q", s.Action, s.Blocked, s.After))
			}
		}
		want := []string{`create  after ""`, `update Waiting after "the service's first deployment behind it has succeeded"`}
		if !slices.Equal(steps, want) {
			t.Errorf("diff shows %q, want %q", steps, want)
		}

		out := w.apply(w.engine(), ApplyOptions{})["a"]
		if out.Status.Reason != status.RolloutInProgress {
			t.Errorf("%s %s", out.Status.Reason, out.Status.Why)
		}
		w.wantRules("while nobody runs", "a/web? 10", "somebody's 900")

		// Whoever comes next finds the first step done, and does not undo it.
		since := w.mark()
		w.apply(w.engine(), ApplyOptions{})
		w.quiet(since, "in another process, before the deployment has ended")

		out = w.wait(w.engine())["a"]
		w.want(out, status.StateReady, status.Synced, 0)
		w.wantRules("in the end", "a/web 10", "somebody's 900")
		since = w.mark()
		w.allReady(w.wait(w.engine()))
		w.quiet(since, "after it")
	})
}

// The daemon finishes it, and a deployment that fails never lets it be seen.
func TestTwoStepsInTheDaemon(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		e := w.engine()
		w.somebody(900, "/*")
		w.files.put("good.yaml", ruled("good", "web 10 "+onPath("/a/*")))
		w.files.put("bad.yaml", strings.Replace(ruled("bad", "web 20 "+onPath("/b/*")), "nginx:1.29", "nginx:missing", 1))
		stop := w.run(e)
		w.until("the good one is done", stands(e, "good", status.Synced))
		stop()
		rules := w.rules(mainListener)
		if !slices.Equal(rules, []string{"good/web 10", "bad/web? 20", "somebody's 900"}) {
			t.Errorf("the listener has %q", rules)
		}
	})
}

// A rule that takes nothing from anybody, and one of a service that stands already,
// are made at once.
func TestOneStepIsEnough(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		e := w.engine()
		w.files.put("a.yaml", ruled("a", "web 10 "+onPath("/a/*")))
		w.apply(e, ApplyOptions{})
		w.wantRules("nobody had the requests", "a/web 10")
		w.allReady(w.wait(w.engine()))

		w.somebody(900, "/*")
		w.files.put("a.yaml", ruled("a", "web 10 "+onPath("/a/*"), "more 20 "+onPath("/more/*")))
		w.apply(w.engine(), ApplyOptions{})
		w.allReady(w.wait(w.engine()))
		w.wantRules("the service stands", "a/web 10", "a/more 20", "somebody's 900")
		if n := w.done("ModifyRule"); n != 0 {
			t.Errorf("a rule was written %d times more", n)
		}
	})
}

// A rule with as many values as AWS takes is hidden all the same: what has no room
// beside the hidden condition comes with the second step, and the plan says so.
func TestTwoStepsWithFiveValues(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		e := w.engine()
		w.somebody(900, "/*")
		w.files.put("a.yaml", ruled("a", "web 10 {field: host-header, values: [a.example.com, b.example.com]}, "+onPath("/1", "/2", "/3")))
		out := e.Inspect(t.Context(), w.load(e).Units)[0]
		told := slices.ContainsFunc(out.Plan.Steps, func(s plan.Step) bool {
			return s.Blocked == status.Waiting && strings.Contains(s.Changes[0].Note, "1 of its values come only then, since AWS takes 5 in a rule")
		})
		if !told {
			t.Errorf("nobody says it: %+v", out.Plan.Steps)
		}
		w.apply(w.engine(), ApplyOptions{})
		w.wantRules("hidden", "a/web? 10", "somebody's 900")
		w.allReady(w.wait(w.engine()))
		w.wantRules("in the end", "a/web 10", "somebody's 900")
		since := w.mark()
		w.allReady(w.wait(w.engine()))
		w.quiet(since, "after it")
	})
}

// The hidden condition is the only thing between an empty target group and its
// users, so it goes neither by an edit of the conditions nor by a restart.
func TestHiddenRuleIsEdited(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		e := w.engine()
		w.somebody(900, "/*")
		w.files.put("a.yaml", ruled("a", "web 10 "+onPath("/a/*")))
		w.apply(e, ApplyOptions{})
		w.files.put("a.yaml", ruled("a", "web 10 "+onPath("/other/*")))
		w.apply(w.engine(), ApplyOptions{})
		w.wantRules("edited while hidden", "a/web? 10", "somebody's 900")
		w.allReady(w.wait(w.engine()))
		w.wantRules("in the end", "a/web 10", "somebody's 900")
	})
}

// network makes a Network Load Balancer whose listener forwards to somebody's group.
func (w *world) network() (listener, group string) {
	w.t.Helper()
	elb := w.raw().Write.ELB
	lb, err := elb.CreateLoadBalancer(w.t.Context(), &elasticloadbalancingv2.CreateLoadBalancerInput{Name: aws.String("net"), Type: elbtypes.LoadBalancerTypeEnumNetwork, Subnets: []string{"subnet-0sandboxa"}})
	if err != nil {
		w.t.Fatal(err)
	}
	tg, err := elb.CreateTargetGroup(w.t.Context(), &elasticloadbalancingv2.CreateTargetGroupInput{Name: aws.String("theirs"), Protocol: elbtypes.ProtocolEnumTcp, Port: aws.Int32(80), VpcId: aws.String("vpc-0sandbox"), TargetType: elbtypes.TargetTypeEnumIp})
	if err != nil {
		w.t.Fatal(err)
	}
	l, err := elb.CreateListener(w.t.Context(), &elasticloadbalancingv2.CreateListenerInput{LoadBalancerArn: lb.LoadBalancers[0].LoadBalancerArn, Port: aws.Int32(80), Protocol: elbtypes.ProtocolEnumTcp,
		DefaultActions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: tg.TargetGroups[0].TargetGroupArn}}})
	if err != nil {
		w.t.Fatal(err)
	}
	return *l.Listeners[0].ListenerArn, *tg.TargetGroups[0].TargetGroupArn
}

// weights are the target groups of a listener's default action: the first part of
// each name, and its weight.
func (w *world) weights(listener string) []string {
	w.t.Helper()
	out, err := w.raw().Read.ELB.DescribeListeners(w.t.Context(), &elasticloadbalancingv2.DescribeListenersInput{ListenerArns: []string{listener}})
	if err != nil {
		w.t.Fatal(err)
	}
	var lines []string
	for _, tg := range out.Listeners[0].DefaultActions[0].ForwardConfig.TargetGroups {
		name := strings.Split(*tg.TargetGroupArn, "/")[1]
		name, _, _ = strings.Cut(name, "-")
		lines = append(lines, fmt.Sprintf("%s=%d", name, aws.ToInt32(tg.Weight)))
	}
	slices.Sort(lines)
	return lines
}

// onNetwork is a service whose target group is to be the default action.
func onNetwork(policy string) string {
	doc := ruled("a", "web default []")
	doc = strings.Replace(doc, "      conditions: [[]]\n", "", 1)
	doc = strings.Replace(doc, "{loadBalancer: main, port: 80}", "{loadBalancer: net, port: 80}", 1)
	doc = strings.Replace(doc, "protocol: HTTP, port: 80", "protocol: TCP, port: 80", 1)
	return strings.Replace(doc, "spec:\n", "spec:\n"+policy, 1)
}

// A Network Load Balancer has no rules: priority: default makes the target group
// the default action of its listener. A listener that is not ours is left alone
// until it is adopted; then the new group stands beside the old one without
// traffic until somebody runs behind it.
func TestDefaultAction(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		e := w.engine()
		listener, _ := w.network()
		w.files.put("a.yaml", onNetwork(""))
		out := w.apply(e, ApplyOptions{})["a"]
		if out.Status.Reason != status.NotOurs || !slices.Equal(w.weights(listener), []string{"theirs=1"}) {
			t.Errorf("not adopted: %s %s, %v", out.Status.Reason, out.Status.Why, w.weights(listener))
		}

		w.files.put("a.yaml", onNetwork("  policy: {adopt: true}\n"))
		w.apply(w.engine(), ApplyOptions{})
		if got := w.weights(listener); !slices.Equal(got, []string{"a=0", "theirs=1"}) {
			t.Errorf("before anybody runs: %v", got)
		}
		w.allReady(w.wait(w.engine()))
		if got := w.weights(listener); !slices.Equal(got, []string{"a=1"}) {
			t.Errorf("in the end: %v", got)
		}
		since := w.mark()
		w.allReady(w.wait(w.engine()))
		w.quiet(since, "after it")

		// What somebody else does to it is drift like any other.
		_, err := w.raw().Write.ELB.ModifyListener(t.Context(), &elasticloadbalancingv2.ModifyListenerInput{ListenerArn: &listener,
			DefaultActions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, ForwardConfig: &elbtypes.ForwardActionConfig{TargetGroups: []elbtypes.TargetGroupTuple{
				{TargetGroupArn: w.groupARN("theirs"), Weight: aws.Int32(1)}, {TargetGroupArn: w.groupARN("a-web"), Weight: aws.Int32(1)}}}}}})
		if err != nil {
			t.Fatal(err)
		}
		w.allReady(w.wait(w.engine()))
		if got := w.weights(listener); !slices.Equal(got, []string{"a=1"}) {
			t.Errorf("healed: %v", got)
		}
	})
}

func (w *world) groupARN(prefix string) *string {
	w.t.Helper()
	out, err := w.raw().Read.ELB.DescribeTargetGroups(w.t.Context(), &elasticloadbalancingv2.DescribeTargetGroupsInput{})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, tg := range out.TargetGroups {
		if strings.HasPrefix(*tg.TargetGroupName, prefix) {
			return tg.TargetGroupArn
		}
	}
	w.t.Fatalf("no target group %s", prefix)
	return nil
}
