package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// aside are changes of an object that are put apart from its others: shown as
// a step of their own with the reason, while the others are made.
type aside struct {
	changes []diff.Change
	reason  status.Reason
	why     string
	after   string
}

func (a aside) step(d *draft) Step {
	s := d.Step
	s.Fields = nil // told by the first
	s.Action, s.Changes, s.Effect = ActionUpdate, a.changes, worst(a.changes)
	s.Blocked, s.Why, s.After = a.reason, a.why, a.after
	return s
}

// open: it is to be made yet, and not left alone on purpose.
func (a aside) open() bool { return a.reason != status.DriftGrace && a.reason != status.Contested }

// contest takes out what somebody else keeps writing back: after three rounds
// the operator leaves that field alone, and that field only.
func (m *maker) contest(d *draft, changes []diff.Change) []diff.Change {
	contested := m.in.Contested[d.ID]
	if len(contested) == 0 {
		return changes
	}
	rest := changes[:0:0]
	for _, c := range changes {
		why, ok := contested[c.Path]
		if !ok || c.Informational {
			rest = append(rest, c)
			continue
		}
		d.asides = append(d.asides, aside{changes: []diff.Change{c}, reason: status.Contested, why: why})
	}
	return rest
}

// DefaultDriftGrace is how long a raise of the count is held where the document
// does not say (policy.driftGrace).
const DefaultDriftGrace = time.Hour

// graced holds a raise of the count that somebody made outside of git. People
// raise it when something burns: taking the tasks away again at once would make
// it worse, while too few tasks are healed at once. A count that the document
// itself has lowered since is no drift, and waits for nothing.
func (m *maker) graced(d *draft, changes []diff.Change) []diff.Change {
	rest, count := split(changes, "desiredCount")
	if d.ID.Kind == resource.KindService && len(count) == 0 && d.live.Presence == resource.Present && !m.in.ScalingUnread { // else a count that differs was put aside
		m.plan.counted = true
	}
	if d.ID.Kind != resource.KindService || len(count) != 1 || count[0].Informational || count[0].Reason != diff.FromDrift && !m.in.CountMet || d.live.Service == nil ||
		strings.HasPrefix(count[0].Pos, "--set") { // said by hand, now
		return changes
	}
	body, _ := shape.Plain(d.Want, nil).(map[string]any)
	want, ok := integer(body["desiredCount"])
	have := int64(d.live.Service.Desired)
	if !ok || have <= want {
		return changes
	}
	count[0].Reason = diff.FromDrift
	m.plan.raised = int32(have) //nolint:gosec // it is an int32
	grace := DefaultDriftGrace
	if written, err := time.ParseDuration(m.in.Unit.Policy.DriftGrace); err == nil {
		grace = written
	}
	since, until := m.raisedSince(d, grace)
	now, err := time.Parse(time.RFC3339, m.in.Now)
	if err != nil || !now.Before(until) {
		return changes
	}
	d.asides = append(d.asides, aside{changes: count, reason: status.DriftGrace,
		why: fmt.Sprintf("somebody raised the count from %d to %d outside of git, seen since %s; it is kept until %s (policy.driftGrace %s), then it goes back; write it into the document to keep it",
			want, have, since.UTC().Format(time.RFC3339), until.UTC().Format(time.RFC3339), grace)})
	return rest
}

// raisedSince is since when the count is known to be raised, and until when it
// is kept. Nobody else remembers it: there is no tag for it, since the raise is
// not ours to stamp. So it is the earlier of two moments that are both after
// the raise: when this process first saw it, and, where every wanted task runs,
// when ECS started the newest of them. A restart may lengthen the hold; nothing
// shortens it.
func (m *maker) raisedSince(d *draft, grace time.Duration) (since, until time.Time) {
	now, err := time.Parse(time.RFC3339, m.in.Now)
	if err != nil {
		return since, until
	}
	since = now
	if seen, err := time.Parse(time.RFC3339, m.in.RaisedSince); err == nil && seen.Before(since) {
		since = seen
	}
	s := d.live.Service
	if s.Running >= s.Desired && s.Pending == 0 && s.PrimaryState != "IN_PROGRESS" {
		if started, err := time.Parse(time.RFC3339, s.StartedTasks); err == nil && started.Before(since) {
			since = started
		}
	}
	return since, since.Add(grace)
}

// Raised is the count that somebody raised outside of git, held or not; false
// for none. Whoever plans remembers since when (Input.RaisedSince).
func (p Plan) Raised() (int32, bool) { return p.raised, p.raised > 0 }

// Counted reports whether the service has the document's count (Input.CountMet).
func (p Plan) Counted() bool { return p.counted }

// holdAsides gives what is put aside the reason that holds for the whole unit.
func (d *draft) holdAsides(r status.Reason, why string) {
	for i := range d.asides {
		d.asides[i].reason, d.asides[i].why, d.asides[i].after = r, why, ""
	}
}

// followAsides holds the registration of a revision that the service may not
// move to, because something of what it takes is put aside.
func (m *maker) followAsides() {
	if m.service == nil {
		return
	}
	for _, a := range m.service.asides {
		if !slices.ContainsFunc(a.changes, func(c diff.Change) bool { return c.Path == "taskDefinition" }) {
			continue
		}
		for _, id := range m.service.Needs {
			if d := m.drafts[id]; d != nil && d.writes() && id.Kind == resource.KindTaskDefinition {
				d.block(a.reason, a.why)
			}
		}
	}
}
