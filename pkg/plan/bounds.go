package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// Count is what registering a scalable target does to the running count by
// itself: RegisterScalableTarget pulls it into the range, whatever was changed.
type Count struct {
	From int `json:"from"`
	To   int `json:"to"`
	// Bound is the member that pulls: minCapacity or maxCapacity.
	Bound string `json:"bound"`
}

func (c Count) String() string {
	if c.To < c.From {
		return fmt.Sprintf("stops %d of %d running tasks", c.From-c.To, c.From)
	}
	if c.To-c.From == 1 {
		return "starts 1 task"
	}
	return fmt.Sprintf("starts %d tasks", c.To-c.From)
}

// gateCount says of a registration of the scalable target what it does to the
// count, and keeps one that stops running tasks for a person to approve.
func (m *maker) gateCount() {
	for _, d := range m.order {
		c := m.pull(d)
		if c == nil {
			continue
		}
		m.plan.Consequence.Count = c
		note(d, *c)
		if c.To >= c.From || m.in.approved || !d.writes() {
			continue
		}
		d.block(status.NeedsApproval, "") // the sentence needs the hash of what is decided here
		m.plan.Approval = approval(d)
		d.Why = fmt.Sprintf("with %s %d it %s; `ecs-operator approve %s --plan %s` allows that, a higher %s avoids it",
			c.Bound, c.To, c, m.in.Unit.Key.Name, m.plan.Approval, c.Bound)
		if tag := m.approvedTag(); tag != "" {
			d.Why = fmt.Sprintf("the approval %s is of another plan: %s", tag, d.Why)
		}
	}
}

// pull is what a step does to the count; nil for nothing.
func (m *maker) pull(d *draft) *Count {
	if d.ID.Kind != resource.KindScalableTarget || m.service == nil || d.foreign || !registers(d) {
		return nil
	}
	live := m.service.live
	if live.Presence != resource.Present || live.Service == nil {
		return nil
	}
	body, _ := shape.Plain(d.Want, nil).(map[string]any)
	count := live.Service.Desired
	low, haveLow := integer(body[minCapacity])
	high, haveHigh := integer(body[maxCapacity])
	switch {
	case haveHigh && int64(count) > high:
		return &Count{From: int(count), To: int(high), Bound: maxCapacity}
	case haveLow && int64(count) < low:
		return &Count{From: int(count), To: int(low), Bound: minCapacity}
	}
	return nil
}

const (
	minCapacity = "minCapacity"
	maxCapacity = "maxCapacity"
)

// registers reports whether the step calls RegisterScalableTarget with something
// new. Tags have a call of their own, and policy.desiredCount: band asks in
// advance for the count to be pulled in.
func registers(d *draft) bool {
	switch d.Action {
	case ActionCreate:
		return true
	case ActionUpdate:
		return slices.ContainsFunc(effective(d.Changes), func(c diff.Change) bool {
			return c.Field() != "tags" && !again(c)
		})
	}
	return false
}

// again: the bound is registered as it is (band).
func again(c diff.Change) bool {
	old, had := integer(c.Old)
	now, has := integer(c.New)
	return had && has && old == now
}

// spendApproval takes the approval off the service when nothing is left that it
// was for: the next lower maximum is a new decision.
func (m *maker) spendApproval() {
	if m.approvedTag() == "" || m.service.foreign || slices.ContainsFunc(m.strays, func(d *draft) bool { return d.Action != ActionNone }) {
		return
	}
	if reason, _ := m.unitReason(); reason != "" {
		return
	}
	for _, d := range m.order {
		if d.Action != ActionNone || d.Blocked != "" || d.heldReason != "" {
			return
		}
	}
	s := m.service
	s.Changes = append(s.Changes, diff.Change{Path: "tags." + resource.TagApproved, Op: diff.Remove, Old: m.approvedTag(),
		Effect: diff.InPlace, Reason: diff.FromSpec, Note: "what it allowed is done"})
	s.Action, s.Effect = ActionUpdate, diff.InPlace
}

// note puts the words beside the bound that pulls, else beside what is changed.
func note(d *draft, c Count) {
	at := -1
	for i, change := range d.Changes {
		if change.Informational || change.Field() == "tags" {
			continue
		}
		if at < 0 || change.Path == c.Bound {
			at = i
		}
	}
	if at < 0 {
		return
	}
	text := c.String()
	if d.Changes[at].Path != c.Bound {
		text = fmt.Sprintf("registering it again pulls the count to its %s %d: %s", c.Bound, c.To, text)
	}
	d.Changes[at].Note = strings.TrimPrefix(d.Changes[at].Note+"; "+text, "; ")
}

// approval is what a person approves of a step: what would be done, not from
// which count, which the autoscaler moves all day.
func approval(d *draft) string {
	return digest([]any{d.ID.String(), d.Action, shape.Plain(d.Want, nil), changesDigest(fields(d.Changes))})
}

// fields are the changes without those of tags.
func fields(changes []diff.Change) []diff.Change {
	return slices.DeleteFunc(slices.Clone(changes), func(c diff.Change) bool { return c.Field() == "tags" })
}

func (m *maker) approvedTag() string {
	if m.service == nil || m.service.live.Presence != resource.Present {
		return ""
	}
	return m.service.live.Tags[resource.TagApproved]
}

// approved: the service carries the approval of what the plan would not do
// unasked.
func (p Plan) approved(in Input) bool {
	if p.Approval == "" {
		return false
	}
	service := resource.ID{Target: p.Unit.Target, Cluster: p.Unit.Cluster, Unit: p.Unit.Name, Kind: resource.KindService}
	live := in.Live[service]
	return live.Presence == resource.Present && live.Tags[resource.TagApproved] == p.Approval
}

// scheduled turns a change of a bound into one that is only shown where a
// scheduled action of the unit has set what is there: a bound is either the
// document's or one that its schedule sets, and both are as it should be.
func (m *maker) scheduled(d *draft, changes []diff.Change) {
	if d.ID.Kind != resource.KindScalableTarget {
		return
	}
	for i := range changes {
		c := &changes[i]
		have, ok := integer(c.Old)
		if !ok || c.Informational || c.Path != minCapacity && c.Path != maxCapacity {
			continue
		}
		if name := m.setBy(c.Path, have); name != "" {
			c.Informational, c.Effect = true, diff.None
			c.Note = fmt.Sprintf("the scheduled action %s has set it", name)
		}
	}
}

// setBy names the scheduled action of the unit that sets a bound to a number, as
// it is written or as AWS has it.
func (m *maker) setBy(bound string, n int64) string {
	for _, o := range m.in.Unit.Objects() {
		if o.ID.Kind != resource.KindScheduledAction {
			continue
		}
		for _, body := range []any{o.Want, m.in.Live[o.ID].Value} {
			if body == nil {
				continue
			}
			if set, ok := integer(descend(shape.Plain(body, nil), "scalableTargetAction."+bound)); ok && set == n {
				return o.ID.Name
			}
		}
	}
	return ""
}
