package spec

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// Names are what AWS and the pages say, to the last character.
func TestNames(t *testing.T) {
	var texts []string
	for _, c := range []string{"", "a", "Z", "0", "-", "_", ".", "/", "@", "[", "`", "{", ":", " ", "\n", "\x00", "ä", "\xff"} {
		texts = append(texts, c, c+"a", "a"+c, "a"+c+"a")
	}
	for _, n := range []int{62, 63, 64, 65, 254, 255, 256} {
		texts = append(texts, strings.Repeat("a", n), "-"+strings.Repeat("a", n-1))
	}
	for form, is := range map[string]func(string) bool{
		`^[A-Za-z0-9_-]{1,255}$`:         isAWSName,
		`^[A-Za-z0-9_-]{1,64}$`:          isLocalName,
		`^[A-Za-z_][A-Za-z0-9_-]{0,63}$`: isVariable,
		`^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$`: func(s string) bool {
			_, problems := ParseTargets(File{Path: "targets.yaml", Data: []byte("targets: {\"" + s + "\": {account: \"111122223333\", region: eu-west-1}}\n")})
			return len(problems) == 0
		},
	} {
		want := regexp.MustCompile(form)
		for _, s := range texts {
			if strings.Contains(form, ".") && (strings.ContainsAny(s, "\n\x00") || !utf8.ValidString(s)) { // no YAML
				continue
			}
			if got := is(s); got != want.MatchString(s) {
				t.Errorf("%s: %q is one: %t", form, s, got)
			}
		}
	}
}
