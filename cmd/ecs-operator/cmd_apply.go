package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

type applyOptions struct {
	treeOptions
	formOptions
	pruneOptions
	outputOptions
	paceOptions
	wait    bool
	timeout time.Duration
	plan    string
}

// AddFlags declares the flags of apply.
func (o *applyOptions) AddFlags(f *pflag.FlagSet) {
	o.treeOptions.AddFlags(f)
	o.formOptions.AddFlags(f)
	o.pruneOptions.AddFlags(f)
	o.outputOptions.AddFlags(f)
	o.paceOptions.AddFlags(f)
	f.BoolVar(&o.wait, "wait", false, "follow the rollouts until they have ended")
	f.DurationVar(&o.timeout, "timeout", reconcile.DefaultWaitTimeout, "how long --wait waits")
	f.StringVar(&o.plan, "plan", "", "carry out this saved plan (`FILE` of diff -o json, - for stdin) and nothing else")
}

func (o *applyOptions) finalize() error {
	if o.timeout <= 0 {
		return fmt.Errorf("--timeout %s: want more than nothing", o.timeout)
	}
	if err := o.paceOptions.finalize(); err != nil {
		return err
	}
	return o.outputOptions.finalize()
}

// applyReport is `apply -o json`.
type applyReport struct {
	frame
	Services []applyService `json:"services"`
	Writes   int            `json:"writes"`
	Problems []problemJSON  `json:"problems"`
	Exit     int            `json:"exit"`
}

type applyService struct {
	Status    status.Service `json:"status"`
	Writes    int            `json:"writes"`
	Left      int            `json:"left"`
	TimedOut  bool           `json:"timedOut,omitempty"`
	Error     string         `json:"error,omitempty"`
	Resources []diffResource `json:"resources"`
	Exit      int            `json:"exit"`
}

func newApplyCommand(c *console, g *globalOptions) *cobra.Command {
	o := &applyOptions{}
	cmd := &cobra.Command{
		Use:   "apply PATH... | --git URL | --plan FILE [PATH...]",
		Short: "Make AWS as the documents say, once",
		Long: `apply reconciles every service of the documents once: it makes a plan, exactly the
one that diff shows, and executes it. With --wait it follows the rollouts and
judges them by the ECS deployment's own status.

A second apply of the same documents writes nothing.

With --plan it carries out what 'diff -o json' saved and nothing else. The plan is
made again first; a service for which it would be another, because AWS or the
documents have changed, is left alone (ChangedSincePlanned, exit code 1).
Without PATH the documents are those that the plan was made from.

Exit codes, the worst of all services in the order 2, 5, 3, 4, 1:
  0  nothing left to write; with --wait, and every rollout succeeded
  1  not done for a reason that may pass: a missing dependency or cluster,
     access denied, changed since planned, a running deployment
  2  an error
  3  held back by a decision: mode, suspension, hold, recreate, not ours
  4  timed out
  5  a rollout failed or was rolled back, or the content is quarantined

Ctrl-C stops watching; it does not stop the deployment.`,
		Example: `  # Apply, and go on when AWS has taken everything
  ecs-operator apply services/

  # In a pipeline: fail when the rollout fails
  ecs-operator apply --wait --timeout 15m services/

  # Do what a person has looked at, and nothing else
  ecs-operator diff services/ -o json > plan.json
  ecs-operator apply --plan plan.json --wait

  # On an embedded AWS that stays in a file
  ecs-operator apply --wait --sandbox-state world.json examples/quickstart`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runApply(cmd.Context(), c, g, o, args)
		},
	}
	o.AddFlags(cmd.Flags())
	return cmd
}

func runApply(ctx context.Context, c *console, g *globalOptions, o *applyOptions, args []string) error {
	if err := o.finalize(); err != nil {
		return err
	}
	if err := o.pruneOptions.finalize(g); err != nil {
		return err
	}
	var saved *savedPlan
	if o.plan != "" {
		var err error
		if saved, err = readPlan(c, o.plan); err != nil {
			return err
		}
		if args, err = o.planned(saved, args); err != nil {
			return err
		}
	}
	paths, err := o.locate(c, "apply", args)
	if err != nil {
		return err
	}
	above, below := liveBelow(ctx, c)
	tale := newStory(above, c.errStyle, c.now)
	m, loaded, err := open(ctx, c, g, job{paths: paths, from: o.sourceOptions, form: o.formOptions, prune: o.pruneOptions, pace: o.paceOptions, onEvent: tale.event})
	if err != nil {
		return err
	}
	defer m.close()
	tale.follow(m, loaded.Units)
	header, err := m.header(ctx, loaded)
	if err != nil {
		return err
	}
	c.note("%s", c.errStyle.dim(header))
	loaded = m.withDeparted(ctx, loaded, false)
	if saved != nil {
		if err := saved.fits(ctx, m, g); err != nil {
			return err
		}
	}

	stop := heartbeat(c, tale, o.wait)
	away := func() {}
	if o.wait {
		away = below(m, loaded.Units, g.poll(o.poll))
	}
	options := reconcile.ApplyOptions{Wait: o.wait, Timeout: o.timeout}
	var outcomes []reconcile.Outcome
	if saved != nil {
		outcomes = saved.apply(ctx, m, loaded, options)
	} else {
		outcomes = m.Apply(ctx, loaded.Units, options)
	}
	away()
	stop()

	code := applyExit(ctx, loaded, outcomes)
	if o.json() {
		err = writeJSON(c.out, applyJSON(ctx, m, loaded, outcomes, code))
	} else {
		applyText(c, m, outcomes)
	}
	if err != nil {
		return err
	}
	afterApply(ctx, c, m.origin, outcomes)
	return exitWith(code)
}

