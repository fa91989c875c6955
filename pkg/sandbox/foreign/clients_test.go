package foreign_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// What the documented world holds, as a person would type it.
const (
	vpc      = "vpc-0sandbox"
	listener = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/main/0123456789abcdef/fedcba9876543210"
)

// These tests speak to the sandbox with clients that we did not write. They
// skip with a message where the machine lacks the client.

// clientEnv is an environment in which an AWS client reaches only the sandbox.
func clientEnv(url, home string, extra ...string) []string {
	env := []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "AWS_ACCESS_KEY_ID=AKIASANDBOX", "AWS_SECRET_ACCESS_KEY=secret",
		"AWS_DEFAULT_REGION=" + sandbox.Region, "AWS_REGION=" + sandbox.Region, "AWS_ENDPOINT_URL=" + url, "AWS_PAGER=", "AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE=" + filepath.Join(home, "config"), "AWS_SHARED_CREDENTIALS_FILE=" + filepath.Join(home, "credentials"),
	}
	for _, keep := range []string{"PYENV_ROOT", "PYENV_VERSION"} {
		if v := os.Getenv(keep); v != "" {
			env = append(env, keep+"="+v)
		}
	}
	return append(env, extra...)
}

// listening is a sandbox on a port for the time of a test.
func listening(t *testing.T, opts sandbox.Options) (*sandbox.Sandbox, string) {
	t.Helper()
	s := sandbox.New(opts)
	l, err := s.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s, l.URL
}

// awsCLI runs the AWS CLI and returns what it printed.
type awsCLI struct {
	t   *testing.T
	env []string
}

func (c awsCLI) try(args ...string) (stdout, stderr string, err error) {
	c.t.Helper()
	cmd := exec.CommandContext(c.t.Context(), "aws", args...)
	cmd.Env = c.env
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), strings.TrimSpace(errs.String()), err
}

func (c awsCLI) run(args ...string) string {
	c.t.Helper()
	out, errs, err := c.try(args...)
	if err != nil {
		c.t.Fatalf("aws %s: %v\n%s", strings.Join(args, " "), err, errs)
	}
	return out
}

// query runs a command and returns one text value of its answer.
func (c awsCLI) query(path string, args ...string) string {
	c.t.Helper()
	return strings.TrimSpace(c.run(append(args, "--query", path, "--output", "text")...))
}

func (c awsCLI) refused(code string, args ...string) {
	c.t.Helper()
	if _, errs, err := c.try(args...); err == nil || !strings.Contains(errs, "("+code+")") {
		c.t.Errorf("aws %s: want %s, got %v %s", strings.Join(args, " "), code, err, errs)
	}
}

func (c awsCLI) expect(what, got, want string) {
	c.t.Helper()
	if got != want {
		c.t.Errorf("%s: %q, want %q", what, got, want)
	}
}

const helloContainers = `[{"name":"app","image":"nginx:1.29","memory":128,"portMappings":[{"containerPort":80}]}]`

