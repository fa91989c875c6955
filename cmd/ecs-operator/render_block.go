package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// groupARN is the ARN of a target group in ECS' events: its name says enough.
var groupARN = regexp.MustCompile(`arn:[a-z-]+:elasticloadbalancing:[a-z0-9-]+:\d+:targetgroup/([^/\s]+)/[0-9a-f]+`)

// block is how one service stands at one moment, in lines of cells: what the
// deployment is at, tasks, traffic, targets, alarms, the last event, and why.
func block(p palette, x reconcile.Picture, now time.Time) [][]cell {
	s := x.Status
	lines := [][]cell{{{text: s.Name, paint: p.bold}, {text: resource.UnitKey{Target: s.Target, Cluster: s.Cluster, Name: s.Name}.Place(), paint: p.dim},
		{text: string(s.State), paint: statePaint(p, s.State)}, {text: fmt.Sprintf("%d/%d running", s.Running, s.Desired)}, {text: s.Image}}}
	add := func(label, text string, paint func(a ...any) string) {
		if text != "" {
			lines = append(lines, []cell{{text: fmt.Sprintf("  %-9s", label), paint: p.dim}, {text: oneLine(text), paint: paint}})
		}
	}
	if d := x.Deployment; d != nil {
		add("rollout", rolloutWords(d, now), rolloutPaint(p, d))
		if !d.Status.Ended() {
			add("stage", stageWords(d), nil)
			add("tasks", taskWords(d), nil)
			add("traffic", trafficWords(d), nil)
			add("bake", bakeWords(d, now), nil)
			add("alarms", alarmWords(d), alarmPaint(p, d))
		}
	}
	add("targets", targetWords(x.Targets), nil)
	if len(x.Events) > 0 {
		add("event", clockOf(x.Events[0].At)+" "+groupARN.ReplaceAllString(x.Events[0].Message, "$1"), nil)
	}
	if s.State != status.StateReady || s.Why != "" {
		why := strings.TrimSuffix(string(s.Reason)+": "+s.Why, ": ")
		if s.State == status.StateProgressing && s.Why != "" {
			why = s.Why
		}
		add("why", why, statePaint(p, s.State))
	}
	for _, u := range x.Unread {
		add("unread", u, p.bad)
	}
	return lines
}

// rolloutWords is the deployment in one line: how, from what to what, for how long.
func rolloutWords(d *resource.Deployment, now time.Time) string {
	name := map[string]string{"BLUE_GREEN": "blue/green", "LINEAR": "linear", "CANARY": "canary", "ROLLING": "rolling", "": "rolling"}[d.Strategy]
	from := ""
	for _, s := range d.Sources {
		if s.TaskDefinition != "" && s.TaskDefinition != plan.RevisionName(d.TaskDefinition) && !strings.Contains(from, s.TaskDefinition) {
			from += s.TaskDefinition + " "
		}
	}
	if from != "" {
		from += "→ "
	}
	text := fmt.Sprintf("%s, %s%s, ", orElseText(name, d.Strategy), from, plan.RevisionName(d.TaskDefinition))
	switch d.Status {
	case resource.DeploymentRunning:
		return text + "for " + since(d.CreatedAt, now)
	case resource.DeploymentRollingBack:
		return text + "rolling back, begun " + since(d.CreatedAt, now) + " ago"
	}
	return text + strings.ToLower(string(d.Status)) + " " + since(orElseText(d.FinishedAt, d.CreatedAt), now) + " ago"
}

