package reconcile

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// MaxDeletes is how many of a scope's services one revision may delete without
// an approval: a count or a share. Never all of them.
type MaxDeletes struct {
	Count   int
	Percent float64 // used instead of Count where it is above 0; at least one service then
}

// DefaultMaxDeletes is a tenth.
var DefaultMaxDeletes = MaxDeletes{Percent: 10}

// Of is the number for so many owned services. "Never all" beats "at least one".
func (m MaxDeletes) Of(owned int) int {
	n := m.Count
	if m.Percent > 0 {
		n = max(1, int(float64(owned)*m.Percent/100))
	}
	return max(0, min(n, owned-1))
}

// departed is a unit whose document is gone.
type departed struct {
	unit *resource.Unit
	all  []resource.Live // as the census has them
	fate plan.Fate
	svc  resource.Live // Absent for one whose service is gone already
}

// Departed are the units of the run's own owner and scope that no document
// describes, as the latest censuses have them: none for a run without a scope,
// and none from a snapshot that is not complete or has no document at all. What
// only has to be told (kept, nobody asked) is among them where told is set.
func (e *Engine) Departed(ctx context.Context, l Loaded, told bool) []*resource.Unit {
	if !e.mayDepart(l) {
		return nil
	}
	e.count(ctx, e.targetsOf(l.Units), l.Units)
	return e.departures(l, told)
}

func (e *Engine) mayDepart(l Loaded) bool {
	return e.currentFrame().Scope != "" && l.Complete && len(l.Units) > 0
}

// departures derives the units from the latest censuses, with what holds for each.
func (e *Engine) departures(l Loaded, told bool) []*resource.Unit {
	if !e.mayDepart(l) {
		return nil
	}
	list, owned := e.gone(l)
	deleted := 0
	for _, d := range list {
		if d.fate == plan.FateDeleted && d.svc.Presence == resource.Present {
			deleted++
		}
	}
	done := e.deletedIn(l.Revision, list) // of this revision, and no longer to be seen
	limit := e.o.MaxDeletes.Of(owned + done)
	over, approved := "", ""
	if deleted+done > limit {
		approved = e.approvedAll(l.Revision, list)
		over = fmt.Sprintf("this revision deletes %d of %d services of scope %s, and may delete %d unasked (--max-deletes); look at diff, then: ecs-operator approve --deletes %s",
			deleted+done, owned+done, e.currentFrame().Scope, limit, e.deletesHash(l.Revision, list))
	}
	var out []*resource.Unit
	now := map[resource.UnitKey]departing{}
	heirs := successors(l.Units, list)
	for _, d := range list {
		if !told && d.fate != plan.FateDeleted && d.fate != plan.FateOrphaned {
			continue
		}
		dep := plan.Departure{Asked: e.o.Prune, Self: e.isSelf(d.unit.Key.Cluster, d.svc)}
		if over != "" && d.fate == plan.FateDeleted && d.svc.Presence == resource.Present {
			dep.Over = over
			if approved != "" {
				dep.Approval = e.approval(approved, l.Revision, d.svc)
			}
		}
		now[d.unit.Key] = departing{dep, heirs[d.unit.Key.Name]}
		out = append(out, d.unit)
	}
	e.mu.Lock()
	e.departing = now
	e.mu.Unlock()
	return out
}

