package reconcile

import (
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// stood is how a documented service was last seen.
type stood struct {
	revision string // of its task definition
	ours     bool   // it carries our owner and scope
	up       bool   // a deployment of it has succeeded, and it serves
	// inWay are the units of ours of which something stands where it wants to have its
	// own: a rule of the same priority, an alarm of the same name.
	inWay []string
}

// departing is what holds for a unit without a document, and who takes its place.
type departing struct {
	plan.Departure
	heirs []resource.UnitKey
}

// saw keeps how documented services stand. An answer that is unknown says nothing.
func (e *Engine) saw(live map[resource.ID]resource.Live) {
	f := e.currentFrame()
	inWay := map[resource.UnitKey][]string{}
	e.mu.Lock()
	defer e.mu.Unlock()
	for id, l := range live {
		if l.Presence != resource.Present || id.Kind == resource.KindTaskDefinition || l.Tags[resource.TagOwner] != f.Owner {
			continue // of task definitions, revisions of several units may stand in a family
		}
		unit := l.Tags[resource.TagUnit]
		if cluster, name, _ := strings.Cut(unit, "/"); unit != "" && (cluster != id.Cluster || name != id.Unit) {
			inWay[id.Key()] = append(inWay[id.Key()], unit)
		}
	}
	for id, l := range live {
		switch {
		case id.Kind != resource.KindService || l.Presence == resource.Unknown:
		case l.Presence != resource.Present || l.Service == nil:
			delete(e.stood, id.Key())
			if len(inWay[id.Key()]) > 0 {
				e.stood[id.Key()] = stood{inWay: inWay[id.Key()]}
			}
		default:
			s, revision := l.Service, e.stood[id.Key()].revision
			if revision != s.TaskDefinition {
				revision = strings.Clone(s.TaskDefinition) // cut from an answer, which it would keep
			}
			e.stood[id.Key()] = stood{
				revision: revision, inWay: inWay[id.Key()],
				ours: l.Tags[resource.TagOwner] == f.Owner && l.Tags[resource.TagScope] == f.Scope,
				up:   s.Completed && (s.Running > 0 || s.Desired == 0) && l.Health.State != resource.Gone,
			}
		}
	}
}

// runs reports whether another service that has a document was last seen with a
// revision: documents may share a family.
func (e *Engine) runs(revision string, but resource.UnitKey) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	for key, s := range e.stood {
		if s.revision == revision && key != but {
			return true
		}
	}
	return false
}

// successors are the documented units of the names of those that go, by name: a
// service whose document names another cluster or target now has moved there.
func successors(units []*resource.Unit, going []departed) map[string][]resource.UnitKey {
	out := map[string][]resource.UnitKey{}
	for _, d := range going {
		out[d.unit.Key.Name] = nil
	}
	for _, u := range units {
		if _, asked := out[u.Key.Name]; asked {
			out[u.Key.Name] = append(out[u.Key.Name], u.Key)
		}
	}
	return out
}

// awaited is the successor that a unit without a document must wait for, and how it
// stands; "" for none. One that has been up and still serves holds nobody up, whatever
// is rolled out to it today: it may be no successor, but another environment's of one name.
// Neither does one that cannot come up before its predecessor has gone, because
// something of that stands in its way: the two cannot serve side by side.
func (e *Engine) awaited(key resource.UnitKey, heirs []resource.UnitKey) (name, short string) {
	for _, heir := range heirs {
		e.mu.Lock()
		at, u := e.stood[heir], e.loaded[heir]
		now, known := e.status[heir]
		e.mu.Unlock()
		if !known {
			now.Why = "not looked at yet"
		}
		switch {
		case u == nil, at.ours && at.up, known && now.State == status.StateReady && !e.fleet.changed(heir):
		case heir.Target == key.Target && slices.Contains(at.inWay, key.TagValue()) && !u.Policy.Adopt:
		default:
			name = heir.Cluster + "/" + heir.Name
			if heir.Target != key.Target {
				name = heir.String()
			}
			return name, orElse(now.Why, string(now.Reason))
		}
	}
	return "", ""
}

// heirMayCome reports whether the successor that a unit waits for may still come up in
// this run, as mayComeTrue has it.
func (a *application) heirMayCome(u *resource.Unit) bool {
	a.e.mu.Lock()
	heirs := a.e.departing[u.Key].heirs
	a.e.mu.Unlock()
	return slices.ContainsFunc(heirs, a.mayComeTrue)
}

// inherits reports whether a unit without a document waits for one that stands elsewhere.
func (e *Engine) inherits(gone *resource.Unit, heir resource.UnitKey) bool {
	if !gone.Gone || gone.Key.Name != heir.Name {
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Contains(e.departing[gone.Key].heirs, heir)
}
