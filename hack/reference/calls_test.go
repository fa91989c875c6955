package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/kinds"
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

// TestCallsTable: the table that the IAM policies are made from has what the source
// calls, and nothing else, each under a use that fits it.
func TestCallsTable(t *testing.T) {
	all, verifying := calls(t)
	of := func(uses ...kinds.Use) []string {
		var out []string
		for _, c := range kinds.Calls() {
			if slices.Contains(uses, c.Use) {
				out = append(out, c.Action)
			}
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	var reading, writing []string
	for _, action := range all {
		if reads(action) {
			reading = append(reading, action)
		} else {
			writing = append(writing, action)
		}
	}
	for _, c := range []struct {
		what       string
		have, want []string
	}{
		{"reads", of(kinds.UseObserve, kinds.UseLogs), reading},
		{"what is asked before a rollout", of(kinds.UseVerify), verifying},
		{"writes", of(kinds.UseWrite, kinds.UseTag, kinds.UseUntag, kinds.UseDelete, kinds.UseRollout, kinds.UseHook), writing},
	} {
		if !slices.Equal(c.have, c.want) {
			t.Errorf("%s: kinds.Calls has\n%s\nthe code calls\n%s", c.what, strings.Join(c.have, " "), strings.Join(c.want, " "))
		}
	}
}
