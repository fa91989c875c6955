// Package main runs the perturbation sweep (pkg/sweep), and then shows that it bites:
// with each of the planted bugs (hack/planted) in the program it must fail.
//
//	go run ./hack/sweep                            # suite A, then every planted bug
//	go run ./hack/sweep -planted=false             # suite A alone
//	go run ./hack/sweep -bugs 'owner|prune'        # suite A, then these bugs
//	go run ./hack/sweep -suites a,b,c,d,e -budget 30m
//	go run ./hack/sweep -pages                     # writes the pages of the last run anew
//
// Suites: A, single faults, each case of it; B, pairs of faults, and C, the program itself
// killed with SIGKILL over TCP, each for as much time as -budget gives it, in an order
// whose every beginning is spread evenly over all cases; D, a swarm of operators, people
// and an autoscaler; E, a fleet of a thousand services for a virtual week.
//
// What came of a run stands in hack/sweep/results.json; docs/sweep.md and a block of the
// README are made of it, and a test holds them to it.
//
// A bug is built into the sweep once. It is run against what caught it last, as
// hack/sweep/testdata/caught.txt has it, then against the references and the cases of
// suite A, those first at which bugs show soonest, until one fails, for -bug-budget at
// most. What fails without the bug as well says nothing, nor does a bug with which nothing
// works any more. One that survives is told by its name: then the sweep lacks something.
package main
