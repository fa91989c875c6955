package kinds

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// serviceDeploys are the members whose change starts a deployment: the SDK's
// comment on each member of UpdateServiceInput. monitoring and
// gatewayConnectors are silent there; both live in the service revision, so we
// take them for starting one, which is the safe mistake.
var serviceDeploys = []string{
	"taskDefinition", "loadBalancers", "networkConfiguration", "platformVersion", "serviceConnectConfiguration",
	"serviceRegistries", "volumeConfigurations", "vpcLatticeConfigurations", "monitoring", "gatewayConnectors",
}

// serviceContent are the members that belong to the rollout content: what starts
// a deployment, by itself or because we force one for it.
var serviceContent = append(slices.Clone(serviceDeploys), "capacityProviderStrategy")

// serviceRules are how a service is compared. The defaults of a DAEMON differ.
func serviceRules(want *ecs.CreateServiceInput) *diff.Rules {
	r := &diff.Rules{
		Keys:      serviceKeys,
		Sets:      serviceSets,
		Defaults:  replicaDefaults,
		Absent:    serviceAbsent,
		Inherits:  serviceInherits,
		Ignored:   serviceIgnored,
		Effects:   serviceEffects,
		Registry:  registry,
		Normalise: normaliseService,
	}
	if want != nil && want.SchedulingStrategy == types.SchedulingStrategyDaemon {
		r.Defaults = daemonDefaults
	}
	if want != nil && len(want.CapacityProviderStrategy) > 0 {
		// Both at once AWS refuses: with a strategy there is no launch type to compare.
		r.Ignored = with(r.Ignored, "launchType", "the capacity provider strategy takes its place")
	}
	return r
}

var serviceKeys = map[string]string{
	"capacityProviderStrategy": "capacityProvider",
	"serviceRegistries":        "registryArn",
	"volumeConfigurations":     "name",
	"volumeConfigurations[].managedEBSVolume.tagSpecifications":        "resourceType",
	"volumeConfigurations[].managedEBSVolume.tagSpecifications[].tags": "key",
	"vpcLatticeConfigurations":                                         "portName+targetGroupArn",
	"gatewayConnectors":                                                "portName",
	"serviceConnectConfiguration.services":                             "portName",
	"serviceConnectConfiguration.services[].clientAliases":             "port+dnsName",
	"serviceConnectConfiguration.logConfiguration.secretOptions":       "name",
}

// serviceSets are lists whose order AWS does not keep or does not mean
// (terraform's schema: TypeSet). placementStrategy is no set: its order is the
// order of sorting.
var serviceSets = map[string]bool{
	"loadBalancers": true,
	"networkConfiguration.awsvpcConfiguration.subnets":         true,
	"networkConfiguration.awsvpcConfiguration.securityGroups":  true,
	"placementConstraints":                                     true,
	"deploymentConfiguration.alarms.alarmNames":                true,
	"deploymentConfiguration.lifecycleHooks":                   true,
	"deploymentConfiguration.lifecycleHooks[].lifecycleStages": true,
	"serviceConnectConfiguration.containerConfigurations":      true,
	"monitoring.metricConfigurations":                          true,
	"monitoring.metricConfigurations[].metricNames":            true,
	"gatewayConnectors[].filters.accessTypes":                  true,
}

