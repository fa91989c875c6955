package iampolicy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox/iam"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

const service = `apiVersion: ecs-operator/v1
kind: Service
metadata: {name: NAME}
spec:
  cluster: main
  POLICY
  taskDefinition:
    networkMode: awsvpc
    requiresCompatibilities: [FARGATE]
    cpu: "256"
    memory: "512"
    executionRoleArn: arn:aws:iam::111122223333:role/NAME-exec
    taskRoleArn: arn:aws:iam::111122223333:role/NAME-task
    containerDefinitions: [{name: web, image: "nginx:1.29"}]
  service: {desiredCount: 1, launchType: FARGATE, networkConfiguration: {awsvpcConfiguration: {subnets: [subnet-0a]}}}
`

func units(t *testing.T, documents ...string) []*resource.Unit {
	t.Helper()
	var out []*resource.Unit
	for i, text := range documents {
		res := spec.Parse([]spec.File{{Path: fmt.Sprint(i, ".yaml"), Data: []byte(text)}}, kinds.Sections(), spec.Options{})
		for _, p := range res.Problems {
			if p.Severity == spec.Error {
				t.Fatal(p)
			}
		}
		for _, d := range res.Documents {
			u, problems := resource.Desire(resource.Frame{Owner: "ops"}, "default", d, kinds.All(nil))
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			out = append(out, u)
		}
	}
	return out
}

func document(name, policy string) string {
	if policy != "" {
		policy = "policy: {" + policy + "}"
	}
	return strings.NewReplacer("NAME", name, "POLICY", policy).Replace(service)
}

var where = Options{Owner: "ops", Account: "111122223333", Region: "eu-west-1"}

func may(t *testing.T, p Policy, action, arn string, kv ...string) bool {
	t.Helper()
	parsed, err := iam.Parse(p.JSON())
	if err != nil {
		t.Fatalf("%v\n%s", err, p.JSON())
	}
	context := map[string][]string{}
	for i := 0; i < len(kv); i += 2 {
		context[strings.ToLower(kv[i])] = []string{kv[i+1]}
	}
	return parsed.Decide(iam.Request{Action: action, Resource: arn, Context: context}) == iam.Allowed
}

// TestWhatItAllows: the fences one by one, by an evaluator that knows nothing of
// how the policy was made.
func TestWhatItAllows(t *testing.T) {
	const (
		web     = "arn:aws:ecs:eu-west-1:111122223333:service/main/web"
		main    = "arn:aws:ecs:eu-west-1:111122223333:cluster/main"
		other   = "arn:aws:ecs:eu-west-1:111122223333:cluster/other"
		owner   = "aws:ResourceTag/ecs-operator:owner"
		brought = "aws:RequestTag/ecs-operator:owner"
		exec    = "arn:aws:iam::111122223333:role/web-exec"
	)
	plain, adopting := document("web", ""), document("web", "adopt: true")
	for _, c := range []struct {
		what, doc   string
		action, arn string
		context     []string
		want        bool
	}{
		{"ours", plain, "ecs:UpdateService", web, []string{owner, "ops", "ecs:cluster", main}, true},
		{"another operator's", plain, "ecs:UpdateService", web, []string{owner, "dev", "ecs:cluster", main}, false},
		{"nobody's", plain, "ecs:UpdateService", web, []string{"ecs:cluster", main}, false},
		{"another cluster", plain, "ecs:UpdateService", web, []string{owner, "ops", "ecs:cluster", other}, false},
		{"created without the mark", plain, "ecs:CreateService", web, []string{"ecs:cluster", main}, false},
		{"created with it", plain, "ecs:CreateService", web, []string{brought, "ops", "ecs:cluster", main}, true},
		{"no deletion", plain, "ecs:DeleteService", web, []string{owner, "ops", "ecs:cluster", main}, false},
		{"deletion by recreate", document("web", "recreate: true"), "ecs:DeleteService", web, []string{owner, "ops", "ecs:cluster", main}, true},
		{"deletion by prune", document("web", "onDelete: prune"), "ecs:DeleteService", web, []string{owner, "ops", "ecs:cluster", main}, true},
		{"its role to tasks", plain, "iam:PassRole", exec, []string{"iam:PassedToService", "ecs-tasks.amazonaws.com"}, true},
		{"its role to somebody", plain, "iam:PassRole", exec, []string{"iam:PassedToService", "ec2.amazonaws.com"}, false},
		{"its role to ECS", plain, "iam:PassRole", exec, []string{"iam:PassedToService", "ecs.amazonaws.com"}, false},
		{"another role", plain, "iam:PassRole", exec + "2", []string{"iam:PassedToService", "ecs-tasks.amazonaws.com"}, false},
		{"tag of a new thing", plain, "ecs:TagResource", web, []string{brought, "ops", "ecs:CreateAction", "CreateService"}, true},
		{"tag of a new cluster", plain, "ecs:TagResource", main, []string{brought, "ops", "ecs:CreateAction", "CreateCluster"}, false},
		{"no adoption", plain, "ecs:TagResource", web, []string{brought, "ops"}, false},
		{"adoption", adopting, "ecs:TagResource", web, []string{brought, "ops"}, true},
		{"adoption of what another owns", adopting, "ecs:TagResource", web, []string{brought, "ops", owner, "dev"}, true},
		{"adoption for another owner", adopting, "ecs:TagResource", web, []string{brought, "dev"}, false},
		{"what another owns, without adoption", plain, "ecs:TagResource", web, []string{brought, "ops", owner, "dev"}, false},
		{"adoption of another service", adopting, "ecs:TagResource", web + "2", []string{brought, "ops"}, false},
		{"another tag of ours", plain, "ecs:TagResource", web, []string{owner, "ops"}, true},
		{"another owner for ours", plain, "ecs:TagResource", web, []string{owner, "ops", brought, "dev"}, false},
		{"a tag off ours", plain, "ecs:UntagResource", web, []string{owner, "ops", "aws:TagKeys", "ecs-operator:suspend"}, true},
		{"the owner off ours", plain, "ecs:UntagResource", web, []string{owner, "ops", "aws:TagKeys", "ecs-operator:owner"}, false},
		{"the owner off an orphan", document("web", "onDelete: orphan"), "ecs:UntagResource", web, []string{owner, "ops", "aws:TagKeys", "ecs-operator:owner"}, true},
		{"no hooks", plain, "ecs:RunTask", "arn:aws:ecs:eu-west-1:111122223333:task-definition/main-web:1", []string{owner, "ops", "ecs:cluster", main}, false},
		{"nothing of scaling", plain, "application-autoscaling:RegisterScalableTarget", "arn:aws:application-autoscaling:eu-west-1:111122223333:scalable-target/1", []string{brought, "ops"}, false},
	} {
		if got := may(t, For(units(t, c.doc), where), c.action, c.arn, c.context...); got != c.want {
			t.Errorf("%s: %s on %s is %v", c.what, c.action, c.arn, got)
		}
		reader := where
		reader.ReadOnly = true
		if may(t, For(units(t, c.doc), reader), c.action, c.arn, c.context...) {
			t.Errorf("%s: the reader may %s", c.what, c.action)
		}
	}
}

