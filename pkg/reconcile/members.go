package reconcile

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/source"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// lastPass is what the daemon remembers of a unit's latest pass, to tell drift
// and idle writes from work.
type lastPass struct {
	digest  string
	world   uint64
	clean   bool // nothing was blocked, nothing failed
	synced  bool // and nothing was left to do
	blocked map[status.Reason]int
}

// retryState is why and until when nothing is tried.
type retryState struct {
	conflicts int
	waits     bool // for a service that it depends on
	// A stall ends when the document or the world changes, or after a while.
	reason status.Reason
	why    string
	plan   *plan.Plan // that was refused, nil without a reason
	digest string
	world  uint64
	until  time.Time
}

// load reads the source again, and tells when it has; when that fails, and it says so,
// everything stays in force.
func (d *daemon) load(ctx context.Context, fetched func()) bool {
	l, err := d.loadSafely(ctx, fetched)
	if err != nil {
		d.tellSource(ctx, err)
		return false
	}
	first := !d.inForce()
	d.take(l, !first)
	if first {
		d.wakeSweep() // it reads all of them together
	}
	return true
}

func (d *daemon) loadSafely(ctx context.Context, fetched func()) (l Loaded, err error) {
	defer func() {
		if v := recover(); v != nil {
			d.e.panicked(resource.UnitKey{}, v)
			err = caught(v)
		}
	}()
	return d.e.load(ctx, fetched)
}

// take puts what was loaded in force: new and edited units are reconciled at
// once; one whose document is bad keeps the last good one; one whose document
// is gone is forgotten, and nothing of it is deleted.
func (d *daemon) take(l Loaded, enqueue bool) {
	var changed, gone []resource.UnitKey
	d.mu.Lock()
	d.loaded, d.took, d.outage = l, true, outage{}
	in := make(map[resource.UnitKey]bool, len(l.Units))
	for _, u := range l.Units {
		in[u.Key] = true
		m := d.units[u.Key]
		switch {
		case m == nil:
			d.units[u.Key] = &member{unit: u}
			changed = append(changed, u.Key)
		case m.unit.Digest != u.Digest || m.frozen.reason != "":
			m.unit, m.frozen, m.fresh = u, frozen{}, nil
			m.touched++
			changed = append(changed, u.Key)
		default:
			m.unit = u // positions and revision may have moved
		}
	}
	for key, m := range d.units {
		if in[key] || m.unit.Gone {
			continue
		}
		_, bad := l.Frozen[key.String()]
		switch {
		case bad:
			if f := l.frozen(key.String()); f != m.frozen {
				m.frozen = f
				changed = append(changed, key)
			}
		case l.Complete:
			d.hold(m.last.blocked, nil)
			delete(d.units, key)
			gone = append(gone, key)
		}
	}
	units := make([]*resource.Unit, 0, len(d.units))
	for _, m := range d.units {
		units = append(units, m.unit)
	}
	d.e.fleet.enrol(units) // under the lock: no pass over a new document comes before
	d.mu.Unlock()
	d.tellProblems(l.Problems)
	d.e.strangers(l)
	sortKeys(gone)
	for _, key := range gone {
		d.e.forget(key)
		d.forget(key)
		d.e.tell(Event{Unit: key, Kind: EventProblem, Message: forgetting(key)})
	}
	sortKeys(changed)
	if enqueue {
		d.lines.Hurry(changed...)
		for _, key := range changed {
			d.queue.Add(key)
		}
	}
}

// tellProblems tells every problem once, and once more when it is mended.
func (d *daemon) tellProblems(problems []spec.Problem) {
	now := make(map[spec.Problem]bool, len(problems))
	whole := false // something is wrong with the source
	var fresh, mended []spec.Problem
	d.mu.Lock()
	for _, p := range problems {
		p = said(p)
		whole = whole || p.File == source.Whole
		if !d.problems[p] && !now[p] {
			fresh = append(fresh, p)
		}
		now[p] = true
	}
	for p := range d.problems {
		if !now[p] && !(whole && p.File == source.Whole) { // another reason mends nothing
			mended = append(mended, p)
		}
	}
	d.problems = now
	d.mu.Unlock()
	slices.SortFunc(mended, func(a, b spec.Problem) int { return strings.Compare(a.String(), b.String()) })
	for _, p := range fresh {
		reason := status.InvalidSpec
		if p.File == source.Whole {
			reason = status.SourceNotUsed
		}
		d.e.tell(Event{Kind: EventProblem, Reason: reason, Message: p.String()})
	}
	for _, p := range mended {
		d.e.tell(Event{Kind: EventProblem, Message: "mended: " + p.String()})
	}
}

