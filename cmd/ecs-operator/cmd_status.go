package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

type statusOptions struct {
	serviceOptions
	formOptions
	watch bool
	poll  time.Duration
}

// AddFlags declares the flags of status.
func (o *statusOptions) AddFlags(f *pflag.FlagSet) {
	o.serviceOptions.AddFlags(f)
	o.formOptions.AddFlags(f)
	f.BoolVarP(&o.watch, "watch", "w", false, "go on looking until Ctrl-C")
	f.DurationVar(&o.poll, "poll", 0, "with --watch: how often to ask AWS (default 5s; with --sandbox by its speed)")
}

// statusReport is `status -o json`: once, or with --watch for every change.
type statusReport struct {
	frame
	Services []serviceStatus `json:"services"`
}

// serviceStatus is one service of a statusReport.
type serviceStatus struct {
	Status  status.Service         `json:"status"`
	Rollout *rolloutJSON           `json:"rollout,omitempty"`
	Targets []resource.GroupHealth `json:"targets"`
	// Events are the newest five.
	Events []resource.ServiceEvent `json:"events"`
	Unread []string                `json:"unread,omitempty"` // what AWS could not be asked about, and why
}

// rolloutJSON is the newest deployment, whether it runs or has ended.
type rolloutJSON struct {
	deploymentJSON
	Stage     string           `json:"lifecycleStage,omitempty"`
	Target    resource.Share   `json:"target"`
	Sources   []resource.Share `json:"sources"`
	Failed    int32            `json:"failedTasks"`
	Threshold int32            `json:"failedTasksThreshold,omitempty"`
	Bake      int32            `json:"bakeTimeInMinutes,omitempty"`
	UpdatedAt string           `json:"updatedAt,omitempty"`
	Alarms    []string         `json:"alarms,omitempty"`
	Alarming  []string         `json:"alarming,omitempty"`
	Waits     []hookJSON       `json:"waitsFor,omitempty"`
}

// hookJSON is a lifecycle hook that a deployment waits for.
type hookJSON struct {
	ID       string `json:"id"`
	Function string `json:"function,omitempty"` // empty: a person
	Until    string `json:"until,omitempty"`
	Then     string `json:"then,omitempty"`
}