// TestThousandServices: the policy does not grow with services but for their roles;
// with 800 of those, ten managed policies of a role take it.
func TestThousandServices(t *testing.T) {
	one, many := units(t, document("web", "")), []*resource.Unit{}
	for i := range 1000 {
		u := *one[0]
		u.Key.Name = fmt.Sprint("web", i)
		many = append(many, &u)
	}
	small, large := For(one, where), For(many, where)
	if large.Size() != small.Size() || large.Size() > ManagedLimit {
		t.Errorf("%d characters for one, %d for a thousand", small.Size(), large.Size())
	}
	var documents []string
	for i := range 400 {
		documents = append(documents, document(fmt.Sprintf("team%d-web%d", i%7, i), ""))
	}
	p := For(units(t, documents...), where)
	parts := p.Parts()
	for i, part := range parts {
		if part.Size() > ManagedLimit {
			t.Errorf("part %d has %d characters", i+1, part.Size())
		}
	}
	if len(parts) > MaxParts || len(p.Notes()) == 0 {
		t.Errorf("%d parts, notes %q", len(parts), p.Notes())
	}
	if !may(t, p, "iam:PassRole", "arn:aws:iam::111122223333:role/team6-web6-exec", "iam:PassedToService", "ecs-tasks.amazonaws.com") ||
		may(t, p, "iam:PassRole", "arn:aws:iam::111122223333:role/admin", "iam:PassedToService", "ecs-tasks.amazonaws.com") {
		t.Error("roles are folded too far, or not far enough")
	}
	t.Logf("%d characters, %d parts; %q", p.Size(), len(parts), p.Notes())
}

