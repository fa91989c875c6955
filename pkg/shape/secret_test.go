package shape

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestSecretValueLooksOnlyWhereItMust: the quick look before the expression is false
// for nothing that the expression matches.
func TestSecretValueLooksOnlyWhereItMust(t *testing.T) {
	parts := rapid.SampledFrom([]string{"AKIA", "ASIA", "0123456789ABCDEF", "-----BEGIN ", "RSA PRIVATE KEY", "://", "u", ":", "@", "eyJabcdefgh", ".", "ghp_", strings.Repeat("a", 30),
		"xoxb-0123456789", "hooks.slack.com/services/", "Password", "passwd", "PWD", "ſecret", "tokeN", "to\u212Aen", "API", "_key", "=", "\"", " ", "xyz", "Bearer", "-u", "--user", "--token", "'", "\n", "é"})
	hits := 0
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(parts, 1, 6).Draw(t, "parts"), "")
		if got, want := SecretValue(text), secretValue.MatchString(text); got != want {
			t.Fatalf("%q: %v, the expression says %v", text, got, want)
		} else if got {
			hits++
		}
	})
	if hits == 0 {
		t.Error("nothing drawn was a secret")
	}
}
