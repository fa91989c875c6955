// Package iampolicy writes the least-privilege IAM policy for a set of documents:
// that of the reader (diff) and that of the writer (apply, run, and the verbs).
//
// The actions come from kinds.Calls, the one table beside the code that calls them.
// What they are narrowed by is what the Service Authorization Reference gives for
// each action, and each statement names its page: a condition key that a service
// does not fill in denies everything, so none is used on a guess.
//
// Decisions:
//
//   - Existing things are told by the owner's tag and the cluster, not by ARN:
//     a policy for 1,000 services is as long as one for ten, and it need not be
//     written again when a service is added to a cluster that it names.
//   - Names stand in it only where AWS knows no tag condition: alarms
//     (PutMetricAlarm and DeleteAlarms have none), listeners, and roles (PassRole).
//   - Deletion is allowed only where something can be deleted: with policy.prune,
//     policy.recreate, onDelete: prune or --prune, or for a target group or rule
//     that a replacement takes over from.
//   - The owner's tag is not to be taken off, except with onDelete: orphan.
//   - adopt allows to mark the services and task definition families of the documents
//     that say it, by name and whoever owned them. Target groups, rules, alarms and
//     scalable targets, which IAM cannot tell by the document, only while they carry no
//     owner's tag: those of another operator have to be let go there first.
//   - A list that makes the document larger than a managed policy may be
//     (6,144 characters) is folded into patterns with a wildcard, which Notes tell.
package iampolicy
