package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.uber.org/zap"

	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/source"
)

type runOptions struct {
	treeOptions
	formOptions
	pruneOptions
	paceOptions
	hintOptions
	resync  time.Duration
	workers int
	listen  string
}

// AddFlags declares the flags of run.
func (o *runOptions) AddFlags(f *pflag.FlagSet) {
	o.treeOptions.AddFlags(f)
	o.formOptions.AddFlags(f)
	o.pruneOptions.AddFlags(f)
	o.paceOptions.AddFlags(f)
	o.hintOptions.AddFlags(f)
	f.DurationVar(&o.resync, "resync", 0, "how often everything is compared with AWS, whether or not a file changed (default 1m0s; 5s with --sandbox)")
	f.IntVar(&o.workers, "workers", reconcile.DefaultWorkers, "services reconciled at once")
	f.StringVar(&o.listen, "listen", defaultStatusListen, "address of /healthz, /readyz and /metrics (with --sandbox a free port when it is taken)")
}

func (o *runOptions) finalize() error {
	if o.resync != 0 && o.resync < time.Second {
		return fmt.Errorf("--resync %s: want at least 1s", o.resync)
	}
	if o.workers < 1 {
		return fmt.Errorf("--workers %d: want at least 1", o.workers)
	}
	return o.paceOptions.finalize()
}

func newRunCommand(c *console, g *globalOptions) *cobra.Command {
	o := &runOptions{}
	cmd := &cobra.Command{
		Use:   "run PATH... | --git URL | --s3 URL",
		Short: "Watch the documents and AWS, and keep both the same (the daemon)",
		Long: `run is the daemon. It reconciles every service at once, again when a file changes,
and again every --resync, so that what somebody changed in AWS is healed. A file
that goes bad keeps its last good content in force and stops nothing.

On a terminal it tells a readable story; elsewhere it logs JSON to stderr. It
answers /healthz, /readyz and /metrics on --listen.

The first Ctrl-C or SIGTERM finishes the call in hand and exits with 0; a second
one exits at once. Deployments go on in AWS.`,
		Example: `  # See it work, with no AWS account
  ecs-operator run --sandbox examples/quickstart

  # The daemon for an account, with the caller's own credentials
  ecs-operator run --region eu-west-1 services/

  # The daemon for a repository: what is merged is deployed
  ecs-operator run --git https://github.com/acme/deploy.git --ref main --path services/

  # The daemon for a bucket, and for whoever tells it of something new
  ecs-operator run --s3 s3://acme-deploy/specs.tar.gz --webhook-secret-file hook.secret

  # In a container, everything by environment
  ECS_OPERATOR_PATH=/specs ECS_OPERATOR_LISTEN=0.0.0.0:8080 ecs-operator run`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runDaemon(cmd.Context(), c, g, o, args)
		},
	}
	o.AddFlags(cmd.Flags())
	return cmd
}

func runDaemon(ctx context.Context, c *console, g *globalOptions, o *runOptions, args []string) error {
	if err := o.finalize(); err != nil {
		return err
	}
	if err := o.pruneOptions.finalize(g); err != nil {
		return err
	}
	paths, err := o.locate(c, "run", args)
	if err != nil {
		return err
	}
	resync := cmp.Or(o.resync, reconcile.DefaultResync)
	if o.resync == 0 && g.sandboxed() {
		resync = 5 * time.Second
	}
	tale := newStory(c.out, c.outStyle, c.now)
	pulse := newPulse(c.now, resync)
	heap := &collector{}
	m, err := assemble(ctx, c, g, job{
		paths: paths, from: o.sourceOptions, form: o.formOptions, prune: o.pruneOptions, pace: o.paceOptions, onEvent: func(e reconcile.Event) { pulse.event(e); tale.event(e); heap.event(e) }, through: heap.watch, workers: o.workers, resync: resync, queue: o.queue, pokes: true,
	})
	if err != nil {
		return err
	}
	defer m.close()
	heap.begin(func() bool { return m.Ready() == nil })
	if !g.console(c) {
		tale.log = m.log
	}
	if m.embedded != nil {
		if err := m.embedded.listen(g.sandboxListen, true); err != nil {
			return err
		}
	}
	server, err := serveStatus(o.listen, g.sandboxed(), probes{alive: pulse.alive, ready: func() error { return cmp.Or(pulse.ready(), m.Ready()) }}, m.registry)
	if err != nil {
		return err
	}
	defer server.close()
	hints, err := m.listenForHints(c, g, &o.hintOptions)
	if err != nil {
		return err
	}
	defer hints.close()
	loaded, err := m.Load(ctx)
	switch {
	case ctx.Err() != nil:
		m.farewell(c, g)
		return nil
	case err != nil && !source.Refused(err) && !source.Away(err): // the engine tells of these, and waits
		return err
	}
	tale.follow(m, loaded.Units)
	if err := m.greet(ctx, c, g, loaded, server.URL); err != nil {
		return err
	}
	m.knowSelf(ctx, resync)
	hints.greet(c, g, m.log)
	heard, stop := context.WithCancel(ctx)
	var listening sync.WaitGroup
	listening.Go(func() { hints.run(heard) })
	err = m.Run(ctx)
	stop()
	listening.Wait()
	if ctx.Err() != nil && (err == nil || errors.Is(err, context.Canceled)) {
		m.farewell(c, g)
		return nil
	}
	return err
}

