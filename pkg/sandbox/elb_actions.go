package sandbox

import (
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// forwardsTo lists the target groups of a list of actions.
func forwardsTo(actions []elbtypes.Action) []string {
	var out []string
	add := func(arn *string) {
		if arn != nil && !slices.Contains(out, *arn) {
			out = append(out, *arn)
		}
	}
	for _, a := range actions {
		add(a.TargetGroupArn)
		if a.ForwardConfig != nil {
			for _, tg := range a.ForwardConfig.TargetGroups {
				add(tg.TargetGroupArn)
			}
		}
	}
	return out
}

// readActions checks a list of actions and returns it as AWS reads it back: in
// order, and with the doubled form of forward (aws-facts 5.2). had are the actions
// that they replace, nil for none, and protocol is the listener's.
func (w *World) readActions(in, had []elbtypes.Action, lb *elbLoadBalancer, protocol elbtypes.ProtocolEnum) ([]elbtypes.Action, error) {
	if len(in) == 0 {
		return nil, refuse("ValidationError", "At least one action must be specified")
	}
	actions := shape.Clone(in)
	sort.SliceStable(actions, func(i, j int) bool { return aws.ToInt32(actions[i].Order) < aws.ToInt32(actions[j].Order) })
	for i := range actions {
		if err := checkAction(&actions[i], i == len(actions)-1); err != nil {
			return nil, err
		}
		if authenticates(actions[i].Type) && protocol != elbtypes.ProtocolEnumHttps { // AWS' words, as deployments recorded them for two of the three types
			return nil, refuse("InvalidLoadBalancerAction", "Actions of type '%s' are supported only on HTTPS listeners", actions[i].Type)
		}
		if err := takeSecret(&actions[i], had); err != nil {
			return nil, err
		}
		doubleForward(&actions[i], lb.Value.Type)
	}
	for _, arn := range forwardsTo(actions) {
		if err := w.checkForward(arn, lb); err != nil {
			return nil, err
		}
	}
	return actions, nil
}

func authenticates(t elbtypes.ActionTypeEnum) bool {
	return t == elbtypes.ActionTypeEnumAuthenticateOidc || t == elbtypes.ActionTypeEnumAuthenticateCognito || t == elbtypes.ActionTypeEnumJwtValidation
}

// checkAction refuses an action without its configuration, and a list whose
// last action, and only that, is not one that answers.
func checkAction(a *elbtypes.Action, last bool) error {
	switch a.Type {
	case elbtypes.ActionTypeEnumForward:
		if a.TargetGroupArn == nil && (a.ForwardConfig == nil || len(a.ForwardConfig.TargetGroups) == 0) {
			return refuse("ValidationError", "A target group ARN must be specified")
		}
		if a.ForwardConfig != nil && len(a.ForwardConfig.TargetGroups) > 5 { // ELB user guide, quotas; the text is ours (unverified)
			return refuse("ValidationError", "A forward action can have at most 5 target groups")
		}
	case elbtypes.ActionTypeEnumRedirect:
		if a.RedirectConfig == nil {
			return refuse("InvalidLoadBalancerAction", "A redirect configuration must be specified for action type 'redirect'")
		}
		redirectDefaults(a.RedirectConfig)
	case elbtypes.ActionTypeEnumFixedResponse:
		if a.FixedResponseConfig == nil {
			return refuse("InvalidLoadBalancerAction", "A fixed response configuration must be specified for action type 'fixed-response'")
		}
		if code := aws.ToString(a.FixedResponseConfig.StatusCode); !fixedStatus.MatchString(code) {
			return refuse("ValidationError", "1 validation error detected: Value '%s' at 'statusCode' failed to satisfy constraint: Member must satisfy regular expression pattern: ^(2|4|5)\\d\\d$", code)
		}
	case elbtypes.ActionTypeEnumAuthenticateOidc, elbtypes.ActionTypeEnumAuthenticateCognito, elbtypes.ActionTypeEnumJwtValidation:
		if last {
			return refuse("InvalidLoadBalancerAction", "The last action must be a forward, redirect, or fixed-response action")
		}
		if a.Type == elbtypes.ActionTypeEnumAuthenticateOidc && a.AuthenticateOidcConfig == nil ||
			a.Type == elbtypes.ActionTypeEnumAuthenticateCognito && a.AuthenticateCognitoConfig == nil ||
			a.Type == elbtypes.ActionTypeEnumJwtValidation && a.JwtValidationConfig == nil {
			return refuse("InvalidLoadBalancerAction", "A configuration must be specified for action type '%s'", a.Type)
		}
		return nil
	default:
		return refuse("ValidationError", "1 validation error detected: Value '%s' at 'actions.member.type' failed to satisfy constraint: Member must satisfy enum value set: %v", a.Type, a.Type.Values())
	}
	if !last {
		return refuse("InvalidLoadBalancerAction", "Exactly one forward, redirect, or fixed-response action must be specified, and it must be the last action")
	}
	return nil
}

// takeSecret checks the client secret of an action and keeps it to itself: AWS
// never gives it back. A modification that leaves it out must say that the present
// one stays, and there must be one (SDK comments of ClientSecret and
// UseExistingClientSecret). The words on both together are AWS'
// (ansible-collections/amazon.aws#1877).
func takeSecret(a *elbtypes.Action, had []elbtypes.Action) error {
	c := a.AuthenticateOidcConfig
	if c == nil {
		return nil
	}
	written, stays := aws.ToString(c.ClientSecret) != "", aws.ToBool(c.UseExistingClientSecret)
	exists := slices.ContainsFunc(had, func(h elbtypes.Action) bool { return h.AuthenticateOidcConfig != nil })
	switch {
	case written && stays:
		return refuse("InvalidLoadBalancerAction", "You cannot both specify a client secret and set UseExistingClientSecret to true")
	case !written && !(stays && exists):
		return refuse("InvalidLoadBalancerAction", "A client secret must be specified for action type 'authenticate-oidc'")
	}
	c.ClientSecret, c.UseExistingClientSecret = nil, nil
	return nil
}

var fixedStatus = regexp.MustCompile(`^(2|4|5)\d\d$`)

// redirectDefaults fills the parts of the URL that stay as they were asked for.
// Source: SDK doc comments of types.RedirectActionConfig.
func redirectDefaults(r *elbtypes.RedirectActionConfig) {
	setDefault(&r.Host, "#{host}")
	setDefault(&r.Path, "/#{path}")
	setDefault(&r.Port, "#{port}")
	setDefault(&r.Protocol, "#{protocol}")
	setDefault(&r.Query, "#{query}")
}

// doubleForward gives a forward action both its forms. A Gateway Load Balancer
// knows neither weights nor stickiness of groups.
func doubleForward(a *elbtypes.Action, balancer elbtypes.LoadBalancerTypeEnum) {
	if a.Type != elbtypes.ActionTypeEnumForward {
		return
	}
	if a.ForwardConfig == nil || len(a.ForwardConfig.TargetGroups) == 0 {
		stickiness := (*elbtypes.TargetGroupStickinessConfig)(nil)
		if a.ForwardConfig != nil {
			stickiness = a.ForwardConfig.TargetGroupStickinessConfig
		}
		a.ForwardConfig = &elbtypes.ForwardActionConfig{
			TargetGroups: []elbtypes.TargetGroupTuple{{TargetGroupArn: a.TargetGroupArn}}, TargetGroupStickinessConfig: stickiness,
		}
	}
	if balancer != elbtypes.LoadBalancerTypeEnumGateway {
		for i := range a.ForwardConfig.TargetGroups {
			setDefault(&a.ForwardConfig.TargetGroups[i].Weight, 1)
		}
		if a.ForwardConfig.TargetGroupStickinessConfig == nil {
			a.ForwardConfig.TargetGroupStickinessConfig = &elbtypes.TargetGroupStickinessConfig{}
		}
		setDefault(&a.ForwardConfig.TargetGroupStickinessConfig.Enabled, false)
	}
	if len(a.ForwardConfig.TargetGroups) == 1 {
		a.TargetGroupArn = a.ForwardConfig.TargetGroups[0].TargetGroupArn
	} else {
		a.TargetGroupArn = nil
	}
}

// checkForward refuses target groups that do not exist, belong to another load
// balancer, or do not speak the load balancer's language.
func (w *World) checkForward(arn string, lb *elbLoadBalancer) error {
	if !strings.Contains(arn, ":targetgroup/") {
		return refuse("ValidationError", "'%s' is not a valid target group ARN", arn)
	}
	tg := w.targetGroup(arn)
	if tg == nil {
		return refuse("TargetGroupNotFound", "Target groups '%s' not found", arn)
	}
	if other := w.loadBalancersOf(arn); len(other) > 0 && !slices.Contains(other, *lb.Value.LoadBalancerArn) {
		return refuse("TargetGroupAssociationLimit", "The following target groups cannot be associated with more than one load balancer: %s", arn)
	}
	application := lb.Value.Type == elbtypes.LoadBalancerTypeEnumApplication
	if tg.Value.TargetType != elbtypes.TargetTypeEnumLambda && isHTTP(tg.Value.Protocol) != application {
		return refuse("IncompatibleProtocols", "The load balancer '%s' and the target group '%s' have incompatible protocols", *lb.Value.LoadBalancerArn, arn)
	}
	return nil
}

// conditionFields are the fields of conditions, and how often a rule may have
// each (SDK doc comment of CreateRuleInput.Conditions; API reference: at most
// one of host-header, path-pattern, http-request-method and source-ip).
var conditionFields = map[string]int{"host-header": 1, "path-pattern": 1, "http-request-method": 1, "source-ip": 1, "http-header": 5, "query-string": 5}

// readConditions checks conditions and doubles their values: path-pattern and
// host-header come back as Values and as *Config.Values (aws-facts 5.2, [MEM]).
func readConditions(in []elbtypes.RuleCondition) ([]elbtypes.RuleCondition, error) {
	if len(in) == 0 {
		return nil, refuse("ValidationError", "A condition must be specified")
	}
	conditions := shape.Clone(in)
	times, values := map[string]int{}, 0
	for i := range conditions {
		c := &conditions[i]
		field := aws.ToString(c.Field)
		limit, known := conditionFields[field]
		if !known {
			return nil, refuse("ValidationError", "Condition field '%s' must be one of '[path-pattern, host-header, http-header, query-string, http-request-method, source-ip]'", field)
		}
		if times[field]++; times[field] > limit {
			return nil, refuse("InvalidConfigurationRequest", "A rule can only have '%d' '%s' conditions", limit, field)
		}
		n, err := doubleValues(c, field)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return nil, refuse("ValidationError", "A condition value must be specified")
		}
		values += n
	}
	if values > 5 {
		return nil, refuse("ValidationError", "A rule can only have '5' condition values")
	}
	return shuffledConditions(conditions), nil
}

