// Package kinds holds one file per AWS resource kind, and in it every SDK
// operation call that the operator makes; rollouts.go holds those about
// deployments. All is the one list.
//
// To add a kind: one file that implements resource.Kind and one line in All.
// The conformance suite, decoder sections, plan order, status and docs follow.
package kinds
