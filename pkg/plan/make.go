package plan

import (
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
		drafts:   make(map[resource.ID]*draft, len(in.Unit.Objects())),
		plan:     Plan{Revision: in.Frame.Source, Unit: in.Unit.Key, Environment: in.Unit.Environment, ContentHash: in.Unit.ContentHash},
	}
	for _, k := range in.Kinds {
		m.kinds[k.Name()] = k
	}
	m.draftAll()
	m.gateAll()
	if m.in.Gone != nil {
		m.depart()
	} else {
		m.prune()
	}
	m.spendApproval()
	m.line()
	m.conclude()
	return m.plan
}

// draftAll decides about every object alone, in the order of need.
func (m *maker) draftAll() {
	objects, circle := order(m.in.Unit.Objects())
	m.compare(objects)
	if m.takeovers(objects); m.plan.objects != nil {
		objects, circle = order(m.in.Unit.Objects())
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
}

// gateAll holds back what holds for the unit, for what starts a deployment, and
// then what depends on what is held.
func (m *maker) gateAll() {
	m.holdUnit()
	m.adoptFirst()
	m.gateCount()
	m.gateStrategy()
	for _, d := range m.order {
		if d == m.service {
			m.gateDeployment(d)
		}
		m.gateNeeds(d)
		if d == m.service {
			m.gateAssociation(d)
			m.gateFirst()
			m.gateHooks(d)
			m.goOn(d)
		}
		m.gateTraffic(d)
	}
	m.holdFollowers()
	m.followAsides()
}

// line puts the steps in their order: hooks beside the deployment, what a
// takeover does later, and what no document names at the end.
func (m *maker) line() {
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
}

// conclude says what the whole of it means, and seals it.
func (m *maker) conclude() {
	var service resource.Live
	if m.service != nil {
		service = m.service.live
	}
	for _, d := range m.strays {
		if m.in.Gone != nil && d.ID.Kind == resource.KindService {
			service = d.live
		}
	}
	count := m.plan.Consequence.Count // gateCount knows it
	m.plan.Consequence = Consequences(m.plan, service)
	m.plan.Consequence.Count = count
	m.plan.Seal = m.seal()
}

type maker struct {
	in      Input
	kinds   map[string]resource.Kind
	cmp     resource.Compare
	drafts  map[resource.ID]*draft
	order   []*draft
	service *draft // nil for a unit without one
	strays  []*draft
	yields  map[resource.ID]*draft // what waits until a stray is gone
	before  []*draft               // hooks that run before the service is touched
	behind  []*draft               // hooks that run after its deployment
	hooking bool                   // the deployment waits for a hook
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
