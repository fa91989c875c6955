package reconcile

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// hookLag is how long DescribeTasks may not know a task that RunTask has just
// started: "up to about five minutes" (RunTask, eventual consistency), doubled.
const hookLag = 10 * time.Minute

// timeoutWords begin the reason with which a task that took too long is stopped:
// whoever finds it stopped reads there that it was us.
const timeoutWords = "ecs-operator: the hook's timeout of "

func taskDefinitionID(u *resource.Unit) resource.ID {
	return serviceID(u).Of(resource.KindTaskDefinition, "")
}

// run is a hook's task as it is asked for.
func hookRun(u *resource.Unit, h *resource.Hook, revision string) resource.Run {
	return resource.Run{Unit: u.Key, TaskDefinition: revision, Overrides: h.Overrides, Name: h.Name}
}

// runHook starts a hook's task: what is intended is written first, and the task's
// id when it is known. Whoever dies in between asks again with the same token and
// gets the same task.
func (x *execution) runHook(ctx context.Context, s *plan.Step) {
	h := x.unit.Hook(s.ID.Name)
	revision, ok := x.freshRevision(ctx, s)
	if h == nil || !ok {
		return
	}
	state, known := plan.HookOf(x.unit, revision, h.Name)
	if !known {
		state = plan.HookState{Hash: x.unit.ContentHash, Phase: plan.HookPending}
	}
	switch state.Phase {
	case plan.HookPending:
		state.Phase, state.At = plan.HookStarting, now()
		if !x.note(ctx, s, &revision, h, state) {
			return
		}
		if _, still := x.freshRevision(ctx, s); !still { // a suspension ends what is between two writes, too
			return
		}
	case plan.HookStarting:
		if at, err := time.Parse(time.RFC3339, state.At); err != nil || time.Since(at) > plan.TokenLife {
			x.lost(ctx, s, &revision, h, state, "it was asked for, the answer was lost, and ECS remembers such a request for a day only")
			return
		}
	default:
		x.block(s, status.Waiting, fmt.Sprintf("hook %s is %s", h.Name, state.Phase))
		return
	}
	x.startTask(ctx, s, h, &revision, state)
}

// startTask makes the call and notes what came of it.
func (x *execution) startTask(ctx context.Context, s *plan.Step, h *resource.Hook, revision *resource.Live, state plan.HookState) {
	service, _ := resource.Resolve(*x.unit.Object(serviceID(x.unit)), x.attrs) // what a task takes of it holds no references
	r := hookRun(x.unit, h, revision.ARN)
	r.Service, r.Token = service.Want, state.Token(x.unit, revision.ARN, h.Name)
	call, done := finishing(ctx)
	defer done()
	t, err := x.e.o.Rollouts.Run(call, r)
	switch {
	case errors.Is(err, resource.ErrTaskSpent):
		x.lost(ctx, s, revision, h, state, err.Error())
		return
	case resource.ClassOf(err) == resource.ClassInvalid:
		state.Phase, state.Why = plan.HookFailed, err.Error()
		if x.note(ctx, s, revision, h, state) {
			x.block(s, status.HookFailed, fmt.Sprintf("hook %s could not be started: %v", h.Name, err))
		}
		return
	case err != nil:
		x.refused(s, err)
		return
	}
	x.writes++
	state.Phase, state.Task, state.At = plan.HookStarted, taskID(t.ARN), now()
	if x.note(ctx, s, revision, h, state) {
		x.e.tell(Event{Unit: x.unit.Key, Kind: EventStep, Step: s, Message: fmt.Sprintf("started hook %s: task %s", h.Name, state.Task)})
		x.block(s, status.Waiting, fmt.Sprintf("hook %s runs since %s (task %s, timeout %s)", h.Name, state.At, state.Task, h.Timeout))
	}
}

