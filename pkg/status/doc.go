// Package status holds the words of the operator's outcomes: conditions,
// reasons, exit codes and the report of a pass. They are a compatibility
// promise: scripts and alarms are built on them.
package status
