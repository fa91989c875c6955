package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
)

// waitingReport is `approve NAME -o json` without --plan and --deletes.
type waitingReport struct {
	serviceFrame
	Waiting []waitingJSON `json:"waiting"` // as it was found
	// Approved is the stage that this command continued, "" for none.
	Approved string `json:"approved,omitempty"`
}

// waitingJSON is one thing that waits for a person.
type waitingJSON struct {
	Kind      string `json:"kind"` // stage or plan
	Stage     string `json:"stage,omitempty"`
	Plan      string `json:"plan,omitempty"`
	Brings    string `json:"brings,omitempty"` // task definition revision
	ExpiresAt string `json:"expiresAt,omitempty"`
	OnTimeout string `json:"onTimeout,omitempty"`
	Why       string `json:"why,omitempty"`
	Command   string `json:"command"`
}

// runApproveStage prints what of a service waits, and continues the stage that is
// named, or that alone waits.
func runApproveStage(ctx context.Context, c *console, g *globalOptions, o *approveOptions, name string) error {
	s := serviceOptions{pathOptions: o.pathOptions, outputOptions: o.outputOptions, cluster: o.cluster, target: o.target}
	return s.on(ctx, c, g, name, job{form: o.formOptions, prune: o.pruneOptions}, func(n *named, _ string) error {
		w, err := n.m.WaitsFor(ctx, n.unit)
		if err != nil {
			return err
		}
		waiting, stage := waitingOf(w, n, o), o.stage
		if stage == "" && w.Plan == "" {
			stage = w.Stage
		}
		approved := ""
		if stage != "" {
			d, err := n.m.ApproveStage(ctx, n.unit, stage)
			if err != nil {
				return err
			}
			approved = d.LifecycleStage
		}
		if o.json() {
			return writeJSON(c.out, waitingReport{serviceFrame: n.frame(ctx, "approve-stage"),
				Waiting: waiting, Approved: approved})
		}
		if approved != "" {
			_, _ = fmt.Fprintf(c.out, "%s: approved%s: the deployment of %s goes on from %s\n", n.unit.Key, n.m.inSandbox(), plan.RevisionName(w.Deployment.TaskDefinition), approved)
			return nil
		}
		if len(waiting) == 0 {
			_, _ = fmt.Fprintf(c.out, "%s: nothing waits for an approval%s\n", n.unit.Key, n.m.inSandbox())
		}
		for _, x := range waiting {
			_, _ = fmt.Fprintf(c.out, "%s: %s\n    %s\n", n.unit.Key, x.sentence(), x.Command)
		}
		return nil
	})
}

func (x waitingJSON) sentence() string {
	if x.Kind == "plan" {
		return fmt.Sprintf("the plan %s waits (look at it with diff): %s", x.Plan, oneLine(x.Why))
	}
	text := fmt.Sprintf("the deployment of %s waits at the stage %s", x.Brings, x.Stage)
	if x.ExpiresAt != "" {
		text += fmt.Sprintf(", until %s and then %s", x.ExpiresAt, x.OnTimeout)
	}
	return text
}

// waitingOf lists what waits with the commands for it.
func waitingOf(w reconcile.Waits, n *named, o *approveOptions) []waitingJSON {
	out := []waitingJSON{}
	where := n.m.origin.flags()
	if o.cluster != "" {
		where = "--cluster " + o.cluster
	}
	if w.Stage != "" {
		out = append(out, waitingJSON{Kind: "stage", Stage: w.Stage, Brings: plan.RevisionName(w.Deployment.TaskDefinition),
			ExpiresAt: w.Hook.Until, OnTimeout: w.Hook.Then,
			Command: fmt.Sprintf("ecs-operator approve %s --stage %s %s", n.unit.Key.Name, w.Stage, where)})
	}
	if w.Plan != "" {
		out = append(out, waitingJSON{Kind: "plan", Plan: w.Plan, Why: w.Reason,
			Command: fmt.Sprintf("ecs-operator approve %s --plan %s %s", n.unit.Key.Name, w.Plan, where)})
	}
	return out
}

// completeStage offers what --stage takes.
func completeStage(cmd *cobra.Command) {
	_ = cmd.RegisterFlagCompletionFunc("stage", offer(reconcile.Stages(), cobra.ShellCompDirectiveNoFileComp)) // it fails for a flag that is not there
}
