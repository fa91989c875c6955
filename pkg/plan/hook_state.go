package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// HookState is what the tag of a task definition revision says of one hook: how
// far its task is, for which content. ECS forgets a stopped task within an hour
// and a client token within a day; the tag stays.
type HookState struct {
	Hash  string
	Phase HookPhase
	Task  string // the task's id, "" before there is one
	At    string // since when the phase lasts; of a task that runs, since when it does. RFC 3339
	// Again tells one try from the one before, which a person asked to repeat: ECS
	// answers the same client token with the task of the former.
	Again string
	Exit  string // exit code of a failed task, "" for none
	Why   string // in words, for a failed one
}

// HookPhase is one word.
type HookPhase string

// The phases, in their order. A hook of which no tag says anything for the content
// has none: it was added to the document after that content was deployed, or the
// revision is not registered yet.
const (
	HookPending   HookPhase = "pending"   // not begun
	HookStarting  HookPhase = "starting"  // asked for; the answer is not known yet
	HookStarted   HookPhase = "started"   // the task is there
	HookSucceeded HookPhase = "succeeded" // exit code 0
	HookFailed    HookPhase = "failed"
)

// TokenLife is for how long after the first try a hook's task may be asked for
// once more: well within the day for which ECS remembers a client token.
const TokenLife = 20 * time.Hour

// Tag is the value of the tag; it keeps to AWS' tag alphabet and length.
func (h HookState) Tag() string {
	s := h.Hash + " " + string(h.Phase)
	for _, w := range [][2]string{{"task", h.Task}, {"at", h.At}, {"again", h.Again}, {"exit", h.Exit}, {"why", h.Why}} {
		if w[1] != "" {
			s += " " + w[0] + "=" + w[1]
		}
	}
	return resource.TagText(s)
}

// ParseHook reads the tag; false for an empty one.
func ParseHook(tag string) (HookState, bool) {
	head, why, _ := strings.Cut(tag, " why=")
	words := strings.Fields(head)
	if len(words) < 2 {
		return HookState{}, false
	}
	h := HookState{Hash: words[0], Phase: HookPhase(words[1]), Why: why}
	for _, w := range words[2:] {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case "task":
			h.Task = value
		case "at":
			h.At = value
		case "again":
			h.Again = value
		case "exit":
			h.Exit = value
		}
	}
	return h, true
}

// HookTag is the key under which a revision tells of a unit's hook. A revision
// that belongs to another unit (two documents may share a family) keeps both apart.
func HookTag(u *resource.Unit, revision resource.Live, name string) string {
	key := resource.TagHook + name
	if of := revision.Tags[resource.TagUnit]; of != "" && of != u.Key.TagValue() {
		sum := sha256.Sum256([]byte(u.Key.TagValue()))
		key += "-" + hex.EncodeToString(sum[:4])
	}
	return key
}

// HookOf is how a unit's hook stands for the content that the unit has now.
func HookOf(u *resource.Unit, revision resource.Live, name string) (HookState, bool) {
	if revision.Presence != resource.Present {
		return HookState{}, false
	}
	h, ok := ParseHook(revision.Tags[HookTag(u, revision, name)])
	return h, ok && u.Carries(h.Hash)
}

// PendingHooks are the tags with which a revision is registered: a crash between
// the registration and the first hook does not make it look as if the hooks had
// been added later.
func PendingHooks(u *resource.Unit) map[string]string {
	out := map[string]string{}
	for _, h := range u.Hooks {
		out[resource.TagHook+h.Name] = HookState{Hash: u.ContentHash, Phase: HookPending}.Tag()
	}
	return out
}

// Token makes the start of a hook's task idempotent: the same for the same content
// on the same revision, whoever asks and however often.
func (h HookState) Token(u *resource.Unit, revision, name string) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{u.Key.String(), u.ContentHash, name, revision, h.Again}, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// Retried is the state with which a failed hook begins anew.
func (h HookState) Retried(now string) HookState {
	again := h.Task
	if again == "" {
		again = now
	}
	sum := sha256.Sum256([]byte(h.Again + again))
	return HookState{Hash: h.Hash, Phase: HookPending, Again: hex.EncodeToString(sum[:4])}
}

// Failure says in words how the hook failed.
func (h HookState) Failure() string {
	why := h.Why
	if why == "" {
		why = "it failed"
	}
	if h.Exit != "" && !strings.Contains(why, "exit "+h.Exit) {
		why += fmt.Sprintf(", exit %s", h.Exit)
	}
	if h.Task != "" {
		why += fmt.Sprintf(" (task %s)", h.Task)
	}
	return why
}
