// Package plan computes what would be done: desired objects × live objects ×
// policy → Plan, as plain data.
//
// It is pure: no context, no clock, no SDK client, and no AWS package in its
// import closure (a test holds it to that). The same inputs give the same
// bytes. Policy turns steps into blocked ones with a reason; it never drops one.
package plan
