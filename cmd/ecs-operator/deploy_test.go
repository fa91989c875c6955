package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-operator/ecs-operator/pkg/iampolicy"
	"github.com/ecs-operator/ecs-operator/pkg/kinds"
)

const deployDir = "../../examples/deploy-on-ecs"

func deployFile(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(deployDir, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// deployStack is the template with the values of operator.yaml, in the embedded AWS.
func deployStack(t *testing.T, more map[string]any) *stack {
	t.Helper()
	parameters := map[string]any{"VpcId": "vpc-0sandbox", "SubnetIds": []any{"subnet-0sandboxa", "subnet-0sandboxb"},
		"Image":      "123456789012.dkr.ecr.us-east-1.amazonaws.com/ecs-operator:1.0.0",
		"Repository": "https://github.com/example/services.git", "DocumentPath": "services",
		"GitTokenSecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:git-token-AbCdEf",
		"PassableRoleArns":  []any{"arn:aws:iam::123456789012:role/ecsTaskExecutionRole"}}
	maps.Copy(parameters, more)
	return newStack(t, deployFile(t, "template.yaml"), parameters, map[string]string{
		"ExecutionRole.Arn": "arn:aws:iam::123456789012:role/ecsTaskExecutionRole", "TaskRole.Arn": "arn:aws:iam::123456789012:role/ecsTaskRole",
		"LogGroup": "/ecs/ecs-operator", "EventsQueue": "https://sqs.us-east-1.amazonaws.com/123456789012/events", "EventsQueue.Arn": "arn:aws:sqs:us-east-1:123456789012:events",
		"WebhookTargetGroup": "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/webhook/0a1b", "WebhookRule": "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener-rule/app/main/0a/0b/0c",
		"SecurityGroup": "sg-0sandbox", "TaskDefinition": "default-ecs-operator"})
}

// sdkInput turns the properties of a resource into the SDK's input: CloudFormation
// spells fields as the API does, but for the first letter.
func sdkInput(t *testing.T, properties map[string]any, into any) {
	t.Helper()
	data, err := json.Marshal(properties)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
}

// TestDeployTemplate: what the template says is valid for ECS, and the operator's own
// document is the same: after the template has been deployed nothing is left to do.
func TestDeployTemplate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, url, env := serveSandbox(t, dir)
	s, cloud := deployStack(t, nil), ecs.NewFromConfig(sdkConfig(url))
	var definition ecs.RegisterTaskDefinitionInput
	var service ecs.CreateServiceInput
	sdkInput(t, s.properties("TaskDefinition"), &definition)
	properties := s.properties("Service")
	properties["LaunchType"] = "FARGATE"
	sdkInput(t, properties, &service)
	if _, err := cloud.RegisterTaskDefinition(t.Context(), &definition); err != nil {
		t.Fatal(err)
	}
	if _, err := cloud.CreateService(t.Context(), &service); err != nil {
		t.Fatal(err)
	}
	path, err := filepath.Abs(filepath.Join(deployDir, "operator.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, dir, env, "diff", path)
	code := p.exit()
	text, _ := p.output()
	if code != 1 || !strings.Contains(text, "tag") || strings.Contains(text, "new deployment") {
		t.Errorf("exit code %d:\n%s", code, text)
	}
	must(t, dir, env, 0, "apply", "--wait", path)
	must(t, dir, env, 0, "diff", path)
	if d, err := cloud.ListTaskDefinitions(t.Context(), &ecs.ListTaskDefinitionsInput{}); err != nil || len(d.TaskDefinitionArns) != 1 {
		t.Errorf("%v %v", d.TaskDefinitionArns, err)
	}
}

// TestDeployTemplateWithHints: with a webhook and a queue the inputs are ECS' own, too,
// and the container has what leads to them.
func TestDeployTemplateWithHints(t *testing.T) {
	s := deployStack(t, map[string]any{"Events": "true", "WebhookSecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:hook-AbCdEf"})
	var definition ecs.RegisterTaskDefinitionInput
	var service ecs.CreateServiceInput
	sdkInput(t, s.properties("TaskDefinition"), &definition)
	sdkInput(t, s.properties("Service"), &service)
	c := definition.ContainerDefinitions[0]
	has := map[string]string{}
	for _, e := range c.Environment {
		has[*e.Name] = *e.Value
	}
	for _, e := range c.Secrets {
		has[*e.Name] = *e.ValueFrom
	}
	if has["ECS_OPERATOR_WEBHOOK_LISTEN"] != "0.0.0.0:8081" || !strings.Contains(has[hookSecretEnv], "hook-AbCdEf") || !strings.HasPrefix(has["ECS_OPERATOR_EVENTS_QUEUE"], "https://sqs.") {
		t.Errorf("%v", has)
	}
	if len(c.PortMappings) != 1 || len(service.LoadBalancers) != 1 || *c.PortMappings[0].ContainerPort != *service.LoadBalancers[0].ContainerPort || *service.LoadBalancers[0].ContainerName != *c.Name {
		t.Errorf("%+v, %+v", c.PortMappings, service.LoadBalancers)
	}
}

// policyOf is the task role's policy, as IAM takes it.
func policyOf(t *testing.T, s *stack) (actions []string, statements []map[string]any) {
	t.Helper()
	size := 0
	for _, p := range s.properties("TaskRole")["Policies"].([]any) {
		document := p.(map[string]any)["PolicyDocument"].(map[string]any)
		for _, st := range document["Statement"].([]any) {
			statement := st.(map[string]any)
			statements = append(statements, statement)
			switch a := statement["Action"].(type) {
			case string:
				actions = append(actions, a)
			case []any:
				for _, one := range a {
					actions = append(actions, one.(string))
				}
			}
		}
		data, err := json.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		size += len(data)
	}
	if size > iampolicy.InlineLimit-1000 { // room for roles that a user names
		t.Errorf("the role's own policies have %d characters, and all of them together may have %d", size, iampolicy.InlineLimit)
	}
	slices.Sort(actions)
	return slices.Compact(actions), statements
}

var actionWord = regexp.MustCompile(`"((?:application-autoscaling|cloudwatch|ec2|ecr|ecs|elasticloadbalancing|iam|lambda|logs|secretsmanager|sqs|ssm|sts|codecommit|tag):[A-Z][A-Za-z]+)"`)

func actionsIn(text string) map[string]bool {
	out := map[string]bool{}
	for _, m := range actionWord.FindAllStringSubmatch(text, -1) {
		out[m[1]] = true
	}
	return out
}

// TestDeployPolicy: the role may what the operator calls but for what is named here,
// and writes are narrowed.
func TestDeployPolicy(t *testing.T) {
	all := map[string]any{"Adopt": "true", "AssumableRoleArns": []any{"arn:aws:iam::444455556666:role/ecs-operator"},
		"CodeCommitRepositoryArn": "arn:aws:codecommit:us-east-1:123456789012:services", "Targets": "targets: {}", "Scope": "shop", "Events": "true"}
	actions, statements := policyOf(t, deployStack(t, all))
	left := map[string]string{
		"logs:GetLogEvents":             "for the command logs alone",
		"secretsmanager:GetSecretValue": "for the registries of repositoryCredentials alone",
		"ssm:GetParameters":             "for parameters as secrets, by their ARNs",
	}
	for _, call := range kinds.Calls() {
		if _, out := left[call.Action]; !out && !slices.Contains(actions, call.Action) {
			t.Errorf("the role may not %s", call.Action)
		}
	}
	open := []string{"Read", "Verify", "DeregisterRevisions", "CompositeAlarms"} // AWS knows nothing to narrow these by
	for _, st := range statements {
		_, conditions := st["Condition"]
		if sid := st["Sid"].(string); st["Resource"] == "*" && !slices.Contains(open, sid) || !conditions && st["Resource"] == "*" && sid != "Read" && sid != "Verify" && !slices.Contains(open, sid) {
			t.Errorf("%s is for everything", sid)
		}
		if strings.Contains(fmt.Sprint(st["Action"]), "PassRole") && !strings.Contains(fmt.Sprint(st["Condition"]), "iam:PassedToService") {
			t.Errorf("%v does not say to which service", st)
		}
	}
	few, _ := policyOf(t, deployStack(t, nil))
	for _, optional := range []string{"sts:AssumeRole", "codecommit:GitPull", "sqs:ReceiveMessage", "sqs:DeleteMessage"} {
		if slices.Contains(few, optional) || !slices.Contains(actions, optional) {
			t.Errorf("%s is not where it is asked for", optional)
		}
	}
	terraform := actionsIn(string(deployFile(t, "roles.tf")))
	for _, no := range []string{"sts:AssumeRole", "secretsmanager:GetSecretValue", // of the roles themselves, and of the execution role
		"ecs:CreateAction", "elasticloadbalancing:CreateAction", "iam:PassedToService", "iam:AWSServiceName"} { // condition keys
		delete(terraform, no)
	}
	if got, want := slices.Sorted(maps.Keys(terraform)), slices.DeleteFunc(actions, func(a string) bool { return a == "sts:AssumeRole" }); !slices.Equal(got, want) {
		t.Errorf("roles.tf allows %v\ntemplate.yaml %v", got, want)
	}
}

// TestDeployPolicyIsEnough: under the template's own policy, which the embedded AWS
// enforces, the quickstart is made, changed and deleted again, and what carries no
// owner's tag is not touched.
func TestDeployPolicyIsEnough(t *testing.T) {
	t.Parallel()
	dir := workDir(t)
	role := "arn:aws:iam::123456789012:role/"
	_, statements := policyOf(t, deployStack(t, map[string]any{"PassableRoleArns": []any{role + "ecsTaskExecutionRole", role + "ecsTaskRole", role + "ecsInfrastructureRole"}}))
	data, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	if err != nil {
		t.Fatal(err)
	}
	policy := filepath.Join(dir, "policy.json")
	if err := os.WriteFile(policy, data, 0o600); err != nil {
		t.Fatal(err)
	}
	_, url, env := serveSandbox(t, dir, "--sandbox-policy", policy)
	env = append(env, "AWS_ACCESS_KEY_ID="+operatorKey, "ECS_OPERATOR_SCOPE=shop")
	must(t, dir, env, 0, "apply", "--wait", "quickstart")
	edit(t, filepath.Join(dir, "quickstart", "hello.yaml"), "desiredCount: 2", "desiredCount: 1")
	edit(t, filepath.Join(dir, "quickstart", "web.yaml"), "threshold: ", "threshold: 1")
	must(t, dir, env, 0, "apply", "--wait", "quickstart")
	if err := os.Remove(filepath.Join(dir, "quickstart", "web.yaml")); err != nil {
		t.Fatal(err)
	}
	must(t, dir, env, 0, "apply", "--wait", "--prune", "quickstart")

	// The same role, and a service of somebody else's.
	theirs, ours := sdkConfig(url), sdkConfig(url)
	ours.Credentials = credentials.NewStaticCredentialsProvider(operatorKey, "sandbox", "")
	if _, err := ecs.NewFromConfig(theirs).CreateService(t.Context(), &ecs.CreateServiceInput{ServiceName: aws.String("theirs"), TaskDefinition: aws.String("default-hello"), DesiredCount: aws.Int32(1)}); err != nil {
		t.Fatal(err)
	}
	cloud := ecs.NewFromConfig(ours)
	for what, try := range map[string]func() error{
		"changes it": func() error {
			_, err := cloud.UpdateService(t.Context(), &ecs.UpdateServiceInput{Service: aws.String("theirs"), DesiredCount: aws.Int32(0)})
			return err
		},
		"deletes it": func() error {
			_, err := cloud.DeleteService(t.Context(), &ecs.DeleteServiceInput{Service: aws.String("theirs"), Force: aws.Bool(true)})
			return err
		},
		"marks it": func() error {
			_, err := cloud.TagResource(t.Context(), &ecs.TagResourceInput{ResourceArn: aws.String("arn:aws:ecs:us-east-1:123456789012:service/default/theirs"),
				Tags: []types.Tag{{Key: aws.String("ecs-operator:owner"), Value: aws.String("ecs-operator")}}})
			return err
		},
		"makes one without a mark": func() error {
			_, err := cloud.CreateService(t.Context(), &ecs.CreateServiceInput{ServiceName: aws.String("mine"), TaskDefinition: aws.String("default-hello"), DesiredCount: aws.Int32(1)})
			return err
		},
	} {
		if err := try(); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
			t.Errorf("it %s: %v", what, err)
		}
	}
}

// TestDeployFilesSayTheSame: every variable of the container in one of the three files
// is in the others too, and is one of a flag.
func TestDeployFilesSayTheSame(t *testing.T) {
	variable := regexp.MustCompile(`ECS_OPERATOR_[A-Z_]+`)
	in := func(name string) []string {
		found := variable.FindAllString(string(deployFile(t, name)), -1)
		slices.Sort(found)
		return slices.Compact(found)
	}
	template, terraform := in("template.yaml"), in("main.tf")
	if !slices.Equal(template, terraform) {
		t.Errorf("template.yaml %v\nmain.tf %v", template, terraform)
	}
	page, err := os.ReadFile("../../docs/environment.md")
	if err != nil {
		t.Fatal(err)
	}
	secrets := []string{gitTokenEnv, gitKeyEnv, gitHostsEnv, hookSecretEnv}
	for _, name := range append(template, in("operator.yaml")...) {
		if !slices.Contains(secrets, name) && !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("nothing reads %s", name)
		}
		if !slices.Contains(template, name) {
			t.Errorf("template.yaml does not have %s", name)
		}
	}
	for name, words := range map[string][]string{
		"template.yaml": {"MaximumPercent: 100", "MinimumHealthyPercent: 0", "Rollback: true", "ReadonlyRootFilesystem: true", "[CMD, /ecs-operator, healthcheck]", "StopTimeout: 60", "RetentionInDays", "iam:PassedToService"},
		"main.tf":       {"deployment_maximum_percent         = 100", "deployment_minimum_healthy_percent = 0", "rollback = true", "readonlyRootFilesystem = true", `["CMD", "/ecs-operator", "healthcheck"]`, "stopTimeout = 60", "retention_in_days"},
	} {
		for _, word := range words {
			if !strings.Contains(string(deployFile(t, name)), word) {
				t.Errorf("%s has no %s", name, word)
			}
		}
	}
}

// tool runs a validator of others on a copy of the files.
func tool(t *testing.T, dir string, env []string, words ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), words[0], words[1:]...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%q: %v\n%s", words, err, out)
	}
}

