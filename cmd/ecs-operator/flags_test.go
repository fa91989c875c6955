package main

import (
	"regexp"
	"strings"
	"testing"
)

// An owner's name is what tags and the names of AWS' things allow, to the last character.
func TestIsOwner(t *testing.T) {
	want := regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$`)
	for _, s := range []string{"", "a", "Z", "0", "_a", ".a", "-a", "a_.-", "a b", "a/b", "ä", "a\n", strings.Repeat("a", 63), strings.Repeat("a", 64)} {
		if got := isOwner(s); got != want.MatchString(s) {
			t.Errorf("%q is one: %t", s, got)
		}
	}
}