// gone lists the units of the scope without a document, and counts its services.
func (e *Engine) gone(l Loaded) (list []departed, owned int) {
	scope := e.currentFrame().Scope
	documented := map[string]bool{}
	for _, u := range l.Units {
		documented[e.placed(u.Key)] = true
	}
	for identity := range l.Frozen {
		documented[e.placed(parseKey(identity))] = true
	}
	counted := map[string]bool{}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, target := range slices.Sorted(maps.Keys(e.censuses)) {
		c := e.censuses[target]
		if c.err != nil {
			continue // unknown is not absent
		}
		keys := slices.Collect(maps.Keys(c.units))
		sortKeys(keys)
		for _, key := range keys {
			has := documented[e.placed(key)]
			d := departed{unit: &resource.Unit{Key: key, Gone: true}, svc: resource.Live{Presence: resource.Absent}}
			scaled := slices.ContainsFunc(c.units[key], func(f *resource.Found) bool {
				return f.ID.Kind == resource.KindScalableTarget && f.Tags[resource.TagScope] == scope
			})
			for _, found := range c.units[key] {
				mine := found.Tags[resource.TagScope] == scope
				if found.Tags == nil { // for what carries none its scalable target speaks
					mine = scaled
				}
				if !mine {
					continue // without a scope, it is nobody's to delete
				}
				service := found.ID.Kind == resource.KindService
				if service {
					owned++
					counted[e.placed(key)] = true
				}
				if has {
					continue
				}
				live := e.recall(found)
				if service {
					live = e.spoken(live)
					d.svc = live
				}
				d.all = append(d.all, live)
			}
			if has || len(d.all) == 0 {
				continue
			}
			d.fate = plan.FateOf(d.all, e.o.Prune)
			if e.isSelf(key.Cluster, d.svc) {
				d.fate = plan.FateKept // whoever deleted it would not come to the rest
			}
			list = append(list, d)
		}
	}
	for _, u := range l.Units { // what was made since, or is not listed yet, was read all the same
		if at := e.placed(u.Key); e.stood[u.Key].ours && !counted[at] {
			owned++
			counted[at] = true
		}
	}
	return list, owned
}

// placed names a unit by where its target leads to: what two targets of one
// account and region hold is the same.
func (e *Engine) placed(key resource.UnitKey) string {
	place := key.Target
	if e.o.Place != nil {
		place = "\x00" + e.o.Place(key.Target)
	}
	return place + "\x00" + key.TagValue()
}

// deletesHash names a plan of deletions: the revision, whose it is, and which
// services, each as the very one that it is.
func (e *Engine) deletesHash(revision string, list []departed) string {
	f := e.currentFrame()
	parts := []string{"deletes", revision, f.Owner, f.Scope}
	for _, d := range list {
		if d.fate == plan.FateDeleted && d.svc.Presence == resource.Present {
			parts = append(parts, d.unit.Key.String(), d.svc.ARN)
		}
	}
	return sum12(parts)
}

// approvedAll is the hash of the plan of deletions that a person has approved for
// every service that is to be deleted now, "" when there is one without. What was
// approved goes as a whole: the plan may have become smaller since, because some of
// it has been done, but one that has grown is another plan, of which none was approved.
func (e *Engine) approvedAll(revision string, list []departed) (hash string) {
	for _, d := range list {
		if d.fate != plan.FateDeleted || d.svc.Presence != resource.Present {
			continue
		}
		tag := d.svc.Tags[resource.TagApproved]
		h, _, _ := strings.Cut(tag, "/")
		if h == "" || hash != "" && h != hash || tag != e.approval(h, revision, d.svc) {
			return ""
		}
		hash = h
	}
	return hash
}

// deletedIn counts the services that this process has deleted in a revision, and
// that the census does not have any more: they count against the cap, too.
func (e *Engine) deletedIn(revision string, list []departed) (n int) {
	there := map[resource.UnitKey]bool{}
	for _, d := range list {
		there[d.unit.Key] = d.svc.Presence == resource.Present
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.deletions.revision != revision {
		e.deletions = deletions{revision: revision}
	}
	for key := range e.deletions.services {
		if !there[key] {
			n++
		}
	}
	return n
}

// deletions are the services without a document that this process has deleted in
// the revision that is in force.
type deletions struct {
	revision string
	services map[resource.UnitKey]bool
}

// departedNow keeps that the service of a unit was deleted.
func (e *Engine) departedNow(key resource.UnitKey) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.deletions.services == nil {
		e.deletions.services = map[resource.UnitKey]bool{}
	}
	e.deletions.services[key] = true
}

