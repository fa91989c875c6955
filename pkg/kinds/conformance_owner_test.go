package kinds_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// tagCalls are the operations that change nothing but tags.
var tagCalls = []string{"TagResource", "UntagResource", "AddTags", "RemoveTags"}

// others are whose an object may be, as its tags show it, and the words by which
// the refusal names it.
var others = []struct {
	name  string
	tags  map[string]string
	words string
}{
	{"nobody", nil, "exists and is not ours; set policy.adopt"},
	{"another operator", map[string]string{resource.TagOwner: "them", resource.TagUnit: "default/web"}, `it is owned by "them"`},
	{"a stack", map[string]string{"aws:cloudformation:stack-name": "shop-prod"}, `it belongs to the CloudFormation stack "shop-prod"; set policy.adopt to take it over, and let that program go of it first (ecs-operator handover says how)`},
	{"Terraform by its name", map[string]string{"Terraform": "true"}, `it belongs to Terraform (tag Terraform = "true")`},
	{"Terraform as the manager", map[string]string{"managed-by": "terraform/network"}, `it belongs to Terraform (tag managed-by = "terraform/network")`},
	{"Copilot", map[string]string{"copilot-application": "shop", "copilot-environment": "prod", "copilot-service": "web", "aws:cloudformation:stack-name": "shop-prod-web"},
		`it belongs to AWS Copilot ("shop/prod/web") and to the CloudFormation stack "shop-prod-web"`},
	{"PipeCD", map[string]string{"pipecd-dev-managed-by": "piped", "pipecd-dev-application": "app-1"}, `it belongs to PipeCD (application "app-1")`},
	{"another program", map[string]string{"ManagedBy": "Pulumi"}, `it belongs to "Pulumi" (tag ManagedBy)`},
}

// TestConformanceOwner: of every kind that carries tags, what is somebody else's
// is recognised, named, and not written; with policy.adopt it is taken over by
// tags alone.
func TestConformanceOwner(t *testing.T) {
	w := newWorld(t)
	u := w.load(web)
	w.apply(u)
	w.settle()
	live := w.observe(u, true)
	adopting := *u
	adopting.Policy.Adopt = true
	seen := map[string]bool{}
	for id := range u.IDs() {
		if !w.kind(id.Kind).Taggable() || id.Kind == resource.KindTaskDefinition {
			continue // a revision is nobody's; what cannot carry tags is its scalable target's
		}
		seen[id.Kind] = true
		for _, o := range others {
			t.Run(id.Local()+" of "+o.name, func(t *testing.T) {
				theirs := map[resource.ID]resource.Live{}
				for k, l := range live {
					theirs[k] = l
				}
				l := theirs[id]
				l.Tags = map[string]string{"team": "payments"}
				for k, v := range o.tags {
					l.Tags[k] = v
				}
				theirs[id] = l
				step := ownStep(t, makePlan(u, theirs), id)
				if step.Writes() || step.Action != plan.ActionAdopt || step.Blocked != status.NotOurs || !strings.Contains(step.Why, o.words) || !strings.Contains(step.Why, "set policy.adopt") {
					t.Errorf("refused: %s %s %q", step.Action, step.Blocked, step.Why)
				}
				for _, s := range makePlan(u, theirs).Steps {
					if s.Writes() && s.ID == id {
						t.Errorf("%s would be written", s.ID.Local())
					}
				}
				step = ownStep(t, makePlan(&adopting, theirs), id)
				if !step.Writes() || step.Action != plan.ActionAdopt {
					t.Fatalf("adopt: %s %s %q", step.Action, step.Blocked, step.Why)
				}
				for _, c := range step.Changes {
					if c.Field() != "tags" {
						t.Errorf("the adoption changes %s", c.Path)
					}
				}
			})
		}
	}
	for _, k := range kinds.All(nil) {
		if k.Taggable() && k.Name() != resource.KindTaskDefinition && !seen[k.Name()] {
			t.Errorf("no %s was looked at", k.Name())
		}
	}
}

func makePlan(u *resource.Unit, live map[resource.ID]resource.Live) plan.Plan {
	return plan.Make(plan.Input{Frame: frame, Unit: u, Kinds: kinds.All(nil), Live: live, Now: "2030-01-01T00:00:00Z"})
}

func ownStep(t *testing.T, p plan.Plan, id resource.ID) plan.Step {
	t.Helper()
	for _, s := range p.Steps {
		if s.ID == id {
			return s
		}
	}
	t.Fatalf("no step for %s", id)
	return plan.Step{}
}

// TestAdoptionWritesTags: whatever differs, also of what carries no tags itself,
// the first pass of an adoption makes calls that write tags and no others.
func TestAdoptionWritesTags(t *testing.T) {
	w := newWorld(t)
	u := w.load(web)
	w.apply(u)
	w.settle()
	w.disown(u)
	ctx := t.Context()
	live := w.observe(u, true)
	policy := live[serviceOf(u).Of(resource.KindScalingPolicy, "cpu")].Value.(*applicationautoscaling.PutScalingPolicyInput)
	changed := *policy
	tracking := *policy.TargetTrackingScalingPolicyConfiguration
	tracking.TargetValue = aws.Float64(33)
	changed.TargetTrackingScalingPolicyConfiguration = &tracking
	if _, err := w.raw.Write.AutoScaling.PutScalingPolicy(ctx, &changed); err != nil {
		t.Fatal(err)
	}
	if _, err := w.raw.Write.AutoScaling.DeleteScheduledAction(ctx, &applicationautoscaling.DeleteScheduledActionInput{ResourceId: policy.ResourceId,
		ServiceNamespace: aastypes.ServiceNamespaceEcs, ScalableDimension: aastypes.ScalableDimensionECSServiceDesiredCount,
		ScheduledActionName: aws.String(live[serviceOf(u).Of(resource.KindScheduledAction, "morning")].Name)}); err != nil {
		t.Fatal(err)
	}
	group := live[serviceOf(u).Of(resource.KindTargetGroup, "web")]
	if _, err := w.raw.Write.ELB.ModifyTargetGroup(ctx, &elasticloadbalancingv2.ModifyTargetGroupInput{TargetGroupArn: &group.ARN, HealthCheckIntervalSeconds: aws.Int32(77)}); err != nil {
		t.Fatal(err)
	}
	adopting := w.load(edit(t, edit(t, web, "spec:\n", "spec:\n  policy: {adopt: true}\n"), "image: httpd:2.4", "image: httpd:2.5"))
	p := w.plan(adopting)
	waiting := map[string]bool{}
	for _, s := range p.Steps {
		if s.Blocked == status.Waiting && s.After == "the adoption" {
			waiting[s.ID.Kind] = true
		}
	}
	for _, kind := range []string{resource.KindTaskDefinition, resource.KindService, resource.KindTargetGroup, resource.KindScalingPolicy, resource.KindScheduledAction} {
		if !waiting[kind] {
			t.Errorf("%s does not wait for the adoption:\n%s", kind, strings.Join(lines(p), "\n"))
		}
	}
	mark := len(w.sandbox.Writes())
	w.carryOut(adopting, p)
	n := 0
	for _, entry := range w.sandbox.Writes()[mark:] {
		n++
		if !slices.Contains(tagCalls, entry.Operation) {
			t.Errorf("the adoption called %s %s", entry.Operation, entry.Subject)
		}
	}
	if n < 5 { // service, target group, rule, scalable target, alarms
		t.Errorf("only %d calls", n)
	}
	w.apply(adopting) // and what was put off comes now
	w.clean(adopting)
}
