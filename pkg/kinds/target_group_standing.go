package kinds

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// Apart names what two target groups cannot differ in and serve side by side: one
// service with one network mode registers its tasks in both (targetType; ECS,
// "Your service's target group type must match the network mode"), and one
// listener forwards to both (vpcId, and protocols of another kind of load balancer).
func (*targetGroup) Apart(want, live any) string {
	w, _ := want.(*elasticloadbalancingv2.CreateTargetGroupInput)
	l, _ := live.(*elasticloadbalancingv2.CreateTargetGroupInput)
	if w == nil || l == nil {
		return ""
	}
	kind := func(in *elasticloadbalancingv2.CreateTargetGroupInput) string {
		if in.TargetType == "" {
			return string(types.TargetTypeEnumInstance)
		}
		return string(in.TargetType)
	}
	switch {
	case kind(w) != kind(l):
		return fmt.Sprintf("targetType %s and %s cannot serve one service at a time", kind(l), kind(w))
	case aws.ToString(w.VpcId) != aws.ToString(l.VpcId) && w.VpcId != nil && l.VpcId != nil:
		return fmt.Sprintf("no load balancer leads into both %s and %s", *l.VpcId, *w.VpcId)
	case balancerOf(w.Protocol) != balancerOf(l.Protocol):
		return fmt.Sprintf("no load balancer speaks both %s and %s", l.Protocol, w.Protocol)
	}
	return ""
}

// balancerOf is the type of load balancer that a target group's protocol is for
// (CreateTargetGroupInput.Protocol).
func balancerOf(p types.ProtocolEnum) string {
	switch p {
	case types.ProtocolEnumHttp, types.ProtocolEnumHttps:
		return "application"
	case types.ProtocolEnumGeneve:
		return "gateway"
	}
	return "network"
}

// Standing reads each target group, its tags and attributes, its targets'
// health, and which rules lead to it: dear, and asked only while one takes over
// from another.
func (k *targetGroup) Standing(ctx context.Context, target string, arns []string) map[string]resource.Live {
	out := map[string]resource.Live{}
	fail := func(arn string, err error) { out[arn] = resource.Live{ARN: arn, Err: err} }
	c, err := k.clients(ctx, target)
	if err != nil {
		for _, arn := range arns {
			fail(arn, err)
		}
		return out
	}
	s := &standing{k: k, c: c, leads: map[string]map[string][]resource.Lead{}}
	for _, arn := range arns {
		l, err := s.one(ctx, target, arn)
		switch {
		case err == nil:
			out[arn] = l
		case resource.ClassOf(err) == resource.ClassNotFound:
			out[arn] = resource.Live{ARN: arn, Presence: resource.Absent}
		default:
			fail(arn, err)
		}
	}
	return out
}

// standing is one reading; leads are of a whole load balancer, by target group.
type standing struct {
	k     *targetGroup
	c     *awsclient.Clients
	leads map[string]map[string][]resource.Lead
}

func (s *standing) one(ctx context.Context, target, arn string) (resource.Live, error) {
	found, err := s.c.Read.ELB.DescribeTargetGroups(ctx, &elasticloadbalancingv2.DescribeTargetGroupsInput{TargetGroupArns: []string{arn}})
	if err != nil {
		return resource.Live{}, err
	}
	if len(found.TargetGroups) != 1 {
		return resource.Live{}, resource.Errorf(resource.ClassNotFound, "elasticloadbalancing:DescribeTargetGroups", "%s is not there", arn)
	}
	tags, err := elbTags{}.read(ctx, s.c.Read, []string{arn})
	if err != nil {
		return resource.Live{}, err
	}
	if _, ok := tags[arn]; !ok {
		return resource.Live{}, untold(elbTags{}, nil)
	}
	id, _ := resource.Identity(target, resource.KindTargetGroup, tags[arn])
	l := groupLive(id, &found.TargetGroups[0], tags[arn], nil)
	health, err := s.c.Read.ELB.DescribeTargetHealth(ctx, &elasticloadbalancingv2.DescribeTargetHealthInput{TargetGroupArn: &arn})
	if err != nil {
		return resource.Live{}, err
	}
	for _, t := range health.TargetHealthDescriptions {
		l.Group.Targets++
		if t.TargetHealth != nil && t.TargetHealth.State == types.TargetHealthStateEnumHealthy {
			l.Group.Healthy++
		}
	}
	for _, lb := range l.Group.LoadBalancers {
		leads, err := s.of(ctx, lb)
		if err != nil {
			return resource.Live{}, err
		}
		l.Group.LedBy = append(l.Group.LedBy, leads[arn]...)
	}
	return l, nil
}

// of reads every rule of a load balancer once.
func (s *standing) of(ctx context.Context, lb string) (map[string][]resource.Lead, error) {
	if have, ok := s.leads[lb]; ok {
		return have, nil
	}
	out := map[string][]resource.Lead{}
	var listeners []types.Listener
	pages := elasticloadbalancingv2.NewDescribeListenersPaginator(s.c.Read.ELB, &elasticloadbalancingv2.DescribeListenersInput{LoadBalancerArn: &lb})
	err := eachPage(ctx, pages, func(p *elasticloadbalancingv2.DescribeListenersOutput) { listeners = append(listeners, p.Listeners...) })
	if err != nil {
		return nil, err
	}
	add := func(arn, where string, actions []types.Action) {
		to := forwards(actions)
		for _, group := range slices.Sorted(maps.Keys(to)) {
			out[group] = append(out[group], resource.Lead{ARN: arn, Where: where, Weight: to[group]})
		}
	}
	for i := range listeners {
		at := fmt.Sprintf("%s:%d", balancerName(lb), aws.ToInt32(listeners[i].Port))
		add(aws.ToString(listeners[i].ListenerArn), at+" default action", listeners[i].DefaultActions)
		if !strings.Contains(lb, ":loadbalancer/app/") {
			continue // only Application Load Balancers have rules
		}
		var rules []types.Rule
		pages := elasticloadbalancingv2.NewDescribeRulesPaginator(s.c.Read.ELB, &elasticloadbalancingv2.DescribeRulesInput{ListenerArn: listeners[i].ListenerArn, PageSize: aws.Int32(400)})
		err := eachPage(ctx, pages, func(p *elasticloadbalancingv2.DescribeRulesOutput) { rules = append(rules, p.Rules...) })
		if err != nil {
			return nil, err
		}
		for _, r := range rules {
			if !aws.ToBool(r.IsDefault) {
				add(aws.ToString(r.RuleArn), at+" priority "+aws.ToString(r.Priority), r.Actions)
			}
		}
	}
	s.leads[lb] = out
	return out, nil
}

// balancerName is the name inside a load balancer's ARN.
func balancerName(arn string) string {
	if parts := strings.Split(arn, "/"); len(parts) > 2 {
		return parts[2]
	}
	return arn
}
