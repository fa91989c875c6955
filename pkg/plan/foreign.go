package plan

import (
	"fmt"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// unadoptable is why an ECS service can never be ours, whatever the document
// says; "" where it can.
func unadoptable(id resource.ID, l resource.Live) string {
	if id.Kind != resource.KindService {
		return ""
	}
	exists := id.Local() + " exists and is not ours: "
	switch {
	case l.Service != nil && l.Service.ForeignController == resource.ControllerExpress:
		return exists + "it belongs to ECS Express Mode, which makes its load balancer, scaling and deployments, and only UpdateExpressGatewayService may change it. policy.adopt does not help; " +
			"run the document under another name beside it, move the traffic, and delete the Express service"
	case resource.Untaggable(l.ARN):
		return exists + "its ARN is of the short form without the cluster (" + l.ARN + "), on which AWS takes no tags, so that nobody could mark it as ours. policy.adopt does not help; " +
			"turn on the account setting serviceLongArnFormat (aws ecs put-account-setting-default --name serviceLongArnFormat --value enabled) and create the service anew: delete it, or run the document under another name beside it"
	}
	return ""
}

// under says which other programs an object is under, " it belongs to …", "" for none.
func under(l resource.Live) string {
	var words []string
	for _, p := range resource.Under(l) {
		words = append(words, p.Words)
	}
	if len(words) == 0 {
		return ""
	}
	return "it belongs to " + strings.Join(words, " and to ")
}

// takeOver is the way out of what is under another program.
const takeOver = "set policy.adopt to take it over, and let that program go of it first (ecs-operator handover says how)"

// warnOf says beside an adoption who else is at it: taking over does not stop
// another program.
func warnOf(tags []diff.Change, l resource.Live) {
	who := under(l)
	for i := range tags {
		if who != "" && tags[i].Path == "tags."+resource.TagOwner {
			tags[i].Note = who + ", which must let go of it (ecs-operator handover says how)"
		}
	}
}

// afterAdoption is what everything else of a unit waits for.
const afterAdoption = "the adoption"

const adoptedFirst = "it is adopted first; the rest follows in the next pass"

// adoptFirst holds every other write of the unit while something of it is being
// adopted: an adoption changes nothing but tags, and what comes after it is
// planned from what then is ours.
func (m *maker) adoptFirst() {
	adopting := false
	for _, d := range m.order {
		adopting = adopting || d.Action == ActionAdopt && d.Blocked == ""
	}
	if !adopting {
		return
	}
	for _, d := range m.order {
		if d.writes() && d.Action != ActionAdopt {
			d.After = afterAdoption
			d.block(status.Waiting, "something of the service is adopted first; the rest follows in the next pass")
		}
	}
}

// afterMove is what the changes of a service wait for that another controller deploys.
const afterMove = "the move to the ECS deployment controller"

// movable is the controller that a service is moved away from, "" for one that
// ECS itself deploys. UpdateService takes CODE_DEPLOY→ECS and EXTERNAL→ECS
// (Developer Guide, "Updating Amazon ECS service parameters").
func movable(l resource.Live) string {
	if l.Service == nil {
		return ""
	}
	switch c := l.Service.ForeignController; c {
	case resource.ControllerCodeDeploy, resource.ControllerExternal:
		return c
	}
	return ""
}

// move plans the way of a service of ours from another deployment controller to
// ECS': a step of its own, before which nothing else of the service may be
// written, since under another controller UpdateService refuses what deploys. It
// reports whether it decided the draft.
func (m *maker) move(d *draft, tags, changes []diff.Change) bool {
	from := movable(d.live)
	if from == "" || d.ID.Kind != resource.KindService {
		return false
	}
	first, rest := m.moveChanges(d, from, changes)
	own, hash := split(tags, "tags."+resource.TagSpecHash)
	if deploys(rest) {
		tags, rest = own, append(rest, hash...) // the tag says that this content was written: not before it was
	}
	m.attribute(d, tags)
	d.Action, d.Changes = ActionUpdate, append(first, tags...)
	d.Effect, d.moving = worst(d.Changes), true
	if len(effective(rest)) > 0 {
		d.asides = append(d.asides, aside{changes: rest, reason: status.Waiting, after: afterMove,
			why: "the service is moved from the deployment controller " + from + " to ECS first; the rest follows when it has been"})
	}
	switch s := d.live.Service; {
	case !m.in.Unit.Policy.Adopt:
		d.foreign = true
		d.block(status.NotOurs, fmt.Sprintf("%s carries our tags, but %s; set policy.adopt to move it to the ECS deployment controller", d.ID.Local(), under(d.live)))
	case s.TaskSets > 1:
		d.After = "the other program's deployment has ended"
		d.block(status.Waiting, fmt.Sprintf("it runs %d task sets, and AWS moves only a service with one: wait for the end of the %s deployment, or delete the task sets that are left over", s.TaskSets, from))
	case !s.PrimaryTaskSet:
		d.After = "there is a primary task set"
		d.block(status.Waiting, "it has no primary task set, and AWS moves only a service with one: deploy it once more under "+from+", or delete it")
	}
	return true
}

// Moves reports whether the step takes a service from another deployment
// controller to ECS', and sends nothing else.
func (s Step) Moves() bool {
	moves := false
	for _, c := range effective(s.Changes) {
		switch c.Field() {
		case "deploymentController":
			moves = s.ID.Kind == resource.KindService && s.Action == ActionUpdate
		case "tags":
		default:
			return false
		}
	}
	return moves
}

// moveChanges parts the change of the controller, which is made first, from the rest.
func (m *maker) moveChanges(d *draft, from string, changes []diff.Change) (first, rest []diff.Change) {
	for _, c := range changes {
		if c.Field() != "deploymentController" {
			rest = append(rest, c)
		}
	}
	return []diff.Change{{Path: "deploymentController.type", Op: diff.Replace, Old: from, New: "ECS", Effect: diff.InPlace, Reason: diff.FromSpec,
		Note: "the running tasks stay; from then on ECS makes the deployments, and " + from + " none"}}, rest
}

// shownMove is the move as an adoption shows it: what comes after it.
func (m *maker) shownMove(d *draft, changes []diff.Change) []diff.Change {
	from := movable(d.live)
	if from == "" || d.ID.Kind != resource.KindService {
		return changes
	}
	first, rest := m.moveChanges(d, from, changes)
	d.asides = append(d.asides, aside{changes: first, reason: status.Waiting, after: afterAdoption, why: adoptedFirst})
	if len(effective(rest)) > 0 {
		d.asides = append(d.asides, aside{changes: rest, reason: status.Waiting, after: afterMove,
			why: "the service is moved from the deployment controller " + from + " to ECS first; the rest follows when it has been"})
	}
	return nil
}
