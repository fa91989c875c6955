package checkout_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/checkout"
)

// serve offers the bare repository by git's own HTTP server: "reader" may only
// fetch, "writer" may push, both with the password s3cr3t.
func (w *world) serve() string {
	w.t.Helper()
	backend := filepath.Join(w.git(w.dir, "--exec-path"), "git-http-backend")
	if _, err := os.Stat(backend); err != nil {
		w.t.Skip("git has no http-backend here")
	}
	w.git(w.origin, "config", "http.receivepack", "true")
	handler := &cgi.Handler{Path: backend, Env: []string{"GIT_PROJECT_ROOT=" + w.dir, "GIT_HTTP_EXPORT_ALL=1", "HOME=" + w.dir,
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.Getenv("GIT_CONFIG_GLOBAL")}}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		user, password, ok := r.BasicAuth()
		switch {
		case !ok || password != "s3cr3t":
			rw.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			http.Error(rw, "who are you?", http.StatusUnauthorized)
		case user != "writer" && strings.Contains(r.URL.String(), "receive-pack"):
			http.Error(rw, "you may read", http.StatusForbidden)
		default:
			handler.ServeHTTP(rw, r)
		}
	}))
	w.t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// Credentials are those of the user's git: of the URL, or of a helper. Whoever may
// not push is told so, without the password.
func TestCredentials(t *testing.T) {
	w := newWorld(t)
	host := w.serve()
	t.Setenv("GIT_TERMINAL_PROMPT", "0")
	dir := w.clone("mine")
	w.git(dir, "remote", "set-url", "origin", fmt.Sprintf("http://reader:s3cr3t@%s/origin.git", host))
	_, err := job(t.Context(), dir, "", "a", "1", long)
	if lost := (*checkout.NotPushedError)(nil); !errors.As(err, &lost) || !strings.Contains(err.Error(), "403") || strings.Contains(err.Error(), "s3cr3t") {
		t.Errorf("a reader: %v", err)
	}
	w.git(dir, "remote", "set-url", "origin", fmt.Sprintf("http://writer:wrong-0ne@%s/origin.git", host))
	if _, err := job(t.Context(), dir, "", "a", "1", long); err == nil || !strings.Contains(err.Error(), "cannot be fetched") || strings.Contains(err.Error(), "wrong-0ne") {
		t.Errorf("a wrong password: %v", err)
	}
	w.git(dir, "remote", "set-url", "origin", fmt.Sprintf("http://%s/origin.git", host))
	w.git(dir, "config", "credential.helper", "!f() { echo username=writer; echo password=s3cr3t; }; f")
	if landed, err := job(t.Context(), dir, "", "a", "1", long); err != nil || !landed.Pushed {
		t.Errorf("a helper: %+v, %v", landed, err)
	}
	if got := w.holds("main"); got != "a=1 b=0 c=0 d=0" {
		t.Errorf("main holds %s", got)
	}
}

// A commit that is made anew is signed where the user's commits are.
func TestSigned(t *testing.T) {
	w := newWorld(t)
	dir, rival := w.clone("mine"), w.clone("rival")
	if _, err := job(t.Context(), rival, "", "b", "1", long); err != nil {
		t.Fatal(err)
	}
	signer := filepath.Join(w.dir, "signer")
	w.write(w.dir, "signer", "#!/bin/sh\ncat >/dev/null\necho '[GNUPG:] SIG_CREATED D 1 8 00 1 0' >&2\nprintf -- '-----BEGIN PGP SIGNATURE-----\\n\\nx\\n-----END PGP SIGNATURE-----\\n'\n")
	w.git(dir, "config", "gpg.program", signer)
	w.git(dir, "config", "commit.gpgSign", "yes")
	if landed, err := job(t.Context(), dir, "", "a", "1", long); err != nil || landed.Again != 1 {
		t.Fatalf("%+v, %v", landed, err)
	}
	if got := w.git(w.origin, "cat-file", "commit", "main"); !strings.Contains(got, "\ngpgsig -----BEGIN PGP SIGNATURE-----") {
		t.Errorf("no signature:\n%s", got)
	}
}
