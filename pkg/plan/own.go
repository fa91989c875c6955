package plan

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// own decides whether a live object may be written. What is not ours is blocked,
// or with policy.adopt takes our tags first: whatever else differs waits for the
// pass in which it carries them. It reports whether it decided the draft.
func (m *maker) own(d *draft, tags, changes []diff.Change) bool {
	// A revision of a task definition belongs to nobody: registering the next
	// one changes nothing of it. What cannot carry tags is its parent's.
	if !d.kind.Taggable() || d.ID.Kind == resource.KindTaskDefinition {
		return false
	}
	if why := unadoptable(d.ID, d.live); why != "" {
		d.Action, d.Changes, d.Effect, d.foreign = ActionAdopt, tags, diff.InPlace, true
		d.block(status.NotOurs, why)
		return true
	}
	reason, why := foreign(m.in, d.ID, d.live)
	if reason == "" {
		return m.move(d, tags, changes)
	}
	if m.in.Unit.Policy.Adopt {
		// The tag says that the secret was sent: not before it was.
		tags, _ = split(tags, "tags."+resource.TagSecretHash)
		if len(tags) == 0 { // the tags already say what they would
			return m.move(d, tags, changes)
		}
		warnOf(tags, d.live)
		d.Action, d.Changes, d.Effect = ActionAdopt, tags, diff.InPlace
		if changes = m.shownMove(d, changes); len(effective(changes)) > 0 {
			d.hold(changes, status.Waiting, adoptedFirst)
			d.heldAfter = afterAdoption
		}
		return true
	}
	d.Action, d.Changes, d.Effect, d.foreign = ActionAdopt, tags, diff.InPlace, true
	d.block(reason, why)
	return true
}

// hold puts changes aside as a second, blocked step.
func (d *draft) hold(changes []diff.Change, r status.Reason, why string) {
	d.held, d.heldReason, d.heldWhy = changes, r, why
	d.heldAction = ActionUpdate
	if e := worst(changes); e == diff.Replacement || e == diff.Recreation {
		d.heldAction = ActionReplace
	}
}

// foreign says why a live object is not ours to write, "" when it is.
func foreign(in Input, id resource.ID, l resource.Live) (status.Reason, string) {
	o, unit := l.Owner(), in.Unit.Key.TagValue()
	exists, who := id.Local()+" exists and is not ours", under(l)
	switch {
	case o.Operator == "" && who != "":
		return status.NotOurs, exists + ": " + who + "; " + takeOver
	case o.Operator == "":
		return status.NotOurs, exists + "; set policy.adopt to take it over"
	case o.Operator != in.Frame.Owner:
		return status.NotOurs, fmt.Sprintf("%s: it is owned by %q; set policy.adopt to take it over", exists, o.Operator)
	case o.Unit != unit:
		return status.NotOurs, fmt.Sprintf("%s exists and belongs to the unit %q; set policy.adopt to move it to this one", id.Local(), o.Unit)
	case o.Scope != "" && o.Scope != in.Frame.Scope:
		return status.OtherScope, fmt.Sprintf("owned by scope %s; set policy.adopt to move it", o.Scope)
	}
	return "", ""
}

// tagChanges compares the tags that the object shall carry with those it has.
// Tags that nobody here wrote are left alone, with two exceptions: our own word on
// deletion must go when the document no longer says it, and our own note of the
// fields that were written when none is. A task definition's
// revision is immutable in all that counts, so its tags are never compared.
func tagChanges(in Input, o *resource.Object, k resource.Kind, live resource.Live) []diff.Change {
	if !k.Taggable() || o.ID.Kind == resource.KindTaskDefinition {
		return nil
	}
	var out []diff.Change
	add := func(key string, op diff.Op, old, new any) {
		path := "tags." + key
		for _, pattern := range in.Unit.Policy.Ignore {
			rel := strings.TrimPrefix(pattern, o.Section+".")
			if rel == path && !strings.HasPrefix(key, resource.TagPrefix) {
				return
			}
		}
		hidden := false
		for _, v := range []*any{&old, &new} {
			if text, ok := (*v).(string); ok && !strings.HasPrefix(key, resource.TagPrefix) {
				shown, hid := diff.RedactTag(key, text)
				*v, hidden = shown, hidden || hid
			}
		}
		effect := diff.InPlace
		if key == resource.TagSpecHash && o.ID.Surrounding() {
			effect = diff.None // our own note, which nobody else reads
		}
		out = append(out, diff.Change{Path: path, Op: op, Old: old, New: new, Effect: effect,
			Reason: diff.FromSpec, Pos: tagPos(o, key), Sensitive: hidden})
	}
	for _, key := range slices.Sorted(maps.Keys(o.Tags)) {
		want := o.Tags[key]
		have, ok := live.Tags[key]
		switch {
		case strings.HasPrefix(key, "aws:"): // AWS' own, which nobody may write
		case key == resource.TagSpecHash && !o.ID.Surrounding() && in.Unit.Carries(have): // perhaps as a former version wrote it
		case !ok:
			add(key, diff.Add, nil, want)
		case have != want:
			add(key, diff.Replace, have, want)
		}
	}
	if have, ok := live.Tags[resource.TagOnDelete]; ok && o.Tags[resource.TagOnDelete] == "" { // also of what was to outlive the service
		add(resource.TagOnDelete, diff.Remove, have, nil)
	}
	if have, ok := live.Tags[resource.TagSpecHash]; ok && o.Tags[resource.TagSpecHash] == "" && o.ID.Surrounding() {
		add(resource.TagSpecHash, diff.Remove, have, nil)
	}
	return out
}

// tagPos is where the author wrote the tag: bodies hold them as AWS' lists, as
// maps, or in sugar that became a list.
func tagPos(o *resource.Object, key string) string {
	if strings.HasPrefix(key, resource.TagPrefix) {
		return ""
	}
	for _, path := range []string{"tags[" + key + "]", "tags." + key, "tags"} {
		if o.Written.Has(path) {
			return o.Written.At(path)
		}
	}
	return ""
}

// unread turns the error of a lookup into a reason.
func unread(id resource.ID, err error) (status.Reason, string) {
	if err == nil {
		return status.Unobserved, id.Local() + " could not be read; nothing is done about it before it can"
	}
	var e *resource.Error
	if errors.As(err, &e) && strings.Contains(e.Code, "ClusterNotFound") {
		return status.ClusterMissing, fmt.Sprintf("the cluster %q does not exist; create it, or correct spec.cluster", id.Cluster)
	}
	if errors.Is(err, resource.ErrElsewhere) {
		return status.WrongAccount, err.Error()
	}
	why := fmt.Sprintf("%s could not be read: %v", id.Local(), err)
	switch resource.ClassOf(err) {
	case resource.ClassDenied:
		return status.AccessDenied, why
	case resource.ClassThrottled:
		return status.Throttled, why
	}
	return status.Unobserved, why
}
