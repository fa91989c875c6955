package reconcile

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// historyLength is how many of a service's newest deployments are read before
// another one is started.
const historyLength = 10

// endedDeployments remembers deployments that ECS is done with: they never
// change again, so an idle service costs no call.
type endedDeployments struct {
	mu       sync.Mutex
	byUnit   map[resource.UnitKey]endedDeployment
	watching map[resource.UnitKey]string   // ARN of a deployment seen under way
	left     map[resource.UnitKey][]string // ARNs of those that a newer one of ours took the place of
	lost     resource.Lost                 // that ECS did not find although the service is in it
}

type endedDeployment struct {
	state string // of the service, as far as it tells one deployment from another
	d     *resource.Deployment
}

func newEndedDeployments() *endedDeployments {
	return &endedDeployments{byUnit: map[resource.UnitKey]endedDeployment{}, watching: map[resource.UnitKey]string{}, left: map[resource.UnitKey][]string{}}
}

// current returns the deployment that the service is in or ended with, and nil
// where nothing is to be learned from it: the service is settled, and nobody
// here is waiting for an outcome.
func (e *Engine) current(ctx context.Context, u *resource.Unit, service resource.Live) (*resource.Deployment, error) {
	s := service.Service
	if service.Presence != resource.Present || s == nil || e.o.Rollouts == nil {
		return nil, nil
	}
	state := strings.Join([]string{s.ARN, s.CurrentDeployment, s.PrimaryID, s.PrimaryState, fmt.Sprint(s.Deployments)}, " ")
	e.ended.mu.Lock()
	have, watched := e.ended.byUnit[u.Key], e.ended.watching[u.Key]
	e.ended.mu.Unlock()
	if have.state == state && watched == "" {
		return have.d, nil
	}
	q, tagged := plan.ParseQuarantine(service.Tags[resource.TagQuarantine])
	held := tagged && !q.Lifted && u.Carries(q.Hash)
	if watched == "" && !held && settled(s) {
		return nil, nil
	}
	d, err := e.o.Rollouts.Current(ctx, service)
	underWay := s.CurrentDeployment != "" && (watched == s.CurrentDeployment || s.PrimaryState == "IN_PROGRESS" || s.Deployments > 1)
	if err == nil && d == nil && underWay && e.ended.lost.For(s.CurrentDeployment) < e.o.AbsenceGrace {
		err = resource.Errorf(resource.ClassTransient, "ecs:DescribeServiceDeployments", "ECS does not find %s, which the service is in", s.CurrentDeployment)
	}
	if err != nil {
		return nil, err
	}
	if watched != "" && (d == nil || d.ARN != watched) {
		e.outcome(ctx, u, service, watched)
	}
	e.leftBehind(ctx, u, service)
	e.ended.mu.Lock()
	defer e.ended.mu.Unlock()
	if d != nil {
		e.ended.lost.Found(d.ARN)
	}
	switch {
	case d != nil && !d.Status.Ended():
		e.ended.watching[u.Key] = d.ARN
	case d != nil && d.ARN == watched:
		delete(e.ended.watching, u.Key)
		e.m.Rollout(d.Status)
	default:
		delete(e.ended.watching, u.Key)
	}
	switch {
	case !held && settled(s) && (d == nil || d.Status == resource.DeploymentSucceeded):
		delete(e.ended.byUnit, u.Key) // nothing is to be learned from it any more, as above
	case d == nil || d.Status.Ended():
		e.ended.byUnit[u.Key] = endedDeployment{state, d}
	}
	return d, nil
}

// settled: the service is in one deployment, of which ECS says that it has completed.
func settled(s *resource.ServiceState) bool {
	return s.PrimaryState == "COMPLETED" && s.Deployments == 1
}

// outcome counts what became of a deployment that is not the current one any more.
func (e *Engine) outcome(ctx context.Context, u *resource.Unit, service resource.Live, arn string) {
	history, err := e.history(ctx, service)
	if err != nil {
		return
	}
	for _, d := range history {
		if d.ARN == arn && d.Status.Ended() {
			e.m.Rollout(d.Status)
		}
	}
}

// leftBehind counts what became of deployments that a newer one took the place of.
func (e *Engine) leftBehind(ctx context.Context, u *resource.Unit, service resource.Live) {
	e.ended.mu.Lock()
	left := e.ended.left[u.Key]
	e.ended.mu.Unlock()
	if len(left) == 0 {
		return
	}
	history, err := e.history(ctx, service)
	if err != nil {
		return
	}
	var still []string
	for _, d := range history { // what the history does not have is told by nobody any more
		switch {
		case !slices.Contains(left, d.ARN):
		case d.Status.Ended():
			e.m.Rollout(d.Status)
		default:
			still = append(still, d.ARN)
		}
	}
	e.ended.mu.Lock()
	defer e.ended.mu.Unlock()
	e.ended.left[u.Key] = still
}

