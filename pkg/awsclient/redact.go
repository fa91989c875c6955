package awsclient

import "regexp"

// What must never stand in a message: the password of a URL, and session
// tokens, keys and signatures that an error text quotes.
var (
	urlUser = regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://)[^/\s@"']+@`)
	secrets = regexp.MustCompile(`(?i)((?:x-amz-security-token|x-amz-signature|x-amz-credential|aws_secret_access_key|` +
		`aws_session_token|external_?id|secretaccesskey|sessiontoken|authorization|signature|password|token)["']?\s*[=:]\s*["']?)[^\s&"',;]+`)
)

// redact takes secrets out of a text.
func redact(s string) string {
	return secrets.ReplaceAllString(urlUser.ReplaceAllString(s, "${1}***@"), "${1}***")
}
