package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.uber.org/zap"
)

// GitRevision reads what paths of a work tree held in another commit. It asks no
// server: what the repository does not have is an error.
type GitRevision struct {
	g   *Git
	top string // of the repository: its .git
	ref string
}

// NewGitRevision finds the repository in which the paths stand. ref is anything
// that git rev-parse takes for a commit.
func NewGitRevision(ctx context.Context, ref string, paths []string, log *zap.Logger) (*GitRevision, error) {
	if ref == "" || strings.HasPrefix(ref, "-") || strings.ContainsFunc(ref, func(r rune) bool { return r <= ' ' || r == 0x7f || r == ':' }) {
		return nil, fmt.Errorf("%q is no name of a commit: want a branch, a tag, an id, or something like HEAD~1", ref)
	}
	g := &Git{o: GitOptions{MayLack: true}, binary: "git", log: cmp.Or(log, zap.NewNop()), limits: usualLimits(),
		git: gitLimits{entries: MaxTreeEntries, timeout: GitTimeout}, home: os.TempDir()}
	if err := g.checkVersion(ctx); err != nil {
		return nil, err
	}
	r := &GitRevision{g: g, ref: ref}
	for _, p := range paths {
		top, inside, err := r.find(ctx, p)
		if err != nil {
			return nil, err
		}
		if r.top != "" && top != r.top {
			return nil, fmt.Errorf("%s and %s stand in two repositories: compare one after the other", paths[0], p)
		}
		r.top = top
		g.paths = append(g.paths, inside)
	}
	var err error
	g.url.text = "the repository of " + paths[0]
	g.paths, err = gitPaths(g.paths)
	return r, err
}

// find gives the repository of a path, and the path in it.
func (r *GitRevision) find(ctx context.Context, path string) (top, inside string, err error) {
	real, err := filepath.EvalSymlinks(path)
	if err == nil {
		real, err = filepath.Abs(real)
	}
	if err != nil {
		return "", "", fmt.Errorf("%s cannot be read: %w", path, reason(err))
	}
	dir, file := real, ""
	if info, err := os.Stat(real); err == nil && !info.IsDir() {
		dir, file = filepath.Split(real)
	}
	out, err := r.g.run(ctx, command{args: []string{"-C", dir, "rev-parse", "--absolute-git-dir", "--show-prefix"}})
	lines := strings.Split(string(out), "\n")
	if err != nil || len(lines) < 2 {
		return "", "", fmt.Errorf("%s is in no work tree of git, and has no other revision", path)
	}
	return lines[0], lines[1] + file, nil
}

// Snapshot reads the commit that the name means now.
func (r *GitRevision) Snapshot(ctx context.Context) (Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, r.g.git.timeout)
	defer cancel()
	out, err := r.g.run(ctx, command{dir: r.top, args: []string{"rev-parse", "--verify", "--quiet", "--end-of-options", r.ref + "^{commit}"}})
	id := strings.TrimSpace(string(out))
	if err != nil || !commitForm.MatchString(id) {
		return Snapshot{}, fmt.Errorf("there is no commit %q here: fetch it first (git fetch origin %s; in CI, a checkout of more than one commit)", r.ref, strings.TrimPrefix(r.ref, "origin/"))
	}
	s, err := r.g.files(ctx, r.top, id)
	if refused := (*gitError)(nil); errors.As(err, &refused) {
		return Snapshot{}, fmt.Errorf("commit %.7s is not here as a whole: fetch it without a filter: %w", id, err)
	}
	s.Revision, s.Ref = id, r.ref
	return s, err
}

// Watch hints once: a revision does not change.
func (r *GitRevision) Watch(ctx context.Context, hint chan<- struct{}) error {
	send(hint)
	<-ctx.Done()
	return nil
}
