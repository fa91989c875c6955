package shape

import "regexp"

// Names whose values are secrets, as variables, map keys and parameters have them.
var secretName = regexp.MustCompile(`(?i)pass(wd|word|phrase)|secret|token|credential|private|(api|access|encryption|signing|master)_?key|(^|[_.-])(key|pwd|pass|dsn|auth)([_.-]|$)|connection_?string`)

// Values that are credentials whatever they are called.
var secretValue = regexp.MustCompile(`\b(AKIA|ASIA)[0-9A-Z]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY|://[^/\s:@]*:[^/\s@]+@|\beyJ[\w-]{8,}\.eyJ[\w-]+|\bgh[pousr]_[A-Za-z0-9]{30,}|\bxox[abprs]-[A-Za-z0-9-]{10,}|hooks\.slack\.com/services/\S|(?i:\b(pass(word|wd)?|pwd|secret|token|api[_-]?key)["']?\s*[:=]\s*["']?[^\s"',;&}$]{3,})|(?i:\bbearer\s+\S{3,})|(?:^|\s)(?:-u|--user)[\s=]+[^\s:$]+:[^\s$]+|(?i:\s--?(pass(word|wd)?|pwd|secret|token|api[_-]?key)\s+["']?[^\s"'$-][^\s"']{2,})`)

// SecretName reports whether what is called so holds a secret: an environment
// variable, an entry of a map, a parameter.
func SecretName(name string) bool { return secretName.MatchString(name) }

// SecretValue reports whether a text is a credential, or carries one, by its looks.
func SecretValue(text string) bool { return secretValue.MatchString(text) }
