// Package resource holds the nouns that every upper floor speaks: identities,
// desired objects, live objects, the Kind and Rollouts seams, and error classes.
//
// It imports no AWS package. An Object's Want and a Live's Value are both the
// SDK's *create input* of the kind (a *ecs.CreateServiceInput for a service):
// kinds translate what Describe returns into that form, so that one generic
// differ compares like with like, and a field that the SDK learns tomorrow is
// compared tomorrow.
//
// Two decisions differ in form, not in sense, from the design paper:
//
//   - tags stand beside the body (Object.Tags, Live.Tags) and not inside it,
//     because the four services spell tags in three ways and because our own
//     tags must never take part in the content hash;
//   - Written maps a path to the string "file:line:column", so that floors below
//     spec can carry positions without importing it.
package resource
