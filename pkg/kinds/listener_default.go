package kinds

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// A listener's default action is declared as a rule with the priority "default".
// It is the listener that is looked at, tagged and modified: Network Load
// Balancers have no rules, and an Application Load Balancer's default rule cannot
// be modified as one (ModifyRule: "OperationNotPermitted").

func isDefault(o *resource.Object) bool { return o.Extra[priorityKey] == priorityDefault }

// defaults answers for the default actions of listeners, in as few calls as it takes.
func (k *listenerRule) defaults(ctx context.Context, c *awsclient.Clients, q resource.Query, a *answers, byListener map[string][]*resource.Object) {
	var arns []string
	for arn := range byListener {
		arns = append(arns, arn)
	}
	slices.Sort(arns)
	for _, chunk := range chunks(arns, 20) {
		found, err := describeListeners(ctx, c, chunk)
		if resource.ClassOf(err) == resource.ClassNotFound && len(chunk) > 1 { // one of them: ask apart
			for _, arn := range chunk {
				k.defaults(ctx, c, q, a, map[string][]*resource.Object{arn: byListener[arn]})
			}
			continue
		}
		var tags map[string]map[string]string
		if err == nil {
			tags, err = elbTags{}.read(ctx, c.Read, chunk)
		}
		for _, arn := range chunk {
			for _, o := range byListener[arn] {
				a.set(k.defaultLive(ctx, c, o, found[arn], tags[arn], err))
			}
		}
	}
}

func (k *listenerRule) defaultLive(ctx context.Context, c *awsclient.Clients, o *resource.Object, l *types.Listener, tags map[string]string, err error) resource.Live {
	if err == nil && (l == nil || tags == nil) {
		err = resource.Errorf(resource.ClassTransient, "elasticloadbalancing:DescribeListeners", "%v", errUntold)
	}
	if err != nil {
		return resource.Live{ID: o.ID, Err: err}
	}
	arn := aws.ToString(l.ListenerArn)
	in := &elasticloadbalancingv2.CreateRuleInput{ListenerArn: l.ListenerArn, Actions: shape.Clone(l.DefaultActions)}
	out := present(o.ID, arn, arn, in)
	out.Tags, out.Around = tags, &around{listener: arn}
	ruleAttrs(&out, arn)
	if strings.Contains(arn, ":listener/app/") { // a service names the rule there, and the listener elsewhere
		rules, err := (&ruleSearch{k: k, c: c}).describe(ctx, &elasticloadbalancingv2.DescribeRulesInput{ListenerArn: &arn, PageSize: aws.Int32(400)})
		if err != nil {
			return resource.Live{ID: o.ID, Err: err}
		}
		for _, r := range rules {
			if aws.ToBool(r.IsDefault) {
				out.Attrs["arn"] = aws.ToString(r.RuleArn)
			}
		}
	}
	return out
}

func describeListeners(ctx context.Context, c *awsclient.Clients, arns []string) (map[string]*types.Listener, error) {
	out := map[string]*types.Listener{}
	pages := elasticloadbalancingv2.NewDescribeListenersPaginator(c.Read.ELB, &elasticloadbalancingv2.DescribeListenersInput{ListenerArns: arns})
	err := eachPage(ctx, pages, func(p *elasticloadbalancingv2.DescribeListenersOutput) {
		for i := range p.Listeners {
			out[aws.ToString(p.Listeners[i].ListenerArn)] = &p.Listeners[i]
		}
	})
	return out, err
}

// rewriteRefs finds the places of references again after the actions were rewritten.
func rewriteRefs(o *resource.Object) {
	var refs []resource.Ref
	texts := map[string]resource.Ref{}
	for _, r := range o.Refs {
		if strings.HasPrefix(r.Path, "actions[") {
			texts[r.Text] = r
		} else {
			refs = append(refs, r)
		}
	}
	shape.MapStrings(o.Want, func(path, text string) string {
		if r, ok := texts[text]; ok && strings.HasPrefix(path, "actions[") {
			r.Path = path
			refs = append(refs, r)
		}
		return text
	})
	o.Refs = refs
}

func onlyForward(actions []types.Action) *types.Action {
	for i := range actions {
		if actions[i].Type == types.ActionTypeEnumForward {
			return &actions[i]
		}
	}
	return nil
}

// forwardGroups are the target groups of a forward, in whichever form.
func forwardGroups(a *types.Action) []types.TargetGroupTuple {
	if a.ForwardConfig != nil && len(a.ForwardConfig.TargetGroups) > 0 {
		return slices.Clone(a.ForwardConfig.TargetGroups)
	}
	if a.TargetGroupArn != nil {
		return []types.TargetGroupTuple{{TargetGroupArn: a.TargetGroupArn}}
	}
	return nil
}

func plainActions(a []types.Action) any {
	m, _ := shape.Plain(normaliseRule(&elasticloadbalancingv2.CreateRuleInput{Actions: shape.Clone(a)}), nil).(map[string]any)
	return m["actions"]
}

// updateDefault writes a listener's default action: nothing else of the listener.
func (k *listenerRule) updateDefault(ctx context.Context, c *awsclient.Clients, w resource.Write) (resource.Live, error) {
	if changedFields(w.Changes)["actions"] || secretChanged(w) {
		actions, err := actionsToSend(w)
		if err != nil {
			return resource.Live{}, err
		}
		if _, err := c.Write.ELB.ModifyListener(ctx, &elasticloadbalancingv2.ModifyListenerInput{ListenerArn: &w.Live.ARN, DefaultActions: actions}); err != nil {
			return resource.Live{}, unsaid(err, actions)
		}
	}
	return retag(ctx, elbTags{}, c.Write, w)
}

// abandonDefault is the deletion of a default action. A listener always has one,
// and what it had before us is not known any more: the action stays as it is, and
// only our word on it goes.
func (k *listenerRule) abandonDefault(ctx context.Context, w resource.Write) error {
	var ours []string
	for key := range w.Live.Tags {
		if strings.HasPrefix(key, resource.TagPrefix) {
			ours = append(ours, key)
		}
	}
	slices.Sort(ours)
	if len(ours) == 0 {
		return nil
	}
	return k.remove(ctx, w, func(api awsclient.API) error { return elbTags{}.remove(ctx, api, w.Live.ARN, ours) })
}
