// Command fuzz runs every fuzz target of the module for a while and prints how many
// inputs each one executed:
//
//	go run ./hack/fuzz -time 60s
//	go run ./hack/fuzz -time 1h -corpus ~/fuzz -json >fuzz.json
//	go run ./hack/fuzz -run 'spec.*Parse'
//
// It stands at the top of the module, finds the targets by their declarations, builds
// each package's fuzzer once, with the instrumentation that leads the fuzzer to new
// code (-plain leaves it out: the build is faster than a short run is long), and exits
// with 1 where an input failed. What failed is printed, and stands in the package's
// testdata/fuzz, where go test runs it from then on.
package main
