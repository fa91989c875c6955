package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// serviceOptions say which service is meant: by its document, or by its cluster
// and name alone, which needs no document.
type serviceOptions struct {
	pathOptions
	outputOptions
	cluster string
	target  string
}

// AddFlags declares what suspend and resume share.
func (o *serviceOptions) AddFlags(f *pflag.FlagSet) {
	o.pathOptions.AddFlags(f)
	o.outputOptions.AddFlags(f)
	f.StringVar(&o.cluster, "cluster", "", "the ECS cluster: NAME is then the ECS service's name, and no document is read")
	f.StringVar(&o.target, "target", resource.DefaultTarget, "with --cluster: the target, as --targets names it")
}

// named is the service that a command works on.
type named struct {
	m      *machine
	loaded reconcile.Loaded
	unit   *resource.Unit
}

// find opens a machine and finds the service.
func (o *serviceOptions) find(ctx context.Context, c *console, g *globalOptions, name string) (*named, error) {
	return o.findFor(ctx, c, g, name, job{})
}

// findFor is find with a machine for a certain job.
func (o *serviceOptions) findFor(ctx context.Context, c *console, g *globalOptions, name string, j job) (*named, error) {
	if err := o.finalize(); err != nil {
		return nil, err
	}
	if o.cluster == "" {
		j.paths = o.paths
		m, loaded, err := open(ctx, c, g, j)
		if err != nil {
			return nil, err
		}
		units, err := pick(loaded, []string{name})
		if err != nil {
			m.close()
			return nil, err
		}
		return &named{m: m, loaded: loaded, unit: units[0]}, nil
	}
	if strings.Contains(name, "/") {
		return nil, fmt.Errorf("%q: with --cluster, NAME is the service's name alone", name)
	}
	m, err := assemble(ctx, c, g, j)
	if err != nil {
		return nil, err
	}
	return &named{m: m, unit: m.Bare(resource.UnitKey{Target: o.target, Cluster: o.cluster, Name: name})}, nil
}

// who says on stderr where the command works, and answers who does.
func (n *named) who(ctx context.Context, c *console) (string, error) {
	clients, err := n.m.pool.For(ctx, n.unit.Key.Target)
	if err != nil {
		return "", err
	}
	lines, err := n.m.headerTargets(ctx, []string{n.unit.Key.Target})
	if err != nil {
		return "", err
	}
	c.note("%s", c.errStyle.dim(strings.Join(lines, "\n")))
	return shortCaller(clients.Caller), nil
}

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
	frame
	Service string `json:"service"`
	Cluster string `json:"cluster"`
	Until   string `json:"until,omitempty"` // RFC 3339, absent: until it is resumed
	By      string `json:"by,omitempty"`
	Reason  string `json:"reason,omitempty"`
}

func (n *named) report(ctx context.Context, kind string, s plan.Suspension) suspensionReport {
	r := suspensionReport{frame: n.m.frame(ctx, kind, n.loaded), Service: n.unit.Key.Name, Cluster: n.unit.Key.Cluster, By: s.By, Reason: s.Reason}
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
	n, err := o.find(ctx, c, g, name)
	if err != nil {
		return err
	}
	defer n.m.close()
	by, err := n.who(ctx, c)
	if err != nil {
		return err
	}
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
	n, err := o.find(ctx, c, g, name)
	if err != nil {
		return err
	}
	defer n.m.close()
	if _, err := n.who(ctx, c); err != nil {
		return err
	}
	s, err := n.m.Resume(ctx, n.unit)
	if err != nil {
		return err
	}
	if o.json() {
		return writeJSON(c.out, n.report(ctx, "resume", s))
	}
	_, _ = fmt.Fprintf(c.out, "%s: resumed%s; it was suspended %s\n", n.unit.Key, n.m.inSandbox(), s)
	return nil
}
