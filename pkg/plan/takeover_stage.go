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

// read finds the stage. Nothing is remembered: a process that starts in the
// middle reads the same.
func (t *takeover) read(m *maker) {
	service, live := m.leads(t.service), m.in.Live[t.service]
	serves := false
	if t.fresh != nil {
		_, serves = service[t.fresh.ARN]
	}
	remains := false // in an old one
	targets := int32(0)
	for _, old := range t.old {
		if _, ok := service[old.ARN]; ok {
			remains = true
		}
		targets += old.Group.Targets
	}
	all := true
	for _, id := range t.rules {
		t.turned[id] = serves && t.hasTurned(m, id)
		all = all && t.turned[id]
	}
	t.all = all
	settled := live.Service != nil && live.Service.PrimaryState == "COMPLETED" && live.Service.Deployments == 1
	t.short = t.shortOf(m)
	switch {
	case !serves || !settled:
		t.stage = joining
	case !remains && !all:
		// The service has left, and a rule leads to where it was: turned at once.
		t.stage = turning
	case !remains && targets > 0:
		t.stage = draining
	case !remains:
		t.stage = dropping
	case t.short != "" && !all:
		t.stage = joining
	case !all:
		t.stage = turning
	default:
		t.stage = leaving
	}
}

// hasTurned: requests that come through the live rule go to the new one alone.
func (t *takeover) hasTurned(m *maker, id resource.ID) bool {
	leads := m.leads(id)
	for _, old := range t.old {
		if leads[old.ARN] > 0 {
			return false
		}
	}
	return leads[t.fresh.ARN] > 0
}

// others finds the rules through which requests come to an old target group and
// which this document does not turn.
func (t *takeover) others(m *maker) {
	for _, old := range t.old {
		ours := m.turns(old.ARN)
		for _, lead := range old.Group.LedBy {
			if lead.Weight > 0 && !ours[lead.ARN] {
				t.foreign = append(t.foreign, lead)
			}
		}
	}
}

// shortOf says why the new target group cannot take the requests: it must have as
// many healthy targets as the minimum healthy percent of the service asks for, and
// as many as the old one, since that is what serves now.
func (t *takeover) shortOf(m *maker) string {
	live := m.in.Live[t.service]
	if t.fresh == nil || t.fresh.Group == nil || live.Service == nil {
		return "it is not there yet"
	}
	percent := 100.0
	body := shape.Plain(live.Value, nil)
	if p := descend(body, "deploymentConfiguration.minimumHealthyPercent"); p != nil {
		percent = (settings{live: body}).number("deploymentConfiguration.minimumHealthyPercent", percent)
	} else if descend(body, "schedulingStrategy") == "DAEMON" {
		percent = 0
	}
	desired := live.Service.Desired
	need := int32((float64(desired)*percent + 99) / 100)
	for _, old := range t.old {
		need = max(need, min(old.Group.Healthy, desired))
	}
	if desired > 0 {
		need = max(need, 1)
	}
	if have := t.fresh.Group.Healthy; have < need {
		return fmt.Sprintf("%d of %d targets healthy in %s", have, need, t.fresh.Name)
	}
	return ""
}

// adapt puts what the service and the rules shall be in this stage in the place
// of what the document says.
func (t *takeover) adapt(m *maker) {
	put := func(id resource.ID, done bool, from func(string) bool) {
		o := m.in.Unit.Object(id)
		turn := t.turn(m, id, done)
		turn.From = slices.DeleteFunc(turn.From, func(arn string) bool { return !from(arn) })
		if len(turn.From) == 0 {
			return // nobody stood there
		}
		adapted, _ := m.kinds[id.Kind].(resource.Road).Beside(*o, turn)
		m.replaceObject(adapted)
	}
	service := m.leads(t.service)
	if t.stage < leaving || t.stage == leaving && len(t.foreign) > 0 {
		put(t.service, false, func(arn string) bool { _, ok := service[arn]; return ok })
	}
	if t.stage == dropping {
		return
	}
	for _, id := range t.rules {
		done := t.stage >= turning || t.turned[id]
		put(id, done, func(string) bool { return true })
	}
	if t.stage < leaving && !t.all {
		t.keepWatching(m)
	}
}

