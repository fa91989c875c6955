package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// A service that shifts traffic (blue/green, linear, canary) stands in either of two
// target groups, and ECS keeps the weights of its rules. When the document takes it
// back to ROLLING without the pair, its tasks are to stand in the first group, while
// the requests may go to the second. That is a takeover of one target group from
// another (takeover.go). What is particular is here: nothing moves while ECS shifts,
// and where no takeover is possible the service stays where it is.

// whyStrategy: "You can't migrate your service to a rolling deployment if it has a
// deployment in progress", and the other way round (Developer Guide, "Update the Amazon
// ECS deployment strategy").
const whyStrategy = "a deployment is running, and AWS changes the deployment strategy only when none is; it follows when that has ended"

// gateStrategy holds a change of the strategy while a deployment runs, and with it
// what becomes of the rules that ECS moves in that deployment.
func (m *maker) gateStrategy() {
	s := m.service
	if s == nil || !s.writes() || s.Action == ActionAdopt || s.live.Service == nil || s.live.Service.ForeignController != "" {
		return
	}
	if wants := m.shiftsTraffic(s.Want); !m.runs(s.live) || wants == s.live.Service.Shifts {
		return
	}
	s.stands = true
	m.holdDeployment(s, status.DeploymentRunning, whyStrategy)
	live := shape.Plain(s.live.Value, nil)
	for _, d := range m.order {
		if d.ID.Kind == resource.KindListenerRule && d.writes() && d.live.ARN != "" && (mentions(live, d.live.ARN) || mentions(live, d.live.Attributes()["arn"])) {
			d.block(status.DeploymentRunning, whyStrategy)
		}
	}
}

// shiftsTraffic reports whether the input of a service has a strategy that shifts traffic.
func (m *maker) shiftsTraffic(in any) bool {
	s, _ := descend(shape.Plain(in, nil), "deploymentConfiguration.strategy").(string)
	return s != "" && s != "ROLLING"
}

// runs: a deployment of the live service has not ended, as far as is known.
func (m *maker) runs(live resource.Live) bool {
	switch {
	case live.Presence != resource.Present:
		return false
	case m.in.Rollout != nil:
		return !m.in.Rollout.Status.Ended()
	case len(m.in.History) > 0:
		return !m.in.History[0].Status.Ended()
	}
	return live.Service.Deployments > 1 || live.Service.PrimaryState == "IN_PROGRESS"
}

// deserted names the first target group that the service would leave to requests
// which nobody turns: one of a pair, in which its tasks stand. "" for none.
func (m *maker) deserted(d *draft) string {
	s := d.live.Service
	if s == nil || s.Serving == nil || m.in.Unit.Policy.Recreate {
		return ""
	}
	stays := map[string]bool{}
	body, _ := shape.Plain(d.Want, nil).(map[string]any)
	groups(body["loadBalancers"], stays)
	for _, arn := range s.Serving {
		if stays[arn] || slices.ContainsFunc(m.takes, func(t *takeover) bool {
			return slices.ContainsFunc(t.old, func(l resource.Live) bool { return l.ARN == arn })
		}) {
			continue
		}
		if m.in.Groups == nil {
			m.needGroup(arn)
			continue
		}
		group, ok := m.in.Groups[arn]
		if !ok || group.Presence != resource.Present || group.Group == nil {
			return "the target group that the tasks stand in could not be read, and requests may go to it"
		}
		var where []string
		for _, l := range group.Group.LedBy {
			if l.Weight > 0 {
				where = append(where, l.Where)
			}
		}
		if len(where) > 0 {
			return fmt.Sprintf("its tasks stand in %s, to which the requests of %s go, and without the pair they would leave it: bring them to the other target group first by one more deployment with the pair and its strategy (`ecs-operator restart` makes one), or policy.recreate: true lets them go at once",
				group.Name, strings.Join(where, ", "))
		}
	}
	return ""
}

// needGroup asks for a target group as it stands.
func (m *maker) needGroup(arn string) {
	if !slices.Contains(m.plan.needsGroups, arn) {
		m.plan.needsGroups = append(m.plan.needsGroups, arn)
	}
}

// idle are the target groups of the service's pairs in which nobody stands now,
// by what the document calls them.
func (m *maker) idle() map[resource.ID]bool {
	i := slices.IndexFunc(m.in.Unit.Objects(), func(o *resource.Object) bool { return o.ID.Kind == resource.KindService })
	if i < 0 {
		return nil
	}
	service := m.in.Unit.Objects()[i]
	live := m.in.Live[service.ID]
	if live.Service == nil || live.Service.Serving == nil {
		return nil
	}
	out := map[resource.ID]bool{}
	for _, r := range service.Refs {
		if arn := m.in.Live[r.To].ARN; r.To.Kind == resource.KindTargetGroup && !slices.Contains(live.Service.Serving, arn) {
			out[r.To] = true
		}
	}
	return out
}
