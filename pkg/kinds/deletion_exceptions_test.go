package kinds_test

import "github.com/ecs-operator/ecs-operator/pkg/resource"

// undeletable are the fields whose line alone cannot be deleted: without it AWS, or
// the SDK before it, refuses what is left. The reason is the refusal, in the words of
// the embedded AWS.
var undeletable = map[string]map[string]string{
	resource.KindAlarm: {
		"evaluationCriteria.promQLCriteria.query": "the SDK insists on it where the object around it is written",
		"metrics[].expression":                    "Exactly one of Expression and MetricStat must be specified for the metric band",
		"metrics[].metricStat":                    "Exactly one of Expression and MetricStat must be specified for the metric a",
	},
	resource.KindListenerRule: {
		"conditions[].field":                           "Condition field '' must be one of '[path-pattern, host-header, http-header, query-string, http-request-method, source-ip]'",
		"conditions[].hostHeaderConfig":                "A condition value must be specified",
		"conditions[].hostHeaderConfig.regexValues":    "A condition value must be specified",
		"conditions[].hostHeaderConfig.values":         "A condition value must be specified",
		"conditions[].httpHeaderConfig":                "A header name must be specified for condition field 'http-header'",
		"conditions[].httpHeaderConfig.httpHeaderName": "A header name must be specified for condition field 'http-header'",
		"conditions[].httpHeaderConfig.regexValues":    "A condition value must be specified",
		"conditions[].httpHeaderConfig.values":         "A condition value must be specified",
		"conditions[].httpRequestMethodConfig":         "A condition value must be specified",
		"conditions[].httpRequestMethodConfig.values":  "A condition value must be specified",
		"conditions[].pathPatternConfig":               "A condition value must be specified",
		"conditions[].pathPatternConfig.regexValues":   "A condition value must be specified",
		"conditions[].pathPatternConfig.values":        "A condition value must be specified",
		"conditions[].queryStringConfig":               "A condition value must be specified",
		"conditions[].queryStringConfig.values":        "A condition value must be specified",
		"conditions[].regexValues":                     "A condition value must be specified",
		"conditions[].sourceIpConfig":                  "A condition value must be specified",
		"conditions[].sourceIpConfig.values":           "A condition value must be specified",
		"conditions[].values":                          "A condition value must be specified",
	},
	resource.KindScalingPolicy: {
		"predictiveScalingPolicyConfiguration.metricSpecifications[].customizedCapacityMetricSpecification.metricDataQueries":                                        "the SDK insists on it where the object around it is written",
		"predictiveScalingPolicyConfiguration.metricSpecifications[].customizedCapacityMetricSpecification.metricDataQueries[].id":                                   "the SDK insists on it where the object around it is written",
		"predictiveScalingPolicyConfiguration.metricSpecifications[].customizedCapacityMetricSpecification.metricDataQueries[].metricStat.metric":                    "the SDK insists on it where the object around it is written",
		"predictiveScalingPolicyConfiguration.metricSpecifications[].customizedCapacityMetricSpecification.metricDataQueries[].metricStat.metric.dimensions[].name":  "the SDK insists on it where the object around it is written",
		"predictiveScalingPolicyConfiguration.metricSpecifications[].customizedCapacityMetricSpecification.metricDataQueries[].metricStat.metric.dimensions[].value": "the SDK insists on it where the object around it is written",
		"predictiveScalingPolicyConfiguration.metricSpecifications[].customizedCapacityMetricSpecification.metricDataQueries[].metricStat.stat":                      "the SDK insists on it where the object around it is written",
		"predictiveScalingPolicyConfiguration.metricSpecifications[].customizedLoadMetricSpecification.metricDataQueries":                                            "the SDK insists on it where the object around it is written",
		"predictiveScalingPolicyConfiguration.metricSpecifications[].customizedLoadMetricSpecification.metricDataQueries[].id":                                       "the SDK insists on it where the object around it is written",
		"predictiveScalingPolicyConfiguration.metricSpecifications[].customizedLoadMetricSpecification.metricDataQueries[].metricStat.metric":                        "the SDK insists on it where the object around it is written",
		"predictiveScalingPolicyConfiguration.metricSpecifications[].customizedLoadMetricSpecification.metricDataQueries[].metricStat.metric.dimensions[].name":      "the SDK insists on it where the object around it is written",
		"predictiveScalingPolicyConfiguration.metricSpecifications[].customizedLoadMetricSpecification.metricDataQueries[].metricStat.metric.dimensions[].value":     "the SDK insists on it where the object around it is written",
		"predictiveScalingPolicyConfiguration.metricSpecifications[].customizedLoadMetricSpecification.metricDataQueries[].metricStat.stat":                          "the SDK insists on it where the object around it is written",
		"predictiveScalingPolicyConfiguration.metricSpecifications[].customizedScalingMetricSpecification.metricDataQueries":                                         "the SDK insists on it where the object around it is written",
		"predictiveScalingPolicyConfiguration.metricSpecifications[].customizedScalingMetricSpecification.metricDataQueries[].id":                                    "the SDK insists on it where the object around it is written",
		"predictiveScalingPolicyConfiguration.metricSpecifications[].customizedScalingMetricSpecification.metricDataQueries[].metricStat.metric":                     "the SDK insists on it where the object around it is written",
		"predictiveScalingPolicyConfiguration.metricSpecifications[].customizedScalingMetricSpecification.metricDataQueries[].metricStat.metric.dimensions[].name":   "the SDK insists on it where the object around it is written",
		"predictiveScalingPolicyConfiguration.metricSpecifications[].customizedScalingMetricSpecification.metricDataQueries[].metricStat.metric.dimensions[].value":  "the SDK insists on it where the object around it is written",
		"predictiveScalingPolicyConfiguration.metricSpecifications[].customizedScalingMetricSpecification.metricDataQueries[].metricStat.stat":                       "the SDK insists on it where the object around it is written",
		"predictiveScalingPolicyConfiguration.metricSpecifications[].predefinedLoadMetricSpecification.predefinedMetricType":                                         "the SDK insists on it where the object around it is written",
		"predictiveScalingPolicyConfiguration.metricSpecifications[].predefinedMetricPairSpecification.predefinedMetricType":                                         "the SDK insists on it where the object around it is written",
		"predictiveScalingPolicyConfiguration.metricSpecifications[].predefinedScalingMetricSpecification.predefinedMetricType":                                      "the SDK insists on it where the object around it is written",
		"targetTrackingScalingPolicyConfiguration.customizedMetricSpecification.metrics[].metricStat.metric.dimensions[].name":                                       "the SDK insists on it where the object around it is written",
		"targetTrackingScalingPolicyConfiguration.customizedMetricSpecification.metrics[].metricStat.metric.dimensions[].value":                                      "the SDK insists on it where the object around it is written",
	},
	resource.KindService: {
		"loadBalancers[].containerName":            "The container does not exist in the task definition.",
		"loadBalancers[].containerPort":            "The container c2 did not have a container port 0 defined.",
		"networkConfiguration.awsvpcConfiguration": "subnets can not be empty.",
		"placementConstraints[].expression":        "Invalid expression: : empty expression",
		"placementConstraints[].type":              "Invalid placement constraint type:",
		"placementStrategy[].field":                "Invalid placement strategy: spread must be on instanceId or an attribute.",
		"placementStrategy[].type":                 "Invalid placement strategy type:",
	},
	resource.KindTaskDefinition: {
		"containerDefinitions[].repositoryCredentials.credentialsParameter":              "the SDK insists on it where the object around it is written",
		"containerDefinitions[].resourceRequirements[].sharingStrategy.nvidiaMps.memory": "the SDK insists on it where the object around it is written",
		"containerDefinitions[].volumesFrom[].sourceContainer":                           "Unknown container '' in volumesFrom of 'c10'.",
	},
}
