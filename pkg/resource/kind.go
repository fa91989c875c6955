package resource

import (
	"context"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// Names of the eight kinds, as they stand in IDs and key tags.
const (
	KindService         = "service"
	KindTaskDefinition  = "task-definition"
	KindTargetGroup     = "target-group"
	KindListenerRule    = "rule"
	KindScalableTarget  = "scalable-target"
	KindScalingPolicy   = "scaling-policy"
	KindScheduledAction = "scheduled-action"
	KindAlarm           = "alarm"
)

// Kind is the seam between the generic machine and one sort of AWS resource.
// kinds.All is the one list of them; everything iterates it.
type Kind interface {
	// Name is the kind's name in IDs, key tags and outputs.
	Name() string
	// Section says how the kind is written in a spec. Pure.
	Section() spec.Section
	// Taggable reports whether AWS lets the kind carry tags. What does not is
	// spoken for by its parent.
	Taggable() bool

	// Complete fills what the frame knows better than the author: derived
	// names, the cluster, the resource id; moves the author's tags from Want to
	// Object.Tags; adds implicit Needs. Pure; reports only what makes the
	// document invalid, with positions.
	Complete(f Frame, u *Unit, o *Object) []spec.Problem
	// Content is the canonical form of the part of the object that belongs to
	// the rollout content (see Unit.ContentHash), nil for none. Pure.
	Content(o *Object) []byte
	// Attributes are the reference attributes known before the object exists
	// (a derived name, a family). Pure.
	Attributes(o *Object) map[string]string
	// Diff compares desired with live, both in input form, references resolved
	// as far as they are known. Every change carries its effect. Tags are not
	// compared here. Pure. An unknown reference compares as a change whose New
	// is the reference text.
	Diff(o *Object, l *Live, c Compare) []diff.Change

	// Observe looks up objects of one target, in as few calls as the API
	// allows, and answers every one of them: what it could not learn is
	// Unknown with the error. It never writes.
	Observe(ctx context.Context, q Query) map[ID]Live
	// Create makes the object; w.Object has no open references. The answer
	// holds at least ARN, Name, Attrs and Presence.
	Create(ctx context.Context, w Write) (Live, error)
	// Update brings the live object to the wanted state: only what w.Changes
	// names (tags included, paths "tags.KEY") is sent where the API allows it.
	Update(ctx context.Context, w Write) (Live, error)
	// Delete removes the live object. Being gone already is success.
	Delete(ctx context.Context, w Write) error
}

// Ruled is the part of a Kind that tells how it compares, for what is done with
// the rules beside comparing: what to leave alone in a write, and who owns what.
// Every kind of kinds.All has it.
type Ruled interface {
	Rules(o *Object, c Compare) *diff.Rules
}

// Frame is what holds for a whole run.
type Frame struct {
	Owner  string // value of the owner tag, and prefix of derived names
	Scope  string // value of the scope tag, "" for none
	Source string // source revision, for the revision tag
}

// Compare carries what a diff needs to know about the pass.
type Compare struct {
	// InputChanged: the author's input for the object changed since our last
	// write (the rollout content; of a target group or rule, the set of its
	// weighty paths), so unwritten paths return to their default whatever that
	// does.
	InputChanged bool
	// HasScalableTarget: a scalable target exists for the service, ours or not.
	HasScalableTarget bool
	Policy            spec.Policy
}

// Query asks for objects of one kind in one target.
type Query struct {
	Target string
	// Objects may be frames of a Framed kind: what they lack is in Object.Whole.
	Objects []*Object
	// Direct bypasses hints and caches of mutable things: the read before a write.
	Direct bool
	// Live are answers already known in this pass, of this or other kinds:
	// the service's revision tells the task definition which one is live.
	Live map[ID]Live
	// Lean: answers may be sealed (Live.Sealed).
	Lean bool
	// Round is the full pass that the question is a part of, nil for a whole one.
	Round *Round
	// Room is an empty map in which the answer may be given, nil for none: who asks has
	// it back when he has taken the answer out.
	Room map[ID]Live
}

// Write is one write of one object.
type Write struct {
	Object  Object // references resolved
	Live    Live   // read in the same step; Absent for a create
	Changes []diff.Change
	// Token makes a create idempotent where the API takes one.
	Token string
	// Unit is the live service of the unit as read in the same step.
	Unit Live
}

// Rollouts is the second seam: the deployments of ECS services, and the tasks
// that run around them.
type Rollouts interface {
	TaskRunner
	LogReader
	// Why says in one sentence what keeps a service from running as it is wanted, ""
	// where nothing tells. It is asked only of services that wait or have failed;
	// the deployment is the one that it is about, nil for none.
	Why(ctx context.Context, service Live, d *Deployment) (string, error)
	// Fill completes deployments of a History with what they carried
	// (Deployment.Content), where ECS still tells.
	Fill(ctx context.Context, service Live, deployments []Deployment) error
	// Current returns the deployment that the live service is in or ended
	// with; nil when ECS has none.
	Current(ctx context.Context, service Live) (*Deployment, error)
	// History returns the newest deployments, newest first, at most n, each
	// with the content that it carried.
	History(ctx context.Context, service Live, n int) ([]Deployment, error)
	// Tag sets and removes tags of an ECS service or task definition revision.
	Tag(ctx context.Context, target, arn string, set map[string]string, remove []string) error
	// Continue answers a pause that a deployment waits in: it goes on, or, with
	// back, is rolled back.
	Continue(ctx context.Context, target, deployment, pause string, back bool) error
	// Stop has ECS roll a deployment back, whatever its configuration says of rollbacks.
	Stop(ctx context.Context, target, deployment string) error
	// ActiveRevisions names the newest ACTIVE revisions of a task definition
	// family, newest first, at most n.
	ActiveRevisions(ctx context.Context, target, family string, n int) ([]string, error)
	// Revision reads one task definition revision, by ARN or family:revision.
	Revision(ctx context.Context, target, name string) (Live, error)
	// Tasks are the service's tasks: what runs, and what has stopped lately.
	Tasks(ctx context.Context, service Live) ([]ServiceTask, error)
	// Events are the service's events, newest first.
	Events(ctx context.Context, service Live) ([]ServiceEvent, error)
	// Targets is how the targets of the service's target groups stand.
	Targets(ctx context.Context, service Live) ([]GroupHealth, error)
}

// Deployment is one ECS service deployment.
type Deployment struct {
	ARN        string
	Status     DeploymentStatus
	Reason     string // ECS' own words
	CreatedAt  string // RFC 3339
	FinishedAt string
	// Superseded: stopped because a newer deployment replaced it.
	Superseded bool
	// First: nothing ran before it, so that ECS has nothing to go back to.
	First bool
	// TargetRevision is the service revision ARN that it carries;
	// TaskDefinition that revision's task definition ARN.
	TargetRevision string
	TaskDefinition string
	// Content is what it deployed, in the form of the create inputs, so that
	// it can be compared with a desired unit: keys KindService and
	// KindTaskDefinition. Filled by History for failed deployments.
	Content map[string]Live
	// Failed counts failed tasks against the circuit breaker's threshold.
	Failed, Threshold           int32
	Requested, Running, Pending int32
	// Strategy is ROLLING, BLUE_GREEN, LINEAR or CANARY. LifecycleStage is AWS'
	// word for where the deployment is, and Traffic the percentage of production
	// requests that the new tasks get; a rolling deployment knows none.
	Strategy       string
	LifecycleStage string
	Traffic        float64
	// Hooks are the lifecycle hooks that it waits for, FailedHooks those that ended it.
	Hooks, FailedHooks []DeploymentHook

	BakeMinutes int32
	UpdatedAt   string // RFC 3339: when ECS last took it a step further
	// Target is what it brings, Sources what it replaces.
	Target  Share
	Sources []Share
	// Alarms are the names that it watches, Alarming those that went off.
	Alarms, Alarming []string
}

// Waiting is the pause hook in which the deployment waits for a person, nil for none.
func (d *Deployment) Waiting() *DeploymentHook {
	if d == nil || d.Status != DeploymentRunning {
		return nil
	}
	for i := range d.Hooks {
		if d.Hooks[i].Function == "" {
			return &d.Hooks[i]
		}
	}
	return nil
}

// DeploymentHook is a lifecycle hook that a deployment waits for.
type DeploymentHook struct {
	ID string
	// Function is the ARN of the function that is asked; "" where a person is (PAUSE).
	Function string
	Until    string // RFC 3339; then ECS does what Then says
	Then     string // CONTINUE or ROLLBACK
	// Late: it failed because nobody answered in time.
	Late bool
}

// Shifts reports whether the deployment has a second set of tasks that it shifts
// the traffic to.
func (d *Deployment) Shifts() bool { return d.Strategy != "" && d.Strategy != "ROLLING" }

// DeploymentStatus is our reading of an ECS service deployment's status.
type DeploymentStatus string

// The states of a deployment. ECS has no FAILED: a STOPPED deployment that
// nothing superseded has failed with nothing to roll back to.
const (
	DeploymentRunning     DeploymentStatus = "Running"
	DeploymentRollingBack DeploymentStatus = "RollingBack"
	DeploymentSucceeded   DeploymentStatus = "Succeeded"
	DeploymentRolledBack  DeploymentStatus = "RolledBack"
	DeploymentFailed      DeploymentStatus = "Failed"
	DeploymentSuperseded  DeploymentStatus = "Superseded"
)

// Bad reports whether the content that the deployment carried did not survive it.
func (s DeploymentStatus) Bad() bool {
	return s == DeploymentFailed || s == DeploymentRolledBack || s == DeploymentRollingBack
}

// Ended reports whether ECS is done with it.
func (s DeploymentStatus) Ended() bool {
	return s != DeploymentRunning && s != DeploymentRollingBack
}
