package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.uber.org/zap"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/lint"
	"github.com/ecs-operator/ecs-operator/pkg/metrics"
	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/source"
	"github.com/ecs-operator/ecs-operator/pkg/verify"
)

// job says what a command wants of the machine.
type job struct {
	paths    []string
	from     sourceOptions                     // where the documents are; zero for the paths on this machine
	source   source.Source                     // the documents themselves, for one that has them already
	through  func(source.Source) source.Source // the documents come through it; nil for as they are
	form     formOptions
	prune    pruneOptions
	readOnly bool // the write clients refuse too
	cover    bool // plans list who governs which field
	secrets  bool // verify reads secrets
	onEvent  func(reconcile.Event)
	pace     paceOptions
	// The daemon's own; zero for the defaults.
	workers int
	resync  time.Duration
	pokes   bool   // others may tell that there is something new
	queue   string // of events
}

// machine is everything wired together: source → engine ← kinds ← pool ← AWS or
// the embedded one. This is the one place where the floors meet.
type machine struct {
	*reconcile.Engine
	options  awsclient.Options // of the pool
	poked    *source.Poked     // the daemon's source
	verifier *verify.Verifier
	pool     *awsclient.Pool
	registry *prometheus.Registry
	embedded *embedded // nil on a real AWS
	log      *zap.Logger
	origin   origin
	targets  targetSet
	metrics  *metrics.Metrics
	task     *task // that this process runs in, nil outside of ECS
}

// assemble wires a machine. It makes no call.
func assemble(ctx context.Context, c *console, g *globalOptions, j job) (*machine, error) {
	if err := j.form.check(); err != nil {
		return nil, err
	}
	targets, err := readTargets(c, g)
	if err != nil {
		return nil, err
	}
	log := newLogger(c, g)
	m := &machine{registry: prometheus.NewRegistry(), log: log, targets: targets}
	counters := metrics.New(m.registry)
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.metrics = counters
	if err := m.findTask(ctx, c, g); err != nil {
		return nil, err
	}
	log = m.log
	cluster, err := g.unwrittenCluster(m.task)
	if err != nil {
		return nil, err
	}
	from := origin{Source: j.source, paths: j.paths}
	if j.source == nil {
		j.from.git.signed.told = counters.Signature
		if from, err = j.from.open(c, g, j.paths, j.readOnly, log); err != nil {
			return nil, err
		}
	}
	m.origin = from
	build := buildVersion()
	counters.Build(build.Version, build.Commit)

	options := awsclient.Options{
		Targets:            targets.clients(g),
		AnyTarget:          targets.sandbox && targets.file == nil,
		CloudWatchProtocol: g.cloudWatchProtocol,
		ReadBudget:         g.readBudget,
		WriteBudget:        g.writeBudget,
		QuotaFactor:        g.quotaFactor,
		UserAgent:          "ecs-operator/" + build.Version,
		DefaultRegion:      m.taskRegion(),
	}
	trail, err := g.auditOptions.open(c, g)
	if err != nil {
		return nil, err
	}
	observed, audited := observeCalls(counters, log), m.audited(trail, build.Version)
	options.OnCall = func(call awsclient.Call) { observed(call); audited(call) }
	options.BeforeWrite = trail.Ready
	laws := lawOf(g, j)
	if g.sandboxed() {
		if m.embedded, err = openEmbedded(g, laws); err != nil {
			return nil, err
		}
		if g.sandboxPolicy != "" {
			options.AccessKey = operatorKey
		}
		options.HTTPClient = &http.Client{Transport: m.embedded.transport()}
		options.Endpoint = embeddedEndpoint
		options.Static = true
		options.Unlimited = true // its throttle buckets are the world's, not ours to save
	}
	m.options = options
	if from.attach != nil {
		from.attach(options)
	}
	if m.pool, err = awsclient.New(ctx, options); err != nil {
		m.close()
		return nil, err
	}
	counters.WatchBudgets(func() []metrics.Budget {
		var out []metrics.Budget
		for _, b := range m.pool.Budgets() {
			out = append(out, metrics.Budget{Target: b.Target, Category: b.Category, Left: b.Left})
		}
		return out
	})
	pool := m.pool
	if j.readOnly {
		pool = pool.ReadOnly()
	}
	m.verifier = newVerifier(c, pool, m.embedded != nil, j.secrets)
	var before func(context.Context, *resource.Unit) []resource.Finding
	if j.pace.verify {
		before = m.verified
	}
	documents := from.Source
	if j.through != nil {
		documents = j.through(documents)
	}
	if j.pokes {
		m.poked = source.Poke(documents)
		documents = m.poked
	}
	m.Engine = reconcile.New(reconcile.Options{
		Frame:    resource.Frame{Owner: g.owner, Scope: g.scope},
		Kinds:    kinds.All(pool),
		Rollouts: kinds.NewRollouts(pool),
		Sections: kinds.Sections(),
		Lint:     laws.within(lint.Check),
		Cover:    j.cover,
		Source:   documents,
		Parse:    j.form.parse(cluster),
		Targets:  targets.names(),
		Place:    targets.place,
		Where:    where(pool),
		Verify:   before,
		Self:     m.task.serviceARN(),

		Prune:      j.prune.prune,
		MaxDeletes: j.prune.parsed,

		Workers:      j.workers,
		Resync:       j.resync,
		AbsenceGrace: g.absenceGrace(j.pace.absenceGrace),
		Poll:         g.poll(j.pace.poll),
		MaxRollouts:  j.pace.maxRollouts,
		Log:          log,
		Metrics:      counters,
		OnEvent:      j.onEvent,
	})
	return m, nil
}

