package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// ecsHook is one run of a lifecycle hook.
type ecsHook struct {
	Stage  types.ServiceDeploymentLifecycleStage
	Step   int // of the production traffic
	Index  int // in the deployment's configuration
	Detail types.DeploymentLifecycleHookDetail
	Answer time.Time // when the function answers
}

// How the function behind a Lambda hook behaves is in its name, as the fate of a
// task is in the tag of its image: no function runs here.
const (
	hookAnswers = 2 * time.Second
	hookFails   = "-fail"    // returns {"hookStatus": "FAILED"}
	hookCrashes = "-crash"   // ends with an error, which ECS takes as FAILED
	hookHangs   = "-timeout" // returns {"hookStatus": "IN_PROGRESS"} for ever
)

// hooksPassed runs the hooks of a stage and is true when all are through. A hook
// that failed rolls the deployment back ("FAILED: the deployment rolls back to the
// last successful deployment").
func (w *World) hooksPassed(s *ecsService, d *ecsDeployment, stage types.ServiceDeploymentLifecycleStage, step int) bool {
	if stage != stagePreProduction && stage != stageProduction {
		step = 0
	}
	w.startHooks(s, d, stage, step)
	passed := true
	for _, h := range d.Hooks {
		if h.Stage != stage || h.Step != step {
			continue
		}
		w.settleHook(d, h)
		switch status := h.Detail.Status; {
		case status == types.DeploymentLifecycleHookStatusFailed,
			status == types.DeploymentLifecycleHookStatusTimedOut && h.Detail.TimeoutAction == types.DeploymentLifecycleHookActionRollback:
			// The event is AWS' (containers-roadmap#2664), the reason is ours.
			w.event(s, fmt.Sprintf("(deployment %s) deployment failed: hook execution failure(s) detected.", s.Rollouts[0].id()))
			w.rollBack(s, d, fmt.Sprintf("Service deployment rolled back because a lifecycle hook at the stage %s ended as %s.", stage, status))
			return false
		case status == types.DeploymentLifecycleHookStatusAwaitingAction, status == types.DeploymentLifecycleHookStatusInProgress:
			passed = false
			next := *h.Detail.ExpiresAt
			if !h.Answer.IsZero() && h.Answer.Before(next) {
				next = h.Answer
			}
			w.wake(s, next.Sub(w.Clock))
		}
	}
	return passed
}

// startHooks begins the hooks that the configuration has at a stage, once.
func (w *World) startHooks(s *ecsService, d *ecsDeployment, stage types.ServiceDeploymentLifecycleStage, step int) {
	for i, c := range d.Deployment.DeploymentConfiguration.LifecycleHooks {
		if !slices.Contains(c.LifecycleStages, types.DeploymentLifecycleHookStage(stage)) ||
			slices.ContainsFunc(d.Hooks, func(h *ecsHook) bool { return h.Stage == stage && h.Step == step && h.Index == i }) {
			continue
		}
		c = filledHook(c)
		h := &ecsHook{Stage: stage, Step: step, Index: i, Detail: types.DeploymentLifecycleHookDetail{
			TargetType: c.TargetType, TargetArn: c.HookTargetArn, TimeoutAction: c.TimeoutConfiguration.Action,
			ExpiresAt: aws.Time(w.Clock.Add(time.Duration(aws.ToInt32(c.TimeoutConfiguration.TimeoutInMinutes)) * time.Minute)),
		}}
		if c.TargetType == types.DeploymentLifecycleHookTargetTypePause {
			h.Detail.HookId, h.Detail.Status = aws.String("ecs-pause-"+w.hexID(43)), types.DeploymentLifecycleHookStatusAwaitingAction
		} else {
			h.Detail.HookId, h.Detail.Status = aws.String("ecs-lambda-"+w.hexID(42)), types.DeploymentLifecycleHookStatusInProgress // the front is unverified
			if !strings.HasSuffix(functionName(aws.ToString(c.HookTargetArn)), hookHangs) {
				h.Answer = w.Clock.Add(hookAnswers)
			}
		}
		d.Hooks = append(d.Hooks, h)
		d.Deployment.UpdatedAt = aws.Time(w.Clock)
	}
}

