package plan

import (
	"cmp"
	"maps"
	"slices"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// Between plans what leads from one revision of a document to another: as Make
// does on an AWS that is just as the former wants it, with every deployment done.
// in.Unit is the newer document, nil where it is gone; was the former, nil where
// there was none. What of Input speaks of AWS is not read.
func Between(in Input, was *resource.Unit) Plan {
	in.Live, in.Strays, in.Groups = map[resource.ID]resource.Live{}, nil, map[string]resource.Live{}
	in.History, in.HistoryErr = []resource.Deployment{}, nil
	in.Untouched = false
	if in.Unit == nil {
		in.Unit = &resource.Unit{Key: was.Key, Environment: was.Environment, Gone: true}
	} else {
		in.Gone = nil
	}
	for _, o := range in.Unit.Objects() {
		in.Live[o.ID] = resource.Live{ID: o.ID, Presence: resource.Absent}
	}
	if was != nil {
		for _, l := range standing(in.Kinds, was) {
			if l.ID.Kind == resource.KindTargetGroup {
				in.Groups[l.ARN] = l
			}
			if in.Unit.Has(l.ID) {
				in.Live[l.ID] = l
			} else {
				in.Strays = append(in.Strays, l)
			}
		}
	}
	p := Make(in)
	for _, s := range p.Steps {
		for i := range s.Changes {
			if s.Changes[i].Reason == diff.FromDrift {
				s.Changes[i].Reason = diff.FromSpec
			}
		}
	}
	return p
}

// standing is what a document's objects are like where AWS has them as it wants.
// ARNs are stand-ins: nobody asks AWS with them.
func standing(kinds []resource.Kind, u *resource.Unit) []resource.Live {
	by := map[string]resource.Kind{}
	for _, k := range kinds {
		by[k.Name()] = k
	}
	attrs := func(id resource.ID) map[string]string {
		k, o := by[id.Kind], u.Object(id)
		if k == nil || o == nil {
			return nil
		}
		out := maps.Clone(k.Attributes(o))
		if out == nil {
			out = map[string]string{}
		}
		out["arn"] = standIn(o, out)
		if out["fullName"] == "" {
			out["fullName"] = "the former " + o.Section
		}
		return out
	}
	var out []resource.Live
	for _, o := range u.Objects() {
		k := by[o.ID.Kind]
		if k == nil {
			continue
		}
		want, _ := resource.Resolve(*o, attrs)
		a := attrs(o.ID)
		l := resource.Live{ID: o.ID, Presence: resource.Present, ARN: a["arn"], Name: cmp.Or(a["name"], o.ID.Local()), Value: want.Want, Extra: written(want), Attrs: a}
		if k.Taggable() {
			l.Tags = maps.Clone(o.Tags)
		}
		switch o.ID.Kind {
		case resource.KindTaskDefinition:
			l.Image = u.Image
		case resource.KindTargetGroup:
			l.Group = led(u, o.ID, attrs)
		case resource.KindService:
			l.Service = serving(want.Want, l.ARN, least(u))
		}
		out = append(out, l)
	}
	return out
}

// serving is a service that has settled with all its tasks.
func serving(want any, arn string, least int64) *resource.ServiceState {
	tree := settings{want: shape.Plain(want, nil)}
	n := int32(tree.number("desiredCount", float64(least)))
	td, _ := tree.at("taskDefinition").(string)
	return &resource.ServiceState{ARN: arn, Status: "ACTIVE", Desired: n, Running: n, TaskDefinition: td, PrimaryState: "COMPLETED", Deployments: 1}
}

// led is a target group in which tasks are healthy, and to which the rules of the
// unit lead.
func led(u *resource.Unit, group resource.ID, attrs func(resource.ID) map[string]string) *resource.GroupState {
	s := &resource.GroupState{LoadBalancers: []string{"the load balancer"}, Targets: 1, Healthy: 1}
	for _, o := range u.Objects() {
		if o.ID.Kind == resource.KindListenerRule && slices.ContainsFunc(o.Refs, func(r resource.Ref) bool { return r.To == group }) {
			s.LedBy = append(s.LedBy, resource.Lead{ARN: attrs(o.ID)["arn"], Where: o.Section, Weight: 100})
		}
	}
	return s
}

// least is how many tasks the unit's scaling leaves at least, 0 without one.
func least(u *resource.Unit) int64 {
	for _, o := range u.Objects() {
		if o.ID.Kind == resource.KindScalableTarget {
			n, _ := integer(descend(shape.Plain(o.Want, nil), "minCapacity"))
			return n
		}
	}
	return 0
}

// standIn is an ARN in the form of the kind's, as far as anybody takes it apart.
func standIn(o *resource.Object, attrs map[string]string) string {
	if family := attrs["family"]; family != "" {
		return "arn:aws:ecs:::task-definition/" + family + ":former"
	}
	return "the former " + o.Section
}
