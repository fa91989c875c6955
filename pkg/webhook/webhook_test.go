package webhook

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"go/parser"
	"go/token"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/frugal"
)

const (
	secret = "0123456789abcdef0123456789abcdef"
	old    = "fedcba9876543210fedcba9876543210"
)

var signing = signingToken + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))

// receiver is a handler with what it did.
type receiver struct {
	http.Handler
	pokes  int
	counts map[string]int
}

func newReceiver() *receiver {
	r := &receiver{counts: map[string]int{}}
	r.Handler = New(Options{
		Secrets: func() [][]byte { return [][]byte{[]byte(secret), []byte(old), []byte(signing)} },
		Poke:    func() { r.pokes++ },
		Count:   func(provider, outcome string) { r.counts[provider+" "+outcome]++ },
	})
	return r
}

func (r *receiver) call(provider string, header http.Header, body io.Reader) int {
	req := httptest.NewRequest(http.MethodPost, "/hook/"+provider, body)
	for name, values := range header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	return w.Code
}

func sign(secret []byte, parts ...[]byte) []byte {
	m := hmac.New(sha256.New, secret)
	for _, p := range parts {
		m.Write(p)
	}
	return m.Sum(nil)
}

func hexSigned(key, body string) string {
	return "sha256=" + hex.EncodeToString(sign([]byte(key), []byte(body)))
}

func standardSigned(key []byte, id, at, body string) string {
	return "v1," + base64.StdEncoding.EncodeToString(sign(key, []byte(id+"."+at+"."+body)))
}

func TestProviders(t *testing.T) {
	const body = `{"ref": "refs/heads/main"}`
	k := []byte(strings.Repeat("k", 32))
	h := func(pairs ...string) http.Header {
		out := http.Header{}
		for i := 0; i < len(pairs); i += 2 {
			out.Add(pairs[i], pairs[i+1])
		}
		return out
	}
	for _, c := range []struct {
		name, provider string
		header         http.Header
		code, pokes    int
	}{
		{"signed", "github", h("X-Hub-Signature-256", hexSigned(secret, body)), 202, 1},
		{"signed with the old secret", "github", h("X-Hub-Signature-256", hexSigned(old, body)), 202, 1},
		{"ping", "github", h("X-Hub-Signature-256", hexSigned(secret, body), "X-GitHub-Event", "ping"), 200, 0},
		{"unsigned", "github", nil, 401, 0},
		{"unsigned ping", "github", h("X-GitHub-Event", "ping"), 401, 0},
		{"wrong secret", "github", h("X-Hub-Signature-256", hexSigned("another secret of some length", body)), 401, 0},
		{"other body", "github", h("X-Hub-Signature-256", hexSigned(secret, body+" ")), 401, 0},
		{"SHA-1 alone", "github", h("X-Hub-Signature", "sha1=aa"), 401, 0},
		{"two signatures", "github", h("X-Hub-Signature-256", hexSigned(secret, body), "X-Hub-Signature-256", hexSigned(secret, body)), 401, 0},
		{"cut", "github", h("X-Hub-Signature-256", hexSigned(secret, body)[:20]), 401, 0},
		{"empty", "github", h("X-Hub-Signature-256", ""), 401, 0},
		{"token", "gitlab", h("X-Gitlab-Token", secret), 202, 1},
		{"wrong token", "gitlab", h("X-Gitlab-Token", secret+"x"), 401, 0},
		{"no token", "gitlab", h("X-Gitlab-Event", "Push Hook"), 401, 0},
		{"signing token", "gitlab", h("webhook-id", "1", "webhook-timestamp", "2", "webhook-signature", standardSigned(k, "1", "2", body)), 202, 1},
		{"one of two signatures", "gitlab", h("webhook-id", "1", "webhook-timestamp", "2", "webhook-signature", "v1,AAAA "+standardSigned(k, "1", "2", body)), 202, 1},
		{"another timestamp", "gitlab", h("webhook-id", "1", "webhook-timestamp", "3", "webhook-signature", standardSigned(k, "1", "2", body)), 401, 0},
		{"a token does not rescue a signature", "gitlab", h("webhook-id", "1", "webhook-timestamp", "3", "webhook-signature", "v1,AAAA", "X-Gitlab-Token", secret), 401, 0},
		{"signed", "bitbucket", h("X-Hub-Signature", hexSigned(secret, body)), 202, 1},
		{"ping", "bitbucket", h("X-Hub-Signature", hexSigned(secret, body), "X-Event-Key", "diagnostics:ping"), 200, 0},
		{"unsigned", "bitbucket", h("X-Event-Key", "repo:push"), 401, 0},
		{"signed", "generic", h("X-Signature-256", hexSigned(secret, body)), 202, 1},
		{"bearer", "generic", h("Authorization", "bearer "+secret), 202, 1},
		{"basic", "generic", h("Authorization", "Basic "+secret), 401, 0},
		{"wrong bearer", "generic", h("Authorization", "Bearer x"), 401, 0},
		{"unknown", "svn", h("Authorization", "Bearer "+secret), 404, 0},
	} {
		r := newReceiver()
		if code := r.call(c.provider, c.header, strings.NewReader(body)); code != c.code || r.pokes != c.pokes {
			t.Errorf("%s, %s: %d and %d pokes, want %d and %d", c.provider, c.name, code, r.pokes, c.code, c.pokes)
		}
		if len(r.counts) != 1 && c.code != 404 {
			t.Errorf("%s, %s: counted %v", c.provider, c.name, r.counts)
		}
	}
	r := newReceiver()
	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/hook/github", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET is answered with %d", w.Code)
	}
}

