package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// takeoverDoc is a service behind a target group that can be told another port.
const takeoverDoc = `apiVersion: ecs-operator/v1
kind: Service
metadata: {name: web}
spec:
  cluster: default
  taskDefinition:
    networkMode: awsvpc
    requiresCompatibilities: [FARGATE]
    cpu: "256"
    memory: "512"
    executionRoleArn: arn:aws:iam::123456789012:role/ecsTaskExecutionRole
    containerDefinitions: [{name: web, image: "nginx:1.29", portMappings: [{containerPort: 80}]}]
  targetGroups:
    web: {protocol: HTTP, port: 80, targetType: ip, vpcId: vpc-0sandbox, attributes: {deregistration_delay.timeout_seconds: "30"}}
  listenerRules:
    web:
      listenerArn: ` + quickstartListener + `
      priority: 10
      conditions: [{field: path-pattern, values: ["/*"]}]
      actions: [{type: forward, targetGroupArn: "$(targetGroups.web.arn)"}]
  service:
    launchType: FARGATE
    desiredCount: 2
    networkConfiguration: {awsvpcConfiguration: {subnets: [subnet-0sandboxa], securityGroups: [sg-0sandbox]}}
    loadBalancers: [{targetGroupArn: "$(targetGroups.web.arn)", containerName: web, containerPort: 80}]
    deploymentConfiguration: {deploymentCircuitBreaker: {enable: true, rollback: true}}
`

// TestKillInATakeover kills the operator with -9 when its nth write arrives while one
// target group takes over from another: the next process goes on from there, and at
// no moment do requests find fewer healthy targets than before.
func TestKillInATakeover(t *testing.T) {
	t.Parallel()
	deaths := []int{1, 3, 4, 5, 6, 8} // made, joined, both served, turned, left, deleted
	if testing.Short() {
		deaths = []int{4, 5}
	}
	for i, n := range deaths {
		t.Run(fmt.Sprintf("write %d", n), func(t *testing.T) {
			t.Parallel()
			killTakeover(t, n, i%2 == 0)
		})
	}
}

func killTakeover(t *testing.T, n int, lost bool) {
	t.Helper()
	dir := t.TempDir()
	doc := filepath.Join(dir, "web.yaml")
	if err := os.WriteFile(doc, []byte(takeoverDoc), 0o644); err != nil {
		t.Fatal(err)
	}
	k := &killer{n: n, lost: lost, victim: make(chan *proc, 1)}
	var mu sync.Mutex // the world tells of itself on goroutines of its own
	var broken []string
	watch := func(v *sandbox.World, event string) {
		if !k.armed.Load() {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		for _, arn := range requested(v) {
			if healthy := healthyIn(v, arn); healthy < 2 && len(broken) < 5 {
				broken = append(broken, fmt.Sprintf("after %s: %d healthy in %s", event, healthy, arn))
			}
		}
	}
	world := sandbox.New(sandbox.Options{Speed: 300, Watch: watch, Fault: k.fault})
	policy, err := printPolicy(doc)
	if err == nil {
		err = world.Authorise(operatorKey, policy)
	}
	if err != nil {
		t.Fatal(err)
	}
	l, err := world.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	env := cleanEnv(dir, "AWS_ENDPOINT_URL="+l.URL, "AWS_REGION="+sandbox.Region, "AWS_ACCESS_KEY_ID="+operatorKey, "AWS_SECRET_ACCESS_KEY=sandbox")
	must(t, dir, env, 0, "apply", "--wait", "web.yaml")

	edit(t, doc, "protocol: HTTP, port: 80", "protocol: HTTP, port: 81")
	k.armed.Store(true)
	k.run(t, dir, env, "apply", "--wait", "web.yaml")
	must(t, dir, env, 0, "apply", "--wait", "web.yaml")
	must(t, dir, env, 0, "diff", "web.yaml")
	if have := census(t, l.URL); have["target groups"] != 1 || have["rules"] != 1 || have["services"] != 1 {
		t.Errorf("left: %v", have)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(broken) > 0 {
		t.Error(strings.Join(broken, "\n"))
	}
}

// requested are the target groups that get requests.
func requested(v *sandbox.World) []string {
	var out []string
	for _, r := range v.ELB.Rules {
		for _, a := range r.Value.Actions {
			if a.ForwardConfig == nil {
				continue
			}
			for _, tg := range a.ForwardConfig.TargetGroups {
				if aws.ToInt32(tg.Weight) > 0 {
					out = append(out, aws.ToString(tg.TargetGroupArn))
				}
			}
		}
	}
	return out
}

func healthyIn(v *sandbox.World, arn string) int {
	n := 0
	for _, tg := range v.ELB.TargetGroups {
		if aws.ToString(tg.Value.TargetGroupArn) != arn {
			continue
		}
		for _, target := range tg.Targets {
			if target.State == elbtypes.TargetHealthStateEnumHealthy {
				n++
			}
		}
	}
	return n
}
