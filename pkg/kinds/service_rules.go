package kinds

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// serviceContent are the members that belong to the rollout content: what starts
// a deployment, by itself or because we force one for it. The list is part of
// the content hash, so that it stands here and not in the table.
var serviceContent = []string{
	"taskDefinition", "loadBalancers", "networkConfiguration", "platformVersion", "serviceConnectConfiguration",
	"serviceRegistries", "volumeConfigurations", "vpcLatticeConfigurations", "monitoring", "gatewayConnectors",
	"capacityProviderStrategy",
}

var serviceCatalogue = catalogue(resource.KindService)

// The rules of a service: the defaults of a DAEMON differ.
var replicaRules, daemonRules = serviceCatalogue.Rules(), serviceCatalogue.Rules("daemon")

// serviceRules are how a service is compared.
func serviceRules(want *ecs.CreateServiceInput) *diff.Rules {
	r := replicaRules
	if want != nil && want.SchedulingStrategy == types.SchedulingStrategyDaemon {
		r = daemonRules
	}
	r.Registry, r.Normalise = registry, normaliseService
	if want != nil && unbalanceable(want) {
		r.Usual = with(r.Usual, "availabilityZoneRebalancing", []any{string(types.AvailabilityZoneRebalancingEnabled), string(types.AvailabilityZoneRebalancingDisabled)})
	}
	if want != nil && len(want.CapacityProviderStrategy) > 0 {
		// Both at once AWS refuses: with a strategy there is no launch type to compare.
		r.Ignored = with(r.Ignored, "launchType", "the capacity provider strategy takes its place")
	}
	return &r
}

// unbalanceable reports whether Availability Zone rebalancing does not support a
// service as it is written: asked for nothing, AWS itself then chooses DISABLED
// (Developer Guide, "Balancing an Amazon ECS service across Availability Zones").
func unbalanceable(want *ecs.CreateServiceInput) bool {
	const zone = "attribute:ecs.availability-zone"
	if want.SchedulingStrategy == types.SchedulingStrategyDaemon || want.LaunchType == types.LaunchTypeExternal {
		return true
	}
	if d := want.DeploymentConfiguration; d != nil && d.MaximumPercent != nil && *d.MaximumPercent <= 100 {
		return true
	}
	if s := want.PlacementStrategy; len(s) > 0 &&
		(s[0].Type != types.PlacementStrategyTypeSpread || !strings.EqualFold(aws.ToString(s[0].Field), zone)) {
		return true
	}
	return slices.ContainsFunc(want.LoadBalancers, func(l types.LoadBalancer) bool { return l.LoadBalancerName != nil }) || // a classic one
		slices.ContainsFunc(want.PlacementConstraints, func(c types.PlacementConstraint) bool {
			return strings.Contains(aws.ToString(c.Expression), zone)
		})
}

// normaliseService brings what may be written in several ways to one.
func normaliseService(v any) any {
	in, ok := v.(*ecs.CreateServiceInput)
	if !ok {
		return v
	}
	if in.Cluster != nil {
		in.Cluster = aws.String(lastSegment(*in.Cluster))
	}
	if td := aws.ToString(in.TaskDefinition); strings.HasPrefix(td, "arn:") {
		in.TaskDefinition = aws.String(lastSegment(td))
	}
	if aws.ToString(in.PlatformVersion) == "LATEST" {
		in.PlatformVersion = nil // absent for EC2, LATEST for Fargate: both mean not chosen
	}
	for i := range in.PlacementStrategy {
		f := in.PlacementStrategy[i].Field
		if f == nil {
			continue
		}
		*f = strings.ToLower(*f) // terraform: field is case-insensitive, and host comes back as instanceId
		if *f == "host" {
			*f = "instanceid"
		}
	}
	for i := range in.CapacityProviderStrategy {
		// The wire does not know 0 from absent (int32 without pointer).
		p := &in.CapacityProviderStrategy[i]
		if p.CapacityProvider != nil {
			p.CapacityProvider = aws.String(lastSegment(*p.CapacityProvider))
		}
	}
	if in.Role != nil && strings.Contains(*in.Role, "AWSServiceRoleForECS") {
		in.Role = nil
	}
	return in
}

// with is a copy of a table with one more entry.
func with[V any](table map[string]V, key string, v V) map[string]V {
	out := maps.Clone(table)
	if out == nil {
		out = map[string]V{}
	}
	out[key] = v
	return out
}

// registry knows the unions and documents of every kind.
var registry = shape.NewRegistry(append(ecsUnions(), alarmUnions()...), ecsDocuments())
