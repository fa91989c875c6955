package reconcile

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// shortHistory is how many deployments a rollback looks at first: nearly always
// the way back is among them.
const shortHistory = 10

// mostOffered is how many task definition revisions are offered for `rollback --to`.
const mostOffered = 10

// WayBack is what a rollback by hand did, or found done.
type WayBack struct {
	From string // family:revision that the service ran
	To   string // and that it goes back to
	// Revision is the id of the service revision that is restored, "" for the task
	// definition alone.
	Revision   string
	Deployment string // ARN of the deployment that brings it, "" where AWS tells none
	Hold       plan.Hold
	// Already: nothing was to be done, and Why.
	Already bool
	Why     string
}

// Rollback takes a service back by hand: to a task definition revision, or with ""
// to the newest deployment that succeeded with a content that is neither the
// present one nor quarantined nor on hold. What is left is put on hold first, in a
// tag of the service: neither this process nor another deploys it again before a
// new commit, and one that reads the tag finishes a rollback that died half way.
func (e *Engine) Rollback(ctx context.Context, u *resource.Unit, to, by string) (WayBack, error) {
	live, err := e.steerable(ctx, u)
	if err != nil {
		return WayBack{}, err
	}
	r := rollback{e: e, u: u, live: live, by: by, out: WayBack{From: plan.RevisionName(live.Service.TaskDefinition)}}
	r.hold, _ = plan.ParseHold(live.Tags[resource.TagHold])
	r.out.Hold = r.hold
	if done, err := r.standing(ctx, to); done || err != nil {
		return r.out, err
	}
	if to == "" {
		err = r.newest(ctx)
	} else {
		err = r.revision(ctx, to)
	}
	if err != nil || r.out.Already {
		return r.out, err
	}
	if err := r.remember(ctx); err != nil {
		return r.out, err
	}
	return r.out, r.goBack(ctx)
}

// rollback is one under way.
type rollback struct {
	e    *Engine
	u    *resource.Unit
	live resource.Live
	by   string
	hold plan.Hold // as it was
	way  plan.Way
	out  WayBack
	// settledBack: ECS rolled the latest deployment back, and the service has what
	// was before it.
	settledBack bool
}

// standing says whether there is anything to go back from: while a deployment
// runs there is not, and where the service has been taken back neither.
func (r *rollback) standing(ctx context.Context, to string) (done bool, err error) {
	d, err := r.e.o.Rollouts.Current(ctx, r.live)
	if err != nil {
		return false, fmt.Errorf("%s: its deployment could not be read: %w", r.u.Key, err)
	}
	back := r.hold.At(r.live.Service) && (bare(r.u) || r.hold.Carries(r.u))
	running := d != nil && !d.Status.Ended()
	r.settledBack = d != nil && d.Status == resource.DeploymentRolledBack
	switch {
	case back && to == "":
		if r.hold.Has(r.live.Tags[resource.TagSpecHash]) { // it died before it said so
			call, done := finishing(r.e.from(ctx, r.u, "rollback"))
			defer done()
			if err := r.e.o.Rollouts.Tag(call, r.u.Key.Target, r.live.ARN, nil, []string{resource.TagSpecHash}); err != nil {
				return false, fmt.Errorf("%s: it went back, and the tag %s could not be taken off: %w", r.u.Key, resource.TagSpecHash, err)
			}
		}
		r.out.To, r.out.Revision, r.out.Already = plan.RevisionName(r.live.Service.TaskDefinition), r.hold.Revision, true
		r.out.Why = "it was rolled back by hand already; --to N goes further back"
		if running {
			r.out.Deployment, r.out.Why = d.ARN, "it is being rolled back already"
		}
		return true, nil
	case running && d.Status == resource.DeploymentRollingBack:
		return false, fmt.Errorf("%s: ECS is rolling a deployment back, and that is not disturbed: wait for its end", r.u.Key)
	case running:
		return false, fmt.Errorf("%s: a deployment of %s is running: `ecs-operator abort %s` has ECS take it back", r.u.Key, plan.RevisionName(d.TaskDefinition), r.u.Key.Name)
	case r.settledBack && to == "":
		r.out.To, r.out.Already = plan.RevisionName(r.live.Service.TaskDefinition), true
		r.out.Why = fmt.Sprintf("ECS has rolled %s back already; --to N goes further back", plan.RevisionName(d.TaskDefinition))
		return true, nil
	}
	return false, nil
}

