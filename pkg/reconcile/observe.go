package reconcile

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// observe reads every object of the units once: the targets side by side, and in
// each kind by kind in their order (but see abreast), in as few calls as the API allows. Every
// object is answered for; what could not be learned is Unknown and says why.
func (e *Engine) observe(ctx context.Context, units []*resource.Unit) map[resource.ID]resource.Live {
	live := e.observeLean(ctx, units)
	for id, l := range live {
		if l.Sealed != nil {
			live[id] = l.Open()
		}
	}
	return live
}

// observeLean is observe with bodies that may be sealed (resource.Query.Lean).
func (e *Engine) observeLean(ctx context.Context, units []*resource.Unit) map[resource.ID]resource.Live {
	began := time.Now()
	live := map[resource.ID]resource.Live{}
	targets := byTarget(units)
	parts := make(chan map[resource.ID]resource.Live, len(targets))
	for target, us := range targets {
		go func() { parts <- e.observePart(ctx, part{target: target, units: us}) }()
	}
	for range targets {
		if part := <-parts; len(targets) == 1 {
			live = part
		} else {
			maps.Copy(live, part)
		}
	}
	e.noted(live, began)
	return live
}

// noted takes in what an observation shows beyond the units that it is for.
func (e *Engine) noted(live map[resource.ID]resource.Live, began time.Time) {
	e.grace.observed(live, began)
	e.saw(live)
}

// part is some or all of a target's units.
type part struct {
	target string
	units  []*resource.Unit
	round  *resource.Round               // that it is a part of, nil for a whole
	known  map[resource.ID]resource.Live // what was read of their services before, nil for nothing
}

func byTarget(units []*resource.Unit) map[string][]*resource.Unit {
	out := map[string][]*resource.Unit{}
	for _, u := range units {
		out[u.Key.Target] = append(out[u.Key.Target], u)
	}
	return out
}

// observePart reads the objects of a part.
func (e *Engine) observePart(ctx context.Context, p part) map[resource.ID]resource.Live {
	all := 0
	for _, u := range p.units {
		all += u.Len()
	}
	live := make(map[resource.ID]resource.Live, all)
	units := open(e.inPlace(ctx, p.units, live))
	if p.round == nil && p.known == nil && e.abreast(ctx) {
		e.observeAbreast(ctx, p.target, units, live)
		return live
	}
	for id, l := range p.known {
		if live[id].Err == nil { // else nobody can tell any more where it is
			live[id] = l
		}
	}
	if p.known != nil && e.o.Workers > 1 { // seen for the first time: hundreds of calls, and each kind waits for a budget of its own
		e.askAbreast(ctx, p, units, live)
		return live
	}
	for _, k := range e.o.Kinds {
		if k.Name() != resource.KindService || p.known == nil {
			e.askPart(ctx, k, p, units, live)
		}
	}
	return live
}

// observeServices reads the services of a part, for what is read of it later.
func (e *Engine) observeServices(ctx context.Context, p part) map[resource.ID]resource.Live {
	live := map[resource.ID]resource.Live{}
	units := open(e.inPlace(ctx, p.units, map[resource.ID]resource.Live{}))
	if k := e.byKind[resource.KindService]; k != nil {
		e.askPart(ctx, k, p, units, live)
	}
	return live
}

// askPart adds what one kind says to what is known.
func (e *Engine) askPart(ctx context.Context, k resource.Kind, p part, units []opened, live map[resource.ID]resource.Live) {
	if objects := e.objectsOf(k, units); len(objects) > 0 {
		room := roomy()
		found := e.ask(ctx, k, resource.Query{Target: p.target, Objects: objects, Live: live, Lean: true, Round: p.round, Room: room})
		maps.Copy(live, found)
		if reflect.ValueOf(found).Pointer() == reflect.ValueOf(room).Pointer() { // else a panic may have left somebody who writes to it
			clear(room)
			select {
			case rooms <- room:
			default:
			}
		}
	}
}

// rooms are empty maps for answers that are copied at once: of a part and its kinds one
// after the other. They are kept over collections, unlike a sync.Pool's.
var rooms = make(chan map[resource.ID]resource.Live, 2)

func roomy() map[resource.ID]resource.Live {
	select {
	case room := <-rooms:
		return room
	default:
		return map[resource.ID]resource.Live{}
	}
}

