package reconcile

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// execution executes the plan of one unit: each step as planned, or not at all.
type execution struct {
	e *Engine
	*view
	known  map[resource.ID]resource.Live // what was observed, and what was made since
	failed map[resource.ID]bool
	// touched: the ECS service was written in this pass, so that it no longer
	// looks as planned.
	touched bool
	stopped string // why nothing more is done to the unit
	writes  int
	err     error // the first
}

// execute does the plan's steps in order. A step that fails blocks those that
// need it and nothing else.
func (e *Engine) execute(ctx context.Context, v *view) *execution {
	x := &execution{e: e, view: v, known: maps.Clone(v.live), failed: map[resource.ID]bool{}}
	for i := range v.plan.Steps {
		s := &v.plan.Steps[i]
		if !s.Writes() {
			continue
		}
		ctx := x.origin(ctx, s)
		switch need, reason := x.missing(s); {
		case ctx.Err() != nil:
			x.block(s, status.Reconciling, "the operator was told to stop before this step")
		case x.stopped != "":
			x.block(s, status.ChangedSincePlanned, x.stopped)
		case reason != "":
			x.block(s, reason, "waits for "+need.Local())
		case s.Stray:
			x.prune(ctx, s)
		case s.Action == plan.ActionRun:
			x.runHook(ctx, s)
		default:
			x.step(ctx, s)
		}
	}
	return x
}

// block leaves a step undone, with the reason.
func (x *execution) block(s *plan.Step, r status.Reason, why string) {
	s.Blocked, s.Why = r, why
	x.failed[s.ID] = true
}

// missing finds what a step needs and does not have.
func (x *execution) missing(s *plan.Step) (resource.ID, status.Reason) {
	for _, need := range s.Needs {
		if x.failed[need] {
			return need, status.DependencyMissing
		}
		if s.Action != plan.ActionCreate && s.Action != plan.ActionReplace {
			continue // an update needs what its references name, and Resolve asks for that
		}
		switch x.known[need].Presence {
		case resource.Absent:
			return need, status.DependencyMissing
		case resource.Unknown:
			return need, status.Unobserved
		}
	}
	return resource.ID{}, ""
}

// step does one step: resolve, read again, compare, write.
func (x *execution) step(ctx context.Context, s *plan.Step) {
	wanted := x.plan.Object(x.unit, s.ID)
	if s.Settled != nil {
		wanted = s.Settled
	}
	o, open := resource.Resolve(*wanted, x.attrs)
	if len(open) > 0 && s.Action != plan.ActionAdopt && !s.Moves() { // an adoption writes tags alone
		x.block(s, status.DependencyMissing, fmt.Sprintf("waits for %s of %s", open[0].Attr, open[0].To.Local()))
		return
	}
	k := x.e.byKind[s.ID.Kind]
	if s.ID.Kind == resource.KindTaskDefinition {
		release, err := x.e.families.Lock(ctx, s.ID.Target+"/"+k.Attributes(&o)["family"])
		if err != nil {
			x.block(s, status.Reconciling, "the operator was told to stop before this step")
			return
		}
		defer release()
	}
	live, service := x.e.reread(ctx, x.unit, &o, x.known)
	if x.overtaken(s, &o, live, service) {
		x.known[s.ID] = live
		return
	}
	r, why := x.moved(s, live, service)
	if r == "" {
		r, why = x.revisionMoved(ctx, s, service)
	}
	if r != "" {
		x.block(s, r, why)
		if r == status.ChangedSincePlanned && live.ID != serviceID(x.unit) && x.unsteady(s, service) {
			x.stopped = why
		}
		return
	}
	if service.Presence != resource.Present {
		service = x.known[serviceID(x.unit)] // made a moment ago: reads lag
	}
	if ruled, ok := k.(resource.Ruled); ok && live.Presence == resource.Present {
		// A call that sends whole objects must not write what is ignored, nor what
		// is put apart: somebody else's value goes along.
		leave := append(slices.Clone(x.unit.Policy.Ignore), apart(x.plan, s)...)
		o.Want = ruled.Rules(&o, resource.Compare{Policy: x.unit.Policy}).Keep(o.Want, live.Value, leave, o.Section)
	}
	if !x.markHooks(ctx, s, service) {
		return
	}
	w := resource.Write{Object: o, Live: live, Changes: s.Changes, Unit: service}
	x.write(ctx, s, k, x.withHooks(s, x.stamped(k, s, w)))
}

// attrs answers references from what exists.
func (x *execution) attrs(id resource.ID) map[string]string {
	return x.known[id].Attributes()
}

