package reconcile

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/source"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// Options of an Engine.
type Options struct {
	Frame    resource.Frame // Source is filled from the snapshot
	Kinds    []resource.Kind
	Rollouts resource.Rollouts
	Sections []spec.Section
	Source   source.Source
	Parse    spec.Options
	// Targets are the names that documents may give as their target, nil for any.
	Targets []string
	// Place tells the account and region of a target as far as that is known
	// without asking: units of one place share their AWS names. Nil: each
	// target is a place of its own.
	Place func(target string) string
	// Where asks who and where the caller of a target is; nil where no document
	// is checked for it.
	Where func(ctx context.Context, target string) (account, region string, err error)
	// Self is the ARN of the ECS service whose task this process is, "" for none: it
	// is updated after all others, and never deleted. What is found out later, KnowSelf tells.
	Self string
	// Cover lists in every plan who governs which field.
	Cover bool
	// Lint checks a unit for what AWS would refuse or nobody can mean; nil for nothing.
	Lint func(*resource.Unit) []spec.Problem

	// Verify checks what a rollout of the unit takes for granted, right before one is
	// started; nil where nobody checks.
	Verify func(ctx context.Context, u *resource.Unit) []resource.Finding

	// Prune deletes services whose document is gone and that do not say what then
	// becomes of them; MaxDeletes is how many without an approval, zero for the
	// default. Both concern runs with a scope only.
	Prune      bool
	MaxDeletes MaxDeletes

	// MaxRollouts is how many services may be in a deployment at once before
	// another one is started; 0 for any number.
	MaxRollouts int

	Workers      int           // units reconciled at once; default 4
	Resync       time.Duration // full pass; default 60 s, with jitter
	AbsenceGrace time.Duration // default 60 s
	Poll         time.Duration // how often a running rollout is looked at; default 5 s
	// Random is a number from 0 to below n, for what is spread over time; nil for the
	// runtime's. The same numbers make the same run.
	Random  func(n time.Duration) time.Duration
	Log     *zap.Logger
	Metrics Metrics
	// OnEvent is told of everything that a person would want to see, in order; nil for none.
	OnEvent func(Event)
}

// Event is one line of the story: a unit changed its state, a step was done.
type Event struct {
	Time    time.Time
	Unit    resource.UnitKey
	Kind    EventKind
	Message string // one plain sentence
	Reason  status.Reason
	Step    *plan.Step      // for steps
	Status  *status.Service // for state changes
}

// EventKind sorts events for renderers.
type EventKind string

// Kinds of events.
const (
	EventStep    EventKind = "step"    // a write was made
	EventState   EventKind = "state"   // the state, reason or why of a unit changed
	EventDrift   EventKind = "drift"   // somebody changed something behind our back
	EventProblem EventKind = "problem" // a file or document is bad, or was mended
	EventPass    EventKind = "pass"    // a full pass ended
)

// Loaded is what the source says, as units.
type Loaded struct {
	Revision string
	// Ref and Signer are the source's: see source.Snapshot.
	Ref, Signer string
	Complete    bool
	Units       []*resource.Unit // sorted by key; without the frozen ones
	// Frozen are services that stand in bad or colliding documents: the last
	// good document stays in force in the daemon, and nothing is written by a
	// one-shot command.
	Frozen   map[string]spec.Problem // by spec.Document.ID: cluster/name, with the target in front unless it is the default one
	Problems []spec.Problem
	Skipped  []spec.Problem

	reasons map[string]status.Reason // of the frozen, where it is not InvalidSpec
}

// ApplyOptions of one Apply.
type ApplyOptions struct {
	// Wait follows rollouts until every unit is Ready or finally not.
	Wait bool
	// Timeout bounds the wait; 0 means 30 minutes.
	Timeout time.Duration
	// Saved are plans that were made before and that alone may be carried out:
	// a unit whose plan would be another now is refused (ChangedSincePlanned), and
	// one without a saved plan is only looked at. nil: whatever is planned now.
	Saved map[resource.UnitKey]plan.Seal
}

// Outcome is what became of one unit in one pass.
type Outcome struct {
	// Plan is what was planned; a step that could not be done is blocked with its reason.
	Plan   plan.Plan
	Status status.Service
	Writes int // calls that changed something
	Err    error
	// Left are steps of the plan that are still to be done: unblocked ones of an
	// Inspect, none after an Apply that did them.
	Left int
	// TimedOut: the wait ended before the rollout did. The rollout goes on.
	TimedOut bool

	live    resource.Live        // the ECS service as the pass saw it
	rollout *resource.Deployment // that it is in or ended with; nil: settled, or not read
}

// Metrics is told what the machine does; pkg/metrics implements it, NoMetrics ignores it.
type Metrics interface {
	Reconciled(unit resource.UnitKey, reason status.Reason, took time.Duration)
	Drift(unit resource.UnitKey, kind string)
	Blocked(counts map[status.Reason]int)
	Rollout(outcome resource.DeploymentStatus)
	IdleWrites(n int) // writes in a pass over an unchanged world
	Services(counts map[status.State]int)
	QueueDepth(n int)
	// Passed is told of one full pass over all units, by the daemon.
	Passed(took time.Duration)
	SourceLoaded(revision string, files, problems int)
	SourceUnread()
	Panic()
	Rotation(target, what string, period time.Duration) // how often what takes turns is read
}
