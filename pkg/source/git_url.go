package source

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
)

// GitURL is where a repository is, checked: https, ssh, CodeCommit's own form,
// and http to this machine. It holds no password.
type GitURL struct {
	scheme string // https, ssh or http
	host   string // with its port, as it stands in the URL
	path   string
	text   string // as git is given it
	region string // of CodeCommit, "" for other hosts
}

// String is the URL for people.
func (u GitURL) String() string { return u.text }

// CodeCommit is the region of a repository in AWS CodeCommit, "" for any other.
func (u GitURL) CodeCommit() string { return u.region }

const maxURL = 2048

var (
	hostForm = regexp.MustCompile(`^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9][A-Za-z0-9._-]*)(:[0-9]{1,5})?$`)
	userForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*$`)
	// host:path or user@host:path, as for scp.
	scpForm = regexp.MustCompile(`^(?:([^@/:]+)@)?([^@/:]+):([^:].*)$`)
	// The names of https://docs.aws.amazon.com/general/latest/gr/codecommit.html,
	// and those of VPC endpoints.
	codeCommitHost = regexp.MustCompile(`^(?:[a-z0-9.-]+\.)?git-codecommit(?:-fips)?\.([a-z]{2}[a-z0-9-]*-[0-9]+)\.(?:vpce\.)?amazonaws\.com(\.cn)?$`)
	// codecommit::region://repository, as git-remote-codecommit has it.
	grcForm = regexp.MustCompile(`^codecommit(?:::([a-z]{2}[a-z0-9-]*-[0-9]+))?://(?:([^@/]*)@)?([A-Za-z0-9._-]{1,100})$`)
)

// ParseGitURL checks the URL of a repository. The region is for CodeCommit, where
// the URL does not name one. An error never repeats what may be a password.
func ParseGitURL(raw, region string) (GitURL, error) {
	switch {
	case raw == "":
		return GitURL{}, errors.New("the URL of the repository is empty")
	case len(raw) > maxURL:
		return GitURL{}, fmt.Errorf("the URL of the repository is longer than %d bytes", maxURL)
	case strings.HasPrefix(raw, "-"), strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return GitURL{}, errors.New("the URL of the repository begins with '-', or holds a space or a control character: write it as the hosting service shows it")
	case strings.HasPrefix(raw, "codecommit:"):
		return grcURL(raw, region)
	case strings.Contains(raw, "://"):
		return schemeURL(raw, region)
	case scpForm.MatchString(raw) && !strings.Contains(raw, "::"):
		return scpURL(raw)
	}
	return GitURL{}, fmt.Errorf("%q is no URL of a repository: want https://HOST/PATH, ssh://USER@HOST/PATH, USER@HOST:PATH or codecommit::REGION://NAME", withoutUser(raw))
}

// withoutUser cuts off what may be a password: all up to the last @.
func withoutUser(raw string) string {
	if i := strings.LastIndex(raw, "@"); i >= 0 {
		return "…" + raw[i:]
	}
	return raw
}

// grcURL turns CodeCommit's short form into the URL that git can use.
func grcURL(raw, region string) (GitURL, error) {
	m := grcForm.FindStringSubmatch(raw)
	switch {
	case m == nil:
		return GitURL{}, errors.New("want codecommit::REGION://NAME, as git-remote-codecommit has it, for example codecommit::eu-west-1://services")
	case m[2] != "":
		return GitURL{}, errors.New("leave PROFILE@ out of the codecommit URL: the credentials are those of the operator itself (--profile)")
	case m[1] != "":
		region = m[1]
	case region == "":
		return GitURL{}, errors.New("the codecommit URL names no region: write it as codecommit::REGION://NAME")
	}
	domain := "amazonaws.com"
	if strings.HasPrefix(region, "cn-") {
		domain += ".cn"
	}
	u := GitURL{scheme: "https", host: "git-codecommit." + region + "." + domain, path: "/v1/repos/" + m[3], region: region}
	u.text = u.scheme + "://" + u.host + u.path
	return u, nil
}

