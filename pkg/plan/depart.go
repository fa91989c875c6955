package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// Departure is what holds for a unit whose document is gone.
type Departure struct {
	// Asked: the run deletes units that do not say what becomes of them (--prune).
	Asked bool
	// Over is why the deletion needs a person's approval, "" when it does not;
	// Approval is the value of the service's approved tag that gives it.
	Over, Approval string
	// Self: the unit's service runs this very process, which deletes everything but itself.
	Self bool
	// Successor is a unit of the same name that a document puts elsewhere, and that is
	// not up yet, and Short how it stands; "" for none.
	Successor, Short string
}

// Fate is what becomes of a unit whose document is gone.
type Fate string

// The fates.
const (
	FateKept     Fate = "kept"     // its tag says so, or nothing that is understood
	FateUnasked  Fate = "unasked"  // nobody said anything
	FateDeleted  Fate = "deleted"  // all of it
	FateOrphaned Fate = "orphaned" // it stays, without our tags
	// FateUnknown: its service is gone, and with it the word that stood there.
	FateUnknown Fate = "unknown"
)

// FateOf reads a unit's fate from what is there of it. The word stands on the
// ECS service, and on what outlives the service while the unit is being deleted.
func FateOf(unit []resource.Live, asked bool) Fate {
	marked, services := false, 0
	for _, l := range unit {
		if l.ID.Kind == resource.KindService {
			services++
		}
	}
	if services > 1 { // one was copied with its tags: nobody can tell which
		return FateUnknown
	}
	for _, l := range unit {
		if l.ID.Kind != resource.KindService {
			marked = marked || l.Tags[resource.TagOnDelete] == "prune"
			continue
		}
		switch l.Tags[resource.TagOnDelete] {
		case "prune":
			return FateDeleted
		case "orphan":
			return FateOrphaned
		case "":
			if asked {
				return FateDeleted
			}
			return FateUnasked
		}
		return FateKept
	}
	if marked {
		return FateDeleted
	}
	return FateUnknown
}

// depart plans what becomes of a unit whose document is gone. What goes before
// the service leaves the word on it; what outlives it is marked first, so that
// whoever goes on after a crash knows what was decided.
func (m *maker) depart() {
	fate := FateOf(m.in.Strays, m.in.Gone.Asked)
	kept := "no document names it; its tag " + resource.TagOnDelete + " keeps it"
	if m.in.Gone.Self {
		fate, kept = FateKept, "no document names it; it runs the operator itself, which does not delete itself: delete it from elsewhere"
	}
	var service *draft
	for i := range m.in.Strays {
		l := &m.in.Strays[i]
		o := resource.Stray(*l)
		d := &draft{object: &o, kind: m.kinds[l.ID.Kind], live: *l}
		d.Step = Step{ID: l.ID, Action: ActionNone, ARN: l.ARN, Seen: l.Fingerprint(), Effect: diff.None, Section: o.Section, Stray: true}
		if d.kind == nil {
			continue
		}
		if l.Presence == resource.Unknown {
			d.block(unread(l.ID, l.Err))
		}
		if l.ID.Kind == resource.KindService {
			service = d
		}
		m.strays = append(m.strays, d)
	}
	order := departOrder
	if fate == FateOrphaned { // the word goes last
		order = append(slices.Clone(departOrder[:4]), resource.KindListenerRule, resource.KindTargetGroup, resource.KindService)
	}
	m.sortStrays(order)
	switch fate {
	case FateDeleted:
		m.demolish(service)
	case FateOrphaned:
		m.disown()
	default:
		for _, d := range m.strays {
			if d.Blocked = ""; d.ID.Kind == resource.KindService || fate == FateUnknown {
				d.Why = map[Fate]string{
					FateKept:    kept,
					FateUnasked: "no document names it; --prune would delete it, as policy.onDelete: prune would have",
					FateUnknown: "no document names it, its service is gone, and nobody can tell what the document said of its deletion; delete it by hand",
				}[fate]
			}
		}
		return
	}
	m.holdDeparture(fate, service)
}

// departOrder is the reverse order of need. Task definition revisions come before
// the service, whose tasks do not notice: were they the last, a crash would leave
// revisions of which nobody knows that they were to go.
var departOrder = []string{
	resource.KindScheduledAction, resource.KindScalingPolicy, resource.KindScalableTarget, resource.KindAlarm, resource.KindTaskDefinition,
	resource.KindService, resource.KindListenerRule, resource.KindTargetGroup,
}