func TestDeployWithCfnLint(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a program of others")
	}
	if err := exec.Command("cfn-lint", "--version").Run(); err != nil {
		t.Skipf("cfn-lint is not on this machine: %v", err)
	}
	// W3037: its list of actions is older than ecs:ContinueServiceDeployment. W1030: it
	// takes the default of a parameter that only a condition asks for.
	tool(t, deployDir, nil, "cfn-lint", "--ignore-checks", "W3037", "W1030", "--", "template.yaml")
}

func TestDeployWithTerraform(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a program of others")
	}
	if _, err := exec.LookPath("terraform"); err != nil {
		t.Skip("terraform is not on this machine")
	}
	dir := t.TempDir()
	files, err := filepath.Glob(filepath.Join(deployDir, "*.tf"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(f)), deployFile(t, filepath.Base(f)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	rc := filepath.Join(dir, "terraform.rc")
	mirror := providerMirror()
	if err := os.WriteFile(rc, fmt.Appendf(nil, "provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", mirror), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{"TF_CLI_CONFIG_FILE=" + rc, "CHECKPOINT_DISABLE=1"}
	tool(t, dir, env, "terraform", "fmt", "-check", "-diff") // it parses, too
	if mirror == "" {
		t.Skip("formatted, and no more is known: the AWS provider is on this machine in no mirror (ECS_OPERATOR_TERRAFORM_PROVIDER names one)")
	}
	tool(t, dir, env, "terraform", "init", "-input=false", "-no-color")
	tool(t, dir, env, "terraform", "validate", "-no-color")
}

// providerMirror finds a mirror of Terraform's AWS provider, "" for none.
func providerMirror() string {
	local, _ := filepath.Glob("/opt/*/registry.terraform.io")
	candidates := []string{os.Getenv("ECS_OPERATOR_TERRAFORM_PROVIDER"), "/usr/share/terraform/plugins", "/usr/local/share/terraform/plugins"}
	for _, dir := range local {
		candidates = append(candidates, filepath.Dir(dir))
	}
	for _, dir := range candidates {
		if found, _ := filepath.Glob(filepath.Join(dir, "registry.terraform.io", "hashicorp", "aws", "*")); dir != "" && len(found) > 0 {
			return dir
		}
	}
	return ""
}
