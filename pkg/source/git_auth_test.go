package source

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

const token = "canary-token-7d1e"

// guard lets in who has the token, and says how to ask.
func guard(w http.ResponseWriter, r *http.Request, _ []byte) bool {
	if user, password, _ := r.BasicAuth(); user == "anna" && password == token {
		return false
	}
	w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
	w.WriteHeader(http.StatusUnauthorized)
	return true
}

func login(user, password string) func(context.Context) (string, string, error) {
	return func(context.Context) (string, string, error) { return user, password, nil }
}

func TestGitSendsBasicAuthUpFront(t *testing.T) {
	root := t.TempDir()
	newRepo(t, root, "a.git").commit("main", map[string]string{"a.yaml": "a"})
	s := serve(t, root)
	s.answer(guard)
	g := open(t, GitOptions{URL: s.URL + "/a.git", Login: login("anna", token)})
	if got := read(t, g); contents(got) != "a.yaml=a" {
		t.Errorf("files %q", contents(got))
	}
	for _, r := range s.seen() {
		if r.auth != "Basic "+base64.StdEncoding.EncodeToString([]byte("anna:"+token)) {
			t.Errorf("%s %s came with %q: no round trip is to be lost for a 401", r.method, r.path, r.auth)
		}
	}
}

// The token is asked for at each look: one that is renewed in its file is used.
func TestGitTakesARenewedToken(t *testing.T) {
	root := t.TempDir()
	r := newRepo(t, root, "a.git")
	r.commit("main", map[string]string{"a.yaml": "a"})
	s := serve(t, root)
	s.answer(guard)
	password := "old"
	g := open(t, GitOptions{URL: s.URL + "/a.git", Login: func(context.Context) (string, string, error) { return "anna", password, nil }})
	refuses(t, g, "ECS_OPERATOR_GIT_TOKEN")
	password = token
	read(t, g)
}

// A server that goes on asking is asked once, and not in a loop.
func TestGitEndsA401Loop(t *testing.T) {
	s := serve(t, t.TempDir())
	s.answer(func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
		w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
		w.WriteHeader(http.StatusUnauthorized)
		return true
	})
	refuses(t, open(t, GitOptions{URL: s.URL + "/a.git", Login: login("anna", token)}), "refuses", "ECS_OPERATOR_GIT_TOKEN")
	if n := len(s.seen()); n > 3 {
		t.Errorf("%d requests for one look", n)
	}
}

// CVE-2026-41506: credentials are for one host, and a redirect is not followed.
func TestGitFollowsNoRedirect(t *testing.T) {
	root := t.TempDir()
	newRepo(t, root, "a.git").commit("main", map[string]string{"a.yaml": "a"})
	evil := serve(t, root)
	for _, code := range []int{301, 302, 307, 308} {
		s := serve(t, root)
		s.answer(func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
			http.Redirect(w, r, evil.URL+r.URL.RequestURI(), code)
			return true
		})
		refuses(t, open(t, GitOptions{URL: s.URL + "/a.git", Login: login("anna", token)}), "redirects to another URL")
	}
	if n := len(evil.seen()); n != 0 {
		t.Errorf("%d requests came to the other host", n)
	}
	// The header itself is bound to host and port: a second server with a path of
	// its own never sees it, whatever git decides to ask there.
	g := open(t, GitOptions{URL: evil.URL + "/a.git", Login: login("anna", token)})
	if err := g.login(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, kv := range g.config(command{network: true}) {
		if strings.Contains(kv[1], "Authorization") && kv[0] != "http."+evil.URL+"/.extraHeader" {
			t.Errorf("the header is set for %s", kv[0])
		}
	}
}

