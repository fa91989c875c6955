package plan

import (
	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// attribute tells drift from a change of the spec (see doc.go): a written path
// that differs although the author's input is that of our last write was changed
// in AWS. Where nobody knows, the spec is named: it is what will be written.
func (m *maker) attribute(d *draft, changes []diff.Change) {
	for i := range changes {
		switch c := &changes[i]; {
		case c.Reason == diff.FromSpec && m.unedited(d, *c):
			c.Reason = diff.FromDrift
		case c.Reason == diff.FromDrift && c.Unwritten && !c.Informational && forgetful(d.ID.Kind) && !m.unedited(d, *c):
			c.Reason = diff.FromDefault
		}
	}
}

// forgetful kinds remember no written paths, since all of theirs go back to AWS'
// default: whether a line went, or somebody set the field in AWS, may be unknown.
// Of a service the hash remembers its content, and nothing the rest.
func forgetful(kind string) bool {
	switch kind {
	case resource.KindService, resource.KindAlarm, resource.KindScalableTarget, resource.KindScalingPolicy, resource.KindScheduledAction:
		return true
	}
	return false
}

// unedited reports whether the author's input for a change is known to be that
// of our last write of the object.
func (m *maker) unedited(d *draft, c diff.Change) bool {
	if m.takesPart(d.ID) { // the change of a target group's port, say, moves service and rules
		return false
	}
	if m.in.Untouched {
		return true
	}
	// What a service must be created anew for is no part of its content's hash.
	content := d.ID.Kind == resource.KindTaskDefinition ||
		d.ID.Kind == resource.KindService && c.Effect.Rank() >= diff.NewDeployment.Rank() && c.Effect.Rank() < diff.Replacement.Rank()
	if content { // the hash says it, whatever became of the source since
		return !m.cmp.InputChanged
	}
	if d.ID.Surrounding() && resource.LineDeleted(d.object, &d.live) { // --set and --env are no part of a revision
		return false
	}
	written := d.live.Tags[resource.TagRevision]
	return written != "" && written == m.in.Frame.Source
}
