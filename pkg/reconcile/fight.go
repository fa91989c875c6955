package reconcile

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// fightGuard notices that something else keeps writing a field back. Two
// programs that both insist on a field would go on for ever, and every round of
// it may cost a deployment. After three rounds the operator leaves that field
// alone, and only that one, until the document changes or the two agree.
//
// A round is: we wrote the field, and then it was another value again. AWS' reads
// lag, so that a value seen before the absence grace has passed may be what stood
// there before our write: such a round counts half, unless our own value was seen
// in between or the new one is not the one that we wrote over.
//
// All of this is the process' own; a restart begins to count anew.
type fightGuard struct {
	lag time.Duration

	mu     sync.Mutex
	fields map[resource.ID]map[string]*fight
}

const (
	fullRound = 2
	halfRound = 1
	// contestedAt is three rounds.
	contestedAt = 3 * fullRound
	// fightWindow is how far apart two rounds may be: a person who changes
	// something every other week is no fight.
	fightWindow = 24 * time.Hour
)

// fight is what is remembered of one field that we put back.
type fight struct {
	digest string // of the document that we wrote for
	over   string // the value that our last write replaced
	wrote  time.Time
	open   bool // written, and not seen to differ since
	landed bool // our value was seen there since
	points int
	since  time.Time // of the first round
	why    string    // set once it is contested
}

func newFightGuard(lag time.Duration) *fightGuard {
	return &fightGuard{lag: lag, fields: map[resource.ID]map[string]*fight{}}
}

// contested are the fields of a unit that are left alone, as plan.Input wants them.
func (g *fightGuard) contested(u *resource.Unit) map[resource.ID]map[string]string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var out map[resource.ID]map[string]string
	for id := range u.IDs() {
		for path, f := range g.fields[id] {
			if f.why == "" {
				continue
			}
			if out == nil {
				out = map[resource.ID]map[string]string{}
			}
			if out[id] == nil {
				out[id] = map[string]string{}
			}
			out[id][path] = f.why
		}
	}
	return out
}

// saw takes in a plan: which of the fields that we wrote differ again, and
// which agree. It answers with the sentences of those that have become contested.
func (g *fightGuard) saw(v *view) (news []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	digest := v.unit.Digest
	for id := range v.unit.IDs() {
		if v.plan.Moves(id) { // nobody else did
			delete(g.fields, id)
			continue
		}
		fields := g.fields[id]
		if len(fields) == 0 || v.live[id].Presence != resource.Present {
			continue
		}
		differ := differing(v.plan, id)
		for path, f := range fields {
			c, differs := differ[path]
			switch {
			case f.digest != digest, time.Since(f.wrote) > fightWindow && f.why == "":
				delete(fields, path)
			case !differs && f.why != "": // the two agree
				delete(fields, path)
			case !differs:
				f.landed = true
			case f.open:
				f.round(g.lag, c)
				if f.points >= contestedAt {
					f.why = f.sentence(c)
					news = append(news, id.Local()+": "+f.why)
				}
			}
		}
	}
	slices.Sort(news)
	return news
}

// differing are the changes of an object that something would be done about, by path.
func differing(p plan.Plan, id resource.ID) map[string]diff.Change {
	out := map[string]diff.Change{}
	for _, s := range p.Steps {
		if s.ID != id {
			continue
		}
		for _, c := range s.Changes {
			if !c.Informational {
				out[c.Path] = c
			}
		}
	}
	return out
}

// round counts that a field was written back.
func (f *fight) round(lag time.Duration, c diff.Change) {
	f.open = false
	if f.points == 0 {
		f.since = time.Now()
	}
	if f.landed || time.Since(f.wrote) >= lag || value(c.Old) != f.over {
		f.points += fullRound
		return
	}
	f.points += halfRound
}

func (f *fight) sentence(c diff.Change) string {
	ours, theirs := brief(c, c.New), brief(c, c.Old)
	return fmt.Sprintf("%s is contested: the document says %s, and something else has set it to %s again after each of our last writes, since %s; this field is left alone until the document changes or the two agree. Find out who else writes it, or name its path in policy.ignore",
		c.Path, ours, theirs, f.since.UTC().Format(time.RFC3339))
}

// apart are the paths of a step's object that another step leaves to somebody
// else, as policy.ignore would name them.
func apart(p plan.Plan, s *plan.Step) []string {
	var out []string
	for _, other := range p.Steps {
		if other.ID != s.ID || other.Blocked != status.Contested && other.Blocked != status.DriftGrace {
			continue
		}
		for _, c := range other.Changes {
			out = append(out, s.Section+"."+c.Path)
		}
	}
	return out
}

