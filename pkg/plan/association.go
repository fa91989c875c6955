package plan

import (
	"fmt"
	"maps"
	"slices"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// gateAssociation holds the creation of a service that ECS would refuse.
func (m *maker) gateAssociation(d *draft) {
	if d.Action != ActionCreate || !d.writes() {
		return
	}
	reason, why := m.unassociated(d)
	if reason == "" {
		return
	}
	d.block(reason, why)
	if reason == status.NeedsRecreate { // the rule waits for the service, and the service for the rule
		for _, rule := range m.order {
			if rule.ID.Kind == resource.KindListenerRule && rule.heldReason == status.Waiting && rule.heldAfter == rule.settled.After {
				rule.heldReason, rule.heldWhy, rule.heldAfter = reason, why, ""
			}
		}
	}
}

// unassociated names the first target group that the service would be registered
// in and that no load balancer leads to, now or after what comes before the service
// in this pass: ECS refuses it ("The target group … does not have an associated load
// balancer"). Who leads to it may be anybody: a rule of this document, a listener's
// default action, another document. It gives the reason too, "" for none.
func (m *maker) unassociated(d *draft) (status.Reason, string) {
	road, ok := d.kind.(resource.Road)
	if !ok {
		return "", ""
	}
	now := m.leads(d.ID)
	for _, to := range slices.Sorted(maps.Keys(road.Leads(d.Want))) {
		group := m.groupOf(d, to)
		if _, had := now[to]; had || group == nil || group.live.Presence == resource.Unknown {
			continue // checked when it was put there; not ours to know
		}
		if g := group.live.Group; group.stays && g != nil && len(g.LoadBalancers) > 0 {
			continue
		}
		if !m.ledTo(d, to) {
			const why = "no rule or listener leads to %s yet, and ECS takes a target group only behind a load balancer: "
			if rule := m.answers(group.ID); rule != "" {
				return status.NeedsRecreate, fmt.Sprintf(why+"%s answers by itself until somebody is healthy there; let another one lead to it too, or policy.recreate: true turns it at once", group.ID.Local(), rule)
			}
			return status.DependencyMissing, fmt.Sprintf(why+"let a listener rule lead to it", group.ID.Local())
		}
	}
	return "", ""
}

// answers names the rule of the document that is to lead to a target group and does
// not yet, since it would take its requests to where nobody is.
func (m *maker) answers(group resource.ID) string {
	for _, d := range m.order {
		if d.ID.Kind != resource.KindListenerRule || len(d.settled.Later) == 0 {
			continue
		}
		written := m.document.Object(d.ID)
		if written != nil && slices.ContainsFunc(written.Refs, func(r resource.Ref) bool { return r.To == group }) {
			return d.ID.Local()
		}
	}
	return ""
}

// groupOf is the document's target group that an input names, by reference or ARN.
func (m *maker) groupOf(d *draft, to string) *draft {
	for _, g := range m.order {
		if g.ID.Kind != resource.KindTargetGroup {
			continue
		}
		named := slices.ContainsFunc(d.object.Refs, func(r resource.Ref) bool { return r.To == g.ID && r.Text == to })
		if named || g.live.ARN != "" && g.live.ARN == to {
			return g
		}
	}
	return nil
}

// ledTo: a rule of the document leads there, or will when the service's turn comes.
func (m *maker) ledTo(service *draft, to string) bool {
	for _, d := range m.order {
		road, ok := d.kind.(resource.Road)
		if !ok || d == service {
			continue
		}
		if _, will := road.Leads(d.Want)[to]; will && d.Blocked == "" {
			return true
		}
		if _, does := m.leads(d.ID)[to]; does {
			return true
		}
	}
	return false
}
