package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// Make computes the plan of one unit. It is pure, total and deterministic: every
// object of the unit has a step, whatever is known of it.
//
// It works in rounds: a draft per object in order of need, then what holds for
// the whole unit (mode, suspension, a service that nobody could read), then
// what holds for the part of a service that starts a deployment, then what
// depends on what is held.
func Make(in Input) Plan {
	p := once(in)
	if p.approved(in) {
		in.approved = true
		return once(in)
	}
	return p
}

// once makes a plan with or without what a person approved.
func once(in Input) Plan {
	m := &maker{
		in:       in,
		document: in.Unit,
		kinds:    make(map[string]resource.Kind, len(in.Kinds)),
		drafts:   make(map[resource.ID]*draft, len(in.Unit.Objects)),
		plan:     Plan{Revision: in.Frame.Source, Unit: in.Unit.Key, Environment: in.Unit.Environment, ContentHash: in.Unit.ContentHash},
	}
	for _, k := range in.Kinds {
		m.kinds[k.Name()] = k
	}
	objects, circle := order(in.Unit.Objects)
	m.compare(objects)
	if m.takeovers(objects); m.plan.objects != nil {
		objects, circle = order(m.in.Unit.Objects)
	}
	for _, o := range objects {
		d := m.draft(o)
		if circle[o.ID] {
			d.Blocked = "" // whatever else is the matter
			d.block(status.InvalidSpec, "it is part of, or waits for, a circle of references; break the circle in the spec")
		}
		m.drafts[o.ID] = d
		m.order = append(m.order, d)
		if o.ID.Kind == resource.KindService && m.service == nil {
			m.service = d
		}
	}
	m.nameImage()
	m.holdUnit()
	m.adoptFirst()
	m.gateCount()
	for _, d := range m.order {
		if d == m.service {
			m.gateDeployment(d)
		}
		m.gateNeeds(d)
		if d == m.service && d.Action == ActionCreate && d.writes() {
			if why := m.unassociated(d); why != "" {
				d.block(status.DependencyMissing, why)
			}
		}
		if d == m.service {
			m.gateFirst()
			m.gateHooks(d)
		}
		m.gateTraffic(d)
	}
	m.holdFollowers()
	m.followAsides()
	if m.in.Gone != nil {
		m.depart()
	} else {
		m.prune()
	}
	m.spendApproval()
	m.plan.Steps = []Step{}
	add := func(drafts []*draft) {
		for _, d := range drafts {
			for _, s := range d.steps() {
				m.plan.Steps, m.of = append(m.plan.Steps, s), append(m.of, d)
			}
		}
	}
	add(m.withHooks())
	m.plan.moved = m.moved()
	for _, s := range m.later() {
		m.plan.Steps, m.of = append(m.plan.Steps, s), append(m.of, m.drafts[s.ID])
	}
	add(m.strays)
	var service resource.Live
	if m.service != nil {
		service = m.service.live
	}
	count := m.plan.Consequence.Count
	for _, d := range m.strays {
		if m.in.Gone != nil && d.ID.Kind == resource.KindService {
			service = d.live
		}
	}
	m.plan.Consequence = Consequences(m.plan, service)
	m.plan.Consequence.Count = count
	m.plan.Seal = m.seal()
	return m.plan
}

type maker struct {
	in      Input
	kinds   map[string]resource.Kind
	cmp     resource.Compare
	drafts  map[resource.ID]*draft
	order   []*draft
	service *draft // nil for a unit without one
	strays  []*draft
	before  []*draft // hooks that run before the service is touched
	behind  []*draft // hooks that run after its deployment
	hooking bool     // the deployment waits for a hook
	plan    Plan
	// Of target groups that take over from others: those that lose nothing, why
	// others would, what is not known well enough to be written, and the rest.
	lossless map[resource.ID]bool
	obstacle map[resource.ID]string
	stranded map[resource.ID]string
	blind    map[resource.ID]error
	takes    []*takeover
	document *resource.Unit // as it is written
	of       []*draft       // of each of the plan's steps
}

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

// nameImage says beside a move to another revision what people call the version:
// where the revision exists already, nothing else shows it.
func (m *maker) nameImage() {
	if m.service == nil {
		return
	}
	for _, d := range m.order {
		if d.ID.Kind != resource.KindTaskDefinition || d.live.Image == "" || d.live.Image == m.in.Unit.Image || m.in.Unit.Image == "" {
			continue
		}
		for i := range m.service.Changes {
			if c := &m.service.Changes[i]; c.Path == "taskDefinition" && c.Note == "" {
				c.Note = "image " + d.live.Image + " → " + m.in.Unit.Image
			}
		}
	}
}

