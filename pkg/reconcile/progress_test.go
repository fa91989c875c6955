package reconcile

import (
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// TestShiftProgress is what people read while traffic is shifted.
func TestShiftProgress(t *testing.T) {
	pause := []resource.DeploymentHook{{ID: "ecs-pause-1", Until: "2026-11-27T11:00:00Z", Then: "ROLLBACK"}}
	function := []resource.DeploymentHook{{ID: "x", Function: "arn:aws:lambda:us-east-1:123456789012:function:smoke", Until: "2026-11-27T11:00:00Z", Then: "CONTINUE"}}
	for want, d := range map[string]resource.Deployment{
		"blue/green, 1 of 4 new tasks running":                                            {Strategy: "BLUE_GREEN", LifecycleStage: "SCALE_UP", Running: 1},
		"blue/green, all 4 new tasks running, ECS waits for their health checks":          {Strategy: "BLUE_GREEN", LifecycleStage: "SCALE_UP", Running: 4},
		"canary, ECS first undoes the deployment before it":                               {Strategy: "CANARY", LifecycleStage: "RECONCILE_SERVICE"},
		"linear, 33.4 % of the traffic on the new tasks, at PRODUCTION_TRAFFIC_SHIFT":     {Strategy: "LINEAR", LifecycleStage: "PRODUCTION_TRAFFIC_SHIFT", Traffic: 33.4, Running: 4},
		"canary, test traffic goes to the new tasks, 0 % of the traffic on the new tasks": {Strategy: "CANARY", LifecycleStage: "TEST_TRAFFIC_SHIFT", Running: 4},
		"blue/green, 100 % of the traffic on the new tasks, the old ones are kept for the bake time": {
			Strategy: "BLUE_GREEN", LifecycleStage: "BAKE_TIME", Traffic: 100},
		"blue/green, 0 % of the traffic on the new tasks, paused for approval at POST_SCALE_UP until 2026-11-27T11:00:00Z, then ECS rolls back": {
			Strategy: "BLUE_GREEN", LifecycleStage: "POST_SCALE_UP", Hooks: pause},
		"NEXT, 5 % of the traffic on the new tasks, waiting for the function smoke at PRODUCTION_TRAFFIC_SHIFT until 2026-11-27T11:00:00Z, then ECS goes on by itself": {
			Strategy: "NEXT", LifecycleStage: "PRODUCTION_TRAFFIC_SHIFT", Traffic: 5, Hooks: function},
	} {
		if got := shiftProgress(&d, 4); got != want {
			t.Errorf("says %q, want %q", got, want)
		}
	}
}