// settleHook takes a hook's answer, or its time limit.
func (w *World) settleHook(d *ecsDeployment, h *ecsHook) {
	v := &h.Detail
	if v.Status != types.DeploymentLifecycleHookStatusAwaitingAction && v.Status != types.DeploymentLifecycleHookStatusInProgress {
		return
	}
	name := functionName(aws.ToString(v.TargetArn))
	switch {
	case !h.Answer.IsZero() && !w.Clock.Before(h.Answer):
		v.Status = types.DeploymentLifecycleHookStatusSucceeded
		if strings.HasSuffix(name, hookFails) || strings.HasSuffix(name, hookCrashes) {
			v.Status = types.DeploymentLifecycleHookStatusFailed
		}
	case !w.Clock.Before(*v.ExpiresAt):
		v.Status = types.DeploymentLifecycleHookStatusTimedOut
	default:
		return
	}
	d.Deployment.UpdatedAt = aws.Time(w.Clock)
}

// functionName is the name in the ARN of a Lambda function, without its version.
func functionName(arn string) string {
	_, name, _ := strings.Cut(arn, ":function:")
	name, _, _ = strings.Cut(name, ":")
	return name
}

// hookDetails are the hooks that ran so far, as they are described.
func (d *ecsDeployment) hookDetails() []types.DeploymentLifecycleHookDetail {
	out := []types.DeploymentLifecycleHookDetail{}
	for _, h := range d.Hooks {
		out = append(out, h.Detail)
	}
	return out
}

// continueServiceDeployment is the button of a pause hook.
func continueServiceDeployment(c *call, in *ecs.ContinueServiceDeploymentInput) (*ecs.ContinueServiceDeploymentOutput, error) {
	_, s, d, err := c.w.serviceDeployment(aws.ToString(in.ServiceDeploymentArn))
	switch {
	case err != nil:
		return nil, err
	case d == nil:
		return nil, refuse("ServiceDeploymentNotFoundException", "Service deployment not found.")
	}
	i := slices.IndexFunc(d.Hooks, func(h *ecsHook) bool {
		return aws.ToString(h.Detail.HookId) == aws.ToString(in.HookId) && h.Detail.Status == types.DeploymentLifecycleHookStatusAwaitingAction
	})
	if i < 0 || d.Deployment.Status != types.ServiceDeploymentStatusInProgress {
		return nil, invalid("The service deployment has no lifecycle hook %s that awaits an action.", aws.ToString(in.HookId)) // our words
	}
	h := d.Hooks[i]
	h.Detail.Status = types.DeploymentLifecycleHookStatusSucceeded
	if in.Action == types.DeploymentLifecycleHookActionRollback {
		h.Detail.Status = types.DeploymentLifecycleHookStatusFailed // which of its states ECS shows then is unverified
	}
	d.Deployment.UpdatedAt = aws.Time(c.Now)
	c.w.wake(s, time.Second)
	return &ecs.ContinueServiceDeploymentOutput{ServiceDeploymentArn: in.ServiceDeploymentArn}, nil
}

// mayReplace runs the hooks of a rolling deployment that stand before it starts
// tasks; meanwhile what runs is kept. Of the stages a rolling deployment has
// RECONCILE_SERVICE, PRE_SCALE_UP and POST_SCALE_UP: hooks at those of the traffic
// never run (pause hooks work for rolling deployments too: What's New, May 2026;
// no page says at which stages).
func (w *World) mayReplace(cl *ecsCluster, s *ecsService) bool {
	r := s.Rollouts[0]
	d := s.deployment(r.Current)
	if d == nil || d.Digits != r.Digits || !r.inProgress() || len(d.Deployment.DeploymentConfiguration.LifecycleHooks) == 0 {
		return true
	}
	passed := d.Deployment.Status != types.ServiceDeploymentStatusPending
	for _, stage := range []types.ServiceDeploymentLifecycleStage{stageReconcile, stagePreScaleUp} {
		if stage == stageReconcile && len(d.Deployment.SourceServiceRevisions) < 2 {
			continue
		}
		if !passed {
			break
		}
		passed = w.hooksPassed(s, d, stage, 0)
		switch {
		case passed:
			d.Deployment.LifecycleStage = stageScaleUp
		case r.inProgress(): // that a rolling deployment shows where its hook stands is unverified
			d.Deployment.LifecycleStage = stage
		}
	}
	if passed || !r.inProgress() {
		return passed
	}
	for _, other := range s.Rollouts[1:] {
		if other.completed() {
			w.keepAt(cl, s, other, s.Service.DesiredCount)
		}
	}
	return false
}

// mayConclude runs those that stand after the new tasks are up.
func (w *World) mayConclude(s *ecsService, r *ecsRollout) bool {
	d := s.deployment(r.Current)
	if d == nil || d.Digits != r.Digits {
		return true
	}
	passed := w.hooksPassed(s, d, stagePostScaleUp, 0)
	if !passed && r.inProgress() {
		d.Deployment.LifecycleStage = stagePostScaleUp
	}
	return passed
}
