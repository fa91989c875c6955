package sandbox

import (
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// createRule is not idempotent: a second call needs another priority and makes
// another rule.
func createRule(c *call, in *elbv2.CreateRuleInput) (*elbv2.CreateRuleOutput, error) {
	l, err := c.w.needListener(in.ListenerArn)
	if err != nil {
		return nil, err
	}
	if err := checkPriority(in.Priority); err != nil {
		return nil, err
	}
	conditions, err := readConditions(in.Conditions)
	if err != nil {
		return nil, err
	}
	actions, err := c.w.readActions(in.Actions, nil, c.w.loadBalancer(*l.Value.LoadBalancerArn), l.Value.Protocol)
	if err != nil {
		return nil, err
	}
	if err := c.w.checkELBTags("", in.Tags); err != nil {
		return nil, err
	}
	if c.w.priorityTaken(*in.ListenerArn, *in.Priority, nil) {
		return nil, refuse("PriorityInUse", "Priority '%d' is currently in use", *in.Priority)
	}
	if len(c.w.rulesOf(*in.ListenerArn)) > 100 {
		return nil, refuse("TooManyRules", "The maximum number of rules has been reached")
	}
	r := &elbRule{Listener: *in.ListenerArn, Priority: *in.Priority, Value: elbtypes.Rule{
		RuleArn: elbARN("listener-rule", arnPath(*in.ListenerArn)+"/"+c.w.hexID(16)), IsDefault: aws.Bool(false),
		Priority: aws.String(strconv.Itoa(int(*in.Priority))), Actions: actions, Conditions: conditions, Transforms: orEmpty(shape.Clone(in.Transforms)),
	}}
	c.w.addRule(r)
	c.w.setELBTags(*r.Value.RuleArn, in.Tags)
	c.w.ruleAdded(r)
	return &elbv2.CreateRuleOutput{Rules: []elbtypes.Rule{shape.Clone(r.Value)}}, nil
}

func checkPriority(p *int32) error {
	if p == nil || *p < 1 || *p > 50000 {
		return refuse("ValidationError", "1 validation error detected: Value '%d' at 'priority' failed to satisfy constraint: Member must have value between 1 and 50000", aws.ToInt32(p))
	}
	return nil
}

// priorityTaken reports whether a rule of a listener, other than those that are
// being moved, has a priority.
func (w *World) priorityTaken(listener string, priority int32, moving []*elbRule) bool {
	return slices.ContainsFunc(w.listenerRules(listener), func(r *elbRule) bool {
		return r.Priority == priority && !slices.Contains(moving, r)
	})
}

// listenerRules are a listener's rules, in no order.
func (w *World) listenerRules(listener string) []*elbRule {
	if w.derived.rules == nil {
		w.derived.rules = map[string][]*elbRule{}
		for _, r := range w.ELB.Rules {
			w.derived.rules[r.Listener] = append(w.derived.rules[r.Listener], r)
		}
	}
	return w.derived.rules[listener]
}

func (w *World) addRule(r *elbRule) {
	w.ELB.Rules = append(w.ELB.Rules, r)
	if w.derived.rules != nil {
		w.derived.rules[r.Listener] = append(w.derived.rules[r.Listener], r)
	}
}

func (w *World) dropRules(which func(*elbRule) bool) {
	w.ELB.Rules = slices.DeleteFunc(w.ELB.Rules, which)
	w.derived.rules = nil
}

// rulesOf lists a listener's rules by priority, the default rule last.
func (w *World) rulesOf(listener string) []*elbRule {
	out := slices.Clone(w.listenerRules(listener))
	sort.SliceStable(out, func(i, j int) bool { return uint32(out[i].Priority-1) < uint32(out[j].Priority-1) }) // 0 wraps to the end
	return out
}

func (w *World) needRule(arn *string) (*elbRule, error) {
	if !strings.Contains(aws.ToString(arn), ":listener-rule/") {
		return nil, refuse("ValidationError", "'%s' is not a valid listener rule ARN", aws.ToString(arn))
	}
	r := w.rule(*arn)
	if r == nil {
		return nil, refuse("RuleNotFound", "One or more rules not found")
	}
	return r, nil
}

func describeRules(c *call, in *elbv2.DescribeRulesInput) (*elbv2.DescribeRulesOutput, error) {
	if (len(in.RuleArns) == 0) == (in.ListenerArn == nil) {
		return nil, refuse("ValidationError", "You must specify either listener rule ARNs or a listener ARN")
	}
	var rules []*elbRule
	if in.ListenerArn != nil {
		if _, err := c.w.needListener(in.ListenerArn); err != nil {
			return nil, err
		}
		rules = c.w.rulesOf(*in.ListenerArn)
	}
	for _, arn := range in.RuleArns {
		r, err := c.w.needRule(&arn)
		if err != nil {
			return nil, err
		}
		rules = append(rules, r)
	}
	items, next, err := elbPage(rules, in.PageSize, in.Marker, func(r *elbRule) string { return *r.Value.RuleArn })
	if err != nil {
		return nil, err
	}
	out := &elbv2.DescribeRulesOutput{Rules: []elbtypes.Rule{}, NextMarker: next}
	for _, r := range items {
		out.Rules = append(out.Rules, shape.Clone(r.Value))
	}
	return out, nil
}

// modifyRule replaces the lists that are given and leaves the others
// (aws-facts 3.1).
func modifyRule(c *call, in *elbv2.ModifyRuleInput) (*elbv2.ModifyRuleOutput, error) {
	r, err := c.w.needRule(in.RuleArn)
	if err != nil {
		return nil, err
	}
	if r.Priority == 0 {
		return nil, refuse("OperationNotPermitted", "Default rules cannot be modified")
	}
	if in.Actions == nil && in.Conditions == nil && in.Transforms == nil && !aws.ToBool(in.ResetTransforms) {
		return nil, refuse("ValidationError", "Either conditions or actions must be specified")
	}
	want := shape.Clone(r.Value)
	if in.Conditions != nil {
		if want.Conditions, err = readConditions(in.Conditions); err != nil {
			return nil, err
		}
	}
	if in.Actions != nil {
		l := c.w.listener(r.Listener)
		if want.Actions, err = c.w.readActions(in.Actions, r.Value.Actions, c.w.loadBalancer(*l.Value.LoadBalancerArn), l.Value.Protocol); err != nil {
			return nil, err
		}
	}
	switch {
	case aws.ToBool(in.ResetTransforms) && len(in.Transforms) > 0:
		return nil, refuse("ValidationError", "Transforms and ResetTransforms cannot be specified at the same time")
	case aws.ToBool(in.ResetTransforms):
		want.Transforms = []elbtypes.RuleTransform{}
	case in.Transforms != nil:
		want.Transforms = shape.Clone(in.Transforms)
	}
	r.Value = want
	c.w.routesChanged()
	return &elbv2.ModifyRuleOutput{Rules: []elbtypes.Rule{shape.Clone(r.Value)}}, nil
}

func deleteRule(c *call, in *elbv2.DeleteRuleInput) (*elbv2.DeleteRuleOutput, error) {
	r, err := c.w.needRule(in.RuleArn)
	if err != nil {
		return nil, err
	}
	if r.Priority == 0 {
		return nil, refuse("OperationNotPermitted", "Default rule '%s' cannot be deleted", *in.RuleArn)
	}
	c.w.dropRules(func(o *elbRule) bool { return o == r })
	delete(c.w.ELB.Tags, *in.RuleArn)
	c.w.routesChanged()
	return &elbv2.DeleteRuleOutput{}, nil
}

// setRulePriorities moves many rules at once or none: it is how priorities are
// swapped.
func setRulePriorities(c *call, in *elbv2.SetRulePrioritiesInput) (*elbv2.SetRulePrioritiesOutput, error) {
	var moving []*elbRule
	for _, p := range in.RulePriorities {
		r, err := c.w.needRule(p.RuleArn)
		if err != nil {
			return nil, err
		}
		if r.Priority == 0 {
			return nil, refuse("OperationNotPermitted", "Default rule '%s' cannot be moved", *p.RuleArn)
		}
		if err := checkPriority(p.Priority); err != nil {
			return nil, err
		}
		moving = append(moving, r)
	}
	type place struct {
		listener string
		priority int32
	}
	taken := map[place]bool{}
	for i, p := range in.RulePriorities {
		at := place{moving[i].Listener, *p.Priority}
		if taken[at] {
			return nil, refuse("ValidationError", "Priority '%d' was provided multiple times", *p.Priority)
		}
		taken[at] = true
		if c.w.priorityTaken(at.listener, at.priority, moving) {
			return nil, refuse("PriorityInUse", "Priority '%d' is currently in use", *p.Priority)
		}
	}
	out := &elbv2.SetRulePrioritiesOutput{Rules: []elbtypes.Rule{}}
	for i, p := range in.RulePriorities {
		moving[i].Priority = *p.Priority
		moving[i].Value.Priority = aws.String(strconv.Itoa(int(*p.Priority)))
		out.Rules = append(out.Rules, shape.Clone(moving[i].Value))
	}
	return out, nil
}
