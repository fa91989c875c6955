package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

type rollbackOptions struct {
	serviceOptions
	to      string
	wait    bool
	timeout time.Duration
}

// AddFlags declares the flags of rollback.
func (o *rollbackOptions) AddFlags(f *pflag.FlagSet) {
	o.serviceOptions.AddFlags(f)
	f.StringVar(&o.to, "to", "", "the task definition revision to go back to, `N` or family:N, instead of the newest that succeeded")
	f.BoolVar(&o.wait, "wait", false, "wait until the deployment that goes back has ended")
	f.DurationVar(&o.timeout, "timeout", reconcile.DefaultWaitTimeout, "with --wait: how long")
}

// rollbackReport is `rollback -o json`.
type rollbackReport struct {
	serviceFrame
	From       string             `json:"from"` // family:revision
	To         string             `json:"to"`
	Revision   string             `json:"serviceRevision,omitempty"`
	Deployment string             `json:"deployment,omitempty"`
	Already    bool               `json:"already,omitempty"` // nothing was to be done
	Why        string             `json:"why,omitempty"`
	OnHold     []plan.HeldContent `json:"onHold"`
	// Outcome is how the deployment ended, with --wait.
	Outcome string `json:"outcome,omitempty"`
	Exit    int    `json:"exit"`
}

func newRollbackCommand(c *console, g *globalOptions) *cobra.Command {
	o := &rollbackOptions{}
	cmd := &cobra.Command{
		Use:   "rollback NAME",
		Short: "Take a service back to what it ran before, and keep it there",
		Long: `rollback deploys what the newest deployment carried that succeeded with another
content: its task definition and the fields of the service that start a deployment,
as ECS' service revision records them. A content that failed, is quarantined or on
hold is passed over. ECS remembers 90 days; where it knows none, say which task
definition revision with --to.

What is left is put on hold: a tag of the service keeps the daemon, and every
apply, from deploying it again, until the document changes or somebody says
'ecs-operator retry NAME'. Everything beside the deployment is still healed. Freeze
windows and waves do not hold a rollback up, and hooks of the document do not run.

While a deployment is running there is nothing to go back from: 'ecs-operator abort
NAME' has ECS take it back. A service that is suspended, or not ours, is refused.
The command may be repeated: where the service is back already it does nothing.

NAME is the service's name or cluster/name in the documents; with --cluster it is
the ECS service's name, and no document is needed.

Exit codes:
  0  the deployment that goes back was started, or it is back already; with --wait:
     it has succeeded
  2  an error
  4  with --wait: timed out
  5  with --wait: the deployment that goes back has failed`,
		Example: `  ecs-operator rollback checkout -f services/ --wait

  # To a revision that ECS' history does not know any more
  ecs-operator rollback checkout --to 41 -f services/

  # Without the documents
  ecs-operator rollback checkout --cluster main`,
		Args: exactlyOneName,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runRollback(cmd.Context(), c, g, o, args[0])
		},
	}
	o.AddFlags(cmd.Flags())
	return cmd
}

func runRollback(ctx context.Context, c *console, g *globalOptions, o *rollbackOptions, name string) error {
	if o.timeout <= 0 {
		return fmt.Errorf("--timeout %s: want more than nothing", o.timeout)
	}
	return o.on(ctx, c, g, name, job{}, func(n *named, by string) error {
		w, err := n.m.Rollback(ctx, n.unit, o.to, by)
		if err != nil {
			return err
		}
		r := rollbackReport{From: w.From, To: w.To, Revision: w.Revision, Deployment: w.Deployment, Already: w.Already, Why: w.Why,
			OnHold: append([]plan.HeldContent{}, w.Hold.Items...)}
		if !o.json() {
			writeWayBack(c, n, w)
		}
		if o.wait {
			d, ended, err := n.m.AwaitWayBack(ctx, n.unit, w, o.timeout)
			if err != nil {
				return err
			}
			r.Outcome, r.Exit = wayBackEnd(d, ended)
			if !o.json() {
				_, _ = fmt.Fprintf(c.out, "%s: the deployment that goes back: %s\n", n.unit.Key, r.Outcome)
			}
		}
		if o.json() {
			r.serviceFrame = n.frame(ctx, "rollback")
			err = writeJSON(c.out, r)
		}
		return errors.Join(err, exitWith(r.Exit))
	})
}

func writeWayBack(c *console, n *named, w reconcile.WayBack) {
	if w.Already {
		_, _ = fmt.Fprintf(c.out, "%s: %s runs: %s%s\n", n.unit.Key, w.To, w.Why, n.m.inSandbox())
		return
	}
	_, _ = fmt.Fprintf(c.out, "%s: from %s back to %s%s; what is left is on hold until the document changes, or `ecs-operator retry %s`\n",
		n.unit.Key, w.From, w.To, n.m.inSandbox(), n.unit.Key.Name)
}

// wayBackEnd is how the deployment of a rollback ended, and the exit code for it.
func wayBackEnd(d *resource.Deployment, ended bool) (string, int) {
	switch {
	case !ended:
		return "timed out", status.ExitTimeout
	case d != nil && d.Status != resource.DeploymentSucceeded: // failed, or overtaken by another
		return string(d.Status) + ": " + oneLine(d.Reason), status.ExitRolloutFailed
	}
	return string(resource.DeploymentSucceeded), status.ExitOK
}
