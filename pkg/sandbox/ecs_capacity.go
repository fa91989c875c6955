package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const (
	fargate     = "FARGATE"
	fargateSpot = "FARGATE_SPOT"
)

// checkProviders refuses capacity providers that do not exist and strategies
// that AWS does not take. What a strategy may name is known, when not empty.
func (w *World) checkProviders(known []string, strategy []types.CapacityProviderStrategyItem) error {
	for _, name := range known {
		if p, ok := w.ECS.Providers[lastSegment(name)]; !ok || p.Status != types.CapacityProviderStatusActive {
			return refuse("InvalidParameterException", "The specified capacity provider %s could not be found or is not in an ACTIVE state.", name)
		}
	}
	return checkStrategy(known, strategy)
}

// checkStrategy holds a capacity provider strategy against the rules in the
// SDK's comment on CapacityProviderStrategyItem.
func checkStrategy(known []string, strategy []types.CapacityProviderStrategyItem) error {
	if len(strategy) > 20 {
		return refuse("InvalidParameterException", "A capacity provider strategy can contain a maximum of 20 capacity providers.")
	}
	bases, weight, isFargate := 0, int32(0), 0
	for _, item := range strategy {
		name := aws.ToString(item.CapacityProvider)
		if !slices.Contains(known, name) {
			return refuse("InvalidParameterException", "The specified capacity provider '%s' is not associated with the cluster.", name)
		}
		if item.Base > 0 {
			bases++
		}
		if item.Base < 0 || item.Base > 100000 || item.Weight < 0 || item.Weight > 1000 {
			return refuse("InvalidParameterException", "Invalid base or weight for capacity provider %s.", name)
		}
		if strings.HasPrefix(name, fargate) {
			isFargate++
		}
		weight += item.Weight
	}
	switch {
	case bases > 1:
		return refuse("InvalidParameterException", "A capacity provider strategy can have only one capacity provider with a base greater than 0.")
	case isFargate > 0 && isFargate < len(strategy):
		return refuse("InvalidParameterException", "A capacity provider strategy cannot contain a mix of capacity providers using Auto Scaling groups and Fargate providers. Specify one or the other and try again.")
	case len(strategy) > 1 && weight == 0:
		return refuse("InvalidParameterException", "At least one capacity provider in the strategy must have a weight greater than 0.")
	}
	return nil
}

func putClusterCapacityProviders(c *call, in *ecs.PutClusterCapacityProvidersInput) (*ecs.PutClusterCapacityProvidersOutput, error) {
	cl, err := c.w.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	if in.CapacityProviders == nil || in.DefaultCapacityProviderStrategy == nil {
		return nil, refuse("InvalidParameterException", "CapacityProviders and DefaultCapacityProviderStrategy cannot be null.")
	}
	if err := c.w.checkProviders(in.CapacityProviders, in.DefaultCapacityProviderStrategy); err != nil {
		return nil, err
	}
	for _, gone := range cl.Cluster.CapacityProviders {
		if slices.Contains(in.CapacityProviders, gone) {
			continue
		}
		for _, s := range cl.Services {
			if aws.ToString(s.Service.Status) != statusInactive && usesProvider(s.Service.CapacityProviderStrategy, gone) {
				return nil, refuse("ResourceInUseException", "The specified capacity provider is in use and cannot be removed.")
			}
		}
	}
	cl.Cluster.CapacityProviders = in.CapacityProviders
	cl.Cluster.DefaultCapacityProviderStrategy = in.DefaultCapacityProviderStrategy
	return &ecs.PutClusterCapacityProvidersOutput{Cluster: new(cl.view(true, true, true))}, nil
}

func usesProvider(strategy []types.CapacityProviderStrategyItem, name string) bool {
	return slices.ContainsFunc(strategy, func(i types.CapacityProviderStrategyItem) bool {
		return aws.ToString(i.CapacityProvider) == name
	})
}

