package lint

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// onGroups makes a check of one that looks at each target group alone.
func onGroups(check func(*body[elb.CreateTargetGroupInput], found)) func(*unit, found) {
	return func(v *unit, f found) {
		for i := range v.groups {
			check(&v.groups[i], f)
		}
	}
}

var targetGroupRules = []Rule{
	{"target-group-needs", spec.Error, "A target group for tasks has protocol, port and vpcId.", "write it",
		onGroups(func(g *body[elb.CreateTargetGroupInput], f found) {
			if g.in.TargetType == types.TargetTypeEnumLambda {
				return
			}
			for _, m := range []struct {
				name    string
				missing bool
			}{{"protocol", g.in.Protocol == ""}, {"port", g.in.Port == nil}, {"vpcId", aws.ToString(g.in.VpcId) == ""}} {
				if m.missing {
					f(g.Object, "", "%s is missing", m.name)
				}
			}
		})},
	{"health-check-timeout", spec.Error, "A target group's health check times out before the next one begins.", "lower healthCheckTimeoutSeconds or raise healthCheckIntervalSeconds", onGroups(groupTimeout)},
	{"health-check-bounds", spec.Error, "A target group's health check has interval 5-300, timeout 2-120 and thresholds 2-10.", "choose a value in that range",
		onGroups(func(g *body[elb.CreateTargetGroupInput], f found) {
			for _, b := range []struct {
				name      string
				value     *int32
				low, high int32
			}{
				{"healthCheckIntervalSeconds", g.in.HealthCheckIntervalSeconds, 5, 300}, {"healthCheckTimeoutSeconds", g.in.HealthCheckTimeoutSeconds, 2, 120},
				{"healthyThresholdCount", g.in.HealthyThresholdCount, 2, 10}, {"unhealthyThresholdCount", g.in.UnhealthyThresholdCount, 2, 10},
			} {
				if outside(b.value, b.low, b.high) {
					f(g.Object, b.name, "%d is not in %d-%d", *b.value, b.low, b.high)
				}
			}
		})},
	{"health-check-path", spec.Error, "A health check by HTTP has a path that begins with a slash; one by TCP has neither path nor matcher.", "correct it, or healthCheckProtocol", onGroups(groupPath)},
	{"target-group-unused", spec.Warning, "A target group of the document is used by it.", "refer to it, or remove it", unusedGroups},
}

// checkedBy is the protocol of the health checks (CreateTargetGroupInput.HealthCheckProtocol).
func checkedBy(in *elb.CreateTargetGroupInput) types.ProtocolEnum {
	switch {
	case in.HealthCheckProtocol != "":
		return in.HealthCheckProtocol
	case layer4(in.Protocol) || in.Protocol == types.ProtocolEnumGeneve:
		return types.ProtocolEnumTcp
	}
	return types.ProtocolEnumHttp
}

// groupTimeout compares what is written, else AWS' defaults of the members' comments;
// where an NLB's documentation has a lower one for HTTP, that one. Application Load
// Balancers refuse equal values ("Health check interval must be greater than the
// timeout", tflint-ruleset-aws#404), others take them (aws-cdk#16446).
func groupTimeout(g *body[elb.CreateTargetGroupInput], f found) {
	in, sort := g.in, sortOf(g.in)
	interval, timeout, path := int32(30), int32(10), "healthCheckTimeoutSeconds"
	switch {
	case sort == forLambda:
		interval, timeout = 35, 30
	case sort == forGWLB:
		interval, timeout = 10, 5
	case sort == forALB || sort == anyBalance:
		timeout = 5
	case checkedBy(in) == types.ProtocolEnumHttp:
		timeout = 6
	}
	if in.HealthCheckIntervalSeconds != nil {
		interval = *in.HealthCheckIntervalSeconds
	}
	said := ""
	if in.HealthCheckTimeoutSeconds != nil {
		timeout = *in.HealthCheckTimeoutSeconds
	} else {
		path, said = "healthCheckIntervalSeconds", ", which it is without healthCheckTimeoutSeconds"
	}
	equal := sort == forNLB || sort == forGWLB
	switch {
	case timeout < interval || timeout == interval && equal:
	case equal:
		f(g.Object, path, "the timeout, %d%s, is over the interval, %d", timeout, said, interval)
	default:
		f(g.Object, path, "the timeout, %d%s, is not under the interval, %d", timeout, said, interval)
	}
}

