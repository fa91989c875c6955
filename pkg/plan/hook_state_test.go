package plan_test

import (
	"strings"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// What the tag says is read back as it was, within AWS' alphabet and length.
func TestHookTag(t *testing.T) {
	for _, h := range []plan.HookState{
		{Hash: "1-aa", Phase: plan.HookPending},
		{Hash: "1-aa", Phase: plan.HookPending, Again: "0badcafe"},
		{Hash: "1-aa", Phase: plan.HookStarting, At: "2026-11-27T10:00:00Z"},
		{Hash: "1-aa", Phase: plan.HookStarted, Task: "0123", At: "2026-11-27T10:00:00Z"},
		{Hash: "1-aa", Phase: plan.HookFailed, Task: "0123", Exit: "3", Why: "task stopped: exit 3 in container web"},
	} {
		got, ok := plan.ParseHook(h.Tag())
		if !ok || got != h {
			t.Errorf("%q reads as %+v, want %+v", h.Tag(), got, h)
		}
	}
	long := plan.HookState{Hash: "1-aa", Phase: plan.HookFailed, Task: "0123", Why: strings.Repeat("wörds (and, more) ", 40)}
	if tag := long.Tag(); len([]rune(tag)) > resource.MaxTagValue || strings.ContainsAny(tag, "(,)") {
		t.Errorf("%d characters: %s", len([]rune(tag)), tag)
	}
	for _, tag := range []string{"", "1-aa"} {
		if h, ok := plan.ParseHook(tag); ok {
			t.Errorf("%q reads as %+v", tag, h)
		}
	}
}

// The token is that of one try of one hook of one content.
func TestHookToken(t *testing.T) {
	u := &resource.Unit{Key: resource.UnitKey{Cluster: "c", Name: "n"}, ContentHash: "1-aa"}
	first := plan.HookState{Hash: "1-aa", Phase: plan.HookFailed, Task: "0123"}
	again := first.Retried("2026-11-27T10:00:00Z")
	other := &resource.Unit{Key: u.Key, ContentHash: "1-bb"}
	seen := map[string]bool{}
	for _, token := range []string{first.Token(u, "arn:1", "a"), again.Token(u, "arn:1", "a"), first.Token(u, "arn:1", "b"),
		first.Token(u, "arn:2", "a"), first.Token(other, "arn:1", "a"), again.Retried("2026-11-27T11:00:00Z").Token(u, "arn:1", "a")} {
		if seen[token] || len(token) > 64 { // RunTaskInput.ClientToken: up to 64 characters
			t.Errorf("the token %s stands for two", token)
		}
		seen[token] = true
	}
	if first.Token(u, "arn:1", "a") != (plan.HookState{Hash: "1-aa", Phase: plan.HookStarting}).Token(u, "arn:1", "a") {
		t.Error("the phase moves the token")
	}
}

// A revision that belongs to another unit keeps the outcomes of both apart.
func TestHookTagOfASharedFamily(t *testing.T) {
	u := &resource.Unit{Key: resource.UnitKey{Cluster: "c", Name: "n"}}
	own := resource.Live{Tags: map[string]string{resource.TagUnit: "c/n"}}
	shared := resource.Live{Tags: map[string]string{resource.TagUnit: "c/other"}}
	if got := plan.HookTag(u, own, "a"); got != resource.TagPrefix+"hook-a" {
		t.Error(got)
	}
	if got := plan.HookTag(u, shared, "a"); got == plan.HookTag(u, own, "a") || !strings.HasPrefix(got, resource.TagPrefix+"hook-a-") {
		t.Error(got)
	}
}
