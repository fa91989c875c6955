package kinds

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// governed is the key of Object.Extra that marks a rule whose weights ECS moves:
// it is named as a production or test rule of a service that shifts traffic. It
// holds the target groups that ECS moves them between, and the ARN of the rule
// where the service names it by that.
const governed = "governedByECS"

// weightPath is what ECS owns of a rule that it shifts traffic with; the target
// groups themselves stay the spec's.
const weightPath = "actions[].forwardConfig.targetGroups[].weight"

// whyGoverned is the reason in the words of diff -v.
const whyGoverned = "ECS moves the weights of this rule in its deployments"

// govern marks a rule that the unit's service names for its traffic shifts, under
// ROLLING too: a service that comes back from another strategy runs behind either
// of the two groups, and weights by the document could lead to no task at all. A
// service that names rules by ARN marks every rule of the unit: which one it means
// is known when the rule is read.
func govern(u *resource.Unit, o *resource.Object) {
	s := u.Object(serviceID(u))
	if s == nil {
		return
	}
	in, ok := s.Want.(*ecs.CreateServiceInput)
	if !ok {
		return
	}
	text := "$(" + o.Section + ".arn)"
	for i, lb := range in.LoadBalancers {
		a := lb.AdvancedConfiguration
		if a == nil {
			continue
		}
		for _, rule := range []*string{a.ProductionListenerRule, a.TestListenerRule} {
			named := aws.ToString(rule)
			if named == text || strings.HasPrefix(named, "arn:") {
				g := map[string]string{"primary": aws.ToString(lb.TargetGroupArn), "alternate": aws.ToString(a.AlternateTargetGroupArn)}
				if named != text {
					g["rule"] = named
				}
				mark(o, s, i, g)
				if named == text {
					return
				}
			}
		}
	}
}

// mark puts the groups beside the rule, with their references.
func mark(o, service *resource.Object, balancer int, groups map[string]string) {
	if o.Extra == nil {
		o.Extra = map[string]any{}
	}
	o.Extra[governed] = groups
	o.Refs = slices.DeleteFunc(slices.Clone(o.Refs), func(r resource.Ref) bool { return strings.HasPrefix(r.Path, governed) })
	at := indexed("loadBalancers", balancer)
	for _, r := range service.Refs {
		for key, path := range map[string]string{"primary": at + ".targetGroupArn", "alternate": at + ".advancedConfiguration.alternateTargetGroupArn"} {
			if r.Path == path {
				r.Path = fmt.Sprintf("%s[%s]", governed, key)
				o.Refs = append(o.Refs, r)
				o.Need(r.To)
			}
		}
	}
	slices.SortFunc(o.Refs, func(a, b resource.Ref) int { return strings.Compare(a.Path, b.Path) })
}

// governedBy are the target groups between which ECS moves the weights of a live
// rule, nil where it does not.
func governedBy(o *resource.Object, arn string) []string {
	g, ok := o.Extra[governed].(map[string]string)
	if !ok || g["rule"] != "" && arn != "" && g["rule"] != arn {
		return nil
	}
	groups := []string{}
	for _, key := range []string{"primary", "alternate"} {
		if g[key] != "" {
			groups = append(groups, g[key])
		}
	}
	return groups
}

// ruleNamed is how a service names a live rule: a listener's default action by its
// rule on an Application Load Balancer, and by the listener on others.
func ruleNamed(l *resource.Live) string { return cmp.Or(l.Attrs["arn"], l.ARN) }

// ungovern takes the mark off a rule that turned out not to be the one that the
// service names by ARN.
func ungovern(o *resource.Object, l *resource.Live) {
	g, ok := o.Extra[governed].(map[string]string)
	if !ok || g["rule"] == "" || l.Presence == resource.Present && g["rule"] == ruleNamed(l) {
		return
	}
	o.Extra = maps.Clone(o.Extra)
	delete(o.Extra, governed)
	o.Refs = slices.DeleteFunc(slices.Clone(o.Refs), func(r resource.Ref) bool { return strings.HasPrefix(r.Path, governed) })
}

// rulesOfRule are how this rule is compared.
func rulesOfRule(o *resource.Object, arn string) *diff.Rules {
	r := ruleRules
	if governedBy(o, arn) != nil {
		r.Ignored = with(r.Ignored, weightPath, whyGoverned)
		r.Governors = map[string]diff.Owner{weightPath: diff.OwnerController}
	}
	return &r
}

// withoutGoverned is a live rule without the target groups that ECS put there and
// the document does not have: of the rules that it shifts traffic with it makes
// forwards to both groups, whichever of the two the document names.
func withoutGoverned(want *elasticloadbalancingv2.CreateRuleInput, l *resource.Live, groups []string) *resource.Live {
	live, ok := l.Value.(*elasticloadbalancingv2.CreateRuleInput)
	if !ok || len(groups) == 0 {
		return l
	}
	wanted := map[string]bool{}
	for i := range want.Actions {
		for _, tg := range forwardGroups(&want.Actions[i]) {
			wanted[aws.ToString(tg.TargetGroupArn)] = true
		}
	}
	if len(wanted) == 0 {
		return l
	}
	live = shape.Clone(live)
	for i := range live.Actions {
		if f := live.Actions[i].ForwardConfig; f != nil {
			f.TargetGroups = slices.DeleteFunc(f.TargetGroups, func(tg types.TargetGroupTuple) bool {
				arn := aws.ToString(tg.TargetGroupArn)
				return !wanted[arn] && slices.Contains(groups, arn)
			})
		}
		live.Actions[i].TargetGroupArn = nil
	}
	out := *l
	out.Value = live
	return &out
}

// keepWeights sends the live weights back: ModifyRule replaces whole actions, and
// a heal of anything else must not move the traffic. A target group that the live
// rule does not have keeps the weight that the document gives it; one of the
// service's own groups that only the live rule has stays. Where no group of theirs
// gets requests ECS has not led any there, and the document's weights hold.
func keepWeights(want, live []types.Action, groups []string) {
	weights := map[string]types.TargetGroupTuple{}
	for i := range live {
		for _, tg := range forwardGroups(&live[i]) {
			weights[aws.ToString(tg.TargetGroupArn)] = tg
		}
	}
	for i := range want {
		if want[i].Type != types.ActionTypeEnumForward {
			continue
		}
		list, rest := forwardGroups(&want[i]), maps.Clone(weights)
		written, led := slices.Clone(list), false
		for j := range list {
			arn := aws.ToString(list[j].TargetGroupArn)
			if tg, ok := weights[arn]; ok {
				list[j].Weight = tg.Weight
			}
			led = led || weightOf(list[j]) > 0
			delete(rest, arn)
		}
		for _, arn := range slices.Sorted(maps.Keys(rest)) {
			if slices.Contains(groups, arn) {
				list = append(list, rest[arn])
				led = led || weightOf(rest[arn]) > 0
			}
		}
		if !led {
			copy(list, written)
		}
		if want[i].ForwardConfig == nil {
			want[i].ForwardConfig = &types.ForwardActionConfig{}
		}
		want[i].ForwardConfig.TargetGroups, want[i].TargetGroupArn = list, nil
	}
}
