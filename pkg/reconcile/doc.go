// Package reconcile is the machine: it loads units from a source, observes them
// in batches, has them planned, applies exactly the plan, watches rollouts and
// keeps a status per service. The daemon, `apply` and `diff` are three ways to
// call it; there is one road from source to status.
//
// It sees AWS only through []resource.Kind and resource.Rollouts.
package reconcile
