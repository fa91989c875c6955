package reconcile

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/source"
	"github.com/ecs-operator/ecs-operator/pkg/status"
	"github.com/ecs-operator/ecs-operator/pkg/verify"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is one sandbox with the operator before it, in virtual time.
type world struct {
	t       *testing.T
	sandbox *sandbox.Sandbox
	files   *memory
	pool    *awsclient.Pool
	kinds   func([]resource.Kind) []resource.Kind // puts faults before real kinds
	slots   int                                   // --max-concurrent-rollouts
	self    string                                // ARN of the service that runs the operators
	resync  time.Duration                         // --resync, zero for its default
	verify  bool                                  // rollouts are verified
	pace    time.Duration                         // of operators: how often they look at what runs

	mu     sync.Mutex
	fault  sandbox.FaultFunc
	watch  func(*sandbox.World, string)
	events []Event
	counts counts
	law    law
	people people
}

// inWorld runs a scenario inside a bubble of virtual time.
func inWorld(t *testing.T, run func(t *testing.T, w *world)) {
	t.Helper()
	inWorldAt(t, 10, run)
}

// inWorldAt does so with an AWS that lives faster than the operators.
func inWorldAt(t *testing.T, speed float64, run func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, files: newMemory(), pace: 5 * time.Second}
		w.sandbox = w.aws(speed)
		run(t, w)
		w.judged()
	})
}

// aws is an AWS that lives at a speed, under the policy of the world's documents.
func (w *world) aws(speed float64) *sandbox.Sandbox {
	return sandbox.New(sandbox.Options{Speed: speed, Watch: func(v *sandbox.World, event string) {
		w.mu.Lock()
		watch := w.watch
		w.mu.Unlock()
		if watch != nil {
			watch(v, event)
		}
	}, Fault: func(ctx context.Context, c sandbox.Call) *sandbox.Fault {
		w.enforce()
		w.mu.Lock()
		f := w.fault
		w.mu.Unlock()
		if f == nil {
			return nil
		}
		return f(ctx, c)
	}})
}

// engine is a fresh operator process: nothing but AWS remembers anything.
func (w *world) engine() *Engine {
	w.t.Helper()
	pool := w.clients(operatorKey)
	w.pool = pool
	all := kinds.All(pool)
	if w.kinds != nil {
		all = w.kinds(all)
	}
	var before func(context.Context, *resource.Unit) []resource.Finding
	if w.verify {
		v := verify.New(verify.Options{AWS: kinds.NewInspector(pool)})
		before = func(ctx context.Context, u *resource.Unit) []resource.Finding {
			return v.Verify(ctx, u.Key.Target, kinds.Needs(u))
		}
	}
	var e *Engine
	o := Options{
		Verify: before, Lint: w.learn(&e),
		Kinds: all, Rollouts: kinds.NewRollouts(pool), Sections: kinds.Sections(), Source: w.files,
		Poll: w.pace, AbsenceGrace: 2 * time.Second, Metrics: &w.counts, MaxRollouts: w.slots, Resync: w.resync, Self: w.self,
		OnEvent: func(e Event) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.events = append(w.events, e)
		},
	}
	if w.pace > 5*time.Second { // everything is slower
		o.AbsenceGrace, o.Resync = w.pace, 10*w.pace
	}
	e = New(o)
	return e
}

func (w *world) spoil(f sandbox.FaultFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fault = f
}

// watchBy lets f see the world after everything that happens in it, on goroutines of
// the sandbox: f guards what it shares with the test. nil looks away.
func (w *world) watchBy(f func(*sandbox.World, string)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.watch = f
}

// everyDeath runs a scenario in a fresh world for each call at which a process can
// die, before the call and with its answer lost, until one does not come to the
// k-th. stride says how many are left out after one, nil for none.
func everyDeath(t *testing.T, what string, least int, stride func(k int) int, scenario func(w *world, k int, after bool) (died bool)) {
	for _, after := range []bool{false, true} {
		for k := 1; ; k++ {
			died := false
			t.Run(fmt.Sprintf("%s %d/after=%v", what, k, after), func(t *testing.T) {
				inWorld(t, func(_ *testing.T, w *world) { died = scenario(w, k, after) })
			})
			if !died {
				if k < least {
					t.Errorf("%s: only %d calls: nothing was tested", what, k-1)
				}
				break
			}
			if stride != nil {
				k += stride(k)
			}
		}
	}
}

// death lets a process die at the k-th call that counts, before it was sent or
// before its answer came back: nothing of it reaches AWS from then on. then is
// called at that moment, nil for nothing. The answer says whether it has died.
func (w *world) death(k int, after bool, counts func(sandbox.Call) bool, then func()) func() bool {
	calls, died := 0, false
	w.spoil(func(_ context.Context, c sandbox.Call) *sandbox.Fault {
		if died {
			return &sandbox.Fault{Drop: true}
		}
		if !counts(c) {
			return nil
		}
		if calls++; calls < k {
			return nil
		}
		died = true
		if then != nil {
			then()
		}
		return &sandbox.Fault{Drop: true, AfterEffect: after}
	})
	return func() bool { return died }
}