func groupPath(g *body[elb.CreateTargetGroupInput], f found) {
	path := aws.ToString(g.in.HealthCheckPath)
	switch {
	case checkedBy(g.in) == types.ProtocolEnumTcp && path != "":
		f(g.Object, "healthCheckPath", "health is checked by TCP, which knows no path")
	case checkedBy(g.in) == types.ProtocolEnumTcp && g.in.Matcher != nil:
		f(g.Object, "matcher", "health is checked by TCP, which knows no codes")
	case path != "" && !strings.HasPrefix(path, "/") && !open(path):
		f(g.Object, "healthCheckPath", "%q begins with no slash", path)
	}
}

func unusedGroups(v *unit, f found) {
	used := map[string]bool{}
	if v.service != nil {
		for _, ref := range v.service.Refs {
			used[ref.To.String()] = true
		}
	}
	for _, r := range v.rules {
		for _, ref := range r.Refs {
			used[ref.To.String()] = true
		}
	}
	for _, g := range v.groups {
		if !used[g.ID.String()] {
			f(g.Object, "", "neither the service nor a listener rule refers to it")
		}
	}
}

// onRules makes a check of one that looks at each listener rule alone.
func onRules(check func(*body[elb.CreateRuleInput], found)) func(*unit, found) {
	return func(v *unit, f found) {
		for i := range v.rules {
			check(&v.rules[i], f)
		}
	}
}

var listenerRules = []Rule{
	{"rule-priority", spec.Error, "A listener rule's priority is 1 to 50000.", "choose a priority in that range",
		onRules(func(r *body[elb.CreateRuleInput], f found) {
			if outside(r.in.Priority, 1, 50000) {
				f(r.Object, "priority", "%d is out of range", *r.in.Priority)
			}
		})},
	{"rule-conditions", spec.Error, "A listener rule has at most one condition each on host-header, path-pattern, http-request-method and source-ip.",
		"put the values into one condition", onRules(ruleConditions)},
	{"rule-values", spec.Warning, "All conditions of a listener rule have five values together.", "split the rule in two", onRules(ruleValues)},
	{"rule-actions", spec.Error, "A listener rule ends with its only forward, redirect or fixed-response.", "correct the actions", onRules(ruleActions)},
	{"rule-weights", spec.Error, "Weights of target groups are 0 to 999.", "choose a weight in that range",
		onRules(func(r *body[elb.CreateRuleInput], f found) {
			for i, a := range r.in.Actions {
				if a.ForwardConfig == nil {
					continue
				}
				for j, g := range a.ForwardConfig.TargetGroups {
					if outside(g.Weight, 0, 999) {
						f(r.Object, at(at("actions", i)+".forwardConfig.targetGroups", j)+".weight", "%d is out of range", *g.Weight)
					}
				}
			}
		})},
}

func ruleConditions(r *body[elb.CreateRuleInput], f found) {
	seen := map[string]bool{}
	for i, c := range r.in.Conditions {
		field := aws.ToString(c.Field)
		if seen[field] && field != "http-header" && field != "query-string" {
			f(r.Object, at("conditions", i), "a condition on %s stands above already", field)
		}
		seen[field] = true
	}
}

func ruleValues(r *body[elb.CreateRuleInput], f found) {
	n := 0
	for _, c := range r.in.Conditions {
		n += len(c.Values) + len(c.RegexValues)
		if c.HostHeaderConfig != nil {
			n += len(c.HostHeaderConfig.Values)
		}
		if c.PathPatternConfig != nil {
			n += len(c.PathPatternConfig.Values)
		}
		if c.HttpHeaderConfig != nil {
			n += len(c.HttpHeaderConfig.Values)
		}
		if c.HttpRequestMethodConfig != nil {
			n += len(c.HttpRequestMethodConfig.Values)
		}
		if c.QueryStringConfig != nil {
			n += len(c.QueryStringConfig.Values)
		}
		if c.SourceIpConfig != nil {
			n += len(c.SourceIpConfig.Values)
		}
	}
	if n > 5 {
		f(r.Object, "conditions", "have %d values, and AWS' quota is 5", n)
	}
}

func ruleActions(r *body[elb.CreateRuleInput], f found) {
	last, ends := -1, 0
	for i, a := range r.in.Actions {
		switch a.Type {
		case types.ActionTypeEnumForward, types.ActionTypeEnumRedirect, types.ActionTypeEnumFixedResponse:
			last = i
			ends++
		}
	}
	ordered := false // by order, and not as they stand
	for _, a := range r.in.Actions {
		ordered = ordered || a.Order != nil
	}
	switch {
	case len(r.in.Actions) == 0:
	case ends != 1:
		f(r.Object, "actions", "%s of them end the rule", map[bool]string{true: "none", false: fmt.Sprint(ends)}[ends == 0])
	case !ordered && last != len(r.in.Actions)-1:
		f(r.Object, at("actions", last), "others stand behind it")
	}
}
