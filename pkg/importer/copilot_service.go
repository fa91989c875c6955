package importer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// service makes what CreateService takes, but for load balancers and the count.
func (c *copilotService) service(m manifest) spec.Map {
	out := spec.Map{{Key: "launchType", Value: "FARGATE"}}
	if m.get("exec").Text() == "true" {
		out = out.With("enableExecuteCommand", true)
	}
	network := m.get("network")
	out = out.With("networkConfiguration", spec.Map{{Key: "awsvpcConfiguration", Value: c.vpc(network.get("vpc"), m)}})
	// Copilot's own: a circuit breaker, and 100 to 200 % while it deploys.
	d := spec.Map{{Key: "deploymentCircuitBreaker", Value: spec.Map{{Key: "enable", Value: true}, {Key: "rollback", Value: true}}}}
	switch rolling := m.get("deployment").get("rolling"); rolling.Text() {
	case "", "default":
	case "recreate":
		d = append(d, spec.Map{{Key: "minimumHealthyPercent", Value: 0}, {Key: "maximumPercent", Value: 100}}...)
	default:
		c.once(rolling.Tree, "deployment.rolling: %s is not converted", rolling.Tree)
	}
	out = out.With("deploymentConfiguration", d)
	if connect := c.connect(network.get("connect"), m); connect != nil {
		out = out.With("serviceConnectConfiguration", connect)
	}
	return out
}

// vpc places the tasks: Copilot's default are its public subnets.
func (c *copilotService) vpc(m, root manifest) spec.Map {
	var out spec.Map
	placement := m.get("placement")
	switch subnets := placement.get("subnets"); {
	case placement.Text() == "private":
		out = out.With("subnets", c.subnets("privateSubnets", root.Tree))
	case placement.Sort == spec.Mapping && (subnets.Sort == spec.List || subnets.Sort == spec.Scalar):
		out = out.With("subnets", anyOf(subnets.texts()))
	case placement.Sort == spec.Mapping:
		if tags := subnets.all("from_tags"); tags.written() {
			c.once(tags.key, "%s is not converted: subnets are named by their ids", tags.path)
		}
		out = out.With("subnets", c.subnets("privateSubnets", root.Tree))
	default:
		if placement.written() && placement.Text() != "public" {
			c.once(placement.Tree, "%s: %s is not converted", placement.path, placement.Tree)
		}
		out = out.With("subnets", c.subnets("publicSubnets", root.Tree)).With("assignPublicIp", "ENABLED")
	}
	groups := []any{}
	own := m.get("security_groups")
	list := own
	if own.Sort == spec.Mapping && own.Tree.Get("from_cfn").Sort == spec.Null {
		list = own.get("groups")
	}
	if own.get("deny_default").Text() != "true" {
		groups = append(groups, c.owned("securityGroup", "the security group of the environment", root.Tree))
	}
	for _, g := range list.items() {
		if id, ok := c.value(g); ok {
			groups = append(groups, id)
		}
	}
	return out.With("securityGroups", groups)
}

// subnets is a variable that holds a list.
func (c *copilotService) subnets(name string, at spec.Tree) string {
	what := "the private subnets of the environment"
	if name == "publicSubnets" {
		what = "the public subnets of the environment"
	}
	x := c.vars.add(what, name, nil, what, at)
	x.list = true
	return x.String()
}

// connect is Service Connect, in the namespace that Copilot makes for an environment.
func (c *copilotService) connect(m, root manifest) any {
	alias := m.get("alias").Text()
	if m.Text() != "true" && alias == "" {
		return nil
	}
	out := spec.Map{{Key: "enabled", Value: true}, {Key: "namespace", Value: "$(env.name)." + c.application(root.Tree) + ".local"}}
	port, name := root.Tree.Get("image").Get("port").Text(), "target"
	if target := root.Tree.Get("http").Get("target_container").Text(); target != "" && target != c.name {
		port, _, _ = strings.Cut(root.Tree.Get("sidecars").Get(target).Get("port").Text(), "/")
		name = "target-" + target
	}
	if port != "" && c.kind != "Worker Service" {
		at := port
		if c.kind == "Load Balanced Web Service" {
			at = "80" // as Copilot has it behind a load balancer
		}
		out = out.With("services", []any{spec.Map{
			{Key: "portName", Value: name}, {Key: "discoveryName", Value: c.name + "-sc"},
			{Key: "clientAliases", Value: []any{spec.Map{{Key: "port", Value: numberOr(at)}, {Key: "dnsName", Value: cmp.Or(alias, c.name)}}}},
		}})
	}
	return out
}