func TestAWSCLI(t *testing.T) {
	if _, err := exec.LookPath("aws"); err != nil {
		t.Skip("the AWS CLI is not on this machine")
	}
	t.Parallel()
	_, url := listening(t, sandbox.Options{Speed: 60})
	_, slow := listening(t, sandbox.Options{}) // where an alarm's state stays as it was set
	for name, script := range map[string]func(c awsCLI){
		"identity": func(c awsCLI) {
			c.expect("account", c.query("Account", "sts", "get-caller-identity"), sandbox.Account)
		},
		"cluster": func(c awsCLI) {
			c.run("ecs", "create-cluster", "--cluster-name", "cli", "--tags", "key=team,value=x")
			c.expect("cluster", c.query("clusters[0].status", "ecs", "describe-clusters", "--clusters", "cli"), "ACTIVE")
			c.run("ecs", "delete-cluster", "--cluster", "cli")
			c.expect("deleted cluster", c.query("clusters[0].status", "ecs", "describe-clusters", "--clusters", "cli"), "INACTIVE")
		},
		"target group": func(c awsCLI) {
			arn := c.query("TargetGroups[0].TargetGroupArn", "elbv2", "create-target-group", "--name", "cli", "--protocol", "HTTP", "--port", "80", "--vpc-id", vpc, "--tags", "Key=team,Value=x")
			c.expect("tagged", c.query("ResourceTagMappingList[].ResourceARN", "resourcegroupstaggingapi", "get-resources", "--tag-filters", "Key=team,Values=x",
				"--resource-type-filters", "elasticloadbalancing:targetgroup"), arn)
			c.expect("tag", c.query("TagDescriptions[0].Tags[0].Value", "elbv2", "describe-tags", "--resource-arns", arn), "x")
			rule := c.query("Rules[0].RuleArn", "elbv2", "create-rule", "--listener-arn", listener, "--priority", "7",
				"--conditions", "Field=path-pattern,Values=/cli", "--actions", "Type=forward,TargetGroupArn="+arn)
			c.refused("ResourceInUse", "elbv2", "delete-target-group", "--target-group-arn", arn)
			c.run("elbv2", "delete-rule", "--rule-arn", rule)
			c.run("elbv2", "delete-target-group", "--target-group-arn", arn)
			c.refused("TargetGroupNotFound", "elbv2", "describe-target-groups", "--names", "cli")
		},
		"service": func(c awsCLI) {
			td := c.query("taskDefinition.taskDefinitionArn", "ecs", "register-task-definition", "--family", "cli", "--container-definitions", helloContainers)
			c.run("ecs", "create-service", "--cluster", "default", "--service-name", "cli", "--task-definition", td, "--desired-count", "1")
			c.run("ecs", "wait", "services-stable", "--cluster", "default", "--services", "cli")
			c.expect("running", c.query("services[0].runningCount", "ecs", "describe-services", "--cluster", "default", "--services", "cli"), "1")
			c.run("application-autoscaling", "register-scalable-target", "--service-namespace", "ecs", "--resource-id", "service/default/cli",
				"--scalable-dimension", "ecs:service:DesiredCount", "--min-capacity", "1", "--max-capacity", "2")
			policy := c.query("PolicyARN", "application-autoscaling", "put-scaling-policy", "--service-namespace", "ecs", "--resource-id", "service/default/cli",
				"--scalable-dimension", "ecs:service:DesiredCount", "--policy-name", "cpu", "--policy-type", "TargetTrackingScaling",
				"--target-tracking-scaling-policy-configuration", `{"TargetValue":50,"PredefinedMetricSpecification":{"PredefinedMetricType":"ECSServiceAverageCPUUtilization"}}`)
			c.expect("policy", c.query("ScalingPolicies[0].PolicyARN", "application-autoscaling", "describe-scaling-policies", "--service-namespace", "ecs"), policy)
			c.run("application-autoscaling", "delete-scaling-policy", "--service-namespace", "ecs", "--resource-id", "service/default/cli",
				"--scalable-dimension", "ecs:service:DesiredCount", "--policy-name", "cpu")
			c.run("ecs", "delete-service", "--cluster", "default", "--service", "cli", "--force")
			c.run("ecs", "deregister-task-definition", "--task-definition", td)
			c.expect("task definition", c.query("length(taskDefinitionArns)", "ecs", "list-task-definitions", "--family-prefix", "cli"), "0")
		},
		"alarm": func(c awsCLI) {
			c.run("cloudwatch", "put-metric-alarm", "--alarm-name", "cli", "--namespace", "AWS/ECS", "--metric-name", "CPUUtilization", "--statistic", "Average",
				"--period", "60", "--evaluation-periods", "3", "--threshold", "80", "--comparison-operator", "GreaterThanThreshold")
			c.expect("alarm", c.query("MetricAlarms[0].Threshold", "cloudwatch", "describe-alarms", "--alarm-names", "cli"), "80.0")
			c.run("cloudwatch", "set-alarm-state", "--alarm-name", "cli", "--state-value", "ALARM", "--state-reason", "test")
			c.expect("state", c.query("MetricAlarms[0].StateValue", "cloudwatch", "describe-alarms", "--alarm-names", "cli"), "ALARM")
			c.run("cloudwatch", "delete-alarms", "--alarm-names", "cli")
			c.expect("alarms", c.query("length(MetricAlarms)", "cloudwatch", "describe-alarms", "--alarm-names", "cli"), "0")
			c.refused("ResourceNotFound", "cloudwatch", "set-alarm-state", "--alarm-name", "cli", "--state-value", "OK", "--state-reason", "gone")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := url
			if name == "alarm" {
				at = slow
			}
			script(awsCLI{t, clientEnv(at, t.TempDir())})
		})
	}
}