// watch makes sure that the outcome of a deployment that was just started is
// asked for, however fast it ends.
func (e *Engine) watch(key resource.UnitKey, service resource.Live) {
	if service.Service == nil || service.Service.CurrentDeployment == "" {
		return
	}
	e.ended.mu.Lock()
	defer e.ended.mu.Unlock()
	arn := service.Service.CurrentDeployment
	if old := e.ended.watching[key]; old != "" && old != arn && !slices.Contains(e.ended.left[key], old) {
		e.ended.left[key] = append(e.ended.left[key], old) // what became of it is still to be told
	}
	e.ended.watching[key] = arn
}

func (d *endedDeployments) forget(key resource.UnitKey) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.byUnit, key)
	delete(d.watching, key)
	delete(d.left, key)
}

func (e *Engine) history(ctx context.Context, service resource.Live) ([]resource.Deployment, error) {
	if e.o.Rollouts == nil || service.Presence != resource.Present {
		return nil, nil
	}
	h, err := e.o.Rollouts.History(ctx, service, historyLength)
	if h == nil {
		h = []resource.Deployment{} // asked, and there are none
	}
	return h, err
}

// failed reports whether the deployment that the service is in did not survive
// and no tag remembers it.
func (v *view) failed() bool {
	return v.rollout != nil && v.rollout.Status.Bad() && !v.remembered()
}

func (v *view) remembered() bool {
	q, tagged := plan.ParseQuarantine(v.service().Tags[resource.TagQuarantine])
	return tagged && q.Deployment == plan.DeploymentID(v.rollout.ARN)
}

// unremembered is the quarantine that is due when the rollout was read after ECS
// ended it badly, and the service before: in the plan's eyes nothing differs
// yet. Nothing is written where a mode or a suspension forbids it.
func (v *view) unremembered() *plan.Quarantine {
	service := v.service()
	if !v.failed() || !v.unit.Carries(service.Tags[resource.TagSpecHash]) {
		return nil
	}
	if _, suspended := plan.ParseSuspension(service.Tags[resource.TagSuspend], now()); suspended ||
		v.unit.Policy.Mode == "observe" || v.unit.Policy.Mode == "manual" {
		return nil
	}
	if !carries(service, v.rollout) {
		return nil
	}
	return &plan.Quarantine{Hash: v.unit.ContentHash, TaskDefinition: plan.RevisionName(v.rollout.TaskDefinition),
		Deployment: plan.DeploymentID(v.rollout.ARN), Cause: string(badReason(v.rollout.Status))}
}

// carries reports whether the service, as it was read, still had what the
// deployment brought.
func carries(service resource.Live, d *resource.Deployment) bool {
	return service.Service != nil && d != nil && d.TargetRevision != "" && service.Service.Revision == d.TargetRevision
}

// remember writes the quarantine that a plan asks for, before anything acts on
// it, and only to a service that is ours.
func (e *Engine) remember(ctx context.Context, v *view) error {
	service := v.service()
	if service.Tags[resource.TagOwner] != e.currentFrame().Owner {
		return nil
	}
	tags := map[string]string{resource.TagQuarantine: v.plan.Quarantine.Tag()}
	if v.unsigned() {
		tags[resource.TagSpecHash] = v.unit.ContentHash
		if v.plan.Revision != "" {
			tags[resource.TagRevision] = v.plan.Revision
		}
	}
	call, done := finishing(e.from(ctx, v.unit, "quarantine"))
	defer done()
	if err := e.o.Rollouts.Tag(call, v.unit.Key.Target, service.ARN, tags, nil); err != nil {
		return err
	}
	service.Tags = maps.Clone(service.Tags)
	maps.Copy(service.Tags, tags)
	v.live = maps.Clone(v.live)
	v.live[serviceID(v.unit)] = service
	e.tell(Event{Unit: v.unit.Key, Kind: EventStep, Reason: status.Quarantined,
		Message: fmt.Sprintf("quarantined %s: its deployment %s (%s)", v.plan.Quarantine.TaskDefinition, pastTense(v.plan.Quarantine.Cause), v.plan.Quarantine.Deployment)})
	return nil
}

// unsigned reports whether the last deployment of the service, which failed, brought
// this content, while the service's tags do not say that it was written: who began it
// died between the update and its tags, and ECS took the content back before the next
// start.
func (v *view) unsigned() bool {
	q := v.plan.Quarantine
	newest := q.Newest || v.rollout != nil && v.rollout.Status.Bad() && q.Deployment == plan.DeploymentID(v.rollout.ARN)
	return newest && !v.unit.Carries(v.service().Tags[resource.TagSpecHash])
}

// carry keeps the quarantine of a service that is being made anew.
func (e *Engine) carry(id resource.ID, quarantine string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if quarantine == "" {
		delete(e.tags, id)
		return
	}
	e.tags[id] = quarantine
}

func (e *Engine) carried(id resource.ID) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.tags[id]
}

func pastTense(cause string) string {
	switch status.Reason(cause) {
	case status.RolledBack, status.RollingBack:
		return "was rolled back by ECS"
	case status.HookFailed:
		return "was followed by a hook that failed"
	}
	return "failed"
}

// badReason is the reason for a deployment that did not survive.
func badReason(s resource.DeploymentStatus) status.Reason {
	switch s {
	case resource.DeploymentRolledBack:
		return status.RolledBack
	case resource.DeploymentRollingBack:
		return status.RollingBack
	}
	return status.RolloutFailed
}
