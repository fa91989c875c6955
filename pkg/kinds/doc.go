// Package kinds holds one file per AWS resource kind, and in it every SDK
// operation call that the operator makes; rollouts.go holds those about
// deployments. All is the one list. What several kinds do alike stands once:
// named.go finds by name and reads tags, scaled.go is all of what hangs on a
// scalable target, tags.go the tagging half of each service.
//
// To add a kind: one file that implements resource.Kind, its rules beside it,
// and one line in All. The conformance suite (which fails until it has examples
// of the new kind), decoder sections, plan order, status and docs follow.
//
// Decisions of this package:
//
//   - Observe answers from batches that run per target (and cluster). Tags come
//     from the tagging API's inventory only where they agree with what is wanted;
//     what disagrees is read directly, so that a stale hint is never a reason to
//     write. Few objects, and every read before a write, do without hints.
//   - A target group's or rule's identity is its tags; memory.go is only the place
//     to look first.
//   - Names that are known before anything exists are filled in by Complete and
//     make no edge (fillNames); a unit's order holds only what must exist first.
//   - What an author may leave out and AWS fills in stands in the rules with its
//     source. Members without a constant default are inherited, and shown only
//     when they have another value than the one that AWS gives at creation.
//   - The capacity provider strategy belongs to the rollout content: it starts no
//     deployment by itself, but we force one for it.
//   - monitoring and gatewayConnectors count as starting a deployment: the SDK's
//     comments are silent, and they live in the service revision.
package kinds
