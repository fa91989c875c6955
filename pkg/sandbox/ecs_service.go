package sandbox

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// tokenLife is how long AWS remembers a client token.
const tokenLife = 24 * time.Hour

func (s *ecsService) name() string   { return aws.ToString(s.Service.ServiceName) }
func (s *ecsService) key() string    { return s.Cluster + "/" + s.name() }
func (s *ecsService) status() string { return aws.ToString(s.Service.Status) }
func (s *ecsService) daemon() bool {
	return s.Service.SchedulingStrategy == types.SchedulingStrategyDaemon
}

// onFargate is whether new tasks of the service go to Fargate.
func (s *ecsService) onFargate() bool {
	return runsOnFargate(s.Service.LaunchType, s.Service.CapacityProviderStrategy)
}

func runsOnFargate(launch types.LaunchType, strategy []types.CapacityProviderStrategyItem) bool {
	if len(strategy) > 0 {
		return usesProvider(strategy, fargate) || usesProvider(strategy, fargateSpot)
	}
	return launch == types.LaunchTypeFargate
}

// service finds a service by cluster and name or ARN; nil when there is none.
func (cl *ecsCluster) service(ref *string) *ecsService {
	return cl.Services[lastSegment(aws.ToString(ref))]
}

func (w *World) serviceByKey(key string) (*ecsCluster, *ecsService) {
	cluster, name, _ := cutLast(key)
	cl, ok := w.ECS.Clusters[cluster]
	if !ok {
		return nil, nil
	}
	return cl, cl.Services[name]
}

func createService(c *call, in *ecs.CreateServiceInput) (*ecs.CreateServiceOutput, error) {
	cl, err := c.w.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	if s, err := c.replayedService(cl, in); s != nil || err != nil {
		if err != nil {
			return nil, err
		}
		return &ecs.CreateServiceOutput{Service: new(s.view(cl, true))}, nil
	}
	if old := cl.service(in.ServiceName); old != nil {
		switch old.status() {
		case statusActive:
			return nil, refuse("InvalidParameterException", "Creation of service was not idempotent.")
		case statusDraining:
			return nil, refuse("InvalidParameterException", "Unable to Start a service that is still Draining.")
		}
	}
	s, err := c.newServiceOf(cl, in)
	if err != nil {
		return nil, err
	}
	if old := cl.service(in.ServiceName); old != nil {
		c.w.forgetService(cl, old)
	}
	cl.Services[s.name()] = s
	if !s.external() {
		c.w.startRollout(cl, s)
	}
	if t := aws.ToString(in.ClientToken); t != "" {
		c.remember("ecs.CreateService/"+t, requestDigest(in), serviceARN(cl.name(), s.name()))
	}
	return &ecs.CreateServiceOutput{Service: new(s.view(cl, true))}, nil
}

// newServiceOf is the service that a request asks for, checked.
func (c *call) newServiceOf(cl *ecsCluster, in *ecs.CreateServiceInput) (*ecsService, error) {
	if d := in.DeploymentController; d != nil && d.Type == types.DeploymentControllerTypeExternal {
		return newExternal(c, cl, in)
	}
	def, err := c.w.checkCreateService(cl, in)
	if err != nil {
		return nil, err
	}
	return newService(c, cl, in, def), nil
}

// replayedService answers a client token that was seen within 24 h with what
// it made then, in the state it is in now.
func (c *call) replayedService(cl *ecsCluster, in *ecs.CreateServiceInput) (*ecsService, error) {
	t := aws.ToString(in.ClientToken)
	if t == "" {
		return nil, nil
	}
	if len(t) > 36 {
		return nil, refuse("InvalidParameterException", "ClientToken must be 36 characters or less.")
	}
	seen, ok := c.w.Tokens["ecs.CreateService/"+t]
	if !ok || c.Now.Sub(seen.At) >= tokenLife {
		return nil, nil
	}
	if seen.Request != requestDigest(in) {
		return nil, refuse("InvalidParameterException", "Creation of service was not idempotent.")
	}
	_, s := c.w.serviceByKey(seen.Answer[len(ecsPrefix+"service/"):])
	return s, nil // a purged service: the name is free again
}

func requestDigest(in any) string {
	raw, err := json.Marshal(in)
	if err != nil {
		return ""
	}
	return digest(string(raw))
}

