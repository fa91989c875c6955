package plan

import (
	"fmt"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// What steps wait for that stand around a hook.
const (
	afterDeployed = "the deployment has succeeded"
	afterHook     = "hook %s has succeeded"
)

// afterAHook reports whether a step waits for a hook before the deployment.
func afterAHook(after string) bool { return strings.HasPrefix(after, "hook ") }

// gateHooks puts the unit's hooks around what starts a deployment: those before
// it run first, one after the other, and hold it; those after it run when it has
// succeeded. Each runs once for a content; its outcome is a tag of the revision.
func (m *maker) gateHooks(d *draft) {
	if len(m.in.Unit.Hooks) == 0 || m.in.Gone != nil || d.foreign {
		return
	}
	td := m.drafts[d.ID.Of(resource.KindTaskDefinition, "")]
	if td == nil || td.live.Presence == resource.Unknown || d.live.Presence == resource.Unknown {
		return
	}
	deploysNow := d.writes() && (d.Action == ActionCreate || deploys(d.Changes))
	switch held := d.heldReason != "" && deploys(d.held) || d.Blocked != "" && (d.Action == ActionCreate || deploys(d.Changes)); {
	case d.Action == ActionAdopt || d.moving:
	case deploysNow:
		m.hooksBefore(d, td)
	case held:
		m.hooksShown(d, td)
	case d.live.Presence == resource.Present:
		m.hooksAfter(d, td)
	}
}

// hookState is how a hook stands for the content on its way; due says whether
// it is to run for that content at all.
func (m *maker) hookState(d, td *draft, h resource.Hook) (state HookState, due bool) {
	if td.Action != ActionNone { // the revision is registered with the content's hooks pending
		return HookState{Hash: m.in.Unit.ContentHash, Phase: HookPending}, true
	}
	state, known := HookOf(m.in.Unit, td.live, h.Name)
	if known {
		return state, true
	}
	// The content was live before the hook was written: it runs with the next one.
	if d.live.Presence == resource.Present && m.in.Unit.Carries(d.live.Tags[resource.TagSpecHash]) {
		return HookState{}, false
	}
	return HookState{Hash: m.in.Unit.ContentHash, Phase: HookPending}, true
}

// hooksBefore holds a deployment until its hooks have succeeded.
func (m *maker) hooksBefore(d, td *draft) {
	var waits string
	var reason status.Reason
	var why string
	for _, h := range m.in.Unit.Hooks {
		state, due := m.hookState(d, td, h)
		switch {
		case !due || state.Phase == HookSucceeded:
			continue
		case h.Stage == spec.PostDeploy && state.Phase != HookFailed:
			continue
		case state.Phase == HookFailed: // also of a content that is taken up again later
			if reason == "" || reason == status.Waiting {
				reason, why = status.HookFailed, m.hookFailure(td, h, state)
			}
		}
		s := m.hookDraft(td, h, state)
		if waits != "" {
			s.After = fmt.Sprintf(afterHook, waits)
			s.block(status.Waiting, "after "+s.After)
		}
		m.before = append(m.before, s)
		waits = h.Name
		if reason == "" {
			reason, why = status.Waiting, ""
		}
	}
	if reason == "" {
		m.hooksToCome(d, td)
		return
	}
	after := ""
	if reason == status.Waiting {
		m.hooking = true
		after = fmt.Sprintf(afterHook, waits)
		why = "after " + after
	}
	if d.Action == ActionCreate {
		d.block(reason, why)
		d.After = after
	} else {
		m.holdDeployment(d, reason, why)
		d.heldAfter = after
	}
	m.hooksToCome(d, td)
}

// hooksToCome shows the hooks that run after the deployment that is about to start.
func (m *maker) hooksToCome(d, td *draft) {
	for _, h := range m.in.Unit.Hooks {
		state, due := m.hookState(d, td, h)
		if h.Stage != spec.PostDeploy || !due || state.Phase == HookSucceeded || state.Phase == HookFailed {
			continue
		}
		s := m.hookDraft(td, h, state)
		s.Blocked, s.Why, s.After = status.Waiting, "after "+afterDeployed, afterDeployed
		m.behind = append(m.behind, s)
	}
}

// hooksShown shows the hooks of a deployment that is held back.
func (m *maker) hooksShown(d, td *draft) {
	reason, why := d.heldReason, d.heldWhy
	if reason == "" {
		reason, why = d.Blocked, d.Why
	}
	aside := reason == status.Quarantined || reason == status.OnHold // there is nothing that they would run for
	for _, h := range m.in.Unit.Hooks {
		state, due := m.hookState(d, td, h)
		if !due || state.Phase == HookSucceeded || aside && state.Phase != HookFailed {
			continue
		}
		s := m.hookDraft(td, h, state)
		if state.Phase != HookFailed {
			s.Blocked, s.Why = reason, why
		}
		if h.Stage == spec.PreDeploy {
			m.before = append(m.before, s)
		} else {
			m.behind = append(m.behind, s)
		}
	}
}

// hooksAfter runs what comes after a deployment that has succeeded, and takes the
// service back when that fails.
func (m *maker) hooksAfter(d, td *draft) {
	if td.Action != ActionNone || td.live.ARN == "" || d.live.Service == nil || d.live.Service.TaskDefinition != td.live.ARN {
		return
	}
	written := m.in.Unit.Carries(d.live.Tags[resource.TagSpecHash]) // else the tags of the last update are still to come
	unitReason, unitWhy := m.unitReason()
	if unitReason == status.ManualMode {
		unitReason = "" // the hooks belong to the rollout that a person has approved
	}
	waits := ""
	for _, h := range m.in.Unit.Hooks {
		state, known := HookOf(m.in.Unit, td.live, h.Name)
		if h.Stage != spec.PostDeploy || !known || state.Phase == HookSucceeded {
			continue
		}
		if state.Phase == HookFailed && written {
			m.takeBack(d, td, h, state)
			return
		}
		s := m.hookDraft(td, h, state)
		switch stood := m.stood(d.live) && d.live.Service.Deployments <= 1; {
		case unitReason != "":
			s.Blocked, s.Why = unitReason, unitWhy
		case !stood && m.stands(d):
			continue // the deployment failed, and nothing comes after it
		case !stood || !written:
			s.Blocked, s.Why, s.After = status.Waiting, "after "+afterDeployed, afterDeployed
		case waits != "":
			s.After = fmt.Sprintf(afterHook, waits)
			s.block(status.Waiting, "after "+s.After)
		}
		waits = h.Name
		m.behind = append(m.behind, s)
	}
}

// hookDraft is the step that runs a hook's task, or that says how it is.
func (m *maker) hookDraft(td *draft, h resource.Hook, state HookState) *draft {
	id := td.ID.Of(resource.KindHook, h.Name)
	s := &draft{object: &resource.Object{ID: id, Want: h.Overrides, Section: h.Section(), Pos: h.Pos}}
	s.Step = Step{ID: id, Action: ActionRun, Want: h.Overrides, Effect: diff.None, Section: h.Section(), Needs: []resource.ID{td.ID}}
	switch state.Phase {
	case HookStarted:
		s.Blocked, s.Why = status.Waiting, fmt.Sprintf("hook %s runs since %s (task %s, timeout %s)", h.Name, state.At, state.Task, h.Timeout)
	case HookFailed:
		s.Blocked, s.Why = status.HookFailed, m.hookFailure(td, h, state)
	default:
		if td.Blocked != "" && td.Action != ActionNone {
			s.Blocked, s.Why = status.DependencyMissing, fmt.Sprintf("it waits for %s: %s", td.ID.Local(), td.Why)
		}
	}
	return s
}

// hookFailure is the sentence for a hook that failed, with where to look and the way out.
func (m *maker) hookFailure(td *draft, h resource.Hook, state HookState) string {
	s := fmt.Sprintf("hook %s failed: %s", h.Name, state.Failure())
	if k, ok := td.kind.(resource.Logged); ok && state.Task != "" {
		if logs := k.Logs(&td.live, h.Overrides, state.Task); logs != "" {
			s += "; " + logs
		}
	}
	return s + fmt.Sprintf("; change the document, or `ecs-operator retry %s` once the cause is gone", m.in.Unit.Key.Name)
}

// takeBack plans the way back after a hook has failed behind a deployment: first
// the quarantine, then the content that was before, as a deployment of its own.
func (m *maker) takeBack(d, td *draft, h resource.Hook, state HookState) {
	step := m.hookDraft(td, h, state)
	m.behind = append(m.behind, step)
	tag, tagged := ParseQuarantine(d.live.Tags[resource.TagQuarantine])
	if !tagged || tag.Lifted || !m.in.Unit.Carries(tag.Hash) {
		if reason, _ := m.unitReason(); reason == "" || reason == status.ManualMode {
			m.plan.Quarantine = &Quarantine{Hash: m.in.Unit.ContentHash, TaskDefinition: RevisionName(td.live.ARN),
				Deployment: DeploymentID(orElse(d.live.Service.CurrentDeployment, d.live.Service.PrimaryID)), Cause: string(status.HookFailed)}
		}
		return
	}
	if !d.writes() && d.Blocked != "" {
		return
	}
	if d.live.Service.PrimaryState == "IN_PROGRESS" {
		return // an end comes first, whichever
	}
	if m.in.Previous == nil {
		m.plan.needsPrevious = true
		return
	}
	w, ok := m.back(d).Newest()
	if !ok {
		step.Why += "; ECS knows no earlier deployment that succeeded, so that there is nothing to go back to"
		return
	}
	m.take(d, w, w.Changes, fmt.Sprintf("hook %s failed: back to %s", h.Name, RevisionName(w.TaskDefinition)))
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// everyPath is what an author would have written to get a value.
func everyPath(v any) *shape.Places {
	out := &shape.Places{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		if path != "" {
			out.Set(path, "-")
		}
		switch x := v.(type) {
		case map[string]any:
			for k, m := range x {
				walk(strings.TrimPrefix(path+"."+k, "."), m)
			}
		case []any:
			for i, m := range x {
				walk(shape.At(path, i), m)
			}
		}
	}
	walk("", shape.Plain(v, nil))
	return out
}

// withHooks gives the drafts in their order, the hooks among them.
func (m *maker) withHooks() []*draft {
	out := make([]*draft, 0, len(m.order)+len(m.before)+len(m.behind))
	for _, d := range m.order {
		if d == m.service {
			out = append(out, m.before...)
		}
		out = append(out, d)
	}
	return append(out, m.behind...)
}