// observeCalls counts every attempt of every call, and logs it.
func observeCalls(m *metrics.Metrics, log *zap.Logger) func(awsclient.Call) {
	return func(call awsclient.Call) {
		result := "ok"
		if call.Err != nil {
			result = resource.ClassOf(call.Err).String()
		}
		m.ObserveCall(call.Service, call.Operation, result, call.Throttled, call.Duration)
		level := zap.DebugLevel
		if call.Throttled {
			level = zap.WarnLevel
		}
		log.Log(level, "call "+call.Service+":"+call.Operation, zap.String("target", call.Target), zap.Bool("write", call.Write),
			zap.String("result", result), zap.Duration("took", call.Duration), zap.Duration("waited", call.Waited), zap.String("requestId", call.RequestID))
	}
}

// absenceGrace is short where reads do not lag.
func (g *globalOptions) absenceGrace(asked time.Duration) time.Duration {
	if asked > 0 || !g.sandboxed() {
		return cmp.Or(asked, reconcile.DefaultAbsenceGrace)
	}
	return 2 * time.Second
}

// poll is how often a running rollout is looked at: often enough to watch where
// time runs faster.
func (g *globalOptions) poll(asked time.Duration) time.Duration {
	if asked > 0 || !g.sandboxed() {
		return cmp.Or(asked, reconcile.DefaultPoll)
	}
	d := time.Duration(float64(reconcile.DefaultPoll) / g.sandboxSpeed)
	return min(max(d, 50*time.Millisecond), reconcile.DefaultPoll)
}

// close lets go of what assemble took.
func (m *machine) close() {
	if err := m.origin.close(); err != nil {
		m.log.Warn("the copy of the repository could not be removed", zap.Error(err))
	}
	if m.embedded != nil {
		if err := m.embedded.close(); err != nil {
			m.log.Error("the embedded AWS could not be closed", zap.Error(err))
		}
	}
	_ = m.log.Sync() // stderr may not be syncable, and nobody is left to tell
}

// header is the line above every report: where, as whom, from what.
func (m *machine) header(ctx context.Context, loaded reconcile.Loaded) (string, error) {
	targets, err := m.headerTargets(ctx, m.inUse(loaded))
	if err != nil {
		return "", err
	}
	parts := []string{strings.Join(targets, "\n")}
	if len(targets) > 1 {
		parts = []string{parts[0] + "\n"} // each has a line of its own
	}
	if over := m.pool.Override(); over != "" {
		parts = append(parts, "endpoint override "+over)
	}
	if m.embedded != nil {
		parts = append(parts, "embedded AWS (sandbox)")
	}
	parts = append(parts, "specs @ "+m.origin.shown(loaded))
	return strings.ReplaceAll(strings.Join(parts, "  "), "\n  ", "\n"), nil
}

// frame starts a JSON report.
func (m *machine) frame(ctx context.Context, kind string, loaded reconcile.Loaded) frame {
	f := frame{APIVersion: "ecs-operator/" + kind + "/v1", Sandbox: m.embedded != nil,
		Source: m.origin.ref(loaded.Revision, loaded.Ref, loaded.Signer)}
	f.Targets, f.Account, f.Region = m.targetsJSON(ctx, m.inUse(loaded))
	return f
}

// shortCaller is what follows the account in an ARN: user/anna, assumed-role/ops/anna.
func shortCaller(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	return parts[len(parts)-1]
}

func shortRevision(rev string) string {
	if commitID.MatchString(rev) {
		return rev[:7]
	}
	if len(rev) > 12 {
		return rev[:12]
	}
	return rev
}

// cleanPaths checks the paths that a person gave.
func cleanPaths(paths []string) ([]string, error) {
	if err := checkPaths(paths); err != nil {
		return nil, err
	}
	out := make([]string, 0, len(paths))
	for _, p := range paths {
		out = append(out, filepath.Clean(p))
	}
	return out, nil
}

// pathArgs takes PATH… from the arguments, else from ECS_OPERATOR_PATH.
func pathArgs(c *console, verb string, args []string) ([]string, error) {
	if len(args) > 0 {
		return args, nil
	}
	if p := c.getenv(pathEnv); p != "" {
		return []string{p}, nil
	}
	return nil, fmt.Errorf("which documents? Name a directory or file, like 'ecs-operator %s .', or set %s", verb, pathEnv)
}

// commitID is what a revision of git looks like.
var commitID = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

const pathEnv = "ECS_OPERATOR_PATH"
