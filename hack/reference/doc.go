// Reference writes docs/reference.md: every field of a document, from the kinds'
// own list, the SDK's types and the rules by which values are compared. Nothing
// of AWS is listed by hand.
//
//	go run ./hack/reference
//
// The tests beside it hold this page and the others that speak of the code
// (promises, how-to, the embedded AWS) to what the code has.
package main
