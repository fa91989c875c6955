package kinds

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
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
type listenerRule struct {
	base
	claims    *claims
	listeners *listenerFinder
	notes     ruleNotes
	moving    chan struct{} // one rearrangement at a time: two units may want the same one
}

func newListenerRule(b base) *listenerRule {
	return &listenerRule{base: b, claims: &claims{}, listeners: newListenerFinder(), moving: make(chan struct{}, 1)}
}

func (*listenerRule) Name() string   { return resource.KindListenerRule }
func (*listenerRule) Taggable() bool { return true }

func (*listenerRule) Section() spec.Section {
	return spec.Section{
		Path: "listenerRules", Kind: resource.KindListenerRule, Many: true,
		New:        func() any { return &elasticloadbalancingv2.CreateRuleInput{} },
		ReadOnly:   types.Rule{},
		Required:   ruleRequired,
		Extra:      map[string]any{listenerKey: (*ListenerRef)(nil)},
		Words:      map[string][]string{priorityKey: {priorityAuto, priorityDefault}},
		Says:       ruleSays,
		Attributes: []string{"arn", "name", "listenerArn", "loadBalancerFullName"},
		Sugar:      map[string]spec.Sugar{"tags": {Key: "key", Value: "value"}},
	}
}

// Complete moves the tags out, checks what the spec's own keys ask for, and marks
// a rule whose weights are ECS'.
func (*listenerRule) Complete(f resource.Frame, u *resource.Unit, o *resource.Object) []spec.Problem {
	in := o.Want.(*elasticloadbalancingv2.CreateRuleInput)
	problems := takeTags(u, o, &in.Tags, elbPair)
	if in.Tags != nil && len(in.Tags) == 0 {
		in.Tags = nil
	}
	problems = append(problems, listenerProblems(u, o, in)...)
	conditions := o.Written.Has("conditions")
	switch {
	case isDefault(o) && (conditions || o.Written.At("transforms") != ""):
		problems = append(problems, problem(u, o, "conditions", "%s: the default action of a listener has neither conditions nor transforms: take them out, or write another priority", o.Section))
	case !isDefault(o) && len(in.Conditions) == 0:
		problems = append(problems, problem(u, o, "conditions", "%s: conditions is required: at least one", o.Section))
	}
	if mark := secretMark(o, in.Actions); mark != "" {
		o.Tags[resource.TagSecretHash] = mark
	}
	govern(u, o)
	return problems
}

func listenerProblems(u *resource.Unit, o *resource.Object, in *elasticloadbalancingv2.CreateRuleInput) []spec.Problem {
	r, arn := listenerRefOf(o), aws.ToString(in.ListenerArn)
	switch {
	case r == nil && arn == "":
		return []spec.Problem{problem(u, o, "", "%s: listenerArn is required, or listener: {loadBalancer: NAME, port: N}", o.Section)}
	case r == nil:
		return nil
	case arn != "":
		return []spec.Problem{problem(u, o, listenerKey, "%s: listener and listenerArn name the listener twice: write one of them", o.Section)}
	case r.LoadBalancer == "" && len(r.Tags) == 0:
		return []spec.Problem{problem(u, o, listenerKey, "%s.listener: loadBalancer or tags is required", o.Section)}
	case r.LoadBalancer != "" && r.Port == 0 && len(r.Tags) == 0:
		return []spec.Problem{problem(u, o, listenerKey, "%s.listener: port is required beside loadBalancer", o.Section)}
	case strings.Contains(r.String(), "$("):
		return []spec.Problem{problem(u, o, listenerKey, "%s.listener: a reference cannot stand here", o.Section)}
	}
	return nil
}

func (*listenerRule) Content(*resource.Object) []byte { return nil }

// Attributes are known where the document has the listener's ARN.
func (*listenerRule) Attributes(o *resource.Object) map[string]string {
	in, ok := o.Want.(*elasticloadbalancingv2.CreateRuleInput)
	if arn := aws.ToString(in.ListenerArn); ok && strings.HasPrefix(arn, "arn:") {
		return map[string]string{"listenerArn": arn, "loadBalancerFullName": loadBalancerOf(arn)}
	}
	return map[string]string{}
}

