package lint

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// rule-action is told offline, because no call would tell it later: while a
// deployment controller moves the traffic of a rule, its live target groups stand
// in for those that are missing, and AWS is never asked to take the rule without.
var actionRules = []Rule{
	{"rule-action", spec.Error, "An action of a listener rule says what its type does: forward has a target group, each other type its own configuration.",
		"correct the action", onRules(onActions(actionNeeds))},
	{"rule-action-other", spec.Warning, "An action of a listener rule has no configuration of another type.", "remove it, or correct type", onRules(onActions(actionOthers))},
}

// onActions makes a check of one that looks at each action alone.
func onActions(check func(r *body[elb.CreateRuleInput], path string, a *types.Action, f found)) func(*body[elb.CreateRuleInput], found) {
	return func(r *body[elb.CreateRuleInput], f found) {
		for i := range r.in.Actions {
			if a := &r.in.Actions[i]; a.Type != "" { // without one it is told elsewhere
				check(r, at("actions", i), a, f)
			}
		}
	}
}

// actionPart is the member of an action that belongs to one type (comments of
// types.Action: "Specify only when Type is …").
type actionPart struct {
	name    string
	of      types.ActionTypeEnum
	written bool
}

func actionParts(a *types.Action) []actionPart {
	return []actionPart{
		{"targetGroupArn", types.ActionTypeEnumForward, aws.ToString(a.TargetGroupArn) != ""},
		{"forwardConfig", types.ActionTypeEnumForward, a.ForwardConfig != nil},
		{"redirectConfig", types.ActionTypeEnumRedirect, a.RedirectConfig != nil},
		{"fixedResponseConfig", types.ActionTypeEnumFixedResponse, a.FixedResponseConfig != nil},
		{"authenticateCognitoConfig", types.ActionTypeEnumAuthenticateCognito, a.AuthenticateCognitoConfig != nil},
		{"authenticateOidcConfig", types.ActionTypeEnumAuthenticateOidc, a.AuthenticateOidcConfig != nil},
		{"jwtValidationConfig", types.ActionTypeEnumJwtValidation, a.JwtValidationConfig != nil},
	}
}

func actionNeeds(r *body[elb.CreateRuleInput], path string, a *types.Action, f found) {
	if a.Type == types.ActionTypeEnumForward {
		forwardGroups(r, path, a, f)
		return
	}
	for _, p := range actionParts(a) {
		if p.of == a.Type && !p.written {
			f(r.Object, path, "type %s needs %s", a.Type, p.name)
		}
	}
}

func actionOthers(r *body[elb.CreateRuleInput], path string, a *types.Action, f found) {
	for _, p := range actionParts(a) {
		if p.of != a.Type && p.written {
			f(r.Object, path+"."+p.name, "belongs to type %s, and this action's is %s", p.of, a.Type)
		}
	}
}

// forwardGroups: one target group by targetGroupArn, or up to five by forwardConfig;
// both name the same one (comment of types.Action.ForwardConfig).
func forwardGroups(r *body[elb.CreateRuleInput], path string, a *types.Action, f found) {
	one := aws.ToString(a.TargetGroupArn)
	var groups []types.TargetGroupTuple
	if a.ForwardConfig != nil {
		groups = a.ForwardConfig.TargetGroups
	}
	if one == "" && len(groups) == 0 {
		f(r.Object, path, "type forward needs targetGroupArn or forwardConfig.targetGroups")
	}
	for j, g := range groups {
		if aws.ToString(g.TargetGroupArn) == "" {
			f(r.Object, at(path+".forwardConfig.targetGroups", j), "needs targetGroupArn")
		}
	}
	switch {
	case one == "":
	case len(groups) > 1:
		f(r.Object, path+".targetGroupArn", "stands beside a forwardConfig with %d target groups", len(groups))
	case len(groups) == 1 && aws.ToString(groups[0].TargetGroupArn) != one:
		f(r.Object, path+".targetGroupArn", "is not the target group of the forwardConfig beside it")
	}
}