// lost is the end of a hook of which nobody can tell how it ended: it may have run,
// so that it is not run again by itself.
func (x *execution) lost(ctx context.Context, s *plan.Step, revision *resource.Live, h *resource.Hook, state plan.HookState, why string) {
	state.Phase, state.Why = plan.HookFailed, "its outcome is not known: "+why
	if x.note(ctx, s, revision, h, state) {
		x.block(s, status.HookFailed, fmt.Sprintf("hook %s: %s", h.Name, state.Why))
	}
}

// freshRevision reads the revision that a hook is about right before it acts, and
// the service, on which a person may have put a suspension.
func (x *execution) freshRevision(ctx context.Context, s *plan.Step) (resource.Live, bool) {
	id := taskDefinitionID(x.unit)
	made := x.known[id]
	o, _ := resource.Resolve(*x.plan.Object(x.unit, id), x.attrs)
	live, service := x.e.reread(ctx, x.unit, &o, x.known)
	switch {
	case live.Presence == resource.Unknown:
		x.block(s, readReason(live.Err), fmt.Sprintf("%s could not be read again before its hook: %v", id.Local(), live.Err))
	case live.Presence != resource.Present || live.ARN != made.ARN:
		x.block(s, status.ChangedSincePlanned, id.Local()+" is not what it was when the hook was planned")
	case live.Tags[resource.TagOwner] != x.e.currentFrame().Owner:
		x.block(s, status.NotOurs, plan.RevisionName(live.ARN)+" carries no tag of ours, and the outcome of a hook must stand there; register a revision by changing the task definition")
	case service.Presence == resource.Unknown:
		x.block(s, readReason(service.Err), fmt.Sprintf("the ECS service could not be read again before the hook: %v", service.Err))
	case x.unsteady(s, service):
		x.block(s, status.ChangedSincePlanned, "the ECS service changed since it was planned on")
	default:
		return live, true
	}
	return live, false
}

// note writes how a hook stands. Nothing is done on a note that did not arrive.
func (x *execution) note(ctx context.Context, s *plan.Step, revision *resource.Live, h *resource.Hook, state plan.HookState) bool {
	err := x.e.noteHook(ctx, x.unit, revision, h, state)
	if err == nil {
		x.writes++
		x.known[revision.ID] = *revision
		return true
	}
	x.refused(s, err)
	return false
}

// noteHook writes the tag, and takes it into what is known of the revision.
func (e *Engine) noteHook(ctx context.Context, u *resource.Unit, revision *resource.Live, h *resource.Hook, state plan.HookState) error {
	key := plan.HookTag(u, *revision, h.Name)
	call, done := finishing(e.from(ctx, u, "hook outcome"))
	defer done()
	if err := e.o.Rollouts.Tag(call, u.Key.Target, revision.ARN, map[string]string{key: state.Tag()}, nil); err != nil {
		return err
	}
	revision.Tags = maps.Clone(revision.Tags)
	revision.Tags[key] = state.Tag()
	return nil
}

// tendHooks looks after the tasks that run: their outcome is written before
// anything is done upon it. It answers with how many tags it wrote.
func (e *Engine) tendHooks(ctx context.Context, v *view) (writes int, err error) {
	id := taskDefinitionID(v.unit)
	if v.unit.Policy.Mode == "observe" || v.unit.Gone || e.o.Rollouts == nil || v.live[id].Tags[resource.TagOwner] != e.currentFrame().Owner {
		return 0, nil
	}
	for i := range v.unit.Hooks {
		h := &v.unit.Hooks[i]
		state, known := plan.HookOf(v.unit, v.live[id], h.Name)
		if !known || state.Phase != plan.HookStarted {
			continue
		}
		ended, err := e.tend(ctx, v, h, state)
		if err != nil {
			return writes, err
		}
		if ended == nil {
			continue
		}
		revision := v.live[id]
		if err := e.noteHook(ctx, v.unit, &revision, h, *ended); err != nil {
			return writes, err
		}
		writes++
		v.live = maps.Clone(v.live)
		v.live[id] = revision
		e.refresh(ctx, v)
		words := "succeeded"
		if ended.Phase == plan.HookFailed {
			words = "failed: " + ended.Failure()
		}
		e.tell(Event{Unit: v.unit.Key, Kind: EventStep, Message: fmt.Sprintf("hook %s %s", h.Name, words)})
	}
	return writes, nil
}