// keepWatching lets alarms and scaling speak of the target group that gets the
// requests until the new one does: the metrics of one without requests would
// silence the alarms and scale the service in.
func (t *takeover) keepWatching(m *maker) {
	for _, o := range m.in.Unit.Objects() {
		if _, road := m.kinds[o.ID.Kind].(resource.Road); road || !slices.ContainsFunc(o.Refs, func(r resource.Ref) bool { return r.To == t.id }) {
			continue
		}
		kept, _ := resource.Resolve(*o, func(id resource.ID) map[string]string {
			if id == t.id {
				return t.old[0].Attributes()
			}
			return nil
		})
		m.replaceObject(kept)
		t.watch = append(t.watch, o.ID)
	}
}

// replaceObject lets the unit of this plan, and no other, want something else.
func (m *maker) replaceObject(o resource.Object) {
	if m.plan.objects == nil {
		m.plan.objects = map[resource.ID]*resource.Object{}
	}
	m.in.Unit = m.in.Unit.Put(&o)
	m.plan.objects[o.ID] = &o
}

// Object is the object of a unit as the plan wants it: while a target group takes
// over from another, the service and the rules that lead to it are wanted in
// another form than the document's.
func (p Plan) Object(u *resource.Unit, id resource.ID) *resource.Object {
	if o := p.objects[id]; o != nil {
		return o
	}
	return u.Object(id)
}

// Moves reports whether a takeover moves the object: what differs of it from pass
// to pass is this operator's own doing.
func (p Plan) Moves(id resource.ID) bool { return p.moved[id] }

// The waits of a takeover, in the words of After.
const (
	afterJoined  = "the service's deployment in both target groups has succeeded and the targets in the new one are healthy"
	afterTurned  = "every rule leads to the new target group"
	afterLeft    = "the service has left the old target group and its targets have drained"
	afterRemade  = "the new one stands and the rest is done"
	afterDropped = "no rule leads to the old target group any more"
)

// later are the steps of the takeovers that come in later passes: shown now, done
// when a pass finds that it is their time.
func (m *maker) later() []Step {
	var out []Step
	for _, d := range m.order { // a rule that is made anew on another listener leaves one behind
		if d.ID.Kind == resource.KindListenerRule && d.Action == ActionReplace && d.writes() {
			out = append(out, Step{ID: d.ID, Action: ActionDelete, ARN: d.live.ARN, Effect: deleteEffect(d.ID.Kind), Section: d.Section,
				Blocked: status.Waiting, After: afterRemade, Why: "the rule on the former listener is deleted when " + afterRemade})
		}
	}
	for _, t := range m.takes {
		if t.stage < turning {
			for _, id := range t.rules {
				if !t.turned[id] {
					out = append(out, m.laterStep(t, id, "actions", t.names(true), t.names(false), diff.TrafficShift, afterJoined))
				}
			}
		}
		for _, id := range t.watch {
			out = append(out, m.laterStep(t, id, "", t.old[0].Name, t.freshName(), diff.InPlace, afterTurned))
		}
		if t.stage < leaving && len(t.turn(m, t.service, false).From) > 0 || t.stage == leaving && len(t.foreign) > 0 {
			s := m.laterStep(t, t.service, "loadBalancers", t.old[0].Name+", "+t.freshName(), t.freshName(), diff.NewDeployment, afterTurned)
			if len(t.foreign) > 0 {
				s.Blocked, s.Why = t.leftTo(m)
			}
			out = append(out, s)
		}
		if t.stage < dropping {
			for _, id := range t.rules {
				out = append(out, m.laterStep(t, id, "actions", t.names(false), t.freshName(), diff.InPlace, afterLeft))
			}
			for _, old := range t.old {
				if !m.goes(t, old) || slices.ContainsFunc(m.in.Strays, func(l resource.Live) bool { return l.ARN == old.ARN }) {
					continue // its deletion is planned as that of any stray
				}
				out = append(out, Step{ID: t.id, Action: ActionDelete, ARN: old.ARN, Effect: diff.None, Section: m.drafts[t.id].Section,
					Blocked: status.Waiting, After: afterDropped, Why: old.Name + " is deleted when " + afterDropped})
			}
		}
	}
	return out
}

