package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

type tree = map[string]any

// TestConsequences: what is told of the tasks, from the configuration that will
// hold when the deployment runs.
func TestConsequences(t *testing.T) {
	id := resource.ID{Unit: "web", Kind: resource.KindService}
	running := resource.Live{Presence: resource.Present,
		Value:   tree{"deploymentConfiguration": tree{"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 5, "maximumPercent": 150}},
		Service: &resource.ServiceState{Desired: 3, Running: 2, Pending: 1}}
	change := func(path string, e diff.Effect) diff.Change {
		return diff.Change{Path: path, Op: diff.Replace, Effect: e, Reason: diff.FromSpec}
	}
	step := func(e diff.Effect, want tree, changes ...diff.Change) plan.Step {
		return plan.Step{ID: id, Action: plan.ActionUpdate, Effect: e, Want: want, Changes: changes}
	}
	image, exec := change("taskDefinition", diff.NewDeployment), change("enableExecuteCommand", diff.TasksLater)
	blueGreen := &plan.Rollout{Strategy: "BLUE_GREEN", MinPercent: 100, MaxPercent: 150, BakeMinutes: 5}
	created := step(diff.NewDeployment, tree{"desiredCount": 4, "deploymentConfiguration": tree{
		"strategy": "LINEAR", "deploymentCircuitBreaker": tree{"enable": true, "rollback": true}}})
	created.Action = plan.ActionCreate
	blocked := step(diff.NewDeployment, nil, image)
	blocked.Blocked = status.Quarantined
	removed := change("deploymentConfiguration.strategy", diff.InPlace)
	shown := change("desiredCount", diff.None)
	shown.Informational = true
	nothing := step(diff.None, nil, shown)
	nothing.Action = plan.ActionNone
	for name, c := range map[string]struct {
		steps []plan.Step
		want  plan.Consequence
	}{
		"nothing":     {[]plan.Step{nothing}, plan.Consequence{Effect: diff.None}},
		"no service":  {[]plan.Step{{ID: id.Of(resource.KindAlarm, "x"), Action: plan.ActionUpdate, Effect: diff.InPlace}}, plan.Consequence{Effect: diff.InPlace}},
		"in place":    {[]plan.Step{step(diff.InPlace, nil, change("x", diff.InPlace))}, plan.Consequence{Effect: diff.InPlace}},
		"tasks later": {[]plan.Step{step(diff.TasksLater, nil, exec)}, plan.Consequence{Effect: diff.TasksLater, Tasks: 3}},
		"as it is":    {[]plan.Step{step(diff.NewDeployment, nil, image)}, plan.Consequence{Effect: diff.NewDeployment, Tasks: 3, Rollout: blueGreen}},
		"as it will be": {[]plan.Step{step(diff.NewDeployment, tree{"deploymentConfiguration": tree{"strategy": "CANARY", "minimumHealthyPercent": 0}}, image)},
			plan.Consequence{Effect: diff.NewDeployment, Tasks: 3, Rollout: &plan.Rollout{Strategy: "CANARY", MaxPercent: 150, BakeMinutes: 5, StepPercent: 5, StepMinutes: 10}}},
		"back to the default": {[]plan.Step{step(diff.NewDeployment, nil, image, removed)},
			plan.Consequence{Effect: diff.NewDeployment, Tasks: 3, Rollout: &plan.Rollout{Strategy: "ROLLING", MinPercent: 100, MaxPercent: 150, BakeMinutes: 5}}},
		"blocked": {[]plan.Step{step(diff.InPlace, nil, change("x", diff.InPlace)), blocked},
			plan.Consequence{Effect: diff.InPlace, Held: diff.NewDeployment, Blocked: status.Quarantined, Tasks: 3, Rollout: blueGreen}},
		"recreation": {[]plan.Step{step(diff.Recreation, tree{"schedulingStrategy": "DAEMON", "deploymentConfiguration": tree{"strategy": "ROLLING"}}, change("schedulingStrategy", diff.Recreation), change("deploymentConfiguration", diff.InPlace))},
			plan.Consequence{Effect: diff.Recreation, Tasks: 3, Rollout: &plan.Rollout{Strategy: "ROLLING", MaxPercent: 100}}},
		"created": {[]plan.Step{created}, plan.Consequence{Effect: diff.NewDeployment, Creates: true, Tasks: 4,
			Rollout: &plan.Rollout{Strategy: "LINEAR", MinPercent: 100, MaxPercent: 200, StepPercent: 10, StepMinutes: 6, Circuit: true, Rollback: true}}},
		"traffic elsewhere": {[]plan.Step{{ID: id.Of(resource.KindListenerRule, "x"), Action: plan.ActionUpdate, Effect: diff.TrafficShift}, step(diff.NewDeployment, nil, image)},
			plan.Consequence{Effect: diff.TrafficShift, Tasks: 3, Rollout: blueGreen}},
	} {
		if d := cmp.Diff(c.want, plan.Consequences(plan.Plan{Steps: c.steps}, running)); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	if d := cmp.Diff(plan.Consequence{Effect: diff.None}, plan.Consequences(plan.Plan{}, resource.Live{})); d != "" {
		t.Error(d)
	}
}

// TestPlanCarriesItsConsequence: Make fills it in.
func TestPlanCarriesItsConsequence(t *testing.T) {
	w := hello("nginx:1").edit(resource.KindService, "", func(l *resource.Live) { l.Service.Running = 2 }).now(desire(helloDoc("nginx:2")))
	c := plan.Make(w.in).Consequence
	if c.Effect != diff.NewDeployment || c.Tasks != 2 || c.Rollout == nil || c.Rollout.Strategy != "ROLLING" {
		t.Errorf("%+v", c)
	}
}
