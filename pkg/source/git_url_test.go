package source

import (
	"regexp"
	"strings"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/frugal"
)

func TestParseGitURL(t *testing.T) {
	for raw, want := range map[string]string{
		"https://github.com/acme/deploy.git":                                   "https github.com ",
		"https://git.example.com:8443/a/b":                                     "https git.example.com:8443 ",
		"ssh://git@example.com:2222/a/b.git":                                   "ssh example.com:2222 ",
		"git@github.com:acme/deploy.git":                                       "ssh github.com ",
		"github.com:acme/deploy.git":                                           "ssh github.com ",
		"http://127.0.0.1:8080/a.git":                                          "http 127.0.0.1:8080 ",
		"http://[::1]:8080/a.git":                                              "http [::1]:8080 ",
		"http://localhost/a.git":                                               "http localhost ",
		"https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/x":            "https git-codecommit.eu-west-1.amazonaws.com eu-west-1",
		"https://git-codecommit-fips.us-gov-west-1.amazonaws.com/v1/repos/x":   "https git-codecommit-fips.us-gov-west-1.amazonaws.com us-gov-west-1",
		"https://vpce-1.git-codecommit.us-east-1.vpce.amazonaws.com/v1/repos/": "https vpce-1.git-codecommit.us-east-1.vpce.amazonaws.com us-east-1",
		"codecommit::eu-central-1://services":                                  "https git-codecommit.eu-central-1.amazonaws.com eu-central-1",
		"codecommit::cn-north-1://services":                                    "https git-codecommit.cn-north-1.amazonaws.com.cn cn-north-1",
	} {
		u, err := ParseGitURL(raw, "")
		if got := u.scheme + " " + u.host + " " + u.region; err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", raw, got, err, want)
		}
	}
	if u, err := ParseGitURL("codecommit://services", "eu-west-3"); err != nil || u.region != "eu-west-3" {
		t.Errorf("region %q, %v", u.region, err)
	}
	// A host that only looks like CodeCommit's gets no credentials of AWS.
	for _, raw := range []string{"https://git-codecommit.eu-west-1.amazonaws.com.evil.com/v1/repos/x", "https://evil.com/git-codecommit.eu-west-1.amazonaws.com",
		"https://git-codecommit.eu-west-1.evilamazonaws.com/v1/repos/x"} {
		if u, err := ParseGitURL(raw, ""); err != nil || u.region != "" {
			t.Errorf("%s: region %q, %v", raw, u.region, err)
		}
	}
}

func TestParseGitURLRefuses(t *testing.T) {
	for raw, words := range map[string]string{
		"":                                     "empty",
		"http://example.com/a.git":             "nothing proves who answers",
		"http://169.254.169.254/latest":        "nothing proves who answers",
		"http://127.0.0.1.example.com/a.git":   "nothing proves who answers",
		"git://example.com/a.git":              "nothing proves who answers",
		"file:///etc":                          "nothing proves who answers",
		"ftp://example.com/a.git":              "is no way to a repository",
		"ext::sh -c id":                        "space",
		"ext::sh":                              "is no URL",
		"/srv/a.git":                           "is no URL",
		"--upload-pack=/bin/sh":                "begins with '-'",
		"https://anna:canary@example.com/a":    "leave the user and the password out",
		"https://canary@example.com/a":         "leave the user and the password out",
		"ssh://git:canary@example.com/a":       "leave the password out",
		"ssh://-oProxyCommand=id/a":            "is no host name",
		"ssh://git@-oProxyCommand=id/a":        "is no host name",
		"-oProxyCommand=id:a":                  "begins with '-'",
		"git@-oProxyCommand=id:a":              "is no host name",
		"ssh://-l@example.com/a":               "is none",
		"git@example.com:-a":                   "names no repository",
		"ssh://git@example.com/-a":             "names no repository",
		"https://example.com":                  "names no repository",
		"https://example.com/":                 "names no repository",
		"https://example.com/a?x=canary":       "has no '?'",
		"https://example.com/a#main":           "has no '?'",
		"https://exa mple.com/a":               "space",
		"https://example.com/a\nb":             "space",
		"https://%zz/a":                        "cannot be read",
		"codecommit://services":                "names no region",
		"codecommit::eu-west-1://me@x":         "leave PROFILE@ out",
		"codecommit::eu-west-1://a/b":          "want codecommit::REGION://NAME",
		"codecommit::https://a":                "want codecommit::REGION://NAME",
		"https://" + strings.Repeat("a", 3000): "longer than",
	} {
		_, err := ParseGitURL(raw, "")
		if err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%q: error %v, want %q", raw, err, words)
		}
		if err != nil && strings.Contains(err.Error(), "canary") {
			t.Errorf("%q: the error repeats what may be a password: %v", raw, err)
		}
	}
}