// newService makes the service with the defaults that AWS fills (aws-facts 2.2).
func newService(c *call, cl *ecsCluster, in *ecs.CreateServiceInput, def *ecsTaskDef) *ecsService {
	launch, strategy := placementOf(cl, in.LaunchType, in.CapacityProviderStrategy)
	s := &ecsService{
		Cluster: cl.name(),
		Service: types.Service{
			ServiceName: in.ServiceName, ServiceArn: aws.String(c.w.newServiceARN(cl.name(), aws.ToString(in.ServiceName))),
			ClusterArn: cl.Cluster.ClusterArn, Status: aws.String(statusActive), CreatedAt: aws.Time(c.Now), CreatedBy: aws.String(callerARN),
			TaskDefinition: def.Definition.TaskDefinitionArn, DesiredCount: aws.ToInt32(in.DesiredCount),
			LaunchType: launch, CapacityProviderStrategy: strategy,
			DeploymentController: in.DeploymentController, SchedulingStrategy: in.SchedulingStrategy,
			EnableECSManagedTags: in.EnableECSManagedTags, EnableExecuteCommand: in.EnableExecuteCommand,
			HealthCheckGracePeriodSeconds: in.HealthCheckGracePeriodSeconds,
			LoadBalancers:                 orEmpty(in.LoadBalancers), ServiceRegistries: orEmpty(in.ServiceRegistries),
			NetworkConfiguration: filledNetwork(in.NetworkConfiguration),
			PlacementConstraints: orEmpty(in.PlacementConstraints), PlacementStrategy: filledPlacement(in.PlacementStrategy),
			PropagateTags: in.PropagateTags, AvailabilityZoneRebalancing: in.AvailabilityZoneRebalancing,
			ResourceManagementType: types.ResourceManagementTypeCustomer,
			Events:                 []types.ServiceEvent{}, Tags: orEmpty(in.Tags),
		},
		ServiceConnect: in.ServiceConnectConfiguration, Volumes: in.VolumeConfigurations, Lattice: in.VpcLatticeConfigurations,
		Monitoring: in.Monitoring, GatewayConnectors: in.GatewayConnectors,
		Revisions: map[string]*types.ServiceRevision{}, Tasks: map[string]bool{}, Stopped: map[string]bool{},
	}
	if s.Launch = launch; launch == "" {
		if s.Launch = types.LaunchTypeEc2; s.onFargate() {
			s.Launch = types.LaunchTypeFargate
		}
	}
	v := &s.Service
	if v.DeploymentController == nil {
		v.DeploymentController = &types.DeploymentController{Type: types.DeploymentControllerTypeEcs}
	}
	if v.SchedulingStrategy == "" {
		v.SchedulingStrategy = types.SchedulingStrategyReplica
	}
	if v.PropagateTags == "" {
		v.PropagateTags = types.PropagateTagsNone
	}
	v.DeploymentConfiguration = mergedDeployment(defaultDeployment(v.SchedulingStrategy), in.DeploymentConfiguration)
	if v.AvailabilityZoneRebalancing == "" {
		v.AvailabilityZoneRebalancing = types.AvailabilityZoneRebalancingEnabled
		if s.unbalanceable() != "" {
			v.AvailabilityZoneRebalancing = types.AvailabilityZoneRebalancingDisabled
		}
	}
	s.fillPlatform(in.PlatformVersion)
	s.fillGracePeriod()
	s.fillRole(in.Role)
	return s
}

// unbalanceable is what of the service Availability Zone rebalancing does not
// support, "" when it can be rebalanced (Developer Guide, "Balancing an Amazon
// ECS service across Availability Zones"). CreateService then settles on
// DISABLED where nothing was asked for; once a service is ENABLED, an
// UpdateService that would make it so is refused.
func (s *ecsService) unbalanceable() string {
	const zone = "attribute:ecs.availability-zone"
	v := &s.Service
	switch {
	case s.daemon():
		return "DAEMON services"
	case aws.ToInt32(v.DeploymentConfiguration.MaximumPercent) <= 100:
		return "maximumPercent <= 100 % as deployment configuration"
	case len(v.PlacementStrategy) > 0 && (v.PlacementStrategy[0].Type != types.PlacementStrategyTypeSpread || aws.ToString(v.PlacementStrategy[0].Field) != zone):
		return "a first placement strategy other than spread over Availability Zones" // our words: AWS' are not published
	case slices.ContainsFunc(v.PlacementConstraints, func(c types.PlacementConstraint) bool { return strings.Contains(aws.ToString(c.Expression), zone) }):
		return "the placement constraint " + zone // our words, as above
	}
	return ""
}

// checkBalance refuses rebalancing of what cannot be rebalanced. The text of an
// update is AWS' own; that of a creation is unverified in its front.
func checkBalance(s, old *ecsService) error {
	what := s.unbalanceable()
	if what == "" || s.Service.AvailabilityZoneRebalancing != types.AvailabilityZoneRebalancingEnabled {
		return nil
	}
	done := "created"
	if old != nil {
		done = "updated"
	}
	return invalid("The service couldn't be %s because Availability Zone Rebalancing does not support %s.", done, what)
}

