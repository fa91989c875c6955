package kinds

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// listenerRule is a rule of an ALB's listener. It has no name: its identity are
// its listener and its tags.
type listenerRule struct{ base }

func newListenerRule(b base) *listenerRule { return &listenerRule{base: b} }

func (*listenerRule) Name() string   { return resource.KindListenerRule }
func (*listenerRule) Taggable() bool { return true }

func (*listenerRule) Section() spec.Section {
	return spec.Section{
		Path: "listenerRules", Kind: resource.KindListenerRule, Many: true,
		New:        func() any { return &elasticloadbalancingv2.CreateRuleInput{} },
		ReadOnly:   types.Rule{},
		Required:   ruleRequired,
		Attributes: []string{"arn", "name", "loadBalancerFullName"},
		Sugar:      map[string]spec.Sugar{"tags": {Key: "key", Value: "value"}},
	}
}

// governed is the key of Object.Extra that marks a rule whose weights ECS moves:
// it is named as a production or test rule of a service that shifts traffic.
const governed = "governedByECS"

func (*listenerRule) Complete(f resource.Frame, u *resource.Unit, o *resource.Object) []spec.Problem {
	in := o.Want.(*elasticloadbalancingv2.CreateRuleInput)
	problems := takeTags(u, o, &in.Tags, elbPair)
	if shiftsTraffic(u, o) {
		if o.Extra == nil {
			o.Extra = map[string]any{}
		}
		o.Extra[governed] = true
	}
	return problems
}

// shiftsTraffic reports whether the unit's service names the rule for its traffic shifts.
func shiftsTraffic(u *resource.Unit, o *resource.Object) bool {
	s := u.Object(serviceID(u))
	if s == nil {
		return false
	}
	in, ok := s.Want.(*ecs.CreateServiceInput)
	if !ok || in.DeploymentConfiguration == nil {
		return false
	}
	switch in.DeploymentConfiguration.Strategy {
	case "", ecstypes.DeploymentStrategyRolling:
		return false // ECS leaves the weights alone
	}
	text := "$(" + o.Section + ".arn)"
	for _, lb := range in.LoadBalancers {
		if a := lb.AdvancedConfiguration; a != nil && (aws.ToString(a.ProductionListenerRule) == text || aws.ToString(a.TestListenerRule) == text) {
			return true
		}
	}
	return false
}

func (*listenerRule) Content(*resource.Object) []byte { return nil }

// Attributes are known where the document has the listener's ARN.
func (*listenerRule) Attributes(o *resource.Object) map[string]string {
	in, ok := o.Want.(*elasticloadbalancingv2.CreateRuleInput)
	if arn := aws.ToString(in.ListenerArn); ok && strings.HasPrefix(arn, "arn:") {
		return map[string]string{"loadBalancerFullName": loadBalancerOf(arn)}
	}
	return map[string]string{}
}

// loadBalancerOf is the full name of the load balancer in an ARN of it, of a
// listener or of a rule: "app/main/50dc6c495c0c9188", the CloudWatch dimension.
func loadBalancerOf(arn string) string {
	_, path, ok := strings.Cut(arn, "/")
	parts := strings.Split(path, "/")
	if !ok || len(parts) < 3 {
		return ""
	}
	return strings.Join(parts[:3], "/")
}

func (*listenerRule) Diff(o *resource.Object, l *resource.Live, c resource.Compare) []diff.Change {
	bare := *o
	bare.Extra = nil
	return compare(rulesOfRule(o), &bare, l, c)
}

// ruleLive turns DescribeRules' form into the create input's.
func ruleLive(id resource.ID, r *types.Rule, tags map[string]string) resource.Live {
	arn := aws.ToString(r.RuleArn)
	in := &elasticloadbalancingv2.CreateRuleInput{}
	shape.Project(in, r)
	in.Priority = priorityOf(r)
	in.ListenerArn = aws.String(listenerOf(arn))
	l := present(id, arn, arn, in)
	l.Tags, l.Attrs["loadBalancerFullName"] = tags, loadBalancerOf(arn)
	return l
}

