package source

import (
	"bytes"
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// needGit skips where there is no git to serve repositories with.
func needGit(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git on this machine")
	}
}

// run runs git for a test, on a repository or in none, with nobody's configuration.
func run(t testing.TB, dir, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Stdin = strings.NewReader(stdin)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=c", "GIT_COMMITTER_EMAIL=c@example.com"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// repo is a bare repository that a server serves.
type repo struct {
	t   testing.TB
	dir string
	n   int
}

// newRepo makes an empty one as root/NAME.
func newRepo(t testing.TB, root, name string, init ...string) *repo {
	t.Helper()
	needGit(t)
	dir := filepath.Join(root, name)
	run(t, "", "", append(append([]string{"init", "--quiet", "--bare", "--initial-branch=main"}, init...), dir)...)
	run(t, dir, "", "config", "uploadpack.allowFilter", "true")
	return &repo{t: t, dir: dir}
}

// fast feeds fast-import.
func (r *repo) fast(script string) {
	r.t.Helper()
	run(r.t, r.dir, script, "fast-import", "--quiet", "--force")
}

// commit puts files on a branch and gives the commit's id. A nil file is removed; a
// name that begins with "!MODE " has that mode.
func (r *repo) commit(branch string, files map[string]string) string {
	r.t.Helper()
	return r.commitFrom(branch, "refs/heads/"+branch+"^0", files)
}

// root is a commit without parents.
func (r *repo) root(branch string, files map[string]string) string {
	r.t.Helper()
	return r.commitFrom(branch, "", files)
}

func (r *repo) commitFrom(branch, from string, files map[string]string) string {
	r.t.Helper()
	r.n++
	var b strings.Builder
	if from == "" {
		fmt.Fprintf(&b, "reset refs/heads/%s\n\n", branch)
	}
	fmt.Fprintf(&b, "commit refs/heads/%s\ncommitter c <c@example.com> %d +0000\ndata 1\nx\n", branch, 1_700_000_000+r.n)
	if from != "" && r.id(from) != "" {
		fmt.Fprintf(&b, "from %s\n", from)
	}
	for name, text := range files {
		mode := "100644"
		if rest, ok := strings.CutPrefix(name, "!"); ok {
			mode, name, _ = strings.Cut(rest, " ")
		}
		switch {
		case text == "":
			fmt.Fprintf(&b, "D %s\n", name)
		case mode == "160000":
			fmt.Fprintf(&b, "M 160000 %s %s\n", text, name)
		default:
			fmt.Fprintf(&b, "M %s inline %s\ndata %d\n%s\n", mode, name, len(text), text)
		}
	}
	r.fast(b.String())
	return r.id("refs/heads/" + branch)
}

// id is where a ref is, "" when it is not there.
func (r *repo) id(ref string) string {
	cmd := exec.Command("git", "rev-parse", "--verify", "--quiet", ref)
	cmd.Dir = r.dir
	out, _ := cmd.Output()
	return strings.TrimSpace(string(out))
}

// git runs git in the repository.
func (r *repo) git(args ...string) string {
	r.t.Helper()
	return run(r.t, r.dir, "", args...)
}

// server is git http-backend on a loopback port, with eyes.
type server struct {
	*httptest.Server
	root string

	mu       sync.Mutex
	requests []seen
	// before may answer a request itself; then it returns true.
	before func(w http.ResponseWriter, r *http.Request, body []byte) bool
	old    bool // protocol version 0, whatever is asked for
}

// seen is one request that came.
type seen struct {
	method, path, auth string
	body               string
}

// serve starts a server of the repositories below a directory.
func serve(t testing.TB, root string) *server {
	t.Helper()
	needGit(t)
	path, err := exec.Command("git", "--exec-path").Output()
	backend := filepath.Join(strings.TrimSpace(string(path)), "git-http-backend")
	if err == nil {
		_, err = os.Stat(backend)
	}
	if err != nil {
		t.Skip("there is no git http-backend on this machine")
	}
	s := &server{root: root}
	h := &cgi.Handler{Path: backend, Env: []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "HOME=" + root},
		Stderr: io.Discard}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.requests = append(s.requests, seen{r.Method, r.URL.Path, r.Header.Get("Authorization"), unzip(r, body)})
		before := s.before
		s.mu.Unlock()
		if before != nil && before(w, r, body) {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		r.ContentLength = int64(len(body)) // http-backend wants to know
		r.TransferEncoding = nil
		if p := r.Header.Get("Git-Protocol"); p != "" && !s.old {
			own := *h
			own.Env = append(append([]string{}, h.Env...), "GIT_PROTOCOL="+p)
			own.ServeHTTP(w, r)
			return
		}
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// answer sets what comes before the backend.
func (s *server) answer(f func(w http.ResponseWriter, r *http.Request, body []byte) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = f
}

// fetches are the requests of git fetch since the last call, by what they want;
// all are all requests.
func (s *server) fetches() (fetches []seen, all int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.requests {
		if strings.Contains(r.body, "command=fetch") {
			fetches = append(fetches, r)
		}
	}
	all = len(s.requests)
	s.requests = nil
	return fetches, all
}

func (s *server) seen() []seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]seen(nil), s.requests...)
}

// open makes a source, and fails the test if it cannot.
func open(t testing.TB, o GitOptions) *Git {
	t.Helper()
	g, err := NewGit(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	return g
}

func read(t testing.TB, g *Git) Snapshot {
	t.Helper()
	s, err := g.Snapshot(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// refuses wants an error with these words.
func refuses(t testing.TB, g *Git, words ...string) {
	t.Helper()
	s, err := g.Snapshot(context.Background())
	if err == nil {
		t.Fatalf("no error, but %d files, problems %v", len(s.Files), s.Problems)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q lacks %q", err, w)
		}
	}
}

// contents are the files of a snapshot, as PATH=TEXT.
func contents(s Snapshot) string {
	var out []string
	for _, f := range s.Files {
		out = append(out, f.Path+"="+string(f.Data()))
	}
	return strings.Join(out, " ")
}

func writePEM(t *testing.T, path string, certificate []byte) {
	t.Helper()
	data := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// failing answers 503, in HTML, to the requests that hold a text; "" for all.
func failing(text string) func(w http.ResponseWriter, r *http.Request, body []byte) bool {
	return func(w http.ResponseWriter, r *http.Request, body []byte) bool {
		if !strings.Contains(unzip(r, body), text) {
			return false
		}
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte("<html><body>be right back</body></html>"))
		return true
	}
}

// rawObject is an object as git prints it.
func rawObject(r *repo, kind, id string) string {
	cmd := exec.Command("git", "cat-file", kind, id)
	cmd.Dir = r.dir
	out, err := cmd.Output()
	if err != nil {
		r.t.Fatal(err)
	}
	return string(out)
}

// slow skips what starts many processes where time is short.
func slow(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("many runs of git")
	}
}
