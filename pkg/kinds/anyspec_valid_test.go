package kinds_test

import "github.com/ecs-operator/ecs-operator/pkg/resource"

// always are the optional-looking members without which AWS takes nothing.
var always = map[string][]string{
	resource.KindTaskDefinition: {
		"containerDefinitions", "containerDefinitions[].name", "containerDefinitions[].image", "containerDefinitions[].memory",
		"containerDefinitions[].environment[].name", "containerDefinitions[].environment[].value",
		"containerDefinitions[].secrets[].name", "containerDefinitions[].secrets[].valueFrom",
		"containerDefinitions[].logConfiguration.logDriver", "containerDefinitions[].logConfiguration.secretOptions[].name",
		"containerDefinitions[].logConfiguration.secretOptions[].valueFrom", "containerDefinitions[].healthCheck.command",
		"containerDefinitions[].ulimits[].name", "containerDefinitions[].ulimits[].hardLimit", "containerDefinitions[].ulimits[].softLimit",
		"containerDefinitions[].systemControls[].namespace", "containerDefinitions[].systemControls[].value",
		"containerDefinitions[].extraHosts[].hostname", "containerDefinitions[].extraHosts[].ipAddress",
		"containerDefinitions[].environmentFiles[].value", "containerDefinitions[].environmentFiles[].type",
		"containerDefinitions[].mountPoints[].sourceVolume", "containerDefinitions[].mountPoints[].containerPath",
		"containerDefinitions[].volumesFrom[].sourceContainer", "containerDefinitions[].dependsOn[].containerName", "containerDefinitions[].dependsOn[].condition",
		"containerDefinitions[].firelensConfiguration.type", "containerDefinitions[].repositoryCredentials.credentialsParameter",
		"containerDefinitions[].resourceRequirements[].type", "containerDefinitions[].resourceRequirements[].value",
		"containerDefinitions[].restartPolicy.enabled", "containerDefinitions[].portMappings[].containerPort",
		"containerDefinitions[].linuxParameters.devices[].hostPath", "containerDefinitions[].linuxParameters.tmpfs[].containerPath", "containerDefinitions[].linuxParameters.tmpfs[].size",
		"ephemeralStorage.sizeInGiB", "placementConstraints[].type", "placementConstraints[].expression", "proxyConfiguration.containerName",
		"proxyConfiguration.properties[].name", "proxyConfiguration.properties[].value", "volumes[].name", "tags[].key", "tags[].value",
		"volumes[].efsVolumeConfiguration.fileSystemId", "volumes[].s3filesVolumeConfiguration.fileSystemArn",
		"volumes[].fsxWindowsFileServerVolumeConfiguration.fileSystemId", "volumes[].fsxWindowsFileServerVolumeConfiguration.rootDirectory",
		"volumes[].fsxWindowsFileServerVolumeConfiguration.authorizationConfig", "volumes[].fsxWindowsFileServerVolumeConfiguration.authorizationConfig.credentialsParameter",
		"volumes[].fsxWindowsFileServerVolumeConfiguration.authorizationConfig.domain",
	},
	resource.KindService: {
		"desiredCount", "networkConfiguration.awsvpcConfiguration", "networkConfiguration.awsvpcConfiguration.subnets",
		"capacityProviderStrategy[].capacityProvider", "capacityProviderStrategy[].weight", "placementConstraints[].type", "placementStrategy[].type",
		"deploymentConfiguration.deploymentCircuitBreaker.enable", "deploymentConfiguration.deploymentCircuitBreaker.rollback",
		"deploymentConfiguration.deploymentCircuitBreaker.thresholdConfiguration.type", "deploymentConfiguration.deploymentCircuitBreaker.thresholdConfiguration.value",
		"deploymentConfiguration.alarms.alarmNames", "deploymentConfiguration.alarms.enable", "deploymentConfiguration.alarms.rollback",
		"deploymentConfiguration.earlySuccessCriteria.enable", "deploymentConfiguration.earlySuccessCriteria.healthyPercent", "deploymentConfiguration.earlySuccessCriteria.sourceServiceRevisionCleanup",
		"gatewayConnectors[].portName", "monitoring.metricConfigurations", "monitoring.metricConfigurations[].metricNames", "monitoring.metricConfigurations[].resolutionSeconds",
		"serviceConnectConfiguration.enabled", "serviceConnectConfiguration.namespace", "serviceConnectConfiguration.services[].portName",
		"serviceConnectConfiguration.services[].clientAliases[].port", "serviceConnectConfiguration.services[].clientAliases[].dnsName",
		"serviceConnectConfiguration.services[].tls.issuerCertificateAuthority", "serviceConnectConfiguration.services[].tls.issuerCertificateAuthority.awsPcaAuthorityArn",
		"serviceConnectConfiguration.services[].clientAliases[].testTrafficRules.header", "serviceConnectConfiguration.services[].clientAliases[].testTrafficRules.header.name",
		"serviceConnectConfiguration.services[].clientAliases[].testTrafficRules.header.value", "serviceConnectConfiguration.services[].clientAliases[].testTrafficRules.header.value.exact",
		"serviceConnectConfiguration.logConfiguration.logDriver", "serviceConnectConfiguration.logConfiguration.secretOptions[].name",
		"serviceConnectConfiguration.logConfiguration.secretOptions[].valueFrom", "serviceConnectConfiguration.accessLogConfiguration.format",
		"serviceRegistries[].registryArn", "volumeConfigurations[].name", "volumeConfigurations[].managedEBSVolume", "volumeConfigurations[].managedEBSVolume.roleArn",
		"volumeConfigurations[].managedEBSVolume.sizeInGiB", "volumeConfigurations[].managedEBSVolume.tagSpecifications[].resourceType",
		"volumeConfigurations[].managedEBSVolume.tagSpecifications[].tags[].key", "volumeConfigurations[].managedEBSVolume.tagSpecifications[].tags[].value",
		"vpcLatticeConfigurations[].portName", "vpcLatticeConfigurations[].roleArn", "vpcLatticeConfigurations[].targetGroupArn", "tags[].key", "tags[].value",
	},
	resource.KindTargetGroup:    {"vpcId", "protocol", "port", "targetType", "tags[].key", "tags[].value"},
	resource.KindListenerRule:   {"listenerArn", "priority", "conditions", "actions", "tags[].key", "tags[].value"},
	resource.KindScalableTarget: {"minCapacity", "maxCapacity"},
	resource.KindScalingPolicy: {"policyType",
		"targetTrackingScalingPolicyConfiguration.targetValue", "targetTrackingScalingPolicyConfiguration.predefinedMetricSpecification.predefinedMetricType",
		"stepScalingPolicyConfiguration.adjustmentType", "stepScalingPolicyConfiguration.stepAdjustments"},
	resource.KindScheduledAction: {"schedule", "scalableTargetAction", "scalableTargetAction.minCapacity"},
	"composite-alarm":            {"alarmRule", "tags[].key", "tags[].value", "actionConfiguration.alarmTagsPropagation", "actionConfiguration.alarmTagsPropagation.enabled"},
	resource.KindAlarm: {"evaluationPeriods", "comparisonOperator", "threshold", "tags[].key", "tags[].value", "dimensions[].name", "dimensions[].value",
		"warmUpConfiguration.warmUpPeriodDurationInMinutes", "actionConfiguration.alarmTagsPropagation", "actionConfiguration.alarmTagsPropagation.enabled"},
}

