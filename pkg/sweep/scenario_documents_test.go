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

// behind is a service with tasks in a network of their own; group and rule put it
// behind a load balancer.
func behind(name, group, rule string) string {
	return fmt.Sprintf(`apiVersion: ecs-operator/v1
kind: Service
metadata: {name: %s}
spec:
  cluster: default
  taskDefinition:
    networkMode: awsvpc
    requiresCompatibilities: [FARGATE]
    cpu: "256"
    memory: "512"
    executionRoleArn: arn:aws:iam::123456789012:role/ecsTaskExecutionRole
    containerDefinitions: [{name: web, image: "nginx:1.29", portMappings: [{name: http, containerPort: 80}], environment: {API_TOKEN: %s}}]
  targetGroups:
    web: {%s, targetType: ip, vpcId: vpc-0sandbox, healthCheckIntervalSeconds: 10, attributes: {deregistration_delay.timeout_seconds: "10"}}
  listenerRules:
    web: {%s, actions: [{type: forward, targetGroupArn: "$(targetGroups.web.arn)"}]}
  service:
    launchType: FARGATE
    desiredCount: 2
    networkConfiguration: {awsvpcConfiguration: {subnets: [subnet-0sandboxa, subnet-0sandboxb], securityGroups: [sg-0sandbox]}}
    loadBalancers: [{targetGroupArn: "$(targetGroups.web.arn)", containerName: web, containerPort: 80}]
    deploymentConfiguration: {deploymentCircuitBreaker: {enable: true, rollback: true}}
`, name, canary, group, rule)
}

const onPaths = `listener: {loadBalancer: main, port: 80}, priority: 10, conditions: [{field: path-pattern, values: ["/a/*"]}]`

// web is a service behind the Application Load Balancer.
var web = behind("web", "protocol: HTTP, port: 80", onPaths)

// connected is the service without a load balancer: others reach it by Service Connect.
var connected = without(edit(web, "    loadBalancers: [{targetGroupArn: \"$(targetGroups.web.arn)\", containerName: web, containerPort: 80}]\n",
	"    serviceConnectConfiguration: {enabled: true, namespace: shop, services: [{portName: http, clientAliases: [{port: 80, dnsName: web}]}]}\n"), "  targetGroups:", "  service:")

// coloured is the service with a second target group, to which blue/green moves it.
var coloured = edit(web, "  listenerRules:", `    green: {protocol: HTTP, port: 80, targetType: ip, vpcId: vpc-0sandbox, healthCheckIntervalSeconds: 10, attributes: {deregistration_delay.timeout_seconds: "10"}}
  listenerRules:`, "containerName: web, containerPort: 80}]", `containerName: web, containerPort: 80, advancedConfiguration: {alternateTargetGroupArn: $(targetGroups.green.arn), productionListenerRule: $(listenerRules.web.arn), roleArn: "arn:aws:iam::123456789012:role/ecsInfrastructureRole"}}]`,
	"deploymentConfiguration: {", "deploymentConfiguration: {strategy: BLUE_GREEN, bakeTimeInMinutes: 1, ")

// without is a document without what stands from one section to another.
func without(text, from, to string) string {
	head, rest, ok := strings.Cut(text, from)
	_, rest, ok2 := strings.Cut(rest, to)
	if !ok || !ok2 {
		panic("without: no " + from + " or " + to)
	}
	return head + to + rest
}
