package reconcile

import (
	"context"
	"fmt"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/source"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// sourceState is how far the last reading of the source is to be believed.
type sourceState struct {
	ref       string // the branch or tag, and who signed what is there
	signer    string
	doubt     string // why what is not in it may be there all the same, "" for no doubt
	complete  bool   // the documents are all of the scope's
	documents int
	frozen    map[string]spec.Problem
}

// doubtful says why a snapshot tells nothing about what it does not have.
func doubtful(snap source.Snapshot, problems []spec.Problem) string {
	for _, p := range problems {
		if p.Severity == spec.Error {
			return oneSentence(p.String())
		}
	}
	if !snap.Complete {
		return "some of its files could not be read"
	}
	return ""
}

// reconsider reads the source once more before something is deleted for what was
// not in it: a run that waits before it deletes must not outlive the mistake that
// somebody mends meanwhile. It changes nothing else of what the run works on.
func (e *Engine) reconsider(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	snap, err := e.o.Source.Snapshot(ctx)
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case err != nil:
		e.source.doubt = orElse(e.source.doubt, "the source could not be read: "+oneSentence(err.Error()))
	case !snap.Complete:
		e.source.doubt = orElse(e.source.doubt, "some of its files could not be read")
	case snap.Revision != e.frame.Source:
		e.source.doubt = orElse(e.source.doubt, "the documents have changed since this run read them; run it again")
	}
}

func oneSentence(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

// doubt is why nothing may be deleted for what a unit's document does not name.
func (e *Engine) doubt(key resource.UnitKey) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if p, frozen := e.source.frozen[key.String()]; frozen {
		return oneSentence(p.String())
	}
	return e.source.doubt
}

// prune does the step of a stray: read again, compare, delete.
func (x *execution) prune(ctx context.Context, s *plan.Step) {
	l, found := x.stray(s)
	if !found {
		x.block(s, status.ChangedSincePlanned, s.ID.Local()+" is not there any more")
		return
	}
	k, o := x.e.byKind[s.ID.Kind], resource.Stray(l)
	live, service := x.e.reread(ctx, x.unit, &o, x.known)
	if live.Presence == resource.Absent {
		x.deleted(s)
		return
	}
	if r, why := x.moved(s, live, service); r != "" {
		x.block(s, r, why)
		return
	}
	if _, ours := x.e.still(k, l, live); !ours {
		x.block(s, status.NotOurs, s.ID.Local()+" does not carry our tags any more")
		return
	}
	if why := x.returned(ctx, s); why != "" {
		x.block(s, status.ChangedSincePlanned, why)
		x.stopped = why
		return
	}
	if why := x.orphaned(ctx, k, s); why != "" {
		x.block(s, status.ChangedSincePlanned, why)
		return
	}
	ends := x.unit.Gone && s.ID.Kind == resource.KindScalableTarget // what hangs on it scales a service that is going
	if held, ok := k.(resource.Occupied); ok && s.Action == plan.ActionDelete && !ends {
		switch why, err := held.InUse(ctx, live); {
		case err != nil:
			x.block(s, readReason(err), fmt.Sprintf("nobody can tell whether %s is still in use: %v", s.ID.Local(), err))
			return
		case why != "":
			s.After = "nobody uses it any more"
			x.block(s, status.Waiting, "it is deleted when nobody uses it any more: "+why)
			return
		}
	}
	call, done := finishing(ctx)
	defer done()
	if s.Action == plan.ActionUpdate {
		x.retag(call, s, k, resource.Write{Object: o, Live: live, Changes: s.Changes, Unit: service})
		return
	}
	x.deleteStray(call, s, k, resource.Write{Object: o, Live: live, Unit: service})
}

// stray finds the live object that a step was planned on.
func (x *execution) stray(s *plan.Step) (resource.Live, bool) {
	for _, l := range x.strays {
		if l.ID == s.ID && l.ARN == s.ARN {
			return l, true
		}
	}
	return resource.Live{}, false
}

// orphaned: of what carries no tags the scalable target says whose it is, and
// that must be ours still.
func (x *execution) orphaned(ctx context.Context, k resource.Kind, s *plan.Step) string {
	if k.Taggable() {
		return ""
	}
	id := s.ID.Of(resource.KindScalableTarget, "")
	parent := x.e.byKind[id.Kind]
	var live resource.Live
	if o := x.unit.Object(id); o != nil {
		live = x.e.ask(ctx, parent, resource.Query{Target: id.Target, Objects: []*resource.Object{o}, Direct: true})[id]
	} else {
		for _, l := range x.strays {
			if l.ID == id {
				live = x.e.ask(ctx, parent, resource.Query{Target: id.Target, Objects: []*resource.Object{new(resource.Stray(l))}, Direct: true})[id]
			}
		}
	}
	if live.Presence != resource.Present || !x.e.inScope(live.Tags) || live.Tags[resource.TagUnit] != s.ID.Key().TagValue() {
		return "its scalable target could not be read as ours"
	}
	return ""
}

// returned looks at the ECS service of a unit without a document once more: a
// person may have suspended it, or its document may be there again.
func (x *execution) returned(ctx context.Context, s *plan.Step) string {
	if !x.unit.Gone {
		return ""
	}
	if why := x.e.doubtOf(x.unit.Key); why != "" {
		return "nothing more is deleted: " + why
	}
	for _, l := range x.strays {
		if l.ID.Kind != resource.KindService || s.ID.Kind == l.ID.Kind {
			continue
		}
		now := x.e.ask(ctx, x.e.byKind[l.ID.Kind], resource.Query{Target: l.ID.Target, Objects: []*resource.Object{new(resource.Stray(l))}, Direct: true})[l.ID]
		if now.Presence == resource.Unknown || now.Presence == resource.Present && now.Fingerprint() != l.Fingerprint() {
			return "the ECS service changed since it was planned on, or cannot be read"
		}
	}
	return ""
}

// retag writes or takes off tags of a stray.
func (x *execution) retag(ctx context.Context, s *plan.Step, k resource.Kind, w resource.Write) {
	if s.Tags != nil {
		w.Object.Tags = s.Tags
	}
	_, err := x.call(ctx, s, k, w)
	if err != nil {
		x.refused(s, err)
		return
	}
	x.writes++
	x.e.tell(Event{Unit: x.unit.Key, Kind: EventStep, Message: "updated " + s.ID.Local() + ": tags", Step: s})
}

// deleteStray makes the call and sorts what comes of it.
func (x *execution) deleteStray(ctx context.Context, s *plan.Step, k resource.Kind, w resource.Write) {
	err := x.delete(ctx, s, k, w)
	switch {
	case err == nil:
		x.writes++
		if x.unit.Gone && s.ID.Kind == resource.KindService {
			x.e.departedNow(x.unit.Key)
		}
		x.deleted(s)
	case inUse(err):
		s.After = "nobody uses it any more"
		x.block(s, status.Waiting, fmt.Sprintf("it is deleted when nobody uses it any more: %v", err))
	default:
		x.refused(s, err)
	}
}

// deleted tells that a stray is gone.
func (x *execution) deleted(s *plan.Step) {
	what := s.ID.Local()
	if s.ID.Kind == resource.KindTaskDefinition {
		what += " " + plan.RevisionName(s.ARN)
	}
	x.e.tell(Event{Unit: x.unit.Key, Kind: EventStep, Message: "deleted " + what, Step: s})
}

// inUse tells ELB's refusal to delete what traffic is led to (ResourceInUse).
func inUse(err error) bool {
	return err != nil && strings.Contains(codeOf(err), "ResourceInUse")
}
