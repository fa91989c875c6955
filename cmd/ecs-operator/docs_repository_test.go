package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// repositoryFor serves a repository to a page whose snippets speak of $REPOSITORY:
// it holds the hello service of the quickstart below services, and may be pushed to.
func repositoryFor(t *testing.T, found []snippet, dir string) (env []string) {
	t.Helper()
	if !slices.ContainsFunc(found, func(s snippet) bool { return strings.Contains(strings.Join(s.lines, "\n"), "$REPOSITORY") }) {
		return nil
	}
	needGit(t)
	if _, err := exec.LookPath("ssh-keygen"); err != nil {
		t.Skip("there is no ssh-keygen on this machine: the snippets need one")
	}
	env = []string{"GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com"}
	srv := t.TempDir()
	bare, tree := filepath.Join(srv, "deploy.git"), filepath.Join(srv, "tree")
	if err := os.MkdirAll(filepath.Join(tree, "services"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(filepath.Join(dir, "examples", "quickstart", "hello.yaml"), filepath.Join(tree, "services", "hello.yaml")); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"init", "--quiet", "--bare", "--initial-branch=main", bare},
		{"-C", bare, "config", "uploadpack.allowFilter", "true"},
		{"-C", bare, "config", "http.receivepack", "true"},
		{"--git-dir=" + bare, "--work-tree=" + tree, "add", "."},
		{"--git-dir=" + bare, "--work-tree=" + tree, "commit", "--quiet", "-m", "Begin."},
	} {
		cmd := exec.Command("git", args...)
		cmd.Env, cmd.Dir = append(cleanEnv(dir), env...), tree
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	s := gitServer(srv, "")
	t.Cleanup(s.Close)
	return append(env, "REPOSITORY="+s.URL+"/deploy.git")
}
