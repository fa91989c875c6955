package shape

import "strings"

// IsName reports whether a text is a name of at most so many ASCII letters, digits and marks.
// The regular expression of it would be compiled to one step for each of the characters that
// it allows, which are 255 often: 60 KB, for as long as the process lives.
func IsName(s string, most int, marks string) bool {
	if s == "" || len(s) > most {
		return false
	}
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case strings.IndexByte(marks, c) < 0:
			return false
		}
	}
	return true
}
