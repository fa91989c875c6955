package sweep

import (
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// goneScenarios are documents that go, and one that goes elsewhere.
func goneScenarios() []*scenario {
	stays := hello("stays")
	ten, nine := fleet(10), fleet(10)
	delete(nine, "s0.yaml")
	left := fleetStand(10)
	delete(left, "s0")
	return []*scenario{
		{name: "delete", before: documents{"web.yaml": policy(web, "onDelete: prune"), "stays.yaml": stays, "x-left.yaml": hello("z-left")}, after: documents{"stays.yaml": stays}, rest: stand("stays", status.Synced)},
		{name: "prune-one", before: ten, after: nine, prune: true, rest: left},
		{name: "cluster-move", before: documents{"web.yaml": connected}, people: elsewhere, prune: true,
			after: documents{"web.yaml": edit(connected, "cluster: default", "cluster: elsewhere")}, rest: stand("web", status.Synced)},
	}
}

// elsewhere is a second cluster.
func elsewhere(h human) {
	_, err := h.aws().Write.ECS.CreateCluster(h.ctx, &ecs.CreateClusterInput{ClusterName: aws.String("elsewhere")})
	must(err)
}

// fleet are n small services.
func fleet(n int) documents {
	all := documents{}
	for i := range n {
		name := fmt.Sprintf("s%d", i)
		all[name+".yaml"] = edit(hello(name), "desiredCount: 2", "desiredCount: 1")
	}
	return all
}

func fleetStand(n int) map[string]status.Reason {
	all := map[string]status.Reason{}
	for i := range n {
		all[fmt.Sprintf("s%d", i)] = status.Synced
	}
	return all
}

// courseScenarios are about what is under way, and about many.
func courseScenarios() []*scenario {
	plain := hello("hello")
	newer := documents{"hello.yaml": edit(plain, "nginx:1.29", "nginx:1.30")}
	edited := fleet(10)
	edited["s2.yaml"] = edit(edited["s2.yaml"], "nginx:1.29", "nginx:1.30")
	edited["s8.yaml"] = edit(edited["s8.yaml"], "desiredCount: 1", "desiredCount: 2")
	forced := func(h human) { h.force("hello") }
	return []*scenario{
		{name: "deployment-running", before: documents{"hello.yaml": edit(plain, "memory: 64", "memory: 64, stopTimeout: 60")}, people: forced, after: documents{"hello.yaml": plain}, rest: stand("hello", status.Synced)},
		{name: "ten-at-once", before: fleet(10), after: edited, rest: fleetStand(10)},
		{name: "two-accounts", second: true, after: documents{"hello.yaml": instances}, rest: map[string]status.Reason{"hello": status.Synced, secondTarget + "/hello": status.Synced}},
		{name: "suspend-resume", timed: true, before: documents{"hello.yaml": plain}, people: func(h human) { must(h.suspend("hello", 24*time.Hour)) }, after: newer,
			acts: []act{{after: 90 * time.Second, do: func(h human) error { return h.resume("hello") }}}, rest: stand("hello", status.Synced)},
		{name: "diff-only", diff: true, before: documents{"hello.yaml": hello("hello", alarm)}, people: busier, after: documents{"hello.yaml": edit(hello("hello", alarm), "nginx:1.29", "nginx:1.30")},
			rest: stand("hello", status.Reconciling)},
	}
}

// instances is a service in two accounts.
var instances = `apiVersion: ecs-operator/v1
kind: Environment
metadata: {name: one}
spec: {}
---
apiVersion: ecs-operator/v1
kind: Environment
metadata: {name: two}
spec: {target: ` + secondTarget + `}
---
apiVersion: ecs-operator/v1
kind: ServicePatch
metadata: {name: hello-two}
spec: {service: hello, environment: two, patch: {service: {desiredCount: 1}}}
---
` + edit(hello("hello"), "\nspec:\n", "\nspec:\n  environment: one\n")

// suspend and resume are the commands.
func (h human) suspend(name string, d time.Duration) error {
	e := h.command()
	_, err := e.Suspend(h.ctx, e.Bare(h.key(name)), plan.Suspension{Until: time.Now().Add(d).Truncate(time.Second), By: "user/anna", Reason: "load test"})
	return err
}

func (h human) resume(name string) error {
	e := h.command()
	_, err := e.Resume(h.ctx, e.Bare(h.key(name)))
	if err != nil && strings.Contains(err.Error(), "it is not suspended") { // somebody has deleted it meanwhile
		return nil
	}
	return err
}

// force begins a deployment of what runs already.
func (h human) force(name string) {
	_, err := h.aws().Write.ECS.UpdateService(h.ctx, &ecs.UpdateServiceInput{Service: &name, ForceNewDeployment: true})
	must(err)
}

// key is a service of the default cluster.
func (h human) key(name string) resource.UnitKey {
	return resource.UnitKey{Target: resource.DefaultTarget, Cluster: "default", Name: name}
}

// busier is somebody who changes the alarm of hello by hand.
func busier(h human) {
	c := h.aws()
	found, err := c.Read.CloudWatch.DescribeAlarms(h.ctx, &cloudwatch.DescribeAlarmsInput{AlarmNamePrefix: aws.String("ecs-operator/default/hello/")})
	must(err)
	a := found.MetricAlarms[0]
	_, err = c.Write.CloudWatch.PutMetricAlarm(h.ctx, &cloudwatch.PutMetricAlarmInput{AlarmName: a.AlarmName, MetricName: a.MetricName, Namespace: a.Namespace, Statistic: a.Statistic,
		Period: a.Period, EvaluationPeriods: a.EvaluationPeriods, ComparisonOperator: a.ComparisonOperator, Threshold: aws.Float64(50), Dimensions: a.Dimensions})
	must(err)
}