// comparing is what the diff of one object has to know. What stands around the
// service has a memory of its own: whether an image changed says nothing of the
// lines of a listener rule.
func (m *maker) comparing(o *resource.Object, live *resource.Live) resource.Compare {
	c := m.cmp
	if o.ID.Surrounding() {
		c.InputChanged = resource.LineDeleted(o, live)
	}
	return c
}

// compare learns what holds for every diff of the pass.
func (m *maker) compare(objects []*resource.Object) {
	m.cmp = resource.Compare{Policy: m.in.Unit.Policy, HasScalableTarget: m.in.ForeignScaling}
	for _, o := range objects {
		switch o.ID.Kind {
		case resource.KindScalableTarget:
			m.cmp.HasScalableTarget = true
		case resource.KindService:
			live := m.in.Live[o.ID]
			// Of a service that could not be read nothing is known, and nothing
			// of it will be written in this pass.
			m.cmp.InputChanged = live.Presence == resource.Absent ||
				live.Presence == resource.Present && !m.in.Unit.Carries(live.Tags[resource.TagSpecHash])
		}
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
	d.unsettled()
	return d
}

// written are the members of an object's Extra that its author wrote: kinds leave
// marks of their own beside them.
func written(o resource.Object) map[string]any {
	out := map[string]any{}
	for key, v := range o.Extra {
		for path := range o.Written {
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
			d.hold(count, status.NotOurs, "a scalable target that this document does not declare owns the count; take it away, or write policy.desiredCount: initial")
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

// cover lists the fields of an object that exists, with their owners.
func (m *maker) cover(d *draft, want *resource.Object) {
	ruled, ok := d.kind.(resource.Ruled)
	if !m.in.Cover || !ok || d.live.Value == nil {
		return
	}
	d.Fields = ruled.Rules(want, m.comparing(d.object, &d.live)).Coverage(diff.Args{
		Want: want.Want, Live: d.live.Value, WantExtra: want.Extra, LiveExtra: d.live.Extra,
		Written: want.Written, Section: want.Section, Ignore: m.cmp.Policy.Ignore,
	})
}

// fixedCount: the author insists on the count, against whoever scales.
func (m *maker) fixedCount() bool { return m.in.Unit.Policy.DesiredCount == "fixed" }

// split parts the changes of one path from the others.
func split(changes []diff.Change, path string) (others, of []diff.Change) {
	for _, c := range changes {
		if c.Path == path {
			of = append(of, c)
		} else {
			others = append(others, c)
		}
	}
	return others, of
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
			d.block(status.NeedsRecreate, needsReplacement(d.Changes, d.obstacle))
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

func needsReplacement(changes []diff.Change, obstacle string) string {
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

// quiet turns changes that say nothing certain into ones that are only shown: of
// a field that refers to something that could not be read, and of a count that
// an autoscaler owns.
func (m *maker) quiet(d *draft, changes []diff.Change) {
	unread := map[string]resource.ID{} // by field
	for _, r := range d.open {
		if to := m.drafts[r.To]; to != nil && to.live.Presence == resource.Unknown {
			unread[diff.Change{Path: r.Path}.Field()] = r.To
		}
	}
	for i := range changes {
		c := &changes[i]
		to, unsure := unread[c.Field()]
		switch {
		case c.Informational:
		case unsure:
			c.Informational, c.Effect = true, diff.None
			c.Note = "not known: " + to.Local() + " could not be read"
		case d.ID.Kind == resource.KindService && c.Path == "desiredCount" && m.cmp.HasScalableTarget && !m.fixedCount():
			c.Informational, c.Effect, c.Note = true, diff.None, "the count is left to the autoscaler"
		}
	}
}

// attributes answers references: by the live object where it will stay, else by
// what is known of an object before it exists.
func (m *maker) attributes(id resource.ID) map[string]string {
	d := m.drafts[id]
	if d == nil || d.kind == nil {
		return nil
	}
	out := map[string]string{}
	for k, v := range d.kind.Attributes(d.object) {
		out[k] = v
	}
	if !d.stays || d.foreign {
		return out
	}
	if d.live.ARN != "" {
		out["arn"] = d.live.ARN
	}
	if d.live.Name != "" {
		out["name"] = d.live.Name
	}
	for k, v := range d.live.Attrs {
		if v != "" {
			out[k] = v
		}
	}
	return out
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

func effective(changes []diff.Change) []diff.Change {
	var out []diff.Change
	for _, c := range changes {
		if !c.Informational {
			out = append(out, c)
		}
	}
	return out
}

func worst(changes []diff.Change) diff.Effect {
	e := diff.None
	for _, c := range effective(changes) {
		e = diff.Worst(e, c.Effect)
	}
	return e
}