// unread fails the test when somebody reads it.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body of a call without a credential was read")
	return 0, errors.New("read")
}

func TestBodies(t *testing.T) {
	r := newReceiver()
	for _, p := range providers {
		if code := r.call(p.name, nil, unread{t}); code != http.StatusUnauthorized {
			t.Errorf("%s: %d", p.name, code)
		}
	}
	most := strings.Repeat("x", MaxBody)
	if code := r.call("github", http.Header{"X-Hub-Signature-256": {hexSigned(secret, most)}}, strings.NewReader(most)); code != http.StatusAccepted {
		t.Errorf("1 MiB: %d", code)
	}
	for name, body := range map[string]io.Reader{"by its length": strings.NewReader(most + "x"), "without a length": io.MultiReader(strings.NewReader(most), strings.NewReader("x"))} {
		if code := r.call("github", http.Header{"X-Hub-Signature-256": {hexSigned(secret, most+"x")}}, body); code != http.StatusRequestEntityTooLarge {
			t.Errorf("1 MiB and a byte, %s: %d", name, code)
		}
	}
}

// TestNothingIsParsed: there is no parser in this package.
func TestNothingIsParsed(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range f.Imports {
			if path := strings.Trim(i.Path.Value, `"`); !strings.HasSuffix(name, "_test.go") &&
				(path == "encoding/json" || path == "encoding/xml" || path == "net/url" || path == "mime" || strings.Contains(path, "yaml")) {
				t.Errorf("%s imports %s: not one field of a call may be read", name, path)
			}
		}
	}
}

func TestAFloodIsLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReceiver()
		header := http.Header{"X-Gitlab-Token": {secret}}
		for range 10_000 { // in one second
			r.call("gitlab", header, nil)
			time.Sleep(100 * time.Microsecond)
		}
		if n := r.counts["gitlab "+Accepted]; n > burst+perSecond+1 || n < burst || r.counts["gitlab "+Limited] != 10_000-n {
			t.Errorf("counts %v", r.counts)
		}
		time.Sleep(time.Second)
		if code := r.call("gitlab", header, nil); code != http.StatusAccepted {
			t.Errorf("afterwards: %d", code)
		}
	})
}

func TestParseSecrets(t *testing.T) {
	got, err := ParseSecrets("\n " + secret + "\r\n" + old)
	if err != nil || len(got) != 2 || string(got[0]) != secret || string(got[1]) != old {
		t.Errorf("%q, %v", got, err)
	}
	for _, text := range []string{"", "\n\n", "short", secret + "\nshort"} {
		if got, err := ParseSecrets(text); err == nil || strings.Contains(err.Error(), "short") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

// fuzz feeds one provider with any header and body: no panic, and nobody is
// believed who did not sign with the secret.
func fuzz(f *testing.F, name string) {
	f.Add("", "", "", []byte("{}"), false)
	f.Add("sha256="+strings.Repeat("00", 32), "1", "2", []byte(`{"zen": "x"}`), true)
	f.Add("v1,"+base64.StdEncoding.EncodeToString(make([]byte, 32))+" v1,", "a.b", "", []byte{0xff}, true)
	f.Add("Bearer x", "\x00", "\n", []byte(nil), false)
	var p provider
	for _, one := range providers {
		if one.name == name {
			p = one
		}
	}
	f.Fuzz(func(t *testing.T, value, id, at string, body []byte, signed bool) {
		frugal.Input(t, func() {
			for _, w := range p.ways {
				r := newReceiver()
				h := http.Header{http.CanonicalHeaderKey(w.header): {value}, "Webhook-Id": {id}, "Webhook-Timestamp": {at}}
				if signed {
					h.Set(w.header, signature(w, id, at, body))
				}
				code := r.call(name, h, bytes.NewReader(body))
				if want := map[bool]int{true: http.StatusAccepted, false: http.StatusUnauthorized}[signed]; code != want && len(body) <= MaxBody || (r.pokes > 0) != (code == http.StatusAccepted) {
					t.Fatalf("%s: %d with %d pokes, want %d", w.header, code, r.pokes, want)
				}
			}
		})
	})
}

// signature is what a sender who knows the secret writes.
func signature(w way, id, at string, body []byte) string {
	switch w.header {
	case "Webhook-Signature":
		return standardSigned([]byte(secret), id, at, string(body))
	case "X-Gitlab-Token":
		return secret
	case "Authorization":
		return "Bearer " + secret
	}
	return hexSigned(secret, string(body))
}

func FuzzGitHub(f *testing.F)    { fuzz(f, "github") }
func FuzzGitLab(f *testing.F)    { fuzz(f, "gitlab") }
func FuzzBitbucket(f *testing.F) { fuzz(f, "bitbucket") }
func FuzzGeneric(f *testing.F)   { fuzz(f, "generic") }