func anyCall(sandbox.Call) bool   { return true }
func writing(c sandbox.Call) bool { return c.Write }

// once spoils the first call of an operation that comes.
func once(operation string, f sandbox.Fault) sandbox.FaultFunc {
	var done sync.Once
	return func(_ context.Context, c sandbox.Call) (out *sandbox.Fault) {
		if c.Operation == operation {
			done.Do(func() { out = &f })
		}
		return out
	}
}

// always spoils every call of some operations.
func always(f sandbox.Fault, operations ...string) sandbox.FaultFunc {
	return func(_ context.Context, c sandbox.Call) *sandbox.Fault {
		if slices.Contains(operations, c.Operation) {
			return &f
		}
		return nil
	}
}

// load reads the documents and wants them good.
func (w *world) load(e *Engine) Loaded {
	w.t.Helper()
	l, err := e.Load(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

// apply is the command: load, apply.
func (w *world) apply(e *Engine, o ApplyOptions) map[string]Outcome {
	w.t.Helper()
	out := map[string]Outcome{}
	for _, x := range e.Apply(w.t.Context(), w.load(e).Units, o) {
		out[x.Status.Name] = x
	}
	return out
}

func (w *world) wait(e *Engine) map[string]Outcome {
	w.t.Helper()
	return w.apply(e, ApplyOptions{Wait: true})
}

// writes are the operations that changed something since a mark, by name.
func (w *world) writes(since int) []string {
	var out []string
	for _, entry := range w.sandbox.Writes()[since:] {
		out = append(out, entry.Operation+" "+entry.Subject)
	}
	return out
}

func (w *world) mark() int { return len(w.sandbox.Writes()) }

// done counts the writes of an operation that took effect.
func (w *world) done(operation string) int {
	n := 0
	for _, entry := range w.sandbox.Writes() {
		if entry.Operation == operation && entry.Error == "" {
			n++
		}
	}
	return n
}

func (w *world) quiet(since int, when string) {
	w.t.Helper()
	if writes := w.writes(since); len(writes) > 0 {
		w.t.Errorf("%s: writes %v, want none", when, writes)
	}
}

// want checks how one unit stands.
func (w *world) want(o Outcome, state status.State, reason status.Reason, exit int) {
	w.t.Helper()
	if o.Status.State != state || o.Status.Reason != reason || o.Exit() != exit {
		w.t.Errorf("%s is %s %s %q (exit %d, err %v), want %s %s (exit %d); steps %s", o.Status.Name, o.Status.State, o.Status.Reason, o.Status.Why,
			o.Exit(), o.Err, state, reason, exit, steps(o))
	}
}

func steps(o Outcome) string {
	var out []string
	for _, s := range o.Plan.Steps {
		out = append(out, fmt.Sprintf("%s:%s[%s %s]", s.ID.Local(), s.Action, s.Blocked, s.Why))
	}
	return strings.Join(out, " ")
}

func (w *world) told(kind EventKind, part string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, e := range w.events {
		if e.Kind == kind && strings.Contains(e.Message, part) {
			n++
		}
	}
	return n
}

func (w *world) story() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var b strings.Builder
	for _, e := range w.events {
		fmt.Fprintf(&b, "%s %s %s: %s\n", e.Time.Format("15:04:05.000"), e.Kind, e.Unit.Name, e.Message)
	}
	return b.String()
}

// run starts the daemon and gives what stops it.
func (w *world) run(e *Engine) (stop func()) {
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	return func() {
		w.t.Helper()
		cancel()
		if err := <-done; err != nil {
			w.t.Errorf("Run returned %v", err)
		}
	}
}

// until lets the world live until something holds, for at most five minutes of it.
func (w *world) until(what string, holds func() bool) time.Duration {
	w.t.Helper()
	began := time.Now()
	for time.Since(began) < 5*time.Minute {
		synctest.Wait()
		if holds() {
			return time.Since(began)
		}
		time.Sleep(50 * time.Millisecond)
	}
	w.t.Fatalf("%s: not within five minutes\n%s", what, w.story())
	return 0
}

// stands reports whether the daemon says that a service is in a state.
func stands(e *Engine, name string, reason status.Reason) func() bool {
	return func() bool {
		for _, s := range e.Status() {
			if s.Name == name {
				return s.Reason == reason
			}
		}
		return false
	}
}

// memory is a source in memory: a file system that a bubble can wait for.
type memory struct {
	mu    sync.Mutex
	files map[string]string
	bad   []source.Problem
	err   error
	hints map[chan<- struct{}]bool
}

func newMemory() *memory {
	return &memory{files: map[string]string{}, hints: map[chan<- struct{}]bool{}}
}

// put writes a file, or with "" removes it, and tells who watches.
func (m *memory) put(name, text string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if text == "" {
		delete(m.files, name)
	} else {
		m.files[name] = text
	}
	m.tell()
}

func (m *memory) fail(err error, bad ...source.Problem) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err, m.bad = err, bad
	m.tell()
}