func orElseText(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func rolloutPaint(p palette, d *resource.Deployment) func(a ...any) string {
	switch {
	case d.Status.Bad():
		return p.bad
	case !d.Status.Ended():
		return p.warn
	}
	return nil
}

// stageWords is the lifecycle stage with its place among all, and whom it waits for.
func stageWords(d *resource.Deployment) string {
	if d.LifecycleStage == "" {
		return ""
	}
	text := d.LifecycleStage
	if i := slices.Index(reconcile.Stages(), d.LifecycleStage); i >= 0 {
		text = fmt.Sprintf("%d of %d, %s", i+1, len(reconcile.Stages()), d.LifecycleStage)
	}
	for _, h := range d.Hooks {
		who := "paused for `ecs-operator approve`"
		if h.Function != "" {
			who = "waiting for " + h.Function[strings.LastIndexByte(h.Function, ':')+1:]
		}
		then := "ECS goes on"
		if h.Then == "ROLLBACK" {
			then = "ECS rolls back"
		}
		text += ", " + who
		if h.Until != "" {
			text += fmt.Sprintf(" until %s, then %s", clockOf(h.Until), then)
		}
	}
	return text
}

// taskWords counts both sides of a deployment.
func taskWords(d *resource.Deployment) string {
	text := fmt.Sprintf("new %d of %d running", d.Target.Running, d.Target.Requested)
	if d.Target.Pending > 0 {
		text += fmt.Sprintf(", %d pending", d.Target.Pending)
	}
	if d.Failed > 0 {
		text += fmt.Sprintf(", %d failed", d.Failed)
		if d.Threshold > 0 {
			text += fmt.Sprintf(" of the %d that end it", d.Threshold)
		}
	}
	for _, s := range d.Sources {
		text += fmt.Sprintf(" · old %d running", s.Running)
	}
	return text
}

func trafficWords(d *resource.Deployment) string {
	if !d.Shifts() {
		return ""
	}
	var parts []string
	share := func(who string, percent *float64) {
		if percent != nil {
			parts = append(parts, fmt.Sprintf("%s %.4g %%", who, *percent))
		}
	}
	share("new", d.Target.Production)
	for _, s := range d.Sources {
		share("old", s.Production)
	}
	if t := d.Target.Test; t != nil && *t > 0 {
		share("· test: new", t)
	}
	return strings.ReplaceAll(strings.Join(parts, ", "), ", ·", " ·")
}

// bakeWords is what is left of the bake time: ECS tells when the stage began, not when it ends.
func bakeWords(d *resource.Deployment, now time.Time) string {
	began, err := time.Parse(time.RFC3339, d.UpdatedAt)
	if d.LifecycleStage != "BAKE_TIME" || d.BakeMinutes == 0 || err != nil {
		return ""
	}
	whole := time.Duration(d.BakeMinutes) * time.Minute
	return fmt.Sprintf("%s left of %s", max(whole-now.Sub(began), 0).Round(time.Second), shortDuration(whole))
}

func alarmWords(d *resource.Deployment) string {
	var parts []string
	for _, a := range d.Alarms {
		if slices.Contains(d.Alarming, a) {
			parts = append(parts, a+" went off")
		} else {
			parts = append(parts, a+" quiet")
		}
	}
	return strings.Join(parts, " · ")
}

func alarmPaint(p palette, d *resource.Deployment) func(a ...any) string {
	if len(d.Alarming) > 0 {
		return p.bad
	}
	return nil
}

func targetWords(groups []resource.GroupHealth) string {
	var parts []string
	for _, g := range groups {
		text := fmt.Sprintf("%s %d of %d healthy", g.Name, g.Healthy, g.Total)
		if n := g.States["draining"]; n > 0 {
			text += fmt.Sprintf(", %d draining", n)
		}
		if len(g.Reasons) > 0 {
			text += " (" + strings.Join(g.Reasons, "; ") + ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " · ")
}

// since is how long ago an RFC 3339 time was.
func since(at string, now time.Time) string {
	t, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return "?"
	}
	return shortDuration(max(now.Sub(t), 0).Round(time.Second))
}

// shortDuration is 10m and not 10m0s.
func shortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// clockOf is the time of day of an RFC 3339 time.
func clockOf(at string) string {
	t, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return at
	}
	return t.UTC().Format("15:04:05") + "Z"
}
