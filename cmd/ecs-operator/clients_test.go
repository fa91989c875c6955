package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// outside runs a program that we did not write.
func outside(t *testing.T, dir string, env []string, program string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.Command(program, args...)
	var out bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, env, &out, &out
	err := cmd.Run()
	return strings.TrimSpace(out.String()), err
}

// TestAWSCLI creates, reads and deletes with the AWS CLI, which builds its
// requests and reads the answers in its own way.
func TestAWSCLI(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("aws"); err != nil {
		t.Skip("there is no AWS CLI on this machine")
	}
	dir := t.TempDir()
	_, _, env := serveSandbox(t, dir)
	env = append(env, "AWS_DEFAULT_REGION=us-east-1", "AWS_PAGER=", "AWS_DEFAULT_OUTPUT=text")
	if text, err := outside(t, dir, env, "aws", "--version"); err != nil {
		t.Skipf("the AWS CLI of this machine does not run: %s", text)
	}
	said := map[string]string{}
	for _, c := range []struct{ say, want string }{
		{"sts get-caller-identity --query Account", "123456789012"},
		{"ecs create-cluster --cluster-name mine --query cluster.status", "ACTIVE"},
		{"ecs describe-clusters --clusters mine --query clusters[0].clusterName", "mine"},
		{"ecs register-task-definition --family web --container-definitions name=web,image=nginx:1.29,memory=128 --query taskDefinition.revision", "1"},
		{"ecs describe-task-definition --task-definition web --query taskDefinition.containerDefinitions[0].image", "nginx:1.29"},
		{"elbv2 create-target-group --name tg --protocol HTTP --port 80 --vpc-id vpc-0sandbox --query TargetGroups[0].TargetGroupArn", "arn:aws:elasticloadbalancing:"},
		{"elbv2 describe-target-groups --names tg --query TargetGroups[0].Port", "80"},
		{"ecs create-service --cluster default --service-name web --task-definition web --desired-count 1 --query service.status", "ACTIVE"},
		{"ecs describe-services --cluster default --services web --query services[0].desiredCount", "1"},
		{"cloudwatch put-metric-alarm --alarm-name busy --namespace AWS/ECS --metric-name CPUUtilization --statistic Average --period 60 --evaluation-periods 2 --threshold 80 --comparison-operator GreaterThanThreshold", ""},
		{"cloudwatch describe-alarms --alarm-names busy --query MetricAlarms[0].Threshold", "80.0"},
		{"application-autoscaling register-scalable-target --service-namespace ecs --resource-id service/default/web --scalable-dimension ecs:service:DesiredCount --min-capacity 1 --max-capacity 4", ""},
		{"application-autoscaling put-scaling-policy --service-namespace ecs --resource-id service/default/web --scalable-dimension ecs:service:DesiredCount --policy-name cpu --policy-type TargetTrackingScaling --target-tracking-scaling-policy-configuration TargetValue=60,PredefinedMetricSpecification={PredefinedMetricType=ECSServiceAverageCPUUtilization} --query PolicyARN", "arn:aws:autoscaling:"},
		{"application-autoscaling describe-scaling-policies --service-namespace ecs --query ScalingPolicies[0].PolicyName", "cpu"},
		{"application-autoscaling delete-scaling-policy --service-namespace ecs --resource-id service/default/web --scalable-dimension ecs:service:DesiredCount --policy-name cpu", ""},
		{"application-autoscaling deregister-scalable-target --service-namespace ecs --resource-id service/default/web --scalable-dimension ecs:service:DesiredCount", ""},
		{"cloudwatch delete-alarms --alarm-names busy", ""},
		{"ecs delete-service --cluster default --service web --force --query service.serviceName", "web"},
		{"ecs deregister-task-definition --task-definition web:1 --query taskDefinition.status", "INACTIVE"},
		{"elbv2 delete-target-group --target-group-arn {elbv2 create-target-group}", ""},
		{"ecs delete-cluster --cluster mine --query cluster.status", "INACTIVE"},
	} {
		args := strings.Fields(c.say)
		if last := len(args) - 1; strings.HasPrefix(c.say, "elbv2 delete-target-group") {
			args = append(args[:last-1], said["elbv2 create-target-group"])
		}
		text, err := outside(t, dir, env, "aws", args...)
		if err != nil || !strings.Contains(text, c.want) {
			t.Fatalf("aws %s: %v, want %q:\n%s", strings.Join(args, " "), err, c.want, text)
		}
		said[args[0]+" "+args[1]] = text
	}
	for _, gone := range []string{
		"elbv2 describe-target-groups --query TargetGroups[].TargetGroupName",
		"cloudwatch describe-alarms --query MetricAlarms[].AlarmName",
		"application-autoscaling describe-scaling-policies --service-namespace ecs --query ScalingPolicies[].PolicyName",
	} {
		text, err := outside(t, dir, env, "aws", strings.Fields(gone)...)
		if err != nil || text != "" {
			t.Errorf("aws %s: %v, want nothing left:\n%s", gone, err, text)
		}
	}
}

