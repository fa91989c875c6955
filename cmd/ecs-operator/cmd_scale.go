package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"
)

// scaleReport is `scale -o json`.
type scaleReport struct {
	serviceFrame
	From int32 `json:"from"`
	To   int32 `json:"to"`
	// Until is when the document's count holds again, RFC 3339.
	Until string `json:"until,omitempty"`
	Then  string `json:"then"`
}

func newScaleCommand(c *console, g *globalOptions) *cobra.Command {
	o := &serviceOptions{}
	cmd := &cobra.Command{
		Use:   "scale NAME N",
		Short: "Change the number of a service's tasks by hand, as far as it would last",
		Long: `scale sets the service's desired count to N. Who owns the count decides:

  an autoscaler        any N within its bounds; it goes on from there. Bounds are
                       changed in the document: scaling.minCapacity, maxCapacity
  the document         more tasks than it says, for policy.driftGrace (1h): then it
                       holds again. Fewer are refused: they come back at once
  nobody               any N (policy.desiredCount: initial, or an ignored count)

A service that is suspended, that is only observed, or that is not ours is refused,
and so is a DAEMON. The command may be repeated.

NAME is the service's name or cluster/name in the documents; with --cluster it is
the ECS service's name: then no document is read, and one that writes another count
puts it back.

Exit codes: 0 set, or so already; 2 an error.`,
		Example: `  # Something burns
  ecs-operator scale checkout 12 -f services/

  # Without the documents
  ecs-operator scale checkout 12 --cluster main`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return fmt.Errorf("which service, and to how many tasks? Give both, like 'ecs-operator scale checkout 12 -f services/'")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runScale(cmd.Context(), c, g, o, args[0], args[1])
		},
	}
	o.AddFlags(cmd.Flags())
	return cmd
}

// mostTasks is far more than a service may have (service quotas of ECS: 5,000).
const mostTasks = 1000000

func runScale(ctx context.Context, c *console, g *globalOptions, o *serviceOptions, name, count string) error {
	n, err := strconv.ParseInt(count, 10, 32)
	if err != nil || n < 0 || n > mostTasks {
		return fmt.Errorf("%q: want a number of tasks", count)
	}
	return o.on(ctx, c, g, name, job{}, func(of *named, _ string) error {
		s, err := of.m.Scale(ctx, of.unit, int32(n))
		if err != nil {
			return err
		}
		if o.json() {
			return writeJSON(c.out, scaleReport{serviceFrame: of.frame(ctx, "scale"), From: s.From, To: s.To, Until: s.Until, Then: s.Then})
		}
		if s.From == s.To {
			_, _ = fmt.Fprintf(c.out, "%s: %d already%s; %s\n", of.unit.Key, s.To, of.m.inSandbox(), s.Then)
			return nil
		}
		_, _ = fmt.Fprintf(c.out, "%s: from %d to %d%s; %s\n", of.unit.Key, s.From, s.To, of.m.inSandbox(), s.Then)
		return nil
	})
}