// No secret in argv, log, error or file: git is called through a script that writes
// down how, the server looks at the command lines of all processes while git waits
// for it, and it sends back what it was told.
func TestGitTellsNoSecret(t *testing.T) {
	root := t.TempDir()
	r := newRepo(t, root, "a.git")
	r.commit("main", map[string]string{"a.yaml": "a"})
	s := serve(t, root)
	spied := filepath.Join(t.TempDir(), "calls")
	spy := filepath.Join(t.TempDir(), "git")
	script := "#!/bin/sh\nprintf '%s\\n' \"$*\" >>'" + spied + "'\nexec git \"$@\"\n"
	if err := os.WriteFile(spy, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	var seen sync.Mutex
	var lines string
	core, logs := observer.New(zap.DebugLevel)
	cache := t.TempDir()
	aws := func(context.Context) (AWSKeys, error) {
		return AWSKeys{"AKIACANARY", "canary-secret-key", "canary-session"}, nil
	}
	basic := base64.StdEncoding.EncodeToString([]byte("anna:" + token))
	for _, o := range []GitOptions{
		{URL: s.URL + "/a.git", Login: login("anna", token)},
		{URL: s.URL + "/v1/repos/a.git", CodeCommitRegion: "eu-west-1", AWS: aws},
	} {
		o.Binary, o.Log, o.Cache = spy, zap.New(core), cache
		for _, answer := range []func(w http.ResponseWriter, r *http.Request, _ []byte) bool{
			nil,
			func(w http.ResponseWriter, r *http.Request, _ []byte) bool { // it repeats what it was told
				w.Header().Set("Content-Type", "application/x-git-upload-pack-advertisement")
				_, password, _ := r.BasicAuth()
				text := "ERR you sent " + r.Header.Get("Authorization") + " and " + password
				_, _ = w.Write([]byte("001e# service=git-upload-pack\n0000"))
				_, _ = w.Write([]byte(pktLine(text)))
				return true
			},
			func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
				w.Header().Set("Content-Type", "text/plain")
				w.WriteHeader(http.StatusForbidden)
				_, _ = w.Write([]byte("you sent " + r.Header.Get("Authorization")))
				return true
			},
		} {
			s.answer(func(w http.ResponseWriter, r *http.Request, body []byte) bool {
				seen.Lock()
				lines += commandLines()
				seen.Unlock()
				return answer != nil && answer(w, r, body)
			})
			g := open(t, o)
			_, err := g.Snapshot(context.Background())
			if err != nil {
				noCanary(t, "an error", err.Error(), basic)
			} else if answer != nil {
				t.Error("no error")
			}
			if answer != nil && err != nil && strings.Contains(err.Error(), "you sent") && !strings.Contains(err.Error(), "***") {
				t.Errorf("error %q", err)
			}
		}
	}
	calls, err := os.ReadFile(spied)
	if err != nil || !strings.Contains(string(calls), "ls-remote") {
		t.Fatalf("the script saw %q, %v", calls, err)
	}
	if strings.Count(lines, "remote-http") < 2 {
		t.Errorf("the command lines of git's own children were not seen")
	}
	noCanary(t, "a command line", string(calls)+lines, basic)
	for _, e := range logs.All() {
		noCanary(t, "a log line", e.Message+zapText(e), basic)
	}
	_ = filepath.WalkDir(cache, func(p string, d os.DirEntry, _ error) error {
		if data, err := os.ReadFile(p); err == nil {
			noCanary(t, p, string(data), basic)
		}
		return nil
	})
}

// commandLines are those of all processes that are there, where the kernel tells.
func commandLines() string {
	var b strings.Builder
	found, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, p := range found {
		line, _ := os.ReadFile(p)
		b.Write(bytes.ReplaceAll(line, []byte{0}, []byte{' '}))
		b.WriteByte('\n')
	}
	return b.String()
}

func zapText(e observer.LoggedEntry) string {
	var b strings.Builder
	for _, v := range e.ContextMap() {
		if s, ok := v.(string); ok {
			b.WriteString(" " + s)
		}
	}
	return b.String()
}

func pktLine(s string) string {
	const hexDigits = "0123456789abcdef"
	n := len(s) + 4
	return string([]byte{hexDigits[n>>12&15], hexDigits[n>>8&15], hexDigits[n>>4&15], hexDigits[n&15]}) + s
}

func noCanary(t *testing.T, where, text, basic string) {
	t.Helper()
	for _, secret := range []string{token, basic, "canary-secret-key", "canary-session"} {
		if strings.Contains(text, secret) {
			t.Errorf("%s tells a secret: %q", where, text)
			return
		}
	}
}

// TestCodeCommitLogin holds the signature to the values that git-remote-codecommit
// holds itself to (test/git_url_test.py of github.com/aws/git-remote-codecommit).
func TestCodeCommitLogin(t *testing.T) {
	at := time.Date(2017, 12, 24, 11, 53, 20, 0, time.UTC)
	for _, tc := range []struct{ url, region, session, user, password string }{
		{"codecommit::us-west-2://test_repo", "", "", "access", "20171224T115320Zb6df2d758a8023b2f000a546417007b65494f3ce8ad0300fd45fcfa173f1959a"},
		{"https://git-codecommit.us-west-2.amazonaws.com/v1/repos/test_repo", "", "token", "access%token", "20171224T115320Zb6df2d758a8023b2f000a546417007b65494f3ce8ad0300fd45fcfa173f1959a"},
		{"https://land.called.honahlee/v1/repos/test_repo", "us-west-2", "", "access", "20171224T115320Za14a37a53035bbceb6e1748247b143124fe7326cdffd3d418236a592ce6158a0"},
	} {
		u, err := ParseGitURL(tc.url, tc.region)
		if err != nil {
			t.Fatal(err)
		}
		user, password := codeCommitLogin(AWSKeys{"access", "secret", tc.session}, u, at)
		if user != tc.user || password != tc.password {
			t.Errorf("%s: %s %s, want %s %s", tc.url, user, password, tc.user, tc.password)
		}
	}
}

