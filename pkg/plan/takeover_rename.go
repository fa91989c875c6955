package plan

import (
	"slices"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// A target group whose key was renamed, or another one of the document to which
// the service and its rules are to move, takes over as a replacement does: for AWS
// it is the same, the requests may not arrive before the targets.

// led are the target groups of the document that its service or a rule names.
func (m *maker) led(objects []*resource.Object) map[resource.ID]bool {
	out := map[resource.ID]bool{}
	for _, o := range objects {
		if _, ok := m.kinds[o.ID.Kind].(resource.Road); !ok {
			continue
		}
		for _, r := range o.Refs {
			out[r.To] = true
		}
	}
	return out
}

// succeeds reports whether the target group gets what another one of the unit has:
// a rule that leads to the other is to lead to this one, and the service is leaving
// the other, or has done so and is not to be forgotten before its targets are gone.
func (t *takeover) succeeds(m *maker, old resource.Live, roads []resource.ID) bool {
	if old.ID.Kind != t.id.Kind || old.ID.Key() != t.id.Key() || t.service == (resource.ID{}) || old.Group == nil {
		return false
	}
	left := slices.Contains(roads, t.service)
	return slices.ContainsFunc(roads, func(id resource.ID) bool {
		return slices.Contains(t.rules, id) && (left || old.Group.Targets > 0 || m.leads(id)[old.ARN] == 0)
	})
}

// turns are the live rules of the document that are to lead to another of its
// target groups instead of to this one: a takeover turns each.
func (m *maker) turns(arn string) map[string]bool {
	out := map[string]bool{}
	for _, o := range m.document.Objects() {
		road, ok := m.kinds[o.ID.Kind].(resource.Road)
		if !ok {
			continue
		}
		leads := road.Leads(o.Want)
		_, stays := leads[arn]
		if !stays && slices.ContainsFunc(o.Refs, func(r resource.Ref) bool {
			_, goes := leads[r.Text]
			return goes && r.To.Kind == resource.KindTargetGroup
		}) {
			out[m.in.Live[o.ID].ARN] = true
		}
	}
	return out
}

// goes reports whether an old target group is deleted in the end: one that was
// replaced always, one whose key is gone where policy.prune says so.
func (m *maker) goes(t *takeover, old resource.Live) bool {
	return old.ID == t.id || m.in.Unit.Policy.Prune && !m.document.Has(old.ID)
}
