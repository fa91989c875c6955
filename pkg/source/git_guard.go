package source

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// refusal: a commit that is there and may not be used. What is in force stays.
type refusal struct {
	commit string
	err    error
}

func (r *refusal) Error() string { return r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

// permit decides whether a commit may be used: by its signature, and by what it
// descends from. A *refusal is a verdict; any other error is none.
func (g *Git) permit(ctx context.Context, o GitObjects) (signer string, err error) {
	if g.o.Verify != nil {
		if signer, err = g.o.Verify(ctx, o); err != nil {
			return "", &refusal{o.CommitID, fmt.Errorf("commit %.7s of %s is not used: %w", o.CommitID, g.shown(o.Ref), err)}
		}
	}
	before := g.inForce()
	if before == "" || before == o.CommitID || g.o.AllowRewind {
		return signer, nil
	}
	if err, known := g.refused[o.CommitID+before]; known {
		return "", &refusal{o.CommitID, err}
	}
	why, err := g.descends(ctx, before, o)
	if err != nil {
		return "", err
	}
	if why == "" {
		return signer, nil
	}
	err = fmt.Errorf("%s moved from %.7s to %.7s, %s: it is not used; push the change as a new commit (git revert), or allow this with --git-allow-rewind",
		g.shown(o.Ref), before, o.CommitID, why)
	g.refused[o.CommitID+before] = err
	return "", &refusal{o.CommitID, err}
}

func (g *Git) shown(ref string) string {
	if ref == "" {
		return g.url.text
	}
	return g.url.text + " " + shortRef(ref)
}

// keep leaves in force what was, with the refusal as a Problem; where this process
// has not read it yet, it is read from the cache of an earlier one.
func (g *Git) keep(ctx context.Context, repo, ref string, r *refusal) (Snapshot, error) {
	if text := r.Error(); g.told != text { // once for each, not at every poll
		g.log.Warn("a commit is refused", zapError(r))
		g.told = text
	}
	var s Snapshot
	switch before := g.inForce(); {
	case g.last != nil:
		s = g.last.snap
	case before == "":
		return Snapshot{}, r
	default:
		signer, err := g.stillGood(ctx, repo, before)
		if err != nil {
			return Snapshot{}, fmt.Errorf("%w; and the commit in force, %.7s, is not used any more: %w", r, before, err)
		}
		if s, err = g.files(ctx, repo, before); err != nil {
			return Snapshot{}, errors.Join(r, fmt.Errorf("and the commit in force, %.7s, is not in --git-cache any more", before))
		}
		s.Revision, s.Ref, s.Signer = before, shortRef(ref), signer
	}
	s.Problems = append(slices.Clone(s.Problems), Problem{Path: Whole, Message: r.Error() + "; " + fmt.Sprintf("%.7s stays in force", s.Revision)})
	s.Complete = false
	return s, nil
}

// stillGood verifies a commit again that an earlier process gave out: it may have
// been asked for no signature, or for one by other keys. A signature of a tag
// cannot be looked at again, because the tag is not kept.
func (g *Git) stillGood(ctx context.Context, repo, commit string) (signer string, err error) {
	if g.o.Verify == nil {
		return "", nil
	}
	raw, err := g.run(ctx, command{dir: repo, args: []string{"cat-file", "commit", commit}})
	if err != nil {
		return "", fmt.Errorf("it is not in --git-cache any more")
	}
	return g.o.Verify(ctx, GitObjects{CommitID: commit, Commit: raw, Again: true})
}

// Refused reports whether an error says that a commit is there and may not be
// used: nobody need look at what keeps the repository from being read.
func Refused(err error) bool { return errors.As(err, new(*refusal)) }

// parents are the parents of a raw commit: its lines before the first empty one.
func parents(commit []byte) []string {
	var out []string
	for line := range strings.Lines(string(commit)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" {
			break
		}
		if id, ok := strings.CutPrefix(line, "parent "); ok {
			out = append(out, id)
		}
	}
	return out
}

// descends says why a commit does not descend from the one in force, "" when it
// does. Its history is fetched as bare commits into a repository of its own, a
// little first and then more: one in which commits came without their trees must
// not be what the contents are fetched against.
func (g *Git) descends(ctx context.Context, before string, o GitObjects) (why string, err error) {
	if slices.Contains(parents(o.Commit), before) {
		return "", nil
	}
	repo, err := g.repository("history.git", len(o.CommitID))
	if err != nil {
		return "", err
	}
	if g.ancestor(ctx, repo, o.CommitID, before) {
		return "which is older: it goes back", nil
	}
	for _, depth := range g.git.depths {
		if err := g.fetchHistory(ctx, repo, o, depth); err != nil {
			return "", err
		}
		if g.ancestor(ctx, repo, before, o.CommitID) {
			return "", nil
		}
		if g.complete(ctx, repo, o.CommitID, depth) {
			return g.rewritten(ctx, repo, before, o.CommitID), nil
		}
	}
	return fmt.Sprintf("and %.7s is not among the commits before it that the server gives", before), nil
}

// ancestor reports whether a is known to be an ancestor of b.
func (g *Git) ancestor(ctx context.Context, repo, a, b string) bool {
	_, err := g.run(ctx, command{dir: repo, args: []string{"merge-base", "--is-ancestor", a, b}})
	return err == nil
}

// fetchHistory fetches commits without trees and files: by id, because the branch
// may have moved since, and by name where a server does not give ids.
func (g *Git) fetchHistory(ctx context.Context, repo string, o GitObjects, depth int) error {
	fetch := func(from string) error {
		_, err := g.run(ctx, command{dir: repo, network: true, promise: true, args: []string{"fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--force",
			"--depth=" + strconv.Itoa(depth), "--filter=tree:0", "--", "origin", "+" + from + ":" + incoming}})
		return err
	}
	err := fetch(o.CommitID)
	if said := (*gitError)(nil); errors.As(err, &said) && o.Ref != "" && strings.Contains(said.words, "unadvertised object") {
		err = fetch(o.Ref)
	}
	return err
}

// complete reports whether the history is here down to its roots, or at least
// does not grow any more with the depth asked for: a server that is shallow itself
// has no more. Of such a one nothing can be said, and rewritten says that.
func (g *Git) complete(ctx context.Context, repo, commit string, depth int) bool {
	if info, err := os.Stat(filepath.Join(repo, "shallow")); err != nil || info.Size() == 0 {
		return true
	}
	out, err := g.run(ctx, command{dir: repo, args: []string{"rev-list", "--count", "--first-parent", commit}})
	n, _ := strconv.Atoi(strings.TrimSpace(string(out)))
	return err == nil && n < depth
}

// rewritten says how a commit whose whole history is known misses the one in force.
func (g *Git) rewritten(ctx context.Context, repo, before, commit string) string {
	if info, err := os.Stat(filepath.Join(repo, "shallow")); err == nil && info.Size() > 0 {
		return fmt.Sprintf("and the server's own history is cut off before %.7s, so that nothing proves what it descends from", before)
	}
	// What the commit in force descends from is known where the server still has it.
	const near = 1024
	if g.fetchHistory(ctx, repo, GitObjects{CommitID: before}, near) == nil && g.ancestor(ctx, repo, commit, before) {
		return "which is older: it goes back"
	}
	out, err := g.run(ctx, command{dir: repo, args: []string{"merge-base", before, commit}})
	if base := strings.TrimSpace(string(out)); err == nil && commitForm.MatchString(base) {
		return fmt.Sprintf("which does not descend from it: the history after %.7s was rewritten", base)
	}
	return "which does not descend from it: the history was rewritten, or is another one"
}