// codeCommit is an endpoint that behaves as CodeCommit's: without a signature that
// is right and fresh there is a bare 403, and no challenge.
func codeCommit(t *testing.T, secrets map[string]string, now func() time.Time) func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
	mac := func(key []byte, s string) []byte {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(s))
		return h.Sum(nil)
	}
	return func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
		deny := func() bool { w.WriteHeader(http.StatusForbidden); return true }
		user, password, ok := r.BasicAuth()
		id, _, _ := strings.Cut(user, "%")
		secret, known := secrets[id]
		if !ok || !known || len(password) != 16+64 || password[15] != 'Z' {
			return deny()
		}
		at, err := time.Parse("20060102T150405", password[:15])
		if err != nil || now().Sub(at).Abs() > 15*time.Minute {
			return deny()
		}
		repository := r.URL.Path
		for _, tail := range []string{"/info/refs", "/git-upload-pack"} {
			repository = strings.TrimSuffix(repository, tail)
		}
		sum := sha256.Sum256([]byte("GIT\n" + repository + "\n\nhost:" + r.Host + "\n\nhost\n"))
		day := password[:8]
		key := mac(mac(mac(mac([]byte("AWS4"+secret), day), "eu-west-1"), "codecommit"), "aws4_request")
		want := hex.EncodeToString(mac(key, "AWS4-HMAC-SHA256\n"+password[:15]+"\n"+day+"/eu-west-1/codecommit/aws4_request\n"+hex.EncodeToString(sum[:])))
		if !hmac.Equal([]byte(want), []byte(password[16:])) {
			return deny()
		}
		return false
	}
}

func TestGitReadsCodeCommit(t *testing.T) {
	root := t.TempDir()
	r := newRepo(t, filepath.Join(root, "v1", "repos"), "services")
	r.commit("main", map[string]string{"a.yaml": "a"})
	s := serve(t, root)
	now := time.Now()
	s.answer(codeCommit(t, map[string]string{"AKIA1": "one", "ASIA2": "two"}, func() time.Time { return now }))
	keys, asked := AWSKeys{"AKIA1", "one", ""}, 0
	o := GitOptions{URL: s.URL + "/v1/repos/services", CodeCommitRegion: "eu-west-1", AWS: func(context.Context) (AWSKeys, error) { asked++; return keys, nil }}
	g := open(t, o)
	g.now = func() time.Time { return now }
	if got := read(t, g); contents(got) != "a.yaml=a" {
		t.Errorf("files %q", contents(got))
	}
	// Hours later the role has other keys, and the password is made anew.
	now = now.Add(5 * time.Hour)
	keys = AWSKeys{"ASIA2", "two", "session/with+signs=="}
	r.commit("main", map[string]string{"a.yaml": "b"})
	if got := read(t, g); contents(got) != "a.yaml=b" || asked != 2 {
		t.Errorf("files %q after %d questions for keys", contents(got), asked)
	}
	keys.SecretAccessKey = "wrong"
	refuses(t, g, "refuses access (403)", "codecommit:GitPull")
	o.AWS = func(context.Context) (AWSKeys, error) { return AWSKeys{}, errors.New("the role is gone") }
	refuses(t, open(t, o), "no credentials for CodeCommit: the role is gone")
	o.AWS = nil
	if _, err := NewGit(o); err == nil || !strings.Contains(err.Error(), "needs credentials of AWS") {
		t.Errorf("error %v", err)
	}
}

// TLS: an authority of one's own is believed where it is named, and nowhere else.
func TestGitOverTLS(t *testing.T) {
	root := t.TempDir()
	newRepo(t, root, "a.git").commit("main", map[string]string{"a.yaml": "a"})
	plain := serve(t, root)
	s := httptest.NewTLSServer(plain.Config.Handler)
	defer s.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	writePEM(t, ca, s.Certificate().Raw)
	refuses(t, open(t, GitOptions{URL: s.URL + "/a.git"}), "cannot prove who it is", "--git-ca-file")
	if got := read(t, open(t, GitOptions{URL: s.URL + "/a.git", CAFile: ca})); contents(got) != "a.yaml=a" {
		t.Errorf("files %q", contents(got))
	}

	// Paths as people give them: from where they are, which git is not.
	dir := filepath.Dir(ca)
	t.Chdir(dir)
	if err := os.Mkdir("tmp", 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", "tmp")
	if got := read(t, open(t, GitOptions{URL: s.URL + "/a.git", CAFile: "ca.pem"})); contents(got) != "a.yaml=a" {
		t.Errorf("files %q", contents(got))
	}
	if _, err := NewGit(GitOptions{URL: s.URL + "/a.git", CAFile: "none.pem"}); err == nil || err.Error() != "--git-ca-file none.pem: there is no such file" {
		t.Error(err)
	}
}
