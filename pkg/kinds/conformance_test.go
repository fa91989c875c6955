package kinds_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// TestAppliedIsClean: after apply nothing differs, a second apply writes
// nothing, also after a restart and when the rollout has ended.
func TestAppliedIsClean(t *testing.T) {
	for name, yaml := range map[string]string{"hello": hello, "worker": worker, "web": web} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			u := w.load(yaml)
			for id, l := range w.observe(u, false) {
				if l.Presence != resource.Absent {
					t.Fatalf("%s is %s before anything was made: %v", id.Local(), l.Presence, l.Err)
				}
			}
			if n := w.apply(u); n < u.Len() {
				t.Fatalf("%d writes made %d objects", n, u.Len())
			}
			w.clean(u)
			w.settle()
			w.clean(u)
			w.fresh()
			w.clean(u)
			if n := w.apply(u); n != 0 {
				t.Errorf("a second apply wrote %d times", n)
			}
		})
	}
}

// example is what the suite does to one object of the web service. Every kind
// of kinds.All has at least one.
type example struct {
	name string
	key  string // unit-local name of the object
	// old and new edit the spec; paths are the changes that this must show.
	old, new string
	paths    []string
	// poke changes the live object behind our back, and poked must show.
	poke  func(context.Context, awsclient.API, resource.Live) error
	poked []string
}