// demolish plans the deletion of all of it.
func (m *maker) demolish(service *draft) {
	const why = "no document names the service"
	var marks []*draft
	for _, d := range m.strays {
		outlives := d.ID.Kind == resource.KindListenerRule || d.ID.Kind == resource.KindTargetGroup
		if service != nil && outlives && d.live.Tags[resource.TagOnDelete] != "prune" && d.Blocked == "" {
			marks = append(marks, m.mark(d))
		}
		if service != nil && d != service && d.live.Presence == resource.Unknown {
			// Without the service nobody can tell any more that it was to go.
			service.block(status.Waiting, d.ID.Local()+" could not be read: it goes before the service, or must be told before that it goes too")
		}
		d.Action, d.Effect, d.Why = ActionDelete, deleteEffect(d.ID.Kind), why
		if service != nil && outlives && d.Blocked == "" {
			d.After = "the service is gone"
			d.block(status.Waiting, "it is deleted when the service is gone")
		}
		if d == service {
			d.Effect = diff.Deletion
			if d.live.Health.State == resource.Gone {
				d.block(status.Draining, "the service is being deleted: ECS drains its tasks")
			}
		}
	}
	if service == nil || service.Blocked != "" {
		return
	}
	at := slices.Index(m.strays, service)
	m.strays = slices.Insert(m.strays, at, marks...)
	for _, d := range m.strays[:at+len(marks)] {
		service.Needs = append(service.Needs, d.ID)
	}
}

// mark plans the word on what outlives the service.
func (m *maker) mark(d *draft) *draft {
	o := *d.object
	o.Tags = maps.Clone(o.Tags)
	o.Tags[resource.TagOnDelete] = "prune"
	mark := &draft{object: &o, kind: d.kind, live: d.live, Step: d.Step}
	c := diff.Change{Path: "tags." + resource.TagOnDelete, Op: diff.Add, New: "prune", Effect: diff.None, Reason: diff.FromSpec}
	if old := d.live.Tags[resource.TagOnDelete]; old != "" {
		c.Op, c.Old = diff.Replace, old
	}
	mark.Action, mark.Changes, mark.Tags, mark.Why = ActionUpdate, []diff.Change{c}, o.Tags, "it outlives the service, and says then that it goes too"
	return mark
}

// disown plans that everything stays and our tags go.
func (m *maker) disown() {
	for i, d := range m.strays {
		if !d.kind.Taggable() {
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(d.live.Tags)) {
			if strings.HasPrefix(key, resource.TagPrefix) {
				d.Changes = append(d.Changes, diff.Change{Path: "tags." + key, Op: diff.Remove, Old: d.live.Tags[key], Effect: diff.InPlace, Reason: diff.FromSpec})
			}
		}
		if len(d.Changes) > 0 {
			d.Action, d.Effect, d.Why = ActionUpdate, diff.InPlace, "no document names the service, and policy.onDelete: orphan leaves it to others"
		}
		if d.ID.Kind == resource.KindService {
			for _, before := range m.strays[:i] {
				d.Needs = append(d.Needs, before.ID)
			}
		}
	}
}

// holdDeparture blocks what must wait for more than its turn.
func (m *maker) holdDeparture(fate Fate, service *draft) {
	var reason status.Reason
	why, after := "", ""
	gone := m.in.Gone
	switch {
	case service != nil && service.live.Presence == resource.Unknown:
		reason, why = service.Blocked, service.Why
	case m.in.Doubt != "":
		reason, why = status.Waiting, "nothing is deleted while something of the source is not known: "+m.in.Doubt
	case service != nil && m.suspension(service) != "":
		reason, why = status.Suspended, m.suspension(service)
	case fate == FateDeleted && gone.Over != "" && service != nil && service.live.Health.State != resource.Gone &&
		(gone.Approval == "" || service.live.Tags[resource.TagApproved] != gone.Approval):
		reason, why = status.NeedsApproval, gone.Over
	case fate == FateDeleted && gone.Successor != "" && service != nil && service.live.Health.State != resource.Gone:
		reason, after = status.DependencyMissing, gone.Successor+" is up"
		why = fmt.Sprintf("no document names it here, and %s is to take its place: it is deleted when that is up (%s)", gone.Successor, gone.Short)
	case slices.ContainsFunc(m.strays, func(d *draft) bool { return m.in.Fresh[d.ARN] }):
		reason, why = status.AbsenceGrace, "no document names the service; it is deleted when that is still so after a while"
		if fate == FateOrphaned {
			why = "no document names the service; it is left to others when that is still so after a while"
		}
	}
	if reason == "" {
		return
	}
	for _, d := range m.strays {
		if d.Action != ActionNone {
			d.Blocked, d.Why, d.After = reason, why, after
		}
	}
}

func (m *maker) suspension(service *draft) string {
	if s, ok := ParseSuspension(service.live.Tags[resource.TagSuspend], m.in.Now); ok {
		return fmt.Sprintf("suspended %s", s)
	}
	return ""
}