// fillPlatform sets what only services on Fargate have.
func (s *ecsService) fillPlatform(version *string) {
	v := &s.Service
	v.PlatformVersion, v.PlatformFamily = nil, nil
	if s.onFargate() {
		v.PlatformVersion, v.PlatformFamily = aws.String("LATEST"), aws.String("Linux")
		if aws.ToString(version) != "" {
			v.PlatformVersion = version
		}
	}
}

// fillGracePeriod gives a service behind a load balancer the grace period that
// AWS' own outputs show for those that were given none.
func (s *ecsService) fillGracePeriod() {
	if len(s.Service.LoadBalancers) > 0 && s.Service.HealthCheckGracePeriodSeconds == nil {
		s.Service.HealthCheckGracePeriodSeconds = aws.Int32(0)
	}
}

// fillRole sets the role: the service-linked one, where the service needs one.
func (s *ecsService) fillRole(role *string) {
	if aws.ToString(role) != "" {
		s.Service.RoleArn = role
		return
	}
	if len(s.Service.LoadBalancers) > 0 || len(s.Service.ServiceRegistries) > 0 || s.Service.NetworkConfiguration != nil {
		s.Service.RoleArn = aws.String("arn:aws:iam::" + Account + ":role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS")
	}
}

// placementOf is the launch type or strategy that a service or task gets: what
// is asked for, else the cluster's default strategy, else EC2.
func placementOf(cl *ecsCluster, launch types.LaunchType, strategy []types.CapacityProviderStrategyItem) (types.LaunchType, []types.CapacityProviderStrategyItem) {
	if launch == "" && len(strategy) == 0 {
		strategy = cl.Cluster.DefaultCapacityProviderStrategy
	}
	if len(strategy) > 0 {
		return "", strategy
	}
	if launch == "" {
		launch = types.LaunchTypeEc2
	}
	return launch, nil
}

func filledNetwork(n *types.NetworkConfiguration) *types.NetworkConfiguration {
	if n == nil || n.AwsvpcConfiguration == nil {
		return nil
	}
	vpc := *n.AwsvpcConfiguration
	if vpc.AssignPublicIp == "" {
		vpc.AssignPublicIp = types.AssignPublicIpDisabled
	}
	vpc.Subnets = shuffled(vpc.Subnets, itself)
	vpc.SecurityGroups = shuffled(vpc.SecurityGroups, itself)
	if len(vpc.SecurityGroups) == 0 {
		vpc.SecurityGroups = nil // the VPC's default group is used and not named
	}
	return &types.NetworkConfiguration{AwsvpcConfiguration: &vpc}
}

// filledPlacement writes fields as AWS returns them: host as instanceId, cpu and
// memory in capitals (so does terraform-provider-aws expect it).
func filledPlacement(in []types.PlacementStrategy) []types.PlacementStrategy {
	out := slices.Clone(orEmpty(in))
	for i := range out {
		switch field := aws.ToString(out[i].Field); strings.ToLower(field) {
		case "host":
			out[i].Field = aws.String("instanceId")
		case "cpu", "memory":
			out[i].Field = aws.String(strings.ToUpper(field))
		}
	}
	return out
}

func defaultDeployment(strategy types.SchedulingStrategy) *types.DeploymentConfiguration {
	most, least := int32(200), int32(100)
	if strategy == types.SchedulingStrategyDaemon {
		most, least = 100, 0
	}
	return &types.DeploymentConfiguration{
		MaximumPercent: &most, MinimumHealthyPercent: &least, Strategy: types.DeploymentStrategyRolling, BakeTimeInMinutes: aws.Int32(0),
		DeploymentCircuitBreaker: filledBreaker(&types.DeploymentCircuitBreaker{}),
	}
}

// filledBreaker gives a circuit breaker the members that were not sent, as the
// newest recorded answers show them (SDK comments of DeploymentCircuitBreaker).
func filledBreaker(b *types.DeploymentCircuitBreaker) *types.DeploymentCircuitBreaker {
	filled := *b
	if filled.ResetOnHealthyTask == nil {
		filled.ResetOnHealthyTask = aws.Bool(true)
	}
	if filled.ThresholdConfiguration == nil {
		filled.ThresholdConfiguration = &types.ThresholdConfiguration{Type: types.ThresholdTypeBoundedPercent, Value: 50}
	}
	return &filled
}

