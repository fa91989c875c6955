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

// TestSecretArguments: a secret that follows a flag is masked like a variable's.
func TestSecretArguments(t *testing.T) {
	for _, c := range []struct {
		command []any
		hidden  int // index of what must not be shown, -1 for none
	}{
		{[]any{"serve", "--token", "X1"}, 2},
		{[]any{"curl", "-u", "a:X1"}, 2},
		{[]any{"sh", "-c", "curl -u a:X1 http://x"}, 2},
		{[]any{"sh", "-c", "serve --token X1234"}, 2},
		{[]any{"serve", "--token", "$(TOKEN)"}, -1},
		{[]any{"serve", "--port", "8080"}, -1},
		{[]any{"run", "-u", "1000"}, -1},
		{[]any{"sh", "-c", "serve --token $TOKEN"}, -1},
	} {
		out := Redact(map[string]any{"command": c.command}).(map[string]any)["command"].([]any)
		for i := range out {
			if hid := out[i] != c.command[i]; hid != (i == c.hidden) {
				t.Errorf("%v: [%d] is shown as %v", c.command, i, out[i])
			}
		}
	}
}
