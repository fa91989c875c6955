package plan

import (
	"maps"
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// Back finds what a service can go back to, for a person who asks (rollback) and
// for a hook that failed behind a deployment.
type Back struct {
	Kinds   []resource.Kind
	Live    resource.Live // the ECS service
	Section string        // of the service in a document
	Compare resource.Compare
	// Hold and Quarantine are what was put aside before.
	Hold       Hold
	Quarantine Quarantine
	// Refused are task definition revisions, by ARN, that cannot be deployed.
	Refused map[string]bool
	// History are the service's deployments, newest first, with what they carried.
	History []resource.Deployment
}

// Way is one way back: a service update that restores what an earlier deployment
// carried, as far as it starts a deployment.
type Way struct {
	TaskDefinition string // ARN
	Revision       string // ARN of the service revision that is restored, "" for the task definition alone
	// Hash is of the content that is restored, "" where nobody can tell: the tag of
	// the task definition revision says it, unless that was deployed with several
	// forms of the service.
	Hash    string
	Changes []diff.Change
	Want    *resource.Object
}

// Newest is the way to the newest deployment that succeeded with a content that is
// not the present one, was not put aside, and has not failed since.
func (b Back) Newest() (Way, bool) {
	var failed []resource.Deployment
	for _, h := range b.History {
		switch {
		case h.Status.Bad():
			failed = append(failed, h)
		case h.Status != resource.DeploymentSucceeded || b.Refused[h.TaskDefinition] || b.aside(h):
		case slices.ContainsFunc(failed, func(f resource.Deployment) bool { return b.same(f, h) }):
		default:
			if w, ok := b.to(h); ok {
				return w, true
			}
		}
	}
	return Way{}, false
}

// Revision is the way to a task definition revision: as the newest deployment had
// it that succeeded with it, else with the service as it is. It is false where the
// service has it already.
func (b Back) Revision(td resource.Live) (Way, bool) {
	for _, h := range b.History {
		if h.Status == resource.DeploymentSucceeded && h.TaskDefinition == td.ARN {
			if _, ok := content(h, resource.KindService); ok {
				return b.to(h)
			}
		}
	}
	return b.alone(td.ARN, td.Tags)
}

// Remembered is the way that a hold names, where it has not failed since.
func (b Back) Remembered() (Way, bool) {
	var failed []resource.Deployment
	for _, h := range b.History {
		if h.Status.Bad() {
			failed = append(failed, h)
		}
		if id := b.Hold.Revision; id != "" && RevisionID(h.TargetRevision) == id {
			if slices.ContainsFunc(failed, func(f resource.Deployment) bool { return b.same(f, h) }) {
				return Way{}, false
			}
			return b.to(h)
		}
	}
	running := b.Live.Service.TaskDefinition
	arn := running[:strings.LastIndexByte(running, '/')+1] + b.Hold.To
	if b.Hold.Revision != "" || b.Hold.To == "" || len(b.History) == 0 ||
		slices.ContainsFunc(failed, func(f resource.Deployment) bool { return f.TaskDefinition == arn }) {
		return Way{}, false
	}
	return b.alone(arn, nil)
}

// to is the way to what a deployment carried.
func (b Back) to(h resource.Deployment) (Way, bool) {
	before, ok := content(h, resource.KindService)
	if !ok {
		return Way{}, false
	}
	o := resource.Object{ID: b.Live.ID, Section: b.Section, Want: before.Value, Written: everyPath(before.Value)}
	changes := b.deploying(&o, &b.Live)
	if len(changes) == 0 || len(changes) == 1 && changes[0].Path == "taskDefinition" && b.present(h) {
		return Way{}, false
	}
	return Way{TaskDefinition: h.TaskDefinition, Revision: h.TargetRevision, Hash: b.hash(h), Changes: changes, Want: &o}, true
}

// alone is the way to a task definition with the service as it is.
func (b Back) alone(arn string, tags map[string]string) (Way, bool) {
	if b.Live.Service == nil || b.Live.Service.TaskDefinition == arn {
		return Way{}, false
	}
	o := resource.Object{ID: b.Live.ID, Section: b.Section, Want: shape.Clone(b.Live.Value)}
	shape.MapStrings(o.Want, func(path, s string) string {
		if path == "taskDefinition" {
			return arn
		}
		return s
	})
	return Way{TaskDefinition: arn, Hash: tags[resource.TagSpecHash], Want: &o, Changes: []diff.Change{{Path: "taskDefinition", Op: diff.Replace,
		Old: b.Live.Service.TaskDefinition, New: arn, Effect: diff.NewDeployment, Reason: diff.FromSpec}}}, true
}

// deploying is what differs between two forms of the service and starts a
// deployment. What a service revision does not record is no part of it; nor is it
// that the service stood behind other target groups: the rules lead the requests to
// those of today, and a service that left them would get none. Deployments with
// which target groups change over are of one content for the same reason.
func (b Back) deploying(o *resource.Object, live *resource.Live) []diff.Change {
	cmp := b.Compare
	cmp.InputChanged = true
	moved := !maps.Equal(behind(o.Want), behind(live.Value))
	return slices.DeleteFunc(b.kind(resource.KindService).Diff(o, live, cmp), func(c diff.Change) bool {
		return !deploying(c) || c.Effect.Rank() > diff.TrafficShift.Rank() || moved && c.Field() == "loadBalancers"
	})
}

// behind are the target groups that a form of the service stands behind.
func behind(v any) map[string]bool {
	out := map[string]bool{}
	body, _ := shape.Plain(v, nil).(map[string]any)
	groups(body["loadBalancers"], out)
	return out
}

func (b Back) kind(name string) resource.Kind {
	i := slices.IndexFunc(b.Kinds, func(k resource.Kind) bool { return k.Name() == name })
	return b.Kinds[i]
}

// same reports whether two deployments carried the same content: the service but
// for its task definition, and what is in that.
func (b Back) same(x, y resource.Deployment) bool {
	if x.TargetRevision != "" && x.TargetRevision == y.TargetRevision {
		return true
	}
	if !b.sameTask(x, y) {
		return false
	}
	old, ok := content(x, resource.KindService)
	now, ok2 := content(y, resource.KindService)
	if !ok || !ok2 {
		return x.TaskDefinition == y.TaskDefinition // as much as anybody can tell
	}
	o := resource.Object{ID: b.Live.ID, Section: b.Section, Want: old.Value, Written: everyPath(old.Value)}
	return !slices.ContainsFunc(b.deploying(&o, &now), func(c diff.Change) bool { return c.Path != "taskDefinition" })
}

func (b Back) sameTask(x, y resource.Deployment) bool {
	if x.TaskDefinition == y.TaskDefinition {
		return true
	}
	old, ok := content(x, resource.KindTaskDefinition)
	now, ok2 := content(y, resource.KindTaskDefinition)
	if !ok || !ok2 {
		return false
	}
	o := resource.Object{ID: old.ID, Want: old.Value, Written: everyPath(old.Value)}
	return len(effective(b.kind(resource.KindTaskDefinition).Diff(&o, &now, resource.Compare{InputChanged: true}))) == 0
}

// present reports whether the service runs a task definition of the same content.
func (b Back) present(h resource.Deployment) bool {
	return slices.ContainsFunc(b.History, func(x resource.Deployment) bool {
		return b.Live.Service != nil && x.TaskDefinition == b.Live.Service.TaskDefinition && b.sameTask(x, h)
	})
}

// aside reports whether the content of a deployment was quarantined or put on hold.
func (b Back) aside(h resource.Deployment) bool {
	if q := b.Quarantine; q.Hash != "" && !q.Lifted {
		if x, ok := b.find(func(x resource.Deployment) bool { return DeploymentID(x.ARN) == q.Deployment }); ok {
			if b.same(x, h) {
				return true
			}
		} else if RevisionName(h.TaskDefinition) == q.TaskDefinition {
			return true
		}
	}
	td, _ := content(h, resource.KindTaskDefinition)
	for _, c := range b.Hold.Items {
		x, ok := b.find(func(x resource.Deployment) bool {
			return c.Revision != "" && RevisionID(x.TargetRevision) == c.Revision
		})
		if ok && b.same(x, h) || !ok && td.Tags[resource.TagSpecHash] == c.Hash {
			return true
		}
	}
	return false
}

func (b Back) find(is func(resource.Deployment) bool) (resource.Deployment, bool) {
	if i := slices.IndexFunc(b.History, is); i >= 0 {
		return b.History[i], true
	}
	return resource.Deployment{}, false
}

// hash is of a deployment's content, "" where nobody can tell.
func (b Back) hash(h resource.Deployment) string {
	td, _ := content(h, resource.KindTaskDefinition)
	if td.Tags[resource.TagOwner] != b.Live.Tags[resource.TagOwner] || slices.ContainsFunc(b.History, func(x resource.Deployment) bool {
		return x.TaskDefinition == h.TaskDefinition && !b.same(x, h)
	}) {
		return ""
	}
	return td.Tags[resource.TagSpecHash]
}

// Tag is the change of the spec-hash tag that goes with the way: it says which
// content was written last. None where it says so already.
func (w Way) Tag(live resource.Live) []diff.Change {
	c := diff.Change{Path: "tags." + resource.TagSpecHash, Op: diff.Replace, Old: live.Tags[resource.TagSpecHash], New: w.Hash, Effect: diff.InPlace, Reason: diff.FromSpec}
	switch {
	case w.Hash == live.Tags[resource.TagSpecHash]:
		return nil
	case w.Hash == "":
		c.Op, c.New = diff.Remove, nil
	case c.Old == "":
		c.Op, c.Old = diff.Add, nil
	}
	return []diff.Change{c}
}

// goOn plans what is left of a rollback by hand whose process died: the content is
// on hold, and the service's tag still says that it was written last.
func (m *maker) goOn(d *draft) {
	h, ok := ParseHold(d.live.Tags[resource.TagHold])
	if !ok || !h.Carries(m.in.Unit) || !h.Has(d.live.Tags[resource.TagSpecHash]) || h.To == "" && h.Revision == "" ||
		d.foreign || d.live.Presence != resource.Present || d.live.Service == nil || d.Action == ActionAdopt || d.moving ||
		!d.writes() && d.Blocked != "" && d.Blocked != status.ManualMode {
		return
	}
	if reason, _ := m.unitReason(); reason != "" && reason != status.ManualMode || d.live.Service.PrimaryState == "IN_PROGRESS" ||
		m.in.Rollout != nil && !m.in.Rollout.Status.Ended() {
		return
	}
	if m.in.Previous == nil {
		m.plan.needsPrevious = true
		return
	}
	b := m.back(d)
	w, found := b.Remembered()
	if !found && !h.At(d.live.Service) {
		return
	}
	m.take(d, w, append(w.Changes, w.Tag(d.live)...), onHold(h))
}

// back is what the maker knows of the ways back.
func (m *maker) back(d *draft) Back {
	h, _ := ParseHold(d.live.Tags[resource.TagHold])
	q, _ := ParseQuarantine(d.live.Tags[resource.TagQuarantine])
	return Back{Kinds: m.in.Kinds, Live: d.live, Section: d.Section, Compare: m.cmp, Hold: h, Quarantine: q, History: m.in.Previous}
}

// take makes the way back what is done with the service in this pass.
func (m *maker) take(d *draft, w Way, changes []diff.Change, why string) {
	if len(effective(d.Changes)) > 0 && d.heldReason == "" {
		d.hold(d.Changes, status.Waiting, "the way back comes first")
	}
	if w.Want == nil { // only the tag is left
		w.Want = &resource.Object{ID: d.ID, Section: d.Section, Want: d.live.Value}
	}
	w.Want.Tags = map[string]string{}
	for k, v := range d.live.Tags {
		w.Want.Tags[k] = v
	}
	w.Want.Tags[resource.TagSpecHash] = w.Hash
	d.Changes, d.Settled, d.Want = changes, w.Want, w.Want.Want
	d.Blocked, d.Why = "", why
	d.Action, d.Effect = ActionUpdate, worst(changes)
}
