package sweep

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/audit"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// canaries are what nobody may see outside of AWS.
var canaries = []string{canary}

// silence is I9: no canary in what the operators said.
func (x *watcher) silence() {
	x.w.mu.Lock()
	said := map[string][]byte{"the log and the events": bytes.Clone(x.w.told.Bytes()), "the audit": bytes.Clone(x.w.audit.Bytes())}
	events, began := x.w.events, x.w.proc != nil
	x.w.mu.Unlock()
	if began {
		said["the status"] = shown(x.w.services(x.w.proc))
	}
	said["the events"] = shown(events)
	for where, text := range said {
		for _, c := range canaries {
			if i := bytes.Index(text, []byte(c)); i >= 0 {
				x.broken("I9", "%s has a secret: …%s…", where, text[max(0, i-80):min(len(text), i+len(c)+20)])
			}
		}
	}
}

func shown(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Appendf(nil, "%+v", v)
	}
	return raw
}

// trail is I10: each write that reached AWS has one record in the audit, and each record
// is one. They are joined by request id where there was an answer and by count where it
// was lost; a record that could not be written, because its process was killed while the
// call was under way, is missing: one for each kill at most.
func (x *watcher) trail() {
	x.w.mu.Lock()
	text, kills := x.w.audit.String(), x.w.kills
	x.w.mu.Unlock()
	var writes []sandbox.Entry
	for account, aws := range x.w.sandboxes() {
		for _, e := range aws.Writes() {
			e.RequestID = account + e.RequestID
			writes = append(writes, e)
		}
	}
	for _, wrong := range joined(text, writes, kills) {
		x.broken("I10", "%s", wrong)
	}
}

// joined pairs records with the writes of a journal, and says what does not fit.
func joined(text string, journal []sandbox.Entry, kills int) (wrong []string) {
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	byID, lost := map[string]audit.Record{}, map[string]int{}
	for line := range strings.Lines(text) {
		var r audit.Record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			say("a record is no JSON: %v", err)
			continue
		}
		id := r.RequestID
		if r.Target == secondTarget {
			id = secondTarget + "/" + id
		}
		switch _, twice := byID[id]; {
		case r.RequestID == "":
			lost[r.Operation]++
		case twice:
			say("two records of the request %s, %s", r.RequestID, r.Operation)
		default:
			byID[id] = r
		}
	}
	for _, e := range journal {
		if e.AccessKey != operatorKey {
			continue
		}
		operation := strings.Replace(e.Service, "monitoring", "cloudwatch", 1) + ":" + e.Operation
		r, answered := byID[e.RequestID]
		delete(byID, e.RequestID)
		switch {
		case !answered && lost[operation] > 0:
			lost[operation]--
		case !answered && kills > 0:
			kills--
		case !answered:
			say("no record of %s %s", operation, e.Subject)
		case r.Operation != operation:
			say("%s in AWS is %s in the audit", operation, r.Operation)
		case (r.Outcome == audit.OK) != (e.Error == "") && r.Outcome != audit.Unknown:
			say("%s ended with %q, and the audit says %s", operation, e.Error, r.Outcome)
		}
	}
	for _, r := range byID {
		say("a record of %s (%s), which AWS has not seen", r.Operation, r.Outcome)
	}
	for operation, n := range lost {
		if n > 0 {
			say("%d records of %s more than AWS has seen", n, operation)
		}
	}
	return wrong
}
