package reconcile

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// Goal is what a wait waits for: one of the words here, or a lifecycle stage.
type Goal string

// The goals.
const (
	// GoalReady: nothing differs from the document, and the deployment that
	// brought it has succeeded with all tasks running.
	GoalReady Goal = "ready"
	// GoalDeployed: the document's content has been deployed successfully; what
	// else differs, around it, does not count.
	GoalDeployed Goal = "deployed"
	// GoalPaused: the deployment of the document's content waits in a pause hook.
	GoalPaused Goal = "paused"
)

// stages are the lifecycle stages of a deployment in their order
// (ServiceDeployment.LifecycleStage).
var stages = []string{"RECONCILE_SERVICE", "PRE_SCALE_UP", "SCALE_UP", "POST_SCALE_UP", "TEST_TRAFFIC_SHIFT",
	"POST_TEST_TRAFFIC_SHIFT", "PRE_PRODUCTION_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT",
	"POST_PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME", "CLEAN_UP"}

// Stages are the lifecycle stages that a wait may name.
func Stages() []string { return slices.Clone(stages) }

// ParseGoal reads a goal: a word, or a stage however it is written.
func ParseGoal(s string) (Goal, error) {
	if g := Goal(strings.ToLower(s)); g == GoalReady || g == GoalDeployed || g == GoalPaused {
		return g, nil
	}
	stage := strings.ToUpper(strings.ReplaceAll(s, "-", "_"))
	if slices.Contains(stages, stage) {
		return Goal(stage), nil
	}
	return "", fmt.Errorf("%q is nothing to wait for: ready, deployed, paused or a stage of a deployment, %s", s, strings.Join(stages, ", "))
}

// Waited is how a wait ended.
type Waited struct {
	Outcome
	Reached bool
	// Code is the exit code that it leads to: 0 exactly when Reached.
	Code int
}

// Await looks at a unit until it has reached a goal, until waiting cannot help
// any more, or until the time is over. It writes nothing: the daemon, or an
// apply, is who brings the goal about. Deployments are judged by the content that
// they carry: that of another commit does not count.
func (e *Engine) Await(ctx context.Context, u *resource.Unit, g Goal, timeout time.Duration) Waited {
	deadline := time.Now().Add(timeout)
	for {
		w := Waited{Outcome: e.glance(ctx, u)}
		if w.Reached = w.reached(u, g); w.Reached {
			return w
		}
		if bare(u) && w.live.Presence == resource.Absent {
			w.Code = status.ExitError
			return w
		}
		if w.Code = w.hopeless(g); w.Code != status.ExitOK || ctx.Err() != nil {
			return w
		}
		left := time.Until(deadline)
		if left <= 0 {
			w.TimedOut, w.Code = true, status.ExitTimeout
			return w
		}
		if !rest(ctx, min(e.o.Poll, left)) {
			w.Code = status.ExitNotDone
			return w
		}
	}
}

// reached reports whether a goal is reached.
func (w Waited) reached(u *resource.Unit, g Goal) bool {
	ended := w.Status.Reason != status.RolloutInProgress && w.under() == nil
	switch g {
	case GoalReady:
		suspended := w.Status.Reason == status.Suspended && w.Plan.Empty() // it keeps nothing back
		full := w.Status.Running >= w.Status.Desired
		return ended && full && (w.Status.State == status.StateReady || suspended)
	case GoalDeployed:
		return ended && w.deployed() && w.Status.Reason.Exit() != status.ExitRolloutFailed
	case GoalPaused:
		return w.deployed() && w.under().Waiting() != nil
	}
	if !w.deployed() || w.Status.Reason.Exit() == status.ExitRolloutFailed {
		return false
	}
	d := w.under()
	return d == nil && ended || d != nil && slices.Index(stages, d.LifecycleStage) >= slices.Index(stages, string(g))
}

// hopeless is the exit code where waiting cannot change how a unit stands, 0 else.
func (w Waited) hopeless(g Goal) int {
	switch r := w.Status.Reason; {
	case r == status.RollingBack: // it is told when that has ended
		return status.ExitOK
	case r == status.AccessDenied, r == status.ClusterMissing:
		return status.ExitNotDone
	case r.Exit() == status.ExitHeld && g != GoalReady && w.under() != nil && w.deployed():
		return status.ExitOK // what is held back is not the deployment that runs
	case r.Exit() == status.ExitNotDone:
		return status.ExitOK
	default:
		if r == status.Synced {
			if g == GoalPaused {
				return status.ExitNotDone // it is over, and paused nowhere any more
			}
			return status.ExitOK
		}
		return r.Exit()
	}
}
