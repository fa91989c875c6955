package sandbox

import (
	"context"
	"sync"
	"time"
)

// quota is a token bucket that AWS documents for an account and Region: every
// call of its operations takes a token.
type quota struct {
	rate, burst float64 // tokens a second, and how many there may be
	operations  []string
}

// quotas are AWS' own, and where AWS publishes none, ours on the strict side:
//
//   - ECS: "Request throttling for the Amazon ECS API", developer guide. Stopping
//     and continuing a deployment stand in no category there: they share that of
//     the changes of services here.
//   - Elastic Load Balancing: "API throttling for the Elastic Load Balancing API":
//     one bucket for all calls of the account, and one for each sort of them.
//   - CloudWatch: general reference, a second's worth being the burst.
//   - Application Auto Scaling and tagging publish none: terraform #31447 saw four
//     changes at once refused.
var quotas = []quota{
	{20, 100, []string{"ecs.DescribeServices", "ecs.ListServices"}},
	{5, 50, []string{"ecs.CreateService", "ecs.UpdateService", "ecs.DeleteService", "ecs.StopServiceDeployment", "ecs.ContinueServiceDeployment"}},
	{20, 50, []string{"ecs.DescribeTaskDefinition", "ecs.ListTaskDefinitions", "ecs.ListTaskDefinitionFamilies"}},
	{1, 20, []string{"ecs.RegisterTaskDefinition", "ecs.DeregisterTaskDefinition"}},
	{1, 5, []string{"ecs.DeleteTaskDefinitions"}},
	{20, 50, []string{"ecs.DescribeServiceDeployments", "ecs.ListServiceDeployments"}},
	{20, 50, []string{"ecs.DescribeServiceRevisions"}},
	{20, 50, []string{"ecs.DescribeClusters", "ecs.ListClusters"}},
	{20, 100, []string{"ecs.DescribeTasks", "ecs.ListTasks", "ecs.DescribeContainerInstances", "ecs.ListContainerInstances"}},
	{40, 100, []string{"ecs.RunTask", "ecs.StopTask"}},
	{20, 50, []string{"ecs.ListTagsForResource"}},
	{10, 20, []string{"ecs.TagResource", "ecs.UntagResource"}},
	{10, 40, append(append(append([]string{}, elbDescribes...), elbChanges...), elbTargets...)},
	{10, 40, elbDescribes},
	{3, 20, elbChanges},
	{4, 20, elbTargets},
	{9, 9, []string{"monitoring.DescribeAlarms"}},
	{9, 9, []string{"monitoring.DescribeAlarmHistory"}},
	{10, 10, []string{"monitoring.ListTagsForResource"}},
	{3, 3, []string{"monitoring.PutMetricAlarm"}},
	{3, 3, []string{"monitoring.PutCompositeAlarm"}},
	{3, 3, []string{"monitoring.DeleteAlarms"}},
	{3, 3, []string{"monitoring.SetAlarmState"}},
	{3, 3, []string{"monitoring.EnableAlarmActions", "monitoring.DisableAlarmActions"}},
	{20, 20, []string{"monitoring.TagResource", "monitoring.UntagResource"}},
	{5, 5, []string{"application-autoscaling.DescribeScalableTargets", "application-autoscaling.DescribeScalingPolicies",
		"application-autoscaling.DescribeScheduledActions", "application-autoscaling.DescribeScalingActivities", "application-autoscaling.ListTagsForResource"}},
	{3, 4, []string{"application-autoscaling.RegisterScalableTarget", "application-autoscaling.DeregisterScalableTarget",
		"application-autoscaling.PutScalingPolicy", "application-autoscaling.DeleteScalingPolicy", "application-autoscaling.PutScheduledAction",
		"application-autoscaling.DeleteScheduledAction", "application-autoscaling.TagResource", "application-autoscaling.UntagResource"}},
	{5, 10, []string{"tagging.GetResources"}},
}

var (
	elbDescribes = []string{"elasticloadbalancing.DescribeTargetGroups", "elasticloadbalancing.DescribeTargetGroupAttributes",
		"elasticloadbalancing.DescribeTargetHealth", "elasticloadbalancing.DescribeRules", "elasticloadbalancing.DescribeListeners",
		"elasticloadbalancing.DescribeListenerAttributes", "elasticloadbalancing.DescribeLoadBalancers",
		"elasticloadbalancing.DescribeLoadBalancerAttributes", "elasticloadbalancing.DescribeTags"}
	elbChanges = []string{"elasticloadbalancing.CreateTargetGroup", "elasticloadbalancing.ModifyTargetGroup",
		"elasticloadbalancing.ModifyTargetGroupAttributes", "elasticloadbalancing.DeleteTargetGroup", "elasticloadbalancing.CreateRule",
		"elasticloadbalancing.ModifyRule", "elasticloadbalancing.DeleteRule", "elasticloadbalancing.SetRulePriorities",
		"elasticloadbalancing.CreateListener", "elasticloadbalancing.ModifyListener", "elasticloadbalancing.DeleteListener",
		"elasticloadbalancing.AddTags", "elasticloadbalancing.RemoveTags"}
	elbTargets = []string{"elasticloadbalancing.RegisterTargets", "elasticloadbalancing.DeregisterTargets"}
)

// Quotas is a fault: it refuses the calls beyond AWS' request quotas, which refill
// by the clock on the wall (time.Now when nil), however fast the world runs.
func Quotas(now func() time.Time) FaultFunc {
	if now == nil {
		now = time.Now
	}
	type bucket struct {
		quota
		left float64
		at   time.Time
	}
	var mu sync.Mutex
	by := map[string][]*bucket{}
	for _, q := range quotas {
		b := &bucket{quota: q, left: q.burst, at: now()}
		for _, op := range q.operations {
			by[op] = append(by[op], b)
		}
	}
	return func(_ context.Context, c Call) *Fault {
		mu.Lock()
		defer mu.Unlock()
		mine := by[c.Service+"."+c.Operation]
		for _, b := range mine {
			t := now()
			b.left = min(b.burst, b.left+b.rate*t.Sub(b.at).Seconds())
			b.at = t
			if b.left < 1 {
				return throttled(c.Service)
			}
		}
		for _, b := range mine {
			b.left--
		}
		return nil
	}
}

// throttled is a refusal in the service's own words: ECS (aws-sdk#821) and
// Application Auto Scaling say ThrottlingException, the Query services Throttling,
// and the tagging API models a ThrottledException.
func throttled(service string) *Fault {
	code := "ThrottlingException"
	switch service {
	case "elasticloadbalancing", "monitoring":
		code = "Throttling"
	case "tagging":
		code = "ThrottledException"
	}
	return &Fault{Code: code, Message: "Rate exceeded"}
}
