// Package checkout commits files in a user's own checkout, with the user's own
// git, configuration, hooks and credentials, and pushes the commit onto a branch
// that others push to as well.
//
// A commit holds the files that were edited, and nothing else that is staged or
// changed. A push lands that one edit on the branch, whatever happened there
// since the checkout was made: where the branch has moved, the edit is made anew
// on the files that it has now, rather than merged as text, and pushed again,
// until it landed or the time for it is over. What a branch holds is asked, never
// concluded from the words of an error: after a push whose outcome is not known
// the branch is fetched and looked at.
//
// Decisions:
//
//   - The first commit is made by "git commit --only": hooks and signing are the
//     user's. Made anew on a branch that moved it keeps its author and message,
//     and is signed where commit.gpgSign says so; hooks do not run again, as they
//     do not in "git pull --rebase".
//   - Commits that are in the checkout and not on the branch go along only where
//     "git push" would take them along too: on that very branch, while nobody else
//     pushed. A checkout of something else (a pull request's merge, a feature
//     branch) never lands on the branch by this road: that is refused before
//     anything is written. An earlier commit of the same edit, whose push failed,
//     is known by what it changes.
//   - Once the edit has landed the checkout follows, where that takes nothing from
//     anybody, because what runs next there (wait) reads its documents.
//   - Nothing that git prints leaves here with the user's part of a URL.
package checkout
