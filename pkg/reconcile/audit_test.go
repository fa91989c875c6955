package reconcile

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	trail "github.com/ecs-operator/ecs-operator/pkg/audit"
	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// TestAuditJoins: exactly one record for each attempt to change something, joined
// with what the embedded AWS saw: by request id where there was an answer, by count
// where it was lost (promise P25, invariant I10); and the records say where from.
func TestAuditJoins(t *testing.T) {
	faults := map[string]sandbox.FaultFunc{
		"calm":                    nil,
		"lost answers":            onceEach(sandbox.Fault{Drop: true, AfterEffect: true}),
		"lost calls":              onceEach(sandbox.Fault{Drop: true}),
		"throttled":               onceEach(sandbox.Fault{Code: "ThrottlingException", Message: "Rate exceeded"}),
		"broken after the effect": onceEach(sandbox.Fault{Code: "ServerException", Message: "internal", Status: 500, AfterEffect: true}),
	}
	for _, name := range slices.Sorted(maps.Keys(faults)) {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				var out bytes.Buffer
				e := w.audited(&out)
				w.files.put("web.yaml", web)
				w.spoil(faults[name])
				w.wait(e)
				w.wait(e)
				w.files.put("web.yaml", strings.Replace(strings.Replace(web, "nginx:1.29", "nginx:1.30", 1), "threshold: 5", "threshold: 6", 1))
				w.wait(e)
				records := w.joined(out.String())
				outcomes := map[string]int{}
				for _, r := range records {
					outcomes[r.Outcome]++
					if r.Revision == "" || r.Service != "web" || r.Cluster != "default" || !strings.HasPrefix(r.Source, "web.yaml:") ||
						r.Resource == "" || r.Action == "" || r.PlanHash == "" || r.Command != "apply" || r.Owner == "" {
						t.Errorf("a record lacks where from: %+v", r)
					}
				}
				want := map[string]string{"calm": trail.OK, "lost answers": trail.Unknown, "lost calls": trail.Unknown, "throttled": "throttled", "broken after the effect": trail.Unknown}[name]
				if outcomes[want] == 0 || outcomes[trail.OK] < 2 {
					t.Errorf("outcomes %v", outcomes)
				}
			})
		})
	}
}

// onceEach spoils the first call of every operation that writes.
func onceEach(f sandbox.Fault) sandbox.FaultFunc {
	return func(_ context.Context, c sandbox.Call) *sandbox.Fault {
		if c.Write && c.Nth == 1 {
			return &f
		}
		return nil
	}
}

// audited is an engine whose clients keep an audit.
func (w *world) audited(out *bytes.Buffer) *Engine {
	w.t.Helper()
	l := trail.To(out)
	pool, err := awsclient.New(w.t.Context(), awsclient.Options{
		HTTPClient: &http.Client{Transport: w.sandbox.Transport()}, Endpoint: "http://sandbox.invalid",
		Targets: map[string]awsclient.Target{resource.DefaultTarget: {Region: sandbox.Region}},
		Static:  true, AccessKey: operatorKey, Unlimited: true, UserAgent: "ecs-operator/1.2.3",
		OnCall: func(c awsclient.Call) {
			c.Origin.Command = "apply"
			if r, ok := trail.Of(c); ok {
				if err := l.Add(r); err != nil {
					w.t.Error(err)
				}
			}
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	var e *Engine
	e = New(Options{Kinds: kinds.All(pool), Rollouts: kinds.NewRollouts(pool), Sections: kinds.Sections(), Source: w.files,
		Lint: w.learn(&e), Poll: w.pace, AbsenceGrace: 2e9, Metrics: &w.counts})
	return e
}

// joined pairs the records with the journal's writes.
func (w *world) joined(text string) []trail.Record {
	w.t.Helper()
	var records []trail.Record
	byID, lost := map[string]trail.Record{}, map[string]int{}
	for line := range strings.Lines(text) {
		var r trail.Record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			w.t.Fatal(err)
		}
		records = append(records, r)
		if _, twice := byID[r.RequestID]; twice && r.RequestID != "" {
			w.t.Errorf("two records of one request: %+v", r)
		}
		if byID[r.RequestID] = r; r.RequestID == "" {
			lost[r.Operation]++
		}
	}
	writes := 0
	for _, entry := range w.sandbox.Writes() {
		if entry.AccessKey != operatorKey {
			continue
		}
		writes++
		operation := strings.Replace(entry.Service, "monitoring", "cloudwatch", 1) + ":" + entry.Operation
		r, answered := byID[entry.RequestID]
		switch {
		case answered && r.Operation != operation:
			w.t.Errorf("%s of the journal is %s in the audit", operation, r.Operation)
		case answered && (r.Outcome == trail.OK) != (entry.Error == ""):
			if r.Outcome != trail.Unknown { // its effect was had, and an error answered
				w.t.Errorf("%s ended with %q, and the audit says %s", operation, entry.Error, r.Outcome)
			}
		case !answered:
			if lost[operation]--; lost[operation] < 0 {
				w.t.Errorf("no record of %s %s", operation, entry.Subject)
			}
		}
		if agent := entry.UserAgent; !strings.Contains(agent, " ecs-operator/1.2.3") || !strings.Contains(agent, " rev/mem-") {
			w.t.Errorf("%s came from %q", operation, agent)
		}
	}
	if writes != len(records) || writes == 0 {
		w.t.Errorf("%d writes, %d records:\n%s", writes, len(records), fmt.Sprint(text))
	}
	return records
}