// learn remembers what a pass has put back.
func (g *fightGuard) learn(v *view, x *execution) {
	g.mu.Lock()
	defer g.mu.Unlock()
	digest := v.unit.Digest
	for i := range v.plan.Steps {
		s := &v.plan.Steps[i]
		if s.Action != plan.ActionUpdate || s.Blocked != "" || x.failed[s.ID] || s.ID.Kind == resource.KindTaskDefinition || v.plan.Moves(s.ID) {
			continue // a revision is nobody's to change back
		}
		for _, c := range s.Changes {
			if c.Informational || strings.HasPrefix(c.Path, "tags."+resource.TagPrefix) {
				continue
			}
			if g.fields[s.ID] == nil {
				g.fields[s.ID] = map[string]*fight{}
			}
			f := g.fields[s.ID][c.Path]
			if f == nil || f.digest != digest {
				f = &fight{digest: digest}
				g.fields[s.ID][c.Path] = f
			}
			f.over, f.wrote, f.open, f.landed = value(c.Old), time.Now(), true, false
		}
	}
}

func (g *fightGuard) forget(key resource.UnitKey) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for id := range g.fields {
		if id.Key() == key {
			delete(g.fields, id)
		}
	}
}

// value is what two readings of a field are compared by.
func value(v any) string { return fmt.Sprintf("%v", v) }

// brief shows a value in a sentence; what is secret stays so.
func brief(c diff.Change, v any) string {
	const most = 60
	text := value(v)
	switch {
	case c.Sensitive:
		return "another value than is shown here"
	case v == nil:
		return "nothing"
	case len(text) > most:
		return text[:most] + "…"
	}
	return text
}

// tellContests says it once when a field has become contested.
func (e *Engine) tellContests(u *resource.Unit, news []string) {
	for _, why := range news {
		e.tell(Event{Unit: u.Key, Kind: EventDrift, Reason: status.Contested, Message: why})
		e.log.Sugar().Warnw("a field is contested", "unit", u.Key.String(), "why", why)
	}
}

// raiseKeeper remembers since when this process has seen a count above the
// document's (plan.Input.RaisedSince).
type raiseKeeper struct {
	mu    sync.Mutex
	raise map[resource.UnitKey]raise
	met   map[resource.UnitKey]string // digest of the document whose count a service was seen with last
}

type raise struct {
	count int32
	since string
}

// since is when the count was first seen as high as it is; "" for never.
func (k *raiseKeeper) since(key resource.UnitKey, service resource.Live) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	r := k.raise[key]
	if service.Service == nil || service.Service.Desired > r.count {
		return "" // raised once more: that begins anew
	}
	return r.since
}

// learn takes in a plan: a raise that is still there, or that there is none.
func (k *raiseKeeper) learn(v *view) {
	if v.service().Presence != resource.Present {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if v.plan.Counted() {
		k.meet(v.unit)
	}
	count, raised := v.plan.Raised()
	if !raised {
		delete(k.raise, v.unit.Key)
		return
	}
	if r, ok := k.raise[v.unit.Key]; ok && count <= r.count {
		k.raise[v.unit.Key] = raise{count: count, since: r.since}
		return
	}
	if k.raise == nil {
		k.raise = map[resource.UnitKey]raise{}
	}
	k.raise[v.unit.Key] = raise{count: count, since: now()}
}

func (k *raiseKeeper) forget(key resource.UnitKey) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.raise, key)
	delete(k.met, key)
}

// counted reports whether a service was seen with the count of this very document
// (plan.Input.CountMet).
func (k *raiseKeeper) counted(u *resource.Unit) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return u.Digest != "" && k.met[u.Key] == u.Digest
}

// said notes that AWS has taken the count of a document: one that is higher at the next
// look was raised since.
func (k *raiseKeeper) said(u *resource.Unit) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.meet(u)
}

// meet notes whose count a service has. The lock is held.
func (k *raiseKeeper) meet(u *resource.Unit) {
	if k.met == nil {
		k.met = map[resource.UnitKey]string{}
	}
	k.met[u.Key] = u.Digest
}

// overwrote forgets the count that another document has met.
func (k *raiseKeeper) overwrote(u *resource.Unit) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.met[u.Key] != u.Digest {
		delete(k.met, u.Key)
	}
}
