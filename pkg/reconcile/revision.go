package reconcile

import (
	"context"
	"fmt"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// revisionMoved looks, before the ECS service is written, at the revision that the
// plan found as it should be: of many services a sweep reads the status of
// revisions in turns, and one that somebody has deregistered meanwhile is no basis
// for a deployment (AWS refuses an INACTIVE one).
func (x *execution) revisionMoved(ctx context.Context, s *plan.Step, service resource.Live) (status.Reason, string) {
	if s.ID.Kind != resource.KindService || s.Action == plan.ActionAdopt || s.Moves() {
		return "", ""
	}
	id := s.ID.Of(resource.KindTaskDefinition, "")
	o, planned := x.plan.Object(x.unit, id), x.live[id]
	if o == nil || planned.Presence != resource.Present || x.known[id].ARN != planned.ARN {
		return "", "" // there was none, or this pass has registered its own
	}
	now := x.e.ask(ctx, x.e.byKind[id.Kind], resource.Query{Target: id.Target, Objects: []*resource.Object{o}, Direct: true,
		Live: map[resource.ID]resource.Live{s.ID: service, id: planned}})[id]
	switch {
	case now.Presence == resource.Unknown:
		return readReason(now.Err), fmt.Sprintf("the task definition could not be read again before the write: %v", now.Err)
	case now.Presence != planned.Presence || now.ARN != planned.ARN || now.Health != planned.Health:
		return status.ChangedSincePlanned, fmt.Sprintf("the task definition revision %s is not what it was when this was planned", plan.RevisionName(planned.ARN))
	}
	return "", ""
}
