package lint

import (
	"regexp"
	"strings"
	"testing"
)

// A port's name is what AWS says, to the last character.
func TestPortName(t *testing.T) {
	want := regexp.MustCompile(`^[a-z0-9_][a-z0-9_-]{0,63}$`)
	for _, s := range []string{"", "a", "0", "_", "-", "-a", "a-", "A", "aA", "a.b", "ä", "ſ", "K", "a\n", strings.Repeat("a", 64), strings.Repeat("a", 65)} {
		if got := isPortName(s); got != want.MatchString(s) {
			t.Errorf("%q is one: %t", s, got)
		}
	}
}