// mergedDeployment lays the given members over those that are there: what is
// not sent stays as it is.
func mergedDeployment(old, in *types.DeploymentConfiguration) *types.DeploymentConfiguration {
	out := *old
	if in == nil {
		return &out
	}
	to, from := reflect.ValueOf(&out).Elem(), reflect.ValueOf(in).Elem()
	for i := range to.NumField() {
		if to.Type().Field(i).IsExported() && !from.Field(i).IsZero() {
			to.Field(i).Set(from.Field(i))
		}
	}
	if out.DeploymentCircuitBreaker != nil {
		out.DeploymentCircuitBreaker = filledBreaker(out.DeploymentCircuitBreaker)
	}
	fillShift(&out, in)
	return &out
}

func deleteService(c *call, in *ecs.DeleteServiceInput) (*ecs.DeleteServiceOutput, error) {
	cl, err := c.w.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	s := cl.service(in.Service)
	switch {
	case s == nil:
		return nil, refuse("ServiceNotFoundException", "Service not found.")
	case s.status() == statusInactive:
		return nil, refuse("ServiceNotActiveException", "Service was not ACTIVE.")
	case s.status() == statusDraining:
		return &ecs.DeleteServiceOutput{Service: new(s.view(cl, true))}, nil
	case !aws.ToBool(in.Force) && !s.daemon() && s.Service.DesiredCount > 0:
		return nil, refuse("InvalidParameterException", "The service cannot be stopped while it is scaled above 0.")
	case !aws.ToBool(in.Force) && len(s.Rollouts) > 1:
		return nil, refuse("InvalidParameterException", "The service cannot be stopped while deployments are active.")
	}
	c.w.stopRunningDeployment(s, "The service was deleted.")
	s.Service.Status = aws.String(statusDraining)
	s.Service.DesiredCount = 0
	c.w.wake(s, time.Second)
	return &ecs.DeleteServiceOutput{Service: new(s.view(cl, true))}, nil
}

// inactiveKept is how long a deleted service can still be described. AWS
// promises none of it; in practice it is about a day.
const inactiveKept = 24 * time.Hour

// serviceInactiveTimer purges a service that has been INACTIVE for long.
func serviceInactiveTimer(w *World, key string) {
	if cl, s := w.serviceByKey(key); s != nil && s.status() == statusInactive && w.Clock.Sub(s.Gone) >= inactiveKept {
		w.forgetService(cl, s)
		delete(cl.Services, s.name())
	}
}

// forgetService cuts what is left of an INACTIVE service from its successor:
// its stopped tasks stay, but belong to nobody.
func (w *World) forgetService(cl *ecsCluster, s *ecsService) {
	for id := range s.Stopped {
		if t, ok := cl.Tasks[id]; ok {
			t.Service = ""
		}
	}
}

func describeServices(c *call, in *ecs.DescribeServicesInput) (*ecs.DescribeServicesOutput, error) {
	cl, err := c.w.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	switch {
	case len(in.Services) == 0:
		return nil, refuse("InvalidParameterException", "Services cannot be empty.")
	case len(in.Services) > 10:
		return nil, refuse("InvalidParameterException", "service names can have at most 10 items.") // remind101/empire#468
	}
	out := &ecs.DescribeServicesOutput{Services: []types.Service{}, Failures: []types.Failure{}}
	for _, ref := range in.Services {
		s := cl.service(&ref)
		if s == nil || (ref != s.name() && ref != aws.ToString(s.Service.ServiceArn)) {
			if !strings.HasPrefix(ref, "arn:") {
				ref = serviceARN(cl.name(), ref)
			}
			out.Failures = append(out.Failures, missing(ref))
			continue
		}
		out.Services = append(out.Services, s.view(cl, slices.Contains(in.Include, types.ServiceFieldTags)))
	}
	return out, nil
}

func listServices(c *call, in *ecs.ListServicesInput) (*ecs.ListServicesOutput, error) {
	cl, err := c.w.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	var arns []string
	for _, name := range sorted(cl.Services) {
		s := cl.Services[name]
		switch {
		case s.status() != statusActive, // DRAINING and INACTIVE are not listed
			in.LaunchType != "" && in.LaunchType != s.Service.LaunchType,
			in.SchedulingStrategy != "" && in.SchedulingStrategy != s.Service.SchedulingStrategy,
			in.ResourceManagementType != "" && in.ResourceManagementType != s.Service.ResourceManagementType:
			continue
		}
		arns = append(arns, aws.ToString(s.Service.ServiceArn))
	}
	arns, next, err := page(arns, in.NextToken, in.MaxResults, 10, 100)
	if err != nil {
		return nil, err
	}
	return &ecs.ListServicesOutput{ServiceArns: orEmpty(arns), NextToken: next}, nil
}
