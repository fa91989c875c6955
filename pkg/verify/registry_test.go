package verify_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/verify"
)

// hub is a registry on this machine, with a door before it.
type hub struct {
	host string
	mu   sync.Mutex
	door func(w http.ResponseWriter, r *http.Request) bool // answers itself, or lets in
	seen []string                                          // METHOD path of what came
}

func newHub(t *testing.T) *hub {
	t.Helper()
	h := &hub{}
	inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		door := h.door
		h.seen = append(h.seen, r.Method+" "+r.URL.Path)
		h.mu.Unlock()
		if door == nil || door(w, r) {
			inner.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(s.Close)
	h.host = strings.TrimPrefix(s.URL, "http://")
	for _, tag := range []string{"both", "arm", "attested"} {
		ref, err := name.ParseReference(h.host + "/team/app:" + tag)
		if err != nil {
			t.Fatal(err)
		}
		if tag == "arm" {
			err = remote.Write(ref, imageFor(t, "arm64"))
		} else {
			index := mutate.AppendManifests(empty.Index, addendum(t, "amd64", "linux"), addendum(t, "arm64", "linux"))
			if tag == "attested" {
				index = mutate.AppendManifests(empty.Index, addendum(t, "amd64", "linux"), addendum(t, "unknown", "unknown"))
			}
			err = remote.WriteIndex(ref, index)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	h.came()
	return h
}

func imageFor(t *testing.T, architecture string) v1.Image {
	t.Helper()
	image, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{Architecture: architecture, OS: "linux", RootFS: v1.RootFS{Type: "layers"}})
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func addendum(t *testing.T, architecture, os string) mutate.IndexAddendum {
	t.Helper()
	return mutate.IndexAddendum{Add: imageFor(t, architecture), Descriptor: v1.Descriptor{Platform: &v1.Platform{Architecture: architecture, OS: os}}}
}

func (h *hub) guard(door func(w http.ResponseWriter, r *http.Request) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.door = door
}

// came are the requests since it was asked last.
func (h *hub) came() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	seen := h.seen
	h.seen = nil
	return seen
}

// basic lets in who is sandbox with the password sandbox, by Basic.
func basic(w http.ResponseWriter, r *http.Request) bool {
	user, password, _ := r.BasicAuth()
	if user == "sandbox" && password == "sandbox" {
		return true
	}
	w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
	w.WriteHeader(http.StatusUnauthorized)
	_, _ = io.WriteString(w, `{"errors":[{"code":"UNAUTHORIZED","message":"who are you"}]}`)
	return false
}

// token lets in by a token that the realm gives.
func token(realm string) func(w http.ResponseWriter, r *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/token" {
			if user, password, _ := r.BasicAuth(); user == "sandbox" && password == "sandbox" {
				_, _ = io.WriteString(w, `{"token":"let-me-in"}`)
			} else {
				w.WriteHeader(http.StatusUnauthorized)
			}
			return false
		}
		if r.Header.Get("Authorization") == "Bearer let-me-in" {
			return true
		}
		w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm=%q,service="hub"`, realm))
		w.WriteHeader(http.StatusUnauthorized)
		return false
	}
}

// dockerConfig writes a config with a login for hosts.
func dockerConfig(t *testing.T, login string, hosts ...string) string {
	t.Helper()
	auths := map[string]any{}
	for _, h := range hosts {
		auths[h] = map[string]string{"auth": base64.StdEncoding.EncodeToString([]byte(login))}
	}
	raw, err := json.Marshal(map[string]any{"auths": auths})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func near(t *testing.T, config string) *verify.Registry {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return verify.NewRegistry(verify.RegistryOptions{Transport: transport, Loopback: true, DockerConfig: config, UserAgent: "test"})
}

// check asks for one image.
func check(t *testing.T, r *verify.Registry, image, credentials string) resource.Finding {
	t.Helper()
	n := need(resource.NeedImage, image)
	n.Credentials = credentials
	v := verify.New(verify.Options{AWS: newAccount().inspector(t), Registry: r})
	return v.Verify(t.Context(), "default", []resource.Need{n})[0]
}

func TestRegistry(t *testing.T) {
	h := newHub(t)
	image := h.host + "/team/app:"
	nobody := ""
	mine := dockerConfig(t, "sandbox:sandbox", h.host)
	for name, tc := range map[string]struct {
		door          func(w http.ResponseWriter, r *http.Request) bool
		config, image string
		secret        string
		verdict       resource.Verdict
		why           string
	}{
		"there, in an index":       {nil, nobody, image + "both", "", resource.Verified, ""},
		"there, a single image":    {nil, nobody, image + "arm", "", resource.Verified, ""},
		"for another CPU":          {nil, nobody, image + "attested", "", resource.NotThere, "it is made for linux/amd64, and the tasks run on linux/arm64"},
		"no such tag":              {nil, nobody, image + "never", "", resource.NotThere, "its registry has no such image, MANIFEST_UNKNOWN"},
		"no such repository":       {nil, nobody, h.host + "/team/never:1", "", resource.NotThere, "its registry has no such image"},
		"as nobody":                {basic, nobody, image + "both", "", resource.NotChecked, "refuses to tell (HTTP 401): the image is private, or does not exist"},
		"with the docker config":   {basic, mine, image + "both", "", resource.Verified, "with the operator's own credentials; ECS is given none"},
		"with a wrong password":    {basic, dockerConfig(t, "sandbox:wrong", h.host), image + "both", "", resource.NotChecked, "HTTP 401"},
		"config of another host":   {basic, dockerConfig(t, "sandbox:sandbox", "registry.example.com"), image + "both", "", resource.NotChecked, "HTTP 401"},
		"with a secret":            {basic, nobody, image + "both", secret + "hub-a1b2c3", resource.Verified, ""},
		"a secret before a config": {basic, dockerConfig(t, "sandbox:wrong", h.host), image + "both", secret + "hub-a1b2c3", resource.Verified, ""},
		"with a missing secret":    {basic, nobody, image + "both", secret + "missing-a1b2c3", resource.NotChecked, "the credentials for its registry could not be read"},
		"by token":                 {token("http://" + h.host + "/token"), mine, image + "both", "", resource.Verified, ""},
		"by token as nobody":       {token("http://" + h.host + "/token"), nobody, image + "both", "", resource.NotChecked, "HTTP 401"},
		"missing, with a login":    {basic, mine, image + "never", "", resource.NotThere, "its registry has no such image"},
		"denied": {func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(http.StatusForbidden); return false },
			nobody, image + "both", "", resource.NotChecked, "HTTP 403"},
		"too many requests": {func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == "/v2/" {
				return true
			}
			w.WriteHeader(http.StatusTooManyRequests)
			return false
		}, nobody, image + "both", "", resource.NotChecked, "limits the rate"},
		"down": {func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(http.StatusBadGateway); return false },
			nobody, image + "both", "", resource.NotChecked, "HTTP 502"},
		"not a registry": {func(w http.ResponseWriter, _ *http.Request) bool {
			_, _ = io.WriteString(w, "<html>hello</html>")
			return false
		}, nobody, image + "both", "", resource.NotChecked, "its registry could not be asked"},
		"endless": {func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == "/v2/" {
				return true
			}
			w.Header().Set("Content-Type", "application/vnd.oci.image.index.v1+json")
			for range 5 << 10 {
				if _, err := w.Write(make([]byte, 1<<10)); err != nil {
					return false
				}
			}
			return false
		}, nobody, image + "both", "", resource.NotChecked, "its registry could not be asked"},
		"one that repeats what it hears": {func(w http.ResponseWriter, r *http.Request) bool {
			if given := r.Header.Get("Authorization"); given != "" {
				_, word, _ := strings.Cut(given, " ")
				w.WriteHeader(http.StatusForbidden)
				_, _ = fmt.Fprintf(w, `{"errors": [{"code": %q, "message": %q}, {"code": "sandbox:sandbox"}]}`, word, given)
				return false
			}
			return basic(w, r)
		}, mine, image + "both", "", resource.NotChecked, "HTTP 403"},
		"nobody listens": {nil, nobody, "127.0.0.1:1/team/app:both", "", resource.NotChecked, "its registry could not be asked"},
	} {
		t.Run(name, func(t *testing.T) {
			h.guard(tc.door)
			f := check(t, near(t, tc.config), tc.image, tc.secret)
			if f.Verdict != tc.verdict || !strings.Contains(f.Why, tc.why) {
				t.Errorf("%s: %q, want %s: …%s…", f.Verdict, f.Why, tc.verdict, tc.why)
			}
			if strings.Contains(f.Why, "sandbox:") || strings.Contains(f.Why, base64.StdEncoding.EncodeToString([]byte("sandbox:sandbox"))) {
				t.Errorf("the sentence has the credentials: %q", f.Why)
			}
		})
	}
}

// A digest that is known is not pulled again: pulls are counted by Docker Hub, HEADs
// are not.
func TestRegistryHead(t *testing.T) {
	h := newHub(t)
	r := near(t, "")
	gets := func() (n int) {
		for _, s := range h.came() {
			if strings.HasPrefix(s, "GET ") && strings.Contains(s, "/manifests/") {
				n++
			}
		}
		return n
	}
	check(t, r, h.host+"/team/app:both", "")
	if n := gets(); n != 1 {
		t.Errorf("%d manifests at first", n)
	}
	if f := check(t, r, h.host+"/team/app:both", ""); f.Verdict != resource.Verified || gets() != 0 {
		t.Errorf("asked again: %+v", f)
	}
}

// A login goes to its registry: neither to where that one sends us, nor to a token
// server of somebody else.
func TestLoginStaysAtHome(t *testing.T) {
	h := newHub(t)
	var mu sync.Mutex
	var leaked []string
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if a := r.Header.Get("Authorization"); a != "" {
			leaked = append(leaked, r.URL.Path+" "+a)
		}
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), "sandbox") {
			leaked = append(leaked, r.URL.Path+" "+string(body))
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="give me"`)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer other.Close()
	elsewhere := strings.Replace(other.URL, "127.0.0.1", "localhost", 1) // another host, by its name
	config := dockerConfig(t, "sandbox:sandbox", h.host)

	h.guard(token(elsewhere + "/token"))
	if f := check(t, near(t, config), h.host+"/team/app:both", ""); f.Verdict != resource.NotChecked || !strings.Contains(f.Why, "refused: credentials for "+h.host+" would go to localhost") {
		t.Errorf("a token server of somebody else: %+v", f)
	}
	h.guard(func(w http.ResponseWriter, r *http.Request) bool {
		if !basic(w, r) {
			return false
		}
		if strings.Contains(r.URL.Path, "/manifests/") {
			http.Redirect(w, r, elsewhere+r.URL.Path, http.StatusTemporaryRedirect)
			return false
		}
		return true
	})
	if f := check(t, near(t, config), h.host+"/team/app:both", ""); f.Verdict != resource.NotChecked {
		t.Errorf("sent somewhere else: %+v", f)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(leaked) > 0 {
		t.Errorf("the login was sent away: %q", leaked)
	}
}

// What is beside the operator is not dialled, whatever an image is called.
func TestNotDialled(t *testing.T) {
	h := newHub(t)
	r := verify.NewRegistry(verify.RegistryOptions{})
	for _, host := range []string{h.host, "169.254.169.254", "169.254.170.2:80", "[::1]:5000", "localhost:5000"} {
		f := check(t, r, host+"/latest/meta-data:1", "")
		if f.Verdict != resource.NotChecked || !strings.Contains(f.Why, "is no address of a registry") {
			t.Errorf("%s: %+v", host, f)
		}
	}
	if came := h.came(); len(came) > 0 {
		t.Errorf("it was asked: %q", came)
	}
}

// An image of ECR that is in no index: its CPU stands in the registry, which takes
// the token that ECR's API gives.
func TestECRSingle(t *testing.T) {
	inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	host := strings.TrimSuffix(ecrHost, "/")
	for architecture, want := range map[string]resource.Verdict{"arm64": resource.Verified, "amd64": resource.NotThere} {
		behind := roundTrip(func(r *http.Request) (*http.Response, error) {
			w := httptest.NewRecorder()
			if user, password, _ := r.BasicAuth(); r.URL.Scheme != "https" || r.URL.Host != host || r.URL.Path != "/v2/" && (user != "AWS" || password != "sandbox") {
				w.WriteHeader(http.StatusForbidden)
				return w.Result(), nil
			}
			if _, _, in := r.BasicAuth(); r.URL.Path == "/v2/" && !in {
				w.Header().Set("WWW-Authenticate", `Basic realm="`+host+`",service="ecr.amazonaws.com"`)
				w.WriteHeader(http.StatusUnauthorized)
				return w.Result(), nil
			}
			if r.Body == nil {
				r.Body = http.NoBody
			}
			inner.ServeHTTP(w, r)
			res := w.Result()
			res.Request = r
			return res, nil
		})
		ref, err := name.ParseReference(host + "/app:single")
		if err != nil {
			t.Fatal(err)
		}
		login := remote.WithAuth(authn.FromConfig(authn.AuthConfig{Username: "AWS", Password: "sandbox"}))
		if err := remote.Write(ref, imageFor(t, architecture), remote.WithTransport(behind), login); err != nil {
			t.Fatal(err)
		}
		r := verify.NewRegistry(verify.RegistryOptions{Transport: behind})
		if f := check(t, r, host+"/app:single", ""); f.Verdict != want || f.Why != "" != (want == resource.NotThere) {
			t.Errorf("%s: %+v", architecture, f)
		}
	}
}

type roundTrip func(r *http.Request) (*http.Response, error)

// RoundTrip answers in process.
func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