func newStatusCommand(c *console, g *globalOptions) *cobra.Command {
	o := &statusOptions{}
	cmd := &cobra.Command{
		Use:   "status [NAME...]",
		Short: "Show how services and their deployments stand, once or all the time",
		Long: `status shows a block for each service: the deployment and its stage, the tasks of
both sides, who gets the traffic, what is left of the bake time, alarms, target
health, the last event of ECS, and in one sentence what it waits for. It writes
nothing, and needs no running daemon.

With --watch it goes on until Ctrl-C. On a terminal the blocks are drawn anew in
their place; elsewhere, as in a pipeline's log, there is one line for each change
and a sign of life every 30 seconds. With -o json there is a document for each
change.

NAME is the service's name or cluster/name in the documents, without one all are
shown; with --cluster it is the ECS service's name, and no document is needed.

Exit codes: 0, also after Ctrl-C; 1 when AWS could not be asked about a service; 2 an error.`,
		Example: `  ecs-operator status checkout --watch -f services/

  # Without the documents
  ecs-operator status checkout --cluster main

  # What a script can read: the share of traffic on the new tasks
  ecs-operator status checkout -o json | jq '.services[0].rollout.target.productionTrafficPercent'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runStatus(cmd.Context(), c, g, o, args)
		},
	}
	o.AddFlags(cmd.Flags())
	return cmd
}

func (o *statusOptions) finalize(names []string) error {
	switch {
	case o.poll != 0 && o.poll < 50*time.Millisecond:
		return fmt.Errorf("--poll %s: want at least 50ms", o.poll)
	case o.cluster != "" && len(names) == 0:
		return errors.New("which service? With --cluster, give a NAME: no document lists them")
	}
	return o.outputOptions.finalize()
}

// subjects opens a machine and finds the services that are meant.
func (o *statusOptions) subjects(ctx context.Context, c *console, g *globalOptions, names []string, j job) (*named, []*resource.Unit, error) {
	if o.cluster != "" {
		n, err := o.find(ctx, c, g, names[0], j)
		if err != nil {
			return nil, nil, err
		}
		units := []*resource.Unit{n.unit}
		for _, name := range names[1:] {
			units = append(units, n.m.Bare(resource.UnitKey{Target: o.target, Cluster: o.cluster, Name: name}))
		}
		return n, units, nil
	}
	j.paths, j.from = o.paths, o.sourceOptions
	m, loaded, err := open(ctx, c, g, j)
	if err != nil {
		return nil, nil, err
	}
	units, err := pick(loaded, names)
	if err != nil {
		m.close()
		return nil, nil, err
	}
	return &named{m: m, loaded: loaded, unit: units[0]}, units, nil
}

func runStatus(ctx context.Context, c *console, g *globalOptions, o *statusOptions, names []string) error {
	if err := o.finalize(names); err != nil {
		return err
	}
	n, units, err := o.subjects(ctx, c, g, names, job{form: o.formOptions, readOnly: true, pace: paceOptions{poll: o.poll}})
	if err != nil {
		return err
	}
	defer n.m.close()
	if _, err := n.who(ctx, c); err != nil {
		return err
	}
	w := &watcher{c: c, n: n, units: units, json: o.json(), clock: n.m.clock(c), told: map[resource.UnitKey]string{}}
	if !o.watch {
		pictures := n.m.Look(ctx, units)
		if err := w.whole(ctx, pictures); err != nil {
			return err
		}
		if slices.ContainsFunc(pictures, func(x reconcile.Picture) bool { return x.Err != nil && o.cluster != "" }) {
			return exitWith(status.ExitError) // there is no such service
		}
		if slices.ContainsFunc(pictures, func(x reconcile.Picture) bool { return unasked(x.Status) || len(x.Unread) > 0 }) {
			return exitWith(status.ExitNotDone)
		}
		return nil
	}
	return w.run(ctx, g.poll(o.poll))
}

// clock is the time that AWS' times are compared with: the embedded AWS has its own.
func (m *machine) clock(c *console) func() time.Time {
	if m.embedded != nil {
		return m.embedded.Clock
	}
	return c.now
}

// watcher shows services again and again.
type watcher struct {
	c     *console
	n     *named
	units []*resource.Unit
	json  bool
	clock func() time.Time

	screen *live
	told   map[resource.UnitKey]string // what the last line of each said
	last   []byte                      // JSON
	at     time.Time                   // of the last line
}

// signOfLife is how long a log is silent at most: some CI systems end a job that is.
const signOfLife = 30 * time.Second

// run looks until ctx ends. A terminal is drawn every second in between, so that
// what is counted in seconds moves.
func (w *watcher) run(ctx context.Context, poll time.Duration) error {
	if w.c.outTTY && !w.json && w.c.getenv("TERM") != "dumb" {
		w.screen = &live{w: w.c.out, size: terminalSize}
	}
	w.at = w.c.now()
	for {
		pictures := w.n.m.Look(ctx, w.units)
		if ctx.Err() != nil {
			return nil
		}
		if err := w.show(ctx, pictures); err != nil {
			return err
		}
		for next := time.Now().Add(poll); ; {
			left := time.Until(next)
			if left <= 0 {
				break
			}
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(min(left, time.Second)):
			}
			if w.screen != nil {
				w.screen.draw(w.blocks(pictures))
			}
		}
	}
}

func (w *watcher) show(ctx context.Context, pictures []reconcile.Picture) error {
	switch {
	case w.screen != nil:
		w.screen.draw(w.blocks(pictures))
		return nil
	case w.json:
		return w.change(ctx, pictures)
	}
	for i, x := range pictures {
		key := w.units[i].Key
		text := stateText(x.Status)
		if d := x.Deployment; d != nil && !d.Status.Ended() && len(x.Targets) > 0 {
			text += "; " + targetWords(x.Targets)
		}
		if w.told[key] != text {
			w.told[key] = text
			w.line(key.Name, stateSymbol(w.c.outStyle, x.Status.State)+" "+text)
		}
	}
	if now := w.c.now(); now.Sub(w.at) >= signOfLife {
		services := make([]status.Service, len(pictures))
		for i, x := range pictures {
			services[i] = x.Status
		}
		w.line("", "still watching: "+countStates(services))
	}
	return nil
}

func (w *watcher) line(name, text string) {
	w.at = w.c.now()
	if name != "" {
		text = w.c.outStyle.bold(name) + "  " + text
	}
	_, _ = fmt.Fprintf(w.c.out, "%s  %s\n", w.c.outStyle.dim(w.at.Format("15:04:05")), text)
}

// whole shows everything once.
func (w *watcher) whole(ctx context.Context, pictures []reconcile.Picture) error {
	if w.json {
		return writeJSON(w.c.out, w.report(ctx, pictures))
	}
	for _, line := range w.blocks(pictures) {
		if _, err := fmt.Fprintln(w.c.out, joinCells(line, w.c.width())); err != nil {
			return err
		}
	}
	return nil
}

// change writes the document when it is not the one that was written before.
func (w *watcher) change(ctx context.Context, pictures []reconcile.Picture) error {
	var b bytes.Buffer
	if err := writeJSON(&b, w.report(ctx, pictures)); err != nil {
		return err
	}
	if bytes.Equal(b.Bytes(), w.last) {
		return nil
	}
	w.last = b.Bytes()
	_, err := io.Copy(w.c.out, bytes.NewReader(w.last))
	return err
}

func (w *watcher) blocks(pictures []reconcile.Picture) [][]cell {
	var lines [][]cell
	for i, x := range pictures {
		if i > 0 {
			lines = append(lines, nil)
		}
		lines = append(lines, block(w.c.outStyle, x, w.clock())...)
	}
	return lines
}

// mostEvents are listed in the JSON.
const mostEvents = 5

func (w *watcher) report(ctx context.Context, pictures []reconcile.Picture) statusReport {
	r := statusReport{frame: w.n.m.frame(ctx, "status", w.n.loaded), Services: []serviceStatus{}}
	for _, x := range pictures {
		s := serviceStatus{Status: x.Status, Targets: append([]resource.GroupHealth{}, x.Targets...), Unread: x.Unread,
			Events: append([]resource.ServiceEvent{}, x.Events[:min(len(x.Events), mostEvents)]...)}
		if d := x.Deployment; d != nil {
			s.Rollout = &rolloutJSON{deploymentJSON: deploymentReport(*d), Stage: d.LifecycleStage, Target: d.Target,
				Sources: append([]resource.Share{}, d.Sources...), Failed: d.Failed, Threshold: d.Threshold, Bake: d.BakeMinutes,
				UpdatedAt: d.UpdatedAt, Alarms: d.Alarms, Alarming: d.Alarming}
			for _, h := range d.Hooks {
				s.Rollout.Waits = append(s.Rollout.Waits, hookJSON{ID: h.ID, Function: h.Function, Until: h.Until, Then: h.Then})
			}
		}
		r.Services = append(r.Services, s)
	}
	return r
}

func deploymentReport(d resource.Deployment) deploymentJSON {
	return deploymentJSON{Deployment: d.ARN, Status: string(d.Status), Strategy: d.Strategy, TaskDefinition: plan.RevisionName(d.TaskDefinition),
		Revision: d.TargetRevision, CreatedAt: d.CreatedAt, FinishedAt: d.FinishedAt, Reason: d.Reason}
}

// terminalSize is of the terminal that stdout is.
func terminalSize() (width, height int) {
	width, height, err := term.GetSize(int(os.Stdout.Fd()))
	if err != nil {
		return 0, 0
	}
	return width, height
}
