package sweep

import (
	"fmt"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// rollingScenarios are services that are made and changed in place.
func rollingScenarios() []*scenario {
	ready := map[string]status.Reason{"web": status.Synced}
	return []*scenario{
		{name: "create-alb", after: documents{"web.yaml": web}, rest: ready},
		{name: "create-plain", after: documents{"hello.yaml": hello("hello", "nginx:1.29")}, rest: map[string]status.Reason{"hello": status.Synced}},
		{name: "new-image", before: documents{"web.yaml": web}, after: documents{"web.yaml": edit(web, "nginx:1.29", "nginx:1.30")}, rest: ready},
		{name: "rolled-back", before: documents{"web.yaml": web}, after: documents{"web.yaml": edit(web, "nginx:1.29", "nginx:crash")},
			rest: map[string]status.Reason{"web": status.RolledBack}},
		{name: "scale-up", before: documents{"hello.yaml": hello("hello", "nginx:1.29")},
			after: documents{"hello.yaml": edit(hello("hello", "nginx:1.29"), "desiredCount: 2", "desiredCount: 4")}, rest: map[string]status.Reason{"hello": status.Synced}},
	}
}

// edit replaces words of a document, in pairs; each must be there.
func edit(text string, oldnew ...string) string {
	for i := 0; i < len(oldnew); i += 2 {
		if !strings.Contains(text, oldnew[i]) {
			panic("edit: no " + oldnew[i])
		}
	}
	return strings.NewReplacer(oldnew...).Replace(text)
}

// canary is a value that must never be seen outside of AWS.
const canary = "CANARY-5f0c1d"

// hello is the smallest service.
func hello(name, image string) string {
	return fmt.Sprintf(`apiVersion: ecs-operator/v1
kind: Service
metadata: {name: %s}
spec:
  cluster: default
  taskDefinition:
    containerDefinitions:
      - {name: web, image: "%s", memory: 64, portMappings: [{containerPort: 80}], environment: {API_TOKEN: %s}}
  service:
    desiredCount: 2
    deploymentConfiguration:
      deploymentCircuitBreaker: {enable: true, rollback: true}
`, name, image, canary)
}

// web is a service behind the load balancer, with scaling and an alarm.
const web = `apiVersion: ecs-operator/v1
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
    containerDefinitions:
      - {name: web, image: "nginx:1.29", portMappings: [{containerPort: 80}], environment: {API_TOKEN: ` + canary + `}}
  targetGroups:
    web: {protocol: HTTP, port: 80, targetType: ip, vpcId: vpc-0sandbox, attributes: {deregistration_delay.timeout_seconds: "30"}}
  listenerRules:
    web:
      listenerArn: arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/main/0123456789abcdef/fedcba9876543210
      priority: 10
      conditions: [{field: path-pattern, pathPatternConfig: {values: ["/*"]}}]
      actions: [{type: forward, targetGroupArn: "$(targetGroups.web.arn)"}]
  service:
    launchType: FARGATE
    desiredCount: 2
    networkConfiguration:
      awsvpcConfiguration: {subnets: [subnet-0sandboxa, subnet-0sandboxb], securityGroups: [sg-0sandbox]}
    loadBalancers: [{targetGroupArn: "$(targetGroups.web.arn)", containerName: web, containerPort: 80}]
    deploymentConfiguration:
      deploymentCircuitBreaker: {enable: true, rollback: true}
  scaling:
    minCapacity: 2
    maxCapacity: 6
    policies:
      cpu:
        policyType: TargetTrackingScaling
        targetTrackingScalingPolicyConfiguration:
          targetValue: 60
          predefinedMetricSpecification: {predefinedMetricType: ECSServiceAverageCPUUtilization}
  alarms:
    errors:
      metricName: HTTPCode_Target_5XX_Count
      namespace: AWS/ApplicationELB
      statistic: Sum
      period: 60
      evaluationPeriods: 1
      threshold: 5
      comparisonOperator: GreaterThanThreshold
      dimensions: [{name: TargetGroup, value: "$(targetGroups.web.fullName)"}]
`