// ask makes one query of one kind. A panic over many objects is asked again one
// by one, so that it stays with the object that it is about.
func (e *Engine) ask(ctx context.Context, k resource.Kind, q resource.Query) map[resource.ID]resource.Live {
	found, p := e.askOnce(ctx, k, q)
	if p != nil && len(q.Objects) > 1 {
		found = map[resource.ID]resource.Live{}
		for _, o := range q.Objects {
			one := q
			one.Objects, one.Round, one.Room = []*resource.Object{o}, nil, nil
			maps.Copy(found, e.ask(ctx, k, one))
		}
		return found
	}
	if found == nil {
		found = make(map[resource.ID]resource.Live, len(q.Objects))
	}
	for i := range q.Objects {
		id := q.Objects[i].ID
		l, ok := found[id]
		switch {
		case p != nil:
			e.panicked(id.Key(), p)
			l = resource.Live{Err: fmt.Errorf("%w: %s", errPanic, shape.Fault(p.value))}
		case !ok:
			l = resource.Live{Err: fmt.Errorf("%s was not answered for", id.Local())}
		case ctx.Err() != nil && l.Presence == resource.Absent:
			l = resource.Live{Err: ctx.Err()} // never believed of a read that was cut off
		case l.ID == id:
			continue
		}
		l.ID = id
		found[id] = l
	}
	if len(found) > len(q.Objects) { // the answer to what nobody asked
		asked := make(map[resource.ID]bool, len(q.Objects))
		for i := range q.Objects {
			asked[q.Objects[i].ID] = true
		}
		maps.DeleteFunc(found, func(id resource.ID, _ resource.Live) bool { return !asked[id] })
	}
	return found
}

func (e *Engine) askOnce(ctx context.Context, k resource.Kind, q resource.Query) (live map[resource.ID]resource.Live, p *panicError) {
	defer func() {
		if v := recover(); v != nil {
			p = caught(v)
		}
	}()
	return k.Observe(ctx, q), nil
}

// reread reads one object and the ECS service of its unit, bypassing hints and
// caches: the read before a write. seen are the answers known in this pass.
func (e *Engine) reread(ctx context.Context, u *resource.Unit, o *resource.Object, seen map[resource.ID]resource.Live) (object, service resource.Live) {
	known := map[resource.ID]resource.Live{}
	maps.Copy(known, seen)
	if svc := u.Object(serviceID(u)); svc != nil && o.ID != svc.ID {
		service = e.ask(ctx, e.byKind[svc.ID.Kind], resource.Query{
			Target: u.Key.Target, Objects: []*resource.Object{svc}, Direct: true, Live: known})[svc.ID]
		if service.Presence != resource.Unknown {
			known[svc.ID] = service
		}
	}
	object = e.ask(ctx, e.byKind[o.ID.Kind], resource.Query{
		Target: u.Key.Target, Objects: []*resource.Object{o}, Direct: true, Live: known})[o.ID]
	if o.ID.Kind == resource.KindService {
		service = object
	}
	return object, service
}

// serviceID is the ID of the unit's ECS service.
func serviceID(u *resource.Unit) resource.ID {
	return resource.ID{Target: u.Key.Target, Cluster: u.Key.Cluster, Unit: u.Key.Name, Kind: resource.KindService}
}

func scalableTargetID(u *resource.Unit) resource.ID {
	return serviceID(u).Of(resource.KindScalableTarget, "")
}

// probe asks for the scalable target of a service whose document has none:
// while somebody else's exists, the count is not ours.
func (e *Engine) probe(k resource.Kind, u opened) (out []*resource.Object) {
	id := scalableTargetID(u.unit)
	if u.unit.Has(id) || !u.unit.Has(serviceID(u.unit)) {
		return nil
	}
	defer func() {
		if p := recover(); p != nil {
			e.panicked(u.unit.Key, p)
			out = nil // not asked: unknown, and so taken for there
		}
	}()
	o := resource.Object{ID: id, Want: k.Section().New(), Section: k.Section().Path, Tags: map[string]string{}}
	with := u.unit.With(append(slices.Clip(u.objects), &o)...) // frames: what is scaled is told by its name
	k.Complete(e.currentFrame(), with, &o)                     // its complaints are about what nobody wrote
	return []*resource.Object{&o}
}

// only is the part of an observation that is about one unit, opened.
func only(u *resource.Unit, live map[resource.ID]resource.Live) map[resource.ID]resource.Live {
	out := make(map[resource.ID]resource.Live, u.Len())
	for id := range u.IDs() {
		if l, ok := live[id]; ok {
			out[id] = l.Open()
		} else {
			out[id] = resource.Live{ID: id, Err: fmt.Errorf("%s was not read", id.Local())}
		}
	}
	if id := scalableTargetID(u); !u.Has(id) {
		if l, ok := live[id]; ok {
			out[id] = l
		}
	}
	return out
}

