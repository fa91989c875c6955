package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// draft is a step while it is being decided.
type draft struct {
	Step
	object *resource.Object
	kind   resource.Kind
	live   resource.Live
	open   []resource.Ref
	// foreign: it exists and is not ours to write.
	foreign bool
	// lossless: its replacement can serve beside it; obstacle is why it cannot.
	lossless bool
	obstacle string
	// stays: the live object will answer to the same references afterwards.
	stays bool
	// held are changes put aside, with the reason: the second step of the ID.
	held       []diff.Change
	heldAction Action
	heldReason status.Reason
	heldWhy    string
	heldAfter  string
	// stands: the service keeps its strategy as it keeps its target groups.
	stands bool
	// moving: the step takes the service from another deployment controller to ECS'.
	moving bool
	// asides are further changes put apart, each a step of its own.
	asides  []aside
	settled resource.Settled
}

func (d *draft) block(r status.Reason, why string) {
	if d.Blocked == "" {
		d.Blocked, d.Why = r, why
	}
}

// draft decides what one object needs, seen alone.
func (m *maker) draft(o *resource.Object) *draft {
	d := &draft{object: o, kind: m.kinds[o.ID.Kind], live: m.in.Live[o.ID]}
	d.Step = Step{
		ID: o.ID, Action: ActionNone, ARN: d.live.ARN, Want: o.Want, Tags: o.Tags, Seen: d.live.Fingerprint(),
		Needs: slices.Clone(o.Needs), Effect: diff.None, Section: o.Section,
	}
	slices.SortFunc(d.Needs, byID)
	if d.kind == nil {
		d.block(status.InternalError, fmt.Sprintf("nothing here knows the kind %q", o.ID.Kind))
		return d
	}
	o = m.settle(d)
	want, open := resource.Resolve(*o, m.attributes)
	d.Want, d.Extra, d.open = want.Want, written(want), open
	switch {
	case d.live.Presence == resource.Unknown:
		reason, why := unread(o.ID, d.live.Err)
		d.block(reason, why)
	case d.live.Presence == resource.Absent:
		m.create(d)
	case d.live.Health.State == resource.Gone && o.ID.Kind != resource.KindTaskDefinition:
		m.create(d)
		d.block(status.Draining, "the former "+o.ID.Local()+" is still being deleted; it is created again when that has ended")
	case d.live.Health.State == resource.Gone:
		m.create(d) // an INACTIVE revision: registering needs no wait
	default:
		m.differ(d, want)
	}
	m.calm(d)
	if why := m.stranded[d.ID]; why != "" && d.writes() {
		d.block(status.NeedsRecreate, why)
	}
	m.unlit(d)
	m.remains(d)
	return d
}

// written are the members of an object's Extra that its author wrote: kinds leave
// marks of their own beside them.
func written(o resource.Object) map[string]any {
	out := map[string]any{}
	for key, v := range o.Extra {
		for path := range o.Written.Paths() {
			if path == key || strings.HasPrefix(path, key+"[") || strings.HasPrefix(path, key+".") {
				out[key] = v
				break
			}
		}
	}
	return out
}

func (m *maker) create(d *draft) {
	d.Action, d.ARN = ActionCreate, ""
	if d.ID.Kind == resource.KindService {
		d.Effect = diff.NewDeployment
	}
	if m.in.InGrace[d.ID] {
		d.block(status.AbsenceGrace, d.ID.Local()+" was there a moment ago, or may just have been made; it is created when it stays away")
	}
}

