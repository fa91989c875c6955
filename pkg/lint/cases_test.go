package lint_test

import (
	"strings"
	"testing"
)

// example is an edit of a base that one rule speaks of: each line "OLD => NEW"
// replaces a text that stands in the base once.
type example struct {
	code, base string
	bad        string
	good       string   // the same, mended; "" where the base is the twin
	also       []string // other rules that the example cannot but touch
}

func (c example) edit(t *testing.T, edits string) string {
	t.Helper()
	text := bases[c.base]
	for _, line := range strings.Split(edits, "\n") {
		from, to, ok := strings.Cut(line, " => ")
		if !ok || strings.Count(text, from) != 1 {
			t.Fatalf("%s: %q stands %d times in the base %s", c.code, from, strings.Count(text, from), c.base)
		}
		text = strings.Replace(text, from, strings.ReplaceAll(to, `\n`, "\n"), 1)
	}
	return text
}

// bases have something of everything, and nothing that a rule speaks of.
var bases = map[string]string{
	"ec2": `apiVersion: ecs-operator/v1
kind: Service
metadata: {name: worker}
spec:
  taskDefinition:
    cpu: "512"
    memory: "1024"
    networkMode: bridge
    executionRoleArn: arn:aws:iam::123456789012:role/execution
    taskRoleArn: arn:aws:iam::123456789012:role/task
    containerDefinitions:
      - name: main
        image: busybox:1.37
        cpu: 128
        memory: 256
        portMappings: [{name: http, containerPort: 80, hostPort: 8080}]
        mountPoints: [{sourceVolume: scratch, containerPath: /scratch}]
        secrets: [{name: TOKEN, valueFrom: token}]
        environment: [{name: QUEUE, value: jobs}, {name: OTHER, value: x}]
        healthCheck: {command: [CMD-SHELL, "true"], interval: 30, retries: 3}
        ulimits: [{name: nofile, softLimit: 1024, hardLimit: 4096}]
        restartPolicy: {enabled: true, restartAttemptPeriod: 60}
        logConfiguration: {logDriver: awslogs, options: {awslogs-group: g, awslogs-region: eu-west-1}}
      - name: side
        image: busybox:1.37
        essential: false
        memoryReservation: 64
        links: [main]
        dependsOn: [{containerName: main, condition: HEALTHY}]
        logConfiguration: {logDriver: json-file}
    volumes: [{name: scratch}, {name: data, configuredAtLaunch: true}]
    placementConstraints: []
  service:
    launchType: EC2
    desiredCount: 2
    schedulingStrategy: REPLICA
    enableExecuteCommand: true
    placementStrategy: [{type: binpack, field: MEMORY}]
    volumeConfigurations: [{name: data, managedEBSVolume: {roleArn: "arn:aws:iam::123456789012:role/ebs", sizeInGiB: 1}}]
    deploymentConfiguration:
      minimumHealthyPercent: 50
      deploymentCircuitBreaker: {enable: true, rollback: true}
`,
	"web": `apiVersion: ecs-operator/v1
kind: Service
metadata: {name: web}
spec:
  taskDefinition:
    cpu: "1024"
    memory: 2 GB
    networkMode: awsvpc
    requiresCompatibilities: [FARGATE]
    runtimePlatform: {operatingSystemFamily: LINUX}
    executionRoleArn: arn:aws:iam::123456789012:role/execution
    ephemeralStorage: {sizeInGiB: 21}
    containerDefinitions:
      - name: app
        image: httpd:2.4
        stopTimeout: 120
        portMappings: [{name: http, containerPort: 80}]
        logConfiguration: {logDriver: awslogs, options: {awslogs-group: g, awslogs-region: eu-west-1, awslogs-stream-prefix: app}}
  service:
    launchType: FARGATE
    platformVersion: LATEST
    healthCheckGracePeriodSeconds: 30
    networkConfiguration: {awsvpcConfiguration: {subnets: [subnet-1], securityGroups: [sg-1]}}
    loadBalancers:
      - targetGroupArn: $(targetGroups.blue.arn)
        containerName: app
        containerPort: 80
        advancedConfiguration: {alternateTargetGroupArn: $(targetGroups.green.arn), productionListenerRule: $(listenerRules.web.arn), roleArn: "arn:aws:iam::123456789012:role/elb"}
    serviceConnectConfiguration: {enabled: true, services: [{portName: http}]}
    deploymentConfiguration:
      strategy: BLUE_GREEN
      bakeTimeInMinutes: 5
      alarms: {enable: true, rollback: true, alarmNames: [$(alarms.blue.name), $(alarms.green.name)]}
      lifecycleHooks: [{targetType: PAUSE, lifecycleStages: [PRE_SCALE_UP]}]
  targetGroups:
    blue: {protocol: HTTP, port: 80, vpcId: vpc-1, targetType: ip, healthCheckPath: /, healthCheckTimeoutSeconds: 4, healthCheckIntervalSeconds: 5}
    green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip}
  listenerRules:
    web:
      listenerArn: arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/main/0123456789abcdef/fedcba9876543210
      priority: 10
      conditions: [{field: host-header, hostHeaderConfig: {values: [a.example.com]}}, {field: path-pattern, pathPatternConfig: {values: [/a]}}]
      actions:
        - {type: forward, forwardConfig: {targetGroups: [{targetGroupArn: $(targetGroups.blue.arn), weight: 1}, {targetGroupArn: $(targetGroups.green.arn), weight: 0}]}}
  scaling:
    minCapacity: 2
    maxCapacity: 6
    policies:
      cpu:
        policyType: TargetTrackingScaling
        targetTrackingScalingPolicyConfiguration: {targetValue: 60, predefinedMetricSpecification: {predefinedMetricType: ECSServiceAverageCPUUtilization}}
    scheduledActions:
      morning: {schedule: "cron(0 6 ? * MON-FRI *)", scalableTargetAction: {minCapacity: 3}}
  alarms:
    blue: {namespace: AWS/ApplicationELB, metricName: HTTPCode_Target_5XX_Count, dimensions: {TargetGroup: $(targetGroups.blue.fullName)}, statistic: Sum, period: 60, evaluationPeriods: 3, datapointsToAlarm: 2, threshold: 1, comparisonOperator: GreaterThanThreshold}
    green:
      metrics: [{id: e, metricStat: {stat: Sum, period: 20, metric: {namespace: AWS/ApplicationELB, metricName: RequestCount, dimensions: {TargetGroup: $(targetGroups.green.fullName)}}}}]
      evaluationPeriods: 5
      threshold: 1
      comparisonOperator: GreaterThanThreshold
`,
}

