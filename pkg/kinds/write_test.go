package kinds_test

import (
	"context"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/google/go-cmp/cmp"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// updates are the UpdateService calls that a function makes.
func (w *world) updates(f func()) []*ecs.UpdateServiceInput {
	var out []*ecs.UpdateServiceInput
	spy := sandbox.FaultFunc(func(_ context.Context, c sandbox.Call) *sandbox.Fault {
		if in, ok := c.Input.(*ecs.UpdateServiceInput); ok {
			out = append(out, in)
		}
		return nil
	})
	w.fault.Store(&spy)
	defer w.fault.Store(nil)
	f()
	return out
}

// TestServiceUpdates: what one edit sends to UpdateService, and nothing else; a
// deleted line goes out as the default that it returns to.
func TestServiceUpdates(t *testing.T) {
	for _, c := range []struct {
		name, yaml, old, new string
		want                 ecs.UpdateServiceInput
	}{
		{"a member", worker, "minimumHealthyPercent: 50", "minimumHealthyPercent: 60", ecs.UpdateServiceInput{
			DeploymentConfiguration: &ecstypes.DeploymentConfiguration{MinimumHealthyPercent: aws.Int32(60),
				DeploymentCircuitBreaker: &ecstypes.DeploymentCircuitBreaker{Enable: true, Rollback: true}}}},
		{"a list deleted", worker, "    placementConstraints: [{type: memberOf, expression: \"attribute:ecs.os-type == linux\"}]\n", "", ecs.UpdateServiceInput{
			PlacementConstraints: []ecstypes.PlacementConstraint{}}},
		{"a list emptied", worker, "[{type: spread, field: \"attribute:ecs.availability-zone\"}, {type: binpack, field: MEMORY}]", "[]", ecs.UpdateServiceInput{
			PlacementStrategy: []ecstypes.PlacementStrategy{}}},
		{"the breaker deleted", worker, "      deploymentCircuitBreaker: {enable: true, rollback: true}\n", "", ecs.UpdateServiceInput{
			DeploymentConfiguration: &ecstypes.DeploymentConfiguration{MinimumHealthyPercent: aws.Int32(50),
				DeploymentCircuitBreaker: &ecstypes.DeploymentCircuitBreaker{}}}},
		{"a count", worker, "desiredCount: 3", "desiredCount: 2", ecs.UpdateServiceInput{DesiredCount: aws.Int32(2)}},
		{"a switch thrown", web, "enableExecuteCommand: true", "enableExecuteCommand: false", ecs.UpdateServiceInput{EnableExecuteCommand: aws.Bool(false)}},
		{"a switch deleted", web, "    enableExecuteCommand: true\n", "", ecs.UpdateServiceInput{EnableExecuteCommand: aws.Bool(false)}},
		{"an enum deleted", web, "    propagateTags: SERVICE\n", "", ecs.UpdateServiceInput{PropagateTags: ecstypes.PropagateTagsNone}},
		{"a number deleted", web, "    healthCheckGracePeriodSeconds: 30\n", "", ecs.UpdateServiceInput{HealthCheckGracePeriodSeconds: aws.Int32(0)}},
		{"the deployment alarms deleted", web, "      alarms: {enable: true, rollback: true, alarmNames: [$(alarms.errors.name)]}\n", "", ecs.UpdateServiceInput{
			DeploymentConfiguration: &ecstypes.DeploymentConfiguration{MaximumPercent: aws.Int32(150),
				DeploymentCircuitBreaker: &ecstypes.DeploymentCircuitBreaker{Enable: true, Rollback: true},
				Alarms:                   &ecstypes.DeploymentAlarms{AlarmNames: []string{}}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			u := w.load(c.yaml)
			w.apply(u)
			w.settle()
			edited := w.load(edit(t, c.yaml, c.old, c.new))
			sent := w.updates(func() { w.apply(edited) })
			if len(sent) != 1 {
				t.Fatalf("%d calls", len(sent))
			}
			c.want.Cluster, c.want.Service = aws.String("default"), aws.String(u.Key.Name)
			if d := cmp.Diff(c.want, *sent[0], unexported); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			w.clean(edited)
			w.settle()
			w.clean(edited)
		})
	}
}

var unexported = cmp.FilterPath(func(p cmp.Path) bool {
	f, ok := p.Last().(cmp.StructField)
	return ok && f.Name() == "noSmithyDocumentSerde"
}, cmp.Ignore())

// TestCapacityProviderStrategyIsForced: alone it would leave the running tasks
// where they are.
func TestCapacityProviderStrategyIsForced(t *testing.T) {
	w := newWorld(t)
	yaml := edit(t, web, "    launchType: FARGATE\n", "    capacityProviderStrategy: [{capacityProvider: FARGATE, weight: 1}]\n")
	u := w.load(yaml)
	w.apply(u)
	w.settle()
	w.clean(u)
	edited := w.load(edit(t, yaml, "{capacityProvider: FARGATE, weight: 1}", "{capacityProvider: FARGATE_SPOT, weight: 1}"))
	cs := w.changes(edited, serviceOf(u), w.observe(edited, false))
	if len(cs) == 0 || slices.ContainsFunc(cs, func(c diff.Change) bool { return c.Effect != diff.Forced && c.Field() != "tags" }) {
		t.Fatalf("changes %+v", cs)
	}
	sent := w.updates(func() { w.apply(edited) })
	if len(sent) != 1 || !sent[0].ForceNewDeployment || len(sent[0].CapacityProviderStrategy) != 1 {
		t.Fatalf("sent %+v", sent)
	}
	w.settle()
	w.clean(edited)
}

// TestRecreationIsNoUpdate: what cannot be changed is refused before it is sent.
func TestRecreationIsNoUpdate(t *testing.T) {
	w := newWorld(t)
	u := w.load(worker)
	w.apply(u)
	edited := w.load(edit(t, worker, "launchType: EC2", "launchType: FARGATE"))
	id := serviceOf(u)
	live := w.observe(edited, true)
	o, _ := resource.Resolve(*edited.Object(id), attrsOf(live))
	sent := w.updates(func() {
		_, err := w.kind(id.Kind).Update(t.Context(), resource.Write{Object: o, Live: live[id], Changes: w.changes(edited, id, live)})
		if resource.ClassOf(err) != resource.ClassInvalid {
			t.Errorf("error %v", err)
		}
	})
	if len(sent) != 0 {
		t.Errorf("sent %+v", sent[0])
	}
}

// TestAdoptionWritesTagsOnly, on every kind that carries tags.
func TestAdoptionWritesTagsOnly(t *testing.T) {
	w := newWorld(t)
	u := w.load(web)
	w.apply(u)
	w.settle()
	live := w.observe(u, true)
	for _, o := range u.Objects() {
		k := w.kind(o.ID.Kind)
		if !k.Taggable() {
			continue
		}
		o.Tags["adopted"] = "yes"
		mark := w.mark()
		if _, err := k.Update(t.Context(), resource.Write{Object: *o, Live: live[o.ID], Changes: w.changes(u, o.ID, live)}); err != nil {
			t.Fatalf("%s: %v", o.ID.Local(), err)
		}
		for op, n := range w.calls(mark) {
			if op != "TagResource" && op != "AddTags" || n != 1 {
				t.Errorf("%s: %d of %s", o.ID.Local(), n, op)
			}
		}
	}
	w.clean(u)
}

// TestDeploymentAlarmOfItsOwnService: an alarm that names the service that it
// guards does not wait for it.
func TestDeploymentAlarmOfItsOwnService(t *testing.T) {
	yaml := edit(t, hello, "service: {", `alarms:
    cpu:
      namespace: AWS/ECS
      metricName: CPUUtilization
      dimensions: {ClusterName: default, ServiceName: $(service.name)}
      statistic: Average
      period: 60
      evaluationPeriods: 3
      threshold: 95
      comparisonOperator: GreaterThanThreshold
  service: {`)
	yaml = edit(t, yaml, "deploymentConfiguration: {", "deploymentConfiguration: {alarms: {enable: true, rollback: true, alarmNames: [$(alarms.cpu.name)]}, ")
	w := newWorld(t)
	u := w.load(yaml)
	order := []string{}
	for _, o := range w.ordered(u) {
		order = append(order, o.ID.Local())
	}
	if a, s := slices.Index(order, "alarm/cpu"), slices.Index(order, "service"); a > s {
		t.Errorf("order %v", order)
	}
	w.apply(u)
	w.settle()
	w.clean(u)
}

// TestTaskThatKnowsItsService: a container may be told the name of its service.
func TestTaskThatKnowsItsService(t *testing.T) {
	w := newWorld(t)
	u := w.load(edit(t, hello, "memory: 256, ", "memory: 256, environment: {SERVICE: \"svc $(service.name)\"}, "))
	w.apply(u)
	w.clean(u)
	in, _ := find[*ecs.RegisterTaskDefinitionInput](t, u, resource.KindTaskDefinition, "")
	env := map[string]string{}
	for _, e := range in.ContainerDefinitions[0].Environment {
		env[*e.Name] = *e.Value
	}
	if env["SERVICE"] != "svc hello" {
		t.Errorf("%v", env)
	}
}
