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
//   - An older revision of the wanted content is found by its hash in the tagging API.
//     Where that is refused (throttled, denied), ECS lists the family's newest revisions
//     and their content is read: a deployment does not hang on the tagging API. Where
//     neither answers, registration waits two minutes, says why, and then registers one
//     revision more of the same content, which is the smaller harm.
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
//   - A listener's default action is a rule with the priority "default". It is the
//     listener that carries our tags, and only its default actions are written.
//     Deleting one takes our tags off and leaves the action: a listener always has
//     one, and what it had before is not known.
//   - A client secret is known by the beginning of a slow, salted hash in a tag. Too
//     short to tell the secret by, it tells that another one is wanted. It is sent
//     when the tag differs, and kept by AWS otherwise.
//   - A priority that is allocated is chosen once, when the rule is made, from all
//     documents of the load and all rules that are live (listener_rule_priority.go).
//     A process that knows other documents may choose the same: AWS refuses the
//     second, which plans again.
//   - Rules change places in one SetRulePriorities, other units' rules included where
//     these move too: that is the one write that touches another unit's object. Its
//     tags and the suspension of its service are read in the same step.
//   - A new rule is hidden by a header that holds the full name of its target group.
//     Where AWS' quota of values leaves no room, true values wait for the second step.
package kinds
