package plan

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// stage is how far a target group has come in taking over from another (the
// package comment has the sequence). It is read off what is live, each time.
type stage int

const (
	joining  stage = iota // the service does not serve in both yet, or not well enough
	turning               // it does: rules turn to the new one
	leaving               // every rule has: the service leaves the old one
	draining              // it has: the old one's targets are let go
	dropping              // they are gone: rules forget the old one, and it is deleted
)

// takeover is one target group that takes over from others of its identity.
type takeover struct {
	id      resource.ID
	text    string          // of the references to it
	old     []resource.Live // the one that serves first
	fresh   *resource.Live  // nil while it is not there
	service resource.ID
	rules   []resource.ID        // that lead to it
	turned  map[resource.ID]bool // rules whose requests go to the new one alone
	all     bool                 // of them
	watch   []resource.ID        // that speak of the old one until the turn
	stage   stage
	foreign []resource.Lead // others' rules through which requests come to an old one
	short   string          // why its targets are not good enough yet
}

// takeovers finds the target groups that take over from others, and puts what the
// service and the rules shall be meanwhile in the place of what the document says.
func (m *maker) takeovers(objects []*resource.Object) {
	m.lossless, m.obstacle, m.stranded, m.blind = map[resource.ID]bool{}, map[resource.ID]string{}, map[resource.ID]string{}, map[resource.ID]error{}
	replaced := m.replacements(objects)
	suspects := m.suspects(objects)
	if len(replaced) == 0 && len(suspects) == 0 {
		return
	}
	ask := map[string]bool{}
	for arn := range suspects {
		ask[arn] = true
	}
	for _, o := range objects {
		if l := m.in.Live[o.ID]; o.ID.Kind == resource.KindTargetGroup && l.Presence == resource.Present {
			ask[l.ARN] = true
		}
	}
	if m.in.Groups == nil {
		m.plan.needsGroups = slices.Sorted(maps.Keys(ask))
	}
	m.findBlind(objects, replaced, suspects)
	for _, o := range objects {
		if o.ID.Kind == resource.KindTargetGroup && m.in.Live[o.ID].Presence != resource.Unknown {
			m.takeover(o, replaced[o.ID], suspects, objects)
		}
	}
}

// replacements are the target groups of the unit that cannot become what is wanted.
func (m *maker) replacements(objects []*resource.Object) map[resource.ID]bool {
	out := map[resource.ID]bool{}
	for _, o := range objects {
		k, live := m.kinds[o.ID.Kind], m.in.Live[o.ID]
		if _, ok := k.(resource.Succession); !ok || live.Presence != resource.Present || live.Health.State == resource.Gone {
			continue
		}
		if reason, _ := foreign(m.in, o.ID, live); reason != "" {
			continue
		}
		if worst(k.Diff(o, &live, m.comparing(o, &live))) == diff.Replacement {
			out[o.ID] = true
		}
	}
	return out
}

// suspects are the target groups that the live service and rules lead to and
// nothing of the document does: perhaps what a replacement is about to leave behind.
// Each comes with those that lead to it.
func (m *maker) suspects(objects []*resource.Object) map[string][]resource.ID {
	known, led := map[string]bool{}, m.led(objects)
	some := false
	for _, o := range objects {
		if o.ID.Kind == resource.KindTargetGroup {
			_, ok := m.kinds[o.ID.Kind].(resource.Succession)
			some = some || ok
			if l := m.in.Live[o.ID]; l.Presence == resource.Present && led[o.ID] {
				known[l.ARN] = true
			}
		}
	}
	out := map[string][]resource.ID{}
	if !some {
		return out
	}
	for _, o := range objects {
		road, ok := m.kinds[o.ID.Kind].(resource.Road)
		live := m.in.Live[o.ID]
		if !ok || live.Presence != resource.Present || live.Health.State == resource.Gone {
			continue
		}
		want := road.Leads(o.Want)
		pairs := map[string]bool{}
		if o.ID.Kind == resource.KindService {
			body, _ := shape.Plain(o.Want, nil).(map[string]any)
			groups(body["loadBalancers"], pairs)
		}
		for _, arn := range slices.Sorted(maps.Keys(m.leads(o.ID))) {
			if _, written := want[arn]; !written && !pairs[arn] && !known[arn] {
				out[arn] = append(out[arn], o.ID)
			}
		}
	}
	return out
}