// count is the number of tasks, or what scales it.
func (c *copilotService) count(m manifest, service *spec.Map, balanced bool) spec.Map {
	switch {
	case m.Sort == spec.Scalar:
		*service = append(spec.Map{{Key: "desiredCount", Value: numberOr(m.Text())}}, *service...)
		return nil
	case m.get("spot").Sort == spec.Scalar:
		*service = append(spec.Map{{Key: "desiredCount", Value: numberOr(m.get("spot").Text())}}, without(*service, "launchType")...)
		*service = service.With("capacityProviderStrategy", []any{spec.Map{{Key: "capacityProvider", Value: "FARGATE_SPOT"}, {Key: "weight", Value: 1}}})
		return nil
	}
	r := m.get("range")
	low, high, ranged := strings.Cut(r.Text(), "-")
	if r.Sort == spec.Mapping {
		low, high, ranged = r.get("min").Text(), r.get("max").Text(), true
		if from := r.get("spot_from"); from.Sort == spec.Scalar {
			c.spotFrom(from, service)
		}
	}
	if !ranged || !isNumber(cmp.Or(low, "x")) || !isNumber(cmp.Or(high, "x")) {
		if m.written() {
			if r.written() {
				c.once(r.Tree, "count.range: %s is no range", r.Tree)
			}
			for _, e := range m.Map {
				if e.Key != "range" {
					c.once(e.At, "count.%s is not converted: it scales nothing without a range", e.Key)
					m.all(e.Key)
				}
			}
		}
		*service = append(spec.Map{{Key: "desiredCount", Value: 1}}, *service...)
		return nil
	}
	out := spec.Map{{Key: "minCapacity", Value: numberOr(low)}, {Key: "maxCapacity", Value: numberOr(high)}}
	if policies := c.policies(m, balanced); len(policies) > 0 {
		out = out.With("policies", policies)
	}
	return out
}

// spotFrom: the first tasks run on demand, the others on spot capacity.
func (c *copilotService) spotFrom(m manifest, service *spec.Map) {
	n := 0
	if _, err := fmt.Sscan(m.Text(), &n); err != nil || n < 1 {
		c.once(m.Tree, "count.range.spot_from: %s is no number from 1", m.Tree)
		return
	}
	list := []any{spec.Map{{Key: "capacityProvider", Value: "FARGATE_SPOT"}, {Key: "weight", Value: 1}}}
	if n > 1 {
		list = append(list, spec.Map{{Key: "capacityProvider", Value: "FARGATE"}, {Key: "base", Value: n - 1}, {Key: "weight", Value: 0}})
	}
	*service = without(*service, "launchType").With("capacityProviderStrategy", list)
}

