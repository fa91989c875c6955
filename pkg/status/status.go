package status

// Reason is a CamelCase word from this one list. It stands beside a condition,
// a blocked step and a metric.
type Reason string

// The reasons.
const (
	// nothing left to do
	Synced Reason = "Synced"
	// under way
	Reconciling       Reason = "Reconciling"
	RolloutInProgress Reason = "RolloutInProgress"
	RollingBack       Reason = "RollingBack"
	// not done, and may pass by itself
	DependencyMissing   Reason = "DependencyMissing"
	ClusterMissing      Reason = "ClusterMissing"
	AccessDenied        Reason = "AccessDenied"
	Throttled           Reason = "Throttled"
	Unobserved          Reason = "Unobserved" // a read failed: unknown is not absent
	ChangedSincePlanned Reason = "ChangedSincePlanned"
	DeploymentRunning   Reason = "DeploymentRunning"
	AbsenceGrace        Reason = "AbsenceGrace"
	Draining            Reason = "Draining"
	Waiting             Reason = "Waiting"    // for a step's After
	DriftGrace          Reason = "DriftGrace" // an out-of-band increase of the count is held for a while
	OutcomeUnknown      Reason = "OutcomeUnknown"
	WaveWaiting         Reason = "WaveWaiting"      // a service of a lower wave is not done
	WaveFailed          Reason = "WaveFailed"       // a service of a lower wave does not come up
	ConcurrencyLimit    Reason = "ConcurrencyLimit" // as many rollouts run as may run at once
	VerifyFailed        Reason = "VerifyFailed"     // what the rollout needs is missing
	SelfLast            Reason = "SelfLast"         // it runs the operator, which updates itself last
	// held back by a decision
	ManualMode    Reason = "ManualMode"
	ObserveMode   Reason = "ObserveMode"
	Suspended     Reason = "Suspended"
	OnHold        Reason = "OnHold"
	NeedsRecreate Reason = "NeedsRecreate"
	NeedsApproval Reason = "NeedsApproval" // more deletions than a run makes unasked, or a count below what runs
	FreezeWindow  Reason = "FreezeWindow"  // its environment wants no deployment now
	Contested     Reason = "Contested"     // something else keeps writing the same field back
	NotOurs       Reason = "NotOurs"
	OtherScope    Reason = "OtherScope"
	// a rollout that did not survive
	RolloutFailed Reason = "RolloutFailed"
	RolledBack    Reason = "RolledBack"
	Quarantined   Reason = "Quarantined"
	HookFailed    Reason = "HookFailed" // a task before or after the deployment failed
	// errors that only a new spec or a person mends
	InvalidSpec       Reason = "InvalidSpec"
	DuplicateIdentity Reason = "DuplicateIdentity"
	NameConflict      Reason = "NameConflict"
	RefusedByAWS      Reason = "RefusedByAWS"
	WrongAccount      Reason = "WrongAccount"  // the caller is not where the document or target says
	SelfUnsafe        Reason = "SelfUnsafe"    // the operator cannot do this to its own service
	SourceNotUsed     Reason = "SourceNotUsed" // of no service: what the source has cannot be read, or may not be used
	InternalError     Reason = "InternalError"
	TimedOut          Reason = "TimedOut"
)

// Exit codes of apply (and of wait); diff uses 0, 1 and 2 in kubectl's sense.
const (
	ExitOK            = 0
	ExitNotDone       = 1 // for a reason that may pass
	ExitError         = 2
	ExitHeld          = 3 // by a decision
	ExitTimeout       = 4
	ExitRolloutFailed = 5
)

// Exit is the exit code that a reason alone leads to.
func (r Reason) Exit() int {
	switch r {
	case "", Synced:
		return ExitOK
	case ManualMode, ObserveMode, Suspended, OnHold, NeedsRecreate, NeedsApproval, FreezeWindow, Contested, NotOurs, OtherScope:
		return ExitHeld
	case RolloutFailed, RolledBack, Quarantined, RollingBack, HookFailed:
		return ExitRolloutFailed
	case InvalidSpec, DuplicateIdentity, NameConflict, RefusedByAWS, WrongAccount, SelfUnsafe, SourceNotUsed, InternalError:
		return ExitError
	case TimedOut:
		return ExitTimeout
	}
	return ExitNotDone
}

// WorstExit merges exit codes in the documented order 2, 5, 3, 4, 1, 0.
func WorstExit(codes ...int) int {
	for _, c := range []int{ExitError, ExitRolloutFailed, ExitHeld, ExitTimeout, ExitNotDone} {
		for _, have := range codes {
			if have == c {
				return c
			}
		}
	}
	return ExitOK
}

// State is the one word that a table shows for a service, derived from its conditions.
type State string

// States of a service.
const (
	StateReady       State = "Ready"
	StateProgressing State = "Progressing"
	StateStalled     State = "Stalled"
	StateDrifted     State = "Drifted"
	StateSuspended   State = "Suspended"
	StateUnknown     State = "Unknown"
)

// Condition is one of Ready, Progressing, Stalled, Drifted, Suspended.
type Condition struct {
	Type    State  `json:"type"`
	Status  bool   `json:"status"`
	Reason  Reason `json:"reason"`
	Message string `json:"message,omitempty"`
}

// Service is the status of one service after a pass.
type Service struct {
	Target         string      `json:"target"`
	Cluster        string      `json:"cluster"`
	Name           string      `json:"name"`
	Image          string      `json:"image,omitempty"`
	Running        int32       `json:"running"`
	Desired        int32       `json:"desired"`
	Pending        int32       `json:"pending"`
	State          State       `json:"state"`
	Reason         Reason      `json:"reason"`
	Why            string      `json:"why,omitempty"` // one plain sentence
	Conditions     []Condition `json:"conditions"`
	Revision       string      `json:"revision,omitempty"` // source revision last reconciled
	ContentHash    string      `json:"contentHash,omitempty"`
	Deployment     string      `json:"deployment,omitempty"`     // service deployment ARN
	TaskDefinition string      `json:"taskDefinition,omitempty"` // revision ARN that the service runs
	Source         string      `json:"source,omitempty"`         // file:line:column of the document
}
