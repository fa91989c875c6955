// Package source reads spec files from where people keep them and gives them
// as one immutable Snapshot. A snapshot that could not be read whole says so:
// what is missing in an incomplete one has not been deleted.
//
// Directories, buckets and archives in S3 are read here under the same limits (basket.go).
//
// A directory is looked at whole each time, and only the files that have changed are read:
// of a thousand, an edit is of one, and to read all of them took longer than everything
// else that the edit cost here. Whether a file has changed is the kernel's word: the same
// file (device and inode), size, mtime and ctime, which no program can set; and not one
// that was read so soon after it changed that a second change might carry the same time.
// Some file systems (of networks, of users) tell less than that: every five minutes all
// files are read, whatever they look like. Where there is no ctime all are read each time.
//
// A hint comes when the files have been quiet for a while (Debounce), since what is half
// written may be good YAML. One that was saved in place need not wait: that nobody has it
// open for writing is the kernel's word too (it grants a lease then). It must be quiet for
// a moment all the same, and not much shorter than it was, since scripts append to a file
// piece by piece and close it in between. New, renamed and removed files, and several at
// once, wait as ever: a document may be on its way from one to the other.
//
// # Git
//
// Git is read by the git binary (2.39 or newer) into bare repositories of a cache
// directory: never a work tree, so that no link, hook, filter, submodule or large
// file of a repository ever acts. Decisions, with what they are against:
//
//   - git is started with a fixed argument list, without a shell, with an environment
//     of our own (HOME, PATH, the proxies) and a configuration that is given by
//     environment, whole: what machine, user or cache directory say does not count.
//     For ssh git starts this very program (ActAsSSH), which becomes ssh with a fixed
//     argument list; GIT_SSH_COMMAND would need a shell.
//   - https, ssh and CodeCommit only; http to this machine (a proxy or a test beside
//     the operator); file and git never. Redirects are not followed: credentials are
//     for one host, and go up front in a header that is bound to host and port.
//   - What is watched is one commit at depth one, without blobs where the server can
//     leave them out (a server that cannot sends them all; one that leaves them out
//     and then does not send them singly is asked for all of them). The missing blobs
//     of spec files below the watched paths come in one request.
//   - A branch comes before a tag of its name: nobody replaces a branch by a tag.
//   - An unchanged ref costs one ls-remote. A fetch goes by the ref, and what came is
//     the revision: a push in between gives the newer commit, whole.
//   - Links and submodules are left out with a warning, and make the snapshot
//     incomplete: what stood there before has not been taken away.
//   - A repository that has taken 200 fetches is fetched anew: cheaper, and surer,
//     than to repack it.
//
// What is remembered, and where: the process remembers the snapshot that it gave out
// last, and the commit of it; a cache directory (GitOptions.Cache) remembers that
// commit per repository and ref between processes, in a file in-force-*. A commit
// that does not descend from it is refused unless AllowRewind: whether it does is
// asked of its parents first, and then of its history, as bare commits in a second
// repository (history.git), by depths of 64 to 100,000; what a server cannot prove
// does not descend. A refused commit leaves in force what was, as a Problem of an
// incomplete snapshot. An empty disk knows of no commit: the first one that is found
// is taken, whatever was deployed before. Nothing else depends on the disk; a copy
// that is damaged is fetched again.
//
// What is wrong far away (no server, no access, nothing there yet, an answer that is
// cut) is an error that Away knows, of a bucket's too: who runs on and on waits for it,
// also at the start. What is wrong on this machine is not.
//
// While a Git is watched, Snapshot asks the server only after a hint (the poll, or a
// Poke from a webhook), and gives its last snapshot else. GitRevision is a commit of
// a work tree on this machine, for comparisons: it asks no server.
package source
