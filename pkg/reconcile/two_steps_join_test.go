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

// legacy makes somebody's target group, and what leads to it on the main load
// balancer: a rule, and the default action of a listener of its own.
func (w *world) legacy() (rule, listener string) {
	w.t.Helper()
	w.engine()
	elb := w.raw().Write.ELB
	tg, err := elb.CreateTargetGroup(w.t.Context(), &elasticloadbalancingv2.CreateTargetGroupInput{Name: aws.String("legacy"), Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(80), VpcId: aws.String("vpc-0sandbox"), TargetType: elbtypes.TargetTypeEnumIp})
	w.ok(err)
	forward := []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: tg.TargetGroups[0].TargetGroupArn}}
	made, err := elb.CreateRule(w.t.Context(), &elasticloadbalancingv2.CreateRuleInput{ListenerArn: aws.String(mainListener), Priority: aws.Int32(10),
		Conditions: []elbtypes.RuleCondition{{Field: aws.String("path-pattern"), Values: []string{"/a/*"}}}, Actions: forward})
	w.ok(err)
	balancer, _, _ := strings.Cut(mainListener, "/fedcba")
	l, err := elb.CreateListener(w.t.Context(), &elasticloadbalancingv2.CreateListenerInput{LoadBalancerArn: aws.String(strings.Replace(balancer, ":listener/", ":loadbalancer/", 1)),
		Port: aws.Int32(8080), Protocol: elbtypes.ProtocolEnumHttp, DefaultActions: forward})
	w.ok(err)
	return *made.Rules[0].RuleArn, *l.Listeners[0].ListenerArn
}

// shares are the target groups of a rule, as weights has those of a listener.
func (w *world) shares(rule string) []string {
	w.t.Helper()
	out, err := w.raw().Read.ELB.DescribeRules(w.t.Context(), &elasticloadbalancingv2.DescribeRulesInput{RuleArns: []string{rule}})
	w.ok(err)
	var lines []string
	for _, tg := range out.Rules[0].Actions[0].ForwardConfig.TargetGroups {
		name, _, _ := strings.Cut(strings.Split(*tg.TargetGroupArn, "/")[1], "-")
		lines = append(lines, fmt.Sprintf("%s=%d", name, aws.ToInt32(tg.Weight)))
	}
	slices.Sort(lines)
	return lines
}

// A rule that leads to somebody else's tasks, and the default action of an
// Application Load Balancer's listener, are adopted without losing a request: the
// service's group stands beside theirs without requests until its first deployment
// has succeeded, however many fail before, and diff shows both steps.
func TestAdoptedRulesTurnWhenSomebodyRuns(t *testing.T) {
	forms := map[string]func(doc string) string{
		"rule": func(doc string) string { return doc },
		"default": func(doc string) string {
			doc = strings.Replace(doc, "priority: 10\n", "priority: default\n", 1)
			doc = strings.Replace(doc, "      conditions: ["+onPath("/a/*")+"]\n", "", 1)
			return strings.Replace(doc, "loadBalancer: main, port: 80}", "loadBalancer: main, port: 8080}", 1)
		},
	}
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				rule, listener := w.legacy()
				now := func() []string { return w.shares(rule) }
				if name == "default" {
					now = func() []string { return w.weights(listener) }
				}
				want := func(when string, want ...string) {
					t.Helper()
					if have := now(); !slices.Equal(have, want) {
						t.Errorf("%s: %v, want %v", when, have, want)
					}
				}
				good := form(strings.Replace(ruled("a", "web 10 "+onPath("/a/*")), "spec:\n", "spec:\n  policy: {adopt: true}\n", 1))
				bad := strings.Replace(good, "nginx:1.29", "nginx:unhealthy", 1)
				w.files.put("a.yaml", bad)
				w.apply(w.engine(), ApplyOptions{}) // adopts
				e := w.engine()
				told := slices.ContainsFunc(e.Inspect(t.Context(), w.load(e).Units)[0].Plan.Steps, func(s plan.Step) bool {
					return s.ID.Kind == resource.KindListenerRule && s.Blocked == status.Waiting && s.Changes[0].Path == "actions"
				})
				if !told {
					t.Error("diff does not show the second step")
				}
				w.want(w.wait(w.engine())["a"], status.StateStalled, status.RolloutFailed, 5)
				want("while nobody runs", "a=0", "legacy=1")
				w.files.put("a.yaml", good)
				w.allReady(w.wait(w.engine()))
				want("in the end", "a=1")

				// A later deployment that fails takes nothing back.
				w.files.put("a.yaml", bad)
				since := w.mark()
				w.wait(w.engine())
				want("after a later failure", "a=1")
				if strings.Contains(strings.Join(w.writes(since), " "), "ModifyListener") || strings.Contains(strings.Join(w.writes(since), " "), "ModifyRule") {
					t.Errorf("a later failure wrote %v", w.writes(since))
				}
				w.files.put("a.yaml", good)
				w.allReady(w.wait(w.engine()))
				since = w.mark()
				w.allReady(w.wait(w.engine()))
				w.quiet(since, "afterwards")
			})
		})
	}
}