// moved compares what is there now with what was planned on: the object itself,
// and the ECS service, on which a person may have put a suspension meanwhile.
func (x *execution) moved(s *plan.Step, live, service resource.Live) (status.Reason, string) {
	switch {
	case live.Presence == resource.Unknown:
		return readReason(live.Err), fmt.Sprintf("%s could not be read again before the write: %v", s.ID.Local(), live.Err)
	case live.Fingerprint() != s.Seen:
		return status.ChangedSincePlanned, s.ID.Local() + " changed since it was planned on"
	case !x.unit.Has(serviceID(x.unit)):
		return "", ""
	case service.Presence == resource.Unknown:
		return readReason(service.Err), fmt.Sprintf("the ECS service could not be read again before the write: %v", service.Err)
	case x.unsteady(s, service):
		return status.ChangedSincePlanned, "the ECS service changed since it was planned on"
	}
	return "", ""
}

// overtaken reports whether another step has done what this one is for: one call
// moves all rules that have to move. Nothing is left to be written then.
func (x *execution) overtaken(s *plan.Step, o *resource.Object, live, service resource.Live) bool {
	if s.Action != plan.ActionUpdate || live.Presence != resource.Present || live.Fingerprint() == s.Seen || x.unsteady(s, service) {
		return false
	}
	for key, want := range o.Tags {
		if live.Tags[key] != want {
			return false
		}
	}
	changes := x.e.byKind[s.ID.Kind].Diff(o, &live, resource.Compare{Policy: x.unit.Policy, HasScalableTarget: true})
	return !slices.ContainsFunc(changes, func(c diff.Change) bool { return !c.Informational })
}

// unsteady reports whether the ECS service is not as it was planned on: its
// fields, its suspension and hold, and for a step that deploys, its rollouts.
func (x *execution) unsteady(s *plan.Step, service resource.Live) bool {
	planned := x.live[serviceID(x.unit)]
	if x.touched {
		for _, tag := range []string{resource.TagSuspend, resource.TagHold, resource.TagQuarantine} {
			if service.Presence == resource.Present && service.Tags[tag] != planned.Tags[tag] {
				return true
			}
		}
		return false
	}
	if service.Presence != planned.Presence || service.Fingerprint() != planned.Fingerprint() {
		return true
	}
	a, b := planned.Service, service.Service
	if !s.Effect.Deploys() || a == nil || b == nil {
		return false
	}
	return a.PrimaryID != b.PrimaryID || a.CurrentDeployment != b.CurrentDeployment ||
		b.PrimaryState == "IN_PROGRESS" && a.PrimaryState != "IN_PROGRESS"
}

// stamped adds what only apply knows: the idempotency token, and the source
// revision wherever tags are written anyway.
func (x *execution) stamped(k resource.Kind, s *plan.Step, w resource.Write) resource.Write {
	if w.Live.Presence == resource.Absent || s.Action == plan.ActionReplace {
		w.Token = x.token(w.Live)
	}
	revision := x.plan.Revision
	if revision == "" || !k.Taggable() {
		return w
	}
	tags := maps.Clone(w.Object.Tags)
	if tags == nil {
		tags = map[string]string{}
	}
	tags[resource.TagRevision] = revision
	if q := x.e.carried(s.ID); q != "" && s.Action == plan.ActionCreate {
		tags[resource.TagQuarantine] = q
	}
	w.Object.Tags = tags
	if s.Action == plan.ActionCreate || s.Action == plan.ActionReplace {
		return w
	}
	path := "tags." + resource.TagRevision
	writesTags := slices.ContainsFunc(w.Changes, func(c diff.Change) bool {
		return strings.HasPrefix(c.Path, "tags.") && !c.Informational
	})
	if old := w.Live.Tags[resource.TagRevision]; writesTags && old != revision {
		c := diff.Change{Path: path, Op: diff.Replace, Old: old, New: revision, Effect: diff.None, Reason: diff.FromSpec}
		if old == "" {
			c.Op, c.Old = diff.Add, nil
		}
		w.Changes = append(slices.Clone(w.Changes), c)
	}
	return w
}

