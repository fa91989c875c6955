package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
)

// abortReport is `abort -o json`.
type abortReport struct {
	serviceFrame
	Deployment     string `json:"deployment"`
	TaskDefinition string `json:"taskDefinition"` // that is taken back
	// Stopped: by this command; false when ECS was rolling it back already.
	Stopped bool `json:"stopped"`
}

func newAbortCommand(c *console, g *globalOptions) *cobra.Command {
	o := &serviceOptions{}
	cmd := &cobra.Command{
		Use:   "abort NAME",
		Short: "Stop the deployment that runs, and have ECS roll it back",
		Long: `abort stops a deployment that is under way (ecs:StopServiceDeployment with
ROLLBACK): ECS goes back to the last revision that succeeded, the traffic with it.
What was being deployed counts as rolled back: it is quarantined, and not deployed
again until the document changes or 'ecs-operator retry' asks for it.

A deployment that is being rolled back already, or was, is left alone, so that abort
may be repeated. For one that has succeeded there is 'ecs-operator rollback'.

NAME is the service's name or cluster/name in the documents; with --cluster it is
the ECS service's name, and no document is needed. A service that is suspended, or
not ours, is refused.

Exit codes: 0 stopped, or being rolled back already; 2 an error, also when no
deployment is running.`,
		Example: `  ecs-operator abort checkout -f services/

  # Stop it, and see it end (exit 5: rolled back)
  ecs-operator abort checkout --cluster main && ecs-operator wait checkout --cluster main`,
		Args: exactlyOneName,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runAbort(cmd.Context(), c, g, o, args[0])
		},
	}
	o.AddFlags(cmd.Flags())
	return cmd
}

func runAbort(ctx context.Context, c *console, g *globalOptions, o *serviceOptions, name string) error {
	return o.on(ctx, c, g, name, job{}, func(n *named, _ string) error {
		d, stopped, err := n.m.Abort(ctx, n.unit)
		if err != nil {
			return err
		}
		if o.json() {
			return writeJSON(c.out, abortReport{serviceFrame: n.frame(ctx, "abort"),
				Deployment: d.ARN, TaskDefinition: plan.RevisionName(d.TaskDefinition), Stopped: stopped})
		}
		what := fmt.Sprintf("the deployment of %s is stopped; ECS rolls it back", plan.RevisionName(d.TaskDefinition))
		switch {
		case !stopped && d.Status.Ended():
			what = fmt.Sprintf("the deployment of %s was rolled back already", plan.RevisionName(d.TaskDefinition))
		case !stopped:
			what = fmt.Sprintf("ECS is rolling the deployment of %s back already", plan.RevisionName(d.TaskDefinition))
		}
		_, _ = fmt.Fprintf(c.out, "%s: %s%s\n", n.unit.Key, what, n.m.inSandbox())
		return nil
	})
}