func TestCheckGitRef(t *testing.T) {
	for _, ref := range []string{"", "HEAD", "main", "feature/new-image", "v1.2.3", "refs/pull/7/head", "release-2026.11", strings.Repeat("0a", 20), "ünïcode"} {
		if err := CheckGitRef(ref); err != nil {
			t.Errorf("%q: %v", ref, err)
		}
	}
	for _, ref := range []string{"-main", "--upload-pack=x", "a..b", "a b", "a~1", "a^", "a:b", "a?", "a*", "a[", `a\b`, "a@{1}", "@", "/a", "a/", "a//b", "a.", ".a", "a/.b", "a.lock", "a.lock/b", "a\nb", "a\x7f", strings.Repeat("a", 300)} {
		if CheckGitRef(ref) == nil {
			t.Errorf("%q is taken", ref)
		}
	}
}

func TestGitPaths(t *testing.T) {
	for _, tc := range []struct {
		given []string
		want  string
	}{
		{nil, ""}, {[]string{"."}, ""}, {[]string{"/"}, ""}, {[]string{"a", "."}, ""}, {[]string{"services/", "/services", "./services"}, "services"}, {[]string{"a/b/", "c.yaml"}, "a/b c.yaml"},
	} {
		got, err := gitPaths(tc.given)
		if err != nil || strings.Join(got, " ") != tc.want {
			t.Errorf("%q: %q, %v", tc.given, got, err)
		}
	}
	for _, p := range []string{"..", "../a", "a/../../b", "a/..", "a\x00b", strings.Repeat("a", 600)} {
		if got, err := gitPaths([]string{p}); err == nil {
			t.Errorf("%q is taken as %q", p, got)
		}
	}
}

// helperForm is how git knows a transport helper: "::" behind the characters of a
// scheme (transport.c, transport_get).
var helperForm = regexp.MustCompile(`^[A-Za-z0-9+.-]*::`)

// FuzzGitURL: what is accepted goes by https, ssh or to this machine, never begins
// with '-', and holds no password.
func FuzzGitURL(f *testing.F) {
	for _, s := range []string{"https://github.com/a/b.git", "git@github.com:a/b", "codecommit::eu-west-1://x", "ssh://git@h:22/p", "http://127.0.0.1/x", "ext::sh -c id", "https://u:p@h/x", "-x", "ssh://-o/x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		frugal.Input(t, func() {
			u, err := ParseGitURL(raw, "")
			if err != nil {
				return
			}
			text := u.String()
			switch {
			case strings.HasPrefix(text, "-") || strings.HasPrefix(u.host, "-") || strings.HasPrefix(u.path, "-"):
				t.Errorf("%q: begins with '-'", raw)
			case u.scheme == "http" && !loopback(strings.Trim(strings.Split(strings.TrimPrefix(u.host, "["), "]")[0], "[]")) && !loopback(strings.Split(u.host, ":")[0]):
				t.Errorf("%q: http to %q", raw, u.host)
			case u.scheme != "https" && u.scheme != "ssh" && u.scheme != "http":
				t.Errorf("%q: scheme %q", raw, u.scheme)
			case u.scheme != "ssh" && strings.Contains(strings.SplitN(strings.SplitN(text, "://", 2)[1], "/", 2)[0], "@"):
				t.Errorf("%q: a user in %q", raw, text)
			case helperForm.MatchString(text):
				t.Errorf("%q: a transport helper in %q", raw, text)
			}
		})
	})
}
