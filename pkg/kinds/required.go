package kinds

// Members that AWS refuses to do without: those whose comment in the SDK says
// "This member is required", without what the frame fills in and without plain
// booleans, which the SDK sends as false. A few lines add what the API requires
// and the SDK's comments do not say.

var serviceRequired = []string{
	"capacityProviderStrategy[].capacityProvider",
	"deploymentConfiguration.deploymentCircuitBreaker.thresholdConfiguration.type",
	"deploymentConfiguration.deploymentCircuitBreaker.thresholdConfiguration.value",
	"deploymentController.type",
	"gatewayConnectors[].portName",
	"monitoring.metricConfigurations[].metricNames",
	"monitoring.metricConfigurations[].resolutionSeconds",
	"networkConfiguration.awsvpcConfiguration.subnets",
	"serviceConnectConfiguration.accessLogConfiguration.format",
	"serviceConnectConfiguration.logConfiguration.logDriver",
	"serviceConnectConfiguration.logConfiguration.secretOptions[].name",
	"serviceConnectConfiguration.logConfiguration.secretOptions[].valueFrom",
	"serviceConnectConfiguration.services[].portName",
	"serviceConnectConfiguration.services[].clientAliases[].port",
	"serviceConnectConfiguration.services[].clientAliases[].testTrafficRules.header",
	"serviceConnectConfiguration.services[].clientAliases[].testTrafficRules.header.name",
	"serviceConnectConfiguration.services[].clientAliases[].testTrafficRules.header.value.exact",
	"serviceConnectConfiguration.services[].tls.issuerCertificateAuthority",
	"volumeConfigurations[].name",
	"volumeConfigurations[].managedEBSVolume.roleArn",
	"volumeConfigurations[].managedEBSVolume.tagSpecifications[].resourceType",
	"vpcLatticeConfigurations[].portName",
	"vpcLatticeConfigurations[].roleArn",
	"vpcLatticeConfigurations[].targetGroupArn",
}

// taskRequired leaves out repositoryCredentials.credentialsParameter: the console
// writes it empty, and AWS takes that for none.
var taskRequired = []string{
	"containerDefinitions",
	"containerDefinitions[].name",  // "Container.name should not be null or empty."
	"containerDefinitions[].image", // "Container.image should not be null or empty."
	"containerDefinitions[].dependsOn[].condition",
	"containerDefinitions[].dependsOn[].containerName",
	"containerDefinitions[].environmentFiles[].type",
	"containerDefinitions[].environmentFiles[].value",
	"containerDefinitions[].extraHosts[].hostname",
	"containerDefinitions[].extraHosts[].ipAddress",
	"containerDefinitions[].firelensConfiguration.type",
	"containerDefinitions[].healthCheck.command",
	"containerDefinitions[].linuxParameters.devices[].hostPath",
	"containerDefinitions[].linuxParameters.tmpfs[].containerPath",
	"containerDefinitions[].linuxParameters.tmpfs[].size",
	"containerDefinitions[].logConfiguration.logDriver",
	"containerDefinitions[].logConfiguration.secretOptions[].name",
	"containerDefinitions[].logConfiguration.secretOptions[].valueFrom",
	"containerDefinitions[].resourceRequirements[].type",
	"containerDefinitions[].restartPolicy.enabled",
	"containerDefinitions[].secrets[].name",
	"containerDefinitions[].secrets[].valueFrom",
	"containerDefinitions[].ulimits[].name",
	"ephemeralStorage.sizeInGiB",
	"proxyConfiguration.containerName",
	"volumes[].efsVolumeConfiguration.fileSystemId",
	"volumes[].fsxWindowsFileServerVolumeConfiguration.authorizationConfig",
	"volumes[].fsxWindowsFileServerVolumeConfiguration.authorizationConfig.credentialsParameter",
	"volumes[].fsxWindowsFileServerVolumeConfiguration.authorizationConfig.domain",
	"volumes[].fsxWindowsFileServerVolumeConfiguration.fileSystemId",
	"volumes[].fsxWindowsFileServerVolumeConfiguration.rootDirectory",
	"volumes[].s3filesVolumeConfiguration.fileSystemArn",
}

var ruleRequired = []string{
	"priority", "actions", "actions[].type",
	"actions[].authenticateCognitoConfig.userPoolArn",
	"actions[].authenticateCognitoConfig.userPoolClientId",
	"actions[].authenticateCognitoConfig.userPoolDomain",
	"actions[].authenticateOidcConfig.authorizationEndpoint",
	"actions[].authenticateOidcConfig.clientId",
	"actions[].authenticateOidcConfig.issuer",
	"actions[].authenticateOidcConfig.tokenEndpoint",
	"actions[].authenticateOidcConfig.userInfoEndpoint",
	"actions[].fixedResponseConfig.statusCode",
	"actions[].jwtValidationConfig.issuer",
	"actions[].jwtValidationConfig.jwksEndpoint",
	"actions[].jwtValidationConfig.additionalClaims[].format",
	"actions[].jwtValidationConfig.additionalClaims[].name",
	"actions[].jwtValidationConfig.additionalClaims[].values",
	"actions[].redirectConfig.statusCode",
	"transforms[].type",
	"transforms[].hostHeaderRewriteConfig.rewrites[].regex",
	"transforms[].hostHeaderRewriteConfig.rewrites[].replace",
	"transforms[].urlRewriteConfig.rewrites[].regex",
	"transforms[].urlRewriteConfig.rewrites[].replace",
}

// scalableTargetRequired: RegisterScalableTargetInput: both are "required when registering a new scalable target".
var scalableTargetRequired = []string{"minCapacity", "maxCapacity"}

var policyRequired = []string{
	"stepScalingPolicyConfiguration.stepAdjustments[].scalingAdjustment",
	tracking + ".targetValue",
	tracking + ".customizedMetricSpecification.dimensions[].name",
	tracking + ".customizedMetricSpecification.dimensions[].value",
	tracking + ".customizedMetricSpecification.metrics[].id",
	tracking + ".customizedMetricSpecification.metrics[].metricStat.metric",
	tracking + ".customizedMetricSpecification.metrics[].metricStat.stat",
	tracking + ".predefinedMetricSpecification.predefinedMetricType",
	"predictiveScalingPolicyConfiguration.metricSpecifications",
	"predictiveScalingPolicyConfiguration.metricSpecifications[].targetValue",
}

// actionRequired: PutScheduledActionInput.Schedule is required for a new action. An
// action that sets no capacity does nothing, and of an existing one AWS keeps what
// it is not told: the line could not be deleted.
var actionRequired = []string{"scalableTargetAction", "schedule"}

var alarmRequired = []string{
	"actionConfiguration.alarmTagsPropagation.enabled",
	"dimensions[].name", "dimensions[].value",
	"metrics[].id", "metrics[].metricStat.metric",
	"metrics[].metricStat.metric.dimensions[].name", "metrics[].metricStat.metric.dimensions[].value",
	"metrics[].metricStat.period", "metrics[].metricStat.stat",
	"warmUpConfiguration.warmUpPeriodDurationInMinutes",
}
