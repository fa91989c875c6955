// Package metrics is the documented list of Prometheus metrics. Everything that
// the operator counts is declared here, once, with its help text and labels.
package metrics