// tfConfig are the same things, as Terraform writes them.
const tfConfig = `
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" {
  region                      = "us-east-1"
  skip_metadata_api_check     = true
  skip_region_validation      = true
}
resource "aws_ecs_cluster" "mine" { name = "mine" }
resource "aws_ecs_task_definition" "web" {
  family                = "web"
  container_definitions = jsonencode([{ name = "web", image = "nginx:1.29", memory = 128, essential = true }])
}
resource "aws_lb_target_group" "web" {
  name     = "tg"
  port     = 80
  protocol = "HTTP"
  vpc_id   = "vpc-0sandbox"
}
resource "aws_ecs_service" "web" {
  name            = "web"
  cluster         = "default"
  task_definition = aws_ecs_task_definition.web.arn
  desired_count   = 1
}
resource "aws_cloudwatch_metric_alarm" "busy" {
  alarm_name          = "busy"
  namespace           = "AWS/ECS"
  metric_name         = "CPUUtilization"
  statistic           = "Average"
  period              = 60
  evaluation_periods  = 2
  threshold           = 80
  comparison_operator = "GreaterThanThreshold"
}
resource "aws_appautoscaling_target" "web" {
  service_namespace  = "ecs"
  resource_id        = "service/default/${aws_ecs_service.web.name}"
  scalable_dimension = "ecs:service:DesiredCount"
  min_capacity       = 1
  max_capacity       = 4
}
resource "aws_appautoscaling_policy" "cpu" {
  name               = "cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.web.service_namespace
  resource_id        = aws_appautoscaling_target.web.resource_id
  scalable_dimension = aws_appautoscaling_target.web.scalable_dimension
  target_tracking_scaling_policy_configuration {
    target_value = 60
    predefined_metric_specification { predefined_metric_type = "ECSServiceAverageCPUUtilization" }
  }
}
`

// TestTerraform applies, plans to no change, and destroys. Its provider is taken
// from where terraform looks by itself, else from the directory that
// ECS_OPERATOR_TF_PLUGINS names.
func TestTerraform(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("terraform"); err != nil {
		t.Skip("there is no terraform on this machine")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(tfConfig), 0o644); err != nil {
		t.Fatal(err)
	}
	_, _, env := serveSandbox(t, dir)
	env = append(env, "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_CLI_CONFIG_FILE="+os.DevNull)
	initialise := []string{"init", "-no-color", "-input=false"}
	if plugins := os.Getenv("ECS_OPERATOR_TF_PLUGINS"); plugins != "" {
		initialise = append(initialise, "-plugin-dir="+plugins)
	}
	if text, err := outside(t, dir, env, "terraform", initialise...); err != nil {
		t.Skipf("terraform has no AWS provider on this machine (ECS_OPERATOR_TF_PLUGINS can name a directory of providers):\n%s", text)
	}
	steps := [][]string{
		{"apply", "-no-color", "-input=false", "-auto-approve"},
		{"plan", "-no-color", "-input=false", "-detailed-exitcode"},
		{"destroy", "-no-color", "-input=false", "-auto-approve"},
	}
	for _, args := range steps {
		if text, err := outside(t, dir, env, "terraform", args...); err != nil {
			t.Fatalf("terraform %s: %v\n%s", args[0], err, text)
		}
	}
}
