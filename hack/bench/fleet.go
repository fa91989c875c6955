package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// rulesPerListener is AWS' default quota of a load balancer's rules.
const rulesPerListener = 100

// document is one of the fleet's services: a target group with a rule, two alarms, a
// scalable target and a policy.
func document(n int, listeners []string, tag string) string {
	return fmt.Sprintf(`apiVersion: ecs-operator/v1
kind: Service
metadata: {name: s%05[1]d}
spec:
  cluster: default
  taskDefinition:
    networkMode: awsvpc
    requiresCompatibilities: [FARGATE]
    cpu: "256"
    memory: "512"
    executionRoleArn: arn:aws:iam::123456789012:role/ecsTaskExecutionRole
    containerDefinitions:
      - name: web
        image: 123456789012.dkr.ecr.us-east-1.amazonaws.com/web:%[4]s
        portMappings: [{containerPort: 80}]
        environment:
          - {name: STAGE, value: production}
          - {name: SERVICE, value: s%05[1]d}
        logConfiguration:
          logDriver: awslogs
          options: {awslogs-group: /ecs/web, awslogs-region: us-east-1, awslogs-stream-prefix: web}
  targetGroups:
    web: {protocol: HTTP, port: 80, targetType: ip, vpcId: vpc-0sandbox}
  listenerRules:
    web:
      listenerArn: %[2]s
      priority: %[3]d
      conditions: [{field: path-pattern, pathPatternConfig: {values: ["/%[1]d/*"]}}]
      actions: [{type: forward, targetGroupArn: "$(targetGroups.web.arn)"}]
  service:
    launchType: FARGATE
    networkConfiguration: {awsvpcConfiguration: {subnets: [subnet-0sandboxa]}}
    loadBalancers: [{targetGroupArn: "$(targetGroups.web.arn)", containerName: web, containerPort: 80}]
  scaling:
    minCapacity: 1
    maxCapacity: 4
    policies:
      cpu:
        policyType: TargetTrackingScaling
        targetTrackingScalingPolicyConfiguration:
          targetValue: 60
          predefinedMetricSpecification: {predefinedMetricType: ECSServiceAverageCPUUtilization}
  alarms:
    cpu: {metricName: CPUUtilization, namespace: AWS/ECS, statistic: Average, period: 300, evaluationPeriods: 1, threshold: 90, comparisonOperator: GreaterThanThreshold, dimensions: {ServiceName: s%05[1]d, ClusterName: default}}
    memory: {metricName: MemoryUtilization, namespace: AWS/ECS, statistic: Average, period: 300, evaluationPeriods: 1, threshold: 90, comparisonOperator: GreaterThanThreshold, dimensions: {ServiceName: s%05[1]d, ClusterName: default}}
`, n, listeners[n/rulesPerListener], n%rulesPerListener+1, tag)
}

// fleet is a directory of documents.
type fleet struct {
	dir       string
	listeners []string
	services  int
}

// file is where a service's document stands: 100 in a folder.
func (f *fleet) file(n int) string {
	return filepath.Join(f.dir, fmt.Sprintf("team%03d", n/100), fmt.Sprintf("s%05d.yaml", n))
}

// write writes all documents.
func (f *fleet) write() error {
	for n := range f.services {
		if err := os.MkdirAll(filepath.Dir(f.file(n)), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(f.file(n), []byte(document(n, f.listeners, "1.0")), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// edit gives a service another image, as an editor saves a file.
func (f *fleet) edit(n int, tag string) error {
	return os.WriteFile(f.file(n), []byte(document(n, f.listeners, tag)), 0o644)
}

// balance makes the load balancers that the rules need, with a listener each.
func balance(ctx context.Context, api *elb.Client, n int) (listeners []string, err error) {
	for i := range n {
		lb, err := api.CreateLoadBalancer(ctx, &elb.CreateLoadBalancerInput{Name: aws.String(fmt.Sprintf("lb%d", i)), Subnets: []string{"subnet-0sandboxa", "subnet-0sandboxb"}})
		if err != nil {
			return nil, err
		}
		l, err := api.CreateListener(ctx, &elb.CreateListenerInput{LoadBalancerArn: lb.LoadBalancers[0].LoadBalancerArn, Port: aws.Int32(80), Protocol: types.ProtocolEnumHttp,
			DefaultActions: []types.Action{{Type: types.ActionTypeEnumFixedResponse, FixedResponseConfig: &types.FixedResponseActionConfig{StatusCode: aws.String("404")}}}})
		if err != nil {
			return nil, err
		}
		listeners = append(listeners, *l.Listeners[0].ListenerArn)
	}
	return listeners, nil
}

// calls are numbers of calls by operation.
type calls map[string]int

func (c calls) total() (n int) {
	for _, k := range c {
		n += k
	}
	return n
}

// steadyFloor is the least that a pass over the fleet can cost: AWS' page sizes, and
// nothing asked twice. Tags and attributes of target groups, the members of a task
// definition and deployments that have ended need not be asked in each.
func steadyFloor(services int) calls {
	pages := func(n, size int) int { return (n + size - 1) / size }
	balancers := pages(services, rulesPerListener)
	return calls{
		"DescribeServices":        pages(services, 10),
		"DescribeTargetGroups":    pages(services, 400),
		"DescribeListeners":       balancers,
		"DescribeRules":           balancers,
		"DescribeAlarms":          pages(2*services, 100),
		"DescribeScalableTargets": pages(services, 50),
		"DescribeScalingPolicies": pages(services, 10),
	}
}

// editFloor is one edit of an image: what the plan is made from, read once, and the
// two writes.
func editFloor() calls {
	return calls{"DescribeServices": 1, "DescribeTargetGroups": 1, "DescribeRules": 1, "DescribeAlarms": 1,
		"DescribeScalableTargets": 1, "DescribeScalingPolicies": 1, "RegisterTaskDefinition": 1, "UpdateService": 1}
}
