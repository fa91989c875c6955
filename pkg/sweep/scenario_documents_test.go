package sweep

import (
	"fmt"
	"strings"
)

// edit replaces words of a document, in pairs; each must be there.
func edit(text string, oldnew ...string) string {
	for i := 0; i < len(oldnew); i += 2 {
		if !strings.Contains(text, oldnew[i]) {
			panic("edit: no " + oldnew[i])
		}
	}
	return strings.NewReplacer(oldnew...).Replace(text)
}

// policy gives a document words of spec.policy.
func policy(text, words string) string {
	return edit(text, "\nspec:\n", "\nspec:\n  policy: {"+words+"}\n")
}

// canary is a value that must never be seen outside of AWS.
const canary = "CANARY-5f0c1d"

// hello is the smallest service; more are sections of its spec beside it.
func hello(name string, more ...string) string {
	return fmt.Sprintf(`apiVersion: ecs-operator/v1
kind: Service
metadata: {name: %s}
spec:
  cluster: default
  taskDefinition:
    containerDefinitions:
      - {name: web, image: "nginx:1.29", memory: 64, portMappings: [{containerPort: 80}], environment: {API_TOKEN: %s}}
  service:
    desiredCount: 2
    deploymentConfiguration: {deploymentCircuitBreaker: {enable: true, rollback: true}}
%s`, name, canary, strings.Join(more, ""))
}

// alarm is one on the service's CPU.
const alarm = `  alarms:
    busy: {metricName: CPUUtilization, namespace: AWS/ECS, statistic: Average, period: 60, evaluationPeriods: 3, threshold: 90, comparisonOperator: GreaterThanThreshold, dimensions: {ClusterName: default, ServiceName: hello}}
`

// scaling is one that keeps 2 to 6 tasks.
const scaling = `  scaling:
    minCapacity: 2
    maxCapacity: 6
    policies:
      cpu: {policyType: TargetTrackingScaling, targetTrackingScalingPolicyConfiguration: {targetValue: 60, predefinedMetricSpecification: {predefinedMetricType: ECSServiceAverageCPUUtilization}}}
`

// behind is a service behind a load balancer, by a target group and a listener rule.
func behind(name, group, rule string) string {
	return fmt.Sprintf(`apiVersion: ecs-operator/v1
kind: Service
metadata: {name: %s}
spec:
  cluster: default
  taskDefinition:
    containerDefinitions: [{name: web, image: "nginx:1.29", memory: 64, portMappings: [{containerPort: 80}], environment: {API_TOKEN: %s}}]
  targetGroups:
    web: {%s, targetType: instance, vpcId: vpc-0sandbox, %s}
  listenerRules:
    web: {%s, actions: [{type: forward, targetGroupArn: "$(targetGroups.web.arn)"}]}
  service:
    desiredCount: 2
    loadBalancers: [{targetGroupArn: "$(targetGroups.web.arn)", containerName: web, containerPort: 80}]
    deploymentConfiguration: {deploymentCircuitBreaker: {enable: true, rollback: true}}
`, name, canary, group, quickly, rule)
}

// quickly are a target group's settings under which targets soon serve and soon go.
const quickly = `healthCheckIntervalSeconds: 6, healthCheckTimeoutSeconds: 3, healthyThresholdCount: 2, attributes: {deregistration_delay.timeout_seconds: "5"}`

const onPaths = `listenerArn: "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/main/0123456789abcdef/fedcba9876543210", priority: 10, conditions: [{field: path-pattern, pathPatternConfig: {values: ["/a/*"]}}]`

// web is a service behind the Application Load Balancer.
var web = behind("web", "protocol: HTTP, port: 80", onPaths)

// meshed is the line by which others reach a service by Service Connect.
const meshed = "    serviceConnectConfiguration: {enabled: true, namespace: shop, services: [{portName: http, clientAliases: [{port: 80, dnsName: web}]}]}\n"

// connected is a service on Fargate that others reach by Service Connect.
const connected = `apiVersion: ecs-operator/v1
kind: Service
metadata: {name: web}
spec:
  cluster: default
  taskDefinition:
    networkMode: awsvpc
    requiresCompatibilities: [FARGATE]
    cpu: "256"
    memory: "512"
    executionRoleArn: arn:aws:iam::123456789012:role/ecsTaskExecutionRole
    containerDefinitions: [{name: web, image: "nginx:1.29", portMappings: [{name: http, containerPort: 80}], environment: {API_TOKEN: ` + canary + `}}]
  service:
    launchType: FARGATE
    desiredCount: 2
    networkConfiguration: {awsvpcConfiguration: {subnets: [subnet-0sandboxa, subnet-0sandboxb], securityGroups: [sg-0sandbox]}}
` + meshed + `    deploymentConfiguration: {deploymentCircuitBreaker: {enable: true, rollback: true}}
`

// coloured is the service with a second target group, to which blue/green moves it.
var coloured = edit(web, "  listenerRules:", "    green: {protocol: HTTP, port: 80, targetType: instance, vpcId: vpc-0sandbox, "+quickly+"}\n  listenerRules:",
	"containerName: web, containerPort: 80}]", `containerName: web, containerPort: 80, advancedConfiguration: {alternateTargetGroupArn: $(targetGroups.green.arn), productionListenerRule: $(listenerRules.web.arn), roleArn: "arn:aws:iam::123456789012:role/ecsInfrastructureRole"}}]`,
	"deploymentConfiguration: {", "deploymentConfiguration: {strategy: BLUE_GREEN, bakeTimeInMinutes: 0, ")
