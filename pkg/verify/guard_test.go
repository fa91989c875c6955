package verify

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

type nothing struct{}

func (nothing) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Body: http.NoBody, Request: r}, nil
}

func TestGuard(t *testing.T) {
	for url, want := range map[string]bool{
		"https://registry.example.com/v2/":      true,
		"https://auth.example.com/token":        true,
		"https://example.com/token":             true,
		"https://example.org/token":             false,
		"https://registry.example.com.evil.org": false,
		"http://registry.example.com/v2/":       false,
		"https://10.0.0.1/v2/":                  false,
		"http://127.0.0.1/v2/":                  false,
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		g := &guarded{next: nothing{}, registry: "registry.example.com"}
		if res, err := g.RoundTrip(r); err != nil {
			t.Errorf("%s without credentials: %v", url, err)
		} else {
			_ = res.Body.Close()
		}
		r.Header.Set("Authorization", "Basic x")
		res, err := g.RoundTrip(r)
		if err == nil {
			_ = res.Body.Close()
		}
		if (err == nil) != want || err != nil && !errors.Is(err, errRefused) {
			t.Errorf("%s with credentials: %v, want let through: %t", url, err, want)
		}
	}
}

func TestSameSite(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		want bool
	}{
		{"index.docker.io", "auth.docker.io", true}, {"a.io", "a.io:5000", true}, {"10.0.0.1:5000", "10.0.0.1:5001", true},
		{"10.0.0.1", "20.0.0.1", false}, {"a.io", "b.io", false}, {"localhost", "nowhere", false}, {"evil-docker.io", "docker.io", false},
	} {
		if got := sameSite(tc.a, tc.b); got != tc.want {
			t.Errorf("%s and %s: %t", tc.a, tc.b, got)
		}
	}
}

func TestReachable(t *testing.T) {
	for address, want := range map[string]bool{
		"93.184.216.34:443": true, "10.1.2.3:5000": true, "192.168.1.1:443": true, "[2001:db8::1]:443": true, "[fd12::1]:443": true,
		"127.0.0.1:80": false, "[::1]:80": false, "169.254.169.254:80": false, "169.254.170.2:80": false, "[fe80::1]:80": false,
		"[::ffff:169.254.169.254]:80": false, "[fd00:ec2::254]:80": false, "0.0.0.0:80": false, "224.0.0.1:80": false, "nowhere": false,
	} {
		if err := reachable(address); (err == nil) != want {
			t.Errorf("%s: %v, want reachable: %t", address, err, want)
		}
	}
}

func TestDockerConfig(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.json")
	write := func(text string, at time.Time) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	write(`{"auths": {"https://index.docker.io/v1/": {"auth": "dTpw"}, "ghcr.io": {"identitytoken": "t"}, "https://nexus.example.com": {"username": "n", "password": "q"}},
		"credHelpers": {"public.ecr.aws": "ecr-login"}, "credsStore": "desktop"}`, begin)
	c := &dockerConfig{path: path}
	for host, want := range map[string]struct {
		l      login
		helper string
	}{
		"index.docker.io":        {login{user: "u", password: "p"}, ""},
		"ghcr.io":                {login{identity: "t"}, ""},
		"nexus.example.com":      {login{user: "n", password: "q"}, ""},
		"public.ecr.aws":         {login{}, "ecr-login"},
		"evil.nexus.example.com": {login{}, "desktop"},
		"example.com":            {login{}, "desktop"},
	} {
		if l, helper := c.login(host); l != want.l || helper != want.helper {
			t.Errorf("%s: %+v, %q", host, l, helper)
		}
	}
	write(`{"auths": {"ghcr.io": {"auth": "bmV3OnB3"}}}`, begin.Add(time.Minute))
	if l, _ := c.login("ghcr.io"); l != (login{user: "new", password: "pw"}) {
		t.Errorf("after a change: %+v", l)
	}
	for _, bad := range []string{"{", `{"auths": 1}`, `{"auths": {"ghcr.io": {"auth": "%%%"}}}`} {
		begin = begin.Add(time.Hour)
		write(bad, begin)
		if l, helper := c.login("ghcr.io"); l != (login{}) || helper != "" {
			t.Errorf("%s: %+v, %q", bad, l, helper)
		}
	}
	if l, helper := (&dockerConfig{path: path + "x"}).login("ghcr.io"); l != (login{}) || helper != "" {
		t.Errorf("without a file: %+v, %q", l, helper)
	}
}