// planned are the PATHs that a plan was made from, where no others are given. A
// plan's repository must be named again: a file does not decide to whom the
// operator's token is shown.
func (o *applyOptions) planned(saved *savedPlan, args []string) ([]string, error) {
	switch {
	case len(args) > 0 || saved.Source == nil:
		return args, nil
	case saved.Source.URL != "" && !o.remote():
		return nil, fmt.Errorf("this plan was made from a repository: name it again, like --git %s --ref %s", saved.Source.URL, cmp.Or(saved.Source.Ref, saved.Source.Revision))
	case o.remote():
		if len(o.paths) == 0 {
			o.paths = saved.Source.Paths
		}
		return nil, nil
	}
	return saved.Source.Paths, nil
}

// heartbeat keeps a log alive while nothing changes: some CI systems end a job
// that is silent.
func heartbeat(c *console, tale *story, wait bool) (stop func()) {
	if !wait || c.errTTY {
		return func() {}
	}
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		tick := time.NewTicker(30 * time.Second)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				if text := tale.waiting(); text != "" {
					c.note("still waiting: %s", text)
				}
			}
		}
	}()
	return func() { close(done); <-gone }
}

// applyExit is the worst of all outcomes, in the documented order.
func applyExit(ctx context.Context, loaded reconcile.Loaded, outcomes []reconcile.Outcome) int {
	codes := []int{status.ExitOK}
	if ctx.Err() != nil {
		codes = append(codes, status.ExitNotDone) // interrupted: nobody knows how it ends
	}
	if countErrors(loaded.Problems) > 0 {
		codes = append(codes, status.ExitError)
	}
	for _, o := range outcomes {
		codes = append(codes, o.Exit())
	}
	return status.WorstExit(codes...)
}

func applyText(c *console, m *machine, outcomes []reconcile.Outcome) {
	writeServices(c.out, c.outStyle, statuses(outcomes), c.width())
	writes := 0
	for _, o := range outcomes {
		writes += o.Writes
		for _, s := range o.Plan.Steps {
			if s.Blocked != "" {
				_, _ = fmt.Fprintf(c.out, "%s %s: %s blocked: %s %s\n", c.outStyle.loud("!"), o.Plan.Unit.Name,
					strings.TrimSpace(kindNoun(s.ID.Kind)+" "+s.ID.Name), s.Blocked, oneLine(s.Why))
			}
		}
		if o.Err != nil && oneLine(o.Err.Error()) != oneLine(o.Status.Why) {
			_, _ = fmt.Fprintf(c.out, "%s %s: %s\n", c.outStyle.bad("!"), o.Plan.Unit.Name, oneLine(o.Err.Error()))
		}
	}
	_, _ = fmt.Fprintf(c.out, "%s: %s · %s%s\n", count(len(outcomes), "service"), countStates(statuses(outcomes)), count(writes, "write"), m.inSandbox())
}

func applyJSON(ctx context.Context, m *machine, loaded reconcile.Loaded, outcomes []reconcile.Outcome, code int) applyReport {
	r := applyReport{frame: m.frame(ctx, "apply", loaded), Services: []applyService{}, Problems: problemsJSON(loaded.Problems), Exit: code}
	for _, o := range outcomes {
		s := applyService{Status: o.Status, Writes: o.Writes, Left: o.Left, TimedOut: o.TimedOut,
			Resources: resourcesJSON(o.Plan, false), Exit: o.Exit()}
		if o.Err != nil {
			s.Error = o.Err.Error()
		}
		r.Writes += o.Writes
		r.Services = append(r.Services, s)
	}
	return r
}

// afterApply says what a person can do next where the answer is not obvious.
func afterApply(ctx context.Context, c *console, from origin, outcomes []reconcile.Outcome) {
	again := "ecs-operator apply --wait " + from.again()
	if ctx.Err() != nil {
		c.note("Stopped watching; deployments that were started go on in AWS. Watch them again with: %s", again)
		return
	}
	for _, out := range outcomes {
		if out.TimedOut && out.Status.Deployment != "" {
			c.note("%s: the deployment goes on in AWS. Watch it with: %s", out.Plan.Unit.Name, again)
		}
	}
}
