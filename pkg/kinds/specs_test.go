package kinds_test

const hello = `apiVersion: ecs-operator/v1
kind: Service
metadata: {name: hello}
spec:
  cluster: default
  taskDefinition:
    containerDefinitions: [{name: web, image: "nginx:1.29", memory: 256, portMappings: [{containerPort: 80}]}]
  service: {desiredCount: 2, deploymentConfiguration: {deploymentCircuitBreaker: {enable: true, rollback: true}}}
`

const worker = `apiVersion: ecs-operator/v1
kind: Service
metadata: {name: worker}
spec:
  cluster: default
  taskDefinition:
    networkMode: bridge
    requiresCompatibilities: [EC2]
    containerDefinitions:
      - name: worker
        image: busybox:1.37
        cpu: 64
        memory: 128
        command: [sh, -c, "while true; do sleep 30; done"]
        environment: {QUEUE: jobs, EMPTY: ""}
        ulimits: [{name: nofile, softLimit: 1024, hardLimit: 4096}]
        mountPoints: [{sourceVolume: scratch, containerPath: /scratch}]
        healthCheck: {command: [CMD-SHELL, "true"]}
      - name: helper
        image: busybox:1.37
        essential: false
        memoryReservation: 32
        dependsOn: [{containerName: worker, condition: START}]
        links: [worker]
    volumes: [{name: scratch}]
  service:
    launchType: EC2
    desiredCount: 3
    placementStrategy: [{type: spread, field: "attribute:ecs.availability-zone"}, {type: binpack, field: MEMORY}]
    placementConstraints: [{type: memberOf, expression: "attribute:ecs.os-type == linux"}]
    deploymentConfiguration:
      minimumHealthyPercent: 50
      deploymentCircuitBreaker: {enable: true, rollback: true}
    tags: {team: jobs}
`

// web has something of every kind.
const web = `apiVersion: ecs-operator/v1
kind: Service
metadata: {name: web}
spec:
  cluster: default
  taskDefinition:
    cpu: "0.5 vCPU"
    memory: 1 GB
    networkMode: awsvpc
    requiresCompatibilities: [FARGATE]
    runtimePlatform: {cpuArchitecture: X86_64, operatingSystemFamily: LINUX}
    executionRoleArn: arn:aws:iam::123456789012:role/ecsTaskExecutionRole
    taskRoleArn: arn:aws:iam::123456789012:role/ecsTaskRole
    tags: {tier: web}
    containerDefinitions:
      - name: app
        image: httpd:2.4
        portMappings: [{name: http, containerPort: 80, appProtocol: http}]
        environment: {ZULU: z, ALPHA: a, GREETING: hello}
        secrets: {DATABASE_URL: "arn:aws:ssm:us-east-1:123456789012:parameter/web/db"}
        healthCheck: {command: [CMD-SHELL, "curl -f localhost"], interval: 10}
        logConfiguration:
          logDriver: awslogs
          options: {awslogs-group: /ecs/web, awslogs-region: us-east-1, awslogs-stream-prefix: app}
        dockerLabels: {a.b: c}
  service:
    launchType: FARGATE
    enableExecuteCommand: true
    propagateTags: SERVICE
    healthCheckGracePeriodSeconds: 30
    networkConfiguration:
      awsvpcConfiguration:
        subnets: [subnet-0sandboxb, subnet-0sandboxa]
        securityGroups: [sg-0sandbox]
    loadBalancers:
      - {targetGroupArn: $(targetGroups.web.arn), containerName: app, containerPort: 80}
    deploymentConfiguration:
      maximumPercent: 150
      deploymentCircuitBreaker: {enable: true, rollback: true}
      alarms: {enable: true, rollback: true, alarmNames: [$(alarms.errors.name)]}
    tags: {team: payments}
  targetGroups:
    web:
      protocol: HTTP
      port: 80
      vpcId: vpc-0sandbox
      targetType: ip
      healthCheckPath: /healthz
      attributes: {deregistration_delay.timeout_seconds: "30"}
      tags: {team: payments}
  listenerRules:
    web:
      listenerArn: arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/main/0123456789abcdef/fedcba9876543210
      priority: 10
      conditions: [{field: host-header, hostHeaderConfig: {values: [Web.example.com]}}, {field: path-pattern, values: [/api/*]}]
      actions: [{type: forward, targetGroupArn: $(targetGroups.web.arn)}]
      tags: {team: payments}
  scaling:
    minCapacity: 2
    maxCapacity: 6
    tags: {team: payments}
    policies:
      cpu:
        policyType: TargetTrackingScaling
        targetTrackingScalingPolicyConfiguration:
          targetValue: 60
          predefinedMetricSpecification: {predefinedMetricType: ECSServiceAverageCPUUtilization}
      step:
        policyType: StepScaling
        stepScalingPolicyConfiguration:
          adjustmentType: ChangeInCapacity
          stepAdjustments: [{metricIntervalLowerBound: 0, metricIntervalUpperBound: 10, scalingAdjustment: 1}, {metricIntervalLowerBound: 10, scalingAdjustment: 2}]
    scheduledActions:
      morning: {schedule: "cron(0 6 ? * MON-FRI *)", timezone: Europe/Paris, scalableTargetAction: {minCapacity: 3}}
  alarms:
    errors:
      namespace: AWS/ApplicationELB
      metricName: HTTPCode_Target_5XX_Count
      dimensions: {TargetGroup: $(targetGroups.web.fullName), LoadBalancer: app/main/0123456789abcdef}
      statistic: Sum
      period: 60
      evaluationPeriods: 5
      threshold: 10
      comparisonOperator: GreaterThanThreshold
      treatMissingData: notBreaching
      tags: {team: payments}
    busy:
      metrics:
        - {id: cpu, returnData: false, metricStat: {stat: Average, period: 60, metric: {namespace: AWS/ECS, metricName: CPUUtilization, dimensions: {ServiceName: $(service.name), ClusterName: default}}}}
        - {id: twice, expression: cpu * 2}
      evaluationPeriods: 3
      threshold: 150
      comparisonOperator: GreaterThanThreshold
      alarmActions: [$(scaling.policies.step.arn)]
    page:
      alarmRule: ALARM("$(alarms.errors.name)") AND NOT ALARM("$(alarms.busy.name)")
      actionsSuppressor: $(alarms.busy.name)
      actionsSuppressorWaitPeriod: 60
      actionsSuppressorExtensionPeriod: 120
      alarmActions: [arn:aws:sns:us-east-1:123456789012:page]
      tags: {team: payments}
`
