package kinds_test

import (
	"fmt"

	"pgregory.net/rapid"
)

const (
	anyFunction = "arn:aws:lambda:us-east-1:123456789012:function:any-%d"
	anyElbRole  = "arn:aws:iam::123456789012:role/ecsInfrastructureRole"
)

// shift draws a strategy that starts a second set of tasks, with all that hangs
// together with it; connected is whether Service Connect is drawn.
func (p *parts) shift(s map[string]any, connected bool) {
	if p.coin("hooks") {
		config(s)["lifecycleHooks"] = p.hooks()
	}
	if !p.coin("shifted traffic") {
		return
	}
	balanced := len(p.groups) > 0
	strategy := "BLUE_GREEN"
	if balanced || connected {
		strategy = rapid.SampledFrom([]string{"BLUE_GREEN", "LINEAR", "CANARY"}).Draw(p.t, "strategy of the shift")
	}
	c := config(s)
	c["strategy"] = strategy
	drop(c, "earlySuccessCriteria")
	if strategy == "BLUE_GREEN" || p.coin("bake") {
		c["bakeTimeInMinutes"] = rapid.IntRange(0, 3).Draw(p.t, "bakeTimeInMinutes")
	}
	switch {
	case strategy == "LINEAR" && p.coin("linear"):
		c["linearConfiguration"] = p.oneOf("linear configuration", `{"stepPercent": 33.4}`, `{"stepBakeTimeInMinutes": 1}`, `{"stepPercent": 50, "stepBakeTimeInMinutes": 0}`)
	case strategy == "CANARY" && p.coin("canary"):
		c["canaryConfiguration"] = p.oneOf("canary configuration", `{"canaryPercent": 0.1}`, `{"canaryBakeTimeInMinutes": 2}`, `{"canaryPercent": 12.5, "canaryBakeTimeInMinutes": 0}`)
	}
	if !balanced {
		return
	}
	pair := map[string]any{"alternateTargetGroupArn": "$(targetGroups.other.arn)", "productionListenerRule": "$(listenerRules.main.arn)", "roleArn": anyElbRole}
	if p.coin("test rule") {
		p.rules["test"] = p.rule()
		pair["testListenerRule"] = "$(listenerRules.test.arn)"
	}
	s["loadBalancers"].([]any)[0].(map[string]any)["advancedConfiguration"] = pair
}

// config is the service's deploymentConfiguration, made where there is none.
func config(s map[string]any) map[string]any {
	c := dig(s, "deploymentConfiguration")
	if c == nil {
		c = map[string]any{}
		s["deploymentConfiguration"] = c
	}
	return c
}

// hooks are lifecycle hooks of both sorts. A first deployment that one rolls back
// has nothing to go back to, and stands still.
func (p *parts) hooks() []any {
	out := []any{}
	for range rapid.IntRange(1, 3).Draw(p.t, "hooks") {
		*p.n++
		var h map[string]any
		stages := []any{"RECONCILE_SERVICE", "PRE_SCALE_UP", "POST_SCALE_UP", "POST_TEST_TRAFFIC_SHIFT", "PRE_PRODUCTION_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT"}
		if p.coin("pause") {
			h = map[string]any{"targetType": "PAUSE"}
		} else {
			h = map[string]any{"hookTargetArn": fmt.Sprintf(anyFunction, *p.n), "roleArn": anyRole}
			stages = append(stages, "TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT")
			if p.coin("lambda") {
				h["targetType"] = "AWS_LAMBDA"
			}
			if p.coin("details") {
				h["hookDetails"] = map[string]any{"depth": map[string]any{"n": 1}, "list": []any{"b", "a"}}
			}
		}
		h["lifecycleStages"] = rapid.Permutation(stages).Draw(p.t, "stages")[:rapid.IntRange(1, 3).Draw(p.t, "stages length")]
		switch rapid.IntRange(0, 3).Draw(p.t, "limit") {
		case 1:
			h["timeoutConfiguration"] = map[string]any{"action": "CONTINUE"}
		case 2:
			h["timeoutConfiguration"] = map[string]any{"timeoutInMinutes": rapid.IntRange(1, 9).Draw(p.t, "minutes")}
		case 3:
			h["timeoutConfiguration"] = map[string]any{"action": rapid.SampledFrom([]any{"CONTINUE", "ROLLBACK"}).Draw(p.t, "action"), "timeoutInMinutes": 1}
		}
		out = append(out, h)
	}
	return out
}
