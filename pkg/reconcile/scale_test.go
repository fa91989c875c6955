package reconcile

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// fleetMember is one of many services, each with a target group, a rule of one of
// the listeners, two alarms, a scalable target and a policy.
func fleetMember(n int, listeners []string) string {
	return fmt.Sprintf(`apiVersion: ecs-operator/v1
kind: Service
metadata: {name: s%[1]d}
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
    web: {protocol: HTTP, port: 80, targetType: ip, vpcId: vpc-0sandbox}
  listenerRules:
    web:
      listenerArn: %[2]s
      priority: %[3]d
      conditions: [{field: path-pattern, pathPatternConfig: {values: ["/%[1]d/*"]}}]
      actions: [{type: forward, targetGroupArn: "$(targetGroups.web.arn)"}]
  service:
    launchType: FARGATE
    networkConfiguration: {awsvpcConfiguration: {subnets: [subnet-0sandboxa]}}
    loadBalancers: [{targetGroupArn: "$(targetGroups.web.arn)", containerName: web, containerPort: 80}]
  scaling:
    minCapacity: 0
    maxCapacity: 2
    policies:
      cpu: {policyType: TargetTrackingScaling, targetTrackingScalingPolicyConfiguration: {targetValue: 60, predefinedMetricSpecification: {predefinedMetricType: ECSServiceAverageCPUUtilization}}}
  alarms:
    cpu: {metricName: CPUUtilization, namespace: AWS/ECS, statistic: Average, period: 300, evaluationPeriods: 1, threshold: 90, comparisonOperator: GreaterThanThreshold, dimensions: {ServiceName: s%[1]d, ClusterName: default}}
    memory: {metricName: MemoryUtilization, namespace: AWS/ECS, statistic: Average, period: 300, evaluationPeriods: 1, threshold: 90, comparisonOperator: GreaterThanThreshold, dimensions: {ServiceName: s%[1]d, ClusterName: default}}
`, n, listeners[n%len(listeners)], n/len(listeners)+1)
}

