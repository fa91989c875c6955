package plan

import (
	"strings"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// Quarantine says which content failed where.
type Quarantine struct {
	Hash           string `json:"hash"`
	TaskDefinition string `json:"taskDefinition"` // family:revision
	Deployment     string `json:"deployment"`     // the deployment's id
	Cause          string `json:"cause"`          // one word
	// Lifted: a person asked to try again. The content may be deployed, and the
	// named deployment and all before it count no longer.
	Lifted bool `json:"lifted,omitempty"`
	// Hooks names those that failed with the content, where `retry` lets them begin
	// anew; they are no part of the tag.
	Hooks string `json:"hooks,omitempty"`
	// Newest: no deployment of the service is younger, so that nothing was written
	// since; it is no part of the tag.
	Newest bool `json:"-"`
}

// liftedWord ends the tag of a quarantine that was lifted. The tag stays, because
// ECS' history still shows the failed deployment and would bring it back.
const liftedWord = "lifted"

// Tag is the value of the quarantine tag; it keeps to AWS' tag alphabet.
func (q Quarantine) Tag() string {
	s := q.Hash + " td=" + q.TaskDefinition + " deployment=" + q.Deployment + " cause=" + q.Cause
	if q.Lifted {
		s += " " + liftedWord
	}
	return s
}

// ParseQuarantine reads the quarantine tag; false for an empty one.
func ParseQuarantine(tag string) (Quarantine, bool) {
	words := strings.Fields(tag)
	if len(words) == 0 {
		return Quarantine{}, false
	}
	q := Quarantine{Hash: words[0]}
	for _, w := range words[1:] {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case "td":
			q.TaskDefinition = value
		case "deployment":
			q.Deployment = value
		case "cause":
			q.Cause = value
		case liftedWord:
			q.Lifted = true
		}
	}
	return q, true
}

// Lift is what `retry` makes of a quarantine tag: the tag is kept and marked, it
// is not removed. "" for a tag that says nothing.
func Lift(tag string) string {
	q, ok := ParseQuarantine(tag)
	if !ok {
		return ""
	}
	q.Lifted = true
	return q.Tag()
}

// DeploymentID is the last part of a service deployment's ARN, as the
// quarantine tag names it; ids of the older kind ("ecs-svc/123") lose their prefix.
func DeploymentID(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// RevisionName is family:revision of a task definition's ARN.
func RevisionName(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// Suspension is the break-glass of a service.
type Suspension struct {
	Until  time.Time // zero: until somebody resumes
	By     string
	Reason string
}

// ParseSuspension reads the suspend tag: "until=<RFC3339> by=… reason=…", each
// part optional, the reason to the end. A tag that cannot be understood
// suspends for good: somebody meant to stop us. It is false for an empty tag
// and for a suspension that ended before now.
func ParseSuspension(tag, now string) (Suspension, bool) {
	tag = strings.TrimSpace(tag)
	if tag == "" {
		return Suspension{}, false
	}
	var s Suspension
	head, reason, _ := strings.Cut(tag, "reason=")
	s.Reason = strings.TrimSpace(reason)
	for w := range strings.FieldsSeq(head) {
		if by, ok := strings.CutPrefix(w, "by="); ok {
			s.By = by
		}
		if until, ok := strings.CutPrefix(w, "until="); ok {
			s.Until, _ = time.Parse(time.RFC3339, until)
		}
	}
	at, err := time.Parse(time.RFC3339, now)
	return s, s.Until.IsZero() || err != nil || at.Before(s.Until)
}

// Tag is the value of the suspend tag. It keeps to AWS' tag alphabet and length
// (resource.TagText), so that of the reason what does not fit is left out.
func (s Suspension) Tag() string {
	var parts []string
	if !s.Until.IsZero() {
		parts = append(parts, "until="+s.Until.UTC().Format(time.RFC3339))
	}
	if by := strings.ReplaceAll(resource.TagText(s.By), " ", "_"); by != "" {
		parts = append(parts, "by="+by)
	}
	if reason := resource.TagText(s.Reason); reason != "" {
		parts = append(parts, "reason="+reason)
	}
	if len(parts) == 0 {
		return "until=resumed" // not a time: until somebody resumes
	}
	return strings.TrimSpace(resource.TagText(strings.Join(parts, " ")))
}

// String says it in a sentence's middle: "until … by … (reason)".
func (s Suspension) String() string {
	out := "until it is resumed"
	if !s.Until.IsZero() {
		out = "until " + s.Until.UTC().Format(time.RFC3339)
	}
	if s.By != "" {
		out += " by " + s.By
	}
	if s.Reason != "" {
		out += " (" + s.Reason + ")"
	}
	return out
}
