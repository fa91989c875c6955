package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// holdUnit blocks every write for what holds for the whole unit.
func (m *maker) holdUnit() {
	reason, why := m.unitReason()
	if reason != "" {
		for _, d := range m.order {
			if d.writes() {
				d.block(reason, why)
			}
			if d.heldReason != "" {
				d.heldReason, d.heldWhy, d.heldAfter = reason, why, ""
			}
			d.holdAsides(reason, why)
		}
	}
	if m.service != nil && m.service.foreign {
		for _, d := range m.order { // nothing is made around a service that is not ours, nor is it scaled
			if d.Action == ActionCreate || d.Action == ActionReplace || scales(d.ID.Kind) && d.writes() {
				d.block(m.service.Blocked, "the service comes first: "+m.service.Why)
			}
		}
	}
}

// unitReason: what is written about a suspension stands on the service, so a
// service that cannot be read may be suspended.
func (m *maker) unitReason() (status.Reason, string) {
	if s := m.service; s != nil {
		if s.live.Presence == resource.Unknown {
			return s.Blocked, s.Why
		}
		if susp, ok := ParseSuspension(s.live.Tags[resource.TagSuspend], m.in.Now); ok && s.live.Presence == resource.Present {
			return status.Suspended, "suspended " + susp.String()
		}
	}
	switch m.in.Unit.Policy.Mode {
	case "observe":
		return status.ObserveMode, "policy.mode is observe: differences are shown and nothing is written"
	case "manual":
		return status.ManualMode, "policy.mode is manual: the plan waits for a person"
	}
	return "", ""
}

// scales: objects of the kind change the count of a service.
func scales(kind string) bool {
	return kind == resource.KindScalableTarget || kind == resource.KindScalingPolicy || kind == resource.KindScheduledAction
}

func (d *draft) writes() bool { return d.Action != ActionNone && d.Blocked == "" }

// gateNeeds blocks what waits for something that will not be there.
func (m *maker) gateNeeds(d *draft) {
	if !d.writes() || d.Action == ActionAdopt {
		return
	}
	if why := m.missing(d, d.Changes); why != "" {
		d.block(status.DependencyMissing, why)
	}
}

// missing names the first object that the draft needs and that is neither
// there nor about to be; "" for none. An update needs what its changes refer to,
// its parent, and something behind every reference that it may have to send.
func (m *maker) missing(d *draft, changes []diff.Change) string {
	for _, id := range d.Needs {
		to := m.drafts[id]
		// What scales a service that is gone goes with it at any moment: an update of the
		// scalable target would register one that carries no tags.
		needed := d.Action == ActionCreate || d.Action == ActionReplace || !d.kind.Taggable() || scales(d.ID.Kind)
		if slices.ContainsFunc(d.open, func(r resource.Ref) bool { return r.To == id }) {
			needed = needed || to == nil || to.live.Presence != resource.Present || d.refersTo(id, changes)
		}
		if !needed {
			continue
		}
		switch {
		case to == nil:
			return fmt.Sprintf("it needs %s, which the document does not have", id.Local())
		case !to.available():
			return fmt.Sprintf("it waits for %s: %s", id.Local(), to.Why)
		}
	}
	return ""
}

// available: the object is there and stays, or will be made in this pass.
func (d *draft) available() bool {
	return d.Blocked == "" || d.live.Presence == resource.Present && d.stays && !d.foreign
}

// holdFollowers holds what makes sense only together with a deployment that is
// held. A revision that the service may not run yet is not registered: every
// pass until then would find it superfluous. Nor is a target group made that it
// may not move to: a rule would lead the traffic to where nothing runs.
func (m *maker) holdFollowers() {
	s := m.service
	if s == nil {
		return
	}
	reason, why, changes := s.heldReason, s.heldWhy, s.held
	if reason == "" {
		reason, why, changes = s.Blocked, s.Why, s.Changes
		if s.live.Presence == resource.Present && s.Action != ActionAdopt && s.Action != ActionCreate && !deploys(s.Changes) {
			return
		}
	}
	if reason == "" {
		return
	}
	for _, id := range s.Needs {
		d := m.drafts[id]
		if d == nil || !d.writes() {
			continue
		}
		if id.Kind == resource.KindTaskDefinition && !m.hooking || id.Kind != resource.KindTaskDefinition && s.live.Presence == resource.Present && !d.stays && s.refersTo(id, changes) {
			d.block(reason, why)
		}
	}
	for _, d := range m.order {
		m.gateNeeds(d)
	}
}

// refersTo reports whether one of the changes holds an open reference to an object.
func (d *draft) refersTo(id resource.ID, changes []diff.Change) bool {
	return slices.ContainsFunc(d.open, func(r resource.Ref) bool {
		return r.To == id && slices.ContainsFunc(effective(changes), func(c diff.Change) bool { return mentions(c.New, r.Text) || strings.Contains(c.Path, r.Text) })
	})
}

// deploying reports whether a change touches what the service runs or how it
// is reached: the part that waits for quarantine, hold and running deployments.
func deploying(c diff.Change) bool {
	return !c.Informational && c.Effect.Rank() >= diff.NewDeployment.Rank()
}

func deploys(changes []diff.Change) bool { return slices.ContainsFunc(changes, deploying) }

// mentions reports whether a plain value holds a text in one of its strings.
func mentions(v any, text string) bool {
	switch x := v.(type) {
	case string:
		return strings.Contains(x, text)
	case []any:
		return slices.ContainsFunc(x, func(m any) bool { return mentions(m, text) })
	case map[string]any:
		for _, m := range x {
			if mentions(m, text) {
				return true
			}
		}
	}
	return false
}

// list joins paths for a sentence, the first three of them.
func list(paths []string) string {
	if len(paths) > 3 {
		return strings.Join(paths[:3], ", ") + fmt.Sprintf(" and %d more", len(paths)-3)
	}
	return strings.Join(paths, ", ")
}