func createCapacityProvider(c *call, in *ecs.CreateCapacityProviderInput) (*ecs.CreateCapacityProviderOutput, error) {
	name := aws.ToString(in.Name)
	lower := strings.ToLower(name)
	switch {
	case !isECSName(name):
		return nil, refuse("InvalidParameterException", "Invalid capacity provider name: %s", name)
	case strings.HasPrefix(lower, "aws") || strings.HasPrefix(lower, "ecs") || strings.HasPrefix(lower, "fargate"):
		return nil, refuse("InvalidParameterException", "The specified capacity provider name is invalid. Up to 255 characters are allowed, including letters (upper and lowercase), numbers, underscores, and hyphens. The name cannot be prefixed with \"aws\", \"ecs\", or \"fargate\". Specify a valid name and try again.")
	case in.ManagedInstancesProvider != nil:
		return nil, refuse("InvalidParameterException", "The sandbox does not run ECS Managed Instances yet.")
	case in.AutoScalingGroupProvider == nil:
		return nil, refuse("InvalidParameterException", "Capacity provider must have an autoScalingGroupProvider.")
	}
	if p, ok := c.w.ECS.Providers[name]; ok && p.Status == types.CapacityProviderStatusActive {
		return nil, refuse("InvalidParameterException", "The specified capacity provider already exists. To change the configuration of an existing capacity provider, update the capacity provider.")
	}
	if err := checkTags(in.Tags, nil); err != nil {
		return nil, err
	}
	g := *in.AutoScalingGroupProvider
	g.ManagedScaling = managedScaling(g.ManagedScaling)
	if g.ManagedTerminationProtection == "" {
		g.ManagedTerminationProtection = types.ManagedTerminationProtectionDisabled
	}
	if g.ManagedDraining == "" {
		g.ManagedDraining = types.ManagedDrainingEnabled
	}
	p := &types.CapacityProvider{
		Name: in.Name, CapacityProviderArn: aws.String(providerARN(name)), Status: types.CapacityProviderStatusActive,
		AutoScalingGroupProvider: &g, Type: types.CapacityProviderTypeEc2Autoscaling, Tags: orEmpty(in.Tags),
	}
	c.w.ECS.Providers[name] = p
	return &ecs.CreateCapacityProviderOutput{CapacityProvider: new(*p)}, nil
}

// managedScaling fills the defaults of the SDK's comment on ManagedScaling.
func managedScaling(in *types.ManagedScaling) *types.ManagedScaling {
	m := types.ManagedScaling{Status: types.ManagedScalingStatusDisabled}
	if in != nil {
		m = *in
	}
	if m.Status == "" {
		m.Status = types.ManagedScalingStatusEnabled
	}
	set := func(p **int32, v int32) {
		if *p == nil {
			*p = aws.Int32(v)
		}
	}
	set(&m.TargetCapacity, 100)
	set(&m.MinimumScalingStepSize, 1)
	set(&m.MaximumScalingStepSize, 10000)
	set(&m.InstanceWarmupPeriod, 300)
	return &m
}

func describeCapacityProviders(c *call, in *ecs.DescribeCapacityProvidersInput) (*ecs.DescribeCapacityProvidersOutput, error) {
	out := &ecs.DescribeCapacityProvidersOutput{CapacityProviders: []types.CapacityProvider{}, Failures: []types.Failure{}}
	names := in.CapacityProviders
	if len(names) > 100 {
		return nil, refuse("InvalidParameterException", "Capacity providers can not have more than 100 elements.")
	}
	if len(names) == 0 {
		var err error
		if names, out.NextToken, err = page(sorted(c.w.ECS.Providers), in.NextToken, in.MaxResults, 10, 10); err != nil {
			return nil, err
		}
	}
	for _, ref := range names {
		p, ok := c.w.ECS.Providers[lastSegment(ref)]
		if !ok {
			out.Failures = append(out.Failures, missing(providerARN(lastSegment(ref))))
			continue
		}
		v := *p
		if !slices.Contains(in.Include, types.CapacityProviderFieldTags) {
			v.Tags = nil
		}
		out.CapacityProviders = append(out.CapacityProviders, v)
	}
	return out, nil
}

