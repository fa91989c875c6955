package plan

import (
	"fmt"
	"slices"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// deleteOrder is the reverse order of need. Alarms come before the service that
// may watch them, because nothing is deleted while the service still names it.
var deleteOrder = []string{
	resource.KindScheduledAction, resource.KindScalingPolicy, resource.KindScalableTarget, resource.KindAlarm,
	resource.KindService, resource.KindListenerRule, resource.KindTargetGroup, resource.KindTaskDefinition,
}

// prune plans what becomes of the live objects that the document does not name:
// deleted after everything else where policy.prune or a replacement asks for it,
// else told.
func (m *maker) prune() {
	for i := range m.in.Strays {
		l := &m.in.Strays[i]
		d := m.stray(l)
		if d == nil || m.taken(l.ARN) || m.goesOn(l.ARN) {
			continue
		}
		m.strays = append(m.strays, d)
	}
	m.sortStrays(deleteOrder)
	m.yield()
	for i, d := range m.strays {
		if d.writes() && !m.kept(d, m.strays[:i]) {
			m.holdStray(d, m.strays[:i])
		}
	}
}

// kept: another stray, which nobody asked to delete, still uses this one: it stays
// with that, and is told.
func (m *maker) kept(d *draft, before []*draft) bool {
	for _, b := range before {
		if b.Action == ActionNone && b.Blocked == "" && m.refers(b.live, d) {
			d.Action, d.Effect = ActionNone, diff.None
			d.Why = fmt.Sprintf("%s, and %s, which no document names, uses it; policy.prune: true would delete both", d.Why, b.ID.Local())
			return true
		}
	}
	return false
}

// taken: a takeover that is under way tells of the target group, and deletes it last.
func (m *maker) taken(arn string) bool {
	return slices.ContainsFunc(m.takes, func(t *takeover) bool {
		return t.stage < dropping && slices.ContainsFunc(t.old, func(l resource.Live) bool { return l.ARN == arn && m.goes(t, l) })
	})
}

// goesOn: the live object is one that the document names by another key now.
func (m *maker) goesOn(arn string) bool {
	return arn != "" && slices.ContainsFunc(m.order, func(d *draft) bool { return d.live.Presence == resource.Present && d.live.ARN == arn })
}

// stray makes the draft of one; nil for what nothing is to be said of.
func (m *maker) stray(l *resource.Live) *draft {
	o := resource.Stray(*l)
	d := &draft{object: &o, kind: m.kinds[l.ID.Kind], live: *l}
	d.Step = Step{ID: l.ID, Action: ActionNone, ARN: l.ARN, Seen: l.Fingerprint(), Effect: diff.None, Section: o.Section, Stray: true}
	switch asked, why := m.pruned(l); {
	case d.kind == nil:
		return nil
	case !asked:
		d.Why = why
	case l.Presence == resource.Unknown:
		reason, why := unread(l.ID, l.Err)
		d.block(reason, why)
	default:
		d.Action, d.Effect = ActionDelete, deleteEffect(l.ID.Kind)
		d.Why = why
	}
	if d.Action == ActionNone && d.Blocked == "" && l.Presence != resource.Present {
		return nil
	}
	return d
}

// pruned reports whether somebody asked for a stray's deletion, and the sentence
// that goes with the answer.
func (m *maker) pruned(l *resource.Live) (bool, string) {
	_, wanted := m.drafts[l.ID]
	switch {
	case leftBehind(l.ID, wanted):
		return true, "a replacement has taken its place"
	case l.ID.Kind == resource.KindService:
		return false, fmt.Sprintf("another ECS service, %s, carries the tags of this one; delete it by hand when nobody needs it", l.Name)
	case m.in.Unit.Policy.Prune && wanted:
		return true, "the document has another one in its place"
	case m.in.Unit.Policy.Prune:
		return true, "no document names it"
	case wanted:
		return false, "the document has another one in its place; policy.prune: true would delete it"
	}
	return false, "no document names it; policy.prune: true would delete it"
}

// leftBehind: what the operator itself has replaced needs nobody's leave to go.
// It has the ID of what stands in its place.
func leftBehind(id resource.ID, wanted bool) bool {
	return wanted && (id.Kind == resource.KindTargetGroup || id.Kind == resource.KindListenerRule)
}

// deleteEffect is what the running tasks feel.
func deleteEffect(kind string) diff.Effect {
	if kind == resource.KindListenerRule {
		return diff.TrafficShift
	}
	return diff.InPlace
}

// holdStray blocks a deletion for all that it has to wait for. before are the
// strays that go first.
func (m *maker) holdStray(d *draft, before []*draft) {
	why := d.Why
	d.Why = ""
	wait := func(after, why string) {
		if d.Blocked == "" {
			d.After = after
			d.block(status.Waiting, why)
		}
	}
	if reason, why := m.unitReason(); reason != "" {
		d.block(reason, why)
	}
	if s := m.service; s != nil && s.foreign {
		d.block(s.Blocked, "the service comes first: "+s.Why)
	}
	if m.in.Doubt != "" {
		wait("the source is complete", "it is not deleted while something of the source is not known: "+m.in.Doubt)
	}
	if m.in.Fresh[d.ARN] {
		d.block(status.AbsenceGrace, why+"; it is deleted when that is still so after a while")
	}
	if rest := m.unsettled(d); rest != "" && !m.letsGo(d.ARN) {
		wait("the rest is done", "it is deleted when the rest of the service is as the document says: "+rest)
	}
	if user := m.names(d); user != "" {
		wait(user+" has let go of it", fmt.Sprintf("it is deleted when %s has let go of it", user))
	}
	for _, b := range before {
		if b.Blocked != "" && b.Blocked != d.Blocked && m.refers(b.live, d) {
			wait(b.ID.Local()+" is gone", fmt.Sprintf("it is deleted after %s, which is held back (%s)", b.ID.Local(), b.Blocked))
		}
	}
	if d.Blocked == "" {
		d.Why = why
	}
}

// unsettled names what of the rest of the unit is still to be done before a stray
// goes; "" for nothing.
func (m *maker) unsettled(stray *draft) string {
	for _, d := range m.order {
		switch {
		case m.yields[d.ID] == stray: // which waits for this deletion
		case d.Blocked != "":
			return fmt.Sprintf("%s is held back (%s)", d.ID.Local(), d.Blocked)
		case d.heldReason != "":
			return fmt.Sprintf("%s is held back (%s)", d.ID.Local(), d.heldReason)
		case slices.ContainsFunc(d.asides, aside.open):
			return "something of " + d.ID.Local() + " is held back"
		case d.Action != ActionNone:
			return d.ID.Local() + " is to be written first"
		}
	}
	if s := m.service; s != nil && s.live.Service != nil {
		if state := s.live.Service; state.Deployments > 1 || state.PrimaryState == "IN_PROGRESS" {
			return "its deployment is still running"
		}
	}
	return ""
}

// names finds an object of the unit, as it is in AWS, that refers to a stray.
func (m *maker) names(d *draft) string {
	for _, other := range m.order {
		if m.refers(other.live, d) {
			return other.ID.Local()
		}
	}
	return ""
}

// refers reports whether a live object holds the ARN or the name of a stray. The
// names of target groups are never references.
func (m *maker) refers(l resource.Live, d *draft) bool {
	if l.Presence != resource.Present || d.ARN == "" || l.ARN == d.ARN {
		return false
	}
	body := shape.Plain(l.Value, nil)
	if mentions(body, d.ARN) {
		return true
	}
	name := d.live.Name
	return d.ID.Kind == resource.KindAlarm && name != "" && // the rule of a composite alarm: ALARM("name")
		(holds(body, name) || mentions(body, `("`+name+`")`) || mentions(body, "("+name+")"))
}

// holds reports whether a plain value has a text as one of its strings.
func holds(v any, text string) bool {
	switch x := v.(type) {
	case string:
		return x == text
	case []any:
		return slices.ContainsFunc(x, func(m any) bool { return holds(m, text) })
	case map[string]any:
		for _, m := range x {
			if holds(m, text) {
				return true
			}
		}
	}
	return false
}
