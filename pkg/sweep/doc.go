// Package sweep is the proof of eventual stability: every scenario, at every call that
// the operator makes in it, with every fault that can befall that call.
//
// The nouns:
//
//   - A scenario is an AWS with documents in force, and what then changes: a commit, or
//     what people and programs do. Its swept part begins with an operator that starts
//     and knows nothing, and ends at rest: nothing is under way, and three full passes
//     in a row wrote nothing.
//   - The reference is the scenario without a fault. It gives the calls that can be
//     struck, the picture of AWS at rest, and how often each thing was made, changed and
//     deleted.
//   - A call is named by its operation and its ordinal among the calls of that operation,
//     so that concurrency does not move it: ecs.CreateService#1.
//   - A fault is what befalls a call, or what happens at its moment: the list is in faults.
//   - A case is a scenario, a call and a fault. It must come to rest in the reference's
//     picture, and the invariants must hold after everything that happens in AWS on the way.
//
// All of it runs in process, with the real SDK clients against pkg/sandbox under the
// generated IAM policy, in bubbles of virtual time. There is nothing but tests here.
package sweep
