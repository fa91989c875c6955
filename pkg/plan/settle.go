package plan

import (
	"slices"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// settle asks the kind what of the object is to be now, where that is not all in
// the document, and gives the object that the draft goes on with.
func (m *maker) settle(d *draft) *resource.Object {
	s, ok := d.kind.(resource.Settler)
	if !ok || d.live.Presence == resource.Unknown {
		return d.object
	}
	d.settled = s.Settle(*d.object, d.live, m.around(d.ID))
	d.object, d.Settled = &d.settled.Object, &d.settled.Object
	return d.object
}

// unsettled takes in what of the object was said beside the object itself.
func (d *draft) unsettled() {
	s := d.settled
	d.Notes = s.Notes
	if d.Action == ActionNone || d.Action == ActionAdopt || d.foreign {
		if len(s.Later) > 0 && d.heldReason == "" && !d.foreign {
			d.later(s)
		}
		return
	}
	switch {
	case s.Taken != "":
		d.block(status.NotOurs, s.Taken)
	case s.Impossible != "":
		d.block(status.InvalidSpec, s.Impossible)
	case len(s.Later) > 0 && d.heldReason == "":
		d.later(s)
	}
}

func (d *draft) later(s resource.Settled) {
	d.hold(s.Later, status.Waiting, "it follows when "+s.After)
	d.heldAfter = s.After
}

func (m *maker) around(id resource.ID) resource.Standing {
	s := resource.Standing{Empty: m.empty(), Idle: m.idle(), ARNs: map[resource.ID]string{}, Moved: m.takesPart(id)}
	for _, groups := range []map[resource.ID]bool{s.Empty, s.Idle} {
		for group := range groups {
			s.ARNs[group] = m.in.Live[group].ARN
		}
	}
	return s
}

// empty are the target groups that the unit's service is to stand behind and has
// not stood behind in a deployment that succeeded. Where no service is declared
// nobody waits for one.
func (m *maker) empty() map[resource.ID]bool {
	i := slices.IndexFunc(m.in.Unit.Objects, func(o resource.Object) bool { return o.ID.Kind == resource.KindService })
	if i < 0 {
		return nil
	}
	service := &m.in.Unit.Objects[i]
	live := m.in.Live[service.ID]
	behind := map[string]bool{}
	if m.stood(live) {
		body, _ := shape.Plain(live.Value, nil).(map[string]any)
		groups(body["loadBalancers"], behind)
	}
	out := map[resource.ID]bool{}
	for _, r := range service.Refs {
		if r.To.Kind == resource.KindTargetGroup && !behind[m.in.Live[r.To].ARN] {
			out[r.To] = true
		}
	}
	return out
}

// stood reports whether the deployment that the service is in ended well. ECS
// gives the legacy state for rolling deployments only.
func (m *maker) stood(live resource.Live) bool {
	s := live.Service
	switch {
	case live.Presence != resource.Present || s == nil:
		return false
	case m.in.Rollout != nil:
		return m.in.Rollout.Status == resource.DeploymentSucceeded
	case s.PrimaryState != "":
		return s.PrimaryState == "COMPLETED"
	}
	return s.Running > 0 && s.Running >= s.Desired && s.Deployments <= 1
}

// groups collects the target groups of a service's load balancers.
func groups(v any, into map[string]bool) {
	switch x := v.(type) {
	case []any:
		for _, m := range x {
			groups(m, into)
		}
	case map[string]any:
		for key, m := range x {
			if arn, ok := m.(string); ok && (key == "targetGroupArn" || key == "alternateTargetGroupArn") {
				into[arn] = true
			}
			groups(m, into)
		}
	}
}
