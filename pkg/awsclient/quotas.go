package awsclient

// usage says which calls draw from a category, and thereby which share it gets.
type usage int

const (
	reading usage = iota
	writing
	both
)

// quota is one throttle category as AWS publishes it for an account and Region.
type quota struct {
	name        string
	use         usage
	rate, burst float64 // per second, and bucket size
	ops         []string
}

// quotas is the one table of throttle categories. An operation that stands
// nowhere is not held back (sts, and what nobody calls). Sources:
//
//   - ecs: "Request throttling for the Amazon ECS API" in the developer guide.
//     StopServiceDeployment and ContinueServiceDeployment are not in AWS' table;
//     they are counted as service modification, the slowest thing they could be.
//   - elasticloadbalancing: "API throttling for the Elastic Load Balancing API":
//     one account-wide bucket over everything, smaller ones for mutating calls.
//     Every mutating call draws from both.
//   - cloudwatch: general reference, "CloudWatch service quotas", per operation
//     and second, without a burst: a second's worth is taken for one.
//   - application-autoscaling publishes no rates. terraform #31447 saw about
//     four calls at once throttled: 10 and 5 a second are our guess at the
//     quota, of which the shares leave 2.5 a second each, and three reads at once: what
//     was held up on its way arrives with what was saved up meanwhile (10,000 services
//     on a busy machine: one call was refused where it was five). The cut does the rest.
//   - logs: GetLogEvents 25 a second ("CloudWatch Logs quotas").
//   - tagging: no published rates either; conservative.
//   - what rollouts are verified with: SSM's GetParameters 40 a second and ECR's
//     BatchGetImage 2,000, DescribePullThroughCacheRules 10, Secrets Manager's
//     DescribeSecret 40 and GetSecretValue 10,000 (service quotas), Lambda's control
//     plane reads 100 shared with GetFunction's, DescribeLogGroups 10 (CloudWatch Logs
//     quotas), EC2's unfiltered and filtered describes 20 with a bucket of 50 or more
//     ("Request throttling for the Amazon EC2 API"). IAM publishes none. Lower numbers
//     than AWS' are ours: there are few of these calls.
var quotas = []quota{
	{"ecs service read", reading, 20, 100, []string{"ecs:DescribeServices", "ecs:ListServices"}},
	{"ecs service modify", writing, 5, 50, []string{"ecs:CreateService", "ecs:UpdateService", "ecs:DeleteService",
		"ecs:StopServiceDeployment", "ecs:ContinueServiceDeployment"}},
	{"ecs task definition read", reading, 20, 50, []string{"ecs:DescribeTaskDefinition", "ecs:ListTaskDefinitions",
		"ecs:ListTaskDefinitionFamilies"}},
	{"ecs task definition modify", writing, 1, 20, []string{"ecs:RegisterTaskDefinition", "ecs:DeregisterTaskDefinition"}},
	{"ecs task definition delete", writing, 1, 5, []string{"ecs:DeleteTaskDefinitions"}},
	{"ecs service deployment", reading, 20, 50, []string{"ecs:DescribeServiceDeployments", "ecs:ListServiceDeployments"}},
	{"ecs service revision", reading, 20, 50, []string{"ecs:DescribeServiceRevisions"}},
	{"ecs cluster read", reading, 20, 50, []string{"ecs:DescribeClusters", "ecs:ListClusters",
		"ecs:DescribeCapacityProviders"}},
	{"ecs cluster resource read", reading, 20, 100, []string{"ecs:DescribeTasks", "ecs:ListTasks",
		"ecs:DescribeContainerInstances", "ecs:ListContainerInstances"}},
	{"ecs cluster resource modify", writing, 40, 100, []string{"ecs:RunTask", "ecs:StopTask"}},
	{"ecs tag read", reading, 20, 50, []string{"ecs:ListTagsForResource"}},
	{"ecs tag modify", writing, 10, 20, []string{"ecs:TagResource", "ecs:UntagResource"}},
	{"ecs namespace read", reading, 1, 10, []string{"ecs:ListServicesByNamespace"}},

	{"elb account", both, 10, 40, append(elbReads(), elbWrites()...)},
	{"elb read", reading, 10, 40, elbReads()},
	{"elb modify", writing, 3, 20, elbWrites()},
	{"elb register targets", writing, 4, 20, []string{"elasticloadbalancing:RegisterTargets",
		"elasticloadbalancing:DeregisterTargets"}},

	{"cloudwatch DescribeAlarms", reading, 9, 9, []string{"cloudwatch:DescribeAlarms"}},
	{"cloudwatch ListTagsForResource", reading, 10, 10, []string{"cloudwatch:ListTagsForResource"}},
	{"cloudwatch DescribeAlarmHistory", reading, 9, 9, []string{"cloudwatch:DescribeAlarmHistory"}},
	{"cloudwatch PutMetricAlarm", writing, 3, 4, []string{"cloudwatch:PutMetricAlarm"}},
	{"cloudwatch PutCompositeAlarm", writing, 3, 4, []string{"cloudwatch:PutCompositeAlarm"}},
	{"cloudwatch DeleteAlarms", writing, 3, 4, []string{"cloudwatch:DeleteAlarms"}},
	{"cloudwatch SetAlarmState", writing, 3, 4, []string{"cloudwatch:SetAlarmState"}},
	{"cloudwatch alarm actions", writing, 3, 4, []string{"cloudwatch:EnableAlarmActions", "cloudwatch:DisableAlarmActions"}},
	{"cloudwatch tag modify", writing, 20, 20, []string{"cloudwatch:TagResource", "cloudwatch:UntagResource"}},

	{"application-autoscaling read", reading, 10, 12, []string{"application-autoscaling:DescribeScalableTargets",
		"application-autoscaling:DescribeScalingPolicies", "application-autoscaling:DescribeScheduledActions",
		"application-autoscaling:DescribeScalingActivities", "application-autoscaling:ListTagsForResource"}},
	{"application-autoscaling modify", writing, 5, 6, []string{"application-autoscaling:RegisterScalableTarget",
		"application-autoscaling:DeregisterScalableTarget", "application-autoscaling:PutScalingPolicy",
		"application-autoscaling:DeleteScalingPolicy", "application-autoscaling:PutScheduledAction",
		"application-autoscaling:DeleteScheduledAction", "application-autoscaling:TagResource",
		"application-autoscaling:UntagResource"}},

	{"logs GetLogEvents", reading, 25, 25, []string{"logs:GetLogEvents"}},

	{"tagging read", reading, 8, 20, []string{"tag:GetResources"}},

	{"ec2 describe", reading, 20, 50, []string{"ec2:DescribeSubnets", "ec2:DescribeSecurityGroups"}},
	{"iam read", reading, 10, 20, []string{"iam:GetRole"}},
	{"ecr BatchGetImage", reading, 100, 100, []string{"ecr:BatchGetImage"}},
	{"ecr rules", reading, 5, 5, []string{"ecr:DescribePullThroughCacheRules"}},
	{"secretsmanager DescribeSecret", reading, 40, 40, []string{"secretsmanager:DescribeSecret"}},
	{"secretsmanager GetSecretValue", reading, 100, 100, []string{"secretsmanager:GetSecretValue"}},
	{"ssm GetParameters", reading, 40, 40, []string{"ssm:GetParameters"}},
	{"logs DescribeLogGroups", reading, 10, 10, []string{"logs:DescribeLogGroups"}},
	{"lambda read", reading, 15, 15, []string{"lambda:GetFunctionConfiguration"}},
}

func elbReads() []string {
	return []string{"elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetGroupAttributes",
		"elasticloadbalancing:DescribeTargetHealth", "elasticloadbalancing:DescribeRules",
		"elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeLoadBalancers",
		"elasticloadbalancing:DescribeTags"}
}

func elbWrites() []string {
	return []string{"elasticloadbalancing:CreateTargetGroup", "elasticloadbalancing:ModifyTargetGroup",
		"elasticloadbalancing:ModifyTargetGroupAttributes", "elasticloadbalancing:DeleteTargetGroup",
		"elasticloadbalancing:CreateRule", "elasticloadbalancing:ModifyRule", "elasticloadbalancing:DeleteRule",
		"elasticloadbalancing:SetRulePriorities", "elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"}
}