// terraformMirror finds a mirror of Terraform's AWS provider: the directory
// that ECS_OPERATOR_TERRAFORM_PROVIDER names, or one where Terraform and
// packagers put them.
func terraformMirror(t *testing.T) string {
	t.Helper()
	home, _ := os.UserHomeDir()
	candidates := []string{os.Getenv("ECS_OPERATOR_TERRAFORM_PROVIDER"), filepath.Join(home, ".terraform.d", "plugins"),
		"/usr/share/terraform/plugins", "/usr/local/share/terraform/plugins", "/usr/share/terraform/providers"}
	local, _ := filepath.Glob("/opt/*/registry.terraform.io")
	for _, l := range local {
		candidates = append(candidates, filepath.Dir(l))
	}
	for _, dir := range candidates {
		if dir == "" {
			continue
		}
		if found, _ := filepath.Glob(filepath.Join(dir, "registry.terraform.io", "hashicorp", "aws", "*")); len(found) > 0 {
			return dir
		}
	}
	t.Skip("Terraform's AWS provider is not on this machine (ECS_OPERATOR_TERRAFORM_PROVIDER names a mirror of it)")
	return ""
}

const terraformConfig = `
terraform {
  required_providers { aws = { source = "hashicorp/aws" } }
}
provider "aws" { region = "us-east-1" }

resource "aws_ecs_cluster" "tf" { name = "tf" }

resource "aws_ecs_task_definition" "tf" {
  family                = "tf"
  container_definitions = jsonencode([{ name = "app", image = "nginx:1.29", memory = 128, portMappings = [{ containerPort = 80 }] }])
}

resource "aws_lb_target_group" "tf" {
  name     = "tf"
  port     = 80
  protocol = "HTTP"
  vpc_id   = "vpc-0sandbox"
  tags     = { team = "x" }
}

resource "aws_lb_listener_rule" "tf" {
  listener_arn = "%s"
  priority     = 70
  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.tf.arn
  }
  condition {
    path_pattern { values = ["/tf"] }
  }
}

resource "aws_ecs_service" "tf" {
  name            = "tf"
  cluster         = "default"
  task_definition = aws_ecs_task_definition.tf.arn
  desired_count   = 1
  load_balancer {
    target_group_arn = aws_lb_target_group.tf.arn
    container_name   = "app"
    container_port   = 80
  }
  depends_on = [aws_lb_listener_rule.tf]
}

resource "aws_cloudwatch_metric_alarm" "tf" {
  alarm_name          = "tf"
  namespace           = "AWS/ECS"
  metric_name         = "CPUUtilization"
  statistic           = "Average"
  period              = 60
  evaluation_periods  = 3
  threshold           = 80
  comparison_operator = "GreaterThanThreshold"
}

resource "aws_appautoscaling_target" "tf" {
  service_namespace  = "ecs"
  resource_id        = "service/default/${aws_ecs_service.tf.name}"
  scalable_dimension = "ecs:service:DesiredCount"
  min_capacity       = 1
  max_capacity       = 2
}

resource "aws_appautoscaling_policy" "tf" {
  name               = "cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.tf.service_namespace
  resource_id        = aws_appautoscaling_target.tf.resource_id
  scalable_dimension = aws_appautoscaling_target.tf.scalable_dimension
  target_tracking_scaling_policy_configuration {
    target_value = 50
    predefined_metric_specification { predefined_metric_type = "ECSServiceAverageCPUUtilization" }
  }
}
`

