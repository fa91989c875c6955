// Package plan computes what would be done: desired objects × live objects ×
// policy → Plan, as plain data.
//
// It is pure: no context, no clock, no SDK client, and no AWS package in its
// import closure (a test holds it to that). The same inputs give the same
// bytes. Policy turns steps into blocked ones with a reason; it never drops one.
//
// Decisions that the design leaves open:
//
//   - Where several reasons hold a step back, it names the first of: what keeps
//     this object alone from being written (not read, not ours, draining, in its
//     grace); what holds for the unit (suspension, mode); recreation, quarantine,
//     hold; a missing dependency; a running deployment.
//   - A service that could not be read holds back its whole unit: the suspension
//     stands on it. A service that is not ours keeps anything from being created
//     around it.
//   - The task definition is registered when the service may run it and not
//     before; else every pass would find a superfluous revision.
//   - The spec-hash tag travels with the changes that start the deployment: it
//     says that this content was written.
//   - A target group and a rule carry a spec-hash of their own (see resource), which
//     travels with the changes of the object. Alone it is a write without effect.
//   - A field that refers to something that could not be read is shown and not
//     judged; what else differs in the object waits, since most of AWS' writes
//     send the whole of it.
//   - `retry` marks the quarantine tag as lifted and does not remove it, because
//     ECS' history would bring it back. A service that stands still in the failed
//     deployment is then deployed by force: nothing else differs.
//   - A rollback by hand goes the same way as one after a failed hook (Back): to the
//     newest deployment that succeeded with a content that is not the present one,
//     was not put aside and has not failed since, compared by what a service revision
//     records. The hold tag is written first, and names the way: while the spec-hash
//     tag still says that a content on hold was written last, the rollback is not
//     over, and the plan goes on with it. With it goes the spec-hash of what is
//     restored, taken from the task definition revision where that is unambiguous,
//     else no hash at all: the author's input of it is not known then. A content on
//     hold that somebody else deploys is told and left.
//   - A count that a document writes while somebody else's scalable target exists
//     is shown and never sent; with policy.desiredCount: fixed it is blocked.
//   - A change is drift when the author's input is known to be that of our last
//     write: this process has seen the unit in sync with this very document; or,
//     for what starts a deployment, the service's spec-hash tag is the document's;
//     or the object's revision tag names the present source revision. What none of
//     the three knows counts as a change of the spec. (--set and --env are no part
//     of a source revision: of what they changed, the next run without them says
//     drift.)
//   - Adoption writes the tags alone. What else differs is a second step, blocked
//     until the pass that finds them.
//
// # One target group takes over from another
//
// AWS changes neither port nor protocol of a target group, so that a new one is
// made beside it ("name-hash") and takes over. At every moment the requests find
// as many healthy targets as the service's minimum healthy percent asks for:
//
//	joining   the new group is made; every rule forwards to it with weight 0, so
//	          that a load balancer is associated with it; the service registers its
//	          tasks in both (a deployment). Requests go to the old group, in which
//	          ECS keeps the minimum: a new task counts when it is healthy in both.
//	turning   the deployment has succeeded, alone, so that every task is in both;
//	          and the new group has as many healthy targets as the minimum asks
//	          for, and as many as the old. Rule by rule the weights are exchanged.
//	leaving   no request goes to the old group. The service leaves it (a second
//	          deployment): ECS keeps the minimum in the new group alone. The rules
//	          still have the old group with weight 0, should ECS roll this back.
//	draining  the old group's last targets are let go.
//	dropping  it has none: the rules forget it, and it is deleted.
//
// The stage is read off the live service, rules and groups in every pass (whose
// tags say that they are of one identity), so that any process goes on from any
// place, and a rollback by ECS is one more place. What the document says of service
// and rules is adapted to the stage before anything is compared (Plan.Object); the
// steps of later stages are shown with After. Alarms and scaling speak of the old
// group until requests go to the new one.
//
// It is not done, and policy.recreate is asked for (then the requests move at
// once), where both cannot serve side by side: the service shifts traffic
// (blue/green) or is another controller's; targetType, VPC or kind of load balancer
// differ; the service would be in more than five groups; policy.ignore keeps rules
// or service as they are; nobody but other people's rules leads to the group. When
// others' rules lead to it beside those of the document, everything up to leaving is
// done, and the service stays in both groups until they have been turned: the step
// names them.
//
// A target group under a renamed key, and another one of the document to which the
// service and its rules are to move, take over in the same way (takeover_rename.go).
//
// A service that leaves blue/green while its tasks stand in the alternate target group
// takes over from there in the same way (shift.go): ECS is told ROLLING and both groups
// in one call. What AWS does with the tasks of a service that is only told ROLLING its
// pages say ("identifies the service revision that serves the traffic, keeps the load
// balancer configuration"), and so the pair may stay.
//
// Nothing of this is needed where the old group has no targets or no load balancer
// leads to it: then the new one takes its place at once.
package plan
