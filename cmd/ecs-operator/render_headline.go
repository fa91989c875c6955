package main

import (
	"fmt"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// headline says what the running tasks of one service will feel: the same words
// in every output.
type headline struct {
	words  string // in capitals where a deployment starts or worse
	detail string
	effect diff.Effect   // the gravest, of what is held back too
	held   status.Reason // why the gravest does not happen now, "" when it does
	unread bool
}

// rank orders headlines from harmless to worst.
func (h headline) rank() int {
	if h.unread {
		return 2*diff.Recreation.Rank() - 1 // behind what is known to be down
	}
	rank := 2 * h.effect.Rank()
	if h.held != "" {
		rank++
	}
	return rank
}

// grave: nobody should miss it.
func (h headline) grave() bool {
	return h.unread || h.held != "" || h.effect.Rank() >= diff.Replacement.Rank()
}

func headlineOf(o reconcile.Outcome) headline {
	if unread(o) {
		return headline{words: "COULD NOT BE COMPARED", effect: diff.None, unread: true}
	}
	c := o.Plan.Consequence
	h := headline{effect: diff.Worst(c.Effect, c.Held)}
	if c.Blocked != "" && c.Held.Rank() >= c.Effect.Rank() {
		h.held = c.Blocked
	}
	h.words, h.detail = consequenceWords(h.effect, c)
	switch {
	case h.held == "" && c.Blocked != "":
		h.detail = joinDetail(h.detail, "part is blocked: "+string(c.Blocked))
	case h.held != "" && h.effect == diff.None:
		h.words, h.detail = "BLOCKED: "+string(h.held), ""
	case h.held != "":
		h.detail = joinDetail(h.detail, "BLOCKED: "+string(h.held))
	}
	return h
}

func joinDetail(parts ...string) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, " · ")
}

// consequenceWords is one sentence per effect.
func consequenceWords(effect diff.Effect, c plan.Consequence) (words, detail string) {
	if c.Creates {
		return "NEW SERVICE", joinDetail(tasks(c.Tasks, "starts", "start"), strategyWords(c.Rollout))
	}
	words = strings.ToUpper(string(effect))
	switch effect {
	case diff.NewDeployment:
		return words, joinDetail(tasks(c.Tasks, "restarts", "restart"), strategyWords(c.Rollout))
	case diff.Forced:
		return words, joinDetail(tasks(c.Tasks, "restarts", "restart"), "with the revision that they have", strategyWords(c.Rollout))
	case diff.TrafficShift:
		return words, "requests go elsewhere; no task restarts"
	case diff.Replacement:
		return words, joinDetail("made anew beside the old, then swapped", strategyWords(c.Rollout))
	case diff.Recreation:
		if c.Tasks > 0 {
			return words, "⚠ the service is deleted and created; " + tasks(c.Tasks, "stops", "stop")
		}
		return words, "⚠ the service is deleted and created"
	case diff.Deletion:
		if c.Tasks > 0 {
			return "THE SERVICE IS DELETED", "⚠ " + tasks(c.Tasks, "stops", "stop")
		}
		return "THE SERVICE IS DELETED", ""
	case diff.TasksLater:
		if c.Tasks > 0 {
			return "APPLIES TO TASKS STARTED LATER", tasks(c.Tasks, "stays", "stay") + " as they are until the next deployment"
		}
		return "APPLIES TO TASKS STARTED LATER", ""
	case diff.InPlace:
		if c.Count != nil {
			return "in place", c.Count.String()
		}
		return "in place", "no task restarts"
	}
	return "no effect on tasks", ""
}

// tasks is "1 task restarts", "3 tasks restart", and nothing for none.
func tasks(n int, one, many string) string {
	switch n {
	case 0:
		return ""
	case 1:
		return "1 task " + one
	}
	return fmt.Sprintf("%d tasks %s", n, many)
}

// strategyWords is how ECS would do it, and where it waits.
func strategyWords(r *plan.Rollout) string {
	if r == nil {
		return ""
	}
	var out string
	switch r.Strategy {
	case "ROLLING":
		out = fmt.Sprintf("rolling, %d to %d %% of the tasks", r.MinPercent, r.MaxPercent)
	case "BLUE_GREEN":
		out = "blue/green"
	case "LINEAR":
		out = fmt.Sprintf("linear, %g %% of the traffic every %dm", r.StepPercent, r.StepMinutes)
	case "CANARY":
		out = fmt.Sprintf("canary, %g %% of the traffic for %dm", r.StepPercent, r.StepMinutes)
	default: // a strategy that ECS learned after this was written
		out = strings.ToLower(r.Strategy)
	}
	if r.BakeMinutes > 0 {
		out += fmt.Sprintf(", bake %dm", r.BakeMinutes)
	}
	if r.Pauses > 0 {
		out += ", pause for approval"
	}
	if r.Rollback {
		out += ", rolled back when it fails"
	}
	return out
}