var cases = []example{
	{code: "essential-container", base: "ec2", bad: "cpu: 128 => essential: false", good: "cpu: 128 => essential: true"},
	{code: "container-name", base: "ec2", bad: "name: side => name: side.car"},
	{code: "container-twice", base: "ec2", bad: "name: side => name: main", also: []string{"depends-on"}},
	{code: "volume-unknown", base: "ec2", bad: "sourceVolume: scratch => sourceVolume: scratched", also: []string{"volume-unused"}},
	{code: "volume-unknown", base: "ec2", bad: "links: [main] => volumesFrom: [{sourceContainer: nobody}]", good: "links: [main] => volumesFrom: [{sourceContainer: main}]"},
	{code: "volume-twice", base: "ec2", bad: "[{name: scratch}, => [{name: scratch}, {name: scratch},"},
	{code: "volume-unused", base: "ec2", bad: "[{name: scratch}, => [{name: scratch}, {name: other},"},
	{code: "depends-on", base: "ec2", bad: "containerName: main, => containerName: nobody,"},
	{code: "depends-on", base: "ec2", bad: "containerName: main, => containerName: side,"},
	{code: "depends-on", base: "ec2", bad: "        healthCheck: {command: [CMD-SHELL, \"true\"], interval: 30, retries: 3} =>         startTimeout: 30"},
	{code: "depends-on", base: "ec2", bad: "condition: HEALTHY => condition: COMPLETE", good: "condition: HEALTHY => condition: START"},
	{code: "depends-on", base: "ec2", bad: "cpu: 128 => dependsOn: [{containerName: side, condition: START}]"},
	{code: "task-sum", base: "ec2", bad: "cpu: 128 => cpu: 513", good: "cpu: 128 => cpu: 512"},
	{code: "task-sum", base: "ec2", bad: "memory: 256 => memory: 961", good: "memory: 256 => memory: 960"},
	{code: "execution-role", base: "ec2", bad: "executionRoleArn: arn:aws:iam::123456789012:role/execution => pidMode: task"},
	{code: "ephemeral-storage", base: "web", bad: "sizeInGiB: 21 => sizeInGiB: 201", good: "sizeInGiB: 21 => sizeInGiB: 200"},
	{code: "proxy-container", base: "ec2", bad: "placementConstraints: [] => proxyConfiguration: {containerName: envoy}", good: "placementConstraints: [] => proxyConfiguration: {containerName: main}"},

	{code: "container-memory", base: "ec2", bad: "    memory: \"1024\" =>     pidMode: task\nmemoryReservation: 64 => cpu: 1"},
	{code: "container-memory", base: "ec2", bad: "memory: 256 => memory: 5", good: "memory: 256 => memory: 6"},
	{code: "container-memory", base: "ec2", bad: `memory: 256 => memory: 256\n        memoryReservation: 257`},
	{code: "container-memory", base: "ec2", bad: "memory: 256 => memory: 1025\nmemoryReservation: 64 => cpu: 1", also: []string{"task-sum"}},
	{code: "container-health-check", base: "ec2", bad: "retries: 3 => retries: 11", good: "retries: 3 => retries: 10"},
	{code: "health-check-command", base: "ec2", bad: "[CMD-SHELL, \"true\"] => [curl, localhost]", good: "[CMD-SHELL, \"true\"] => [CMD, curl, localhost]"},
	{code: "image-tag", base: "web", bad: "httpd:2.4 => httpd:latest", good: "httpd:2.4 => registry:5000/httpd@sha256:0123"},
	{code: "image-tag", base: "web", bad: "httpd:2.4 => registry:5000/httpd", good: "httpd:2.4 => registry:5000/httpd:1"},
	{code: "environment-twice", base: "ec2", bad: "{name: OTHER => {name: QUEUE"},
	{code: "secret-twice", base: "ec2", bad: "name: TOKEN => name: QUEUE"},
	{code: "port-range", base: "ec2", bad: "containerPort: 80, hostPort: 8080 => containerPort: 0, hostPort: 65536", good: "hostPort: 8080 => hostPort: 0"},
	{code: "port-name", base: "ec2", bad: "{name: http, => {name: HTTP,"},
	{code: "port-name-twice", base: "web", bad: "containerPort: 80}] => containerPort: 80}, {name: http, containerPort: 81}]", good: "containerPort: 80}] => containerPort: 80}, {name: grpc, containerPort: 81}]"},
	{code: "port-twice", base: "web", bad: "containerPort: 80}] => containerPort: 80}, {containerPort: 80}]", good: "containerPort: 80}] => containerPort: 80}, {containerPort: 80, protocol: udp}]"},
	{code: "port-twice", base: "ec2", bad: "hostPort: 8080}] => hostPort: 8080}, {containerPort: 81, hostPort: 8080}]", good: "hostPort: 8080}] => hostPort: 8080}, {containerPort: 80, hostPort: 8081}]"},
	{code: "host-port", base: "web", bad: "containerPort: 80}] => containerPort: 80, hostPort: 8080}]", good: "containerPort: 80}] => containerPort: 80, hostPort: 80}]"},
	{code: "links", base: "web", bad: "stopTimeout: 120 => links: [x]"},
	{code: "log-options", base: "ec2", bad: ", awslogs-region: eu-west-1 => , mode: blocking"},
	{code: "log-options", base: "web", bad: ", awslogs-stream-prefix: app => , mode: blocking"},
	{code: "log-router", base: "ec2", bad: "logDriver: json-file => logDriver: awsfirelens", good: "logDriver: json-file => logDriver: awsfirelens\ncpu: 128 => firelensConfiguration: {type: fluentbit}"},
	{code: "ulimit", base: "ec2", bad: "softLimit: 1024 => softLimit: 8192", good: "hardLimit: 4096 => hardLimit: -1"},
	{code: "restart-period", base: "ec2", bad: "restartAttemptPeriod: 60 => restartAttemptPeriod: 59"},

	{code: "fargate-size", base: "web", bad: "cpu: \"1024\" => cpu: 1 vCPU\nmemory: 2 GB => memory: 9 GB", good: "cpu: \"1024\" => cpu: 1 vCPU\nmemory: 2 GB => memory: 8 GB"},
	{code: "fargate-size", base: "web", bad: "cpu: \"1024\" => cpu: \"256\"\nmemory: 2 GB => memory: \"1536\"", good: "cpu: \"1024\" => cpu: .25 vcpu"},
	{code: "fargate-size", base: "web", bad: "cpu: \"1024\" => cpu: \"1000\""},
	{code: "fargate-size", base: "web", bad: "cpu: \"1024\" => cpu: \"8192\"\nmemory: 2 GB => memory: 18GB", good: "cpu: \"1024\" => cpu: \"16384\"\nmemory: 2 GB => memory: 120GB"},
	{code: "fargate-size", base: "web", bad: "Family: LINUX => Family: WINDOWS_SERVER_2022_CORE\ncpu: \"1024\" => cpu: \"512\"", good: "Family: LINUX => Family: WINDOWS_SERVER_2022_CORE"},
	{code: "fargate-size", base: "web", bad: "memory: 2 GB => pidMode: task", also: []string{"container-memory"}},
	{code: "fargate-network", base: "web", bad: "networkMode: awsvpc => networkMode: bridge", also: []string{"network-unused", "target-type"}},
	{code: "fargate-unsupported", base: "web", bad: "stopTimeout: 120 => privileged: true\nephemeralStorage: {sizeInGiB: 21} => pidMode: host", good: "ephemeralStorage: {sizeInGiB: 21} => pidMode: task"},
	{code: "fargate-unsupported", base: "web", bad: "stopTimeout: 120 => linuxParameters: {sharedMemorySize: 64, capabilities: {add: [NET_ADMIN]}}", good: "stopTimeout: 120 => linuxParameters: {capabilities: {add: [SYS_PTRACE]}}"},
	{code: "fargate-execution-role", base: "web", bad: "executionRoleArn: arn:aws:iam::123456789012:role/execution => pidMode: task"},
	{code: "fargate-stop-timeout", base: "web", bad: "stopTimeout: 120 => stopTimeout: 121"},

	{code: "capacity", base: "ec2", bad: "schedulingStrategy: REPLICA => capacityProviderStrategy: [{capacityProvider: mine}]"},
	{code: "network-missing", base: "web", bad: "networkConfiguration: {awsvpcConfiguration: {subnets: [subnet-1], securityGroups: [sg-1]}} => propagateTags: SERVICE"},
	{code: "network-unused", base: "ec2", bad: "schedulingStrategy: REPLICA => networkConfiguration: {awsvpcConfiguration: {subnets: [subnet-1]}}"},
	{code: "network-bounds", base: "web", bad: "[sg-1] => [sg-1, sg-2, sg-3, sg-4, sg-5, sg-6]", good: "[sg-1] => [sg-1, sg-2, sg-3, sg-4, sg-5]"},
	{code: "public-ip", base: "ec2", bad: "schedulingStrategy: REPLICA => networkConfiguration: {awsvpcConfiguration: {subnets: [subnet-1], assignPublicIp: ENABLED}}", also: []string{"network-unused"}},
	{code: "platform-version", base: "ec2", bad: "schedulingStrategy: REPLICA => platformVersion: LATEST"},
	{code: "count-range", base: "ec2", bad: "desiredCount: 2 => desiredCount: -1", good: "desiredCount: 2 => desiredCount: 0"},
	{code: "daemon", base: "ec2", bad: "schedulingStrategy: REPLICA => schedulingStrategy: DAEMON", good: "schedulingStrategy: REPLICA => schedulingStrategy: DAEMON\ndesiredCount: 2 => propagateTags: SERVICE\nplacementStrategy: [{type: binpack, field: MEMORY}] => tags: {}"},
	{code: "placement", base: "web", bad: "platformVersion: LATEST => placementStrategy: [{type: random}]"},
	{code: "load-balancer-container", base: "web", bad: "containerName: app => containerName: web"},
	{code: "load-balancer-container", base: "web", bad: "        containerPort: 80 =>         containerPort: 8080"},
	{code: "load-balancer-target", base: "web", bad: "- targetGroupArn: $(targetGroups.blue.arn) => - loadBalancerName: classic", also: []string{"strategy-load-balancer"}},
	{code: "target-type", base: "web", bad: "port: 81, vpcId: vpc-1, targetType: ip => port: 81, vpcId: vpc-1"},
	{code: "grace-period", base: "ec2", bad: "schedulingStrategy: REPLICA => healthCheckGracePeriodSeconds: 5", good: "schedulingStrategy: REPLICA => healthCheckGracePeriodSeconds: 0"},
	{code: "port-name-unknown", base: "web", bad: "portName: http => portName: grpc"},
	{code: "volume-configuration", base: "ec2", bad: "volumeConfigurations: [{name: data => volumeConfigurations: [{name: scratch"},
	{code: "exec-role", base: "ec2", bad: "taskRoleArn: arn:aws:iam::123456789012:role/task => pidMode: task"},

	{code: "deployment-percent", base: "ec2", bad: "minimumHealthyPercent: 50 => maximumPercent: 100", good: "minimumHealthyPercent: 50 => maximumPercent: 101"},
	{code: "traffic-shift", base: "web", bad: "alternateTargetGroupArn: $(targetGroups.green.arn), productionListenerRule: $(listenerRules.web.arn), => testListenerRule: $(listenerRules.web.arn),"},
	{code: "strategy-load-balancer", base: "ec2", bad: "minimumHealthyPercent: 50 => strategy: CANARY", also: []string{"rolling-only"}},
	{code: "strategy-configuration", base: "web", bad: "bakeTimeInMinutes: 5 => maximumPercent: 200"},
	{code: "strategy-configuration", base: "web", bad: "bakeTimeInMinutes: 5 => canaryConfiguration: {canaryPercent: 0.05}", good: "strategy: BLUE_GREEN => strategy: CANARY\nbakeTimeInMinutes: 5 => canaryConfiguration: {canaryPercent: 0.1}"},
	{code: "rolling-only", base: "web", bad: "strategy: BLUE_GREEN => strategy: CANARY\nbakeTimeInMinutes: 5 => deploymentCircuitBreaker: {enable: true, rollback: true}", good: "strategy: BLUE_GREEN => strategy: CANARY\nbakeTimeInMinutes: 5 => deploymentCircuitBreaker: {enable: false, rollback: false}"},
	{code: "lifecycle-hook", base: "web", bad: "[PRE_SCALE_UP] => [PRODUCTION_TRAFFIC_SHIFT]", good: "[PRE_SCALE_UP] => [POST_PRODUCTION_TRAFFIC_SHIFT]"},
	{code: "lifecycle-hook", base: "web", bad: "targetType: PAUSE => targetType: AWS_LAMBDA", good: "targetType: PAUSE => hookTargetArn: \"arn:aws:lambda:eu-west-1:123456789012:function:f\", roleArn: \"arn:aws:iam::123456789012:role/hook\""},
	{code: "deployment-alarms", base: "web", bad: "alarmNames: [$(alarms.blue.name), $(alarms.green.name)] => alarmNames: []"},
	{code: "alarm-one-colour", base: "web", bad: "[$(alarms.blue.name), $(alarms.green.name)] => [$(alarms.green.name)]"},

	{code: "scaling-range", base: "web", bad: "minCapacity: 2 => minCapacity: 7", good: "minCapacity: 2 => minCapacity: 6"},
	{code: "scaling-range", base: "web", bad: "scalableTargetAction: {minCapacity: 3} => scalableTargetAction: {minCapacity: 3, maxCapacity: 2}", good: "scalableTargetAction: {minCapacity: 3} => scalableTargetAction: {minCapacity: 3, maxCapacity: 3}"},
	{code: "desired-count-range", base: "web", bad: "platformVersion: LATEST => desiredCount: 7", good: "platformVersion: LATEST => desiredCount: 6"},
	{code: "scaling-policy", base: "web", bad: "policyType: TargetTrackingScaling => policyType: StepScaling"},
	{code: "scaling-policy", base: "web", bad: "policyType: TargetTrackingScaling => policyType: StepScaling", good: "policyType: TargetTrackingScaling => policyType: TargetTrackingScaling"},
	{code: "scaling-schedule", base: "web", bad: "cron(0 6 ? * MON-FRI *) => cron(0 6 * * *)", good: "cron(0 6 ? * MON-FRI *) => rate(1 hour)"},
	{code: "scaling-tracking", base: "web", bad: "      cpu: =>       other: {policyType: TargetTrackingScaling, targetTrackingScalingPolicyConfiguration: {targetValue: 70, disableScaleIn: true}}\\n      cpu:", good: "      cpu: =>       other: {policyType: TargetTrackingScaling, targetTrackingScalingPolicyConfiguration: {targetValue: 70, customizedMetricSpecification: {namespace: A, metricName: M, statistic: Sum}}}\\n      cpu:"},
	{code: "scaling-tracking", base: "web", bad: "      cpu: =>       other: {policyType: TargetTrackingScaling, targetTrackingScalingPolicyConfiguration: {targetValue: 70, customizedMetricSpecification: {namespace: A, metricName: M}}}\\n      cpu:", good: "      cpu: =>       other: {policyType: TargetTrackingScaling, targetTrackingScalingPolicyConfiguration: {targetValue: 70, customizedMetricSpecification: {namespace: A, metricName: M, statistic: Sum}}}\\n      cpu:"},
	{code: "scaling-tracking", base: "web", bad: "      cpu: =>       other: {policyType: TargetTrackingScaling, targetTrackingScalingPolicyConfiguration: {targetValue: 70, predefinedMetricSpecification: {predefinedMetricType: LambdaProvisionedConcurrencyUtilization}}}\\n      cpu:", good: "      cpu: =>       other: {policyType: TargetTrackingScaling, targetTrackingScalingPolicyConfiguration: {targetValue: 70, predefinedMetricSpecification: {predefinedMetricType: ECSServiceAverageMemoryUtilization}}}\\n      cpu:"},
	{code: "scaling-steps", base: "web", bad: "      cpu: =>       other: {policyType: StepScaling, stepScalingPolicyConfiguration: {adjustmentType: ChangeInCapacity, stepAdjustments: [{metricIntervalLowerBound: 0, metricIntervalUpperBound: 5, scalingAdjustment: 1}, {metricIntervalLowerBound: 6, scalingAdjustment: 2}]}}\\n      cpu:", good: "      cpu: =>       other: {policyType: StepScaling, stepScalingPolicyConfiguration: {adjustmentType: ChangeInCapacity, stepAdjustments: [{metricIntervalLowerBound: 0, metricIntervalUpperBound: 5, scalingAdjustment: 1}, {metricIntervalUpperBound: 0, scalingAdjustment: -1}, {metricIntervalLowerBound: 5, scalingAdjustment: 2}]}}\\n      cpu:"},
	{code: "scaling-steps", base: "web", bad: "      cpu: =>       other: {policyType: StepScaling, stepScalingPolicyConfiguration: {adjustmentType: ChangeInCapacity, stepAdjustments: [{metricIntervalLowerBound: 0, metricIntervalUpperBound: 5, scalingAdjustment: 1}, {metricIntervalLowerBound: 4, scalingAdjustment: 2}]}}\\n      cpu:", good: "      cpu: =>       other: {policyType: StepScaling, stepScalingPolicyConfiguration: {adjustmentType: ChangeInCapacity, stepAdjustments: [{metricIntervalLowerBound: 0, metricIntervalUpperBound: 5, scalingAdjustment: 1}, {metricIntervalUpperBound: 0, scalingAdjustment: -1}, {metricIntervalLowerBound: 5, scalingAdjustment: 2}]}}\\n      cpu:"},
	{code: "scaling-steps", base: "web", bad: "      cpu: =>       other: {policyType: StepScaling, stepScalingPolicyConfiguration: {adjustmentType: ChangeInCapacity, stepAdjustments: [{metricIntervalLowerBound: 5, metricIntervalUpperBound: 5, scalingAdjustment: 1}]}}\\n      cpu:", good: "      cpu: =>       other: {policyType: StepScaling, stepScalingPolicyConfiguration: {adjustmentType: ChangeInCapacity, stepAdjustments: [{metricIntervalLowerBound: 0, metricIntervalUpperBound: 5, scalingAdjustment: 1}, {metricIntervalUpperBound: 0, scalingAdjustment: -1}, {metricIntervalLowerBound: 5, scalingAdjustment: 2}]}}\\n      cpu:"},
	{code: "scaling-steps", base: "web", bad: "      cpu: =>       other: {policyType: StepScaling, stepScalingPolicyConfiguration: {adjustmentType: ChangeInCapacity, stepAdjustments: [{metricIntervalUpperBound: 5, scalingAdjustment: 1}, {metricIntervalUpperBound: 6, scalingAdjustment: 1}]}}\\n      cpu:", good: "      cpu: =>       other: {policyType: StepScaling, stepScalingPolicyConfiguration: {adjustmentType: ChangeInCapacity, stepAdjustments: [{metricIntervalLowerBound: 0, metricIntervalUpperBound: 5, scalingAdjustment: 1}, {metricIntervalUpperBound: 0, scalingAdjustment: -1}, {metricIntervalLowerBound: 5, scalingAdjustment: 2}]}}\\n      cpu:"},
	{code: "scaling-steps", base: "web", bad: "      cpu: =>       other: {policyType: StepScaling, stepScalingPolicyConfiguration: {adjustmentType: ChangeInCapacity, stepAdjustments: []}}\\n      cpu:", good: "      cpu: =>       other: {policyType: StepScaling, stepScalingPolicyConfiguration: {adjustmentType: ChangeInCapacity, stepAdjustments: [{metricIntervalLowerBound: 0, metricIntervalUpperBound: 5, scalingAdjustment: 1}, {metricIntervalUpperBound: 0, scalingAdjustment: -1}, {metricIntervalLowerBound: 5, scalingAdjustment: 2}]}}\\n      cpu:"},
	{code: "scaling-predictive", base: "web", bad: "      cpu: =>       other: {policyType: PredictiveScaling, predictiveScalingPolicyConfiguration: {metricSpecifications: [{targetValue: 50, predefinedMetricPairSpecification: {predefinedMetricType: ECSServiceCPUUtilization}}, {targetValue: 50, predefinedMetricPairSpecification: {predefinedMetricType: ECSServiceCPUUtilization}}]}}\\n      cpu:", good: "      cpu: =>       other: {policyType: PredictiveScaling, predictiveScalingPolicyConfiguration: {metricSpecifications: [{targetValue: 50, predefinedMetricPairSpecification: {predefinedMetricType: ECSServiceCPUUtilization}}]}}\\n      cpu:"},
	{code: "scaling-action", base: "web", bad: "scalableTargetAction: {minCapacity: 3} => scalableTargetAction: {}", good: "scalableTargetAction: {minCapacity: 3} => scalableTargetAction: {maxCapacity: 3}"},
	{code: "scaling-action", base: "web", bad: "scalableTargetAction: {minCapacity: 3} => scalableTargetAction: {minCapacity: 3}, startTime: 2027-01-02T00:00:00Z, endTime: 2027-01-01T00:00:00Z", good: "scalableTargetAction: {minCapacity: 3} => scalableTargetAction: {minCapacity: 3}, startTime: 2027-01-01T00:00:00Z, endTime: 2027-01-02T00:00:00Z"},
	{code: "scaling-action", base: "web", bad: "cron(0 6 ? * MON-FRI *) => at(2027-01-01)", good: "cron(0 6 ? * MON-FRI *) => at(2027-01-01T00:00:00)"},
	{code: "scaling-metric", base: "web", bad: "      cpu: =>       mem: {policyType: TargetTrackingScaling, targetTrackingScalingPolicyConfiguration: {targetValue: 70, predefinedMetricSpecification: {predefinedMetricType: ECSServiceAverageCPUUtilization}}}\\n      cpu:", good: "      cpu: =>       mem: {policyType: TargetTrackingScaling, targetTrackingScalingPolicyConfiguration: {targetValue: 70, predefinedMetricSpecification: {predefinedMetricType: ECSServiceAverageMemoryUtilization}}}\\n      cpu:"},
	{code: "scaling-timezone", base: "web", bad: "cron(0 6 ? * MON-FRI *)\", => cron(0 6 ? * MON-FRI *)\", timezone: Europe/Pari,", good: "cron(0 6 ? * MON-FRI *)\", => cron(0 6 ? * MON-FRI *)\", timezone: Europe/Paris,"},
	{code: "scaling-schedule", base: "web", bad: "cron(0 6 ? * MON-FRI *) => every morning", good: "cron(0 6 ? * MON-FRI *) => at(2027-01-01T00:00:00)"},

	{code: "target-group-needs", base: "web", bad: "port: 81, vpcId: vpc-1, => port: 81,"},
	{code: "health-check-timeout", base: "web", bad: "healthCheckTimeoutSeconds: 4 => healthCheckTimeoutSeconds: 5"},
	{code: "health-check-timeout", base: "web", bad: "green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip} => green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip, healthCheckIntervalSeconds: 5}", good: "green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip} => green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip, healthCheckIntervalSeconds: 6}"},
	{code: "health-check-timeout", base: "web", bad: "green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip} => green: {protocol: TCP, port: 81, vpcId: vpc-1, targetType: ip, healthCheckIntervalSeconds: 10, healthCheckTimeoutSeconds: 11}", also: []string{"target-type"}},
	{code: "health-check-bounds", base: "web", bad: "healthCheckPath: /, => healthyThresholdCount: 1,", good: "healthCheckPath: /, => healthyThresholdCount: 10,"},
	{code: "health-check-path", base: "web", bad: "healthCheckPath: /, => healthCheckPath: health,"},
	{code: "health-check-path", base: "web", bad: "healthCheckPath: /, => healthCheckPath: /, healthCheckProtocol: TCP,", also: []string{"target-group-health-protocol"}},
	{code: "target-group-unused", base: "web", bad: "  listenerRules: =>     other: {protocol: HTTP, port: 82, vpcId: vpc-1, targetType: ip}\\n  listenerRules:"},
	{code: "target-group-protocol", base: "web", bad: "green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip} => green: {targetType: lambda, port: 81}", also: []string{"target-type", "alternate-target-group"}},
	{code: "target-group-protocol", base: "web", bad: "green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip} => green: {protocol: TCP, port: 81, vpcId: vpc-1, targetType: ip, protocolVersion: HTTP2}", also: []string{"target-type"}},
	{code: "target-group-protocol", base: "web", bad: "green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip} => green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip, protocolVersion: HTTP3}", good: "green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip} => green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip, protocolVersion: GRPC}"},
	{code: "target-group-protocol", base: "web", bad: "green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip} => green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip, healthCheckEnabled: false}", good: "green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip} => green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip, healthCheckEnabled: true}"},
	{code: "target-group-health-protocol", base: "web", bad: "green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip} => green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip, healthCheckProtocol: TCP}", good: "green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip} => green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip, healthCheckProtocol: HTTPS}"},
	{code: "target-group-health-protocol", base: "web", bad: "green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip} => green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip, healthCheckProtocol: TLS}"},
	{code: "target-group-matcher", base: "web", bad: "green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip} => green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip, matcher: {grpcCode: \"12\"}}", good: "green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip} => green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip, matcher: {httpCode: \"200,301-302\"}}"},
	{code: "target-group-matcher", base: "web", bad: "green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip} => green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip, protocolVersion: GRPC, matcher: {httpCode: \"200\"}}", good: "green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip} => green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip, protocolVersion: GRPC, matcher: {grpcCode: 0-5}}"},
	{code: "target-group-matcher", base: "web", bad: "green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip} => green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip, matcher: {httpCode: 200-599}}", good: "green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip} => green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip, matcher: {httpCode: 200-499}}"},
	{code: "target-group-attribute", base: "web", bad: "green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip} => green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip, attributes: {proxy_protocol_v2.enabled: \"true\"}}", good: "green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip} => green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip, attributes: {slow_start.duration_seconds: \"30\"}}"},
	{code: "target-group-attribute", base: "web", bad: "green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip} => green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip, attributes: {slow_start.duration_seconds: \"29\"}}", good: "green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip} => green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip, attributes: {slow_start.duration_seconds: \"0\"}}"},
	{code: "target-group-attribute", base: "web", bad: "green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip} => green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip, attributes: {deregistration_delay.timeout_seconds: \"3601\"}}", good: "green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip} => green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip, attributes: {deregistration_delay.timeout_seconds: \"3600\"}}"},
	{code: "target-group-attribute", base: "web", bad: "green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip} => green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip, attributes: {stickiness.type: \"source_ip\"}}", good: "green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip} => green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip, attributes: {stickiness.type: \"app_cookie\"}}"},
	{code: "target-group-attribute", base: "web", bad: "green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip} => green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip, attributes: {stickiness.enabled: \"yes\"}}", good: "green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip} => green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip, attributes: {stickiness.enabled: \"true\"}}"},
	{code: "target-group-attribute", base: "web", bad: "green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip} => green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip, attributes: {load_balancing.algorithm.anomaly_mitigation: \"on\"}}", good: "green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip} => green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip, attributes: {load_balancing.algorithm.anomaly_mitigation: \"on\", load_balancing.algorithm.type: weighted_random}}"},
	{code: "target-group-attribute", base: "web", bad: "green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip} => green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip, attributes: {slow_start.duration_seconds: \"30\", load_balancing.algorithm.type: least_outstanding_requests}}"},
	{code: "target-group-attribute", base: "web", bad: "green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip} => green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip, attributes: {stickiness.app_cookie.cookie_name: \"AWSALBAPP\"}}"},
	{code: "target-group-attribute-unknown", base: "web", bad: "green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip} => green: {protocol: HTTP, port: 81, vpcId: vpc-1, targetType: ip, attributes: {deregistration_delay.timeout: \"3\"}}"},
	{code: "rule-priority", base: "web", bad: "priority: 10 => priority: 50001", good: "priority: 10 => priority: 50000"},
	{code: "rule-conditions", base: "web", bad: "{field: path-pattern, pathPatternConfig: {values: [/a]}} => {field: host-header, hostHeaderConfig: {values: [b.example.com]}}",
		good: "{field: path-pattern, pathPatternConfig: {values: [/a]}} => {field: query-string, queryStringConfig: {values: [{key: a, value: b}]}}"},
	{code: "rule-values", base: "web", bad: "[/a] => [/a, /b, /c, /d, /e]", good: "[/a] => [/a, /b, /c, /d]"},
	{code: "rule-actions", base: "web", bad: "      actions: =>       actions:\\n        - {type: fixed-response, fixedResponseConfig: {statusCode: \"200\"}}"},
	{code: "rule-action", base: "web", bad: "- {type: forward, forwardConfig: {targetGroups: [{targetGroupArn: $(targetGroups.blue.arn), weight: 1}, {targetGroupArn: $(targetGroups.green.arn), weight: 0}]}} => - {type: forward}"},
	{code: "rule-action", base: "web", bad: "- {type: forward, forwardConfig: {targetGroups: [{targetGroupArn: $(targetGroups.blue.arn), weight: 1}, {targetGroupArn: $(targetGroups.green.arn), weight: 0}]}} => - {type: forward, forwardConfig: {targetGroups: [{weight: 1}]}}"},
	{code: "rule-action", base: "web", bad: "- {type: forward, forwardConfig: {targetGroups: [{targetGroupArn: $(targetGroups.blue.arn), weight: 1}, {targetGroupArn: $(targetGroups.green.arn), weight: 0}]}} => - {type: forward, targetGroupArn: $(targetGroups.blue.arn), forwardConfig: {targetGroups: [{targetGroupArn: $(targetGroups.green.arn)}]}}"},
	{code: "rule-action", base: "web", bad: "- {type: forward, forwardConfig: {targetGroups: [{targetGroupArn: $(targetGroups.blue.arn), weight: 1}, {targetGroupArn: $(targetGroups.green.arn), weight: 0}]}} => - {type: forward, targetGroupArn: $(targetGroups.blue.arn), forwardConfig: {targetGroups: [{targetGroupArn: $(targetGroups.blue.arn)}, {targetGroupArn: $(targetGroups.green.arn)}]}}"},
	{code: "rule-action", base: "web", bad: "- {type: forward, forwardConfig: {targetGroups: [{targetGroupArn: $(targetGroups.blue.arn), weight: 1}, {targetGroupArn: $(targetGroups.green.arn), weight: 0}]}} => - {type: redirect}"},
	{code: "rule-action", base: "web", bad: "- {type: forward, forwardConfig: {targetGroups: [{targetGroupArn: $(targetGroups.blue.arn), weight: 1}, {targetGroupArn: $(targetGroups.green.arn), weight: 0}]}} => - {type: fixed-response}"},
	{code: "rule-action-other", base: "web", bad: "- {type: forward, forwardConfig: {targetGroups: [{targetGroupArn: $(targetGroups.blue.arn), weight: 1}, {targetGroupArn: $(targetGroups.green.arn), weight: 0}]}} => - {type: fixed-response, fixedResponseConfig: {statusCode: \"404\"}, redirectConfig: {statusCode: HTTP_301}}"},
	{code: "rule-action", base: "web", bad: "- {type: forward, forwardConfig: {targetGroups: [{targetGroupArn: $(targetGroups.blue.arn), weight: 1}, {targetGroupArn: $(targetGroups.green.arn), weight: 0}]}} => - {type: authenticate-cognito, order: 1}\\n        - {type: forward, order: 2, targetGroupArn: $(targetGroups.blue.arn)}"},
	{code: "rule-action", base: "web", bad: "- {type: forward, forwardConfig: {targetGroups: [{targetGroupArn: $(targetGroups.blue.arn), weight: 1}, {targetGroupArn: $(targetGroups.green.arn), weight: 0}]}} => - {type: authenticate-oidc, order: 1}\\n        - {type: forward, order: 2, targetGroupArn: $(targetGroups.blue.arn)}"},
	{code: "rule-action", base: "web", bad: "- {type: forward, forwardConfig: {targetGroups: [{targetGroupArn: $(targetGroups.blue.arn), weight: 1}, {targetGroupArn: $(targetGroups.green.arn), weight: 0}]}} => - {type: jwt-validation, order: 1}\\n        - {type: forward, order: 2, targetGroupArn: $(targetGroups.blue.arn)}"},
	{code: "rule-weights", base: "web", bad: "weight: 1} => weight: 1000}", good: "weight: 1} => weight: 999}"},

	{code: "alarm-metric", base: "web", bad: "statistic: Sum, period: 60 => period: 60", good: "statistic: Sum, period: 60 => extendedStatistic: p99, period: 60"},
	{code: "alarm-metric", base: "web", bad: "[{id: e, => [{id: f, expression: e * 2}, {id: e,", good: "[{id: e, => [{id: f, expression: e * 2}, {id: e, returnData: false,"},
	{code: "alarm-metric", base: "web", bad: "metricName: HTTPCode_Target_5XX_Count, dimensions => dimensions"},
	{code: "alarm-period", base: "web", bad: "period: 60 => period: 90", good: "period: 60 => period: 120"},
	{code: "alarm-period", base: "web", bad: "evaluationPeriods: 5 => evaluationPeriods: 4321", good: "evaluationPeriods: 5 => evaluationPeriods: 4320"},
	{code: "alarm-threshold", base: "web", bad: "threshold: 1, comparisonOperator: GreaterThanThreshold} => comparisonOperator: GreaterThanThreshold}"},
	{code: "alarm-threshold", base: "web", bad: "threshold: 1, comparisonOperator: GreaterThanThreshold} => threshold: 1, comparisonOperator: GreaterThanUpperThreshold}", good: "threshold: 1, comparisonOperator: GreaterThanThreshold} => threshold: 1, comparisonOperator: LessThanThreshold}"},
	{code: "alarm-threshold", base: "web", bad: "threshold: 1, comparisonOperator: GreaterThanThreshold} => threshold: 1}"},
	{code: "alarm-value", base: "web", bad: "threshold: 1, comparisonOperator: GreaterThanThreshold} => threshold: 1, comparisonOperator: GreaterThanThreshold, treatMissingData: breach}", good: "threshold: 1, comparisonOperator: GreaterThanThreshold} => threshold: 1, comparisonOperator: GreaterThanThreshold, treatMissingData: breaching}"},
	{code: "alarm-value", base: "web", bad: "threshold: 1, comparisonOperator: GreaterThanThreshold} => threshold: 1, comparisonOperator: GreaterThanThreshold, okActions: [\"arn:aws:sns:eu-west-1:123456789012:t0\", \"arn:aws:sns:eu-west-1:123456789012:t1\", \"arn:aws:sns:eu-west-1:123456789012:t2\", \"arn:aws:sns:eu-west-1:123456789012:t3\", \"arn:aws:sns:eu-west-1:123456789012:t4\", \"arn:aws:sns:eu-west-1:123456789012:t5\"]}", good: "threshold: 1, comparisonOperator: GreaterThanThreshold} => threshold: 1, comparisonOperator: GreaterThanThreshold, okActions: [\"arn:aws:sns:eu-west-1:123456789012:t0\", \"arn:aws:sns:eu-west-1:123456789012:t1\", \"arn:aws:sns:eu-west-1:123456789012:t2\", \"arn:aws:sns:eu-west-1:123456789012:t3\", \"arn:aws:sns:eu-west-1:123456789012:t4\"]}"},
	{code: "alarm-promql", base: "web", bad: "    blue: {namespace =>     q: {evaluationCriteria: {promQLCriteria: {query: up}}, evaluationInterval: 45}\\n    blue: {namespace", good: "    blue: {namespace =>     q: {evaluationCriteria: {promQLCriteria: {query: up}}, evaluationInterval: 60}\\n    blue: {namespace"},
	{code: "alarm-promql", base: "web", bad: "threshold: 1, comparisonOperator: GreaterThanThreshold} => threshold: 1, comparisonOperator: GreaterThanThreshold, evaluationInterval: 60}"},
	{code: "alarm-rule", base: "web", bad: "    blue: {namespace =>     page: {alarmRule: \"ALARM($(alarms.blue.name)) AND\"}\\n    blue: {namespace", good: "    blue: {namespace =>     page: {alarmRule: 'NOT (ALARM(\"$(alarms.blue.name)\") OR FALSE AND OK(a.b/c-d))'}\\n    blue: {namespace"},
	{code: "alarm-rule", base: "web", bad: "    blue: {namespace =>     page: {alarmRule: \"ALARM($(alarms.blue.name)\"}\\n    blue: {namespace", good: "    blue: {namespace =>     page: {alarmRule: 'NOT (ALARM(\"$(alarms.blue.name)\") OR FALSE AND OK(a.b/c-d))'}\\n    blue: {namespace"},
	{code: "alarm-rule", base: "web", bad: "    blue: {namespace =>     page: {alarmRule: \"ALARM($(alarms.blue.name)) OK($(alarms.blue.name))\"}\\n    blue: {namespace", good: "    blue: {namespace =>     page: {alarmRule: 'NOT (ALARM(\"$(alarms.blue.name)\") OR FALSE AND OK(a.b/c-d))'}\\n    blue: {namespace"},
	{code: "alarm-rule", base: "web", bad: "    blue: {namespace =>     page: {alarmRule: \"LATE($(alarms.blue.name))\"}\\n    blue: {namespace", good: "    blue: {namespace =>     page: {alarmRule: 'NOT (ALARM(\"$(alarms.blue.name)\") OR FALSE AND OK(a.b/c-d))'}\\n    blue: {namespace"},
	{code: "alarm-rule", base: "web", bad: "    blue: {namespace =>     page: {alarmRule: \"TRUE)\"}\\n    blue: {namespace", good: "    blue: {namespace =>     page: {alarmRule: 'NOT (ALARM(\"$(alarms.blue.name)\") OR FALSE AND OK(a.b/c-d))'}\\n    blue: {namespace"},
	{code: "alarm-rule", base: "web", bad: "    blue: {namespace =>     page: {alarmRule: \"AT_LEAST(2, ALARM, $(alarms.blue.name))\"}\\n    blue: {namespace", good: "    blue: {namespace =>     page: {alarmRule: 'AT_LEAST(50%, NOT OK, ($(alarms.blue.name), \"a (b), c\")) OR AT_LEAST(2, ALARM, (a, b/c))'}\\n    blue: {namespace"},
	{code: "alarm-datapoints", base: "web", bad: "datapointsToAlarm: 2 => datapointsToAlarm: 4", good: "datapointsToAlarm: 2 => datapointsToAlarm: 3"},
	{code: "alarm-suppressor", base: "web", bad: "blue: {namespace => page: {alarmRule: \"ALARM($(alarms.blue.name))\", actionsSuppressor: $(alarms.green.name), actionsSuppressorWaitPeriod: 60}\\n    blue: {namespace", good: "blue: {namespace => page: {alarmRule: \"ALARM($(alarms.blue.name))\", actionsSuppressor: $(alarms.green.name), actionsSuppressorWaitPeriod: 60, actionsSuppressorExtensionPeriod: 0}\\n    blue: {namespace"},
	{code: "alarm-band-scaling", base: "web", bad: "targetGroups.green.fullName)}}}}] => targetGroups.green.fullName)}}}}, {id: band, expression: \"ANOMALY_DETECTION_BAND(e, 2)\"}]\\n      alarmActions: [$(scaling.policies.cpu.arn)]\n      threshold: 1 =>       thresholdMetricId: band\n      comparisonOperator: GreaterThanThreshold =>       comparisonOperator: GreaterThanUpperThreshold", good: "targetGroups.green.fullName)}}}}] => targetGroups.green.fullName)}}}}, {id: band, expression: \"ANOMALY_DETECTION_BAND(e, 2)\"}]\n      threshold: 1 =>       thresholdMetricId: band\n      comparisonOperator: GreaterThanThreshold =>       comparisonOperator: GreaterThanUpperThreshold", also: []string{"reference-circle"}},
	{code: "reference-circle", base: "web", bad: "datapointsToAlarm: 2 => alarmActions: [$(scaling.policies.cpu.arn)]", good: "datapointsToAlarm: 2 => alarmActions: [\"arn:aws:sns:eu-west-1:123456789012:page\"]"},
	{code: "reference-circle", base: "web", bad: "datapointsToAlarm: 2 => alarmActions: [$(scaling.policies.cpu.arn)]\n[$(alarms.blue.name), $(alarms.green.name)] => [$(alarms.both.name), $(alarms.green.name)]\nblue: {namespace => both: {alarmRule: \"ALARM($(alarms.blue.name)) OR ALARM($(alarms.green.name))\"}\\n    blue: {namespace", also: []string{"alarm-one-colour"}},
	{code: "label-one-colour", base: "web", bad: "ECSServiceAverageCPUUtilization => ALBRequestCountPerTarget, resourceLabel: app/main/0123456789abcdef/targetgroup/blue/0123456789abcdef", good: "strategy: BLUE_GREEN => strategy: BLUE_GREEN"},
}