// look fills what is known of the ways back from the newest n deployments.
func (r *rollback) look(ctx context.Context, n int) (plan.Back, error) {
	history, err := r.e.o.Rollouts.History(ctx, r.live, n)
	if err == nil {
		err = r.e.o.Rollouts.Fill(ctx, r.live, history)
	}
	if err != nil {
		return plan.Back{}, fmt.Errorf("%s: its deployments could not be read: %w", r.u.Key, err)
	}
	b := plan.Back{Kinds: r.e.o.Kinds, Live: r.live, Section: r.e.byKind[resource.KindService].Section().Path,
		Compare: resource.Compare{Policy: r.u.Policy}, Hold: r.hold, History: history, Refused: map[string]bool{}}
	b.Quarantine, _ = plan.ParseQuarantine(r.live.Tags[resource.TagQuarantine])
	return b, nil
}

// newest finds the newest way back of which the task definition is still ACTIVE.
func (r *rollback) newest(ctx context.Context) error {
	for _, n := range []int{shortHistory, wholeHistory} {
		b, err := r.look(ctx, n)
		if err != nil {
			return err
		}
		for {
			w, found := b.Newest()
			if !found {
				break
			}
			td, err := r.e.o.Rollouts.Revision(ctx, r.u.Key.Target, w.TaskDefinition)
			switch {
			case err != nil && resource.ClassOf(err) != resource.ClassNotFound && resource.ClassOf(err) != resource.ClassInvalid:
				return fmt.Errorf("%s: %s could not be read: %w", r.u.Key, plan.RevisionName(w.TaskDefinition), err)
			case err == nil && td.Health.State != resource.Gone:
				r.way = w
				return nil
			}
			b.Refused[w.TaskDefinition] = true
		}
		if len(b.History) < n {
			break
		}
	}
	offer, err := r.offer(ctx)
	if err != nil {
		return err
	}
	return fmt.Errorf("%s: ECS, which keeps 90 days, knows no earlier deployment that succeeded with another content which was not put aside; %s", r.u.Key, offer)
}

// offer lists the ACTIVE revisions of the service's family.
func (r *rollback) offer(ctx context.Context) (string, error) {
	family, _, _ := strings.Cut(r.out.From, ":")
	names, err := r.e.o.Rollouts.ActiveRevisions(ctx, r.u.Key.Target, family, mostOffered+1)
	if err != nil {
		return "", fmt.Errorf("%s: the revisions of %s could not be listed: %w", r.u.Key, family, err)
	}
	names = slices.DeleteFunc(names, func(n string) bool { return n == r.out.From })
	if len(names) == 0 {
		return fmt.Sprintf("and %s has no other ACTIVE revision: change the document", family), nil
	}
	return "say which revision with --to N: " + strings.Join(names[:min(len(names), mostOffered)], ", ") + " are ACTIVE", nil
}

