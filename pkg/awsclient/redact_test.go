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
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(parts, 1, 8).Draw(t, "parts"), "")
		want := secrets.ReplaceAllString(urlUser.ReplaceAllString(text, "${1}***@"), "${1}***")
		if got := redact(text); got != want {
			t.Fatalf("%q becomes %q, want %q", text, got, want)
		}
		if want != text {
			hits++
		}
	})
	if hits == 0 {
		t.Error("nothing drawn was a secret")
	}
}
