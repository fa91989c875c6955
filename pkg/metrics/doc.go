// Package metrics counts what the machine does, for Prometheus. One table
// (table.go) names every metric with its labels and its meaning: collectors,
// the documentation page and the tests are made from it.
//
// Metrics implements reconcile.Metrics without importing that package, and is
// told of AWS calls with plain arguments, so that it stands beside the floors
// that it observes and not above them. Labels never hold anything of a spec but
// names of services. It stands on floor 3, because it speaks of resource and status.
package metrics
