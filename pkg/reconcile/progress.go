package reconcile

import (
	"fmt"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// shiftProgress says in a sentence how far a deployment has come that shifts
// traffic to a second set of tasks. A stage that AWS adds is told by its name.
func shiftProgress(d *resource.Deployment, requested int32) string {
	name := map[string]string{"BLUE_GREEN": "blue/green", "LINEAR": "linear", "CANARY": "canary"}[d.Strategy]
	if name == "" {
		name = d.Strategy
	}
	if len(d.Hooks) > 0 {
		return fmt.Sprintf("%s, %s, %s", name, traffic(d), hookProgress(d))
	}
	switch d.LifecycleStage {
	case "RECONCILE_SERVICE":
		return name + ", ECS first undoes the deployment before it"
	case "PRE_SCALE_UP", "SCALE_UP":
		if d.Running < requested || requested == 0 {
			return fmt.Sprintf("%s, %d of %d new tasks running", name, d.Running, requested)
		}
		return fmt.Sprintf("%s, all %d new tasks running, ECS waits for their health checks", name, requested)
	case "TEST_TRAFFIC_SHIFT", "POST_TEST_TRAFFIC_SHIFT":
		return fmt.Sprintf("%s, test traffic goes to the new tasks, %s", name, traffic(d))
	case "BAKE_TIME":
		return fmt.Sprintf("%s, %s, the old ones are kept for the bake time", name, traffic(d))
	case "CLEAN_UP":
		return fmt.Sprintf("%s, %s, the old ones are stopped", name, traffic(d))
	case "":
		return fmt.Sprintf("%s, %s", name, traffic(d))
	}
	return fmt.Sprintf("%s, %s, at %s", name, traffic(d), d.LifecycleStage)
}

func traffic(d *resource.Deployment) string {
	return fmt.Sprintf("%.4g %% of the traffic on the new tasks", d.Traffic)
}

// rolloutWords are ECS' words about a deployment that it gave up, with what they
// leave out: which alarm went off, whose hook failed.
func rolloutWords(d *resource.Deployment) string {
	var by []string
	for _, h := range d.FailedHooks {
		function := "the function " + h.Function[strings.LastIndexByte(h.Function, ':')+1:]
		switch {
		case h.Function == "" && h.Late:
			by = append(by, "nobody approved in time")
		case h.Function == "":
			by = append(by, "the approval was refused")
		case h.Late:
			by = append(by, function+" gave no answer in time")
		default:
			by = append(by, function+" failed")
		}
	}
	if len(d.Alarming) > 0 {
		by = append(by, "in ALARM: "+strings.Join(d.Alarming, ", "))
	}
	words := strings.TrimSuffix(d.Reason, ".")
	cause, plain := strings.CutPrefix(words, "Service deployment rolled back because ") // said already
	if plain {
		words = cause
	}
	if len(by) > 0 {
		words += " (" + strings.Join(by, ", ") + ")"
	}
	if words == "" {
		return ""
	}
	if plain {
		return " because " + words
	}
	return ": " + strings.TrimSpace(words)
}

// hookProgress says what the deployment waits for, and what happens if nobody answers.
func hookProgress(d *resource.Deployment) string {
	h := d.Hooks[0]
	who := "paused for approval"
	if h.Function != "" {
		who = "waiting for the function " + h.Function[strings.LastIndexByte(h.Function, ':')+1:]
	}
	then := "ECS goes on by itself"
	if h.Then == "ROLLBACK" {
		then = "ECS rolls back"
	}
	text := fmt.Sprintf("%s at %s", who, d.LifecycleStage)
	if h.Until != "" {
		text += fmt.Sprintf(" until %s, then %s", h.Until, then)
	}
	return text
}