// refresh reads the revision again after its tags were written: sweeps over many
// services take tags from the last reading.
func (e *Engine) refresh(ctx context.Context, v *view) {
	id := taskDefinitionID(v.unit)
	o, _ := resource.Resolve(*v.unit.Object(id), func(to resource.ID) map[string]string {
		return map[string]string{"arn": v.live[to].ARN, "name": v.live[to].Name}
	})
	e.reread(ctx, v.unit, &o, v.live)
}

// tend asks for one task; the state is nil while it goes on.
func (e *Engine) tend(ctx context.Context, v *view, h *resource.Hook, state plan.HookState) (*plan.HookState, error) {
	r := hookRun(v.unit, h, v.live[taskDefinitionID(v.unit)].ARN)
	t, err := e.o.Rollouts.Task(ctx, r, state.Task)
	if err != nil {
		return nil, nil //nolint:nilerr // not known is not ended: it is asked for again
	}
	began, err := time.Parse(time.RFC3339, state.At)
	age := time.Since(began)
	if err != nil {
		age = h.Timeout + hookLag // nobody can tell: it had its time
	}
	ended := state
	switch {
	case t == nil && age < hookLag:
		return nil, nil
	case t == nil:
		ended.Phase, ended.Why = plan.HookFailed, "its outcome is not known: ECS has forgotten the task, as it does within an hour of its end"
		return &ended, nil
	case !t.Stopped && age <= h.Timeout:
		return nil, nil
	case !t.Stopped:
		call, done := finishing(e.from(ctx, v.unit, "stop hook"))
		defer done()
		if t.Status == "STOPPING" || t.Status == "DEPROVISIONING" || t.Status == "DEACTIVATING" {
			return nil, nil
		}
		return nil, e.o.Rollouts.StopTask(call, r, state.Task, timeoutWords+h.Timeout.String()+" is over")
	case t.Failure == "":
		ended.Phase = plan.HookSucceeded
		return &ended, nil
	}
	ended.Phase, ended.Why = plan.HookFailed, strings.NewReplacer("(container ", "in container ", ")", "").Replace(t.Failure) // no brackets in a tag's alphabet
	if _, late, ok := strings.Cut(t.Failure, timeoutWords); ok {
		ended.Why = "timed out after " + strings.TrimSuffix(late, " is over")
	}
	if t.Exit != nil {
		ended.Exit = fmt.Sprint(*t.Exit)
	}
	return &ended, nil
}

// markHooks notes on the revision, before the service is touched, which hooks come
// after the deployment: a revision that was there before does not say it yet.
func (x *execution) markHooks(ctx context.Context, s *plan.Step, service resource.Live) bool {
	if s.ID.Kind != resource.KindService || s.Settled != nil || s.Action != plan.ActionCreate && !s.Effect.Deploys() ||
		service.Presence == resource.Present && x.unit.Carries(service.Tags[resource.TagSpecHash]) {
		return true
	}
	id := taskDefinitionID(x.unit)
	for i := range x.unit.Hooks {
		h := &x.unit.Hooks[i]
		revision := x.known[id]
		if _, known := plan.HookOf(x.unit, revision, h.Name); known || h.Stage != spec.PostDeploy || revision.Presence != resource.Present {
			continue
		}
		if !x.note(ctx, s, &revision, h, plan.HookState{Hash: x.unit.ContentHash, Phase: plan.HookPending}) {
			return false
		}
	}
	return true
}

// withHooks registers a revision with its hooks pending.
func (x *execution) withHooks(s *plan.Step, w resource.Write) resource.Write {
	if s.ID.Kind != resource.KindTaskDefinition || len(x.unit.Hooks) == 0 {
		return w
	}
	tags := maps.Clone(w.Object.Tags)
	maps.Copy(tags, plan.PendingHooks(x.unit))
	w.Object.Tags = tags
	return w
}

