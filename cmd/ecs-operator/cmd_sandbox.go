package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

type sandboxOptions struct{ listen string }

// AddFlags declares the flags of sandbox.
func (o *sandboxOptions) AddFlags(f *pflag.FlagSet) {
	f.StringVar(&o.listen, "listen", defaultListen, "loopback address to serve on; 127.0.0.1:0 for any free port")
}

func newSandboxCommand(c *console, g *globalOptions) *cobra.Command {
	o := &sandboxOptions{}
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Serve the embedded AWS alone, for the AWS CLI, Terraform or a second operator",
		Long: `sandbox serves the embedded AWS: ECS, Elastic Load Balancing, Application Auto
Scaling, CloudWatch alarms and the tagging API in their real wire protocols, with
rollouts that take time and can fail. It needs no AWS account and reaches none.

It prints the variables that point an AWS client at it and stays until Ctrl-C.
The world that a fresh one holds is listed in docs/sandbox.md.`,
		Example: `  # On the usual port, then in a second terminal: aws ecs list-clusters
  ecs-operator sandbox

  # Keep the world in a file, ten minutes of it in each second
  ecs-operator sandbox --sandbox-state world.json --sandbox-speed 600`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runSandbox(cmd.Context(), c, g, o) },
	}
	o.AddFlags(cmd.Flags())
	return cmd
}

func runSandbox(ctx context.Context, c *console, g *globalOptions, o *sandboxOptions) error {
	if g.sandboxPolicy == generatedPolicy {
		c.note("nothing is enforced: --sandbox-policy auto is for the commands that read documents; give the sandbox command a file, as `ecs-operator policy` writes it")
	}
	e, err := openEmbedded(g, nil)
	if err != nil {
		return err
	}
	if err := e.listen(o.listen, false); err != nil {
		_ = e.close() // the first error is the one to tell
		return err
	}
	c.note("The embedded AWS listens on %s (account %s, region %s, %gx). Point a client at it:", e.url(), sandbox.Account, sandbox.Region, g.sandboxSpeed)
	for _, line := range e.exports() {
		_, _ = fmt.Fprintln(c.out, line)
	}
	c.note("Its journal of calls: %s/_sandbox/journal. Stop with Ctrl-C.", e.url())
	<-ctx.Done()
	c.note("stopped after %s", count(len(e.Journal()), "call"))
	return e.close()
}