// TestTerraform has Terraform create its resources, find nothing to do in a
// second plan, and destroy them.
func TestTerraform(t *testing.T) {
	if testing.Short() {
		t.Skip("Terraform takes its time")
	}
	if _, err := exec.LookPath("terraform"); err != nil {
		t.Skip("terraform is not on this machine")
	}
	mirror := terraformMirror(t)
	t.Parallel()
	s, url := listening(t, sandbox.Options{Speed: 120})
	dir := t.TempDir()
	rc := filepath.Join(dir, "terraform.rc")
	for name, content := range map[string]string{
		rc:                            fmt.Sprintf("provider_installation {\n  filesystem_mirror { path = %q }\n}\ndisable_checkpoint = true\n", mirror),
		filepath.Join(dir, "main.tf"): fmt.Sprintf(terraformConfig, listener),
	} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) (string, int) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "terraform", args...)
		cmd.Dir = dir
		cmd.Env = clientEnv(url, dir, "TF_CLI_CONFIG_FILE="+rc, "TF_IN_AUTOMATION=1", "CHECKPOINT_DISABLE=1")
		out, err := cmd.CombinedOutput()
		if err != nil && cmd.ProcessState == nil {
			t.Fatal(err)
		}
		return string(out), cmd.ProcessState.ExitCode()
	}
	must := func(args ...string) {
		t.Helper()
		begin := time.Now()
		out, code := run(args...)
		t.Logf("terraform %s: %v", args[0], time.Since(begin).Round(time.Second))
		if code != 0 {
			t.Fatalf("terraform %s exits %d:\n%s", strings.Join(args, " "), code, out)
		}
	}
	must("init", "-no-color", "-input=false")
	must("apply", "-no-color", "-input=false", "-auto-approve")
	must("plan", "-no-color", "-input=false", "-detailed-exitcode") // 2 would mean: something to change
	must("destroy", "-no-color", "-input=false", "-auto-approve")
	assertGone(t, s)
	var refused []string
	for _, e := range s.Journal() {
		if e.Error == "InternalFailure" {
			refused = append(refused, e.Operation)
		}
	}
	if len(refused) > 0 {
		raw, _ := json.Marshal(refused)
		t.Errorf("the sandbox failed inside: %s", raw)
	}
}

// assertGone fails where Terraform left something behind.
func assertGone(t *testing.T, s *sandbox.Sandbox) {
	t.Helper()
	cfg := aws.Config{Region: sandbox.Region, BaseEndpoint: aws.String("http://sandbox.invalid"), HTTPClient: &http.Client{Transport: s.Transport()},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIASANDBOX", SecretAccessKey: "secret"}, nil
		})}
	groups, err := elbv2.NewFromConfig(cfg).DescribeTargetGroups(t.Context(), nil)
	if err != nil || len(groups.TargetGroups) != 0 {
		t.Errorf("target groups left: %+v, %v", groups, err)
	}
	services, err := ecs.NewFromConfig(cfg).ListServices(t.Context(), nil)
	if err != nil || len(services.ServiceArns) != 0 {
		t.Errorf("services left: %+v, %v", services, err)
	}
	alarms, err := cloudwatch.NewFromConfig(cfg).DescribeAlarms(t.Context(), nil)
	if err != nil || len(alarms.MetricAlarms) != 0 {
		t.Errorf("alarms left: %+v, %v", alarms, err)
	}
}
