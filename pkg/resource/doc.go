// Package resource holds the nouns that every upper floor speaks: identities,
// desired objects, live objects, the Kind and Rollouts seams, and error classes.
//
// It imports no AWS package. An Object's Want and a Live's Value are both the
// SDK's *create input* of the kind (a *ecs.CreateServiceInput for a service):
// kinds translate what Describe returns into that form, so that one generic
// differ compares like with like, and a field that the SDK learns tomorrow is
// compared tomorrow.
//
// A Unit that is in force is packed: of thousands a few are worked on at a time, and opened
// their objects take ten times as much. Who reads only IDs opens nothing (Unit.IDs, Unit.Has);
// who needs the objects of many units opens each once, and holds them while he does. A look at
// AWS, which is at all of them, opens as little of each as its kind needs for it (Framed).
//
// Three decisions differ from the design paper, the first two in form only:
//
//   - tags stand beside the body (Object.Tags, Live.Tags) and not inside it,
//     because the four services spell tags in three ways and because our own
//     tags must never take part in the content hash;
//   - Written maps a path to the string "file:line:column", so that floors below
//     spec can carry positions without importing it;
//   - the spec-hash tag stands on target groups and listener rules too, where the
//     paper's table has it on the service and its revisions only. A deleted line
//     takes effect in one pass, says the paper; but that a line was deleted and
//     not a value set in AWS only the author's former input tells, and what moves
//     traffic or replaces an object must not happen on a guess. There the tag
//     holds the set of the weighty paths that were written (pathsHash), not the
//     content. Scaling policies and scheduled actions carry no tags and need none,
//     alarms and scalable targets need none: all that can be left out of them is
//     changed in place.
package resource