// doubleValues fills the form that was not written and counts the values.
func doubleValues(c *elbtypes.RuleCondition, field string) (int, error) {
	double := func(config *[]string) int {
		if len(*config) == 0 {
			*config = slices.Clone(c.Values)
		}
		c.Values = slices.Clone(*config)
		return len(*config)
	}
	switch field {
	case "host-header":
		if c.HostHeaderConfig == nil {
			c.HostHeaderConfig = &elbtypes.HostHeaderConditionConfig{}
		}
		return double(&c.HostHeaderConfig.Values) + len(c.HostHeaderConfig.RegexValues) + len(c.RegexValues), nil
	case "path-pattern":
		if c.PathPatternConfig == nil {
			c.PathPatternConfig = &elbtypes.PathPatternConditionConfig{}
		}
		for _, v := range append(slices.Clone(c.Values), c.PathPatternConfig.Values...) {
			if len(v) > 128 || v == "" {
				return 0, refuse("ValidationError", "The path pattern '%s' must be between 1 and 128 characters", v)
			}
		}
		return double(&c.PathPatternConfig.Values) + len(c.PathPatternConfig.RegexValues) + len(c.RegexValues), nil
	case "http-header":
		if c.HttpHeaderConfig == nil || c.HttpHeaderConfig.HttpHeaderName == nil {
			return 0, refuse("ValidationError", "A header name must be specified for condition field 'http-header'")
		}
		return len(c.HttpHeaderConfig.Values) + len(c.HttpHeaderConfig.RegexValues), nil
	case "query-string":
		if c.QueryStringConfig == nil {
			return 0, nil
		}
		return len(c.QueryStringConfig.Values), nil
	case "http-request-method":
		if c.HttpRequestMethodConfig == nil {
			return 0, nil
		}
		return len(c.HttpRequestMethodConfig.Values), nil
	}
	if c.SourceIpConfig == nil {
		return 0, nil
	}
	return len(c.SourceIpConfig.Values), nil
}