func (w *World) ownProvider(ref *string) (*types.CapacityProvider, error) {
	name := lastSegment(aws.ToString(ref))
	p, ok := w.ECS.Providers[name]
	if !ok || p.Status != types.CapacityProviderStatusActive {
		return nil, refuse("InvalidParameterException", "The specified capacity provider could not be found. Specify a valid name and try again.")
	}
	if p.AutoScalingGroupProvider == nil {
		return nil, refuse("InvalidParameterException", "The specified capacity provider %s is an AWS-managed capacity provider and cannot be changed.", name)
	}
	return p, nil
}

func updateCapacityProvider(c *call, in *ecs.UpdateCapacityProviderInput) (*ecs.UpdateCapacityProviderOutput, error) {
	p, err := c.w.ownProvider(in.Name)
	if err != nil {
		return nil, err
	}
	if u := in.AutoScalingGroupProvider; u != nil {
		g := *p.AutoScalingGroupProvider
		if u.ManagedScaling != nil {
			g.ManagedScaling = managedScaling(u.ManagedScaling)
		}
		if u.ManagedTerminationProtection != "" {
			g.ManagedTerminationProtection = u.ManagedTerminationProtection
		}
		if u.ManagedDraining != "" {
			g.ManagedDraining = u.ManagedDraining
		}
		p.AutoScalingGroupProvider = &g
		p.UpdateStatus = types.CapacityProviderUpdateStatusUpdateComplete
	}
	return &ecs.UpdateCapacityProviderOutput{CapacityProvider: new(*p)}, nil
}

func deleteCapacityProvider(c *call, in *ecs.DeleteCapacityProviderInput) (*ecs.DeleteCapacityProviderOutput, error) {
	p, err := c.w.ownProvider(in.CapacityProvider)
	if err != nil {
		return nil, err
	}
	for _, cl := range c.w.ECS.Clusters {
		if slices.Contains(cl.Cluster.CapacityProviders, aws.ToString(p.Name)) {
			return nil, refuse("ResourceInUseException", "The specified capacity provider is in use and cannot be removed.")
		}
	}
	p.UpdateStatus = types.CapacityProviderUpdateStatusDeleteInProgress
	c.w.after(2*time.Second, "ecs.provider", aws.ToString(p.Name))
	return &ecs.DeleteCapacityProviderOutput{CapacityProvider: new(*p)}, nil
}

// providerDeletedTimer ends the deletion of a capacity provider.
func providerDeletedTimer(w *World, name string) {
	if p, ok := w.ECS.Providers[name]; ok && p.UpdateStatus == types.CapacityProviderUpdateStatusDeleteInProgress {
		p.UpdateStatus = types.CapacityProviderUpdateStatusDeleteComplete
		p.Status = types.CapacityProviderStatusInactive
	}
}

// statistics are what DescribeClusters counts by launch type.
func (cl *ecsCluster) statistics(v types.Cluster) []types.KeyValuePair {
	count := map[string]int{}
	for _, t := range cl.Tasks {
		kind := "EC2"
		if t.onFargate() {
			kind = "Fargate"
		}
		switch {
		case t.running():
			count["running"+kind+"TasksCount"]++
		case t.pending():
			count["pending"+kind+"TasksCount"]++
		}
	}
	for _, s := range cl.Services {
		kind := "EC2"
		if s.onFargate() {
			kind = "Fargate"
		}
		switch aws.ToString(s.Service.Status) {
		case statusActive:
			count["active"+kind+"ServiceCount"]++
		case statusDraining:
			count["draining"+kind+"ServiceCount"]++
		}
	}
	out := []types.KeyValuePair{}
	for _, n := range []string{"runningEC2TasksCount", "runningFargateTasksCount", "pendingEC2TasksCount", "pendingFargateTasksCount",
		"activeEC2ServiceCount", "activeFargateServiceCount", "drainingEC2ServiceCount", "drainingFargateServiceCount"} {
		out = append(out, types.KeyValuePair{Name: aws.String(n), Value: aws.String(fmt.Sprint(count[n]))})
	}
	return out
}
