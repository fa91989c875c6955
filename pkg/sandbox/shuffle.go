package sandbox

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// shuffled puts a list without order into another order, the same each time:
// AWS does return these lists reordered (aws-facts 2; recorded answers do so for
// containers, environment, links, subnets and the values of conditions), and a
// differ that relies on their order must fail here and not there. A list that was
// not sent becomes an empty one.
func shuffled[T any](list []T, key func(T) string) []T {
	out := slices.Clone(orEmpty(list))
	slices.SortStableFunc(out, func(a, b T) int { return strings.Compare(digest(key(a)), digest(key(b))) })
	return out
}

// reordered is shuffled for lists that are not read back where none was sent.
func reordered[T any](list []T, key func(T) string) []T {
	if list == nil {
		return nil
	}
	return shuffled(list, key)
}

func itself(s string) string { return s }

func ecsTagKey(t types.Tag) string { return aws.ToString(t.Key) }

// shuffle reorders the lists of a service that is being described. The placement
// strategy stays: its order is its meaning.
func shuffle(v *types.Service) {
	v.LoadBalancers = reordered(v.LoadBalancers, func(l types.LoadBalancer) string {
		return aws.ToString(l.TargetGroupArn) + aws.ToString(l.LoadBalancerName)
	})
	v.ServiceRegistries = reordered(v.ServiceRegistries, func(r types.ServiceRegistry) string { return aws.ToString(r.RegistryArn) })
	v.PlacementConstraints = reordered(v.PlacementConstraints, func(c types.PlacementConstraint) string { return string(c.Type) + aws.ToString(c.Expression) })
	v.CapacityProviderStrategy = reordered(v.CapacityProviderStrategy, func(c types.CapacityProviderStrategyItem) string { return aws.ToString(c.CapacityProvider) })
	v.Tags = reordered(v.Tags, ecsTagKey)
	if d := v.DeploymentConfiguration; d != nil && d.Alarms != nil {
		config, alarms := *d, *d.Alarms
		alarms.AlarmNames = reordered(alarms.AlarmNames, itself)
		config.Alarms = &alarms
		v.DeploymentConfiguration = &config
	}
}

// shuffledConditions reorders the conditions of a rule, and the values of each in
// both their forms.
func shuffledConditions(in []elbtypes.RuleCondition) []elbtypes.RuleCondition {
	for i := range in {
		c := &in[i]
		lists := []*[]string{&c.Values, &c.RegexValues}
		if h := c.HostHeaderConfig; h != nil {
			lists = append(lists, &h.Values, &h.RegexValues)
		}
		if p := c.PathPatternConfig; p != nil {
			lists = append(lists, &p.Values, &p.RegexValues)
		}
		if h := c.HttpHeaderConfig; h != nil {
			lists = append(lists, &h.Values, &h.RegexValues)
		}
		if m := c.HttpRequestMethodConfig; m != nil {
			lists = append(lists, &m.Values)
		}
		if s := c.SourceIpConfig; s != nil {
			lists = append(lists, &s.Values)
		}
		for _, l := range lists {
			*l = reordered(*l, itself)
		}
		if q := c.QueryStringConfig; q != nil {
			q.Values = reordered(q.Values, func(p elbtypes.QueryStringKeyValuePair) string {
				return aws.ToString(p.Key) + "=" + aws.ToString(p.Value)
			})
		}
	}
	return shuffled(in, func(c elbtypes.RuleCondition) string {
		key := aws.ToString(c.Field) + strings.Join(c.Values, ",")
		if h := c.HttpHeaderConfig; h != nil {
			key += aws.ToString(h.HttpHeaderName)
		}
		return key
	})
}

func dimensionName(d cwtypes.Dimension) string { return aws.ToString(d.Name) }

// shuffledQueries reorders the queries of an alarm and their dimensions.
func shuffledQueries(in []cwtypes.MetricDataQuery) []cwtypes.MetricDataQuery {
	out := reordered(in, func(q cwtypes.MetricDataQuery) string { return aws.ToString(q.Id) })
	for i, q := range out {
		if q.MetricStat == nil || q.MetricStat.Metric == nil {
			continue
		}
		stat, metric := *q.MetricStat, *q.MetricStat.Metric
		metric.Dimensions = reordered(metric.Dimensions, dimensionName)
		stat.Metric = &metric
		out[i].MetricStat = &stat
	}
	return out
}
