package shape

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// Names whose values are secrets, as variables, map keys and parameters have them.
var secretName = regexp.MustCompile(`(?i)pass(wd|word|phrase)|secret|token|credential|private|(api|access|encryption|signing|master)_?key|(^|[_.-])(key|pwd|pass|dsn|auth)([_.-]|$)|connection_?string`)

// Values that are credentials whatever they are called.
var secretValue = regexp.MustCompile(`\b(AKIA|ASIA)[0-9A-Z]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY|://[^/\s:@]*:[^/\s@]+@|\beyJ[\w-]{8,}\.eyJ[\w-]+|\bgh[pousr]_[A-Za-z0-9]{30,}|\bxox[abprs]-[A-Za-z0-9-]{10,}|hooks\.slack\.com/services/\S|(?i:\b(pass(word|wd)?|pwd|secret|token|api[_-]?key)["']?\s*[:=]\s*["']?[^\s"',;&}$]{3,})|(?i:\bbearer\s+\S{3,})|(?:^|\s)(?:-u|--user)[\s=]+[^\s:$]+:[^\s$]+|(?i:\s--?(pass(word|wd)?|pwd|secret|token|api[_-]?key)\s+["']?[^\s"'$-][^\s"']{2,})`)

// SecretName reports whether what is called so holds a secret: an environment
// variable, an entry of a map, a parameter.
func SecretName(name string) bool { return secretName.MatchString(name) }

// SecretValue reports whether a text is a credential, or carries one, by its looks.
func SecretValue(text string) bool { return mayBeSecret(text) && secretValue.MatchString(text) }

// Every alternative of secretValue holds one of these, and nearly no other text
// does: the search costs a fraction of the expression's.
var (
	secretMarks = []string{"AKIA", "ASIA", "-----BEGIN", "://", "eyJ", "gh", "xox", "-u", "hooks.slack.com"} // -u is in --user
	secretWords = []string{"pass", "pwd", "secret", "token", "api", "bearer"}                                // in any case
)

// mayBeSecret is false for nothing that secretValue matches.
func mayBeSecret(text string) bool {
	if len(text) < len("-u a:b") {
		return false
	}
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf { // the expression folds a few letters beyond ASCII
			return true
		}
	}
	for _, mark := range secretMarks {
		if strings.Contains(text, mark) {
			return true
		}
	}
	text = strings.ToLower(text)
	for _, word := range secretWords {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}