const (
	anyRole   = "arn:aws:iam::123456789012:role/ecsTaskRole"
	anySecret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:any-%d"
	anyTopic  = "arn:aws:sns:us-east-1:123456789012:any-%d"
)

// valid are the values that a type alone does not tell.
var valid = map[string]map[string]any{
	resource.KindTaskDefinition: {
		"family": never("a document of one service derives it"), "inferenceAccelerators": never("AWS has taken it away"),
		"containerDefinitions[].name": numbered("c%d"), "containerDefinitions[].image": []any{"nginx:1.29", "registry.example.com/team/app@sha256:" + sha, "busybox"},
		"containerDefinitions[].cpu": []any{0, 10, 64}, "containerDefinitions[].memory": span{64, 128}, "containerDefinitions[].memoryReservation": span{8, 64},
		"containerDefinitions[].links": never("between containers: repair"), "containerDefinitions[].dependsOn": never("between containers: repair"),
		"containerDefinitions[].volumesFrom":                never("between containers: repair"),
		"containerDefinitions[].mountPoints[].sourceVolume": []any{"scratch"}, "containerDefinitions[].mountPoints[].containerPath": numbered("/mnt/%d"),
		"containerDefinitions[].portMappings[].containerPort": numbered(""), "containerDefinitions[].portMappings[].hostPort": never("follows the network mode: repair"),
		"containerDefinitions[].portMappings[].containerPortRange": never("excludes containerPort: repair"), "containerDefinitions[].portMappings[].name": numbered("p%d"),
		"containerDefinitions[].secrets[].valueFrom": numbered(anySecret), "containerDefinitions[].logConfiguration.secretOptions[].valueFrom": numbered(anySecret),
		"containerDefinitions[].healthCheck.command":  []any{[]any{"CMD-SHELL", "true"}, []any{"CMD", "b", "a", "b"}},
		"containerDefinitions[].healthCheck.interval": span{5, 300}, "containerDefinitions[].healthCheck.timeout": span{2, 60},
		"containerDefinitions[].healthCheck.retries": span{1, 10}, "containerDefinitions[].healthCheck.startPeriod": span{0, 300},
		"containerDefinitions[].restartPolicy.restartAttemptPeriod": span{60, 1800}, "containerDefinitions[].restartPolicy.ignoredExitCodes": several{0, 1, 137},
		"containerDefinitions[].environmentFiles[].value": numbered("arn:aws:s3:::bucket/%d.env"), "containerDefinitions[].credentialSpecs": []any{[]any{"credentialspec:arn:aws:s3:::bucket/spec.json"}},
		"containerDefinitions[].repositoryCredentials.credentialsParameter": numbered(anySecret),
		"containerDefinitions[].extraHosts[].ipAddress":                     []any{"10.0.0.1", "10.0.0.2"}, "containerDefinitions[].dnsServers": several{"10.0.0.2", "10.0.0.3"},
		"containerDefinitions[].ulimits[].name": never(""), "containerDefinitions[].ulimits": several{ulimit("nofile"), ulimit("core"), ulimit("nproc")},
		"containerDefinitions[].ulimits[].hardLimit": never(""), "containerDefinitions[].ulimits[].softLimit": never(""),
		"containerDefinitions[].resourceRequirements":             []any{[]any{map[string]any{"type": "GPU", "value": "1"}}, []any{map[string]any{"type": "GPU", "value": "1", "sharingStrategy": map[string]any{"nvidiaMps": map[string]any{"memory": 1024, "maxComputePercent": 50}}}}},
		"containerDefinitions[].linuxParameters.capabilities.add": several{"SYS_PTRACE", "NET_ADMIN", "KILL"}, "containerDefinitions[].linuxParameters.capabilities.drop": several{"MKNOD", "CHOWN"},
		"containerDefinitions[].linuxParameters.devices[].permissions": several{"read", "write", "mknod"}, "containerDefinitions[].linuxParameters.tmpfs[].mountOptions": several{"rw", "noexec", "nosuid"},
		"containerDefinitions[].startTimeout": span{2, 120}, "containerDefinitions[].stopTimeout": span{2, 120},
		"cpu": never("with memory: repair"), "memory": never("with cpu: repair"), "networkMode": never("repair"), "requiresCompatibilities": never("repair"),
		"ephemeralStorage.sizeInGiB": span{21, 200}, "executionRoleArn": never("written wherever something needs it: repair"), "taskRoleArn": []any{anyRole, "ecsTaskRole"},
		"placementConstraints": never("repair"), "proxyConfiguration.type": []any{"APPMESH"}, "volumes": never("each of one sort: repair"),
		"runtimePlatform.cpuArchitecture": []any{"X86_64"}, "runtimePlatform.operatingSystemFamily": []any{"LINUX"},
	},
	resource.KindService: {
		"clientToken": never("ours"), "cluster": never("the frame's"), "serviceName": never("the frame's"), "taskDefinition": never("the document's"),
		"role": never("with a Classic Load Balancer, which the sandbox has not"), "deploymentController": []any{map[string]any{"type": "ECS"}},
		"desiredCount": span{0, 2}, "schedulingStrategy": []any{"REPLICA"}, "launchType": never("repair"), "capacityProviderStrategy": never("repair"),
		"networkConfiguration": never("repair"), "loadBalancers": never("repair"), "placementConstraints": never("repair"), "placementStrategy": never("repair"), "platformVersion": never("repair"),
		"healthCheckGracePeriodSeconds": never("with a load balancer: repair"), "deploymentConfiguration.alarms": never("repair"),
		"deploymentConfiguration.strategy": []any{"ROLLING"}, "deploymentConfiguration.bakeTimeInMinutes": []any{0},
		"deploymentConfiguration.linearConfiguration": never("with LINEAR: repair"), "deploymentConfiguration.canaryConfiguration": never("with CANARY: repair"),
		"deploymentConfiguration.lifecycleHooks": never("by their sort: repair"),
		"deploymentConfiguration.maximumPercent": span{150, 200}, "deploymentConfiguration.minimumHealthyPercent": span{0, 100},
		"deploymentConfiguration.earlySuccessCriteria.healthyPercent": []any{100}, "deploymentConfiguration.deploymentCircuitBreaker.thresholdConfiguration.value": span{1, 100},
		"gatewayConnectors": never("needs a named port: repair"), "serviceConnectConfiguration.services": never("needs a named port: repair"), "vpcLatticeConfigurations": never("needs a named port: repair"),
		"monitoring.metricConfigurations":       []any{[]any{map[string]any{"metricNames": []any{"MemoryUtilization", "CPUUtilization"}, "resolutionSeconds": 20}}},
		"serviceConnectConfiguration.namespace": []any{"internal"}, "serviceConnectConfiguration.logConfiguration.secretOptions[].valueFrom": numbered(anySecret),
		"serviceRegistries": []any{[]any{map[string]any{"registryArn": anyRegistry}},
			[]any{map[string]any{"registryArn": anyRegistry, "containerName": "c1", "containerPort": 8001, "port": 8001}}},
		"volumeConfigurations": never("needs a volume configured at launch: repair"), "propagateTags": []any{"SERVICE", "TASK_DEFINITION", "NONE"},
	},
	resource.KindTargetGroup: {
		"name": numbered("any-%d"), "vpcId": []any{"vpc-0sandbox"}, "protocol": []any{"HTTP"}, "targetType": never("repair"), "targetControlPort": never("repair"),
		"protocolVersion": []any{"HTTP1", "HTTP2", "GRPC"}, "ipAddressType": []any{"ipv4"}, "healthCheckEnabled": []any{true}, "healthCheckProtocol": []any{"HTTP", "HTTPS"},
		"healthCheckPath": numbered("/healthz/%d"), "healthCheckPort": []any{"traffic-port", "8080"}, "healthCheckIntervalSeconds": span{30, 300}, "healthCheckTimeoutSeconds": span{2, 29},
		"healthyThresholdCount": span{2, 10}, "unhealthyThresholdCount": span{2, 10}, "matcher": never("follows the protocol version: repair"), "port": span{1, 65535},
	},
	resource.KindListenerRule: {
		"listenerArn": []any{anyListener}, "priority": numbered(""), "conditions": never("repair"), "actions": never("repair"), "transforms": never("repair"),
	},
	resource.KindScalableTarget: {
		"minCapacity": span{0, 2}, "maxCapacity": span{2, 9}, "resourceId": never("the frame's"), "scalableDimension": never("the frame's"),
		"serviceNamespace": never("the frame's"), "roleARN": never("the service-linked role is always used"), "tags[]": numbered("v%d"),
	},
	resource.KindScalingPolicy: {
		"policyName": numbered("any-%d"), "resourceId": never("the frame's"), "scalableDimension": never("the frame's"), "serviceNamespace": never("the frame's"),
		"predictiveScalingPolicyConfiguration": never("repair"), "stepScalingPolicyConfiguration": never("repair"), "targetTrackingScalingPolicyConfiguration": never("repair"), "policyType": never("repair"),
	},
	resource.KindScheduledAction: {
		"scheduledActionName": numbered("any-%d"), "resourceId": never("the frame's"), "scalableDimension": never("the frame's"), "serviceNamespace": never("the frame's"),
		"schedule": []any{"cron(0 6 ? * MON-FRI *)", "rate(1 day)", "at(2031-05-02T06:00:00)"}, "timezone": []any{"Europe/Paris", "UTC"},
		"startTime": []any{"2031-05-01T06:00:00Z"}, "endTime": []any{"2032-05-01T06:00:00Z"},
		"scalableTargetAction.minCapacity": span{0, 2}, "scalableTargetAction.maxCapacity": span{2, 9},
	},
	"composite-alarm": {
		"alarmName": numbered("any/composite %d"), "alarmRule": never("repair"), "actionsSuppressor": never("repair"), "actionsSuppressorWaitPeriod": never("repair"),
		"actionsSuppressorExtensionPeriod": never("repair"), "alarmActions": never("repair"), "okActions": never("repair"), "insufficientDataActions": never("repair"),
		"actionConfiguration.alarmTagsPropagation.includedTagKeys": never("excludes excludedTagKeys: repair"), "actionConfiguration.alarmTagsPropagation.excludedTagKeys": never("excludes includedTagKeys: repair"),
	},
	resource.KindAlarm: {
		"alarmName": numbered("any/alarm %d"), "metrics": never("excludes the single metric: repair"), "evaluationCriteria": never("excludes the others: repair"), "evaluationInterval": never("with evaluationCriteria"),
		"thresholdMetricId": never("with an anomaly band"), "extendedStatistic": never("excludes statistic: repair"), "evaluationWindow": never("repair"),
		"comparisonOperator": []any{"GreaterThanThreshold", "LessThanThreshold", "GreaterThanOrEqualToThreshold", "LessThanOrEqualToThreshold"},
		"treatMissingData":   []any{"breaching", "notBreaching", "ignore", "missing"}, "evaluateLowSampleCountPercentile": never("with a percentile: repair"),
		"alarmActions": never("repair"), "okActions": never("repair"), "insufficientDataActions": never("repair"), "datapointsToAlarm": []any{1}, "evaluationPeriods": span{1, 5},
		"namespace": never("repair"), "metricName": never("repair"), "period": never("repair"), "statistic": never("repair"), "dimensions": never("repair"), "unit": never("repair"),
		"actionConfiguration.alarmTagsPropagation.includedTagKeys": never("excludes excludedTagKeys: repair"), "actionConfiguration.alarmTagsPropagation.excludedTagKeys": never("excludes includedTagKeys: repair"),
	},
}

