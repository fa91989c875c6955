// Package sandbox is an embedded AWS: an http.Handler that speaks the real wire
// protocols of ECS, ELBv2, CloudWatch, Application Auto Scaling, STS and the
// tagging API, so that the unmodified SDK, the AWS CLI and Terraform can use it.
//
// It behaves as AWS does and never as is convenient for the operator. What ECS
// does by itself it does by itself: tasks start, fail and are replaced, and the
// circuit breaker rolls back, whether or not an operator runs.
//
// Time is simulated lazily: state is a function of the clock, advanced by every
// call before it is answered. No goroutine runs, so the same world works on the
// wall clock (times a speed), in a state file that sleeps between commands, and
// inside a testing/synctest bubble.
//
// It imports pkg/shape and SDK types only, and nothing of floors 0-4 imports it
// outside tests.
package sandbox
