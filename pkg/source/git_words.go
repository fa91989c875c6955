package source

import (
	"fmt"
	"strings"
)

// saying turns what git prints into a sentence with a way out.
type saying struct {
	has  []string // all of them, in lower case
	said string   // %s is the URL
}

var sayings = []saying{
	{[]string{"terminal prompts disabled"}, "%s wants a user and a password, or refuses those that it got: set ECS_OPERATOR_GIT_TOKEN (or --git-token-file), and --git-user where the hosting service wants a certain one"},
	{[]string{"authentication failed"}, "%s refuses the user and password: check ECS_OPERATOR_GIT_TOKEN (or --git-token-file) and --git-user"},
	{[]string{"returned error: 401"}, "%s refuses the user and password: check ECS_OPERATOR_GIT_TOKEN (or --git-token-file) and --git-user"},
	{[]string{"returned error: 403"}, "%s refuses access (403): check that the token, or for CodeCommit the role (codecommit:GitPull), may read this repository"},
	{[]string{"returned error: 404"}, "%s does not exist, or the token may not see it (404)"},
	{[]string{"repository", "not found"}, "%s does not exist, or the credentials may not see it"},
	{[]string{"returned error: 30"}, "%s redirects to another URL, which is not followed, because credentials are for one host: give the repository's own URL (often with .git at its end)"},
	{[]string{"unable to update url base from redirection"}, "%s redirects to another URL, which is not followed, because credentials are for one host: give the repository's own URL (often with .git at its end)"},
	{[]string{"returned error: 5"}, "%s is out of order (the server's own error); it is asked again"},
	{[]string{"could not resolve host"}, "%s: its host has no address; check the name, and the network of this machine"},
	{[]string{"failed to connect"}, "%s cannot be reached: nothing answers there"},
	{[]string{"couldn't connect"}, "%s cannot be reached: nothing answers there"},
	{[]string{"connection refused"}, "%s cannot be reached: the connection is refused"},
	{[]string{"host key verification failed"}, "%s shows a host key that is not in the file of known hosts: add it there if it is right (ssh-keyscan HOST prints it; compare it with what the hosting service publishes), and stop if it has changed"},
	{[]string{"permission denied (publickey"}, "%s refuses the ssh key: add its public half to the repository as a deploy key (read-only is enough)"},
	{[]string{"certificate"}, "%s cannot prove who it is (TLS): give the authority's certificate with --git-ca-file if it is one of your own"},
	{[]string{"operation too slow"}, "%s answers too slowly; it is asked again"},
	{[]string{"attempting to allocate"}, "%s sends an object, or a number of them, that is beyond the limits of a source (128 MiB for one object)"},
	{[]string{"not valid: is this a git repository"}, "%s is no git repository: its server answers with something else"},
	{[]string{"dumb http transport"}, "%s is served as plain files (the 'dumb' protocol), which cannot be limited to one commit: serve it by git http-backend"},
}

// plain is what git said, for people: one sentence, no control characters, and no
// secret, because a server may send back what it was told. known says that it is
// about the server or the way to it.
func (g *Git) plain(said string) (words string, known bool) {
	said = g.redact(said)
	low := strings.ToLower(said)
	for _, s := range sayings {
		if containsAll(low, s.has) {
			return fmt.Sprintf(s.said, g.url), true
		}
	}
	var out []string
	for line := range strings.SplitSeq(said, "\n") {
		line = strings.TrimSpace(strings.Map(printable, line))
		for _, prefix := range []string{"fatal: ", "error: "} {
			line = strings.TrimPrefix(line, prefix)
		}
		if line == "" || strings.HasPrefix(line, "warning:") || strings.HasPrefix(line, "hint:") {
			continue
		}
		out = append(out, line)
	}
	text := strings.Join(out, "; ")
	const most = 400
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	if text == "" {
		return "", false
	}
	return fmt.Sprintf("%s: %s", g.url, text), strings.HasPrefix(text, "remote error:")
}

func containsAll(s string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(s, w) {
			return false
		}
	}
	return true
}

func printable(r rune) rune {
	if unprintable(r) {
		return ' '
	}
	return r
}

// redact takes every form of the credentials out of a text.
func (g *Git) redact(s string) string {
	for _, secret := range g.secrets {
		if len(secret) > 3 {
			s = strings.ReplaceAll(s, secret, "***")
		}
	}
	return s
}