// TestScale: many services are observed within the fewest calls that AWS' page
// sizes allow (services 10 a call, target groups 400, rules of a listener, alarms
// 100, scalable targets 50, policies 10) and a tenth more, in which what changes
// rarely and is dear to read (tags, attributes of target groups) takes turns.
func TestScale(t *testing.T) {
	t.Parallel()
	services, listeners, watched := 60, 1, hour
	if testing.Short() {
		services, listeners, watched = 30, 1, hour/3
	}
	if n, err := strconv.Atoi(os.Getenv("ECS_OPERATOR_SCALE")); err == nil { // 1000 takes ten minutes
		services, listeners, watched = n, (n+99)/100, hour
	}
	inWorld(t, func(t *testing.T, w *world) {
		made := &tally{}
		w.sandbox = sandbox.New(sandbox.Options{Speed: 1, Fault: made.count})
		arns := w.listeners(listeners)
		for n := range services {
			w.files.put(fmt.Sprintf("s%d.yaml", n), fleetMember(n, arns))
		}
		w.engine() // the clients
		e := New(Options{Kinds: kinds.All(w.pool), Rollouts: kinds.NewRollouts(w.pool), Sections: kinds.Sections(), Source: w.files,
			Poll: 10 * hour, AbsenceGrace: 2 * time.Second, Resync: minute})
		start := time.Now()
		stop := w.run(e)
		defer func() { stop() }()
		for n := 0; made.of("PutMetricAlarm") < 2*services || made.of("PutScalingPolicy") < services; n++ {
			if w.sleep(minute); n == 60 {
				calls, _ := made.take()
				t.Fatalf("after an hour: %v", calls)
			}
		}
		w.sleep(5 * minute)
		stop()
		first, _ := made.take()
		t.Logf("made in %v, %d calls", time.Since(start)-5*minute, total(first))
		told := &counts{}
		core, logged := observer.New(zap.InfoLevel)
		e = New(Options{Kinds: kinds.All(w.pool), Rollouts: kinds.NewRollouts(w.pool), Sections: kinds.Sections(), Source: w.files,
			Poll: 10 * hour, AbsenceGrace: 2 * time.Second, Resync: minute, Metrics: told, Log: zap.New(core)}) // a fresh process
		stop = w.run(e)
		w.sleep(30 * time.Second)
		first, _ = made.take()
		t.Logf("the first complete pass: %d calls", total(first))
		w.sleep(watched)
		got, written := made.take()
		ceil := func(n, page int) int { return (n + page - 1) / page }
		floor := ceil(services, 10) + ceil(services, 400) + listeners + ceil(2*services, 100) + ceil(services, 50) + ceil(services, 10)
		passes := got["DescribeServices"] / ceil(services, 10)
		calls := total(got)
		t.Logf("%d services, %d passes in %v: %.1f calls each, the floor is %d; %v", services, passes, watched, float64(calls)/float64(passes), floor, got)
		period := func(op string, calls int) string {
			if got[op] == 0 {
				return "longer than it was watched"
			}
			return (time.Duration(calls) * watched / time.Duration(got[op])).Round(time.Second).String()
		}
		t.Logf("the rotations: tags of everything every %s, attributes of a target group every %s, tags of a revision every %s",
			period("GetResources", ceil(6*services, 100)), period("DescribeTargetGroupAttributes", services), period("DescribeTaskDefinition", services))
		told.mu.Lock()
		t.Logf("what the operator says of them: %v", told.periods)
		for _, what := range []string{"tags", "target-group-attributes", "task-definition-status"} {
			if p := told.periods[what]; p < minute || p > 6*hour {
				t.Errorf("%s: said to be read every %s", what, p)
			}
		}
		told.mu.Unlock()
		if lines := logged.FilterMessageSnippet("read in turns").All(); len(lines) == 0 || len(lines) > 5 || !strings.Contains(lines[len(lines)-1].Message, "target-group-attributes every ") {
			t.Errorf("the log says of them: %v", lines)
		} else {
			t.Log(lines[len(lines)-1].Message)
		}
		if passes < int(watched/minute)*4/5 {
			t.Errorf("%d passes in %v", passes, watched)
		}
		if most := passes * floor * 110 / 100; calls > most {
			t.Errorf("%d calls in %d passes, the floor and a tenth are %d", calls, passes, most)
		}
		if len(written) > 0 {
			t.Errorf("written: %v", written)
		}
		stop()
		e = New(e.o)
		e.partSize = services / 3
		stop = w.run(e)
		w.sleep(30 * time.Second) // the first pass
		made.take()
		w.sleep(10 * minute)
		got, written = made.take()
		passes = got["DescribeServices"] / ceil(services, 10)
		want := map[string]int{"DescribeTargetGroups": 1, "DescribeRules": listeners, "DescribeScalingPolicies": ceil(services, 10), // whole lists
			"DescribeAlarms": 3 * ceil(2*services/3, 100), "DescribeScalableTargets": 3 * ceil(services/3, 50)}
		for op, n := range want {
			if got[op] != passes*n {
				t.Errorf("in three parts: %d times %s in %d passes, want %d each", got[op], op, passes, n)
			}
		}
		if len(written) > 0 || passes < 8 {
			t.Errorf("in three parts: %d passes, written: %v", passes, written)
		}
	})
}

// tally counts what a sandbox is asked; its journal forgets.
type tally struct {
	mu      sync.Mutex
	calls   map[string]int
	written []string // since the last take
}

func (c *tally) count(_ context.Context, call sandbox.Call) *sandbox.Fault {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.calls == nil {
		c.calls = map[string]int{}
	}
	c.calls[call.Operation]++
	if call.Write {
		c.written = append(c.written, call.Operation)
	}
	return nil
}

func (c *tally) of(operation string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls[operation]
}

// take is what was counted since it was taken last, and what of it wrote.
func (c *tally) take() (calls map[string]int, written []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	calls, written = c.calls, c.written
	c.calls, c.written = nil, nil
	return calls, written
}

func total(calls map[string]int) int {
	n := 0
	for _, k := range calls {
		n += k
	}
	return n
}

// listeners makes load balancers with one listener each.
func (w *world) listeners(n int) []string {
	w.t.Helper()
	var out []string
	api := w.person().Write.ELB
	for i := range n {
		lb, err := api.CreateLoadBalancer(w.t.Context(), &elb.CreateLoadBalancerInput{Name: aws.String(fmt.Sprintf("lb%d", i)), Subnets: []string{"subnet-0sandboxa", "subnet-0sandboxb"}})
		w.ok(err)
		l, err := api.CreateListener(w.t.Context(), &elb.CreateListenerInput{LoadBalancerArn: lb.LoadBalancers[0].LoadBalancerArn, Port: aws.Int32(80), Protocol: elbtypes.ProtocolEnumHttp,
			DefaultActions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumFixedResponse, FixedResponseConfig: &elbtypes.FixedResponseActionConfig{StatusCode: aws.String("404")}}}})
		w.ok(err)
		out = append(out, *l.Listeners[0].ListenerArn)
	}
	return out
}