func (m *maker) laterStep(t *takeover, id resource.ID, path, from, to string, e diff.Effect, after string) Step {
	d := m.drafts[id]
	for _, r := range m.document.Object(id).Refs {
		if path == "" && r.To == t.id {
			path = r.Path
		}
	}
	why := "it waits until " + after
	if after == afterJoined && t.short != "" && t.fresh != nil {
		why += ": " + t.short
	}
	return Step{ID: id, Action: ActionUpdate, ARN: d.live.ARN, Effect: e, Section: d.Section, Needs: slices.Clone(d.Needs),
		Changes: []diff.Change{{Path: path, Op: diff.Replace, Old: from, New: to, Effect: e, Reason: diff.FromSpec}},
		Blocked: status.Waiting, After: after, Why: why}
}

func (t *takeover) freshName() string {
	if t.fresh == nil {
		return "the new " + t.id.Local()
	}
	return t.fresh.Name
}

// names says where requests go, before or after the turn.
func (t *takeover) names(before bool) string {
	old, fresh := " (no requests)", ""
	if before {
		old, fresh = fresh, old
	}
	return t.old[0].Name + old + ", " + t.freshName() + fresh
}

// leftTo says what somebody else has to do, or this operator where the document lets
// it: a rule of ours that no document names any more goes with policy.prune alone.
func (t *takeover) leftTo(m *maker) (status.Reason, string) {
	ours := !slices.ContainsFunc(t.foreign, func(l resource.Lead) bool { return m.strayRule(l.ARN) == nil })
	switch {
	case ours && m.in.Unit.Policy.Prune:
		return status.Waiting, fmt.Sprintf("%s leads to %s too, and no document names it any more: it is deleted, then the service leaves the old one", t.whose(m), t.old[0].Name)
	case ours:
		return status.NotOurs, fmt.Sprintf("%s leads to %s too, and no document names it any more: policy.prune: true deletes it, or let the document name it again; then the service leaves the old one", t.whose(m), t.old[0].Name)
	}
	return status.NotOurs, fmt.Sprintf("%s leads to %s too and is not this document's: let it lead to %s, then the service leaves the old one",
		t.whose(m), t.old[0].Name, t.freshName())
}

// whose names the rules that the document does not turn.
func (t *takeover) whose(m *maker) string {
	var where []string
	for _, l := range t.foreign {
		if s := m.strayRule(l.ARN); s != nil {
			where = append(where, fmt.Sprintf("%s (%s)", s.ID.Local(), l.Where))
		} else {
			where = append(where, l.Where)
		}
	}
	return strings.Join(where, ", ")
}

// strayRule is the rule of this unit with an ARN that its document does not name; nil
// for none.
func (m *maker) strayRule(arn string) *resource.Live {
	i := slices.IndexFunc(m.in.Strays, func(l resource.Live) bool {
		return l.ARN == arn && l.ID.Kind == resource.KindListenerRule && l.Presence == resource.Present
	})
	if i < 0 || m.goesOn(arn) {
		return nil
	}
	return &m.in.Strays[i]
}

// letsGo: a takeover waits for nothing else than that the stray rule goes.
func (m *maker) letsGo(arn string) bool {
	return slices.ContainsFunc(m.takes, func(t *takeover) bool {
		return t.stage == leaving && slices.ContainsFunc(t.foreign, func(l resource.Lead) bool { return l.ARN == arn })
	})
}
