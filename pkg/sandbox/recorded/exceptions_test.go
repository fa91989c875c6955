package recorded_test

import "github.com/ecs-operator/ecs-operator/pkg/sandbox/recorded"

// identities are, for each kind, the members that name a resource, tell when
// and by whom it was made, or say what runs at the moment.
var identities = map[string][]string{
	"task-definition": {"taskDefinitionArn", "revision", "registeredAt", "registeredBy", "status", "deregisteredAt", "deleteRequestedAt"},
	"service": {"serviceArn", "clusterArn", "taskDefinition", "roleArn", "createdAt", "createdBy", "status", "runningCount", "pendingCount", "events", "deployments",
		"taskSets", "currentServiceRevisions", "currentServiceDeployment"},
	"target-group":    {"targetGroupArn", "loadBalancerArns", "targetGroup.targetGroupArn", "targetGroup.loadBalancerArns"},
	"rule":            {"ruleArn"},
	"listener":        {"listenerArn"},
	"alarm":           {"alarmArn", "stateReason", "stateReasonData", "stateValue", "stateUpdatedTimestamp", "stateTransitionedTimestamp", "alarmConfigurationUpdatedTimestamp"},
	"composite-alarm": {"alarmArn", "stateReason", "stateReasonData", "stateValue", "stateUpdatedTimestamp", "stateTransitionedTimestamp", "alarmConfigurationUpdatedTimestamp"},
	"scalable-target": {"scalableTargetARN", "creationTime", "roleARN"},
	"scaling-policy":  {"policyARN", "creationTime", "alarms"},
}

// exception is one field that the sandbox answers otherwise than a recording,
// and why that is right. One that matches nothing fails the test.
type exception struct {
	kind, path        string        // [] stands for any element
	form              recorded.Form // "" for all
	recorded, sandbox string        // what stands there; "" for anything
	refused           string        // instead of a path: words of the refusal
	keptOut           bool          // only where the recording lacks the member altogether
	why               string        // AWS' source
}

// What recordings lack that AWS has added since, and what else cannot be alike.
const (
	nothing = "nothing"
	byHand  = "the file was written by hand for a test (its ids are 1234567890abcdef): the API reference of ELBv2 says that the member is read back"
)

