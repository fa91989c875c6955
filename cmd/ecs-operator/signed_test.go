package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// signedRepo is a served repository with a clone whose commits can be signed by
// the key in dir/anna.
func signedRepo(t *testing.T, dir string) (url string, git func(args ...string)) {
	t.Helper()
	needGit(t)
	if _, err := exec.LookPath("ssh-keygen"); err != nil {
		t.Skip("there is no ssh-keygen on this machine: nothing can be signed")
	}
	run := func(name string, args ...string) {
		t.Helper()
		cmd := exec.Command(name, args...)
		cmd.Dir = dir
		cmd.Env = append(cleanEnv(dir), "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
		}
	}
	run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "anna@example.com", "-f", "anna")
	run("git", "init", "--quiet", "--bare", "--initial-branch=main", "srv/deploy.git")
	run("git", "-C", "srv/deploy.git", "config", "uploadpack.allowFilter", "true")
	run("git", "init", "--quiet", "--initial-branch=main", "work")
	git = func(args ...string) { t.Helper(); run("git", append([]string{"-C", "work"}, args...)...) }
	git("config", "gpg.format", "ssh")
	git("config", "user.signingkey", filepath.Join(dir, "anna.pub"))
	git("remote", "add", "origin", filepath.Join(dir, "srv", "deploy.git"))
	s := gitServer(filepath.Join(dir, "srv"), "")
	t.Cleanup(s.Close)
	return s.URL + "/deploy.git", git
}

// TestRunUnverified: a daemon that starts on a commit that nobody signed writes
// nothing and says so; what is signed comes into force at the next look, and
// stays there when an unsigned commit takes everything away.
func TestRunUnverified(t *testing.T) {
	t.Parallel()
	dir := workDir(t)
	url, git := signedRepo(t, dir)
	if err := os.Rename(filepath.Join(dir, "quickstart", "hello.yaml"), filepath.Join(dir, "work", "hello.yaml")); err != nil {
		t.Fatal(err)
	}
	git("add", ".")
	git("commit", "--quiet", "--no-gpg-sign", "-m", "Unsigned.")
	git("push", "--quiet", "origin", "main")

	p := start(t, dir, cleanEnv(dir), append([]string{"run", "--sandbox", "--log-format", "console", "--git", url, "--git-poll", "1s", "--scope", "team", "--prune",
		"--verify-signatures", "head", "--signing-keys-file", "anna.pub"}, quickRun...)...)
	endpoint, _ := p.await(0, `^  export AWS_ENDPOINT_URL=(\S+)$`)
	status, _ := p.await(0, `status: (http://\S+)/metrics`)
	_, end := p.await(0, `nothing is in force yet: commit .* is not verified \(NotSigned\): it is not signed; sign it`)
	metric := func(line string) {
		t.Helper()
		if _, body := get(t, status[1]+"/metrics"); !strings.Contains(body, line) {
			t.Errorf("/metrics does not say %s", line)
		}
	}
	metric(`ecs_operator_source_signature{result="NotSigned"} 1`)
	if writes := servedWrites(t, endpoint[1]); len(writes) > 0 {
		t.Errorf("written on an unsigned commit: %v", writes)
	}

	git("commit", "--quiet", "--amend", "-S", "-m", "Signed.")
	git("push", "--quiet", "--force", "origin", "main")
	_, end = p.await(end, `1 service ready`)
	metric(`ecs_operator_source_signature{result="Verified"} 1`)

	git("rm", "--quiet", "hello.yaml")
	git("commit", "--quiet", "--no-gpg-sign", "-m", "Takes everything away.")
	git("push", "--quiet", "origin", "main")
	p.await(end, `is not verified \(NotSigned\).* stays in force`)
	metric(`ecs_operator_source_problems 1`)
	for _, w := range servedWrites(t, endpoint[1]) {
		if strings.Contains(w, "Delete") || strings.Contains(w, "Deregister") {
			t.Errorf("deleted for an unsigned commit: %s", w)
		}
	}
	p.signal(os.Interrupt)
	if code := p.exit(); code != 0 {
		t.Errorf("exit code %d after Ctrl-C, want 0", code)
	}
}