// revision finds the way to a task definition revision, "41" or "family:41".
func (r *rollback) revision(ctx context.Context, to string) error {
	family, _, _ := strings.Cut(r.out.From, ":")
	name := to
	if n, err := strconv.Atoi(to); err == nil && n > 0 {
		name = fmt.Sprintf("%s:%d", family, n)
	} else if f, number, ok := strings.Cut(to, ":"); !ok || f == "" || number == "" {
		return fmt.Errorf("--to %s: want the number of a task definition revision, or family:number", to)
	}
	td, err := r.e.o.Rollouts.Revision(ctx, r.u.Key.Target, name)
	class := resource.ClassOf(err)
	switch {
	case err != nil && class != resource.ClassNotFound && class != resource.ClassInvalid:
		return fmt.Errorf("%s: %s could not be read: %w", r.u.Key, name, err)
	case err != nil || td.Health.State == resource.Gone:
		offer, err2 := r.offer(ctx)
		if err2 != nil {
			return err2
		}
		what := "there is no task definition revision " + name
		if err == nil {
			what = name + " is not ACTIVE any more"
		}
		return fmt.Errorf("%s: %s; %s", r.u.Key, what, offer)
	}
	b, err := r.look(ctx, wholeHistory)
	if err != nil {
		return err
	}
	w, found := b.Revision(td)
	if !found {
		r.out.To, r.out.Already, r.out.Why = name, true, "that is what the service has"
		return nil
	}
	r.way = w
	return nil
}

// remember puts what is left on hold.
func (r *rollback) remember(ctx context.Context) error {
	h := plan.Hold{To: plan.RevisionName(r.way.TaskDefinition), By: r.by}
	if r.way.Revision != "" {
		h.Revision = plan.RevisionID(r.way.Revision)
	}
	add := func(c plan.HeldContent) {
		if c.Hash != "" && c.Hash != r.way.Hash && !h.Has(c.Hash) {
			h.Items = append(h.Items, c)
		}
	}
	present := plan.HeldContent{Hash: r.live.Tags[resource.TagSpecHash], Revision: plan.RevisionID(r.live.Service.Revision)}
	if r.settledBack { // the tag says what was written, and ECS went back from that
		td, err := r.e.o.Rollouts.Revision(ctx, r.u.Key.Target, r.live.Service.TaskDefinition)
		if err != nil {
			return fmt.Errorf("%s: %s could not be read: %w", r.u.Key, r.out.From, err)
		}
		present.Hash = td.Tags[resource.TagSpecHash]
	}
	add(present)
	document := plan.HeldContent{Hash: r.u.ContentHash} // one that was not deployed yet is no new commit
	for _, c := range r.hold.Items {
		if c.Hash == document.Hash {
			document = c
		}
	}
	add(document)
	for _, c := range r.hold.Items {
		add(c)
	}
	if len(h.Items) == 0 {
		return fmt.Errorf("%s: nothing says which content is left (no %s tag on the service): name the documents with -f", r.u.Key, resource.TagSpecHash)
	}
	tag, err := h.Tag()
	if err != nil {
		return fmt.Errorf("%s: %w", r.u.Key, err)
	}
	call, done := finishing(r.e.from(ctx, r.u, "rollback"))
	defer done()
	if err := r.e.o.Rollouts.Tag(call, r.u.Key.Target, r.live.ARN, map[string]string{resource.TagHold: tag}, nil); err != nil {
		return fmt.Errorf("%s: what is to be put aside could not be written, and nothing else was: %w", r.u.Key, err)
	}
	h, _ = plan.ParseHold(tag)
	r.out.Hold, r.out.To, r.out.Revision = h, h.To, h.Revision
	if r.out.To == "" {
		r.out.To = plan.RevisionName(r.way.TaskDefinition)
	}
	return nil
}

