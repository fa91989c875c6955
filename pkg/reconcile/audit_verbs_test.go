package reconcile

import (
	"bytes"
	"context"
	"strings"
	"testing"

	trail "github.com/ecs-operator/ecs-operator/pkg/audit"
	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// TestAuditOfVerbs: what a person does by a verb has its document's place, the ARN that
// is written, and, where it is a plan, that plan's hash.
func TestAuditOfVerbs(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		var out bytes.Buffer
		e := w.audited(&out)
		for _, image := range []string{"nginx:1.29", "nginx:1.30"} {
			w.files.put("web.yaml", hello("web", image))
			w.wait(e)
		}
		done := len(w.joined(out.String()))
		verbs := []struct {
			name, action string
			planned      bool
			do           func(context.Context, *resource.Unit) error
		}{
			{"suspend", "suspend", false, func(ctx context.Context, u *resource.Unit) error {
				_, err := e.Suspend(ctx, u, plan.Suspension{By: "anna", Reason: "load test"})
				return err
			}},
			{"resume", "resume", false, func(ctx context.Context, u *resource.Unit) error { _, err := e.Resume(ctx, u); return err }},
			{"restart", "update", true, func(ctx context.Context, u *resource.Unit) error { _, err := e.Restart(ctx, u); return err }},
			{"scale", "update", true, func(ctx context.Context, u *resource.Unit) error { _, err := e.Scale(ctx, u, 3); return err }},
			{"rollback", "update", true, func(ctx context.Context, u *resource.Unit) error {
				_, err := e.Rollback(ctx, u, "", "anna")
				return err
			}},
		}
		for _, v := range verbs {
			w.ok(v.do(t.Context(), w.load(e).Units[0]))
			records := w.joined(out.String())[done:]
			done += len(records)
			seen := false
			for _, r := range records {
				seen = seen || r.Action == v.action
				if !strings.HasPrefix(r.Source, "web.yaml:") || !strings.HasSuffix(r.ARN, ":service/default/web") || r.Resource != "service" || r.Outcome != trail.OK ||
					r.Revision == "" || v.planned && r.Action == "update" && r.PlanHash == "" {
					t.Errorf("%s lacks what it is about: %+v", v.name, r)
				}
			}
			if !seen {
				t.Errorf("%s has no record %s among %d", v.name, v.action, len(records))
			}
			w.wait(e) // for the deployment of a restart
			done = len(w.joined(out.String()))
		}
	})
}
