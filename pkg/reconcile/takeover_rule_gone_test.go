package reconcile

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// Somebody deletes the rule while ECS rolls the service out in both target groups: the
// rule is made again for both. ECS waits for the health of the targets in both, and
// nobody checks those of a group to which no load balancer leads.
func TestTheRuleOfATakeoverIsDeleted(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("web.yaml", web)
		w.want(w.wait(w.engine())["web"], status.StateReady, status.Synced, 0)
		w.files.put("web.yaml", port(web, 81))
		for range 5 {
			w.apply(w.engine(), ApplyOptions{})
		}
		if n := len(w.service("web").LoadBalancers); n != 2 {
			t.Fatalf("the service stands in %d target groups, want both", n)
		}
		rules, err := w.person().Read.ELB.DescribeRules(t.Context(), &elb.DescribeRulesInput{ListenerArn: aws.String(listener)})
		w.ok(err)
		deleted := 0
		for _, r := range rules.Rules {
			if !aws.ToBool(r.IsDefault) {
				_, err = w.person().Write.ELB.DeleteRule(t.Context(), &elb.DeleteRuleInput{RuleArn: r.RuleArn})
				w.ok(err)
				deleted++
			}
		}
		if deleted != 1 {
			t.Fatalf("%d rules were there, want one", deleted)
		}
		w.end(port(web, 81), 1)
	})
}