const (
	sha         = "4bd19d4f8a1c2b3a4bd19d4f8a1c2b3a4bd19d4f8a1c2b3a4bd19d4f8a1c2b3a"
	anyRegistry = "arn:aws:servicediscovery:us-east-1:123456789012:service/srv-1"
	anyListener = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/main/0123456789abcdef/fedcba9876543210"
)

func ulimit(name string) any {
	return map[string]any{"name": name, "softLimit": 1024, "hardLimit": 4096}
}

// undrawn are the places that no case writes, each with the reason.
var undrawn = map[string]map[string]string{
	resource.KindTaskDefinition: {
		"family": "a document of one service derives it", "inferenceAccelerators": "AWS has taken it away",
		"volumes[].fsxWindowsFileServerVolumeConfiguration": "Windows only, and the drawn tasks are Linux",
	},
	resource.KindService: {
		"serviceName": "the frame's", "cluster": "the frame's", "taskDefinition": "the document's own", "clientToken": "the operator's",
		"role": "with Classic Load Balancers, which the sandbox has not", "loadBalancers[].loadBalancerName": "names a Classic Load Balancer",
	},
	resource.KindScalableTarget:  {"resourceId": "the frame's", "scalableDimension": "the frame's", "serviceNamespace": "the frame's", "roleARN": "the service-linked role is always used"},
	resource.KindScalingPolicy:   {"resourceId": "the frame's", "scalableDimension": "the frame's", "serviceNamespace": "the frame's"},
	resource.KindScheduledAction: {"resourceId": "the frame's", "scalableDimension": "the frame's", "serviceNamespace": "the frame's"},
}
