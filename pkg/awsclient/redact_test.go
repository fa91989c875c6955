package awsclient

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestRedactLooksOnlyWhereItMust: the quick look before the expressions passes over
// nothing that they take out.
func TestRedactLooksOnlyWhereItMust(t *testing.T) {
	parts := rapid.SampledFrom([]string{"https://", "u:p", "@", "X-Amz-Security-Token", "x-amz-signature", "x-amz-credential", "AWS_SECRET_ACCESS_KEY", "aws_session_to\u212Aen", "external_id",
		"ExternalId", "SecretAccessKey", "SessionToken", "Authorization", "ſignature", "password", "token", "=", ":", "\"", " ", "abc", ",", ";", "é"})
	hits := 0
	check := func(t interface{ Fatalf(string, ...any) }, text string) {
		want := secrets.ReplaceAllString(urlUser.ReplaceAllString(text, "${1}***@"), "${1}***")
		if got := redact(text); got != want {
			t.Fatalf("%q becomes %q, want %q", text, got, want)
		}
		if want != text {
			hits++
		}
	}
	for i, text := range []string{"https://u:p@abc", "password=abc", "SecretAccessKey: \"abc\""} { // a few draws may have none
		if check(t, text); hits != i+1 {
			t.Errorf("%q is no secret", text)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		check(t, strings.Join(rapid.SliceOfN(parts, 1, 8).Draw(t, "parts"), ""))
	})
}