// said is of a problem what people are told.
func said(p spec.Problem) spec.Problem {
	p.Document, p.Path, p.Duplicate = "", "", false
	return p
}

// strangers keeps a status for frozen services that were never good.
func (e *Engine) strangers(l Loaded) {
	for _, identity := range sorted(l.Frozen) {
		key := parseKey(identity)
		e.mu.Lock()
		have, known := e.status[key]
		e.mu.Unlock()
		if known && have.ContentHash != "" {
			continue // its last good document speaks for it
		}
		s := status.Service{Target: key.Target, Cluster: key.Cluster, Name: key.Name, Revision: l.Revision}
		e.settle(stale(s, l.frozen(identity)))
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for key, s := range e.status { // mended or gone since
		if _, frozen := l.Frozen[key.String()]; s.ContentHash == "" && !frozen {
			e.unstand(key)
		}
	}
}

// parseKey reads what UnitKey.String printed; a document without a readable
// cluster is known by its name alone.
func parseKey(identity string) resource.UnitKey {
	key := resource.UnitKey{Target: resource.DefaultTarget}
	switch parts := strings.Split(identity, "/"); len(parts) {
	case 3:
		key = resource.UnitKey{Target: parts[0], Cluster: parts[1], Name: parts[2]}
	case 2:
		key.Cluster, key.Name = parts[0], parts[1]
	default:
		key.Name = identity
	}
	return key
}

// frozen is why a service's newest document is not in force.
type frozen struct {
	reason status.Reason
	why    string
}

func (l Loaded) frozen(identity string) frozen {
	p := l.Frozen[identity]
	f := frozen{reason: status.InvalidSpec, why: p.String()}
	if r, ok := l.reasons[identity]; ok {
		f.reason = r
	}
	if p.Duplicate {
		f.reason = status.DuplicateIdentity
	}
	return f
}

// stale marks the status of a service whose newest document is not in force.
// What is worse in the world speaks first.
func stale(s status.Service, f frozen) status.Service {
	if f.reason == "" || s.Reason != status.Synced && s.Reason != "" {
		return s
	}
	s.Reason, s.State, s.Why = f.reason, status.StateStalled, f.why
	if s.ContentHash != "" {
		s.Why += "; the last good document stays in force"
	}
	s.Conditions = conditions(s, false, finding{now: now()})
	return s
}

// forget drops all that is remembered of a unit.
func (e *Engine) forget(key resource.UnitKey) {
	e.grace.forget(key)
	e.ended.forget(key)
	e.fights.forget(key)
	e.raises.forget(key)
	e.loops.forget(key)
	e.whys.forget(key)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.unstand(key)
	delete(e.synced, key)
	delete(e.stood, key)
	delete(e.retiring, key)
	delete(e.words, key)
	delete(e.unchecked, key)
	maps.DeleteFunc(e.tags, func(id resource.ID, _ string) bool { return id.Key() == key })
}

// picture identifies what was observed of a unit; it is not 0.
func picture(u *resource.Unit, live map[resource.ID]resource.Live) uint64 {
	ids := make([]resource.ID, 0, len(live))
	for id := range live {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, resource.ID.Compare)
	h := sha256.New()
	for _, id := range ids {
		l := live[id]
		fmt.Fprintln(h, id, l.Presence, l.Fingerprint())
		if s := l.Service; s != nil {
			fmt.Fprintln(h, s.Status, s.PrimaryID, s.PrimaryState, s.CurrentDeployment)
		}
	}
	return max(1, binary.BigEndian.Uint64(h.Sum(nil)))
}

// stalled reports whether trying again makes no sense yet: the same document
// was refused in the same world a moment ago.
func (d *daemon) stalled(m *member, world uint64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := &m.retry
	if r.reason == "" || r.digest != m.unit.Digest || time.Now().After(r.until) {
		return false
	}
	if r.world == 0 { // what the refused pass itself wrote is no news
		r.world = world
	}
	return r.world == world
}

// keepReason gives the outcome of a look the reason that the unit stalls for.
func (d *daemon) keepReason(m *member, out Outcome) Outcome {
	d.mu.Lock()
	defer d.mu.Unlock()
	out.Plan = *m.retry.plan
	out.Status.Reason, out.Status.Why, out.Status.State = m.retry.reason, m.retry.why, stateOf(m.retry.reason)
	out.Status.Conditions = conditions(out.Status, false, finding{now: now()})
	return out
}

// learn takes in what a pass showed: drift, idle writes, stalls.
func (d *daemon) learn(m *member, world uint64, out Outcome, stalled bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	before := m.last
	cur := lastPass{digest: m.unit.Digest, world: world, clean: true}
	for _, s := range out.Plan.Steps {
		if s.Blocked != "" {
			if cur.blocked == nil { // nearly always there is none, and of each service one is kept
				cur.blocked = map[status.Reason]int{}
			}
			cur.blocked[s.Blocked]++
			cur.clean = false
		}
	}
	cur.clean = cur.clean && out.Err == nil
	cur.synced = cur.clean && out.Writes == 0 && out.Status.Reason == status.Synced ||
		before.synced && len(cur.blocked) == 1 && cur.blocked[status.AbsenceGrace] > 0 // told when it is made again
	m.last = cur
	if out.Writes > 0 || out.Err != nil {
		m.touched++
		m.fresh = nil // a sweep may have read it before the write, and handed it over since
	}
	if m.retry.waits = out.Status.Reason == status.DependencyMissing; m.retry.waits {
		d.waiting[m.unit.Key] = true
	}
	if d.units[m.unit.Key] == m { // else what held it up went with it
		d.hold(before.blocked, cur.blocked)
	}
	if stalled {
		return
	}
	if out.Writes > 0 && before.clean && before.digest == cur.digest && before.world == world {
		d.e.m.IdleWrites(out.Writes)
	}
	if before.synced && before.digest == cur.digest {
		d.drift(m.unit.Key, out.Plan)
	}
	if after(out.Status.Reason) == nextSlow {
		refused := out.Plan
		m.retry.reason, m.retry.why, m.retry.plan = out.Status.Reason, out.Status.Why, &refused
		m.retry.digest, m.retry.world, m.retry.until = m.unit.Digest, world, time.Now().Add(slowTimer)
		if out.Writes > 0 {
			m.retry.world = 0
		}
	} else {
		m.retry.reason, m.retry.plan = "", nil
	}
}

// drift tells what changed although nobody edited the document.
func (d *daemon) drift(key resource.UnitKey, p plan.Plan) {
	for i := range p.Steps {
		s := p.Steps[i]
		if s.Action == plan.ActionNone || s.Blocked == status.AbsenceGrace || s.Stray {
			continue
		}
		what := "changed: " + changedFields(s.Changes)
		if s.Action == plan.ActionCreate {
			what = "is gone"
		}
		d.e.m.Drift(key, s.ID.Kind)
		d.e.tell(Event{Unit: key, Kind: EventDrift, Step: &s, Message: s.ID.Local() + " " + what})
	}
}

// summary says how the services stand: "3 services: 2 ready, 1 progressing".
func (e *Engine) summary() string {
	e.mu.Lock()
	counts, all := maps.Clone(e.states.of), len(e.status)
	e.mu.Unlock()
	noun := "services"
	if all == 1 {
		noun = "service"
	}
	if n := counts[status.StateReady]; n == all {
		return fmt.Sprintf("%d %s ready", n, noun)
	}
	var parts []string
	for _, st := range []status.State{status.StateReady, status.StateProgressing, status.StateDrifted, status.StateSuspended, status.StateStalled, status.StateUnknown} {
		if counts[st] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[st], strings.ToLower(string(st))))
		}
	}
	return fmt.Sprintf("%d %s: %s", all, noun, strings.Join(parts, ", "))
}

func sortUnits(units []*resource.Unit) {
	sortBy(units, func(u *resource.Unit) string { return u.Key.String() })
}

func sortKeys(keys []resource.UnitKey) { sortBy(keys, resource.UnitKey.String) }

// sortBy sorts a list by a name that is made once for each.
func sortBy[T any](list []T, name func(T) string) {
	type named struct {
		name string
		of   T
	}
	all := make([]named, len(list))
	for i, one := range list {
		all[i] = named{name(one), one}
	}
	slices.SortFunc(all, func(a, b named) int { return strings.Compare(a.name, b.name) })
	for i := range all {
		list[i] = all[i].of
	}
}
