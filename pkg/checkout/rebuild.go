package checkout

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// on makes the edit on the files of a commit, beside the work tree, and answers
// with the tree that comes of it; "" where nothing is to be changed.
func (p *Push) on(ctx context.Context, commit string) (tree, message string, err error) {
	dir, err := os.MkdirTemp("", "ecs-operator-push-*")
	if err != nil {
		return "", "", err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return "", "", err
	}
	root, with := filepath.Join(dir, "tree"), call{index: filepath.Join(dir, "index")}
	if _, err := p.c.git(ctx, with, "read-tree", commit); err != nil {
		return "", "", err
	}
	if err := p.export(ctx, with, root); err != nil {
		return "", "", err
	}
	files, message, err := p.Edit(ctx, root)
	if err != nil || len(files) == 0 {
		return "", "", err
	}
	if p.Message != "" {
		message = p.Message
	}
	for _, f := range files {
		if err := p.stage(ctx, with, f); err != nil {
			return "", "", err
		}
	}
	out, err := p.c.git(ctx, with, "write-tree")
	return strings.TrimSpace(out), message, err
}

// export writes the files that the edit looks at below root, as a checkout of
// that commit would have them: line ends and filters are the user's.
func (p *Push) export(ctx context.Context, with call, root string) error {
	args := []string{"ls-files", "-z", "--"}
	for _, path := range p.Paths {
		if err := os.MkdirAll(root, 0o700); err != nil {
			return err
		}
		args = append(args, literal(path))
	}
	names, err := p.c.git(ctx, with, args...)
	if err != nil {
		return err
	}
	if names == "" {
		return fmt.Errorf("there is no %s any more", strings.Join(p.Paths, ", "))
	}
	with.stdin = names
	_, err = p.c.git(ctx, with, "checkout-index", "--quiet", "--force", "--prefix="+filepath.ToSlash(root)+"/", "-z", "--stdin")
	return err
}

// stage puts a file into an index.
func (p *Push) stage(ctx context.Context, with call, f File) error {
	have, err := p.c.git(ctx, with, "ls-files", "--stage", "-z", "--", literal(f.Path))
	if err != nil {
		return err
	}
	mode, _, ok := strings.Cut(have, " ")
	if !ok {
		return fmt.Errorf("%s is not in git there", f.Path)
	}
	hash := with
	hash.stdin = string(f.Data)
	blob, err := p.c.git(ctx, hash, "hash-object", "-w", "--stdin", "--path="+f.Path)
	if err != nil {
		return err
	}
	_, err = p.c.git(ctx, with, "update-index", "--cacheinfo", mode+","+strings.TrimSpace(blob)+","+f.Path)
	return err
}

// commitTree makes the commit anew on the tip. Author and message are those of
// the one that was made first, where there is one.
func (p *Push) commitTree(ctx context.Context, tree, message, made string) (string, error) {
	args := []string{"commit-tree", tree, "-p", p.tip}
	with := call{}
	if made != p.start {
		first, err := p.c.git(ctx, call{}, "show", "--no-patch", "--format=%an%n%ae%n%ad%n%B", "--date=raw", made)
		if err != nil {
			return "", err
		}
		parts := strings.SplitN(first, "\n", 4)
		with.env = []string{"GIT_AUTHOR_NAME=" + parts[0], "GIT_AUTHOR_EMAIL=" + parts[1], "GIT_AUTHOR_DATE=" + parts[2]}
		message = p.reworded(parts[3], message)
	}
	if sign, _ := p.c.git(ctx, call{}, "config", "--type=bool", "commit.gpgSign"); strings.TrimSpace(sign) == "true" {
		args = append(args, "-S")
	}
	with.stdin = strings.TrimSpace(message) + "\n"
	out, err := p.c.git(ctx, with, append(args, "-F", "-")...)
	return strings.TrimSpace(out), err
}

// reworded is the first commit's message, which hooks may have added to, with
// what the edit says of itself on the tip.
func (p *Push) reworded(have, message string) string {
	if p.Message != "" {
		return have
	}
	if rest, ok := strings.CutPrefix(have, strings.TrimSpace(p.First)); ok && p.First != "" {
		return strings.TrimSpace(message) + rest
	}
	return have
}

// follow brings the checkout to what landed, where it stands on the branch or is
// detached. What is changed or staged there stays; where that is in the way,
// the checkout stays.
func (p *Push) follow(ctx context.Context, made, landed string) {
	switch {
	case made == landed:
		return
	case p.here != "" && p.here != p.Branch:
		p.Note("this checkout stays on %s, at %s", p.here, Short(made))
		return
	}
	_, _ = p.c.git(ctx, call{}, "update-index", "-q", "--refresh") // it fails where a file is changed, which read-tree looks at itself
	if _, err := p.c.git(ctx, call{}, "read-tree", "-m", "-u", made, landed); err != nil {
		p.Note("this checkout stays at %s: changes in it are in the way of %s", Short(made), p.where())
		return
	}
	if _, err := p.c.git(ctx, call{}, "update-ref", "-m", "ecs-operator: follow "+p.where(), "HEAD", landed, made); err != nil {
		p.Note("this checkout stays at %s: %v", Short(made), err)
	}
}