// greet prints the header and, on the embedded AWS, what to paste elsewhere.
func (m *machine) greet(ctx context.Context, c *console, g *globalOptions, loaded reconcile.Loaded, statusURL string) error {
	header, err := m.header(ctx, loaded)
	switch resource.ClassOf(err) {
	case resource.ClassTransient, resource.ClassThrottled:
		// AWS comes back, and a daemon that waits is better than one that restarts.
		m.log.Warn("AWS does not answer yet", zap.Error(err))
		header, err = "AWS does not answer yet: "+err.Error(), nil
	}
	if err != nil {
		return err
	}
	if !g.console(c) {
		fields := []zap.Field{zap.String("header", header), zap.String("listen", statusURL), zap.String("version", buildVersion().Version),
			zap.Int("services", len(loaded.Units))}
		if m.embedded != nil {
			fields = append(fields, zap.Strings("exports", m.embedded.exports()), zap.String("drift", m.driftLine(loaded)))
		}
		m.log.Info("starting", fields...)
		if len(loaded.Units) == 0 {
			m.log.Warn(nothingToDo(m.origin, loaded).Error())
		}
		return nil
	}
	p := c.outStyle
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(c.out, format+"\n", args...) }
	say("%s", p.dim(header))
	if m.embedded != nil {
		say("\nThis is the embedded AWS of this process: no real AWS is reached. From a second terminal:\n")
		for _, line := range m.embedded.exports() {
			say("  %s", line)
		}
		say("  %s get %s", thisCommand(), m.origin.flags())
		if line := m.driftLine(loaded); line != "" {
			say("\nThen change something behind the operator's back, and see it healed:\n\n  %s", line)
		}
		say("")
	}
	if len(loaded.Units) == 0 {
		say("%s %s. Waiting for documents.\n", p.warn("!"), nothingToDo(m.origin, loaded))
	}
	say("%s\n", p.dim("status: "+statusURL+"/metrics (also /healthz, /readyz) · stop with Ctrl-C"))
	return nil
}

// thisCommand is how the reader started this program.
func thisCommand() string {
	if path, err := os.Executable(); err == nil && strings.Contains(path, "go-build") {
		return "go run ./cmd/ecs-operator"
	}
	return "ecs-operator"
}

// driftLine is a call that changes a service behind the operator's back: the
// count of one that no autoscaler owns.
func (m *machine) driftLine(loaded reconcile.Loaded) string {
	for _, u := range loaded.Units {
		scaled := false
		for id := range u.IDs() {
			scaled = scaled || id.Kind == resource.KindScalableTarget
		}
		if scaled {
			continue
		}
		return fmt.Sprintf("aws ecs update-service --cluster %s --service %s --desired-count 1 --endpoint-url %s", u.Key.Cluster, u.Key.Name, m.embedded.url())
	}
	return ""
}

func (m *machine) farewell(c *console, g *globalOptions) {
	if !g.console(c) {
		m.log.Info("stopped")
		return
	}
	line := "Stopped. Deployments that were started go on in AWS."
	if m.embedded != nil {
		line = "Stopped; the embedded AWS is gone."
		if g.sandboxState != "" {
			line = "Stopped; the embedded AWS waits in " + g.sandboxState + "."
		}
	}
	_, _ = fmt.Fprintf(c.out, "\n%s\n", line)
}
