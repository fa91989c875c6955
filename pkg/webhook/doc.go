// Package webhook answers what hosts of git repositories send at a push. A call
// is a hint that there may be something new, and nothing more: not one field of
// its body is read, so that there is no parser to attack, and a forged or replayed
// call can make the operator fetch early, at most every ten seconds
// (source.Poked), and nothing else.
//
// Decided here:
//
//   - A listener of its own, and off without a secret: what the internet may
//     reach is POST /hook/… alone, never the status page with its metrics.
//   - Who shows no credential is refused before a byte of the body is read. What is
//     signed is compared in constant time over the raw body, of at most 1 MiB, which is
//     hashed as it comes in and never kept.
//   - Who makes a signature up, and sends its body slowly, keeps nobody out: of 128
//     bodies that are read at a time the one that takes the longest is given up for the
//     next. Only what is believed counts against the limit of calls, so that made-up
//     ones do not use it up; each of them costs one hash of what it sent.
//   - There may be several secrets, so that one can be exchanged without a gap.
//   - Neither the time stamp of a signature nor the id of a delivery is looked at:
//     a replay is as harmless as the first time, and clocks need not agree.
//   - A push to another branch or repository is a hint, too: it costs one look.
package webhook
