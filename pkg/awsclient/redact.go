package awsclient

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// What must never stand in a message: the password of a URL, and session
// tokens, keys and signatures that an error text quotes.
var (
	urlUser = regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://)[^/\s@"']+@`)
	secrets = regexp.MustCompile(`(?i)((?:x-amz-security-token|x-amz-signature|x-amz-credential|aws_secret_access_key|` +
		`aws_session_token|external_?id|secretaccesskey|sessiontoken|authorization|signature|password|token)["']?\s*[=:]\s*["']?)[^\s&"',;]+`)
)

// redact takes secrets out of a text.
func redact(s string) string {
	if !mayHoldSecrets(s) {
		return s
	}
	return secrets.ReplaceAllString(urlUser.ReplaceAllString(s, "${1}***@"), "${1}***")
}

// Every name in the expression of secrets holds one of these.
var secretWords = []string{"token", "signature", "x-amz-credential", "aws_secret_access_key", "external", "secretaccesskey", "authorization", "password"}

// mayHoldSecrets is false for most error texts, and for nothing that redact changes:
// the search costs a fraction of the expressions'.
func mayHoldSecrets(s string) bool {
	if strings.Contains(s, "@") {
		return true
	}
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf { // the expressions fold a few letters beyond ASCII
			return true
		}
	}
	s = strings.ToLower(s)
	for _, word := range secretWords {
		if strings.Contains(s, word) {
			return true
		}
	}
	return false
}