// refused are files of the corpus with something that AWS refuses, each looked
// at: drafts that a tool completes, fragments, and mistakes.
var refused = map[string]string{
	"taskdefs/NASA-ACROSS__across-server__.github--actions--merge-task-def--test--incoming_taskdef.json container-memory": "a fragment to be merged",
	"taskdefs/NASA-ACROSS__across-server__deploy--task-definition.json container-memory":                                  "a fragment to be merged",
	"taskdefs/Pedro-Claudiano__Sistemas_Distribuidos__task-definition-simple.json fargate-execution-role":                 "an image of ECR without a role",
	"taskdefs/palash1241__ECSdemo__taskdef.json fargate-execution-role":                                                   "an image of ECR without a role",
	"taskdefs/palash1241__ECSdemo__taskdef.yaml fargate-execution-role":                                                   "an image of ECR without a role",
	"taskdefs/palash1241__ECSdemo__taskdef.yml fargate-size":                                                              "for Fargate without a task size",
	"taskdefs/palash1241__ECSdemo__taskdef.yml fargate-network":                                                           "for Fargate without awsvpc",
	"taskdefs/kayac__ecspresso__tests--run-test-td.json proxy-container":                                                  "test data of a decoder: there is no container envoy",
	"taskdefs/kayac__ecspresso__tests--td-plain-in-tags.json proxy-container":                                             "test data of a decoder: there is no container envoy",
	"taskdefs/aws-docs/awsdocs__amazon-ecs-developer-guide__example_task_definitions--3.json container-memory":            "shortened: no container has memory",
	"taskdefs/aws-docs/awsdocs__amazon-ecs-developer-guide__firelens-taskdef--1.json container-memory":                    "a fragment",
	"taskdefs/aws-docs/awsdocs__amazon-ecs-developer-guide__firelens-taskdef--2.json container-memory":                    "a fragment",
	"taskdefs/aws-docs/awsdocs__amazon-ecs-developer-guide__tutorial-wfsx-volumes--1.json volume-unknown":                 "the volume is called fsx-windows-vol, the mounts say fsx-windows-dir",
	"servicedefs/gweecl__amazon-ecs-laravel__template-service-definition.json public-ip":                                  "a skeleton with every member",
	"servicedefs/gweecl__amazon-ecs-laravel__template-service-definition.json load-balancer-target":                       "a skeleton with every member",
	"servicedefs/gweecl__amazon-ecs-laravel__template-service-definition.json deployment-percent":                         "a skeleton with every member",
	"servicedefs/jay-jain__hello-world__create-service.json public-ip":                                                    "EC2 with a public address",
}
