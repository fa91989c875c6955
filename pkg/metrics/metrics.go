package metrics

import (
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// Metrics are the collectors of one process, on one registry.
type Metrics struct {
	registry *prometheus.Registry

	reconcile, callDuration                     *prometheus.HistogramVec
	sweep                                       prometheus.Histogram
	drift, calls, throttles, rollout, hints     *prometheus.CounterVec
	idleWrites, panics                          prometheus.Counter
	blocked, services, source, signature, build *prometheus.GaugeVec
	rotation, task                              *prometheus.GaugeVec
	queue, files, problems                      prometheus.Gauge
	budget                                      *budgetCollector
}

// New makes the collectors of the table and registers them.
func New(registry *prometheus.Registry) *Metrics {
	docs := map[string]Doc{}
	for _, d := range table {
		docs[d.Name] = d
	}
	counters := func(name string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: docs[name].Help}, docs[name].Labels)
	}
	gauges := func(name string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: docs[name].Help}, docs[name].Labels)
	}
	histograms := func(name string, buckets []float64) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: docs[name].Help, Buckets: buckets}, docs[name].Labels)
	}
	counter := func(name string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: docs[name].Help})
	}
	gauge := func(name string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: docs[name].Help})
	}
	m := &Metrics{
		registry:  registry,
		reconcile: histograms(nameReconcile, []float64{.01, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120}),
		sweep: prometheus.NewHistogram(prometheus.HistogramOpts{Name: nameSweep, Help: docs[nameSweep].Help,
			Buckets: []float64{.1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800}}),
		callDuration: histograms(nameCallDuration, prometheus.DefBuckets),
		drift:        counters(nameDrift),
		calls:        counters(nameCalls),
		throttles:    counters(nameThrottles),
		rollout:      counters(nameRollouts),
		hints:        counters(nameHints),
		idleWrites:   counter(nameIdleWrites),
		panics:       counter(namePanics),
		blocked:      gauges(nameBlocked),
		services:     gauges(nameServices),
		source:       gauges(nameSource),
		signature:    gauges(nameSignature),
		build:        gauges(nameBuild),
		rotation:     gauges(nameRotation),
		task:         gauges(nameTask),
		queue:        gauge(nameQueue),
		files:        gauge(nameSourceFiles),
		problems:     gauge(nameSourceProblems),
		budget:       newBudgetCollector(docs[nameBudget]),
	}
	registry.MustRegister(m.hints, m.reconcile, m.sweep, m.callDuration, m.drift, m.calls, m.throttles, m.rollout, m.idleWrites, m.panics,
		m.blocked, m.services, m.source, m.signature, m.build, m.queue, m.files, m.problems, m.budget, m.rotation, m.task)
	return m
}

// Handler serves the registry.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// Build says which version runs.
func (m *Metrics) Build(version, commit string) {
	m.build.Reset()
	m.build.WithLabelValues(version, commit, runtime.Version()).Set(1)
}

// Task is the ECS task that the operator runs in.
type Task struct{ Cluster, Service, ID, Family, Revision, Zone, Region string }

// Task says in which one it runs.
func (m *Metrics) Task(t Task) {
	m.task.Reset()
	m.task.WithLabelValues(t.Cluster, t.Service, t.ID, t.Family, t.Revision, t.Zone, t.Region).Set(1)
}

// ObserveCall counts one attempt of one AWS operation. result is "ok" or the
// class of the error.
func (m *Metrics) ObserveCall(service, operation, result string, throttled bool, took time.Duration) {
	m.calls.WithLabelValues(service, operation, result).Inc()
	m.callDuration.WithLabelValues(service).Observe(took.Seconds())
	if throttled {
		m.throttles.WithLabelValues(service, operation).Inc()
	}
}

// Reconciled is told of one pass over one unit.
func (m *Metrics) Reconciled(_ resource.UnitKey, reason status.Reason, took time.Duration) {
	m.reconcile.WithLabelValues(string(reason)).Observe(took.Seconds())
}

// Passed is told of one full pass over all units.
func (m *Metrics) Passed(took time.Duration) { m.sweep.Observe(took.Seconds()) }

// Hint counts one word of somebody that there is something new, by who it was
// and what became of it.
func (m *Metrics) Hint(from, result string) { m.hints.WithLabelValues(from, result).Inc() }

// Drift counts one object that was changed behind our back.
func (m *Metrics) Drift(unit resource.UnitKey, kind string) {
	m.drift.WithLabelValues(unit.TagValue(), kind).Inc()
}

// Blocked sets how many steps are held up, by reason.
func (m *Metrics) Blocked(counts map[status.Reason]int) {
	m.blocked.Reset()
	for reason, n := range counts {
		m.blocked.WithLabelValues(string(reason)).Set(float64(n))
	}
}

// Rollout counts a deployment that came to its end.
func (m *Metrics) Rollout(outcome resource.DeploymentStatus) {
	m.rollout.WithLabelValues(string(outcome)).Inc()
}

// IdleWrites counts writes over an unchanged world.
func (m *Metrics) IdleWrites(n int) { m.idleWrites.Add(float64(n)) }

// Services sets how many services there are in each state.
func (m *Metrics) Services(counts map[status.State]int) {
	for _, s := range []status.State{status.StateReady, status.StateProgressing, status.StateStalled,
		status.StateDrifted, status.StateSuspended, status.StateUnknown} {
		m.services.WithLabelValues(string(s)).Set(float64(counts[s]))
	}
}

// QueueDepth sets how many services wait for a worker.
func (m *Metrics) QueueDepth(n int) { m.queue.Set(float64(n)) }

// SourceLoaded is told of every load of the source.
func (m *Metrics) SourceLoaded(revision string, files, problems int) {
	m.source.Reset()
	m.source.WithLabelValues(revision).Set(1)
	m.files.Set(float64(files))
	m.problems.Set(float64(problems))
}

// SourceUnread is told when the source could not be read: what was loaded stays.
func (m *Metrics) SourceUnread() { m.problems.Set(1) }

// Signature sets what came of verifying the newest commit.
func (m *Metrics) Signature(result string) {
	m.signature.Reset()
	m.signature.WithLabelValues(result).Set(1)
}

// Rotation sets how often something that takes turns is read.
func (m *Metrics) Rotation(target, what string, period time.Duration) {
	m.rotation.WithLabelValues(target, what).Set(period.Seconds())
}

// Panic counts a recovered panic.
func (m *Metrics) Panic() { m.panics.Inc() }