// findBlind marks what may not be written because it is not known who serves.
func (m *maker) findBlind(objects []*resource.Object, replaced map[resource.ID]bool, suspects map[string][]resource.ID) {
	unknown := func(arn string) (error, bool) {
		l, ok := m.in.Groups[arn]
		return l.Err, !ok || l.Presence == resource.Unknown
	}
	for arn, roads := range suspects {
		if err, blind := unknown(arn); blind {
			for _, id := range roads {
				m.blind[id] = err
			}
			for _, o := range objects { // alarms and scaling watch the one that serves
				if slices.ContainsFunc(o.Refs, func(r resource.Ref) bool { return r.To.Kind == resource.KindTargetGroup }) {
					m.blind[o.ID] = err
				}
			}
		}
	}
	for _, o := range objects {
		if o.ID.Kind != resource.KindTargetGroup {
			continue
		}
		l := m.in.Live[o.ID]
		if err, blind := unknown(l.ARN); replaced[o.ID] && blind {
			m.blind[o.ID] = err
		}
	}
}

// unlit blocks what would be written while it is not known who serves.
func (m *maker) unlit(d *draft) {
	err, blind := m.blind[d.ID]
	if !blind || d.Action == ActionNone && len(effective(d.Changes)) == 0 {
		return
	}
	if reason, _ := unread(d.ID, err); err != nil {
		d.block(reason, fmt.Sprintf("who serves could not be read: %v", err))
	} else {
		d.block(status.Unobserved, "a target group was not read, and may be the one that serves")
	}
}

// takeover looks at one target group of the document.
func (m *maker) takeover(o *resource.Object, replaced bool, suspects map[string][]resource.ID, objects []*resource.Object) {
	t := &takeover{id: o.ID, turned: map[resource.ID]bool{}}
	live := m.in.Live[o.ID]
	if live.Presence == resource.Present && live.Health.State != resource.Gone && !replaced {
		t.fresh = &live
		if g, ok := m.in.Groups[live.ARN]; ok && g.Presence == resource.Present {
			t.fresh = &g
		}
	}
	t.roads(m, objects)
	for _, arn := range slices.Sorted(maps.Keys(m.in.Groups)) {
		g := m.in.Groups[arn]
		_, suspect := suspects[arn]
		if g.Presence != resource.Present || !(suspect || replaced && arn == live.ARN) {
			continue
		}
		if arn == live.ARN && !replaced {
			continue // what it is itself
		}
		if reason, _ := foreign(m.in, o.ID, g); reason == "" && (g.ID == o.ID || t.succeeds(m, g, suspects[arn])) {
			t.old = append(t.old, g)
		}
	}
	if len(t.old) == 0 {
		return
	}
	t.sort(m)
	if m.direct(t) {
		m.lossless[o.ID] = true
		return
	}
	if service := m.in.Live[t.service]; t.service != (resource.ID{}) && service.Presence == resource.Unknown {
		m.blind[o.ID], m.lossless[o.ID] = cmp.Or(service.Err, errors.New("the service was not read")), true
		return // whether it can serve in both at a time is not known
	}
	if why := m.hindrance(t, o); why != "" {
		m.obstacle[o.ID] = why
		if !replaced && !m.in.Unit.Policy.Recreate {
			m.strand(t, why)
		}
		return
	}
	m.lossless[o.ID] = true
	t.read(m)
	t.adapt(m)
	m.takes = append(m.takes, t)
}

// roads finds the service and the rules of the document that lead to the target group.
func (t *takeover) roads(m *maker, objects []*resource.Object) {
	for _, o := range objects {
		road, ok := m.kinds[o.ID.Kind].(resource.Road)
		if !ok {
			continue
		}
		for _, r := range o.Refs {
			if _, leads := road.Leads(o.Want)[r.Text]; r.To != t.id || !leads {
				continue
			}
			t.text = r.Text
			if o.ID.Kind == resource.KindService {
				t.service = o.ID
			} else if !slices.Contains(t.rules, o.ID) {
				t.rules = append(t.rules, o.ID)
			}
		}
	}
}

// sort brings the old target group that serves to the front.
func (t *takeover) sort(m *maker) {
	service := m.leads(t.service)
	rank := func(l resource.Live) int {
		n := 0
		if _, ok := service[l.ARN]; ok {
			n -= 2
		}
		for _, id := range t.rules {
			if m.leads(id)[l.ARN] > 0 {
				n--
			}
		}
		return n
	}
	slices.SortStableFunc(t.old, func(a, b resource.Live) int { return rank(a) - rank(b) })
}

// leads are the target groups that the live object leads to; of a pair that one in
// which the tasks stand.
func (m *maker) leads(id resource.ID) map[string]int32 {
	road, ok := m.kinds[id.Kind].(resource.Road)
	live := m.in.Live[id]
	if !ok || live.Presence != resource.Present {
		return nil
	}
	if live.Service != nil && live.Service.Serving != nil {
		out := map[string]int32{}
		for _, arn := range live.Service.Serving {
			out[arn] = 1
		}
		return out
	}
	return road.Leads(live.Value)
}