var examples = map[string][]example{
	resource.KindService: {{
		name: "harmless fields",
		old:  "healthCheckGracePeriodSeconds: 30", new: "healthCheckGracePeriodSeconds: 45", paths: []string{"healthCheckGracePeriodSeconds"},
		poke: func(ctx context.Context, api awsclient.API, l resource.Live) error {
			_, err := api.ECS.UpdateService(ctx, &ecs.UpdateServiceInput{Cluster: aws.String("default"), Service: &l.Name,
				EnableExecuteCommand:    aws.Bool(false),
				DeploymentConfiguration: &ecstypes.DeploymentConfiguration{MaximumPercent: aws.Int32(175), MinimumHealthyPercent: aws.Int32(50)}})
			return err
		},
		poked: []string{"deploymentConfiguration.maximumPercent", "deploymentConfiguration.minimumHealthyPercent", "enableExecuteCommand"},
	}, {
		name: "a line deleted",
		old:  "    healthCheckGracePeriodSeconds: 30\n", new: "", paths: []string{"healthCheckGracePeriodSeconds"},
	}, {
		name: "a deploying field",
		old:  "subnets: [subnet-0sandboxb, subnet-0sandboxa]", new: "subnets: [subnet-0sandboxa]",
		paths: []string{"networkConfiguration.awsvpcConfiguration.subnets", "tags.ecs-operator:spec-hash"},
	}, {
		name: "a tag",
		old:  "alarmNames: [$(alarms.errors.name)]}\n    tags: {team: payments}", new: "alarmNames: [$(alarms.errors.name)]}\n    tags: {squad: payments}",
		paths: []string{"tags.squad", "tags.team"},
		poke: func(ctx context.Context, api awsclient.API, l resource.Live) error {
			_, err := api.ECS.UntagResource(ctx, &ecs.UntagResourceInput{ResourceArn: &l.ARN, TagKeys: []string{resource.TagOwner}})
			return err
		},
		poked: []string{"tags." + resource.TagOwner},
	}},
	resource.KindTaskDefinition: {{
		name: "an image",
		old:  "image: httpd:2.4", new: "image: httpd:2.5",
		paths: []string{"containerDefinitions[app].image", "tags.ecs-operator:spec-hash"},
	}, {
		name: "a variable",
		old:  "GREETING: hello", new: "GREETING: good day",
		paths: []string{"containerDefinitions[app].environment[GREETING].value", "tags.ecs-operator:spec-hash"},
	}, {
		name: "a tag alone registers nothing",
		old:  "tags: {tier: web}", new: "tags: {tier: front}", paths: []string{"tags.tier"},
	}},
	resource.KindTargetGroup: {{
		name: "health check", key: "web",
		old: "healthCheckPath: /healthz", new: "healthCheckPath: /ready", paths: []string{"healthCheckPath"},
		poke: func(ctx context.Context, api awsclient.API, l resource.Live) error {
			_, err := api.ELB.ModifyTargetGroup(ctx, &elasticloadbalancingv2.ModifyTargetGroupInput{TargetGroupArn: &l.ARN, HealthCheckIntervalSeconds: aws.Int32(77)})
			return err
		},
		poked: []string{"healthCheckIntervalSeconds"},
	}, {
		name: "attributes", key: "web",
		old: `deregistration_delay.timeout_seconds: "30"`, new: `deregistration_delay.timeout_seconds: "45"`,
		paths: []string{"attributes[deregistration_delay.timeout_seconds]"},
		poke: func(ctx context.Context, api awsclient.API, l resource.Live) error {
			_, err := api.ELB.ModifyTargetGroupAttributes(ctx, &elasticloadbalancingv2.ModifyTargetGroupAttributesInput{TargetGroupArn: &l.ARN,
				Attributes: []elbtypes.TargetGroupAttribute{{Key: aws.String("slow_start.duration_seconds"), Value: aws.String("60")}}})
			return err
		},
		poked: []string{"attributes[slow_start.duration_seconds]"},
	}, {
		name: "an attribute deleted", key: "web",
		old: `{deregistration_delay.timeout_seconds: "30"}`, new: `{}`, paths: []string{"attributes[deregistration_delay.timeout_seconds]"},
	}},
	resource.KindListenerRule: {{
		name: "priority", key: "web",
		old: "priority: 10", new: "priority: 20", paths: []string{"priority"},
		poke: func(ctx context.Context, api awsclient.API, l resource.Live) error {
			_, err := api.ELB.ModifyRule(ctx, &elasticloadbalancingv2.ModifyRuleInput{RuleArn: &l.ARN,
				Conditions: []elbtypes.RuleCondition{{Field: aws.String("path-pattern"), Values: []string{"/else/*"}}}})
			return err
		},
		poked: []string{"conditions"},
	}, {
		name: "conditions and tags", key: "web",
		old: "{field: path-pattern, values: [/api/*]}", new: "{field: path-pattern, values: [/api/*, /v2/*]}", paths: []string{"conditions"},
		poke: func(ctx context.Context, api awsclient.API, l resource.Live) error {
			_, err := api.ELB.AddTags(ctx, &elasticloadbalancingv2.AddTagsInput{ResourceArns: []string{l.ARN},
				Tags: []elbtypes.Tag{{Key: aws.String("team"), Value: aws.String("thieves")}}})
			return err
		},
		poked: []string{"tags.team"},
	}},
	resource.KindScalableTarget: {{
		name: "bounds",
		old:  "maxCapacity: 6", new: "maxCapacity: 8", paths: []string{"maxCapacity"},
		poke: func(ctx context.Context, api awsclient.API, l resource.Live) error {
			_, err := api.AutoScaling.RegisterScalableTarget(ctx, &applicationautoscaling.RegisterScalableTargetInput{ResourceId: &l.Name,
				ScalableDimension: aastypes.ScalableDimensionECSServiceDesiredCount, ServiceNamespace: aastypes.ServiceNamespaceEcs,
				MaxCapacity: aws.Int32(9), SuspendedState: &aastypes.SuspendedState{ScheduledScalingSuspended: aws.Bool(true)}})
			return err
		},
		poked: []string{"maxCapacity", "suspendedState.scheduledScalingSuspended"},
	}, {
		name: "a tag",
		old:  "maxCapacity: 6\n    tags: {team: payments}", new: "maxCapacity: 6", paths: []string{"tags.team"},
	}},
	resource.KindScalingPolicy: {{
		name: "target", key: "cpu",
		old: "targetValue: 60", new: "targetValue: 55.5", paths: []string{"targetTrackingScalingPolicyConfiguration.targetValue"},
		poke: func(ctx context.Context, api awsclient.API, l resource.Live) error {
			in := *l.Value.(*applicationautoscaling.PutScalingPolicyInput)
			in.TargetTrackingScalingPolicyConfiguration = &aastypes.TargetTrackingScalingPolicyConfiguration{TargetValue: aws.Float64(90), ScaleInCooldown: aws.Int32(5),
				PredefinedMetricSpecification: in.TargetTrackingScalingPolicyConfiguration.PredefinedMetricSpecification}
			_, err := api.AutoScaling.PutScalingPolicy(ctx, &in)
			return err
		},
		poked: []string{"targetTrackingScalingPolicyConfiguration.scaleInCooldown", "targetTrackingScalingPolicyConfiguration.targetValue"},
	}, {
		name: "steps", key: "step",
		old: "scalingAdjustment: 2", new: "scalingAdjustment: 4", paths: []string{"stepScalingPolicyConfiguration.stepAdjustments"},
	}},
	resource.KindScheduledAction: {{
		name: "schedule", key: "morning",
		old: "cron(0 6 ? * MON-FRI *)", new: "cron(0 7 ? * MON-FRI *)", paths: []string{"schedule"},
		poke: func(ctx context.Context, api awsclient.API, l resource.Live) error {
			in := *l.Value.(*applicationautoscaling.PutScheduledActionInput)
			in.ScalableTargetAction, in.Timezone = &aastypes.ScalableTargetAction{MinCapacity: aws.Int32(3), MaxCapacity: aws.Int32(5)}, aws.String("UTC")
			_, err := api.AutoScaling.PutScheduledAction(ctx, &in)
			return err
		},
		poked: []string{"scalableTargetAction.maxCapacity", "timezone"},
	}},
	resource.KindAlarm: {{
		name: "threshold", key: "errors",
		old: "threshold: 10\n", new: "threshold: 12.5\n", paths: []string{"threshold"},
		poke: func(ctx context.Context, api awsclient.API, l resource.Live) error {
			in := *l.Value.(*cloudwatch.PutMetricAlarmInput)
			in.ActionsEnabled, in.DatapointsToAlarm, in.OKActions = aws.Bool(false), aws.Int32(2), []string{"arn:aws:sns:us-east-1:123456789012:noise"}
			_, err := api.CloudWatch.PutMetricAlarm(ctx, &in)
			return err
		},
		poked: []string{"actionsEnabled", "datapointsToAlarm", "okActions"},
	}, {
		name: "metric math", key: "busy",
		old: "expression: cpu * 2", new: "expression: cpu * 3", paths: []string{"metrics[twice].expression"},
		poke: func(ctx context.Context, api awsclient.API, l resource.Live) error {
			_, err := api.CloudWatch.TagResource(ctx, &cloudwatch.TagResourceInput{ResourceARN: &l.ARN, Tags: []cwtypes.Tag{{Key: aws.String("who"), Value: aws.String("me")}}})
			return err
		},
		poked: []string{"tags.who"},
	}, {
		name: "a composite alarm", key: "page",
		old: "AND NOT ALARM(\"$(alarms.busy.name)\")", new: "AND OK(\"$(alarms.busy.name)\")", paths: []string{"alarmRule"},
		poke: func(ctx context.Context, api awsclient.API, l resource.Live) error {
			in := *l.Value.(*cloudwatch.PutCompositeAlarmInput)
			in.ActionsEnabled, in.OKActions, in.ActionsSuppressor = aws.Bool(false), []string{"arn:aws:sns:us-east-1:123456789012:noise"}, nil
			in.ActionsSuppressorExtensionPeriod, in.ActionsSuppressorWaitPeriod = nil, nil
			_, err := api.CloudWatch.PutCompositeAlarm(ctx, &in)
			return err
		},
		poked: []string{"actionsEnabled", "actionsSuppressor", "actionsSuppressorExtensionPeriod", "actionsSuppressorWaitPeriod", "okActions"},
	}, {
		name: "a composite alarm's line deleted", key: "page",
		old: "      actionsSuppressor: $(alarms.busy.name)\n      actionsSuppressorWaitPeriod: 60\n      actionsSuppressorExtensionPeriod: 120\n", new: "",
		paths: []string{"actionsSuppressor", "actionsSuppressorExtensionPeriod", "actionsSuppressorWaitPeriod"},
		poke: func(ctx context.Context, api awsclient.API, l resource.Live) error {
			_, err := api.CloudWatch.UntagResource(ctx, &cloudwatch.UntagResourceInput{ResourceARN: &l.ARN, TagKeys: []string{resource.TagOwner}})
			return err
		},
		poked: []string{"tags." + resource.TagOwner},
	}},
}

