package diff

import "testing"

// What says that it is a credential is one, wherever it stands in a text.
func TestCredentialsInsideTexts(t *testing.T) {
	for _, hidden := range []string{
		`{"password":"hunter2"}`, "user=x;Password=hunter2;", "api_key: hunter2", "https://h/?token=hunter2", "--password=hunter2",
		"Authorization: Bearer hunter2", "https://hooks.slack.com/services/T0/B0/x",
	} {
		if got, hid := (&Rules{}).redact("environment[NOTE].value", hidden); !hid || got == hidden {
			t.Errorf("shown: %q", got)
		}
	}
	for _, shown := range []string{"arn:aws:ssm:eu-west-1:1:parameter/db/password", "--token-file=/run/t", "$(env.token)", "password reset service", "nginx:1.29", "passthrough=on"} {
		if got, hid := (&Rules{}).redact("environment[NOTE].value", shown); hid {
			t.Errorf("hidden: %q as %v", shown, got)
		}
	}
}
