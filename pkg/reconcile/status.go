package reconcile

import (
	"fmt"
	"strings"
	"sync"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// finding is all that a status is made from.
type finding struct {
	unit     *resource.Unit
	plan     plan.Plan // with what execution blocked
	service  resource.Live
	image    string // that the service runs, "" when that is not known
	rollout  *resource.Deployment
	unknown  error // the rollout could not be read
	executed bool  // the plan's unblocked steps were done
	touched  bool  // the service was written in this pass
	now      string
	cause    string // what the tasks, targets and events say of it
}

// judge says how a service stands. It is pure.
func judge(f finding) status.Service {
	s := status.Service{
		Target: f.unit.Key.Target, Cluster: f.unit.Key.Cluster, Name: f.unit.Key.Name,
		Image: f.unit.Image, Revision: f.plan.Revision, ContentHash: f.unit.ContentHash, Source: f.unit.Pos,
	}
	if live := f.service.Service; f.service.Presence == resource.Present && live != nil {
		s.Running, s.Desired, s.Pending = live.Running, live.Desired, live.Pending
		s.Deployment, s.TaskDefinition = live.CurrentDeployment, live.TaskDefinition
	}
	if f.image != "" {
		s.Image = f.image
	}
	if f.rollout != nil {
		s.Deployment = f.rollout.ARN
	}
	shape.Gather(&s.Deployment, &s.TaskDefinition) // not the answer that they are cut from
	s.Reason, s.Why = f.reason()
	s.State = stateOf(s.Reason)
	drifted := f.drifted()
	if s.Reason == status.Reconciling && drifted {
		s.State = status.StateDrifted
	}
	s.Conditions = conditions(s, drifted, f)
	return s
}

func (f finding) suspension() (plan.Suspension, bool) {
	return plan.ParseSuspension(f.service.Tags[resource.TagSuspend], f.now)
}

// reason finds the one that matters most, and its sentence.
func (f finding) reason() (status.Reason, string) {
	if r, why := f.blocked(); r.Exit() == status.ExitError {
		return r, why
	}
	if r, why := f.badRollout(); r != "" {
		return r, why
	}
	r, why := f.blocked()
	aside := r == status.DriftGrace || r == status.Contested // it goes on without that field
	if r == status.DeploymentRunning || r == status.Waiting || r == status.OnHold || r == "" || aside {
		if running, progress := f.rolling(); running {
			switch {
			case aside, r == status.OnHold:
				progress += "; " + why
			case r != "":
				progress += "; changes wait for its end"
			}
			return status.RolloutInProgress, f.because(progress)
		}
	}
	switch {
	case r != "":
		return r, why
	case f.unknown != nil:
		return readReason(f.unknown), fmt.Sprintf("the service's deployment could not be read: %v", f.unknown)
	case f.left() > 0 && f.unit.Gone:
		return status.Reconciling, "no document names it; " + f.differs()
	case f.left() > 0:
		return status.Reconciling, f.differs()
	case f.unit.Gone:
		return f.parting()
	}
	if susp, ok := f.suspension(); ok {
		return status.Suspended, "suspended " + susp.String()
	}
	if s := f.service.Service; s != nil && s.Running < s.Desired {
		why := fmt.Sprintf("%d of %d tasks running", s.Running, s.Desired)
		// A steady state was before whatever took the tasks away.
		if len(s.LastEvents) > 0 && !strings.HasSuffix(s.LastEvents[0], "has reached a steady state.") {
			why += ": " + strings.TrimSuffix(s.LastEvents[0], ".")
		}
		return status.Reconciling, f.because(why)
	}
	if s := f.service.Service; s != nil && s.Running > s.Desired { // as `aws ecs wait services-stable` has it
		return status.Reconciling, fmt.Sprintf("%d tasks run and %d are wanted: the others are ending", s.Running, s.Desired)
	}
	return status.Synced, ""
}

// parting says how it stands with a service that no document names, when nothing
// is left to be done about it now.
func (f finding) parting() (status.Reason, string) {
	why := ""
	for _, s := range f.plan.Steps {
		switch {
		case s.ID.Kind == resource.KindService && s.Action == plan.ActionDelete:
			return status.Draining, "no document names it: it was deleted, and ECS drains its tasks"
		case s.ID.Kind == resource.KindService && s.Action == plan.ActionUpdate:
			return status.Synced, "no document names it: it is left to others, without our tags"
		case s.Action == plan.ActionNone:
			why = orElse(why, s.Why)
		}
	}
	return status.Synced, orElse(why, "no document names it, and nothing of it is left")
}

// blocked is the gravest reason among the steps that are held up, the first
// of those that are equally grave.
func (f finding) blocked() (status.Reason, string) {
	var r status.Reason
	var why string
	for _, s := range f.plan.Steps {
		if s.Blocked == "" || s.Blocked == r {
			continue
		}
		if r == "" || r.Exit() != s.Blocked.Exit() && status.WorstExit(r.Exit(), s.Blocked.Exit()) == s.Blocked.Exit() {
			r, why = s.Blocked, s.Why
			if why == "" {
				why = s.ID.Local() + " is held back"
			}
		}
	}
	return r, why
}

// badRollout speaks when the wanted content did not survive its deployment.
func (f finding) badRollout() (status.Reason, string) {
	words, d := "", resource.DeploymentStatus("")
	if f.rollout != nil {
		d = f.rollout.Status
		words = rolloutWords(f.rollout)
	}
	if d == resource.DeploymentRollingBack {
		return status.RollingBack, f.because("ECS is rolling the deployment back" + words)
	}
	if q, tagged := plan.ParseQuarantine(f.service.Tags[resource.TagQuarantine]); tagged && !q.Lifted && f.unit.Carries(q.Hash) && q.Cause == string(status.HookFailed) {
		return f.hookFailed()
	}
	held := f.plan.Quarantine != nil || f.remembered()
	for _, s := range f.plan.Steps {
		held = held || s.Blocked == status.Quarantined
	}
	taken := d == resource.DeploymentRolledBack && carries(f.service, f.rollout) // after the service was read
	if !held && (d != resource.DeploymentFailed && !taken || f.moves()) {
		return "", ""
	}
	cause := ""
	switch q, tagged := plan.ParseQuarantine(f.service.Tags[resource.TagQuarantine]); {
	case f.plan.Quarantine != nil:
		cause = f.plan.Quarantine.Cause
	case f.rollout != nil && d.Bad():
		cause = string(badReason(d))
	case tagged:
		cause = q.Cause
	}
	retry := fmt.Sprintf("; this content is quarantined until the spec changes or `ecs-operator retry %s`", f.unit.Key.Name)
	switch cause {
	case string(status.RolledBack), string(status.RollingBack):
		return status.RolledBack, f.because("rolled back by ECS"+words) + retry
	case string(status.RolloutFailed):
		text := "the deployment failed"
		if f.rollout != nil && f.rollout.First {
			text = "the first deployment failed, and there is nothing to go back to"
		}
		return status.RolloutFailed, f.because(text+words) + retry
	case string(status.HookFailed):
		return f.hookFailed()
	case plan.CauseForgotten:
		return status.Quarantined, "this content was deployed, and AWS runs another; ECS' history does not say any more why" + retry
	}
	return status.Quarantined, "this content did not survive an earlier deployment" + retry
}

// remembered reports whether the tag puts what is wanted aside for the very
// deployment that was read: ECS may have taken it back after the service was
// read, so that nothing seems to differ.
func (f finding) remembered() bool {
	q, tagged := plan.ParseQuarantine(f.service.Tags[resource.TagQuarantine])
	return tagged && !q.Lifted && f.unit.Carries(q.Hash) &&
		f.rollout != nil && f.rollout.Status.Bad() && q.Deployment == plan.DeploymentID(f.rollout.ARN)
}

// moves reports whether the service is about to leave what failed behind.
func (f finding) moves() bool {
	for _, s := range f.plan.Steps {
		if s.ID.Kind == resource.KindService && s.Effect.Deploys() && s.Action != plan.ActionNone && s.Blocked != status.Quarantined {
			return true
		}
	}
	return false
}

// rolling reports a deployment under way and how far it is.
func (f finding) rolling() (bool, string) {
	if f.rollout != nil {
		if f.rollout.Status.Bad() && f.touched && f.moves() {
			// What was started in this pass is over before it was read: the next
			// pass finds in the history what failed, and quarantines it.
			return true, "the deployment has ended already: what became of it is looked at next"
		}
		if f.rollout.Status != resource.DeploymentRunning {
			return false, ""
		}
		d := f.rollout
		requested := d.Requested
		if requested == 0 && f.service.Service != nil {
			requested = f.service.Service.Desired
		}
		why := fmt.Sprintf("rollout in progress: %d of %d tasks running", d.Running, requested)
		switch {
		case d.Shifts():
			why = "rollout in progress: " + shiftProgress(d, requested)
		case len(d.Hooks) > 0:
			why = "rollout in progress: " + hookProgress(d)
		case requested > 0 && d.Running >= requested:
			why = fmt.Sprintf("rollout in progress: all %d tasks running, ECS waits for health checks and for old tasks to drain", requested)
		}
		if d.Failed > 0 {
			why += fmt.Sprintf(", %d failed", d.Failed)
			if d.Threshold > 0 {
				why += fmt.Sprintf(" (the circuit breaker trips at %d)", d.Threshold)
			}
		}
		return true, f.first(requested, why)
	}
	s := f.service.Service
	if f.executed && f.touched && s != nil && s.PrimaryState == "IN_PROGRESS" {
		return true, fmt.Sprintf("rollout in progress: %d of %d tasks running", s.Running, s.Desired)
	}
	return false, ""
}

// left counts the steps that nobody did and nothing blocks.
func (f finding) left() int {
	n := 0
	for _, s := range f.plan.Steps {
		if s.Writes() && !f.executed {
			n++
		}
	}
	return n
}

func (f finding) differs() string {
	var what []string
	for _, s := range f.plan.Steps {
		if s.Writes() {
			what = append(what, fmt.Sprintf("%s (%s)", s.ID.Local(), s.Action))
		}
	}
	return "to be done: " + strings.Join(what, ", ")
}

// drifted reports whether live differs although the input is that of our last write.
func (f finding) drifted() bool {
	if f.executed || f.service.Presence != resource.Present || !f.unit.Carries(f.service.Tags[resource.TagSpecHash]) {
		return f.executed && f.heldDrift()
	}
	return f.left() > 0 || f.heldDrift()
}

// heldDrift: something differs, and a decision keeps it so.
func (f finding) heldDrift() bool {
	for _, s := range f.plan.Steps {
		if s.Blocked == status.ManualMode || s.Blocked == status.ObserveMode || s.Blocked == status.Suspended {
			return s.Action != plan.ActionNone
		}
	}
	return false
}

// stateOf is the one word for a reason.
func stateOf(r status.Reason) status.State {
	switch r {
	case status.Synced:
		return status.StateReady
	case status.Reconciling, status.RolloutInProgress, status.RollingBack, status.DependencyMissing,
		status.Throttled, status.ChangedSincePlanned, status.DeploymentRunning, status.AbsenceGrace,
		status.Draining, status.Waiting, status.WaveWaiting, status.ConcurrencyLimit, status.SelfLast, status.OutcomeUnknown, status.TimedOut:
		return status.StateProgressing
	case status.Unobserved:
		return status.StateUnknown
	case status.Suspended:
		return status.StateSuspended
	case status.ManualMode, status.ObserveMode, status.FreezeWindow, status.DriftGrace, status.Contested:
		return status.StateDrifted
	}
	return status.StateStalled
}

// conditions spells the state out; every condition is always there. They are shared by
// services that stand alike, and not to be changed.
func conditions(s status.Service, drifted bool, f finding) []status.Condition {
	if _, suspended := f.suspension(); suspended || s.Why != "" {
		return spellOut(s, drifted, f)
	}
	as := standing{s.State, s.Reason, drifted}
	if alike, ok := spelledOut.Load(as); ok {
		return alike.([]status.Condition)
	}
	alike, _ := spelledOut.LoadOrStore(as, spellOut(s, drifted, f))
	return alike.([]status.Condition)
}

// standing is all that the conditions of most services of a fleet say.
type standing struct {
	state   status.State
	reason  status.Reason
	drifted bool
}

var spelledOut sync.Map // standing → []status.Condition

func spellOut(s status.Service, drifted bool, f finding) []status.Condition {
	out := make([]status.Condition, 0, 5)
	for _, t := range []status.State{status.StateReady, status.StateProgressing, status.StateStalled, status.StateDrifted, status.StateSuspended} {
		c := status.Condition{Type: t, Status: s.State == t, Reason: s.Reason, Message: s.Why}
		if t == status.StateDrifted && drifted {
			c.Status = true
		}
		if susp, ok := f.suspension(); t == status.StateSuspended && ok {
			c.Status, c.Reason, c.Message = true, status.Suspended, "suspended "+susp.String()
		}
		out = append(out, c)
	}
	return out
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