func ruleAttrs(l *resource.Live, listener string) {
	l.Attrs = map[string]string{"listenerArn": listener, "loadBalancerFullName": loadBalancerOf(listener)}
}

func (*listenerRule) Diff(o *resource.Object, l *resource.Live, c resource.Compare) []diff.Change {
	bare := *o
	bare.Extra = nil
	name := ruleNamed(l)
	if groups := governedBy(o, name); groups != nil {
		if want, ok := o.Want.(*elasticloadbalancingv2.CreateRuleInput); ok {
			l = withoutGoverned(want, l, groups)
		}
	}
	return compare(rulesOfRule(o, name), &bare, l, c)
}

// ruleSays are the words on what is ours in a rule's body.
var ruleSays = map[string]string{
	"listener":              "The listener by what people call it, instead of listenerArn: {loadBalancer: NAME, port: N}, or {tags: {KEY: VALUE}, port: N} with tags of the listener or of its load balancer. It must mean exactly one.",
	"listener.loadBalancer": "The load balancer's name.",
	"listener.port":         "The listener's port; with tags it may be left out where they mean one listener.",
	"listener.tags":         "Tags that the listener carries, or its load balancer.",
	"listenerArn":           "Required, unless listener says it.",
	"conditions":            "Required, unless priority is default.",
	"priority":              "A number, auto: a free one is chosen when the rule is made, so that it neither shadows nor is shadowed, and kept; or default: the actions are the default action of the listener, which Network Load Balancers have instead of rules.",
}

// ruleLive turns DescribeRules' form into the create input's.
func ruleLive(id resource.ID, r *types.Rule, tags map[string]string) resource.Live {
	arn := aws.ToString(r.RuleArn)
	in := &elasticloadbalancingv2.CreateRuleInput{}
	shape.Share(in, r)
	in.Priority = priorityOf(r)
	in.ListenerArn = aws.String(listenerOf(arn))
	l := present(id, arn, arn, in)
	l.Tags = tags
	ruleAttrs(&l, aws.ToString(in.ListenerArn))
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
	if in.Priority != nil {
		if err := k.makeRoom(ctx, c, w.Object, *in.Priority); err != nil {
			return resource.Live{}, err
		}
	}
	out, err := c.Write.ELB.CreateRule(ctx, &in)
	if err != nil {
		return resource.Live{}, unsaid(err, in.Actions)
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
	if isDefault(&w.Object) {
		return k.updateDefault(ctx, c, w)
	}
	want := shape.Clone(w.Object.Want.(*elasticloadbalancingv2.CreateRuleInput))
	fields := changedFields(w.Changes)
	if fields["listenerArn"] {
		return resource.Live{}, resource.Errorf(resource.ClassInvalid, "elasticloadbalancing:ModifyRule", "a rule cannot move to another listener")
	}
	if fields["priority"] && want.Priority != nil {
		if err := k.move(ctx, c, w, *want.Priority); err != nil {
			return resource.Live{}, err
		}
	}
	secret := secretChanged(w)
	if fields["actions"] || fields["conditions"] || fields["transforms"] || secret {
		in := &elasticloadbalancingv2.ModifyRuleInput{RuleArn: &w.Live.ARN}
		if fields["actions"] || secret {
			if in.Actions, err = actionsToSend(w); err != nil {
				return resource.Live{}, err
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
			return resource.Live{}, unsaid(err, in.Actions)
		}
	}
	return retag(ctx, elbTags{}, c.Write, w)
}

// Delete removes the rule.
func (k *listenerRule) Delete(ctx context.Context, w resource.Write) error {
	if w.Live.ARN == "" {
		return nil
	}
	if strings.Contains(w.Live.ARN, ":listener/") {
		return k.abandonDefault(ctx, w)
	}
	return k.remove(ctx, w, func(api awsclient.API) error {
		_, err := api.ELB.DeleteRule(ctx, &elasticloadbalancingv2.DeleteRuleInput{RuleArn: &w.Live.ARN})
		return err
	})
}