var exceptions = []exception{
	{kind: "task-definition", refused: "Family contains invalid characters", why: "the committed copy was edited: RegisterTaskDefinition allows letters, digits, hyphens and underscores in family (SDK), and there is a blank"},
	{kind: "task-definition", path: "compatibilities[]", sandbox: "MANAGED_INSTANCES", recorded: nothing, why: "Managed Instances came on 2025-09-30 (AWS What's New); recordings since show it"},
	{kind: "task-definition", path: "compatibilities[]", recorded: nothing, keptOut: true, why: "computed by ECS (SDK); Cloud Control's model and stripped copies have no such member"},
	{kind: "task-definition", path: "requiresAttributes[].name", recorded: nothing, keptOut: true, why: "computed by ECS (SDK); Cloud Control's model and stripped copies have no such member"},
	{kind: "task-definition", path: "requiresAttributes[com.amazonaws.ecs.capability.docker-remote-api.1.17].name", sandbox: nothing, why: "versions of the Docker API that ECS derives come and go between recordings alike otherwise"},
	{kind: "task-definition", path: "requiresAttributes[com.amazonaws.ecs.capability.docker-remote-api.1.28].name", sandbox: nothing, why: "as above"},
	{kind: "task-definition", path: "requiresAttributes[com.amazonaws.ecs.capability.docker-remote-api.1.29].name", sandbox: nothing, why: "as above; recordings since 2025-11 have it no more"},
	{kind: "task-definition", path: "containerDefinitions[].systemControls", recorded: nothing, sandbox: "[]", why: "recordings since 2024 show the empty list, older ones do not"},
	{kind: "task-definition", path: "tags", why: "a copy that ecspresso made: DescribeTaskDefinition answers tags beside the definition (SDK)"},

	{kind: "service", path: "availabilityZoneRebalancing", recorded: nothing, sandbox: "ENABLED", why: "since 2024-11 (aws-sdk-go-v2 service/ecs v1.51.0); the default of CreateService since 2025-09 (SDK)"},
	{kind: "service", path: "deploymentConfiguration.bakeTimeInMinutes", recorded: nothing, sandbox: "0", why: "since 2025-07 (service/ecs v1.61.0), as all of blue/green"},
	{kind: "service", path: "deploymentConfiguration.strategy", recorded: nothing, sandbox: "ROLLING", why: "since 2025-07 (service/ecs v1.61.0)"},
	{kind: "service", path: "deploymentConfiguration.deploymentCircuitBreaker", recorded: "{}", sandbox: nothing, why: "not empty any more: the members of the three lines below"},
	{kind: "service", path: "deploymentConfiguration.deploymentCircuitBreaker.resetOnHealthyTask", recorded: nothing, sandbox: "true", why: "since 2026-06-29 (service/ecs v1.86.0); the recording of 2026-08 has it"},
	{kind: "service", path: "deploymentConfiguration.deploymentCircuitBreaker.thresholdConfiguration.type", recorded: nothing, sandbox: "BOUNDED_PERCENT", why: "since 2026-06-29 (service/ecs v1.86.0)"},
	{kind: "service", path: "deploymentConfiguration.deploymentCircuitBreaker.thresholdConfiguration.value", recorded: nothing, sandbox: "50", why: "since 2026-06-29 (service/ecs v1.86.0)"},
	{kind: "service", path: "deploymentController.type", recorded: nothing, sandbox: "ECS", why: "recordings since 2025 show it, older ones do not"},
	{kind: "service", path: "platformFamily", recorded: nothing, sandbox: "Linux", why: "since 2021-10 (Windows on Fargate); Cloud Control's model has no such member"},
	{kind: "service", path: "propagateTags", recorded: nothing, sandbox: "NONE", why: "recordings since 2021 show it; Cloud Control leaves NONE out"},
	{kind: "service", path: "resourceManagementType", recorded: nothing, sandbox: "CUSTOMER", why: "since 2025-11 (Express Mode, service/ecs v1.69.0)"},
	{kind: "service", path: "schedulingStrategy", recorded: nothing, sandbox: "REPLICA", why: "since 2018-06 (daemon services); the recordings are older"},
	{kind: "service", path: "serviceRegistries", recorded: nothing, sandbox: "[]", why: "since 2018-03 (service discovery); the recordings are older"},

	{kind: "target-group", path: "healthCheckEnabled", recorded: nothing, sandbox: "true", why: "since 2018-11 (Lambda targets); the recordings are of 2016"},
	{kind: "target-group", path: "ipAddressType", recorded: nothing, sandbox: "ipv4", why: "since 2021-11 (IPv6 targets)"},
	{kind: "target-group", path: "protocolVersion", recorded: nothing, sandbox: "HTTP1", why: "since 2020-10 (HTTP/2 and gRPC)"},
	{kind: "target-group", path: "targetType", recorded: nothing, sandbox: "instance", why: "since 2017-08 (IP targets)"},

	{kind: "rule", path: "transforms", recorded: nothing, sandbox: "[]", why: "since 2025-10 (URL and host rewrite); recordings since show the empty list"},
	{kind: "rule", path: "actions[].forwardConfig.targetGroupStickinessConfig.enabled", recorded: nothing, sandbox: "false", why: "since 2019-11 (weighted target groups); " + byHand},
	{kind: "rule", path: "actions[].forwardConfig.targetGroups[].targetGroupArn", recorded: nothing, why: "since 2019-11 (weighted target groups); " + byHand},
	{kind: "rule", path: "actions[].forwardConfig.targetGroups[].weight", recorded: nothing, sandbox: "1", why: "since 2019-11 (weighted target groups); " + byHand},
	{kind: "rule", path: "actions[].redirectConfig.host", recorded: nothing, sandbox: "#{host}", why: byHand},
	{kind: "rule", path: "actions[].redirectConfig.path", recorded: nothing, sandbox: "/#{path}", why: byHand},
	{kind: "rule", path: "actions[].redirectConfig.query", recorded: nothing, sandbox: "#{query}", why: byHand},
	{kind: "rule", path: "conditions[].pathPatternConfig.values[]", recorded: nothing, why: byHand},

	{kind: "listener", path: "defaultActions[].forwardConfig.targetGroupStickinessConfig.enabled", recorded: nothing, sandbox: "false", why: "since 2019-11 (weighted target groups); the recording is older"},
	{kind: "listener", path: "defaultActions[].forwardConfig.targetGroups[].targetGroupArn", recorded: nothing, why: "since 2019-11 (weighted target groups); the recording is older"},
	{kind: "listener", path: "defaultActions[].forwardConfig.targetGroups[].weight", recorded: nothing, sandbox: "1", why: "since 2019-11 (weighted target groups); the recording is older"},
}
