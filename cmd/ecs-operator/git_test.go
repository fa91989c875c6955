package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// gitServer is git http-backend on a loopback port for the repositories below a
// directory; with a token only for who has it. nil where there is no backend.
func gitServer(root, token string) *httptest.Server {
	return faultyServer(root, token, func() string { return "" })
}

// faultyServer is the same; fault, where it gives one, is what happens instead.
func faultyServer(root, token string, fault func() string) *httptest.Server {
	path, err := exec.Command("git", "--exec-path").Output()
	backend := filepath.Join(strings.TrimSpace(string(path)), "git-http-backend")
	if err == nil {
		_, err = os.Stat(backend)
	}
	if err != nil {
		return nil
	}
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch fault() {
		case "503":
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, "<html>be right back</html>")
			return
		case "200":
			_, _ = io.WriteString(w, "<html>please sign in</html>")
			return
		case "closed":
			panic(http.ErrAbortHandler)
		case "truncated": // of what the backend says
			if r.Method == http.MethodPost {
				w = &cutShort{ResponseWriter: w, left: 40}
			}
		}
		if _, given, _ := r.BasicAuth(); given != token {
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil // the backend wants to know
		h := &cgi.Handler{Path: backend, Stderr: io.Discard, Env: []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1",
			"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "HOME=" + root, "GIT_PROTOCOL=" + r.Header.Get("Git-Protocol")}}
		h.ServeHTTP(w, r)
	}))
}

// cutShort lets a few bytes of an answer through.
type cutShort struct {
	http.ResponseWriter
	left int
}

// Write drops what is over.
func (c *cutShort) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p[:min(len(p), c.left)])
	c.left -= n
	return len(p), err
}

// gitFaults are what happens to the requests of each script's server.
var gitFaults sync.Map // by URL

// scriptFault breaks the script's server, or mends it:
//
//	git-fault 503|200|closed|truncated|none
func scriptFault(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: git-fault KIND")
	}
	gitFaults.Store(ts.Getenv("GIT_SERVER"), args[0])
}

// scriptServeGit serves the repositories below a directory for a script:
//
//	serve-git DIR [TOKEN]   sets GIT_SERVER to the URL
func scriptServeGit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: serve-git DIR [TOKEN]")
	}
	token := ""
	if len(args) == 2 {
		token = args[1]
	}
	var url atomic.Value
	s := faultyServer(ts.MkAbs(args[0]), token, func() string {
		fault, _ := gitFaults.Load(url.Load())
		kind, _ := fault.(string)
		return kind
	})
	if s == nil {
		ts.Fatalf("there is no git http-backend on this machine")
	}
	url.Store(s.URL)
	ts.Setenv("GIT_SERVER", s.URL)
	ts.Defer(s.Close)
}

// scriptCommit commits a folder, as it stands, to a branch of a bare repository,
// which is made if it is not there:
//
//	commit REPOSITORY BRANCH FOLDER
func scriptCommit(ts *testscript.TestScript, neg bool, args []string) {
	scriptPush(ts, neg, args, true)
}

// scriptUnrelated does the same with a commit that has no parents.
func scriptUnrelated(ts *testscript.TestScript, neg bool, args []string) {
	scriptPush(ts, neg, args, false)
}

func scriptPush(ts *testscript.TestScript, neg bool, args []string, onTop bool) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: commit REPOSITORY BRANCH FOLDER, or unrelated")
	}
	dir, branch, tree := ts.MkAbs(args[0]), args[1], ts.MkAbs(args[2])
	git := func(args ...string) string {
		cmd := exec.Command("git", args...)
		cmd.Env = append(os.Environ(), "GIT_DIR="+dir, "GIT_WORK_TREE="+tree, "GIT_INDEX_FILE="+filepath.Join(dir, "index-"+strings.ReplaceAll(branch, "/", "-")),
			"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "HOME="+dir,
			"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=c", "GIT_COMMITTER_EMAIL=c@example.com")
		out, err := cmd.CombinedOutput()
		if err != nil {
			ts.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return strings.TrimSpace(string(out))
	}
	if _, err := os.Stat(dir); err != nil {
		out, err := exec.Command("git", "init", "--quiet", "--bare", "--initial-branch=main", dir).CombinedOutput()
		if err != nil {
			ts.Fatalf("git init: %v\n%s", err, out)
		}
		git("config", "uploadpack.allowFilter", "true")
	}
	git("add", "--all", ".")
	id := git("write-tree")
	parent := []string{}
	for _, ref := range []string{"refs/heads/" + branch, "refs/heads/main"} {
		if !onTop {
			break
		}
		cmd := exec.Command("git", "--git-dir="+dir, "rev-parse", "--verify", "--quiet", ref)
		if out, err := cmd.Output(); err == nil {
			parent = []string{"-p", strings.TrimSpace(string(out))}
			break
		}
	}
	git("update-ref", "refs/heads/"+branch, git(append([]string{"commit-tree", "-m", "x", id}, parent...)...))
}

// needGit skips a test where no repository can be served.
func needGit(t *testing.T) {
	t.Helper()
	s := gitServer(t.TempDir(), "")
	if s == nil {
		t.Skip("there is no git http-backend on this machine")
	}
	s.Close()
}