// reads is the call that observing each kind cannot do without.
var reads = map[string]string{
	resource.KindService: "DescribeServices", resource.KindTaskDefinition: "DescribeTaskDefinition",
	resource.KindTargetGroup: "DescribeTargetGroups", resource.KindListenerRule: "DescribeRules",
	resource.KindScalableTarget: "DescribeScalableTargets", resource.KindScalingPolicy: "DescribeScalingPolicies",
	resource.KindScheduledAction: "DescribeScheduledActions", resource.KindAlarm: "DescribeAlarms",
}

// TestConformance holds every kind to resource.Kind's promises.
func TestConformance(t *testing.T) {
	for _, k := range kinds.All(nil) {
		if len(examples[k.Name()]) == 0 || reads[k.Name()] == "" {
			t.Errorf("the conformance suite knows no %s: add examples", k.Name())
		}
		for _, e := range examples[k.Name()] {
			t.Run(k.Name()+"/"+e.name, func(t *testing.T) { t.Parallel(); conform(t, k.Name(), e) })
		}
		t.Run(k.Name()+"/life", func(t *testing.T) { t.Parallel(); live(t, k.Name()) })
		t.Run(k.Name()+"/failures", func(t *testing.T) { t.Parallel(); failures(t, k.Name()) })
	}
}

