package main

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// clients are the fields of awsclient.API with the IAM prefix of the service.
var clients = map[string]string{
	"ECS": "ecs", "ELB": "elasticloadbalancing", "CloudWatch": "cloudwatch",
	"AutoScaling": "application-autoscaling", "Tagging": "tag",
	"ECR": "ecr", "IAM": "iam", "Lambda": "lambda", "Logs": "logs", "Secrets": "secretsmanager", "SSM": "ssm",
}

// packages are the SDK's, whose paginators call too.
var packages = map[string]string{
	"ecs": "ecs", "elasticloadbalancingv2": "elasticloadbalancing", "cloudwatch": "cloudwatch",
	"applicationautoscaling": "application-autoscaling", "resourcegroupstaggingapi": "tag",
	"ecr": "ecr",
}

var paginator = regexp.MustCompile(`^New([A-Z]\w*)Paginator$`)

// calls lists the AWS operations in the source of the operator, as IAM actions:
// those that only rollouts are verified with apart from all others.
func calls(t *testing.T) (all, verifying []string) {
	t.Helper()
	found, inspected := map[string]bool{}, map[string]bool{}
	err := filepath.WalkDir(filepath.Join(top, "pkg/kinds"), func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		found := found
		if strings.HasPrefix(filepath.Base(p), "verify_") {
			found = inspected
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok { // i.ec2(ctx, target, "DescribeSubnets", …)
				if sel, ok := call.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "ec2" && len(call.Args) > 2 {
					if name, ok := call.Args[2].(*ast.BasicLit); ok {
						found["ec2:"+strings.Trim(name.Value, `"`)] = true
					}
				}
			}
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			switch x := sel.X.(type) {
			case *ast.SelectorExpr: // c.Read.ECS.DescribeServices
				if prefix, ok := clients[x.Sel.Name]; ok {
					found[prefix+":"+sel.Sel.Name] = true
				}
			case *ast.Ident: // cloudwatch.NewDescribeAlarmsPaginator
				if m := paginator.FindStringSubmatch(sel.Sel.Name); m != nil && packages[x.Name] != "" {
					found[packages[x.Name]+":"+m[1]] = true
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for action := range found {
		all = append(all, action)
	}
	for action := range inspected {
		if !found[action] {
			verifying = append(verifying, action)
		}
	}
	slices.Sort(all)
	slices.Sort(verifying)
	if len(all) < 30 || len(verifying) < 10 {
		t.Fatalf("found only %d and %d calls: the test looks in the wrong place", len(all), len(verifying))
	}
	return all, verifying
}

func reads(action string) bool {
	_, name, _ := strings.Cut(action, ":")
	return strings.HasPrefix(name, "Describe") || strings.HasPrefix(name, "List") || strings.HasPrefix(name, "Get")
}

// beside are actions that AWS asks for and no call is named after.
var beside = []string{"iam:PassRole", "iam:CreateServiceLinkedRole"}

var jsonBlock = regexp.MustCompile("(?s)```json\n(.*?)```")

// TestPolicyDocument: the IAM policy of how-to.md allows what the code calls,
// and nothing else: the first statement reads, the second reads around a rollout, the
// third writes.
func TestPolicyDocument(t *testing.T) {
	blocks := jsonBlock.FindAllStringSubmatch(read(t, "docs/how-to.md"), -1)
	i := slices.IndexFunc(blocks, func(b []string) bool { return strings.Contains(b[1], `"Statement"`) })
	if i < 0 {
		t.Fatal("docs/how-to.md has no IAM policy")
	}
	var policy struct {
		Statement []struct {
			Sid    string
			Action []string
		}
	}
	if err := json.Unmarshal([]byte(blocks[i][1]), &policy); err != nil {
		t.Fatal(err)
	}
	all, verifying := calls(t)
	want := map[string][]string{"Verify": verifying}
	for _, action := range all {
		if reads(action) {
			want["Diff"] = append(want["Diff"], action)
		} else {
			want["Apply"] = append(want["Apply"], action)
		}
	}
	for _, s := range policy.Statement {
		if s.Sid != "Diff" && s.Sid != "Apply" && s.Sid != "Verify" {
			for _, action := range s.Action {
				if !slices.Contains(beside, action) {
					t.Errorf("%s: %s is for nothing that is known", s.Sid, action)
				}
			}
			continue
		}
		slices.Sort(s.Action)
		if !slices.Equal(s.Action, want[s.Sid]) {
			t.Errorf("%s: the page has\n%s\nthe code calls\n%s", s.Sid, strings.Join(s.Action, " "), strings.Join(want[s.Sid], " "))
		}
		delete(want, s.Sid)
	}
	for sid := range want {
		t.Errorf("no statement %s", sid)
	}
}