// goBack executes the plan of one update. The hold was written, so that whoever
// looks next, this command again or the daemon, does what is left.
func (r *rollback) goBack(ctx context.Context) error {
	live, err := r.e.steerable(ctx, r.u)
	if err != nil {
		return err
	}
	if live.Tags[resource.TagHold] == r.live.Tags[resource.TagHold] {
		live.Tags[resource.TagHold], _ = r.out.Hold.Tag() // reads lag
	}
	as := r.e.Bare(r.u.Key)
	as.Policy = r.u.Policy
	r.way.Want.Tags = map[string]string{}
	for k, v := range live.Tags {
		r.way.Want.Tags[k] = v
	}
	r.way.Want.Tags[resource.TagSpecHash] = r.way.Hash
	changes := append(slices.Clone(r.way.Changes), r.way.Tag(live)...)
	id := serviceID(as)
	v := byHand(r.u, as, live, plan.Step{
		ID: id, Action: plan.ActionUpdate, ARN: live.ARN, Seen: live.Fingerprint(), Effect: diff.NewDeployment,
		Section: r.way.Want.Section, Settled: r.way.Want, Changes: changes,
	})
	x := r.e.execute(ctx, &v)
	r.e.ended.forget(r.u.Key)
	if s := v.plan.Steps[0]; s.Blocked != "" {
		if s.Blocked == status.ChangedSincePlanned || s.Blocked == status.OutcomeUnknown {
			if now, err := r.e.ownService(ctx, r.u); err == nil && r.out.Hold.At(now.Service) { // the daemon was faster, or the answer was lost
				r.out.Deployment = now.Service.CurrentDeployment
				return nil
			}
		}
		if class := resource.ClassOf(x.err); x.err != nil && (class == resource.ClassInvalid || class == resource.ClassDenied || class == resource.ClassNotFound) {
			return r.undone(ctx, s)
		}
		return fmt.Errorf("%s: %s is on hold, and the service does not go back yet: %s: %s; repeat the command, or leave it to the daemon", r.u.Key, r.out.From, s.Blocked, s.Why)
	}
	if s := x.known[id].Service; s != nil && s.CurrentDeployment != r.live.Service.CurrentDeployment {
		r.out.Deployment = s.CurrentDeployment
	}
	return x.err
}

// undone takes the hold back of a rollback that AWS refuses: it would be refused
// again and again.
func (r *rollback) undone(ctx context.Context, s plan.Step) error {
	set, remove := map[string]string{resource.TagHold: r.live.Tags[resource.TagHold]}, []string(nil)
	if r.live.Tags[resource.TagHold] == "" {
		set, remove = nil, []string{resource.TagHold}
	}
	call, done := finishing(r.e.from(ctx, r.u, "rollback"))
	defer done()
	if err := r.e.o.Rollouts.Tag(call, r.u.Key.Target, r.live.ARN, set, remove); err != nil {
		return fmt.Errorf("%s: the way back to %s is refused (%s), and %s stays on hold until `ecs-operator retry %s`: %w", r.u.Key, r.out.To, s.Why, r.out.From, r.u.Key.Name, err)
	}
	return fmt.Errorf("%s: the way back to %s is refused, and nothing was changed: %s; say another with --to N, or revert the commit", r.u.Key, r.out.To, s.Why)
}

// AwaitWayBack looks at a service until the deployment of a rollback has ended, and
// no other: a newer one stops it, and that is then its end. It writes nothing. The
// deployment is nil when ECS tells of none.
func (e *Engine) AwaitWayBack(ctx context.Context, u *resource.Unit, w WayBack, timeout time.Duration) (*resource.Deployment, bool, error) {
	deadline := time.Now().Add(timeout)
	for {
		live, err := e.present(ctx, u)
		if err != nil {
			return nil, false, err
		}
		if w.Deployment != "" {
			s := *live.Service
			s.CurrentDeployment = w.Deployment
			live.Service = &s
		}
		d, err := e.o.Rollouts.Current(ctx, live)
		if err == nil && w.over(d) {
			return d, true, nil
		}
		left := time.Until(deadline)
		if left <= 0 || !rest(ctx, min(e.o.Poll, left)) {
			return d, false, err
		}
	}
}

// over reports whether d, nil for none that AWS tells of, is the end of the way
// back. Reads lag: the deployment that is left may still be shown.
func (w WayBack) over(d *resource.Deployment) bool {
	if d == nil {
		return w.Deployment == ""
	}
	return d.Status.Ended() && (w.Already || d.ARN == w.Deployment || w.From == w.To || plan.RevisionName(d.TaskDefinition) != w.From)
}