// approval is the value of the approved tag that lets one service go: the plan's
// hash, and what binds it to this revision and this service. So the tag of one
// revision or of another service says nothing here.
func (e *Engine) approval(hash, revision string, service resource.Live) string {
	f := e.currentFrame()
	return hash + "/" + sum12([]string{hash, revision, f.Owner, f.Scope, service.ID.Key().String(), service.ARN})
}

func sum12(parts []string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:12])
}

// lookGone plans a unit whose document is gone, from what is there of it now.
func (e *Engine) lookGone(ctx context.Context, u *resource.Unit, write bool) view {
	v := view{unit: u, live: map[resource.ID]resource.Live{}}
	e.mu.Lock()
	c := e.censuses[u.Key.Target]
	going, counted := e.departing[u.Key]
	e.mu.Unlock()
	dep := going.Departure
	dep.Successor, dep.Short = e.awaited(u.Key, going.heirs)
	in := plan.Input{Frame: e.currentFrame(), Unit: u, Kinds: e.o.Kinds, Live: v.live, Now: now(), Gone: &dep, Doubt: e.doubtOf(u.Key)}
	if !counted { // so that nobody has weighed it against the cap
		in.Doubt = orElse(in.Doubt, "the latest census did not have it")
	}
	if c != nil && c.err == nil {
		v.strays, in.Doubt = e.remains(ctx, u, c, in.Doubt)
	}
	scope := in.Frame.Scope
	v.strays = slices.DeleteFunc(v.strays, func(l resource.Live) bool {
		return l.Presence == resource.Present && e.byKind[l.ID.Kind].Taggable() && l.Tags[resource.TagScope] != scope
	})
	for _, l := range v.strays {
		if l.ID.Kind == resource.KindService {
			v.live[l.ID] = l
			e.hear(l)
		}
	}
	in.Strays, in.Fresh = v.strays, e.grace.strays(u.Key, v.strays, write)
	v.plan = plan.Make(in)
	return v
}

// remains are all objects of a unit without a document, with the revisions of its
// task definition, and what hangs on its scalable target under whatever name its
// service has. What could not be listed puts everything in doubt.
func (e *Engine) remains(ctx context.Context, u *resource.Unit, c *census, doubt string) ([]resource.Live, string) {
	var todo []resource.Live
	for _, f := range c.units[u.Key] {
		todo = append(todo, e.recall(f))
	}
	if k, ok := e.byKind[resource.KindTaskDefinition].(resource.Census); ok {
		revisions, err := k.Owned(ctx, u.Key.Target, e.currentFrame().Owner)
		if err != nil {
			return e.readStrays(ctx, u, todo), orElse(doubt, "the task definition's revisions could not be listed: "+err.Error())
		}
		for i := range revisions {
			if f := &revisions[i]; f.ID.Key() == u.Key && e.inScope(f.Tags) && !e.runs(f.ARN, u.Key) {
				todo = append(todo, e.recall(f))
			}
		}
	}
	strays := e.readStrays(ctx, u, todo)
	known := map[string]bool{}
	var targets []resource.Live
	for _, l := range strays {
		known[l.ARN] = true
		if l.ID.Kind == resource.KindScalableTarget && l.Presence == resource.Present {
			targets = append(targets, l)
		}
	}
	hanging, err := e.hanging(ctx, targets)
	if err != nil {
		return strays, orElse(doubt, "its scaling could not be listed: "+err.Error())
	}
	var more []resource.Live
	for i := range hanging {
		if f := &hanging[i]; !known[f.ARN] {
			more = append(more, e.recall(f))
		}
	}
	return append(strays, e.readStrays(ctx, u, more)...), doubt // whole: what is planned on is compared before it goes
}

