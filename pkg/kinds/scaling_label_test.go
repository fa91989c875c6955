package kinds_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

const requests = "targetValue: 60\n          predefinedMetricSpecification: {predefinedMetricType: ALBRequestCountPerTarget}"

func counting(t *testing.T) string {
	return edit(t, web, "targetValue: 60\n          predefinedMetricSpecification: {predefinedMetricType: ECSServiceAverageCPUUtilization}", requests)
}

// TestResourceLabel: ALBRequestCountPerTarget finds its target group by itself,
// and is made when that and its rule exist.
func TestResourceLabel(t *testing.T) {
	const predictive = "policyType: PredictiveScaling\n        predictiveScalingPolicyConfiguration: {metricSpecifications: [{targetValue: 50, " +
		"predefinedLoadMetricSpecification: {predefinedMetricType: ALBTargetGroupRequestCount}, predefinedScalingMetricSpecification: {predefinedMetricType: ALBRequestCountPerTarget}}]}\n      step:"
	for name, text := range map[string]string{
		"target tracking": counting(t),
		"predictive":      edit(t, counting(t), "      step:", "      ahead:\n        "+predictive),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			u := w.load(text)
			id := serviceOf(u).Of(resource.KindScalingPolicy, "cpu")
			needs := u.Object(id).Needs
			for _, kind := range []string{resource.KindTargetGroup, resource.KindListenerRule} {
				if !slices.Contains(needs, serviceOf(u).Of(kind, "web")) {
					t.Errorf("the policy does not wait for the %s: %v", kind, needs)
				}
			}
			w.apply(u)
			w.clean(u)
			live := w.observe(u, true)
			full := live[serviceOf(u).Of(resource.KindTargetGroup, "web")].Attrs["fullName"]
			want := "app/main/0123456789abcdef/" + full
			in := live[id].Value.(*applicationautoscaling.PutScalingPolicyInput)
			if got := aws.ToString(in.TargetTrackingScalingPolicyConfiguration.PredefinedMetricSpecification.ResourceLabel); got != want || !strings.HasPrefix(full, "targetgroup/web-web-") {
				t.Errorf("%q, want %q", got, want)
			}
			if l := live[serviceOf(u).Of(resource.KindScalingPolicy, "ahead")]; l.Presence == resource.Present {
				s := l.Value.(*applicationautoscaling.PutScalingPolicyInput).PredictiveScalingPolicyConfiguration.MetricSpecifications[0]
				if a, b := aws.ToString(s.PredefinedLoadMetricSpecification.ResourceLabel), aws.ToString(s.PredefinedScalingMetricSpecification.ResourceLabel); a != want || b != want {
					t.Errorf("%q, %q", a, b)
				}
			} else if name == "predictive" {
				t.Error("no predictive policy")
			}
			w.fresh()
			w.clean(u)
		})
	}
}

// Where it is not one target group behind one load balancer, a person must say
// what counts.
func TestResourceLabelCannotBeWorkedOut(t *testing.T) {
	const lb = "    loadBalancers:\n      - {targetGroupArn: $(targetGroups.web.arn), containerName: app, containerPort: 80}\n"
	for name, c := range map[string]struct{ old, new, want string }{
		"a network load balancer": {"      protocol: HTTP\n", "      protocol: TCP\n", "only Application Load Balancers count requests, and targetGroups.web has protocol TCP"},
		"no load balancer":        {lb, "", "the service has no load balancer"},
		"blue/green": {lb, strings.Replace(lb, "containerPort: 80", "containerPort: 80, advancedConfiguration: {alternateTargetGroupArn: \"arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/green/0123456789abcdef\"}", 1),
			"each deployment moves the requests to the other one"},
		"another group": {lb, strings.Replace(lb, "$(targetGroups.web.arn)", "\"arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/green/0123456789abcdef\"", 1), "no listener rule of this document leads to"},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := desire(t, edit(t, counting(t), c.old, c.new))
			if len(problems) != 1 || !strings.Contains(problems[0].Message, c.want) ||
				!strings.Contains(problems[0].Message, "scaling.policies.cpu.targetTrackingScalingPolicyConfiguration.predefinedMetricSpecification.resourceLabel cannot be worked out") {
				t.Errorf("%v", problems)
			}
		})
	}
	written := edit(t, edit(t, counting(t), "ALBRequestCountPerTarget", "ALBRequestCountPerTarget, resourceLabel: app/a/b/targetgroup/c/d"), lb, "")
	if _, problems := desire(t, written); len(problems) > 0 {
		t.Errorf("a written one: %v", problems)
	}
}