func schemeURL(raw, region string) (GitURL, error) {
	p, err := url.Parse(raw)
	if err != nil {
		return GitURL{}, errors.New("the URL of the repository cannot be read: write it as the hosting service shows it, with special characters as %XX")
	}
	u := GitURL{scheme: p.Scheme, host: p.Host, path: p.EscapedPath(), text: raw}
	_, password := p.User.Password()
	switch {
	case p.Scheme == "file" || p.Scheme == "git" || p.Scheme == "http" && !loopback(p.Hostname()):
		return GitURL{}, fmt.Errorf("%s:// is not used, because nothing proves who answers: want https:// or ssh:// (http:// only to this machine)", p.Scheme)
	case p.Scheme != "https" && p.Scheme != "ssh" && p.Scheme != "http":
		return GitURL{}, fmt.Errorf("%q is no way to a repository: want https://, ssh:// or codecommit::REGION://NAME", p.Scheme+"://")
	case p.Scheme != "ssh" && p.User != nil:
		return GitURL{}, errors.New("leave the user and the password out of the URL, where every log would show them: use --git-user, and ECS_OPERATOR_GIT_TOKEN or --git-token-file")
	case password:
		return GitURL{}, errors.New("leave the password out of the URL: ssh is used with a key (--git-ssh-key-file)")
	case p.User != nil && !userForm.MatchString(p.User.Username()):
		return GitURL{}, errors.New("the user in the URL of the repository is none: want ssh://git@HOST/PATH")
	case !hostForm.MatchString(p.Host):
		return GitURL{}, fmt.Errorf("%q is no host name", p.Host)
	case strings.Trim(p.Path, "/") == "" || strings.HasPrefix(p.Path, "/-"):
		return GitURL{}, fmt.Errorf("the URL names no repository: want %s://%s/PATH", p.Scheme, p.Host)
	case p.RawQuery != "" || p.Fragment != "" || p.ForceQuery:
		return GitURL{}, errors.New("the URL of a repository has no '?' and no '#': branch and path are given by --ref and --path")
	}
	if m := codeCommitHost.FindStringSubmatch(p.Hostname()); m != nil && p.Scheme == "https" {
		u.region = m[1]
	}
	if region != "" && p.Scheme != "ssh" && u.region == "" {
		u.region = region
	}
	return u, nil
}

func scpURL(raw string) (GitURL, error) {
	m := scpForm.FindStringSubmatch(raw)
	switch {
	case m[1] != "" && !userForm.MatchString(m[1]):
		return GitURL{}, errors.New("the user in the URL of the repository is none: want git@HOST:PATH")
	case !hostForm.MatchString(m[2]):
		return GitURL{}, fmt.Errorf("%q is no host name", m[2])
	case strings.HasPrefix(m[3], "-") || strings.Trim(m[3], "/") == "":
		return GitURL{}, errors.New("the URL names no repository: want git@HOST:PATH")
	}
	return GitURL{scheme: "ssh", host: m[2], path: m[3], text: raw}, nil
}

// loopback: http is for a server on this machine only.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

var commitForm = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

// CheckGitRef checks the name of a branch or tag, a full ref name, or a commit id
// by the rules of git-check-ref-format; "" is the repository's default branch.
func CheckGitRef(ref string) error {
	bad := func(why string) error {
		return fmt.Errorf("%q is no name of a branch or tag: %s", ref, why)
	}
	switch {
	case ref == "" || ref == "HEAD" || commitForm.MatchString(ref):
		return nil
	case len(ref) > 255:
		return errors.New("the name of the branch or tag is longer than 255 bytes")
	case ref == "@" || strings.Contains(ref, "@{") || strings.Contains(ref, ".."):
		return bad("it holds '..' or '@{'")
	case strings.HasPrefix(ref, "-") || strings.HasPrefix(ref, "/") || strings.HasSuffix(ref, "/") || strings.HasSuffix(ref, ".") || strings.Contains(ref, "//"):
		return bad("it begins with '-' or '/', ends with '/' or '.', or holds '//'")
	case strings.ContainsFunc(ref, func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(`~^:?*[\`, r) }):
		return bad(`it holds a space, a control character or one of ~^:?*[\`)
	}
	for part := range strings.SplitSeq(ref, "/") {
		if strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".lock") {
			return bad("a part of it begins with '.' or ends with '.lock'")
		}
	}
	return nil
}

// TokenUser is the user that goes with a token where a person names none.
// Bitbucket takes its repository access tokens with this user only; GitHub, GitLab,
// Azure DevOps and Gitea take any.
// https://support.atlassian.com/bitbucket-cloud/docs/using-access-tokens/
func (u GitURL) TokenUser() string {
	if u.host == "bitbucket.org" {
		return "x-token-auth"
	}
	return "x-access-token"
}