// listenerOf is the listener's ARN, which a rule's ARN contains.
func listenerOf(ruleARN string) string {
	arn := strings.Replace(ruleARN, ":listener-rule/", ":listener/", 1)
	if i := strings.LastIndexByte(arn, '/'); i > 0 {
		arn = arn[:i]
	}
	return arn
}

// Create makes the rule. The call is not idempotent: who asks for it has looked
// for the rule directly.
func (k *listenerRule) Create(ctx context.Context, w resource.Write) (resource.Live, error) {
	c, err := k.clients(ctx, w.Object.ID.Target)
	if err != nil {
		return resource.Live{}, err
	}
	in := *w.Object.Want.(*elasticloadbalancingv2.CreateRuleInput)
	in.Tags = pairs(w.Object.Tags, elbTag)
	out, err := c.Write.ELB.CreateRule(ctx, &in)
	if err != nil {
		return resource.Live{}, err
	}
	if len(out.Rules) != 1 {
		return resource.Live{}, resource.Errorf(resource.ClassUnknownOutcome, "elasticloadbalancing:CreateRule", "AWS answered with %d rules", len(out.Rules))
	}
	l := ruleLive(w.Object.ID, &out.Rules[0], w.Object.Tags)
	k.seen.met(w.Object.ID, l.ARN)
	return l, nil
}

// Update sends the lists that changed, whole, as ModifyRule wants them, and
// moves the rule with SetRulePriorities.
func (k *listenerRule) Update(ctx context.Context, w resource.Write) (resource.Live, error) {
	c, err := k.clients(ctx, w.Object.ID.Target)
	if err != nil {
		return resource.Live{}, err
	}
	want := shape.Clone(w.Object.Want.(*elasticloadbalancingv2.CreateRuleInput))
	fields := changedFields(w.Changes)
	if fields["listenerArn"] {
		return resource.Live{}, resource.Errorf(resource.ClassInvalid, "elasticloadbalancing:ModifyRule", "a rule cannot move to another listener")
	}
	if fields["priority"] && want.Priority != nil {
		_, err := c.Write.ELB.SetRulePriorities(ctx, &elasticloadbalancingv2.SetRulePrioritiesInput{
			RulePriorities: []types.RulePriorityPair{{RuleArn: &w.Live.ARN, Priority: want.Priority}}})
		if err != nil {
			return resource.Live{}, err
		}
	}
	if fields["actions"] || fields["conditions"] || fields["transforms"] {
		in := &elasticloadbalancingv2.ModifyRuleInput{RuleArn: &w.Live.ARN}
		if fields["actions"] {
			in.Actions = want.Actions
			if live, ok := w.Live.Value.(*elasticloadbalancingv2.CreateRuleInput); ok && w.Object.Extra[governed] != nil {
				keepWeights(in.Actions, live.Actions)
			}
		}
		if fields["conditions"] {
			in.Conditions = want.Conditions
		}
		if fields["transforms"] {
			if in.Transforms = want.Transforms; len(in.Transforms) == 0 {
				in.ResetTransforms = aws.Bool(true)
			}
		}
		if _, err := c.Write.ELB.ModifyRule(ctx, in); err != nil {
			return resource.Live{}, err
		}
	}
	return retag(ctx, elbTags{}, c.Write, w)
}

// Delete removes the rule.
func (k *listenerRule) Delete(ctx context.Context, w resource.Write) error {
	if w.Live.ARN == "" {
		return nil
	}
	return k.remove(ctx, w, func(api awsclient.API) error {
		_, err := api.ELB.DeleteRule(ctx, &elasticloadbalancingv2.DeleteRuleInput{RuleArn: &w.Live.ARN})
		return err
	})
}
