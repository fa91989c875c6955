package main

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"

	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// handoverTools are what --to takes: the tools that handover knows to quiet.
var handoverTools = []string{resource.ToolTerraform, resource.ToolCloudFormation, resource.ToolCopilot, toolEcspresso, resource.ToolPipeCD}

// toolEcspresso leaves no tag on anything, so that only --to names it.
const toolEcspresso = "ecspresso"

// nouns are how the tools call our kinds.
var nouns = map[string]struct{ terraform, cloudformation, logical string }{
	resource.KindService:         {"aws_ecs_service", "AWS::ECS::Service", "Service"},
	resource.KindTaskDefinition:  {"aws_ecs_task_definition", "AWS::ECS::TaskDefinition", "TaskDefinition"},
	resource.KindTargetGroup:     {"aws_lb_target_group", "AWS::ElasticLoadBalancingV2::TargetGroup", "TargetGroup"},
	resource.KindListenerRule:    {"aws_lb_listener_rule", "AWS::ElasticLoadBalancingV2::ListenerRule", "ListenerRule"},
	resource.KindScalableTarget:  {"aws_appautoscaling_target", "AWS::ApplicationAutoScaling::ScalableTarget", "ScalableTarget"},
	resource.KindScalingPolicy:   {"aws_appautoscaling_policy", "AWS::ApplicationAutoScaling::ScalingPolicy", "ScalingPolicy"},
	resource.KindScheduledAction: {"aws_appautoscaling_scheduled_action", "", ""},
	resource.KindAlarm:           {"aws_cloudwatch_metric_alarm", "AWS::CloudWatch::Alarm", "Alarm"},
}

// letGo says what to put into a tool so that it lets go of some objects.
func letGo(tool string, held []reconcile.Holding) string {
	switch tool {
	case resource.ToolTerraform:
		return terraformWords(held)
	case resource.ToolCloudFormation:
		return stackWords(held, "the template")
	case resource.ToolCopilot:
		return copilotWords(held)
	case toolEcspresso:
		return `ecspresso keeps nothing of its own in AWS: it lets go when nobody runs it any more.
  - take "ecspresso deploy" (and scale, rollback, refresh) out of the pipeline
  - remove ecspresso.yml and its definitions from the repository
Do not run "ecspresso delete": it deletes the service.
`
	case resource.ToolPipeCD:
		app := ""
		if len(held) > 0 {
			app = held[0].Live.Tags["pipecd-dev-application"]
		}
		return fmt.Sprintf(`Disable the application%s in PipeCD, so that piped deploys it no more, and remove its app.pipecd.yaml afterwards.
Nothing in AWS is deleted by that.
`, map[bool]string{true: " " + app, false: ""}[app != ""])
	case resource.ToolCodeDeploy:
		return `With policy.adopt the service is moved to the ECS deployment controller: a step of its own, which diff shows.
  - before: let no deployment of CodeDeploy run, and take "aws deploy create-deployment" out of the pipeline
  - after: delete the deployment group, and the application where it has no other
`
	case resource.ToolExternal:
		return `With policy.adopt the service is moved to the ECS deployment controller: a step of its own, which diff shows.
  - before: stop the program that makes its task sets, and leave exactly one of them, the primary one
`
	case resource.ToolExpress:
		return `ECS Express Mode does not let go of a service: run the document under another name beside it, move the traffic, and delete
the Express service (aws ecs delete-express-gateway-service).
`
	}
	return "Take these out of that program without deleting them; how, its own documentation says.\n"
}

var noIdentifier = regexp.MustCompile(`[^A-Za-z0-9_]+`)

func label(h reconcile.Holding) string {
	return strings.Trim(noIdentifier.ReplaceAllString(cmp.Or(h.Object.ID.Name, h.Object.ID.Unit), "_"), "_")
}

func terraformWords(held []reconcile.Holding) string {
	var b strings.Builder
	b.WriteString("# To let go for good (Terraform 1.7, OpenTofu 1.7): these in place of the resource blocks, then plan and apply.\n" +
		"# The addresses are guesses: `terraform state list` has yours.\n")
	service := false
	for _, h := range held {
		noun := nouns[h.Object.ID.Kind].terraform
		if compositeAlarm(h) {
			noun = "aws_cloudwatch_composite_alarm"
		}
		service = service || h.Object.ID.Kind == resource.KindService
		fmt.Fprintf(&b, "removed {\n  from = %s.%s%s\n  lifecycle {\n    destroy = false\n  }\n}\n", noun, label(h), comment(h.Name))
	}
	if service {
		b.WriteString("\n# Or, to keep the service in Terraform and leave what is deployed to ecs-operator, in its resource block:\n" +
			"lifecycle {\n  ignore_changes = [task_definition, desired_count, tags, tags_all]\n}\n")
	}
	return b.String()
}

// compositeAlarm is the alarm's other form, which the tools know by another name.
func compositeAlarm(h reconcile.Holding) bool {
	_, ok := h.Object.Want.(*cloudwatch.PutCompositeAlarmInput)
	return ok
}

func comment(name string) string {
	if name == "" {
		return ""
	}
	return " # " + name
}

func stackWords(held []reconcile.Holding, where string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# 1. Write the policies into %s and update the stack:\nResources:\n", where)
	for _, h := range held {
		noun := nouns[h.Object.ID.Kind]
		if noun.cloudformation == "" {
			fmt.Fprintf(&b, "  # %s stands inside its scalable target\n", h.Object.ID.Local())
			continue
		}
		logical := cmp.Or(h.Live.Tags["aws:cloudformation:logical-id"], noun.logical)
		kind := noun.cloudformation
		if compositeAlarm(h) {
			kind = "AWS::CloudWatch::CompositeAlarm"
		}
		fmt.Fprintf(&b, "  %s:%s\n    Type: %s\n    DeletionPolicy: Retain\n    UpdateReplacePolicy: Retain\n", logical, comment(h.Name), kind)
	}
	b.WriteString("# 2. Take these resources out of it and update the stack once more: CloudFormation leaves them where they are.\n")
	return b.String()
}

func copilotWords(held []reconcile.Holding) string {
	var b strings.Builder
	b.WriteString("# 1. copilot svc override --tool yamlpatch, and in overrides/cfn.patches.yml:\n")
	for _, h := range held {
		logical := cmp.Or(h.Live.Tags["aws:cloudformation:logical-id"], nouns[h.Object.ID.Kind].logical)
		if logical == "" {
			continue
		}
		fmt.Fprintf(&b, "- op: add%s\n  path: /Resources/%s/DeletionPolicy\n  value: Retain\n", comment(h.Name), logical)
	}
	b.WriteString("# 2. copilot svc deploy\n# 3. copilot svc delete: the stack goes, and what is retained stays.\n" +
		"# The role, the log group and the security group of the service are the stack's as well: retain what the document refers to.\n")
	return b.String()
}
