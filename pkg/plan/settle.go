package plan

import (
	"fmt"
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
	standing := m.around(d.ID)
	d.settled = s.Settle(*d.object, d.live, standing)
	if m.deserts(d, standing) {
		d.settled = s.Settle(*d.object, d.live, standing)
	}
	d.object, d.Settled = &d.settled.Object, &d.settled.Object
	return d.object
}

// deserts looks at the target groups that an object would open: one with nobody
// healthy in it counts as empty. It reports whether there is such a one.
func (m *maker) deserts(d *draft, standing resource.Standing) bool {
	found := false
	for _, id := range d.settled.Opens {
		arn := m.in.Live[id].ARN
		if !m.serves(id) || arn == "" || standing.AtOnce {
			continue
		}
		if m.in.Groups == nil {
			m.needGroup(arn)
			continue
		}
		g, ok := m.in.Groups[arn]
		switch {
		case !ok || g.Presence != resource.Present || g.Group == nil:
			reason, _ := unread(d.ID, g.Err)
			d.block(reason, fmt.Sprintf("whether anybody is healthy in %s could not be read, and it would get requests: %v", id.Local(), g.Err))
		case g.Group.Healthy == 0:
			standing.Empty[id], found = true, true
		}
	}
	return found
}

// serves reports whether the unit's service registers its tasks in a target group.
func (m *maker) serves(group resource.ID) bool {
	return slices.ContainsFunc(m.in.Unit.Objects(), func(o *resource.Object) bool {
		return o.ID.Kind == resource.KindService && slices.ContainsFunc(o.Refs, func(r resource.Ref) bool { return r.To == group })
	})
}

// remains takes in what of the object was said beside the object itself.
func (m *maker) remains(d *draft) {
	s := d.settled
	d.Notes = s.Notes
	if len(s.Later) > 0 && m.rests() {
		// It is as it shall be for a service that runs nothing.
		d.Notes = append(slices.Clone(d.Notes), "no request is sent to where nobody is: the rest follows when the service has tasks")
		s.Later = nil
		if d.Action == ActionNone {
			d.Why = d.Notes[len(d.Notes)-1]
		}
	}
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

// rests: the service is there, and is to run no task.
func (m *maker) rests() bool {
	objects := m.in.Unit.Objects()
	i := slices.IndexFunc(objects, func(o *resource.Object) bool { return o.ID.Kind == resource.KindService })
	if i < 0 {
		return false
	}
	live := m.in.Live[objects[i].ID]
	return live.Presence == resource.Present && live.Service != nil && live.Service.Desired == 0 && live.Service.Running == 0
}

func (m *maker) around(id resource.ID) resource.Standing {
	s := resource.Standing{Empty: m.empty(), Idle: m.idle(), ARNs: map[resource.ID]string{}, Moved: m.takesPart(id), AtOnce: m.in.Unit.Policy.Recreate}
	if s.Empty == nil {
		s.Empty = map[resource.ID]bool{}
	}
	for _, o := range m.in.Unit.Objects() {
		if live := m.in.Live[o.ID]; o.ID.Kind == resource.KindTargetGroup && live.Presence == resource.Present {
			s.ARNs[o.ID] = live.ARN
		}
	}
	return s
}

// empty are the target groups that the unit's service is to stand behind and has
// not stood behind in a deployment that succeeded. Where no service is declared
// nobody waits for one.
func (m *maker) empty() map[resource.ID]bool {
	i := slices.IndexFunc(m.in.Unit.Objects(), func(o *resource.Object) bool { return o.ID.Kind == resource.KindService })
	if i < 0 {
		return nil
	}
	service := m.in.Unit.Objects()[i]
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

// stood reports whether the deployment that the service is in ended well, and tasks
// run: one of no tasks succeeds too. ECS
// gives the legacy state for rolling deployments only.
func (m *maker) stood(live resource.Live) bool {
	s := live.Service
	switch {
	case live.Presence != resource.Present || s == nil || s.Running == 0:
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
