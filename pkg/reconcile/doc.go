// Package reconcile is the machine: it loads units from a source, observes them
// in batches, has them planned, applies exactly the plan, watches rollouts and
// keeps a status per service. The daemon, `apply` and `diff` are three ways to
// call it; there is one road from source to status.
//
//	load.go      source → documents → units; what is bad is frozen alone
//	observe.go   one observation of many units, and of one before a write
//	pass.go      one reconcile of one unit: look, remember, execute, judge
//	apply.go     a plan's steps: resolve, read again, compare, write
//	rollout.go   deployments: current, history, quarantine
//	fleet.go     whose turn it is to be deployed; waves.go, slots.go
//	loop.go      what AWS does not keep is not deployed again and again
//	grace.go     when something that is not there counts as missing
//	status.go    what was found → conditions, reason, one sentence (pure)
//	oneshot.go   Plan, Inspect, Apply
//	daemon.go    Run: queue, workers, sweep; members.go is its memory
//	lineup.go    its queue, in which edits go first; rest.go: what needs no plan
//	unread.go    what AWS did not answer for, or is not done with: read again, together where it is much
//	outage.go    a source that gives no documents: waited for, and told once
//	retry.go     lifts a quarantine
//
//	census.go    what carries our tags and no document names, read directly
//	prune.go     deletes one of these, after one more look
//	depart.go    units whose document is gone: which, how many, who approved
//	approve.go   a person's word on a plan
//	rollback.go  a person takes a service back; scale.go: changes its count
//	look.go      what people watch; logs.go: what containers wrote
//	retain.go    old task definition revisions
//
// It sees AWS only through []resource.Kind and resource.Rollouts.
//
// Decisions that the design paper leaves open:
//
//   - A unit that AWS denied or refused is looked at in every pass, but its
//     writes are tried again only when its document or the world changed, or
//     after five minutes.
//   - A service that is Ready, and of which nothing that was read has changed since
//     it was planned with this document, is not planned again for half an hour.
//   - A lifted quarantine keeps its tag, with the word "lifted": ECS' history
//     still shows the failed deployment, and another process would quarantine
//     the content again.
//   - The deployment of a service that is settled (one deployment, COMPLETED,
//     nothing quarantined) is not read at all, so an idle service costs no call
//     beyond its share of the batches.
//   - A command that runs once waits the absence grace out, even without
//     --wait: the grace is a process' own, and the next run would begin anew.
//   - A service whose document has no scaling is asked for a scalable target of
//     somebody else's in the same batches; where that cannot be read, one is
//     taken to exist, so that no count is sent.
//   - What becomes of a unit without a document stands on its ECS service. It is
//     deleted in such an order that the word is there as long as anything is left
//     that would not tell it: scaling, alarms and task definition revisions go
//     before the service, and what outlives it (rules, target groups) is tagged
//     on-delete: prune first. Of an orphan the service loses its tags last.
//   - The census is a hint of what to read: the two looks that a deletion needs are
//     direct reads, a grace apart. A census that failed anywhere finds nothing.
//   - A service whose document names another cluster or target now is one that goes here
//     and one that comes there, of one name. It goes when that is up: a deployment of
//     it has succeeded and tasks of it run. It goes first only where
//     something of its own stands in the other's way, so that they cannot serve side by side.
//   - A write that AWS refuses because what it refers to has gone since is no fault of
//     the document: it is planned anew at once.
//   - An approval of deletions is bound to the revision, to the plan's hash and to
//     the one service that carries it, so that it stays valid while the others go
//     one by one; a later revision, or another service of the name, voids it.
//   - An approved plan of policy.mode: manual is used up before its first write: a
//     crash loses the approval and never doubles it.
//   - A rollback by hand is a person's word: neither freezes, waves, the limit of
//     rollouts nor policy.mode: manual hold it up, and no hook runs. It puts the
//     content aside that the service's spec-hash tag names, and that of the document
//     which is not deployed yet: only a later commit is a new one. A deployment that
//     runs is not disturbed (abort is for that), and where ECS has just rolled one
//     back, or a rollback was made, nothing goes further back unless --to says so.
//   - Scale is the one call that carries a count beside an autoscaler: a person says
//     it, once, within the bounds. Passes never do.
//   - The service that runs this process is told by its ARN, which a pass reads, not
//     by a document's names: another account may have the same. It starts its own
//     deployment when no other service has anything to do that comes about without a
//     person, and after an hour whatever they have: what fails, or waits for a word,
//     may need the newer operator. It takes no slot, nobody's wave waits for it, and
//     what depends on it does not keep it. It is never deleted, recreated or run
//     twice at once by itself.
//   - Revisions of a task definition are put away only by the process that saw the
//     rollout; with 200 deployments or more in the history, none is.
package reconcile
