package kinds

import (
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// Use is what a call is made for: what a permission for it depends on.
type Use string

// Uses.
const (
	UseObserve Use = "observe" // read by everything, diff included
	UseLogs    Use = "logs"    // read by the verb logs alone
	UseVerify  Use = "verify"  // asked before a rollout
	UseWrite   Use = "write"   // makes or changes something
	UseTag     Use = "tag"
	UseUntag   Use = "untag"
	UseDelete  Use = "delete"
	UseRollout Use = "rollout" // stops and continues deployments
	UseHook    Use = "hook"    // runs and stops tasks around a deployment
)

// Call is one AWS operation that this package calls, as IAM spells its action.
type Call struct {
	Action string // "ecs:UpdateService"
	Use    Use
	Kind   string // of the resource that is written, "" where the call is not one kind's
}

// Calls lists every operation that this package calls. The IAM policies are made
// from it; tests hold it to the calls in the source and to what the embedded AWS
// was asked in the scenarios.
func Calls() []Call { return slices.Clone(calls) }

var calls = slices.Concat(
	each(UseObserve, "", "application-autoscaling", "DescribeScalableTargets", "DescribeScalingPolicies", "DescribeScheduledActions", "ListTagsForResource"),
	each(UseObserve, "", "cloudwatch", "DescribeAlarms", "ListTagsForResource"),
	each(UseObserve, "", "ecs", "DescribeServiceDeployments", "DescribeServiceRevisions", "DescribeServices", "DescribeTaskDefinition", "DescribeTasks",
		"ListClusters", "ListServiceDeployments", "ListServices", "ListTagsForResource", "ListTaskDefinitions", "ListTasks"),
	each(UseObserve, "", "elasticloadbalancing", "DescribeListeners", "DescribeLoadBalancers", "DescribeRules", "DescribeTags",
		"DescribeTargetGroupAttributes", "DescribeTargetGroups", "DescribeTargetHealth"),
	each(UseObserve, "", "tag", "GetResources"),

	each(UseLogs, "", "logs", "GetLogEvents"),

	each(UseVerify, "", "ec2", "DescribeSecurityGroups", "DescribeSubnets"),
	each(UseVerify, "", "ecr", "BatchGetImage", "DescribePullThroughCacheRules", "GetAuthorizationToken"),
	each(UseVerify, "", "iam", "GetRole"),
	each(UseVerify, "", "lambda", "GetFunctionConfiguration"),
	each(UseVerify, "", "logs", "DescribeLogGroups"),
	each(UseVerify, "", "secretsmanager", "DescribeSecret", "GetSecretValue"),
	each(UseVerify, "", "ssm", "GetParameters"),

	each(UseWrite, resource.KindService, "ecs", "CreateService", "UpdateService"),
	each(UseDelete, resource.KindService, "ecs", "DeleteService"),
	each(UseRollout, resource.KindService, "ecs", "ContinueServiceDeployment", "StopServiceDeployment"),
	each(UseWrite, resource.KindTaskDefinition, "ecs", "RegisterTaskDefinition"),
	each(UseDelete, resource.KindTaskDefinition, "ecs", "DeregisterTaskDefinition"),
	each(UseHook, resource.KindHook, "ecs", "RunTask", "StopTask"),
	each(UseTag, "", "ecs", "TagResource"),
	each(UseUntag, "", "ecs", "UntagResource"),

	each(UseWrite, resource.KindTargetGroup, "elasticloadbalancing", "CreateTargetGroup", "ModifyTargetGroup", "ModifyTargetGroupAttributes"),
	each(UseDelete, resource.KindTargetGroup, "elasticloadbalancing", "DeleteTargetGroup"),
	each(UseWrite, resource.KindListenerRule, "elasticloadbalancing", "CreateRule", "ModifyListener", "ModifyRule", "SetRulePriorities"),
	each(UseDelete, resource.KindListenerRule, "elasticloadbalancing", "DeleteRule"),
	each(UseTag, "", "elasticloadbalancing", "AddTags"),
	each(UseUntag, "", "elasticloadbalancing", "RemoveTags"),

	each(UseWrite, resource.KindScalableTarget, "application-autoscaling", "RegisterScalableTarget"),
	each(UseDelete, resource.KindScalableTarget, "application-autoscaling", "DeregisterScalableTarget"),
	each(UseWrite, resource.KindScalingPolicy, "application-autoscaling", "PutScalingPolicy"),
	each(UseDelete, resource.KindScalingPolicy, "application-autoscaling", "DeleteScalingPolicy"),
	each(UseWrite, resource.KindScheduledAction, "application-autoscaling", "PutScheduledAction"),
	each(UseDelete, resource.KindScheduledAction, "application-autoscaling", "DeleteScheduledAction"),
	each(UseTag, "", "application-autoscaling", "TagResource"),
	each(UseUntag, "", "application-autoscaling", "UntagResource"),

	each(UseWrite, resource.KindAlarm, "cloudwatch", "PutCompositeAlarm", "PutMetricAlarm"),
	each(UseDelete, resource.KindAlarm, "cloudwatch", "DeleteAlarms"),
	each(UseTag, "", "cloudwatch", "TagResource"),
	each(UseUntag, "", "cloudwatch", "UntagResource"),
)

func each(use Use, kind, service string, operations ...string) []Call {
	var out []Call
	for _, o := range operations {
		out = append(out, Call{Action: service + ":" + o, Use: use, Kind: kind})
	}
	return out
}

// Actions are the actions of the calls of one use and kind, "" for every kind, in
// order.
func Actions(use Use, kind string) []string {
	var out []string
	for _, c := range calls {
		if c.Use == use && (kind == "" || c.Kind == kind) {
			out = append(out, c.Action)
		}
	}
	slices.SortFunc(out, strings.Compare)
	return out
}
