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
//   - A field that refers to something that could not be read is shown and not
//     judged; what else differs in the object waits, since most of AWS' writes
//     send the whole of it.
//   - `retry` marks the quarantine tag as lifted and does not remove it, because
//     ECS' history would bring it back. A service that stands still in the failed
//     deployment is then deployed by force: nothing else differs.
//   - A target group is replaced only where policy.recreate allows it: until both
//     groups can hang on a rule together, the new one gets the traffic before its
//     targets are healthy.
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
package plan
