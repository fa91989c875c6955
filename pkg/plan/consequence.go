package plan

import (
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// Consequence is what a plan means for the running tasks of its service: data
// for whoever shows the plan.
type Consequence struct {
	// Effect is the gravest of what would be done.
	Effect diff.Effect `json:"effect"`
	// Held is the gravest effect of what is blocked, "" when nothing is, and
	// Blocked the reason of that step.
	Held    diff.Effect   `json:"held,omitempty"`
	Blocked status.Reason `json:"blocked,omitempty"`
	// Creates: there is no service yet.
	Creates bool `json:"creates,omitempty"`
	// Tasks is how many running tasks the gravest of both effects reaches:
	// replaced by a deployment, stopped by a recreation, or with "tasks started
	// later" left as they are. For a service that is created it is how many start.
	Tasks int `json:"tasks"`
	// Count is how registering the scalable target moves the count by itself; nil
	// when it does not.
	Count *Count `json:"count,omitempty"`
	// Rollout is how a deployment would go; nil when none would be started.
	Rollout *Rollout `json:"rollout,omitempty"`
}

// Rollout is how ECS would carry a deployment out, with the configuration that
// holds after the plan.
type Rollout struct {
	// Strategy is ROLLING, BLUE_GREEN, LINEAR or CANARY.
	Strategy string `json:"strategy"`
	// MinPercent and MaxPercent bound the healthy and the running tasks, in
	// percent of the desired count.
	MinPercent int `json:"minPercent"`
	MaxPercent int `json:"maxPercent"`
	// BakeMinutes is how long both revisions are kept after the traffic moved.
	BakeMinutes int `json:"bakeMinutes,omitempty"`
	// StepPercent is how much traffic the first step of LINEAR or CANARY moves,
	// StepMinutes how long ECS then waits.
	StepPercent float64 `json:"stepPercent,omitempty"`
	StepMinutes int     `json:"stepMinutes,omitempty"`
	// Pauses are the lifecycle hooks at which ECS waits for a person.
	Pauses int `json:"pauses,omitempty"`
	// Circuit says whether the circuit breaker stops a failing deployment, and
	// Rollback whether it then goes back.
	Circuit  bool `json:"circuitBreaker,omitempty"`
	Rollback bool `json:"rollback,omitempty"`
}

// Consequences derives it from a plan and from the service that it was made for,
// as it is: of the service's count and of what the plan does not change.
func Consequences(p Plan, service resource.Live) Consequence {
	c := Consequence{Effect: diff.None}
	var step *Step // the service's, the one that would be done before one that is held
	for i := range p.Steps {
		s := &p.Steps[i]
		if s.ID.Kind == resource.KindService && step == nil {
			step = s
		}
		switch {
		case s.After != "" && s.ID.Kind == resource.KindService && afterAHook(s.After):
			c.Effect = diff.Worst(c.Effect, s.Effect) // it comes by itself
		case s.After != "": // the next part of the same story
		case s.Blocked != "":
			if c.Blocked == "" || s.Effect.Rank() > c.Held.Rank() {
				c.Held, c.Blocked = s.Effect, s.Blocked
			}
		case s.Action != ActionNone:
			c.Effect = diff.Worst(c.Effect, s.Effect)
		}
	}
	if step == nil {
		return c
	}
	if step.Action == ActionDelete {
		if service.Service != nil {
			c.Tasks = int(service.Service.Running + service.Service.Pending)
		}
		return c
	}
	// The service's own changes say what becomes of its tasks: a task definition
	// reaches them through the service's move to the new revision.
	changes := changesOf(p, step.ID)
	c.Creates = step.Action == ActionCreate
	settings := settingsOf(step, changes, service)
	switch {
	case c.Creates:
		c.Tasks = int(settings.number("desiredCount", 0))
	case service.Service != nil && worst(changes).Rank() >= diff.TasksLater.Rank():
		c.Tasks = int(service.Service.Running + service.Service.Pending)
	}
	if c.Creates || deploys(changes) {
		c.Rollout = rollout(settings)
	}
	return c
}

// changesOf are the changes of an object in all its steps.
func changesOf(p Plan, id resource.ID) []diff.Change {
	var out []diff.Change
	for _, s := range p.Steps {
		if s.ID == id {
			out = append(out, s.Changes...)
		}
	}
	return out
}

// rollout: the defaults are AWS' own (DeploymentConfiguration and the types in it).
func rollout(s settings) *Rollout {
	const dc = "deploymentConfiguration."
	r := &Rollout{Strategy: "ROLLING", BakeMinutes: int(s.number(dc+"bakeTimeInMinutes", 0))}
	if v, ok := s.at(dc + "strategy").(string); ok && v != "" {
		r.Strategy = v
	}
	low, high := 100.0, 200.0
	if s.at("schedulingStrategy") == "DAEMON" {
		low, high = 0, 100
	}
	r.MinPercent = int(s.number(dc+"minimumHealthyPercent", low))
	r.MaxPercent = int(s.number(dc+"maximumPercent", high))
	switch r.Strategy {
	case "LINEAR":
		r.StepPercent = s.number(dc+"linearConfiguration.stepPercent", 10)
		r.StepMinutes = int(s.number(dc+"linearConfiguration.stepBakeTimeInMinutes", 6))
	case "CANARY":
		r.StepPercent = s.number(dc+"canaryConfiguration.canaryPercent", 5)
		r.StepMinutes = int(s.number(dc+"canaryConfiguration.canaryBakeTimeInMinutes", 10))
	}
	hooks, _ := s.at(dc + "lifecycleHooks").([]any)
	for _, h := range hooks {
		if descend(h, "targetType") == "PAUSE" {
			r.Pauses++
		}
	}
	r.Circuit = s.at(dc+"deploymentCircuitBreaker.enable") == true
	r.Rollback = r.Circuit && s.at(dc+"deploymentCircuitBreaker.rollback") == true
	return r
}

// settings answers what a member of the service will be: as the spec has it, else
// as it is, unless a change takes it back to its default.
type settings struct {
	want, live any
	reset      []string
}

func settingsOf(step *Step, changes []diff.Change, service resource.Live) settings {
	s := settings{want: shape.Plain(step.Want, nil)}
	if step.Action != ActionCreate {
		s.live = shape.Plain(service.Value, nil)
	}
	for _, c := range changes {
		if !c.Informational {
			s.reset = append(s.reset, c.Path)
		}
	}
	return s
}

// at is nil where AWS' default holds.
func (s settings) at(path string) any {
	if v := descend(s.want, path); v != nil {
		return v
	}
	for _, r := range s.reset {
		if path == r || strings.HasPrefix(path, r+".") {
			return nil
		}
	}
	return descend(s.live, path)
}

func (s settings) number(path string, unset float64) float64 {
	switch v := s.at(path).(type) {
	case int64:
		return float64(v)
	case float64:
		return v
	}
	return unset
}

func descend(v any, path string) any {
	for _, name := range strings.Split(path, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}
