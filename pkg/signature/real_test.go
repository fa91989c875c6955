package signature

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// repo is a real git repository with a signing key of one of the real programs.
type repo struct {
	t   *testing.T
	dir string
	env []string
}

func realRepo(t *testing.T, program string, args ...string) *repo {
	t.Helper()
	for _, p := range []string{"git", program} {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("%s is not installed: what it signs is not verified here", p)
		}
	}
	home, err := os.MkdirTemp("", "sig") // short: gpg's agent listens on a socket in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	r := &repo{t: t, dir: filepath.Join(home, "r"), env: []string{
		"HOME=" + home, "GNUPGHOME=" + home, "PATH=" + os.Getenv("PATH"), "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=Anna", "GIT_AUTHOR_EMAIL=anna@example.com", "GIT_COMMITTER_NAME=Anna", "GIT_COMMITTER_EMAIL=anna@example.com",
	}}
	if err := os.MkdirAll(r.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	r.run("git", append([]string{"init", "-q", "-b", "main"}, args...)...)
	return r
}

func (r *repo) run(program string, args ...string) []byte {
	r.t.Helper()
	c := exec.Command(program, args...)
	c.Dir, c.Env = r.dir, r.env
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		r.t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, stderr.String())
	}
	return out
}

func (r *repo) gpgKey() string {
	r.run("gpg", "--batch", "--quiet", "--passphrase", "", "--quick-generate-key", "Anna <anna@example.com>", "ed25519", "sign", "1y")
	r.t.Cleanup(func() {
		c := exec.Command("gpgconf", "--kill", "gpg-agent")
		c.Env = r.env
		_ = c.Run()
	})
	r.run("git", "config", "user.signingkey", "anna@example.com")
	return string(r.run("gpg", "--armor", "--export"))
}

func (r *repo) sshKey(kind string, bits ...string) string {
	r.run("ssh-keygen", append([]string{"-q", "-t", kind, "-N", "", "-C", "anna@example.com", "-f", "../key"}, bits...)...)
	r.run("git", "config", "gpg.format", "ssh")
	r.run("git", "config", "user.signingkey", filepath.Join(r.dir, "..", "key.pub"))
	data, err := os.ReadFile(filepath.Join(r.dir, "..", "key.pub"))
	if err != nil {
		r.t.Fatal(err)
	}
	return string(data)
}

func (r *repo) revision(tag string) Revision {
	id := func(ref string) string { return strings.TrimSpace(string(r.run("git", "rev-parse", ref))) }
	v := Revision{CommitID: id("HEAD"), TagName: tag, TagID: id("refs/tags/" + tag)}
	v.Commit = r.run("git", "cat-file", "commit", v.CommitID)
	v.Tag = r.run("git", "cat-file", "tag", v.TagID)
	return v
}

func (r *repo) verified(keys, who string) {
	t := r.t
	t.Helper()
	r.run("git", "commit", "-q", "--allow-empty", "-S", "-m", "A change.\n\nWith -----BEGIN PGP SIGNATURE----- in its text.")
	r.run("git", "tag", "-s", "-m", "A release.", "v1.0")
	k, err := Load(nil, file(t, keys))
	if err != nil {
		t.Fatal(err)
	}
	signers, err := k.Verify(ModeTagAndHead, r.revision("v1.0"))
	if err != nil || len(signers) != 2 || !strings.HasPrefix(signers[0].String(), who) || signers[0] != signers[1] {
		t.Fatalf("%v, %v", signers, err)
	}
	r.run("git", "checkout", "-q", "-b", "side")
	r.run("git", "commit", "-q", "--allow-empty", "-S", "-m", "Aside.")
	r.run("git", "tag", "-s", "-m", "Of the side.", "side-1")
	r.run("git", "checkout", "-q", "main")
	r.run("git", "merge", "-q", "--no-ff", "-S", "-m", "A merge of a signed tag.", "side-1") // has a mergetag header
	r.run("git", "tag", "-s", "-m", "Of a merge.", "v1.1")
	if signers, err = k.Verify(ModeTagAndHead, r.revision("v1.1")); err != nil {
		t.Fatalf("the merge of a signed tag: %v, %v", signers, err)
	}
	r.run("git", "commit", "-q", "--allow-empty", "--no-gpg-sign", "-m", "Unsigned.")
	r.run("git", "tag", "-s", "-m", "Of an unsigned one.", "v1.2")
	wants(t, NotSigned, k, ModeTagAndHead, r.revision("v1.2"))
}

// TestRealObjects verifies what git, gpg and ssh-keygen make.
func TestRealObjects(t *testing.T) {
	t.Run("gpg", func(t *testing.T) {
		r := realRepo(t, "gpg")
		r.verified(r.gpgKey(), "Anna <anna@example.com> (GPG ")
	})
	t.Run("ssh", func(t *testing.T) {
		r := realRepo(t, "ssh-keygen")
		r.verified(r.sshKey("ed25519"), "anna@example.com (SSH SHA256:")
	})
	t.Run("ssh RSA and an allowed_signers file", func(t *testing.T) {
		r := realRepo(t, "ssh-keygen")
		r.verified("anna@here.example namespaces=\"git\" "+r.sshKey("rsa", "-b", "2048"), "anna@here.example (SSH SHA256:")
	})
	t.Run("ssh in an SHA-256 repository", func(t *testing.T) {
		r := realRepo(t, "ssh-keygen", "--object-format=sha256")
		r.verified(r.sshKey("ecdsa"), "anna@example.com (SSH SHA256:")
	})
}
