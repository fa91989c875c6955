package plan_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
)

// summary is a plan in a few lines: what tables compare.
func summary(pl plan.Plan) []string {
	out := []string{}
	for _, s := range pl.Steps {
		line := string(s.Action) + " " + s.ID.Local()
		if s.Action != plan.ActionNone {
			line += " (" + string(s.Effect) + ")"
		}
		if s.Blocked != "" {
			line += " blocked " + string(s.Blocked)
		}
		for _, c := range s.Changes {
			if c.Informational {
				line += fmt.Sprintf(" [%s]", c.Path)
			} else {
				line += " " + strings.ReplaceAll(c.Path, "ecs-operator:", ":")
			}
		}
		out = append(out, line)
	}
	if pl.Quarantine != nil {
		out = append(out, "quarantine "+pl.Quarantine.Deployment+" "+pl.Quarantine.Cause)
	}
	return out
}

func expect(t *testing.T, pl plan.Plan, want ...string) {
	t.Helper()
	if d := cmp.Diff(want, summary(pl)); d != "" {
		t.Errorf("plan (-want +got):\n%s", d)
	}
}

func TestHello(t *testing.T) {
	w := newWorld()
	u := desire(helloDoc("nginx:1"))
	pl := plan.Make(w.input(u))
	expect(t, pl,
		"create task-definition (none)",
		"create service (new deployment)")
	w.apply(u, pl)

	pl = plan.Make(w.input(u))
	expect(t, pl, "none task-definition", "none service")
	if !pl.Empty() || pl.NeedsHistory() {
		t.Errorf("a plan over an unchanged world: empty %v, needs history %v", pl.Empty(), pl.NeedsHistory())
	}

	u = desire(helloDoc("nginx:2"))
	pl = plan.Make(w.input(u))
	expect(t, pl,
		"update task-definition (new deployment) containers[web].image",
		"update service (new deployment) taskDefinition tags.:spec-hash")
	if !pl.NeedsHistory() {
		t.Error("a deployment would be started without a look at those before it")
	}
	w.apply(u, pl)
	expect(t, plan.Make(w.input(u)), "none task-definition", "none service")
	if d := cmp.Diff([]string{"create task-definition", "create service", "update task-definition", "update service"}, w.writes); d != "" {
		t.Errorf("writes (-want +got):\n%s", d)
	}
}
