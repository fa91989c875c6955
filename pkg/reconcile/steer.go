package reconcile

import (
	"context"
	"fmt"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// steerable reads the ECS service of a unit directly, and answers only for one
// of which a person may move the deployments: there, ours, not suspended, and
// not one that is only to be observed.
func (e *Engine) steerable(ctx context.Context, u *resource.Unit) (resource.Live, error) {
	live, err := e.ownService(ctx, u)
	if err != nil {
		return live, err
	}
	if s, suspended := plan.ParseSuspension(live.Tags[resource.TagSuspend], now()); suspended {
		return live, fmt.Errorf("%s: it is suspended %s, and nothing of it is written until then: `ecs-operator resume %s` ends that", u.Key, s, u.Key.Name)
	}
	if u.Policy.Mode == "observe" {
		return live, fmt.Errorf("%s: policy.mode is observe: differences are shown and nothing is written", u.Key)
	}
	if c := live.Service.ForeignController; c != "" {
		return live, fmt.Errorf("%s: its deployments are %s's, not ECS' own", u.Key, c)
	}
	return live, nil
}

// Abort asks ECS to stop the deployment that runs and to roll it back. One that
// is rolling back already, or has, is left alone: false then.
func (e *Engine) Abort(ctx context.Context, u *resource.Unit) (*resource.Deployment, bool, error) {
	live, err := e.steerable(ctx, u)
	if err != nil {
		return nil, false, err
	}
	d, err := e.o.Rollouts.Current(ctx, live)
	switch {
	case err != nil:
		return nil, false, fmt.Errorf("%s: its deployment could not be read: %w", u.Key, err)
	case d != nil && d.Status == resource.DeploymentRolledBack:
		return d, false, nil
	case d == nil || d.Status.Ended():
		return d, false, fmt.Errorf("%s: no deployment is running, so that there is nothing to abort; `ecs-operator rollback %s` leaves what is deployed", u.Key, u.Key.Name)
	case d.Status == resource.DeploymentRollingBack:
		return d, false, nil
	}
	call, done := finishing(e.from(ctx, u, "abort"))
	defer done()
	if err := e.o.Rollouts.Stop(call, u.Key.Target, d.ARN); err != nil {
		return d, false, fmt.Errorf("%s: the deployment could not be stopped: %w", u.Key, err)
	}
	e.ended.forget(u.Key)
	return d, true, nil
}

// Waits are the things of a unit that wait for a person's word.
type Waits struct {
	// Plan is the hash of the plan that waits because policy.mode is manual, or
	// because of what it would do (Reason), "" for none.
	Plan   string
	Reason string
	// Stage is where the deployment waits in a pause hook, "" for nowhere.
	Stage      string
	Hook       *resource.DeploymentHook
	Deployment *resource.Deployment
}

// WaitsFor finds what of a unit waits for a person. It writes nothing.
func (e *Engine) WaitsFor(ctx context.Context, u *resource.Unit) (Waits, error) {
	var w Waits
	out := e.glance(ctx, u)
	if out.Err != nil {
		return w, fmt.Errorf("%s: %w", u.Key, out.Err)
	}
	for _, s := range out.Plan.Steps {
		switch {
		case s.Blocked == status.ManualMode:
			w.Plan, w.Reason = out.Plan.Seal.Hash, s.Why
		case s.Blocked == status.NeedsApproval && w.Plan == "":
			w.Plan, w.Reason = out.Plan.Approval, s.Why
		}
	}
	if out.live.Presence != resource.Present {
		return w, nil
	}
	d, err := e.o.Rollouts.Current(ctx, out.live)
	if err != nil {
		return w, fmt.Errorf("%s: its deployment could not be read: %w", u.Key, err)
	}
	if w.Hook = d.Waiting(); w.Hook != nil {
		w.Stage, w.Deployment = d.LifecycleStage, d
	}
	return w, nil
}

// ApproveStage continues the deployment that waits in a pause hook, and says
// where it waited. A stage that is not the one that waits is refused, so that a
// late word does not open the next gate; "" is for whichever waits.
func (e *Engine) ApproveStage(ctx context.Context, u *resource.Unit, stage string) (*resource.Deployment, error) {
	live, err := e.steerable(ctx, u)
	if err != nil {
		return nil, err
	}
	d, err := e.o.Rollouts.Current(ctx, live)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: its deployment could not be read: %w", u.Key, err)
	case d.Waiting() == nil:
		return d, fmt.Errorf("%s: no stage of a deployment waits for an approval", u.Key)
	case stage != "" && !strings.EqualFold(strings.ReplaceAll(stage, "-", "_"), d.LifecycleStage):
		return d, fmt.Errorf("%s: the deployment waits at the stage %s, not at %s", u.Key, d.LifecycleStage, stage)
	}
	call, done := finishing(e.from(ctx, u, "approve stage"))
	defer done()
	for _, h := range d.Hooks {
		if h.Function != "" {
			continue
		}
		if err := e.o.Rollouts.Continue(call, u.Key.Target, d.ARN, h.ID, false); err != nil {
			return d, fmt.Errorf("%s: the stage %s could not be continued: %w", u.Key, d.LifecycleStage, err)
		}
	}
	e.ended.forget(u.Key)
	return d, nil
}