// conform: an edit shows exactly its paths and leaves nothing behind; so does
// what somebody else changed.
func conform(t *testing.T, kind string, e example) {
	w := newWorld(t)
	u := w.load(web)
	w.apply(u)
	w.settle()
	id := serviceOf(u).Of(kind, e.key)

	edited := w.load(edit(t, web, e.old, e.new))
	got := paths(writable(w.changes(edited, id, w.observe(edited, false))))
	if d := cmp.Diff(e.paths, got); d != "" {
		t.Fatalf("changes of the edit (-want +got):\n%s", d)
	}
	w.apply(edited)
	w.clean(edited)
	w.settle()
	w.clean(edited)

	if e.poke == nil {
		return
	}
	before := w.observe(edited, false)[id]
	if err := e.poke(t.Context(), w.raw.Write, before); err != nil {
		t.Fatal(err)
	}
	now := w.observe(edited, true)
	if d := cmp.Diff(e.poked, paths(writable(w.changes(edited, id, now)))); d != "" {
		t.Fatalf("changes made behind our back (-want +got):\n%s", d)
	}
	if before.Fingerprint() == now[id].Fingerprint() {
		t.Error("the fingerprint did not move")
	}
	w.apply(edited)
	w.clean(edited)
}

func serviceOf(u *resource.Unit) resource.ID {
	return resource.ID{Target: u.Key.Target, Cluster: u.Key.Cluster, Unit: u.Key.Name, Kind: resource.KindService}
}

// live: what exists is found again with its tags; deleting takes it away, and
// twice is as good as once.
func live(t *testing.T, kind string) {
	w := newWorld(t)
	u := w.load(web)
	w.apply(u)
	w.settle()
	found, direct := w.observe(u, false), w.observe(u, true)
	for _, o := range u.Objects() {
		if o.ID.Kind != kind {
			continue
		}
		l := found[o.ID]
		if l.Fingerprint() == "" || l.Fingerprint() != direct[o.ID].Fingerprint() {
			t.Errorf("%s: a sweep and a direct read see different things:\n%+v\n%+v", o.ID.Local(), l, direct[o.ID])
		}
		if w.kind(kind).Taggable() {
			if own := l.Owner(); own.Operator != frame.Owner || own.Unit != "default/web" {
				t.Errorf("%s: owner tags read back as %+v", o.ID.Local(), own)
			}
		}
		if a := l.Attributes(); a["arn"] != l.ARN || a["name"] == "" {
			t.Errorf("%s: attributes %v", o.ID.Local(), l.Attributes())
		}
	}
	order := w.ordered(u)
	slices.Reverse(order)
	for _, o := range order {
		k := w.kind(o.ID.Kind)
		resolved, _ := resource.Resolve(o, attrsOf(found))
		for range 2 {
			if err := k.Delete(t.Context(), resource.Write{Object: resolved, Live: found[o.ID]}); err != nil {
				t.Fatalf("delete %s: %v", o.ID.Local(), err)
			}
		}
		w.settle()
		l := w.observe(u, true)[o.ID]
		// A deregistered revision is no longer the newest of its family.
		if l.Presence != resource.Absent {
			t.Fatalf("%s is %s after its deletion: %v", o.ID.Local(), l.Presence, l.Err)
		}
		if o.ID.Kind == kind {
			return
		}
	}
}

// failures: a read that fails is unknown with its error, never absent.
func failures(t *testing.T, kind string) {
	w := newWorld(t)
	u := w.load(web)
	w.apply(u)
	w.fresh()
	var f sandbox.FaultFunc = func(_ context.Context, c sandbox.Call) *sandbox.Fault {
		if c.Operation == reads[kind] {
			return &sandbox.Fault{Code: "AccessDeniedException", Message: "User is not authorized to perform " + c.Operation}
		}
		return nil
	}
	w.fault.Store(&f)
	for _, direct := range []bool{false, true} {
		for _, l := range w.observe(u, direct) {
			if l.ID.Kind != kind {
				continue
			}
			if l.Presence != resource.Unknown || resource.ClassOf(l.Err) != resource.ClassDenied || !strings.Contains(l.Err.Error(), reads[kind]) {
				t.Errorf("%s: %s, %v", l.ID.Local(), l.Presence, l.Err)
			}
		}
	}
	w.fault.Store(nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, o := range u.Objects() {
		if o.ID.Kind == kind {
			l := w.kind(kind).Observe(ctx, resource.Query{Target: resource.DefaultTarget, Objects: []*resource.Object{o}})[o.ID]
			if l.Presence != resource.Unknown || l.Err == nil {
				t.Errorf("%s: %s after the context had ended", o.ID.Local(), l.Presence)
			}
		}
	}
}