// doubtOf is why a unit without a document may have one after all.
func (e *Engine) doubtOf(key resource.UnitKey) string {
	if why := e.doubt(key); why != "" {
		return why
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.loaded[key] != nil:
		return "its document is there again"
	case !e.source.complete || e.source.documents == 0:
		return "the documents are not all of the scope's"
	}
	return ""
}

// ApproveDeletes gives the approval that a plan of deletions waits for: it makes
// the plan again, and where its hash is the one that was looked at, tags every
// service that it deletes.
func (e *Engine) ApproveDeletes(ctx context.Context, l Loaded, hash string) ([]resource.UnitKey, error) {
	f := e.currentFrame()
	switch {
	case f.Scope == "":
		return nil, fmt.Errorf("a run without --scope deletes no service: there is nothing to approve")
	case !e.mayDepart(l):
		return nil, fmt.Errorf("the documents are not complete, so that nothing is deleted: %s", orElse(e.doubt(resource.UnitKey{}), "mend them, and leave out --env"))
	}
	e.count(ctx, e.targetsOf(l.Units), l.Units)
	e.mu.Lock()
	for target, c := range e.censuses {
		if c.err != nil {
			e.mu.Unlock()
			return nil, fmt.Errorf("what is there in target %s could not be listed: %w", target, c.err)
		}
	}
	e.mu.Unlock()
	list, _ := e.gone(l)
	list = slices.DeleteFunc(list, func(d departed) bool {
		return d.fate != plan.FateDeleted || d.svc.Presence != resource.Present
	})
	if len(list) == 0 {
		return nil, fmt.Errorf("no service of scope %s would be deleted: there is nothing to approve", f.Scope)
	}
	if now := e.deletesHash(l.Revision, list); now != hash {
		return nil, fmt.Errorf("the deletions are not those of %s: documents or services have changed since; run diff again, and approve what it shows", hash)
	}
	var keys []resource.UnitKey
	for _, d := range list {
		read := e.readStrays(ctx, d.unit, []resource.Live{d.svc})
		if len(read) != 1 || read[0].Presence != resource.Present {
			return keys, fmt.Errorf("%s: the ECS service could not be read again", d.unit.Key)
		}
		call, done := finishing(onPlan(e.from(ctx, d.unit, "approve"), hash))
		err := e.o.Rollouts.Tag(call, d.unit.Key.Target, d.svc.ARN, map[string]string{resource.TagApproved: e.approval(hash, l.Revision, d.svc)}, nil)
		done()
		if err != nil {
			return keys, fmt.Errorf("%s: the approval could not be written: %w", d.unit.Key, err)
		}
		keys = append(keys, d.unit.Key)
	}
	return keys, nil
}

// depart takes the units whose documents are gone among those that are looked
// after, as the census of the sweep has them. Those that are there already were handed
// out by the sweep.
func (d *daemon) depart(ctx context.Context) {
	if ctx.Err() != nil {
		return
	}
	d.mu.Lock()
	l := d.loaded
	d.mu.Unlock()
	gone := d.e.departures(l, false)
	var added []resource.UnitKey
	d.mu.Lock()
	for _, u := range gone {
		if d.units[u.Key] == nil {
			d.units[u.Key] = &member{unit: u}
			added = append(added, u.Key)
		}
	}
	d.mu.Unlock()
	for _, key := range added {
		d.queue.Add(key)
	}
}

// left forgets a unit without a document of which nothing is left, or nothing to do. One
// whose document has come back meanwhile stays: it is in the queue for that.
func (d *daemon) left(u *resource.Unit, out Outcome) bool {
	if !u.Gone || !out.Plan.Empty() {
		return false
	}
	d.mu.Lock()
	if m := d.units[u.Key]; m != nil && m.unit == u {
		d.hold(m.last.blocked, nil)
		delete(d.units, u.Key)
	}
	d.mu.Unlock()
	d.e.forget(u.Key)
	d.forget(u.Key)
	return true
}