// token makes a create idempotent: the same content of the same service gives
// the same token, unless a service of that name was deleted in between.
func (x *execution) token(live resource.Live) string {
	predecessor := ""
	if live.Service != nil && live.Service.Status == "INACTIVE" {
		predecessor = live.Service.CreatedAt
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{x.unit.Key.Target, x.unit.Key.Cluster, x.unit.Key.Name,
		live.ID.Local(), x.unit.ContentHash, predecessor}, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// write makes the call and sorts what comes of it.
func (x *execution) write(ctx context.Context, s *plan.Step, k resource.Kind, w resource.Write) {
	ctx, done := finishing(ctx)
	defer done()
	if s.Action == plan.ActionReplace && recreates(s) {
		x.remove(ctx, s, k, w)
		return
	}
	live, err := x.call(ctx, s, k, w)
	switch class := resource.ClassOf(err); {
	case err == nil:
		x.wrote(s, live)
	case class == resource.ClassUnknownOutcome:
		x.unclear(ctx, s, w, err)
	default:
		if class != resource.ClassOther && class != resource.ClassThrottled {
			x.e.log.Sugar().Infow("a write was refused", "unit", x.unit.Key.String(), "step", s.ID.Local(), "error", err)
		}
		if class == resource.ClassInvalid || class == resource.ClassNotFound {
			if why := x.vanished(ctx, s); why != "" {
				x.block(s, status.ChangedSincePlanned, fmt.Sprintf("%s: %v", why, err))
				x.stopped = why
				return
			}
		}
		r, why := writeReason(s, err)
		x.fail(s, r, why, err)
	}
}

// vanished finds out, when AWS has refused a write, whether something that it refers to
// is not there any more: then it is not the document that is wrong. "" for nothing.
func (x *execution) vanished(ctx context.Context, s *plan.Step) string {
	o := x.unit.Object(s.ID)
	if o == nil {
		return ""
	}
	looked := map[resource.ID]bool{}
	for _, ref := range o.Refs {
		to := x.unit.Object(ref.To)
		was := x.known[ref.To]
		if to == nil || looked[ref.To] || was.Presence != resource.Present {
			continue
		}
		looked[ref.To] = true
		if now, _ := x.e.reread(ctx, x.unit, to, x.known); now.Presence == resource.Absent || now.Presence == resource.Present && now.ARN != was.ARN {
			return ref.To.Local() + ", which it refers to, is gone since it was planned on"
		}
	}
	return ""
}

// refused sorts what came of a call that failed. One of which nobody knows how it
// ended counts as a write.
func (x *execution) refused(s *plan.Step, err error) {
	if resource.ClassOf(err) == resource.ClassUnknownOutcome {
		x.writes++
	}
	r, why := writeReason(s, err)
	x.fail(s, r, why, err)
}

func (x *execution) fail(s *plan.Step, r status.Reason, why string, err error) {
	x.block(s, r, why)
	if x.err == nil {
		x.err = err
	}
}

// call is the one place where something is made or changed; delete is that where
// something is taken away.
func (x *execution) call(ctx context.Context, s *plan.Step, k resource.Kind, w resource.Write) (live resource.Live, err error) {
	defer func() {
		if v := recover(); v != nil {
			x.e.panicked(s.ID.Key(), v)
			err = fmt.Errorf("%w: %s", errPanic, shape.Fault(v))
			x.e.grace.wrote(s.ID) // it may have been made
		}
	}()
	switch s.Action {
	case plan.ActionCreate, plan.ActionReplace:
		return k.Create(ctx, w)
	case plan.ActionAdopt:
		w.Changes = slices.DeleteFunc(slices.Clone(w.Changes), func(c diff.Change) bool { return !strings.HasPrefix(c.Path, "tags.") })
		return k.Update(ctx, w)
	case plan.ActionUpdate:
		return k.Update(ctx, w)
	}
	return resource.Live{}, fmt.Errorf("%w: a step of action %q cannot be executed", errPanic, s.Action)
}

// recreates: the object cannot stand beside the one that replaces it.
func recreates(s *plan.Step) bool {
	return s.Effect == diff.Recreation || s.ID.Kind == resource.KindService
}

// remove is the first half of a recreation, which the spec must allow
// (policy.recreate): the object is deleted now, and created again by a later
// pass that finds it gone. What ECS' history would tell of a service goes with
// it, so the quarantine is carried over.
func (x *execution) remove(ctx context.Context, s *plan.Step, k resource.Kind, w resource.Write) {
	if k.Taggable() && w.Live.Tags[resource.TagOwner] != x.e.currentFrame().Owner {
		x.block(s, status.NotOurs, s.ID.Local()+" is not ours to delete")
		return
	}
	err := x.delete(ctx, s, k, w)
	if err != nil {
		r, why := writeReason(s, err)
		x.fail(s, r, why, err)
		return
	}
	x.writes++
	x.e.carry(s.ID, w.Live.Tags[resource.TagQuarantine])
	x.e.grace.gone(s.ID)
	x.known[s.ID] = resource.Live{ID: s.ID, Presence: resource.Absent, Service: w.Live.Service}
	x.e.tell(Event{Unit: x.unit.Key, Kind: EventStep, Message: "deleted " + s.ID.Local() + " to create it anew", Step: s})
	x.block(s, status.Draining, s.ID.Local()+" was deleted to be made anew; it is created when that has ended")
}

// delete makes the call, of what is to be made anew and of what no document names.
func (x *execution) delete(ctx context.Context, s *plan.Step, k resource.Kind, w resource.Write) (err error) {
	x.touched = x.touched || s.ID.Kind == resource.KindService
	defer func() {
		if v := recover(); v != nil {
			x.e.panicked(s.ID.Key(), v)
			err = fmt.Errorf("%w: %s", errPanic, shape.Fault(v))
		}
	}()
	return k.Delete(ctx, w)
}

// wrote takes the answer of a write in.
func (x *execution) wrote(s *plan.Step, live resource.Live) {
	before := x.known[s.ID]
	live.ID = s.ID
	if live.Presence == resource.Unknown {
		live.Presence = resource.Present
	}
	if live.ARN == "" {
		live.ARN = before.ARN
	}
	if live.Name == "" {
		live.Name = before.Name
	}
	if live.Attrs == nil {
		live.Attrs = before.Attrs
	}
	if live.Service == nil {
		live.Service = before.Service
	}
	x.known[s.ID] = live
	x.writes++
	x.e.grace.wrote(s.ID)
	x.e.carry(s.ID, "") // it stands in the tags of what was made
	if s.ID.Kind == resource.KindService {
		x.touched = true
		if s.Action != plan.ActionAdopt && (s.Action != plan.ActionUpdate || slices.ContainsFunc(s.Changes, func(c diff.Change) bool { return c.Path == "desiredCount" && !c.Informational })) {
			x.e.raises.said(x.unit)
		}
	}
	step := *s
	step.ARN = live.ARN
	x.e.tell(Event{Unit: x.unit.Key, Kind: EventStep, Message: stepDone(step), Step: &step})
}

// unclear decides after a write of which nobody knows whether it happened, by
// looking. A create that is there now is done; anything else is planned anew.
func (x *execution) unclear(ctx context.Context, s *plan.Step, w resource.Write, err error) {
	x.writes++
	x.e.grace.wrote(s.ID)
	live, _ := x.e.reread(ctx, x.unit, &w.Object, x.known)
	ours := live.Tags[resource.TagOwner] == w.Object.Tags[resource.TagOwner] &&
		live.Tags[resource.TagUnit] == w.Object.Tags[resource.TagUnit] &&
		live.Tags[resource.TagSpecHash] == w.Object.Tags[resource.TagSpecHash]
	if s.Action == plan.ActionCreate && live.Presence == resource.Present && ours && x.whole(&w.Object, &live) {
		x.writes--
		x.wrote(s, live)
		return
	}
	x.fail(s, status.OutcomeUnknown, fmt.Sprintf("the answer to the write was lost (%v): looking again", err), err)
	x.touched = x.touched || s.ID.Kind == resource.KindService
}

// whole reports whether nothing is left of a create that takes several calls: a
// target group has its attributes only after the second.
func (x *execution) whole(o *resource.Object, live *resource.Live) bool {
	changes := x.e.byKind[o.ID.Kind].Diff(o, live, resource.Compare{Policy: x.unit.Policy, HasScalableTarget: true})
	return !slices.ContainsFunc(changes, func(c diff.Change) bool { return !c.Informational })
}

// stepDone says in one sentence what was done.
func stepDone(s plan.Step) string {
	what := s.ID.Local()
	if s.ID.Kind == resource.KindTaskDefinition && s.ARN != "" {
		what += " " + plan.RevisionName(s.ARN)
	}
	switch s.Action {
	case plan.ActionCreate:
		return "created " + what
	case plan.ActionReplace:
		return "made anew " + what
	case plan.ActionAdopt:
		return "adopted " + what
	}
	if s.ID.Kind == resource.KindTaskDefinition {
		return "registered " + what
	}
	return fmt.Sprintf("updated %s: %s", what, changedFields(s.Changes))
}

// changedFields names the paths of a step's changes, the first few of them.
func changedFields(changes []diff.Change) string {
	const most = 3
	var paths []string
	for _, c := range changes {
		if !c.Informational && !strings.HasPrefix(c.Path, "tags."+resource.TagPrefix) {
			paths = append(paths, c.Path)
		}
	}
	switch n := len(paths); {
	case n == 0:
		return "tags"
	case n > most:
		return strings.Join(paths[:most], ", ") + fmt.Sprintf(" and %d more", n-most)
	}
	return strings.Join(paths, ", ")
}

// waitTick is the rhythm in which one-shot commands look again after something
// that is worth a second look at once.
const waitTick = 200 * time.Millisecond
