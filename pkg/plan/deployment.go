package plan

import (
	"fmt"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// gateDeployment decides about the changes of a live service that start a
// deployment, and holds them apart from the harmless ones when they may not be
// made now: drift that costs nothing is still healed meanwhile.
func (m *maker) gateDeployment(d *draft) {
	if d.live.Presence != resource.Present || d.live.Health.State == resource.Gone || d.foreign {
		return
	}
	if d.Action == ActionAdopt || d.moving {
		return // what follows the adoption is planned again when the tags are there
	}
	ours := d.Blocked == ""
	if !deploys(d.Changes) {
		if ours && !m.unwanted(d) {
			m.judgeStanding(d)
		}
		return
	}
	if !ours {
		return
	}
	if reason, why := m.deployReason(d); reason != "" {
		m.holdDeployment(d, reason, why)
	}
}

// holdDeployment puts aside what starts a deployment; the rest may be written.
func (m *maker) holdDeployment(d *draft, reason status.Reason, why string) {
	var harmless []diff.Change
	held := d.held
	for _, c := range d.Changes {
		// The defaults are those of the service that is to be made anew: a DAEMON's
		// do not fit the REPLICA that is still there.
		if reason == status.NeedsRecreate && c.Unwritten {
			held = append(held, c)
			continue
		}
		// The tag says that this content was written: not before it was.
		if deploying(c) || c.Path == "tags."+resource.TagSpecHash || d.stands && c.Field() == "deploymentConfiguration" {
			held = append(held, c)
		} else {
			harmless = append(harmless, c)
		}
	}
	d.Changes = harmless
	d.hold(held, reason, why)
	d.decide(m.in.Unit.Policy.Recreate)
	d.stays = true
}

// deployReason is why no deployment may be started now, "" for none.
func (m *maker) deployReason(d *draft) (status.Reason, string) {
	tag, tagged := ParseQuarantine(d.live.Tags[resource.TagQuarantine])
	hold, held := ParseHold(d.live.Tags[resource.TagHold])
	recreation := recreates(d.ID, worst(d.Changes))
	switch {
	case recreation && !m.in.Unit.Policy.Recreate:
		return status.NeedsRecreate, needsRecreate(d.Changes)
	case tagged && m.in.Unit.Carries(tag.Hash) && !tag.Lifted:
		return status.Quarantined, quarantined(tag)
	case held && hold.Carries(m.in.Unit):
		return status.OnHold, onHold(hold)
	}
	if why := m.missing(d, d.Changes); why != "" {
		return status.DependencyMissing, why
	}
	if reason, why := m.unassociated(d); reason != "" {
		return reason, why
	}
	if why := m.deserted(d); why != "" {
		d.stands = true
		return status.NeedsRecreate, why
	}
	if q := m.failedBefore(d, tag); q != nil {
		m.plan.Quarantine = q
		return status.Quarantined, quarantined(*q)
	}
	if q := m.forgotten(d, tag); q != nil {
		m.plan.Quarantine = q
		return status.Quarantined, quarantined(*q)
	}
	if reason, why := m.running(d); reason != "" {
		m.needHistory()
		return reason, why
	}
	if m.in.HistoryErr != nil {
		reason, _ := unread(d.ID, m.in.HistoryErr)
		return reason, fmt.Sprintf("the service's deployments could not be read, and without them no new one is started: %v", m.in.HistoryErr)
	}
	m.needHistory()
	return m.notNow()
}

func (m *maker) needHistory() {
	m.plan.needsHistory = m.in.History == nil && m.in.HistoryErr == nil
}

// running: never start a deployment while one is rolling back, since ECS would
// have nothing to go back to; nor while one runs, unless the spec moved on.
func (m *maker) running(d *draft) (status.Reason, string) {
	running := d.live.Service != nil && d.live.Service.PrimaryState == "IN_PROGRESS"
	if len(m.in.History) > 0 {
		switch m.in.History[0].Status {
		case resource.DeploymentRollingBack:
			return status.DeploymentRunning, "ECS is rolling a deployment back; the next one starts when that has ended"
		case resource.DeploymentRunning:
			running = true
		default:
			running = false
		}
	}
	if running && m.in.Unit.Carries(d.live.Tags[resource.TagSpecHash]) {
		return status.DeploymentRunning, "a deployment of this content is running; what differs is looked at again when it has ended"
	}
	return "", ""
}

// unwanted: the service has a content that was put aside by hand; somebody else
// deployed it, or the way back has failed. It is told, and no tag says that this
// content was meant.
func (m *maker) unwanted(d *draft) bool {
	h, ok := ParseHold(d.live.Tags[resource.TagHold])
	if !ok || !h.Carries(m.in.Unit) || h.Has(d.live.Tags[resource.TagSpecHash]) {
		return false
	}
	others, tag := split(d.Changes, "tags."+resource.TagSpecHash)
	if len(tag) == 0 {
		return false
	}
	d.Changes = others
	d.decide(m.in.Unit.Policy.Recreate)
	d.hold(tag, status.OnHold, "AWS runs what was "+onHold(h))
	return true
}

// judgeStanding looks at a service that already has the wanted content: it may
// have failed with it and stand still, having nothing to go back to.
func (m *maker) judgeStanding(d *draft) {
	if !m.stands(d) {
		return
	}
	for _, id := range d.Needs {
		if td := m.drafts[id]; td != nil && td.live.Presence == resource.Unknown && id.Kind == resource.KindTaskDefinition {
			return // nobody knows what it has
		}
	}
	tag, tagged := ParseQuarantine(d.live.Tags[resource.TagQuarantine])
	known := tagged && m.in.Unit.Carries(tag.Hash)
	switch {
	case known && tag.Lifted && tag.Deployment == DeploymentID(m.standing(d).Deployment):
		// Nothing differs, yet a person asked to try again: the same revision, by force.
		if reason, why := m.notNow(); reason != "" {
			d.hold([]diff.Change{m.again(d)}, reason, why)
			return
		}
		d.Changes = append(d.Changes, m.again(d))
		d.decide(m.in.Unit.Policy.Recreate)
		return
	case !known || tag.Lifted:
		tag = m.standing(d)
		m.plan.Quarantine = &tag
		m.needHistory()
	}
	if d.Action == ActionNone {
		d.block(status.Quarantined, quarantined(tag))
		return
	}
	d.held, d.heldAction = []diff.Change{}, ActionNone
	d.heldReason, d.heldWhy = status.Quarantined, quarantined(tag)
}

// stands: the service's deployment failed and nothing took its place. ECS gives
// the legacy rollout state for rolling deployments only, so that without one the
// newest service deployment says it.
func (m *maker) stands(d *draft) bool {
	s := d.live.Service
	if s == nil {
		return false
	}
	if s.PrimaryState == "" && len(m.in.History) > 0 {
		return m.in.History[0].Status == resource.DeploymentFailed
	}
	return s.PrimaryState == "FAILED"
}

// again deploys what the service already has once more.
func (m *maker) again(d *draft) diff.Change {
	same := any(d.live.Service.TaskDefinition)
	return diff.Change{Path: "taskDefinition", Op: diff.Replace, Old: same, New: same,
		Effect: diff.Forced, Reason: diff.FromSpec, Note: "deployed once more, as retry asked"}
}

// standing is the quarantine of the deployment that the service stands still in.
func (m *maker) standing(d *draft) Quarantine {
	s := d.live.Service
	q := Quarantine{Hash: m.in.Unit.ContentHash, TaskDefinition: RevisionName(s.TaskDefinition),
		Deployment: DeploymentID(s.CurrentDeployment), Cause: string(status.RolloutFailed)}
	if q.Deployment == "" {
		q.Deployment = DeploymentID(s.PrimaryID)
	}
	if len(m.in.History) > 0 && m.in.History[0].Status.Bad() {
		q.Deployment, q.Cause = DeploymentID(m.in.History[0].ARN), cause(m.in.History[0].Status)
	}
	return q
}

// failedBefore finds the newest deployment that carried the unit's content and
// did not survive it. A later success of the same revision forgives it, and so
// does a lifted quarantine for its deployment and all before.
func (m *maker) failedBefore(d *draft, tag Quarantine) *Quarantine {
	forgiven := map[string]bool{}
	for i, h := range m.in.History {
		if tag.Lifted && DeploymentID(h.ARN) == tag.Deployment {
			return nil
		}
		switch {
		case h.Status == resource.DeploymentSucceeded:
			forgiven[h.TaskDefinition] = true
		case h.Status.Bad() && !forgiven[h.TaskDefinition] && m.carried(d, h):
			return &Quarantine{Hash: m.in.Unit.ContentHash, TaskDefinition: RevisionName(h.TaskDefinition),
				Deployment: DeploymentID(h.ARN), Cause: cause(h.Status), Newest: i == 0}
		}
	}
	return nil
}

// CauseForgotten is the cause of a quarantine that no deployment tells of any more.
const CauseForgotten = "Forgotten"

// historyKept is how long ECS lists a service deployment (ServiceDeployment, SDK).
const historyKept = 90 * 24 * time.Hour

// forgotten is the quarantine of content that was written to the service, as its
// tag says, and that the service does not have, while ECS knows of no deployment at
// all: whatever took it back was longer ago than ECS remembers, when nobody was
// there to write it down. It may have failed. Its revision is older than the
// history; of a younger one the history's silence says that it never was deployed.
// A service that was changed by hand lately has a deployment that says so, and is
// healed.
func (m *maker) forgotten(d *draft, tag Quarantine) *Quarantine {
	if m.in.History == nil || m.in.HistoryErr != nil || len(m.in.History) > 0 || !m.in.Unit.Carries(d.live.Tags[resource.TagSpecHash]) {
		return nil
	}
	if tag.Lifted && m.in.Unit.Carries(tag.Hash) {
		return nil // a person asked for it
	}
	td := m.drafts[d.ID.Of(resource.KindTaskDefinition, "")]
	if td == nil || td.live.Presence != resource.Present || !td.stays || d.live.Service == nil || td.live.ARN == d.live.Service.TaskDefinition {
		return nil
	}
	made, err := time.Parse(time.RFC3339, td.live.Registered)
	at, err2 := time.Parse(time.RFC3339, m.in.Now)
	if err != nil || err2 != nil || at.Sub(made) < historyKept {
		return nil
	}
	return &Quarantine{Hash: m.in.Unit.ContentHash, TaskDefinition: RevisionName(td.live.ARN), Cause: CauseForgotten}
}

// carried reports whether a deployment had the unit's rollout content: nothing
// that starts a deployment differs, the task definition being compared by what
// is in it and not by its revision.
func (m *maker) carried(d *draft, h resource.Deployment) bool {
	service, ok := content(h, resource.KindService)
	if !ok {
		return false
	}
	arn := map[resource.ID]string{}
	for _, id := range d.Needs {
		td := m.drafts[id]
		if id.Kind != resource.KindTaskDefinition || td == nil || td.kind == nil {
			continue
		}
		live, ok := content(h, resource.KindTaskDefinition)
		if !ok {
			return false
		}
		want, _ := resource.Resolve(*td.object, m.attributes)
		if len(effective(td.kind.Diff(&want, &live, m.cmp))) > 0 {
			return false
		}
		arn[id] = h.TaskDefinition
	}
	want, _ := resource.Resolve(*d.object, func(id resource.ID) map[string]string {
		if a, ok := arn[id]; ok {
			attrs := m.attributes(id)
			attrs["arn"] = a
			return attrs
		}
		return m.attributes(id)
	})
	return !deploys(d.kind.Diff(&want, &service, m.cmp))
}

// content is what a deployment carried of one kind; false where ECS no longer
// tells, which proves nothing.
func content(h resource.Deployment, kind string) (resource.Live, bool) {
	l, ok := h.Content[kind]
	l.Presence = resource.Present
	return l, ok && l.Value != nil
}

// cause is the one word that a quarantine keeps: the reason that status gives.
func cause(s resource.DeploymentStatus) string {
	switch s {
	case resource.DeploymentRolledBack:
		return string(status.RolledBack)
	case resource.DeploymentRollingBack:
		return string(status.RollingBack)
	}
	return string(status.RolloutFailed)
}

func quarantined(q Quarantine) string {
	if q.Cause == CauseForgotten {
		return fmt.Sprintf("this content was deployed (%s), AWS runs another, and ECS' history of 90 days does not say any more why; change the spec, or try it once more with `ecs-operator retry`", q.TaskDefinition)
	}
	return fmt.Sprintf("this content did not survive deployment %s (%s, %s); change the spec, or try it once more with `ecs-operator retry`",
		q.Deployment, q.Cause, q.TaskDefinition)
}
