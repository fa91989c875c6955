package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
)

// restartReport is `restart -o json`.
type restartReport struct {
	serviceFrame
	TaskDefinition string `json:"taskDefinition"`
	Deployment     string `json:"deployment,omitempty"`
}

func newRestartCommand(c *console, g *globalOptions) *cobra.Command {
	o := &serviceOptions{}
	cmd := &cobra.Command{
		Use:   "restart NAME",
		Short: "Start all tasks of a service anew, with what it has",
		Long: `restart starts a deployment of what the service runs already (ecs:UpdateService with
forceNewDeployment): tasks are replaced by the service's own deployment strategy. It
is for a secret or a mutable image tag that has changed, or for settings that reach
only tasks started later.

While a deployment is running it is refused, and so it is for a service that is
suspended, or not ours.

NAME is the service's name or cluster/name in the documents; with --cluster it is
the ECS service's name, and no document is needed.

Exit codes: 0 started; 2 an error.`,
		Example: `  ecs-operator restart checkout -f services/

  # Without the documents, and wait for its end
  ecs-operator restart checkout --cluster main && ecs-operator wait checkout --cluster main`,
		Args: exactlyOneName,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runRestart(cmd.Context(), c, g, o, args[0])
		},
	}
	o.AddFlags(cmd.Flags())
	return cmd
}

func runRestart(ctx context.Context, c *console, g *globalOptions, o *serviceOptions, name string) error {
	return o.on(ctx, c, g, name, job{}, func(n *named, _ string) error {
		live, err := n.m.Restart(ctx, n.unit)
		if err != nil {
			return err
		}
		revision := plan.RevisionName(live.Service.TaskDefinition)
		if o.json() {
			return writeJSON(c.out, restartReport{serviceFrame: n.frame(ctx, "restart"),
				TaskDefinition: revision, Deployment: live.Service.CurrentDeployment})
		}
		_, _ = fmt.Fprintf(c.out, "%s: %s is deployed once more%s\n", n.unit.Key, revision, n.m.inSandbox())
		return nil
	})
}
