package spec

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/google/go-cmp/cmp"
)

// exampleFiles are the examples of the specification of the form, word for word.
func exampleFiles(t testing.TB, names ...string) []File {
	t.Helper()
	var out []File
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join("testdata", "ux", name))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, File{Path: name, Data: data})
	}
	return out
}

const staging = `apiVersion: ecs-operator/v1
kind: Environment
metadata: {name: staging}
spec:
  target: staging
  account: "444455556666"
  region: eu-central-1
  vars:
    cluster: small
    registry: 444455556666.dkr.ecr.eu-central-1.amazonaws.com
    privateSubnets: [subnet-9]
    vpc: vpc-9
    httpsListener: arn:aws:elasticloadbalancing:eu-central-1:444455556666:listener/app/main/50dc/0467
`

func documentOf(t testing.TB, r Result, id string) Document {
	t.Helper()
	var have []string
	for _, d := range r.Documents {
		if d.ID() == id {
			return d
		}
		have = append(have, d.ID())
	}
	t.Fatalf("no document %s among %v\n%s", id, have, said(r.Problems))
	return Document{}
}

func body[T any](t testing.TB, d Document, path string) (*T, Body) {
	t.Helper()
	for _, b := range d.Bodies {
		if b.Path() == path {
			return b.Value.(*T), b
		}
	}
	t.Fatalf("%s has no %s", d.ID(), path)
	return nil, Body{}
}

func TestExamples(t *testing.T) {
	files := exampleFiles(t, "checkout.yaml", "hello.yaml", "others.yaml")
	files = append(files, File{Path: "staging.yaml", Data: []byte(staging)})
	got := Parse(files, testSections(), Options{})
	var warnings []string
	for _, p := range got.Problems {
		if p.Severity == Error {
			t.Error(p)
		}
		warnings = append(warnings, p.String())
	}
	if len(warnings) != 1 || !strings.HasPrefix(warnings[0], "others.yaml:49:3: warning: service.deploymentConfiguration: neither deploymentCircuitBreaker nor alarms") {
		t.Errorf("the examples are warned of: %s", strings.Join(warnings, "\n"))
	}
	var ids []string
	for _, d := range got.Documents {
		ids = append(ids, d.ID())
	}
	if diff := cmp.Diff([]string{"prod/main/checkout", "staging/small/checkout", "default/hello", "default/pricing"}, ids); diff != "" {
		t.Fatal(diff)
	}

	prod := documentOf(t, got, "prod/main/checkout")
	if prod.Environment != "prod" || prod.Target != "prod" || prod.Account != "111122223333" || prod.Region != "eu-west-1" {
		t.Errorf("%q %q %q %q", prod.Environment, prod.Target, prod.Account, prod.Region)
	}
	if len(prod.Freeze) != 1 || prod.Freeze[0].For != "64h" || prod.Freeze[0].Reason != "weekend" || prod.Freeze[0].Cron != "0 16 * * FRI" {
		t.Errorf("%+v", prod.Freeze)
	}
	if len(prod.Hooks) != 2 || prod.Hooks[0].Stage != "preDeploy" || prod.Hooks[0].Timeout != "10m" {
		t.Errorf("%+v", prod.Hooks)
	}
	if o, ok := prod.Hooks[0].Overrides.(*ecstypes.TaskOverride); !ok || strings.Join(o.ContainerOverrides[0].Command, " ") != "./migrate up" {
		t.Errorf("%+v", prod.Hooks[0].Overrides)
	}
	task, tb := body[ecs.RegisterTaskDefinitionInput](t, prod, "taskDefinition")
	api := task.ContainerDefinitions[0]
	for _, c := range []struct{ got, want string }{
		{aws.ToString(api.Image), "999988887777.dkr.ecr.eu-west-1.amazonaws.com/checkout:1.42.0"},
		{aws.ToString(task.ExecutionRoleArn), "arn:aws:iam::111122223333:role/checkout-exec"},
		{aws.ToString(api.Secrets[0].ValueFrom), "arn:aws:ssm:eu-west-1:111122223333:parameter/checkout/db"},
		{api.LogConfiguration.Options["awslogs-region"], "eu-west-1"},
		{aws.ToString(task.Cpu), "1024"},
		{tb.Written.At("containerDefinitions[0].image"), "checkout.yaml:31:16"},
		{tb.Written.At("containerDefinitions[0].logConfiguration.options[awslogs-region]"), "others.yaml:7:11"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
	service, sb := body[ecs.CreateServiceInput](t, prod, "service")
	if diff := cmp.Diff([]string{"subnet-0a1", "subnet-0b2"}, service.NetworkConfiguration.AwsvpcConfiguration.Subnets); diff != "" {
		t.Error(diff)
	}
	if !service.EnableECSManagedTags || sb.Written.At("enableECSManagedTags") != "others.yaml:15:37" {
		t.Errorf("defaults: %v at %s", service.EnableECSManagedTags, sb.Written.At("enableECSManagedTags"))
	}
	if at := sb.Written.At("networkConfiguration.awsvpcConfiguration.subnets[1]"); at != "others.yaml:11:34" {
		t.Errorf("the subnet stands at %s", at)
	}
	if diff := cmp.Diff([]string{"ledger"}, prod.DependsOn); diff != "" {
		t.Error(diff)
	}
	tg, _ := body[elasticloadbalancingv2.CreateTargetGroupInput](t, prod, "targetGroups.blue")
	if aws.ToString(tg.VpcId) != "vpc-0c3" {
		t.Errorf("vpc %s", aws.ToString(tg.VpcId))
	}

	small := documentOf(t, got, "staging/small/checkout")
	task, tb = body[ecs.RegisterTaskDefinitionInput](t, small, "taskDefinition")
	api = task.ContainerDefinitions[0]
	if len(task.ContainerDefinitions) != 1 || aws.ToString(task.Cpu) != "512" || aws.ToString(task.Memory) != "2048" ||
		len(api.Environment) != 1 || aws.ToString(api.Environment[0].Value) != "debug" || aws.ToString(api.Image) != "444455556666.dkr.ecr.eu-central-1.amazonaws.com/checkout:1.42.0" {
		t.Errorf("%s", plainJSON(t, task))
	}
	if at := tb.Written.At("containerDefinitions[0].environment[0].value"); at != "others.yaml:27:67" {
		t.Errorf("LOG_LEVEL stands at %s", at)
	}
	for _, b := range small.Bodies {
		if strings.HasPrefix(b.Section, "scaling") {
			t.Errorf("%s was removed", b.Path())
		}
	}
	if service, _ := body[ecs.CreateServiceInput](t, small, "service"); aws.ToInt32(service.DesiredCount) != 1 || service.EnableECSManagedTags {
		t.Error("the patch, or the defaults of another environment")
	}

	pricing := documentOf(t, got, "default/pricing")
	task, tb = body[ecs.RegisterTaskDefinitionInput](t, pricing, "taskDefinition")
	if aws.ToString(task.Cpu) != "512" || aws.ToString(task.ContainerDefinitions[0].Image) != "pricing:2.3.1" {
		t.Errorf("%s", plainJSON(t, task))
	}
	if at := tb.Written.At("containerDefinitions[0].image"); at != "others.yaml:48:47" {
		t.Errorf("the image stands at %s", at)
	}
	if at := tb.Written.At("cpu"); at != "others.yaml:37:35" {
		t.Errorf("the default of cpu stands at %s", at)
	}
}