// view is one unit as a pass sees it.
type view struct {
	unit    *resource.Unit
	live    map[resource.ID]resource.Live
	strays  []resource.Live // what the document does not name
	plan    plan.Plan
	rollout *resource.Deployment // the deployment that the service is in, nil for none or not asked
	// rolloutErr: the deployment could not be read; it is then unknown.
	rolloutErr error
	in         plan.Input // that the plan was made from
}

func (v *view) service() resource.Live { return v.live[serviceID(v.unit)] }

// image is what the service runs now, "" when that is not known.
func (v *view) image() string {
	return v.live[serviceID(v.unit).Of(resource.KindTaskDefinition, "")].Image
}

// look plans one unit from what was observed. It writes nothing; write says
// whether the plan is meant to be executed now.
func (e *Engine) look(ctx context.Context, u *resource.Unit, live map[resource.ID]resource.Live, write bool) view {
	if u.Gone {
		return e.lookGone(ctx, u, write)
	}
	v := view{unit: u, live: live}
	in := plan.Input{
		Frame: e.currentFrame(), Unit: u, Kinds: e.o.Kinds, Live: live,
		Cover: e.o.Cover, Now: now(), InGrace: e.grace.within(u, live, write), Untouched: e.untouched(u),
		RaisedSince: e.raises.since(u.Key, v.service()), CountMet: e.raises.counted(u), Contested: e.fights.contested(u),
	}
	in.Strays = e.strays(ctx, u, live)
	in.Fresh, in.Doubt = e.grace.strays(u.Key, in.Strays, write), e.doubt(u.Key)
	if scaling := scalableTargetID(u); u.Object(scaling) == nil && e.byKind[scaling.Kind] != nil {
		// What could not be read may be there: no count is sent then, either. But it is
		// not known to be there: nobody may take the count for what was wanted.
		in.ForeignScaling = live[scaling].Presence == resource.Present
		in.ScalingUnread = live[scaling].Presence == resource.Unknown
	}
	v.strays = in.Strays
	v.rollout, v.rolloutErr = e.current(ctx, u, v.service())
	in.Rollout = v.rollout
	v.plan = plan.Make(in)
	if arns := v.plan.NeedsGroups(); len(arns) > 0 {
		in.Groups = e.standing(ctx, u, arns)
		v.plan = plan.Make(in)
	}
	if v.plan.NeedsHistory() || v.failed() && in.History == nil {
		in.History, in.HistoryErr = e.history(ctx, v.service())
		v.plan = plan.Make(in)
	}
	if v.plan.NeedsPrevious() {
		in.Previous = e.previous(ctx, v.service())
		v.plan = plan.Make(in)
	}
	if news := e.fights.saw(&v); len(news) > 0 {
		e.tellContests(u, news)
		in.Contested = e.fights.contested(u)
		v.plan = plan.Make(in)
	}
	e.raises.learn(&v)
	if v.plan.Quarantine == nil {
		v.plan.Quarantine = v.unremembered()
	}
	v.in = in
	e.word(&v)
	e.log.Debug("planned", zap.Stringer("unit", u.Key), zap.Int("steps", len(v.plan.Steps)))
	return v
}

// word says what a plan by itself cannot know of the reasons in it.
func (e *Engine) word(v *view) {
	v.blame()
	manualWay(&v.plan)
	for i := range v.plan.Steps {
		if s := &v.plan.Steps[i]; s.Blocked == status.AbsenceGrace && !s.Stray && !e.grace.knows(s.ID) {
			s.Why = fmt.Sprintf("%s is not there; it is created when it stays away for %s, since another run may just have made it", s.ID.Local(), e.o.AbsenceGrace)
		}
	}
}

// standing reads target groups of which one takes over from another.
func (e *Engine) standing(ctx context.Context, u *resource.Unit, arns []string) (found map[string]resource.Live) {
	defer func() {
		if v := recover(); v != nil {
			e.panicked(u.Key, v)
			found = map[string]resource.Live{} // not answered for: unknown
		}
	}()
	k, ok := e.byKind[resource.KindTargetGroup].(resource.Succession)
	if !ok {
		return map[string]resource.Live{}
	}
	return k.Standing(ctx, u.Key.Target, arns)
}

// blame tells our own defects from reads that failed.
func (v *view) blame() {
	for i := range v.plan.Steps {
		if s := &v.plan.Steps[i]; s.Blocked == status.Unobserved && errors.Is(v.live[s.ID].Err, errPanic) {
			s.Blocked = status.InternalError
		}
	}
}

func (e *Engine) currentFrame() resource.Frame {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.frame
}