func (m *memory) tell() {
	for h := range m.hints {
		select {
		case h <- struct{}{}:
		default:
		}
	}
}

func (m *memory) Snapshot(context.Context) (source.Snapshot, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return source.Snapshot{}, m.err
	}
	s := source.Snapshot{Complete: len(m.bad) == 0, Problems: m.bad}
	sum := 0
	for _, name := range slices.Sorted(maps.Keys(m.files)) {
		s.Files = append(s.Files, source.NewFile(name, []byte(m.files[name])))
		for _, b := range []byte(name + m.files[name]) {
			sum = sum*31 + int(b)
		}
	}
	s.Revision = fmt.Sprintf("mem-%x", uint64(sum))
	return s, nil
}

func (m *memory) Watch(ctx context.Context, hint chan<- struct{}) error {
	m.mu.Lock()
	m.hints[hint] = true
	m.mu.Unlock()
	<-ctx.Done()
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.hints, hint)
	return nil
}

// counts is a Metrics that remembers.
type counts struct {
	NoMetrics
	mu         sync.Mutex
	idleWrites int
	panics     int
	drift      []string
	rollouts   []resource.DeploymentStatus
	periods    map[string]time.Duration // of what takes turns
}

func (c *counts) Rotation(_, what string, period time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.periods == nil {
		c.periods = map[string]time.Duration{}
	}
	c.periods[what] = period
}
func (c *counts) IdleWrites(n int) { c.mu.Lock(); defer c.mu.Unlock(); c.idleWrites += n }
func (c *counts) Panic()           { c.mu.Lock(); defer c.mu.Unlock(); c.panics++ }
func (c *counts) Drift(_ resource.UnitKey, kind string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drift = append(c.drift, kind)
}
func (c *counts) Rollout(s resource.DeploymentStatus) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rollouts = append(c.rollouts, s)
}
func (c *counts) seen() (idle, panics int, drift []string, rollouts []resource.DeploymentStatus) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.idleWrites, c.panics, slices.Clone(c.drift), slices.Clone(c.rollouts)
}

// hello is the smallest document, with another image and more words when wanted.
func hello(name, image string, more ...string) string {
	return fmt.Sprintf(`apiVersion: ecs-operator/v1
kind: Service
metadata: {name: %s}
spec:
  cluster: default
  taskDefinition:
    containerDefinitions:
      - {name: web, image: "%s", memory: 64, portMappings: [{containerPort: 80}]}
  service:
    desiredCount: 2
    deploymentConfiguration:
      deploymentCircuitBreaker: {enable: true, rollback: true}
%s`, name, image, strings.Join(more, "\n"))
}

// web is a service behind the load balancer, with scaling and an alarm.
const web = `apiVersion: ecs-operator/v1
kind: Service
metadata: {name: web}
spec:
  cluster: default
  taskDefinition:
    networkMode: awsvpc
    requiresCompatibilities: [FARGATE]
    cpu: "256"
    memory: "512"
    executionRoleArn: arn:aws:iam::123456789012:role/ecsTaskExecutionRole
    containerDefinitions:
      - {name: web, image: "nginx:1.29", portMappings: [{containerPort: 80}]}
  targetGroups:
    web: {protocol: HTTP, port: 80, targetType: ip, vpcId: vpc-0sandbox, attributes: {deregistration_delay.timeout_seconds: "30"}}
  listenerRules:
    web:
      listenerArn: arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/main/0123456789abcdef/fedcba9876543210
      priority: 10
      conditions: [{field: path-pattern, pathPatternConfig: {values: ["/*"]}}]
      actions: [{type: forward, targetGroupArn: "$(targetGroups.web.arn)"}]
  service:
    launchType: FARGATE
    desiredCount: 2
    networkConfiguration:
      awsvpcConfiguration: {subnets: [subnet-0sandboxa, subnet-0sandboxb], securityGroups: [sg-0sandbox]}
    loadBalancers: [{targetGroupArn: "$(targetGroups.web.arn)", containerName: web, containerPort: 80}]
    deploymentConfiguration:
      deploymentCircuitBreaker: {enable: true, rollback: true}
  scaling:
    minCapacity: 2
    maxCapacity: 6
    policies:
      cpu:
        policyType: TargetTrackingScaling
        targetTrackingScalingPolicyConfiguration:
          targetValue: 60
          predefinedMetricSpecification: {predefinedMetricType: ECSServiceAverageCPUUtilization}
  alarms:
    errors:
      metricName: HTTPCode_Target_5XX_Count
      namespace: AWS/ApplicationELB
      statistic: Sum
      period: 60
      evaluationPeriods: 1
      threshold: 5
      comparisonOperator: GreaterThanThreshold
      dimensions: [{name: TargetGroup, value: "$(targetGroups.web.fullName)"}]
`

var errDisk = errors.New("input/output error")

const (
	minute = time.Minute
	hour   = time.Hour
)

// sleep lets the world live for a while.
func (w *world) sleep(d time.Duration) { time.Sleep(d) }
