// Command bench measures the operator's binary against the embedded AWS in
// another process, and writes what it measured:
//
//	go run ./hack/bench                     100 and 1,000 services, all of it
//	go run ./hack/bench -services 10000     another fleet; its figures join the others
//	                                        (AWS' quotas alone make two hours of it: see -scenarios)
//	go run ./hack/bench -page               only write docs/benchmarks.md anew
//
// Figures go into hack/bench/results.json, from which docs/benchmarks.md is written;
// a test holds the page to them, and them to the targets.
//
// Three processes take part, all started here: the world (pkg/sandbox over TCP, with
// counters of its own), the operator (built from this tree, told by AWS_ENDPOINT_URL
// where AWS is, as for any emulator), and the bare SDK, which makes the calls that the
// world has recorded of the operator's passes once more. What the operator
// costs is read from /proc, so that this runs on Linux alone. Calls are counted by the
// world; the operator's own count of them, of its passes and of what the runtime
// allocated comes from /metrics.
//
// The bare SDK makes its passes at the operator's own rhythm: after twenty idle seconds the
// processor's caches and its branch predictor have forgotten a program, and connections,
// timers and the collector's goroutines have to be woken. A loop of a hundred passes
// without a pause never pays for that, and to hold the operator against it compares two
// rhythms and not two programs. Nor does it make more calls at once than the operator does:
// who has many on their way finds the processor awake for each answer. Everything else is as
// the operator has it: the same calls, and the same answers decoded by the same clients. Its
// collector is at Go's default; the operator's runs more often, for the sake of memory
// (cmd/ecs-operator/garbage.go).
//
// AWS' request quotas would make most walls of it a wait: they are lifted with
// --quota-factor but for the scenario that is about them, in which the operator has its
// default budgets and the world refuses what AWS would.
package main
