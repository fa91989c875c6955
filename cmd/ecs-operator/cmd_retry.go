package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

type retryOptions struct {
	pathOptions
	outputOptions
}

// AddFlags declares the flags of retry.
func (o *retryOptions) AddFlags(f *pflag.FlagSet) {
	o.pathOptions.AddFlags(f)
	o.outputOptions.AddFlags(f)
}

// retryReport is `retry -o json`.
type retryReport struct {
	frame
	Service string          `json:"service"`
	Cluster string          `json:"cluster"`
	Lifted  plan.Quarantine `json:"lifted"`
}

func newRetryCommand(c *console, g *globalOptions) *cobra.Command {
	o := &retryOptions{}
	cmd := &cobra.Command{
		Use:   "retry NAME",
		Short: "Lift the quarantine of a service, so that its content is tried once more",
		Long: `A content whose rollout failed or was rolled back is quarantined: it is not
deployed again until the document changes. retry removes the quarantine, and the
outcome of hooks that failed, for the case that the cause lay elsewhere (a missing
image, a dead dependency). It takes the content out of the hold of a rollback by
hand, too. The next apply, or the daemon's next pass, deploys it.

NAME is the service's name or cluster/name.

Exit codes: 0 done; 2 an error, also when nothing is quarantined.`,
		Example: `  ecs-operator retry checkout -f services/

  # And deploy it now
  ecs-operator retry prod/checkout -f services/ && ecs-operator apply --wait services/`,
		Args: exactlyOneName,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runRetry(cmd.Context(), c, g, o, args[0])
		},
	}
	o.AddFlags(cmd.Flags())
	return cmd
}

func exactlyOneName(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("which service? Give one NAME, like 'ecs-operator %s checkout -f services/'", cmd.Name())
	}
	return nil
}

func runRetry(ctx context.Context, c *console, g *globalOptions, o *retryOptions, name string) error {
	if err := o.finalize(); err != nil {
		return err
	}
	m, loaded, err := open(ctx, c, g, job{paths: o.paths, from: o.sourceOptions})
	if err != nil {
		return err
	}
	defer m.close()
	units, err := pick(loaded, []string{name})
	if err != nil {
		return err
	}
	header, err := m.header(ctx, loaded)
	if err != nil {
		return err
	}
	c.note("%s", c.errStyle.dim(header))
	key := units[0].Key
	lifted, err := m.Retry(ctx, key)
	if err != nil {
		return err
	}
	if o.json() {
		return writeJSON(c.out, retryReport{frame: m.frame(ctx, "retry", loaded), Service: key.Name, Cluster: key.Cluster, Lifted: lifted})
	}
	switch {
	case lifted.Cause == string(status.OnHold):
		_, _ = fmt.Fprintf(c.out, "%s: the hold of a rollback is lifted%s; the next apply deploys that content again\n", key, m.inSandbox())
		return nil
	case lifted.Deployment == "":
		_, _ = fmt.Fprintf(c.out, "%s: the failed outcome is forgotten%s (hook %s); the next apply runs it again\n", key, m.inSandbox(), lifted.Hooks)
		return nil
	}
	_, _ = fmt.Fprintf(c.out, "%s: quarantine lifted%s (%s, %s); the next apply deploys that content again\n", key, m.inSandbox(), lifted.TaskDefinition, lifted.Cause)
	return nil
}