// previous reads what the service's earlier deployments carried.
func (e *Engine) previous(ctx context.Context, service resource.Live) []resource.Deployment {
	if e.o.Rollouts == nil || service.Presence != resource.Present {
		return nil
	}
	history, err := e.o.Rollouts.History(ctx, service, wholeHistory)
	if history == nil {
		history = []resource.Deployment{} // asked, and there are none
	}
	if err != nil || e.o.Rollouts.Fill(ctx, service, history) != nil {
		return nil // asked again by the next pass
	}
	return history
}

// hooksApproved reports whether a rollout that waits for a person has that person's
// word already: its hooks have begun, which they do not without, and nothing else
// would be written.
func (v *view) hooksApproved() bool {
	if v.unit.Policy.Mode != "manual" || v.unit.Gone {
		return false
	}
	begun := false
	for _, h := range v.unit.Hooks {
		state, known := plan.HookOf(v.unit, v.live[taskDefinitionID(v.unit)], h.Name)
		begun = begun || h.Stage == spec.PreDeploy && known && state.Phase != plan.HookPending && state.Phase != plan.HookFailed
	}
	waits := false
	for _, s := range v.plan.Steps {
		if s.Blocked != status.ManualMode {
			continue
		}
		if s.ID.Kind != resource.KindService && s.Action != plan.ActionRun {
			return false
		}
		waits = true
	}
	return begun && waits
}

// retryHooks lets the failed hooks of the unit's content begin anew, and names them.
func (e *Engine) retryHooks(ctx context.Context, u *resource.Unit) ([]string, error) {
	td := u.Object(taskDefinitionID(u))
	if td == nil || len(u.Hooks) == 0 {
		return nil, nil
	}
	revision, _ := e.reread(ctx, u, td, nil)
	if revision.Presence == resource.Unknown {
		return nil, fmt.Errorf("%s: the outcome of its hooks could not be read: %w", u.Key, revision.Err)
	}
	var out []string
	for i := range u.Hooks {
		h := &u.Hooks[i]
		state, known := plan.HookOf(u, revision, h.Name)
		if !known || state.Phase != plan.HookFailed {
			continue
		}
		if err := e.noteHook(ctx, u, &revision, h, state.Retried(now())); err != nil {
			return out, fmt.Errorf("%s: the outcome of hook %s could not be removed: %w", u.Key, h.Name, err)
		}
		out = append(out, h.Name)
	}
	if len(out) > 0 {
		e.reread(ctx, u, td, nil)
	}
	return out, nil
}

func taskID(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// hookFailed is how a service stands whose content is put aside because of a hook.
func (f finding) hookFailed() (status.Reason, string) {
	why := "a hook failed after the deployment"
	for _, s := range f.plan.Steps {
		if s.Action == plan.ActionRun && s.Blocked == status.HookFailed {
			why = s.Why
		}
	}
	s := f.service.Service
	if s == nil {
		return status.HookFailed, why
	}
	if running, progress := f.rolling(); running && s.TaskDefinition != "" {
		return status.RollingBack, fmt.Sprintf("%s; the service goes back to %s: %s", why, plan.RevisionName(s.TaskDefinition), progress)
	}
	if f.touched && !f.heldBack() { // written in this pass, and over before it was looked at
		return status.RollingBack, fmt.Sprintf("%s; the service goes back to %s", why, plan.RevisionName(s.TaskDefinition))
	}
	if f.heldBack() {
		why += fmt.Sprintf("; the service is back at %s", plan.RevisionName(s.TaskDefinition))
	}
	return status.HookFailed, why
}

// heldBack reports whether what the document wants is held because of the quarantine:
// the service has another content.
func (f finding) heldBack() bool {
	for _, s := range f.plan.Steps {
		if s.ID.Kind == resource.KindService && s.Blocked == status.Quarantined && s.Effect.Deploys() {
			return true
		}
	}
	return false
}
