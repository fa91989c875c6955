package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

type waitOptions struct {
	serviceOptions
	formOptions
	goal    string
	timeout time.Duration
	poll    time.Duration

	want reconcile.Goal
}

// AddFlags declares the flags of wait.
func (o *waitOptions) AddFlags(f *pflag.FlagSet) {
	o.serviceOptions.AddFlags(f)
	o.formOptions.AddFlags(f)
	f.StringVar(&o.goal, "for", string(reconcile.GoalReady), "ready, deployed, paused, or a `STAGE` of the deployment like BAKE_TIME")
	f.DurationVar(&o.timeout, "timeout", reconcile.DefaultWaitTimeout, "how long to wait")
	f.DurationVar(&o.poll, "poll", 0, "how often to look (default 5s; with --sandbox by its speed)")
}

func (o *waitOptions) finalize() error {
	if o.timeout <= 0 {
		return fmt.Errorf("--timeout %s: want more than nothing", o.timeout)
	}
	if o.poll != 0 && o.poll < 50*time.Millisecond {
		return fmt.Errorf("--poll %s: want at least 50ms", o.poll)
	}
	var err error
	if o.want, err = reconcile.ParseGoal(o.goal); err != nil {
		return fmt.Errorf("--for %w", err)
	}
	return o.outputOptions.finalize()
}

// waitReport is `wait -o json`.
type waitReport struct {
	serviceFrame
	For      reconcile.Goal `json:"for"`
	Reached  bool           `json:"reached"`
	TimedOut bool           `json:"timedOut,omitempty"`
	Status   status.Service `json:"status"`
	Exit     int            `json:"exit"`
}

func newWaitCommand(c *console, g *globalOptions) *cobra.Command {
	o := &waitOptions{}
	cmd := &cobra.Command{
		Use:   "wait NAME",
		Short: "Wait until a service has what its document says",
		Long: `wait looks at a service until it is where --for says, and writes nothing: the
daemon, or an apply somewhere else, brings it there. It judges by content: a
deployment of another commit does not count, and neither does the success of one
that was there before.

  ready     nothing differs from the document, the deployment that brought it has
            succeeded and all tasks run
  deployed  the document's task definition and service are deployed; what else
            differs, around the service, does not count
  paused    the deployment of the document's content waits in a pause hook, for
            'ecs-operator approve'
  STAGE     that deployment has come to this lifecycle stage, or past it

NAME is the service's name or cluster/name in the documents. With --cluster it is
the ECS service's name; then no document says what is wanted, and what counts is
the deployment that is there.

Ctrl-C stops watching, and nothing else.

Exit codes:
  0  it is there
  1  it cannot get there: access denied, the cluster is missing, or paused was
     asked for and the deployment is over; also after Ctrl-C
  2  an error
  3  held back by a decision: mode, suspension, hold, recreate, not ours
  4  timed out
  5  the rollout failed or was rolled back, or the content is quarantined`,
		Example: `  # In a pipeline, after the commit was pushed
  ecs-operator wait checkout --env prod --for ready --timeout 30m -f services/

  # Until somebody has to look at it
  ecs-operator wait checkout --for paused -f services/

  # Without the documents
  ecs-operator wait checkout --cluster main --for BAKE_TIME`,
		Args: exactlyOneName,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runWait(cmd.Context(), c, g, o, args[0])
		},
	}
	o.AddFlags(cmd.Flags())
	completeGoal(cmd)
	return cmd
}

// completeGoal offers what --for takes.
func completeGoal(cmd *cobra.Command) {
	words := append([]string{string(reconcile.GoalReady), string(reconcile.GoalDeployed), string(reconcile.GoalPaused)}, reconcile.Stages()...)
	_ = cmd.RegisterFlagCompletionFunc("for", offer(words, cobra.ShellCompDirectiveNoFileComp)) // it fails for a flag that is not there
}

func runWait(ctx context.Context, c *console, g *globalOptions, o *waitOptions, name string) error {
	if err := o.finalize(); err != nil {
		return err
	}
	above, below := liveBelow(ctx, c)
	tale := newStory(above, c.errStyle, c.now)
	watcher := job{form: o.formOptions, readOnly: true, onEvent: tale.event, pace: paceOptions{poll: o.poll}}
	return o.on(ctx, c, g, name, watcher, func(n *named, _ string) error {
		tale.follow(nil, []*resource.Unit{n.unit})
		stop := heartbeat(c, tale, true)
		away := below(n.m, []*resource.Unit{n.unit}, g.poll(o.poll))
		w := n.m.Await(ctx, n.unit, o.want, o.timeout)
		away()
		stop()
		if w.Err != nil && w.Status.TaskDefinition == "" && o.cluster != "" {
			return w.Err
		}
		var err error
		if o.json() {
			err = writeJSON(c.out, waitReport{serviceFrame: n.frame(ctx, "wait"),
				For: o.want, Reached: w.Reached, TimedOut: w.TimedOut, Status: w.Status, Exit: w.Code})
		} else {
			_, err = fmt.Fprintf(c.out, "%s%s\n", waitText(c.outStyle, n, o, w), n.m.inSandbox())
		}
		return errors.Join(err, exitWith(w.Code))
	})
}

// waitText is how a wait ended, in one line.
func waitText(p palette, n *named, o *waitOptions, w reconcile.Waited) string {
	how := stateText(w.Status)
	switch {
	case w.Reached:
		return fmt.Sprintf("%s: %s  %s", n.unit.Key, p.good(string(o.want)), how)
	case w.TimedOut:
		return fmt.Sprintf("%s: %s  %s", n.unit.Key, p.bad(fmt.Sprintf("not %s after %s", o.want, o.timeout)), how)
	}
	return fmt.Sprintf("%s: %s  %s", n.unit.Key, p.bad(fmt.Sprintf("not %s", o.want)), how)
}
