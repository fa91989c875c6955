package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// titles are people's names of the services in the sandbox's table.
var titles = map[string]string{
	"ecs": "ECS", "elasticloadbalancing": "Elastic Load Balancing v2", "monitoring": "CloudWatch",
	"application-autoscaling": "Application Auto Scaling", "sts": "STS", "tagging": "Resource Groups Tagging",
	"ec2": "EC2", "ecr": "ECR", "iam": "IAM", "s3": "S3", "sqs": "SQS", "lambda": "Lambda", "logs": "CloudWatch Logs", "secretsmanager": "Secrets Manager", "ssm": "Systems Manager",
}

const (
	operationsBegin = "<!-- operations: go test ./hack/reference -update -->\n"
	operationsEnd   = "<!-- end of operations -->"
)

// TestSandboxOperations: the page lists what the sandbox answers.
func TestSandboxOperations(t *testing.T) {
	operations := sandbox.Operations()
	var table strings.Builder
	table.WriteString("| service | operations |\n|---|---|\n")
	for _, service := range slices.Sorted(maps.Keys(operations)) {
		if titles[service] == "" {
			t.Errorf("%s has no name for people", service)
		}
		fmt.Fprintf(&table, "| %s | %s |\n", titles[service], strings.Join(operations[service], ", "))
	}
	const path = "docs/sandbox.md"
	text := read(t, path)
	before, rest, ok := strings.Cut(text, operationsBegin)
	have, after, ended := strings.Cut(rest, operationsEnd)
	if !ok || !ended {
		t.Fatalf("%s has no place for the operations", path)
	}
	if *update {
		have = table.String()
		if err := os.WriteFile(filepath.Join(top, path), []byte(before+operationsBegin+have+operationsEnd+after), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have != table.String() {
		t.Errorf("the operations in %s are stale: run this test with -update", path)
	}
}

var verb = regexp.MustCompile(`%[a-z]`)

// TestSandboxRefusals: what the sandbox refuses in its own words stands on the
// page, and nothing else.
func TestSandboxRefusals(t *testing.T) {
	files, err := filepath.Glob(top + "pkg/sandbox/*.go")
	if err != nil {
		t.Fatal(err)
	}
	words := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if s, err := strconv.Unquote(lit.Value); err == nil && strings.HasPrefix(s, "The sandbox ") {
					words[verb.ReplaceAllString(s, "…")] = true
				}
			}
			return true
		})
	}
	said := map[string]bool{}
	for line := range strings.Lines(read(t, "docs/sandbox.md")) {
		if i := strings.Index(line, "| The sandbox "); i >= 0 {
			said[strings.TrimSuffix(strings.TrimSpace(line[i+2:]), " |")] = true
		}
	}
	for s := range words {
		if !said[s] {
			t.Errorf("docs/sandbox.md does not say: %s", s)
		}
	}
	for s := range said {
		if !words[s] {
			t.Errorf("the sandbox does not say: %s", s)
		}
	}
}

// TestSandboxInstances: the container instances that the page names are there,
// with the architectures that it gives them.
func TestSandboxInstances(t *testing.T) {
	client := ecs.New(ecs.Options{
		Region: sandbox.Region, HTTPClient: &http.Client{Transport: sandbox.New(sandbox.Options{}).Transport()},
		Credentials: credentials.NewStaticCredentialsProvider("sandbox", "sandbox", ""),
	})
	list, err := client.ListContainerInstances(t.Context(), &ecs.ListContainerInstancesInput{})
	if err != nil {
		t.Fatal(err)
	}
	found, err := client.DescribeContainerInstances(t.Context(), &ecs.DescribeContainerInstancesInput{ContainerInstances: list.ContainerInstanceArns})
	if err != nil {
		t.Fatal(err)
	}
	words := map[string]string{"x86_64": "x86", "arm64": "arm"}
	lines := strings.Split(read(t, "docs/sandbox.md"), "\n")
	for _, i := range found.ContainerInstances {
		arn := aws.ToString(i.ContainerInstanceArn)
		id := arn[strings.LastIndexByte(arn, '/')+1:]
		architecture := ""
		for _, a := range i.Attributes {
			if aws.ToString(a.Name) == "ecs.cpu-architecture" {
				architecture = words[aws.ToString(a.Value)]
			}
		}
		if !slices.ContainsFunc(lines, func(l string) bool {
			return strings.Contains(l, "`"+id+"`") && strings.Contains(l, " "+architecture+" ")
		}) {
			t.Errorf("docs/sandbox.md does not name %s (%s)", id, architecture)
		}
	}
	if len(found.ContainerInstances) != 3 {
		t.Errorf("%d container instances", len(found.ContainerInstances))
	}
}