// TestNamesAreNoPatterns: whoever writes documents does not widen the policy by a name
// with a wildcard in it.
func TestNamesAreNoPatterns(t *testing.T) {
	doc := strings.NewReplacer("role/NAME-exec", "role/*", "NAME", "web", "POLICY", "",
		`image: "nginx:1.29"`, `image: "nginx:1.29", secrets: [{name: A, valueFrom: "*"}, {name: B, valueFrom: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:*"},
      {name: C, valueFrom: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf:password::"}, {name: D, valueFrom: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:my-secret"}]`).Replace(service) +
		`  alarms: {all: {alarmName: "*", metricName: X, namespace: Y, statistic: Sum, period: 60, evaluationPeriods: 1, threshold: 5, comparisonOperator: GreaterThanThreshold}}
`
	p := For(units(t, doc), where)
	for _, c := range []struct {
		action, arn string
		want        bool
	}{
		{"iam:PassRole", "arn:aws:iam::111122223333:role/admin", false},
		{"iam:PassRole", "arn:aws:iam::111122223333:role/*", true},
		{"ssm:GetParameters", "arn:aws:ssm:eu-west-1:111122223333:parameter/prod/password", false},
		{"secretsmanager:DescribeSecret", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod-abcdef", false},
		{"secretsmanager:DescribeSecret", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf", true},        // by its ARN
		{"secretsmanager:DescribeSecret", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:my-secret-AbCdEf", true}, // by its name
		{"secretsmanager:DescribeSecret", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:my-other-AbCdEf", false},
		{"secretsmanager:DescribeSecret", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-other-AbCdEf", false},
		{"cloudwatch:PutMetricAlarm", "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:theirs", false},
		{"cloudwatch:PutMetricAlarm", "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:*", true},
	} {
		if got := may(t, p, c.action, c.arn, "iam:PassedToService", "ecs-tasks.amazonaws.com"); got != c.want {
			t.Errorf("%s on %s is %v", c.action, c.arn, got)
		}
	}
}

// TestManyClusters: a list of clusters stands in conditions, and is cut like one of
// resources; where ten policies do not take it, it is folded.
func TestManyClusters(t *testing.T) {
	for _, n := range []int{90, 150, 2000} {
		one, many := units(t, document("web", "prune: true")), []*resource.Unit{}
		for i := range n {
			u := *one[0]
			u.Key.Cluster = fmt.Sprintf("team%d-cluster%d", i%7, i)
			many = append(many, &u)
		}
		p := For(many, where)
		parts := p.Parts()
		for i, part := range parts {
			if part.Size() > ManagedLimit {
				t.Errorf("%d clusters: part %d has %d characters", n, i+1, part.Size())
			}
		}
		if len(parts) > MaxParts || len(p.Notes()) == 0 {
			t.Errorf("%d clusters: %d parts, notes %q", n, len(parts), p.Notes())
		}
		in := func(cluster string) bool {
			return may(t, p, "ecs:UpdateService", "arn:aws:ecs:eu-west-1:111122223333:service/"+cluster+"/web", "aws:ResourceTag/ecs-operator:owner", "ops",
				"ecs:cluster", "arn:aws:ecs:eu-west-1:111122223333:cluster/"+cluster)
		}
		if !in("team3-cluster3") || !in(fmt.Sprintf("team%d-cluster%d", (n-1)%7, n-1)) || in("other") || n < 200 && in("team3-cluster4") {
			t.Errorf("%d clusters: folded too far, or not far enough", n)
		}
	}
}

func TestFold(t *testing.T) {
	names := []string{"arn:aws:iam::1:role/a-exec", "arn:aws:iam::1:role/a-task", "arn:aws:iam::1:role/b-exec", "arn:aws:iam::2:role/b-exec"}
	for most, want := range map[int][]string{
		9: names,
		3: {"arn:aws:iam::1:role/a-*", "arn:aws:iam::1:role/b-*", "arn:aws:iam::2:role/b-*"},
		1: {"arn:aws:iam::1:role/*", "arn:aws:iam::2:role/*"}, // an account is never folded away
	} {
		if got := fold(names, most); !slices.Equal(got, want) {
			t.Errorf("%d: %q, want %q", most, got, want)
		}
	}
}

func TestCallerAndSources(t *testing.T) {
	p := Caller(Options{Sources: Sources{Git: "https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/apps", S3: "s3://specs/prod/", Queue: "https://sqs.eu-west-1.amazonaws.com/111122223333/events"},
		Account: "111122223333", Assume: []Role{{ARN: "arn:aws:iam::444455556666:role/ops", ExternalID: "ours"}}})
	for _, c := range []struct {
		action, arn string
		context     []string
		want        bool
	}{
		{"codecommit:GitPull", "arn:aws:codecommit:eu-west-1:111122223333:apps", nil, true},
		{"codecommit:GitPush", "arn:aws:codecommit:eu-west-1:111122223333:apps", nil, false},
		{"s3:GetObject", "arn:aws:s3:::specs/prod/web.yaml", nil, true},
		{"s3:GetObject", "arn:aws:s3:::specs/staging/web.yaml", nil, false},
		{"s3:GetObject", "arn:aws:s3:::specs/production/web.yaml", nil, false},
		{"s3:ListBucket", "arn:aws:s3:::specs", []string{"s3:prefix", "prod/"}, true},
		{"s3:ListBucket", "arn:aws:s3:::specs", []string{"s3:prefix", ""}, false},
		{"sqs:ReceiveMessage", "arn:aws:sqs:eu-west-1:111122223333:events", nil, true},
		{"sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:events", nil, false},
		{"sts:AssumeRole", "arn:aws:iam::444455556666:role/ops", []string{"sts:ExternalId", "ours"}, true},
		{"sts:AssumeRole", "arn:aws:iam::444455556666:role/ops", nil, false},
	} {
		if got := may(t, p, c.action, c.arn, c.context...); got != c.want {
			t.Errorf("%s on %s with %v is %v", c.action, c.arn, c.context, got)
		}
	}
	if !json.Valid(p.JSON()) {
		t.Error("no JSON")
	}
}
