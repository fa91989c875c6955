package plan

import (
	"fmt"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// Held is a reason outside of the unit for which it starts no deployment now: its
// turn has not come among the other services.
type Held struct {
	Reason status.Reason
	Why    string
}

// notNow is why no deployment of the unit is started at this time, "" for none:
// its environment is frozen, or it is not its turn. It is asked last, so that what
// is wrong with the content itself is told first.
func (m *maker) notNow() (status.Reason, string) {
	if why := m.frozen(); why != "" {
		return status.FreezeWindow, why
	}
	return m.in.Held.Reason, m.in.Held.Why
}

// frozen says which window of the environment holds now, and until when.
func (m *maker) frozen() string {
	at, err := time.Parse(time.RFC3339, m.in.Now)
	if err != nil {
		return ""
	}
	w, until, frozen := spec.Frozen(m.in.Unit.Freeze, at)
	if !frozen {
		return ""
	}
	reason := ""
	if w.Reason != "" {
		reason = " (" + w.Reason + ")"
	}
	return fmt.Sprintf("the environment %s is frozen until %s%s: no deployment is started before", m.in.Unit.Environment, until.Format("Mon 2006-01-02 15:04 MST"), reason)
}

// gateTraffic holds what moves requests between targets without a deployment: in
// a freeze that is no healing of harmless drift.
func (m *maker) gateTraffic(d *draft) {
	if d == m.service || !d.writes() || d.live.Presence != resource.Present || d.ID.Kind == resource.KindTaskDefinition ||
		d.Effect.Rank() < diff.NewDeployment.Rank() {
		return
	}
	if why := m.frozen(); why != "" {
		d.block(status.FreezeWindow, why)
	}
}

// gateFirst holds a first deployment, and all that would be made around it: a
// rule must not lead requests to where nothing runs yet.
func (m *maker) gateFirst() {
	s := m.service
	if s == nil || s.Action != ActionCreate || !s.writes() {
		return
	}
	reason, why := m.notNow()
	if reason == "" {
		return
	}
	for _, d := range m.order {
		if d.Action == ActionCreate && d.writes() {
			d.block(reason, why)
		}
	}
}