// differ compares an object that exists.
func (m *maker) differ(d *draft, want resource.Object) {
	d.stays = true
	tags := tagChanges(m.in, d.object, d.kind, d.live)
	changes := d.kind.Diff(&want, &d.live, m.comparing(d.object, &d.live))
	m.quiet(d, changes)
	m.scheduled(d, changes)
	m.cover(d, &want)
	if len(effective(changes)) == 0 { // else the write comes anyway
		changes = append(changes, m.band(d)...)
	}
	if m.own(d, tags, changes) {
		return
	}
	if m.fixedCount() && m.cmp.HasScalableTarget && d.ID.Kind == resource.KindService {
		var count []diff.Change
		changes, count = split(changes, "desiredCount")
		if len(count) > 0 {
			d.asides = append(d.asides, aside{changes: count, reason: status.NotOurs,
				why: "a scalable target that this document does not declare owns the count; take it away, or write policy.desiredCount: initial"})
		}
	}
	if m.in.ScalingUnread && d.ID.Kind == resource.KindService {
		var count []diff.Change
		if changes, count = split(changes, "desiredCount"); len(count) > 0 {
			scaling := d.ID.Of(resource.KindScalableTarget, "")
			reason, why := unread(scaling, m.in.Live[scaling].Err)
			d.asides = append(d.asides, aside{changes: count, reason: reason, why: "the count waits until it is known whether somebody scales the service: " + why})
		}
	}
	m.attribute(d, changes)
	m.attribute(d, tags)
	changes = m.graced(d, changes)
	d.Changes = m.contest(d, append(changes, tags...))
	d.lossless, d.obstacle = m.lossless[d.ID], m.obstacle[d.ID]
	if len(effective(d.Changes)) > 0 {
		m.unlit(d)
	}
	d.decide(m.in.Unit.Policy.Recreate)
}

// decide derives action and effect from the changes.
func (d *draft) decide(recreate bool) {
	d.Effect = worst(d.Changes)
	switch {
	case len(effective(d.Changes)) == 0:
		d.Action = ActionNone
	case d.ID.Kind == resource.KindTaskDefinition: // an update is a new revision
		d.Action, d.stays = ActionUpdate, false
	case recreates(d.ID, d.Effect):
		d.Action = ActionReplace
		d.stays = !recreate
		if !recreate && d.ID.Kind != resource.KindService { // a service's is held apart
			d.block(status.NeedsRecreate, needsRecreate(d.Changes))
		}
	case d.Effect == diff.Replacement:
		// What cannot serve beside the old one takes the traffic before its targets
		// are healthy: nobody gets that without asking.
		free := recreate || d.lossless
		d.Action, d.stays = ActionReplace, !free
		if !free {
			d.block(status.NeedsRecreate, needsReplacement(d.ID.Kind, d.Changes, d.obstacle))
		}
	default:
		d.Action = ActionUpdate
	}
}

// recreates: the object must be deleted before it can be made again. A service
// cannot stand beside its replacement, since its name is its identity.
func recreates(id resource.ID, e diff.Effect) bool {
	return e == diff.Recreation || e == diff.Replacement && id.Kind == resource.KindService
}

func needsRecreate(changes []diff.Change) string {
	return fixed(changes) + " cannot be changed in place; policy.recreate: true allows deleting and creating it, with downtime"
}

func needsReplacement(kind string, changes []diff.Change, obstacle string) string {
	if kind == resource.KindListenerRule {
		return fixed(changes) + " cannot be changed in place; policy.recreate: true allows making the rule anew there, and deleting this one afterwards"
	}
	if obstacle != "" {
		obstacle = ", and " + obstacle
	}
	return fixed(changes) + " cannot be changed in place" + obstacle + "; policy.recreate: true allows a replacement, which gets the traffic before its targets are healthy"
}

// fixed names the paths that AWS does not change on what exists.
func fixed(changes []diff.Change) string {
	var paths []string
	for _, c := range effective(changes) {
		if c.Effect.Rank() >= diff.Replacement.Rank() {
			paths = append(paths, c.Path)
		}
	}
	return list(paths)
}

// steps gives the draft's steps: what is done, what is held, what is put aside.
func (d *draft) steps() []Step {
	first := d.Step
	var others []Step
	if d.heldReason != "" {
		second := d.Step
		second.Fields, second.Notes = nil, nil // told by the first
		second.Action, second.Changes, second.Effect = d.heldAction, d.held, worst(d.held)
		second.Blocked, second.Why, second.After = d.heldReason, d.heldWhy, d.heldAfter
		others = append(others, second)
	}
	for _, a := range d.asides {
		others = append(others, a.step(d))
	}
	if len(others) > 0 && first.Action == ActionNone && first.Blocked == "" {
		others[0].Changes = append(slices.Clone(others[0].Changes), first.Changes...) // what is only shown
		others[0].Notes = first.Notes
		if d.heldReason == "" {
			others[0].Fields = first.Fields
		}
		return others
	}
	return append([]Step{first}, others...)
}