// replicaDefaults are what AWS fills in for what was not sent.
var replicaDefaults = map[string]any{
	"schedulingStrategy":   "REPLICA", // CreateServiceInput.SchedulingStrategy
	"deploymentController": map[string]any{"type": "ECS"},
	// recorded answers (cdk-real-drift noise.ts): strategy, bake time, alarms and
	// breaker appear in full for a service that sent none of them
	"deploymentConfiguration.strategy":              "ROLLING",
	"deploymentConfiguration.bakeTimeInMinutes":     0,
	"deploymentConfiguration.maximumPercent":        200, // DeploymentConfiguration
	"deploymentConfiguration.minimumHealthyPercent": 100,
	"deploymentConfiguration.alarms":                map[string]any{"alarmNames": []any{}, "enable": false, "rollback": false},
	"deploymentConfiguration.deploymentCircuitBreaker": map[string]any{
		"enable": false, "rollback": false, "resetOnHealthyTask": true,
		"thresholdConfiguration": map[string]any{"type": "BOUNDED_PERCENT", "value": 50},
	},
	// LinearConfiguration, CanaryConfiguration, DeploymentLifecycleHook: the members' comments
	"deploymentConfiguration.linearConfiguration.stepPercent":             10.0,
	"deploymentConfiguration.linearConfiguration.stepBakeTimeInMinutes":   6,
	"deploymentConfiguration.canaryConfiguration.canaryPercent":           5.0,
	"deploymentConfiguration.canaryConfiguration.canaryBakeTimeInMinutes": 10,
	"deploymentConfiguration.lifecycleHooks[].targetType":                 "AWS_LAMBDA",
	"deploymentConfiguration.lifecycleHooks[].timeoutConfiguration":       map[string]any{"action": "ROLLBACK", "timeoutInMinutes": 1440},
	"deploymentConfiguration.earlySuccessCriteria":                        map[string]any{"enable": false},
	"deploymentConfiguration.linearConfiguration":                         nil,
	"deploymentConfiguration.canaryConfiguration":                         nil,
	"deploymentConfiguration.lifecycleHooks":                              nil,
	"enableECSManagedTags":                                                false,
	"enableExecuteCommand":                                                false,
	"propagateTags":                                                       "NONE", // CreateServiceInput.PropagateTags
	"healthCheckGracePeriodSeconds":                                       0,
	"platformVersion":                                                     "LATEST",
	"networkConfiguration.awsvpcConfiguration.assignPublicIp":             "DISABLED", // ecspresso, pipecd
	"volumeConfigurations[].managedEBSVolume.filesystemType":              "xfs",      // ServiceManagedEBSVolumeConfiguration.FilesystemType
}

// daemonDefaults: ecspresso and cdk-real-drift saw 100/0 where a REPLICA has 200/100.
var daemonDefaults = func() map[string]any {
	d := maps.Clone(replicaDefaults)
	d["deploymentConfiguration.maximumPercent"] = 100
	d["deploymentConfiguration.minimumHealthyPercent"] = 0
	return d
}()

// serviceAbsent: AWS adds nothing that the defaults do not name. Objects that
// come back in full are compared member by member.
var serviceAbsent = map[string]bool{"": true, "deploymentConfiguration": false, "networkConfiguration": false, "role": false}

var serviceInherits = map[string]string{
	"availabilityZoneRebalancing": "AWS enables it at creation and keeps what an existing service has",
	"capacityProviderStrategy":    "the cluster's default strategy is written into the service at creation",
	"launchType":                  "it follows from the capacity provider strategy, else from the creation",
	"networkConfiguration":        "AWS offers no way to take it away",
	"networkConfiguration.awsvpcConfiguration.securityGroups": "without any the VPC's default security group is used",
	"role":         "AWS uses the service-linked role",
	"desiredCount": "the number of tasks is nobody's when it is not written",
	"volumeConfigurations[].managedEBSVolume.encrypted":  "the account decides by its EBS encryption default",
	"volumeConfigurations[].managedEBSVolume.volumeType": "EBS has its own default",
	"volumeConfigurations[].managedEBSVolume.iops":       "it follows from the volume type",
	"volumeConfigurations[].managedEBSVolume.throughput": "it follows from the volume type",
	"volumeConfigurations[].managedEBSVolume.kmsKeyId":   "the account's default key",
}

// serviceUsual is what AWS chooses for inherited paths at creation.
var serviceUsual = map[string][]any{
	"availabilityZoneRebalancing": {"ENABLED"},
	"launchType":                  {"EC2"},
}

var serviceIgnored = map[string]string{
	"tags":        "compared as tags",
	"clientToken": "belongs to the call, not to the service",
}

// serviceEffects: the table of ux.md 4.2, from the comments on UpdateServiceInput.
var serviceEffects = func() map[string]diff.Effect {
	e := map[string]diff.Effect{
		"": diff.InPlace,
		// members of CreateServiceInput that UpdateServiceInput lacks
		"serviceName": diff.Recreation, "cluster": diff.Recreation, "launchType": diff.Recreation,
		"schedulingStrategy": diff.Recreation, "role": diff.Recreation,
		// alone it would leave the running tasks where they are; terraform refuses
		// the change without force_new_deployment, we pair it with the force
		"capacityProviderStrategy": diff.Forced,
		"enableECSManagedTags":     diff.TasksLater, "propagateTags": diff.TasksLater, "enableExecuteCommand": diff.TasksLater,
		"placementConstraints": diff.TasksLater, "placementStrategy": diff.TasksLater,
	}
	for _, f := range serviceDeploys {
		e[f] = diff.NewDeployment
	}
	return e
}()

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
