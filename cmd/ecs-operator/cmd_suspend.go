package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
)

type suspendOptions struct {
	serviceOptions
	length time.Duration
	reason string
}

// AddFlags declares the flags of suspend.
func (o *suspendOptions) AddFlags(f *pflag.FlagSet) {
	o.serviceOptions.AddFlags(f)
	f.DurationVar(&o.length, "for", 0, "how long, like 2h; it resumes by itself then (required)")
	f.StringVar(&o.reason, "reason", "", "why, for whoever meets it")
}

// suspensionReport is `suspend -o json` and `resume -o json`.
type suspensionReport struct {
	serviceFrame
	Until  string `json:"until,omitempty"` // RFC 3339, absent: until it is resumed
	By     string `json:"by,omitempty"`
	Reason string `json:"reason,omitempty"`
}

func (n *named) report(ctx context.Context, kind string, s plan.Suspension) suspensionReport {
	r := suspensionReport{serviceFrame: n.frame(ctx, kind), By: s.By, Reason: s.Reason}
	if !s.Until.IsZero() {
		r.Until = s.Until.UTC().Format(time.RFC3339)
	}
	return r
}

func newSuspendCommand(c *console, g *globalOptions) *cobra.Command {
	o := &suspendOptions{}
	cmd := &cobra.Command{
		Use:   "suspend NAME",
		Short: "Keep every write away from a service for a while",
		Long: `suspend is the break-glass: it puts a lease on the ECS service, the tag
ecs-operator:suspend with the end, the caller and the reason. Until then neither
the daemon nor apply writes anything of this service. It needs no commit, takes
effect before the next write, also in the middle of an apply, and ends by itself.
Differences are still shown. A suspension that is there already is replaced.

NAME is the service's name or cluster/name in the documents; with --cluster it is
the ECS service's name, and no document is needed.

A tag takes letters, digits, spaces and + - = . _ : / @, and 256 of them: of the
reason, what does not fit is left out.

Exit codes: 0 suspended; 2 an error, also for a service that is not ours.`,
		Example: `  ecs-operator suspend checkout --for 2h --reason "load test, ask anna" -f services/

  # Without the documents
  ecs-operator suspend checkout --cluster main --for 45m`,
		Args: exactlyOneName,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runSuspend(cmd.Context(), c, g, o, args[0])
		},
	}
	o.AddFlags(cmd.Flags())
	return cmd
}

func runSuspend(ctx context.Context, c *console, g *globalOptions, o *suspendOptions, name string) error {
	if err := o.finalize(); err != nil {
		return err
	}
	switch {
	case o.length == 0:
		return errors.New("for how long? Say it, like --for 2h: a suspension ends by itself, and the last thing wanted is one that nobody remembers")
	case o.length < time.Second:
		return fmt.Errorf("--for %s: want at least a second; 'ecs-operator resume' ends a suspension", o.length)
	}
	return o.on(ctx, c, g, name, job{}, func(n *named, by string) error {
		s, _ := plan.ParseSuspension(plan.Suspension{Until: time.Now().Add(o.length).Truncate(time.Second), By: by, Reason: o.reason}.Tag(), "")
		if o.reason != "" && s.Reason != o.reason {
			c.note("the reason is kept as %q: a tag takes no more", s.Reason)
		}
		before, err := n.m.Suspend(ctx, n.unit, s)
		if err != nil {
			return err
		}
		if before != (plan.Suspension{}) {
			c.note("it was suspended already, %s; that is replaced", before)
		}
		if o.json() {
			return writeJSON(c.out, n.report(ctx, "suspend", s))
		}
		_, _ = fmt.Fprintf(c.out, "%s: suspended%s %s; nothing of it is written until then\n", n.unit.Key, n.m.inSandbox(), s)
		return nil
	})
}

func newResumeCommand(c *console, g *globalOptions) *cobra.Command {
	o := &serviceOptions{}
	cmd := &cobra.Command{
		Use:   "resume NAME",
		Short: "End a suspension before its time",
		Long: `resume takes the tag ecs-operator:suspend off the ECS service. The daemon's next
pass, or the next apply, writes what differs.

NAME is the service's name or cluster/name in the documents; with --cluster it is
the ECS service's name, and no document is needed.

Exit codes: 0 resumed; 2 an error, also when it is not suspended.`,
		Example: `  ecs-operator resume checkout -f services/

  # Without the documents
  ecs-operator resume checkout --cluster main`,
		Args: exactlyOneName,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runResume(cmd.Context(), c, g, o, args[0])
		},
	}
	o.AddFlags(cmd.Flags())
	return cmd
}

func runResume(ctx context.Context, c *console, g *globalOptions, o *serviceOptions, name string) error {
	return o.on(ctx, c, g, name, job{}, func(n *named, _ string) error {
		s, err := n.m.Resume(ctx, n.unit)
		if err != nil {
			return err
		}
		if o.json() {
			return writeJSON(c.out, n.report(ctx, "resume", s))
		}
		_, _ = fmt.Fprintf(c.out, "%s: resumed%s; it was suspended %s\n", n.unit.Key, n.m.inSandbox(), s)
		return nil
	})
}
