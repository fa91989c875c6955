package kinds_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/google/go-cmp/cmp"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

func find[T any](t *testing.T, u *resource.Unit, kind, name string) (T, *resource.Object) {
	t.Helper()
	o := u.Object(serviceOf(u).Of(kind, name))
	if o == nil {
		t.Fatalf("no %s %s", kind, name)
	}
	return o.Want.(T), o
}

// Derived names are a promise: another derivation would make everything anew.
func TestDerivedNames(t *testing.T) {
	u, _ := desire(t, web)
	td, _ := find[*ecs.RegisterTaskDefinitionInput](t, u, resource.KindTaskDefinition, "")
	svc, _ := find[*ecs.CreateServiceInput](t, u, resource.KindService, "")
	tg, _ := find[*elasticloadbalancingv2.CreateTargetGroupInput](t, u, resource.KindTargetGroup, "web")
	target, _ := find[*applicationautoscaling.RegisterScalableTargetInput](t, u, resource.KindScalableTarget, "")
	policy, _ := find[*applicationautoscaling.PutScalingPolicyInput](t, u, resource.KindScalingPolicy, "cpu")
	action, _ := find[*applicationautoscaling.PutScheduledActionInput](t, u, resource.KindScheduledAction, "morning")
	alarm, _ := find[*cloudwatch.PutMetricAlarmInput](t, u, resource.KindAlarm, "errors")
	got := []string{
		aws.ToString(td.Family), aws.ToString(svc.ServiceName), aws.ToString(svc.Cluster), aws.ToString(svc.TaskDefinition), aws.ToString(tg.Name),
		aws.ToString(target.ResourceId), string(target.ServiceNamespace), string(target.ScalableDimension),
		aws.ToString(policy.PolicyName), aws.ToString(policy.ResourceId), aws.ToString(action.ScheduledActionName), aws.ToString(alarm.AlarmName),
	}
	want := []string{
		"default-web", "web", "default", "$(taskDefinition.arn)", "web-web-92dc93f0",
		"service/default/web", "ecs", "ecs:service:DesiredCount",
		"ecs-operator/default/web/cpu", "service/default/web", "ecs-operator-default-web-morning", "ecs-operator/default/web/errors",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// The name of a target group follows what it cannot change, and nothing else.
func TestTargetGroupNames(t *testing.T) {
	name := func(yaml string) string {
		u, _ := desire(t, yaml)
		tg, _ := find[*elasticloadbalancingv2.CreateTargetGroupInput](t, u, resource.KindTargetGroup, "web")
		return aws.ToString(tg.Name)
	}
	base := name(web)
	for _, same := range [][2]string{
		{"healthCheckPath: /healthz", "healthCheckPath: /up"},
		{"targetType: ip\n", "targetType: ip\n      protocolVersion: HTTP1\n      ipAddressType: ipv4\n"},
	} {
		if got := name(edit(t, web, same[0], same[1])); got != base {
			t.Errorf("%s made %s of %s", same[1], got, base)
		}
	}
	for _, other := range [][2]string{
		{"vpcId: vpc-0sandbox", "vpcId: vpc-1"}, {"targetType: ip", "targetType: instance"}, {"metadata: {name: web}", "metadata: {name: web2}"},
	} {
		if got := name(edit(t, web, other[0], other[1])); got == base {
			t.Errorf("%s kept %s", other[1], got)
		}
	}
	long := name(edit(t, web, "metadata: {name: web}", "metadata: {name: "+strings.Repeat("very-", 20)+"long}"))
	if len(long) > 32 || strings.HasPrefix(long, "-") || strings.Contains(long, "--") {
		t.Errorf("%s (%d)", long, len(long))
	}
}

// Tags leave the body, and what the author wrote and what is ours stand together.
func TestTags(t *testing.T) {
	u, problems := desire(t, web)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	svc, o := find[*ecs.CreateServiceInput](t, u, resource.KindService, "")
	want := map[string]string{"team": "payments", resource.TagOwner: "ecs-operator", resource.TagUnit: "default/web", resource.TagSpecHash: u.ContentHash}
	if d := cmp.Diff(want, o.Tags); d != "" || svc.Tags != nil {
		t.Errorf("%s, in the body %v", d, svc.Tags)
	}
	if !strings.HasPrefix(o.Written.At("tags.team"), "spec.yaml:") {
		t.Errorf("the position of the tag is %q", o.Written.At("tags.team"))
	}
	for path := range o.Written.Paths() {
		if strings.HasPrefix(path, "tags[") {
			t.Errorf("still written: %s", path)
		}
	}
	_, o = find[*applicationautoscaling.RegisterScalableTargetInput](t, u, resource.KindScalableTarget, "")
	if o.Tags["team"] != "payments" || o.Tags[resource.TagKey] != "scalable-target" {
		t.Errorf("%v", o.Tags)
	}
}

// Order: rules and deployment alarms before the service, scaling behind it.
func TestNeeds(t *testing.T) {
	u, _ := desire(t, web)
	locals := func(kind, name string) []string {
		out := []string{}
		for _, id := range u.Object(serviceOf(u).Of(kind, name)).Needs {
			out = append(out, id.Local())
		}
		slices.Sort(out)
		return out
	}
	for _, c := range []struct {
		kind, name string
		want       []string
	}{
		{resource.KindService, "", []string{"alarm/errors", "rule/web", "target-group/web", "task-definition"}},
		{resource.KindTaskDefinition, "", []string{}},
		{resource.KindListenerRule, "web", []string{"target-group/web"}},
		{resource.KindScalableTarget, "", []string{"service"}},
		{resource.KindScalingPolicy, "cpu", []string{"scalable-target"}},
		{resource.KindScheduledAction, "morning", []string{"scalable-target"}},
		{resource.KindAlarm, "errors", []string{"target-group/web"}},
		{resource.KindAlarm, "busy", []string{"scaling-policy/step"}}, // of the service it only says the name
		{resource.KindAlarm, "page", []string{"alarm/busy", "alarm/errors"}},
	} {
		if d := cmp.Diff(c.want, locals(c.kind, c.name)); d != "" {
			t.Errorf("%s %s: %s", c.kind, c.name, d)
		}
	}
}

// desiredCount at creation: what is written, inside the autoscaler's bounds,
// else its minimum.
func TestDesiredCountAtCreation(t *testing.T) {
	for _, c := range []struct {
		service string
		want    int32
		warned  int // that the count is moved
	}{
		{"launchType: FARGATE", 2, 0}, {"launchType: FARGATE\n    desiredCount: 4", 4, 0},
		{"launchType: FARGATE\n    desiredCount: 1", 2, 1}, {"launchType: FARGATE\n    desiredCount: 99", 6, 1},
	} {
		u, problems := desire(t, edit(t, web, "launchType: FARGATE", c.service))
		if len(problems) != c.warned || c.warned == 1 && problems[0].Code != "desired-count-range" {
			t.Fatal(problems)
		}
		in, _ := find[*ecs.CreateServiceInput](t, u, resource.KindService, "")
		if aws.ToInt32(in.DesiredCount) != c.want {
			t.Errorf("%s: %d, want %d", c.service, aws.ToInt32(in.DesiredCount), c.want)
		}
	}
}

// What is in the rollout content and what is not.
func TestContentHash(t *testing.T) {
	hash := func(yaml string) string {
		u, _ := desire(t, yaml)
		return u.ContentHash
	}
	base := hash(web)
	for _, same := range [][2]string{
		{"cpu: \"0.5 vCPU\"", "cpu: \"512\""},
		{"environment: {ZULU: z, ALPHA: a, GREETING: hello}", "environment: {GREETING: hello, ALPHA: a, ZULU: z}"},
		{"        image: httpd:2.4\n", "        image: httpd:2.4\n        essential: true\n"},
		{"tags: {tier: web}", "tags: {tier: other}"},
		{"healthCheckGracePeriodSeconds: 30", "healthCheckGracePeriodSeconds: 31"},
		{"maxCapacity: 6", "maxCapacity: 7"},
		{"threshold: 10\n", "threshold: 11\n"},
		{"subnets: [subnet-0sandboxb, subnet-0sandboxa]", "subnets: [subnet-0sandboxa, subnet-0sandboxb]"},
	} {
		if hash(edit(t, web, same[0], same[1])) != base {
			t.Errorf("%s is in the content", same[1])
		}
	}
	for _, other := range [][2]string{
		{"image: httpd:2.4", "image: httpd:2.5"}, {"interval: 10", "interval: 11"},
		{"subnets: [subnet-0sandboxb, subnet-0sandboxa]", "subnets: [subnet-0sandboxa]"},
		{"containerName: app, containerPort: 80}", "containerName: app, containerPort: 81}"},
		{"    launchType: FARGATE\n", "    launchType: FARGATE\n    platformVersion: 1.4.0\n"},
		// no deployment by itself, but we force one
		{"    launchType: FARGATE\n", "    capacityProviderStrategy: [{capacityProvider: FARGATE_SPOT, weight: 1}]\n"},
	} {
		if hash(edit(t, web, other[0], other[1])) == base {
			t.Errorf("%s is not in the content", other[1])
		}
	}
}

// TestContentHashIsForEver: the hash stands in tags. A change of the form needs a
// new version in front of it, and the old one beside it.
func TestContentHashIsForEver(t *testing.T) {
	for yaml, want := range map[string]string{
		hello:  "1-e748643c3c6a850771dbe13c",
		worker: "1-778144f55365dac6fa5ab546",
		web:    "1-2b6d7a4e88cffb7788d825a1",
	} {
		u, _ := desire(t, yaml)
		if u.ContentHash != want {
			t.Errorf("%s: %s, want %s", u.Key, u.ContentHash, want)
		}
	}
}

// TestProblems: what is wrong with a document as a whole, at its place.
func TestProblems(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"two task definitions", "service: {", "service: {taskDefinition: other:3, ",
			`spec.yaml:8:29: service.taskDefinition names "other:3" while the document has a taskDefinition of its own: remove one of them`},
		{"two clusters", "service: {", "service: {cluster: prod, ",
			`spec.yaml:8:22: service.cluster says "prod", but the document's cluster is "default": write it once, as spec.cluster`},
		{"foreign controller", "service: {", "service: {deploymentController: {type: CODE_DEPLOY}, ",
			"only services that ECS itself deploys are managed, and CODE_DEPLOY is another controller: leave it out; with policy.adopt a service that has it is moved to ECS, as a step of its own"},
		{"reserved tag", "service: {", "service: {tags: {ecs-operator:owner: me}, ",
			`tag "ecs-operator:owner": keys that start with ecs-operator: and aws: are reserved`},
		{"a client token", "service: {", "service: {clientToken: x, ", "service.clientToken is made by the operator: remove it"},
		{"a family that AWS refuses", "  taskDefinition:\n", "  taskDefinition:\n    family: a/b\n",
			`spec.yaml:7:13: the task definition family "a/b" has characters that AWS does not take (as written)`},
		{"a size in an unknown unit", "  taskDefinition:\n", "  taskDefinition:\n    cpu: 1 core\n",
			`spec.yaml:7:10: taskDefinition.cpu: "1 core" is no size: write CPU units ("256") or vCPUs (".25 vCPU")`},
		{"memory in an unknown unit", "  taskDefinition:\n", "  taskDefinition:\n    memory: 1GiB\n",
			`spec.yaml:7:13: taskDefinition.memory: "1GiB" is no size: write MiB ("512") or GB ("0.5 GB")`},
		{"scaling upside down", "  service: {", "  scaling: {minCapacity: 5, maxCapacity: 2}\n  service: {",
			"spec.scaling.minCapacity 5 is more than maxCapacity 2"},
		{"somebody else's service", "  service: {", "  scaling: {minCapacity: 1, maxCapacity: 2, resourceId: service/a/b}\n  service: {",
			`scaling.resourceId is "service/a/b", but it scales this document's service: leave it out, or write "service/default/hello"`},
		{"AWS' own alarm names", "  service: {", "  alarms: {a: {alarmName: TargetTracking-service/default/hello-AlarmHigh-1, metricName: M, namespace: N, statistic: Sum, period: 60, evaluationPeriods: 1, threshold: 1, comparisonOperator: GreaterThanThreshold}}\n  service: {",
			`such alarms are Application Auto Scaling's own: choose another name`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, problems := desire(t, edit(t, hello, c.old, c.new))
			if len(problems) != 1 || !strings.Contains(problems[0].String(), c.want) || problems[0].Line == 0 || problems[0].Document != "hello" {
				t.Errorf("%v, want one with %q", problems, c.want)
			}
		})
	}
}
