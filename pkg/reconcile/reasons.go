package reconcile

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// readReason is why an object that could not be read holds a unit up.
func readReason(err error) status.Reason {
	if clusterMissing(err) {
		return status.ClusterMissing
	}
	switch {
	case errors.Is(err, resource.ErrElsewhere):
		return status.WrongAccount
	case errors.Is(err, errPanic):
		return status.InternalError
	case resource.ClassOf(err) == resource.ClassDenied:
		return status.AccessDenied
	case resource.ClassOf(err) == resource.ClassThrottled:
		return status.Throttled
	}
	return status.Unobserved
}

// writeReason is why a step's write did not succeed, and the sentence for it.
func writeReason(s *plan.Step, err error) (status.Reason, string) {
	what := fmt.Sprintf("%s of %s: %v", s.Action, s.ID.Local(), err)
	if clusterMissing(err) {
		return status.ClusterMissing, fmt.Sprintf("cluster %s does not exist: create it, or correct the cluster's name", s.ID.Cluster)
	}
	switch resource.ClassOf(err) {
	case resource.ClassConflict:
		return status.ChangedSincePlanned, what
	case resource.ClassThrottled:
		return status.Throttled, what + "; it is tried again"
	case resource.ClassDenied:
		return status.AccessDenied, what
	case resource.ClassInvalid:
		return status.RefusedByAWS, what
	case resource.ClassNotFound:
		return status.DependencyMissing, what
	case resource.ClassTransient:
		return status.Reconciling, what + "; it is tried again"
	case resource.ClassUnknownOutcome:
		return status.OutcomeUnknown, what
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return status.Reconciling, what
	}
	return status.InternalError, what
}

// codeOf is AWS' code of an error, "" for none.
func codeOf(err error) string {
	if e, ok := errors.AsType[*resource.Error](err); ok {
		return e.Code
	}
	return ""
}

// clusterMissing tells the one AWS code that deserves a reason of its own.
func clusterMissing(err error) bool {
	return strings.Contains(codeOf(err), "ClusterNotFound")
}

// next is when a unit is looked at again.
type next int

const (
	nextResync  next = iota // nothing to be done before the next full pass
	nextPoll                // something is under way
	nextPatient             // ECS starts or ends tasks by itself, which may last
	nextNow                 // the world moved: plan again at once
	nextBackoff             // a call failed and may succeed later
	nextSlow                // only a person or a new spec helps, mostly
)

// after says when a unit with a reason is looked at again. This is the whole
// table of design section 10.
func after(r status.Reason) next {
	switch r {
	case status.ChangedSincePlanned:
		return nextNow
	case status.Reconciling:
		return nextPatient
	case status.Throttled, status.Unobserved, status.OutcomeUnknown:
		return nextBackoff
	case status.RolloutInProgress, status.RollingBack, status.DependencyMissing,
		status.DeploymentRunning, status.AbsenceGrace, status.Draining, status.Waiting:
		return nextPoll
	case status.AccessDenied, status.ClusterMissing, status.RefusedByAWS, status.InternalError,
		status.InvalidSpec, status.NameConflict, status.DuplicateIdentity, status.WrongAccount, status.SelfUnsafe:
		return nextSlow
	}
	return nextResync
}
