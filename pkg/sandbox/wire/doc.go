// Package wire turns AWS requests into SDK inputs and SDK outputs into AWS
// answers: awsJson 1.0 and 1.1, the Query protocol with its XML, and
// rpc-v2-cbor.
//
// It knows no service and lists no member: every codec walks the SDK's own
// structs by reflection through pkg/shape, so what the SDK knows is spoken. A
// protocol only says how bytes become a tree of plain values and back; filling
// a struct from such a tree and taking it apart again is the same for all
// (tree.go). The same trees hold the sandbox's state file (state.go).
//
// A nil slice or pointer is a member that is not on the wire, an empty slice is
// one that is: AWS treats the two differently in UpdateService and elsewhere.
// Members that are not known are ignored, as AWS ignores them.
package wire
