package reconcile

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
	"unique"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// graceKeeper decides when an object that is not there counts as missing.
//
// AWS' reads lag behind its writes. An object that this process has seen or
// written is missing only after two complete observations at least a grace
// period apart; what it has neither seen nor written is missing at once,
// because its create is idempotent by name or by token. A listener rule's is
// not, so after a start it waits for the grace as well, unless what it
// forwards to does not exist either.
//
// All of this is the process' own: a restart may delay a write, never double one.
type graceKeeper struct {
	grace time.Duration

	mu      sync.Mutex
	known   map[resource.UnitKey]insides              // seen or written by this process
	away    map[resource.ID]*sighting                 // absent in the latest observation
	most    int                                       // that were away at once, since the map was made
	left    map[resource.UnitKey]map[string]*sighting // strays, by ARN
	written map[resource.UnitKey]time.Time            // when something of it was last written
}

// insides are objects as their unit knows them, in order, with a zero around each: units that
// look alike share one text, for as long as somebody has a handle of it.
type insides struct{ text unique.Handle[string] }

var nothing = insidesOf(nil)

func inside(id resource.ID) string { return id.Kind + "\x01" + id.Name }

func (i insides) have(id resource.ID) bool {
	return strings.Contains(i.text.Value(), "\x00"+inside(id)+"\x00")
}

func (i insides) with(id resource.ID) insides { return insidesOf(append(i.all(), inside(id))) }

func (i insides) without(id resource.ID) insides {
	return insidesOf(slices.DeleteFunc(i.all(), func(have string) bool { return have == inside(id) }))
}

func (i insides) all() []string {
	return slices.DeleteFunc(strings.Split(i.text.Value(), "\x00"), func(s string) bool { return s == "" })
}

func insidesOf(all []string) insides {
	slices.Sort(all)
	return insides{unique.Make("\x00" + strings.Join(all, "\x00") + "\x00")}
}

// sighting is what this process knows about one object's not being there.
type sighting struct {
	since time.Time // first of the absences in a row
	times int       // how many
}

func newGraceKeeper(grace time.Duration) *graceKeeper {
	return &graceKeeper{grace: grace, known: map[resource.UnitKey]insides{}, away: map[resource.ID]*sighting{}, left: map[resource.UnitKey]map[string]*sighting{},
		written: map[resource.UnitKey]time.Time{}}
}

// inside are the objects of a unit that are known. The lock is held.
func (g *graceKeeper) inside(key resource.UnitKey) insides {
	if known, ok := g.known[key]; ok {
		return known
	}
	return nothing
}

// have reports whether an object is known, and meet that it is there. The lock is held.
func (g *graceKeeper) have(id resource.ID) bool {
	return g.inside(id.Key()).have(id)
}

func (g *graceKeeper) meet(id resource.ID) {
	g.back(id)
	if !g.have(id) {
		g.known[id.Key()] = g.inside(id.Key()).with(id)
	}
}

// back notes that an object is not away any more. Before a fleet is made all of it is
// away, and a map never gives its room back: what is left of it then moves to a smaller
// one. The lock is held.
func (g *graceKeeper) back(id resource.ID) {
	delete(g.away, id)
	if n := len(g.away); g.most > fewAway && n < g.most/4 {
		left := make(map[resource.ID]*sighting, n)
		maps.Copy(left, g.away)
		g.away, g.most = left, n
	}
}

// fewAway are so few that their room is nothing.
const fewAway = 64

// observed takes in one complete observation. An answer that is unknown says nothing, nor
// does the absence of what may have been made since the observation began: a sweep takes
// its time, and lists what it looks at late in it long before.
func (g *graceKeeper) observed(live map[resource.ID]resource.Live, began time.Time) {
	now := time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	for id, l := range live {
		switch l.Presence {
		case resource.Present:
			g.meet(id)
		case resource.Absent:
			if began.Before(g.written[id.Key()]) && g.have(id) {
				continue
			}
			s := g.away[id]
			if s == nil {
				s = &sighting{since: now}
				g.away[id] = s
				g.most = max(g.most, len(g.away))
			}
			s.times++
		}
	}
}

// wrote notes that an object was written, or may have been.
func (g *graceKeeper) wrote(id resource.ID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.meet(id)
	g.written[id.Key()] = time.Now()
}

// knows reports whether this process has seen or written an object.
func (g *graceKeeper) knows(id resource.ID) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.have(id)
}

// gone notes that this process deleted an object: its absence is no surprise.
func (g *graceKeeper) gone(id resource.ID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.back(id)
	g.known[id.Key()] = g.inside(id.Key()).without(id)
}

// within returns the objects of a unit that are absent but do not count as
// missing yet. What this process never knew only waits when it would be written now.
func (g *graceKeeper) within(u *resource.Unit, live map[resource.ID]resource.Live, write bool) map[resource.ID]bool {
	now := time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	var out map[resource.ID]bool
	for _, o := range u.Objects() {
		s, known := g.away[o.ID], g.have(o.ID)
		if live[o.ID].Presence != resource.Absent || s == nil && !known {
			continue
		}
		if !known && (!write || o.ID.Kind != resource.KindListenerRule || g.fresh(o, live)) {
			continue
		}
		// Without a sighting it was seen, or written, since this absence was read.
		if s != nil && s.times >= 2 && now.Sub(s.since) >= g.grace {
			continue
		}
		if out == nil {
			out = map[resource.ID]bool{}
		}
		out[o.ID] = true
	}
	return out
}

// strays takes in what was read of a unit's strays, all of it, and returns those,
// by ARN, that have not been seen as such twice and for the grace: the document
// that named them a moment ago may be the one that is right. What is not among
// them now begins anew. Where nothing is to be written nothing waits, and nothing
// is learned.
func (g *graceKeeper) strays(key resource.UnitKey, strays []resource.Live, write bool) map[string]bool {
	if !write {
		return nil
	}
	now := time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	before := g.left[key]
	seen, fresh := map[string]*sighting{}, map[string]bool{}
	for _, l := range strays {
		s := before[l.ARN]
		if s == nil {
			s = &sighting{since: now}
		}
		if l.Presence == resource.Present {
			s.times++
		}
		seen[l.ARN] = s
		fresh[l.ARN] = s.times < 2 || now.Sub(s.since) < g.grace
	}
	if g.left[key] = seen; len(seen) == 0 {
		delete(g.left, key)
	}
	return fresh
}

// fresh reports whether a rule cannot exist yet: one of the target groups that
// it refers to is absent, and this process never knew it. The lock is held.
func (g *graceKeeper) fresh(rule *resource.Object, live map[resource.ID]resource.Live) bool {
	for _, need := range rule.Needs {
		if live[need].Presence == resource.Absent && !g.have(need) {
			return true
		}
	}
	return false
}

// forget drops a unit that nobody looks after any more.
func (g *graceKeeper) forget(key resource.UnitKey) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.left, key)
	delete(g.known, key)
	delete(g.written, key)
	maps.DeleteFunc(g.away, func(id resource.ID, _ *sighting) bool { return id.Key() == key })
}