// policies are those that track a target.
func (c *copilotService) policies(m manifest, balanced bool) spec.Map {
	var out spec.Map
	cooldown := m.get("cooldown")
	for _, key := range []string{"cpu_percentage", "memory_percentage", "requests", "response_time"} {
		own := m.get(key)
		if !own.written() {
			continue
		}
		value := own
		if own.Sort == spec.Mapping {
			value = own.get("value")
		}
		config := spec.Map{{Key: "targetValue", Value: numberOr(value.Text())}}
		switch key {
		case "cpu_percentage":
			config = config.With("predefinedMetricSpecification", spec.Map{{Key: "predefinedMetricType", Value: "ECSServiceAverageCPUUtilization"}})
		case "memory_percentage":
			config = config.With("predefinedMetricSpecification", spec.Map{{Key: "predefinedMetricType", Value: "ECSServiceAverageMemoryUtilization"}})
		default:
			if !balanced {
				c.once(own.key, "count.%s is not converted: the service has no target group of its own here", key)
				continue
			}
			balancer := c.owned("loadBalancer", "the load balancer's dimension, app/NAME/ID", m.Tree)
			if key == "requests" {
				config = config.With("predefinedMetricSpecification", spec.Map{{Key: "predefinedMetricType", Value: "ALBRequestCountPerTarget"},
					{Key: "resourceLabel", Value: balancer + "/$(targetGroups.web.fullName)"}})
				break
			}
			config = spec.Map{{Key: "targetValue", Value: c.seconds(value)}}.With("customizedMetricSpecification", spec.Map{
				{Key: "namespace", Value: "AWS/ApplicationELB"}, {Key: "metricName", Value: "TargetResponseTime"}, {Key: "statistic", Value: "Average"}, {Key: "unit", Value: "Seconds"},
				{Key: "dimensions", Value: spec.Map{{Key: "LoadBalancer", Value: balancer}, {Key: "TargetGroup", Value: "$(targetGroups.web.fullName)"}}}})
		}
		// Copilot's own cooldowns: 120 s before tasks go, 60 s before more come.
		pause := func(key string, otherwise int) any {
			for _, v := range []any{c.seconds(own.get("cooldown").get(key)), c.seconds(cooldown.get(key))} {
				if v != nil {
					return v
				}
			}
			return otherwise
		}
		config = config.With("scaleInCooldown", pause("in", 120)).With("scaleOutCooldown", pause("out", 60))
		name, _, _ := strings.Cut(key, "_")
		out = out.With(name, spec.Map{{Key: "policyType", Value: "TargetTrackingScaling"}, {Key: "targetTrackingScalingPolicyConfiguration", Value: config}})
	}
	if q := m.all("queue_delay"); q.written() {
		c.once(q.key, "count.queue_delay is not converted: Copilot's Lambda function computes the backlog per task; write a policy on a metric of the queue")
	}
	return out
}

// alarms are those that roll a deployment back.
func (c *copilotService) alarms(m manifest, service *spec.Map) spec.Map {
	var out spec.Map
	var names []any
	switch m.Sort {
	case spec.List:
		names = anyOf(m.texts())
	case spec.Mapping:
		for _, a := range []struct{ key, name, metric string }{{"cpu_utilization", "cpu", "CPUUtilization"}, {"memory_utilization", "memory", "MemoryUtilization"}} {
			v := m.get(a.key)
			if v.Sort != spec.Scalar {
				continue
			}
			out = out.With(a.name, spec.Map{
				{Key: "namespace", Value: "AWS/ECS"}, {Key: "metricName", Value: a.metric}, {Key: "statistic", Value: "Average"},
				{Key: "dimensions", Value: spec.Map{{Key: "ClusterName", Value: c.owned("cluster", "the cluster of the environment", m.Tree)}, {Key: "ServiceName", Value: c.name}}},
				{Key: "period", Value: 60}, {Key: "evaluationPeriods", Value: 3}, {Key: "threshold", Value: numberOr(v.Text())},
				{Key: "comparisonOperator", Value: "GreaterThanThreshold"},
			})
			names = append(names, "$(alarms."+a.name+".name)")
		}
		if v := m.get("messages_delayed"); v.written() {
			c.once(v.Tree, "deployment.rollback_alarms.messages_delayed is not converted: the queue belongs to another tool; write an alarm on it")
		}
	}
	if len(names) > 0 {
		d, _ := at(*service, "deploymentConfiguration").(spec.Map)
		d = slices.Clone(d).With("alarms", spec.Map{{Key: "enable", Value: true}, {Key: "rollback", Value: true}, {Key: "alarmNames", Value: names}})
		*service = set(slices.Clone(*service), "deploymentConfiguration", d, "")
	}
	return out
}
