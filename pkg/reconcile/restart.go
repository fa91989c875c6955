package reconcile

import (
	"context"
	"fmt"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// Restart deploys what the service has once more, so that all its tasks are
// started anew. It is a plan of one step, executed as every other is: the service
// is read again before the write. While a deployment runs none is started, so
// that a restart may be repeated after a lost answer; nor of content that failed.
func (e *Engine) Restart(ctx context.Context, u *resource.Unit) (resource.Live, error) {
	live, err := e.steerable(ctx, u)
	if err != nil {
		return live, err
	}
	d, err := e.o.Rollouts.Current(ctx, live)
	switch {
	case err != nil:
		return live, fmt.Errorf("%s: its deployment could not be read: %w", u.Key, err)
	case d != nil && !d.Status.Ended():
		return live, fmt.Errorf("%s: a deployment of %s is running, which starts all tasks anew: wait for its end, or abort it", u.Key, plan.RevisionName(d.TaskDefinition))
	case d != nil && d.Status == resource.DeploymentFailed:
		return live, fmt.Errorf("%s: what it has failed to deploy; change the document, or try it once more with `ecs-operator retry %s`", u.Key, u.Key.Name)
	}
	return e.force(ctx, u, live)
}

// force executes the plan of one forced deployment.
func (e *Engine) force(ctx context.Context, u *resource.Unit, live resource.Live) (resource.Live, error) {
	as := e.Bare(u.Key)
	o := as.Objects()[0]
	o.Want, o.Tags = live.Value, live.Tags
	same := any(live.Service.TaskDefinition)
	v := byHand(u, as, live, plan.Step{
		ID: o.ID, Action: plan.ActionUpdate, ARN: live.ARN, Seen: live.Fingerprint(), Effect: diff.Forced, Section: o.Section,
		Changes: []diff.Change{{Path: "taskDefinition", Op: diff.Replace, Old: same, New: same, Effect: diff.Forced, Reason: diff.FromSpec, Note: "deployed once more, as restart asked"}},
	})
	x := e.execute(ctx, &v)
	if s := v.plan.Steps[0]; s.Blocked != "" {
		return live, fmt.Errorf("%s: not restarted: %s: %s", u.Key, s.Blocked, s.Why)
	}
	e.ended.forget(u.Key)
	return x.known[o.ID], x.err
}
