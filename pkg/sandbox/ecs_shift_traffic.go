package sandbox

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// resolve says which target group each load balancer of a new revision of s gets:
// the one of the pair that the revision in service does not use. Service.loadBalancers
// stays as it was written: so a recorded answer shows it, of a service whose rule
// had green=100 and blue=0 (go-to-k/cdk-real-drift#1730). The same rule was written
// with blue alone before the service was created: a first deployment, too, goes to
// the group that gets no production traffic.
func (w *World) resolve(s *ecsService) []types.ServiceRevisionLoadBalancer {
	before := s.Revisions[s.trafficSource()]
	out := make([]types.ServiceRevisionLoadBalancer, 0, len(s.Service.LoadBalancers))
	for _, lb := range s.Service.LoadBalancers {
		v := types.ServiceRevisionLoadBalancer{TargetGroupArn: lb.TargetGroupArn}
		if a := lb.AdvancedConfiguration; a != nil {
			v.ProductionListenerRule = a.ProductionListenerRule
			serving := w.serving(before, lb)
			switch shifts := shifts(s.Service.DeploymentConfiguration); {
			case shifts && serving == aws.ToString(lb.TargetGroupArn):
				v.TargetGroupArn = a.AlternateTargetGroupArn
			case !shifts && before != nil && serving == aws.ToString(a.AlternateTargetGroupArn):
				v.TargetGroupArn = a.AlternateTargetGroupArn // replaced in place, where the traffic is (unverified)
			}
		}
		out = append(out, v)
	}
	return out
}

// serving is the target group of the pair that has the production traffic: the one
// that the revision in service was given, else the one that the rule prefers.
func (w *World) serving(before *types.ServiceRevision, lb types.LoadBalancer) string {
	pair := []string{aws.ToString(lb.TargetGroupArn), aws.ToString(lb.AdvancedConfiguration.AlternateTargetGroupArn)}
	if before != nil && before.ResolvedConfiguration != nil {
		for _, v := range before.ResolvedConfiguration.LoadBalancers {
			if slices.Contains(pair, aws.ToString(v.TargetGroupArn)) {
				return *v.TargetGroupArn
			}
		}
	}
	best, most := "", int32(0)
	if f := w.forwardOf(aws.ToString(lb.AdvancedConfiguration.ProductionListenerRule)); f != nil {
		for _, tg := range f.TargetGroups {
			if weight := aws.ToInt32(tg.Weight); slices.Contains(pair, aws.ToString(tg.TargetGroupArn)) && weight > most {
				best, most = *tg.TargetGroupArn, weight
			}
		}
	}
	return best
}

// ruleBehind finds the rule of an ALB, or the default rule of a listener.
func (w *World) ruleBehind(arn string) *elbRule {
	if strings.Contains(arn, ":listener-rule/") {
		return w.rule(arn)
	}
	for _, r := range w.listenerRules(arn) {
		if r.Priority == 0 {
			return r
		}
	}
	return nil
}

// forwardOf is where a rule or a listener forwards to; nil when it does not.
func (w *World) forwardOf(arn string) *elbtypes.ForwardActionConfig {
	r := w.ruleBehind(arn)
	if r == nil {
		return nil
	}
	for _, a := range r.Value.Actions {
		if a.Type == elbtypes.ActionTypeEnumForward {
			return a.ForwardConfig
		}
	}
	return nil
}

// trafficTo gives a revision its share of the production or test traffic of all
// load balancers of the service, and the other group of each pair the rest.
func (w *World) trafficTo(s *ecsService, digits string, test bool, share float64) error {
	v := s.Revisions[digits]
	if v == nil || v.ResolvedConfiguration == nil {
		return nil
	}
	for i, lb := range v.LoadBalancers {
		a := lb.AdvancedConfiguration
		if a == nil {
			continue
		}
		rule := a.ProductionListenerRule
		if test {
			rule = a.TestListenerRule
		}
		if aws.ToString(rule) == "" {
			continue
		}
		group := aws.ToString(v.ResolvedConfiguration.LoadBalancers[i].TargetGroupArn)
		if err := w.weigh(*rule, lb, group, share); err != nil {
			return err
		}
	}
	return nil
}

