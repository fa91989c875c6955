package resource

import (
	"context"
	"errors"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// KindHook is the kind in the IDs of a plan's steps that run a hook's task. It is
// no Kind: a task is run and not kept.
const KindHook = "hook"

// Hook is one task of a unit that runs once for each content, before or after its
// deployment (spec.Hook).
type Hook struct {
	Stage     string // spec.PreDeploy, spec.PostDeploy
	Name      string
	Timeout   time.Duration
	Overrides any // the SDK's TaskOverride; nil for none
	Pos       string
}

// Section is where the hook stands in the spec.
func (h Hook) Section() string { return "hooks." + h.Stage + "." + h.Name }

// Hook returns the unit's hook of a name, or nil.
func (u *Unit) Hook(name string) *Hook {
	for i := range u.Hooks {
		if u.Hooks[i].Name == name {
			return &u.Hooks[i]
		}
	}
	return nil
}

// hooksOf takes the document's hooks over. They run the task definition of the
// document, and their outcome stands on its revision.
func hooksOf(u *Unit, hooks []spec.Hook) []spec.Problem {
	id := ID{Target: u.Key.Target, Cluster: u.Key.Cluster, Unit: u.Key.Name}
	for _, h := range hooks {
		timeout := spec.DefaultHookTimeout
		if d, err := time.ParseDuration(h.Timeout); err == nil && d > 0 {
			timeout = d
		}
		u.Hooks = append(u.Hooks, Hook{Stage: h.Stage, Name: h.Name, Timeout: timeout, Overrides: h.Overrides, Pos: h.Pos})
	}
	var problems []spec.Problem
	for _, need := range []ID{id.Of(KindTaskDefinition, ""), id.Of(KindService, "")} {
		if len(hooks) > 0 && !u.Has(need) {
			what := map[string]string{KindTaskDefinition: "spec.taskDefinition", KindService: "spec.service"}[need.Kind]
			problems = append(problems, spec.ProblemAt(hooks[0].Pos,
				"hooks run the task definition of the document around the deployments of its service: write "+what+", or leave the hooks out"))
		}
	}
	return problems
}

// TaskRunner is what hooks need of ECS.
type TaskRunner interface {
	// Run starts one task. The same token gives the same task for a day: a lost
	// answer is asked for again. An error of ClassNotFound says that the token was
	// used and that ECS does not know the task any more, ClassConflict that it was
	// used for another one, and ClassTransient that ECS found no place for the task.
	Run(ctx context.Context, r Run) (Task, error)
	// Task tells how a task is; nil when ECS does not know it (any more, or yet).
	Task(ctx context.Context, r Run, arn string) (*Task, error)
	// StopTask asks ECS to stop a task; one that has stopped already is success.
	StopTask(ctx context.Context, r Run, arn, reason string) error
}

// ErrTaskSpent: a token of Run was used before, and not for a task that is known.
var ErrTaskSpent = errors.New("ECS has started this task before and does not tell what became of it")

// Run is a task to be started, or that was.
type Run struct {
	Unit           UnitKey
	TaskDefinition string // revision ARN
	Service        any    // the service's create input: its network, its capacity
	Overrides      any
	Name           string // of the hook
	Token          string
}

// Task is one task of a hook.
type Task struct {
	ARN     string
	Status  string // RUNNING and the like
	Stopped bool
	// Failure is why a stopped task was no success, in one sentence; "" for one.
	Failure string
	// Exit is the exit code of the container that counts; nil where it has none.
	Exit *int32
}

// Logged is a kind whose tasks write logs.
type Logged interface {
	Kind
	// Logs says where the task of a live object writes its log: that of the
	// containers that the overrides name, else of all; "" where the log driver does
	// not tell. Pure.
	Logs(l *Live, overrides any, task string) string
}
