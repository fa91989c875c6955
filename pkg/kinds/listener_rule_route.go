package kinds

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/route"
)

// routeOf reads a rule's conditions into the algebra of pkg/route. A field that
// it does not know is a condition that nothing is proven of.
func routeOf(conditions []types.RuleCondition) route.Rule {
	var r route.Rule
	for i := range conditions {
		c := conditions[i]
		out := route.Condition{Field: aws.ToString(c.Field), Values: c.Values, Regex: c.RegexValues}
		add := func(values, regex []string) {
			if len(out.Values) == 0 {
				out.Values = values
			}
			if len(out.Regex) == 0 {
				out.Regex = regex
			}
		}
		switch {
		case c.HostHeaderConfig != nil:
			add(c.HostHeaderConfig.Values, c.HostHeaderConfig.RegexValues)
		case c.PathPatternConfig != nil:
			add(c.PathPatternConfig.Values, c.PathPatternConfig.RegexValues)
		case c.HttpHeaderConfig != nil:
			out.Name = aws.ToString(c.HttpHeaderConfig.HttpHeaderName)
			add(c.HttpHeaderConfig.Values, c.HttpHeaderConfig.RegexValues)
		case c.HttpRequestMethodConfig != nil:
			add(c.HttpRequestMethodConfig.Values, nil)
		case c.SourceIpConfig != nil:
			add(c.SourceIpConfig.Values, nil)
		case c.QueryStringConfig != nil:
			for _, p := range c.QueryStringConfig.Values {
				out.Pairs = append(out.Pairs, route.Pair{Key: aws.ToString(p.Key), Value: aws.ToString(p.Value)})
			}
		}
		if out.Field == "" { // the configuration says it
			out.Field = fieldOf(&c)
		}
		r.Conditions = append(r.Conditions, out)
	}
	return r
}

func fieldOf(c *types.RuleCondition) string {
	switch {
	case c.HostHeaderConfig != nil:
		return route.Host
	case c.PathPatternConfig != nil:
		return route.Path
	case c.HttpHeaderConfig != nil:
		return route.Header
	case c.HttpRequestMethodConfig != nil:
		return route.Method
	case c.SourceIpConfig != nil:
		return route.Source
	case c.QueryStringConfig != nil:
		return route.Query
	}
	return ""
}