// attach hangs the groups of a revision on its production and test rules, with no
// traffic: without that the load balancer would not check their targets.
func (w *World) attach(s *ecsService, digits string) error {
	v := s.Revisions[digits]
	if v == nil || v.ResolvedConfiguration == nil {
		return nil
	}
	for i, lb := range v.LoadBalancers {
		group := aws.ToString(v.ResolvedConfiguration.LoadBalancers[i].TargetGroupArn)
		if lb.AdvancedConfiguration == nil || w.targetGroupAttached(group) {
			continue
		}
		if err := w.weigh(aws.ToString(lb.AdvancedConfiguration.ProductionListenerRule), lb, group, -1); err != nil {
			return err
		}
	}
	return nil
}

// weigh rewrites the forward action of a rule: the pair of target groups in the
// order of the service, with their weights (cdk-real-drift#1730: the plain
// targetGroupArn is gone from it). Others that the rule forwards to stay as they
// are (unverified). A negative share only adds the group, without traffic.
func (w *World) weigh(ruleARN string, lb types.LoadBalancer, group string, share float64) error {
	r := w.ruleBehind(ruleARN)
	if r == nil {
		return fmt.Errorf("was unable to find the listener rule %s", ruleARN)
	}
	i := slices.IndexFunc(r.Value.Actions, func(a elbtypes.Action) bool { return a.Type == elbtypes.ActionTypeEnumForward })
	if i < 0 {
		return fmt.Errorf("was unable to modify the listener rule %s: it does not forward", ruleARN)
	}
	mine, rest := weights(share)
	actions := shape.Clone(r.Value.Actions)
	forward := actions[i].ForwardConfig
	before := forward.TargetGroups
	forward.TargetGroups = nil
	weightOf := func(arn *string) int32 {
		for _, tg := range before {
			if aws.ToString(tg.TargetGroupArn) == aws.ToString(arn) {
				return aws.ToInt32(tg.Weight)
			}
		}
		return 0
	}
	for _, arn := range []*string{lb.TargetGroupArn, lb.AdvancedConfiguration.AlternateTargetGroupArn} {
		weight := rest
		if aws.ToString(arn) == group {
			weight = mine
		}
		if share < 0 {
			weight = weightOf(arn)
		}
		if !w.targetGroupExists(aws.ToString(arn)) {
			return fmt.Errorf("was unable to modify the listener rule %s: the target group %s does not exist", ruleARN, aws.ToString(arn))
		}
		forward.TargetGroups = append(forward.TargetGroups, elbtypes.TargetGroupTuple{TargetGroupArn: arn, Weight: aws.Int32(weight)})
	}
	for _, tg := range before {
		if arn := aws.ToString(tg.TargetGroupArn); arn != aws.ToString(lb.TargetGroupArn) && arn != aws.ToString(lb.AdvancedConfiguration.AlternateTargetGroupArn) {
			forward.TargetGroups = append(forward.TargetGroups, tg)
		}
	}
	actions[i].TargetGroupArn = nil
	r.Value.Actions = actions
	if l := w.listener(r.Listener); l != nil && r.Priority == 0 {
		l.Value.DefaultActions = shape.Clone(actions)
	}
	w.routesChanged()
	return nil
}

// weights are a percentage and its rest as weights of a rule, which are integers
// up to 999.
func weights(share float64) (mine, rest int32) {
	if whole := math.Round(share); whole == share {
		return int32(whole), 100 - int32(whole)
	}
	mine = int32(math.Round(share * 10))
	return min(mine, 999), min(1000-mine, 999)
}

// networkDelay is what a shift waits for because of Network Load Balancers.
func (w *World) networkDelay(s *ecsService, digits string) time.Duration {
	if v := s.Revisions[digits]; v != nil {
		for _, lb := range v.LoadBalancers {
			if a := lb.AdvancedConfiguration; a != nil && strings.Contains(aws.ToString(a.ProductionListenerRule), ":listener/net/") {
				return networkDelay
			}
		}
	}
	return 0
}

// showShift fills in what a service deployment that shifts traffic shows of it.
func (d *ecsDeployment) showShift(v *types.ServiceDeployment) {
	sh := d.Shift
	if sh == nil {
		return
	}
	v.TargetServiceRevision.RequestedProductionTrafficWeight = aws.Float64(sh.Production)
	v.TargetServiceRevision.RequestedTestTrafficWeight = aws.Float64(sh.Test)
	for i := range v.SourceServiceRevisions {
		source := &v.SourceServiceRevisions[i]
		production, test := 0.0, 0.0
		if lastSegment(aws.ToString(source.Arn)) == sh.Source {
			production, test = 100-sh.Production, 0
		}
		source.RequestedProductionTrafficWeight, source.RequestedTestTrafficWeight = &production, &test
	}
}
