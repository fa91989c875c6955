package kinds

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// ruleRules are how a listener rule is compared.
var ruleRules = tableRules(resource.KindListenerRule, normaliseRule)

// normaliseRule undoes ELB's double read-back: conditions as values and as
// configuration, a target group by itself and in a forward configuration.
func normaliseRule(v any) any {
	in, ok := v.(*elasticloadbalancingv2.CreateRuleInput)
	if !ok {
		return v
	}
	for i := range in.Conditions {
		normaliseCondition(&in.Conditions[i])
	}
	for i := range in.Actions {
		a := &in.Actions[i]
		if tg := aws.ToString(a.TargetGroupArn); tg != "" && a.Type == types.ActionTypeEnumForward {
			if a.ForwardConfig == nil {
				a.ForwardConfig = &types.ForwardActionConfig{}
			}
			if len(a.ForwardConfig.TargetGroups) == 0 {
				a.ForwardConfig.TargetGroups = []types.TargetGroupTuple{{TargetGroupArn: a.TargetGroupArn}}
			}
		}
		a.TargetGroupArn = nil
		if f := a.ForwardConfig; f != nil && len(f.TargetGroups) == 1 && aws.ToInt32(f.TargetGroups[0].Weight) > 0 {
			f.TargetGroups[0].Weight = nil // the only one gets everything
		}
		if len(in.Actions) == 1 {
			a.Order = nil // 1, or absent
		}
	}
	return in
}

func normaliseCondition(c *types.RuleCondition) {
	switch aws.ToString(c.Field) {
	case "host-header":
		if c.HostHeaderConfig == nil {
			c.HostHeaderConfig = &types.HostHeaderConditionConfig{}
		}
		fold(&c.HostHeaderConfig.Values, c.Values)
		fold(&c.HostHeaderConfig.RegexValues, c.RegexValues)
		for i, h := range c.HostHeaderConfig.Values {
			c.HostHeaderConfig.Values[i] = strings.ToLower(h) // host names have no case
		}
	case "path-pattern":
		if c.PathPatternConfig == nil {
			c.PathPatternConfig = &types.PathPatternConditionConfig{}
		}
		fold(&c.PathPatternConfig.Values, c.Values)
		fold(&c.PathPatternConfig.RegexValues, c.RegexValues)
	case "http-header", "http-request-method", "query-string", "source-ip":
		// these are written in their configuration only
	default:
		return // a field of tomorrow stays as it is
	}
	c.Values, c.RegexValues = nil, nil
}

func fold(into *[]string, from []string) {
	if len(*into) == 0 {
		*into = from
	}
}