// direct: nothing is lost when the new target group takes the place of the old at
// once, since nothing serves in the old one. A deployment in both is never over while
// no load balancer leads to one of them, because nobody checks the targets there: where
// somebody has deleted the rule meanwhile, it is made again for both.
func (m *maker) direct(t *takeover) bool {
	service := m.leads(t.service)
	both := false
	if t.fresh != nil && m.runs(m.in.Live[t.service]) {
		_, both = service[t.fresh.ARN]
	}
	for _, old := range t.old {
		_, serves := service[old.ARN]
		if serves && both {
			return false
		}
		if len(old.Group.LedBy) > 0 && (serves || old.Group.Targets > 0) {
			return false
		}
		for _, id := range t.rules {
			if _, leads := m.leads(id)[old.ARN]; leads && t.fresh != nil {
				return false // the end of a takeover: the rule forgets it first
			}
		}
	}
	return true
}

// hindrance is why the service cannot serve in both target groups at a time.
func (m *maker) hindrance(t *takeover, o *resource.Object) string {
	if t.service == (resource.ID{}) {
		return "its targets are not registered by the service of this document"
	}
	if t.others(m); len(t.rules) == 0 && len(t.foreign) > 0 {
		return t.whose(m) + " leads to it and is not this document's"
	}
	if m.in.Live[t.service].Presence != resource.Present {
		return "there is no service whose tasks could be registered in both"
	}
	group := m.kinds[o.ID.Kind].(resource.Succession)
	for _, old := range t.old {
		if why := group.Apart(o.Want, old.Value); why != "" {
			return why
		}
	}
	for _, id := range append([]resource.ID{t.service}, t.rules...) {
		object := m.in.Unit.Object(id)
		if _, why := m.kinds[id.Kind].(resource.Road).Beside(*object, t.turn(m, id, false)); why != "" {
			return why
		}
		for _, pattern := range object.Ignore {
			rel := strings.TrimPrefix(pattern, object.Section+".")
			if strings.HasPrefix(rel, "actions") || strings.HasPrefix(rel, "loadBalancers") {
				return fmt.Sprintf("policy.ignore keeps %s from being moved (%s)", id.Local(), pattern)
			}
		}
	}
	return ""
}

// strand holds what leads to an old target group that serves: the takeover was
// begun, and in the middle of it the document became one that rules it out.
func (m *maker) strand(t *takeover, why string) {
	for _, id := range append([]resource.ID{t.service}, t.rules...) {
		for _, old := range t.old {
			if m.leads(id)[old.ARN] > 0 {
				m.stranded[id] = fmt.Sprintf("%s is taking over from %s, and %s; undo that until it has, or policy.recreate: true moves the requests at once", t.freshName(), old.Name, why)
			}
		}
	}
}

// calm says of the changes of a rule that move no request that they do not.
func (m *maker) calm(d *draft) {
	road, ok := m.kinds[d.ID.Kind].(resource.Road)
	if !ok || m.plan.objects[d.ID] == nil && !m.forgets(d.ID) || d.ID.Kind == resource.KindService {
		return
	}
	want, _ := resource.Resolve(*d.object, m.attributes)
	if maps.Equal(served(road.Leads(d.live.Value)), served(road.Leads(want.Want))) {
		for i := range d.Changes {
			if c := &d.Changes[i]; c.Effect == diff.TrafficShift {
				c.Effect, c.Note = diff.InPlace, "no request goes another way"
			}
		}
		d.Effect = worst(d.Changes)
	}
}

// takesPart: the object is moved by a takeover, and nobody else has moved it.
func (m *maker) takesPart(id resource.ID) bool {
	return m.plan.objects[id] != nil || slices.ContainsFunc(m.takes, func(t *takeover) bool {
		return t.service == id || slices.Contains(t.rules, id)
	})
}

// moved are all that take part in takeovers.
func (m *maker) moved() map[resource.ID]bool {
	var out map[resource.ID]bool
	for _, d := range m.order {
		if m.takesPart(d.ID) {
			if out == nil {
				out = map[resource.ID]bool{}
			}
			out[d.ID] = true
		}
	}
	return out
}

// forgets: a takeover ends here with the rule's old target group.
func (m *maker) forgets(id resource.ID) bool {
	return slices.ContainsFunc(m.takes, func(t *takeover) bool { return t.stage == dropping && slices.Contains(t.rules, id) })
}

// served are the target groups that get requests.
func served(leads map[string]int32) map[string]int32 {
	out := maps.Clone(leads)
	maps.DeleteFunc(out, func(_ string, w int32) bool { return w == 0 })
	return out
}

// turn is what one road is told of the takeover: of the old target groups that
// are to stand beside the new one there.
func (t *takeover) turn(m *maker, id resource.ID, done bool) resource.Turn {
	out := resource.Turn{To: t.text, Done: done, Live: m.in.Live[id].Value}
	service := m.leads(t.service)
	for _, old := range t.old {
		_, serves := service[old.ARN]
		_, leads := m.leads(id)[old.ARN]
		if serves || leads {
			out.From = append(out.From, old.ARN)
		}
	}
	return out
}
