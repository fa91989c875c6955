package kinds

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// join keeps the requests of a live rule, or of a listener's default action, where
// they go until somebody stands behind the wanted target group: it joins with the
// weight 0 first, so that ECS finds it associated with the load balancer and nobody
// is sent there. Where no other wanted group gets requests, the live ones keep them.
func join(out *resource.Settled, want, live *elasticloadbalancingv2.CreateRuleInput, s resource.Standing) {
	if live == nil || s.Moved {
		return
	}
	w, have := onlyForward(want.Actions), onlyForward(live.Actions)
	switch {
	case w == nil:
		return // an answer of its own: nobody needs to be there
	case have == nil:
		answer(out, want, live, s)
		return
	}
	full := plainActions(want.Actions)
	now := forwards(live.Actions)
	groups, joins, served := forwardGroups(w), false, false
	pair := pairOf(&out.Object, s)
	if slices.ContainsFunc(pair, func(arn string) bool { return now[arn] > 0 }) {
		return // ECS leads requests to its own
	}
	for i := range groups {
		at, empty := emptyAt(&out.Object, s, aws.ToString(groups[i].TargetGroupArn))
		if empty && now[at] == 0 && weightOf(groups[i]) > 0 {
			groups[i].Weight, joins = aws.Int32(0), true
		}
		served = served || weightOf(groups[i]) > 0
	}
	if !joins {
		return
	}
	if !served {
		wanted := map[string]bool{}
		for i := range groups { // who gets them now keeps them, named by the document or not
			at := arnOf(&out.Object, s, aws.ToString(groups[i].TargetGroupArn))
			if wanted[at] = true; now[at] > 0 {
				groups[i].Weight, served = aws.Int32(now[at]), true
			}
		}
		kept := keptGroups(wanted, have)
		if len(kept) == 0 && !served {
			return // nobody gets these requests
		}
		groups = append(groups, kept...)
	}
	if len(groups) > maxActionGroups {
		return // there is no room beside the others: they are turned at once, as the document says
	}
	w.TargetGroupArn = nil
	if w.ForwardConfig == nil {
		w.ForwardConfig = &types.ForwardActionConfig{}
	}
	w.ForwardConfig.TargetGroups = groups
	rewriteRefs(&out.Object)
	out.Later = append(out.Later, diff.Change{Path: "actions", Op: diff.Replace, Old: plainActions(want.Actions), New: full, Effect: diff.TrafficShift, Reason: diff.FromSpec,
		Pos: out.Object.Written.At("actions"), Note: "until then the target group stands beside the present ones with the weight 0"})
	out.After = firstDeployment
}

// answer lets a rule, or a default action, that answers by itself go on doing so until
// somebody stands behind the target groups that it is to forward to. A forward with the
// weight 0 cannot stand beside an answer, so that the rule associates no target group
// with the load balancer before; one that nothing else associates keeps its service
// from being made, and the plan says so.
func answer(out *resource.Settled, want, live *elasticloadbalancingv2.CreateRuleInput, s resource.Standing) {
	served := false
	for text, weight := range forwards(want.Actions) {
		_, empty := emptyAt(&out.Object, s, text)
		served = served || weight > 0 && !empty
	}
	if served || s.AtOnce {
		return
	}
	full := plainActions(want.Actions)
	want.Actions = shape.Clone(live.Actions)
	rewriteRefs(&out.Object)
	out.Object.Written = out.Object.Written.Clone()
	out.Object.Written.Delete(func(p string) bool { return strings.HasPrefix(p, "actions[") })
	out.Object.Tags = maps.Clone(out.Object.Tags)
	delete(out.Object.Tags, resource.TagSecretHash) // no secret is sent before
	out.Later = append(out.Later, diff.Change{Path: "actions", Op: diff.Replace, Old: plainActions(live.Actions), New: full, Effect: diff.TrafficShift, Reason: diff.FromSpec,
		Pos: out.Object.Written.At("actions"), Note: "until then the rule answers as it does now"})
	out.After = firstDeployment
}

// pairOf are the ARNs of the target groups between which ECS moves the weights of
// the rule, as far as they are there.
func pairOf(o *resource.Object, s resource.Standing) []string {
	g, _ := o.Extra[governed].(map[string]string)
	var out []string
	for _, key := range []string{"primary", "alternate"} {
		if arn := arnOf(o, s, g[key]); arn != "" {
			out = append(out, arn)
		}
	}
	return out
}

// emptyAt is the ARN of an empty target group that an action names by reference or
// by ARN, "" while it is not there.
func emptyAt(o *resource.Object, s resource.Standing, named string) (string, bool) {
	for _, r := range o.Refs {
		if r.Text == named && nobodyIn(o, s, r.To) {
			return s.ARNs[r.To], true
		}
	}
	for id, arn := range s.ARNs {
		if arn == named && arn != "" && nobodyIn(o, s, id) {
			return arn, true
		}
	}
	return "", false
}

// keptGroups are the live groups that get requests and that are not wanted: copies, for the
// places of references in what is wanted are rewritten, and the live ones are AWS' answer.
func keptGroups(wanted map[string]bool, have *types.Action) []types.TargetGroupTuple {
	var out []types.TargetGroupTuple
	for _, tg := range forwardGroups(have) {
		if weightOf(tg) > 0 && !wanted[aws.ToString(tg.TargetGroupArn)] {
			out = append(out, shape.Clone(tg))
		}
	}
	return out
}

// arnOf is the ARN of a target group that an action names by reference or by ARN, ""
// while it is not there.
func arnOf(o *resource.Object, s resource.Standing, named string) string {
	for _, r := range o.Refs {
		if r.Text == named && r.To.Kind == resource.KindTargetGroup {
			return s.ARNs[r.To]
		}
	}
	return named
}
