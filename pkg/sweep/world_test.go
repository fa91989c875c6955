package sweep

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/ecs-operator/ecs-operator/pkg/audit"
	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/iampolicy"
	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/source"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
	"github.com/ecs-operator/ecs-operator/pkg/status"
	"github.com/ecs-operator/ecs-operator/pkg/verify"
)

// What the operators and people sign with: the policy holds the operators only.
const (
	operatorKey = "AKIAOPERATOR"
	personKey   = "AKIAPERSON"
)

// Paces of the operators in a case.
const (
	poll         = 59 * time.Second // of a rollout: ECS works as well when nobody looks
	resync       = 60 * time.Second
	absenceGrace = 60 * time.Second
	callTimeout  = 60 * time.Second // of a call, as the real client has it
)

// world is the AWS, the documents and the operators of one case. It lives in a bubble.
type world struct {
	ctx      context.Context
	scenario *scenario
	aws      *sandbox.Sandbox
	second   *sandbox.Sandbox // the account of the target second; nil where the scenario has one only
	files    *files
	tap      *tap
	watchers watchers
	plans    map[resource.UnitKey]plan.Seal // that were saved
	apart    bool                           // its operators are processes of their own, whose paces are others
	seed     uint64
	drawn    map[time.Duration]uint64 // how often, by what was drawn from

	mu       sync.Mutex
	problems []string // what invariants were broken
	events   []reconcile.Event
	told     bytes.Buffer // log lines and events, for canaries
	audit    bytes.Buffer
	clocks   clocks
	quiet    int       // full passes in a row that wrote nothing and left nothing under way
	writes   int       // of the operators, when the last full pass ended
	spoiled  int       // calls that a fault had befallen by then
	seen     int       // calls, a second ago
	idle     int       // calls, when the last second in which none was made ended
	rested   int       // calls, when the last full pass that was the first at rest began
	restedAt time.Time // and when it ended
	restarts int       // processes that are to be started
	kills    int       // processes that were killed

	calls sync.WaitGroup // of operators and people, that are on their way

	person   sync.Once
	personal *awsclient.Pool // of people

	proc      *process
	operators int           // that run at the same time, 0 for one
	resync    time.Duration // of operators that start from now on, 0 for the usual
}

// process is one life of an operator.
type process struct {
	agent  string            // what it calls itself
	engine *reconcile.Engine // under world.mu: of a diff, every run has its own
	dead   bool              // killed: nothing reaches AWS any more, and no answer comes back; under world.mu
	begin  func()            // once
	stop   func()
}

// services are how all services stand in the eyes of the operator.
func (w *world) services(p *process) []status.Service {
	w.mu.Lock()
	e := p.engine
	w.mu.Unlock()
	if e == nil { // it has not begun
		return nil
	}
	return e.Status()
}

// broken notes that an invariant does not hold.
func (w *world) broken(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.problems) < 20 {
		w.problems = append(w.problems, fmt.Sprintf(format, args...))
	}
}

// isBroken is whether an invariant did not hold.
func (w *world) isBroken() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.problems) > 0
}

// clients are SDK clients under a key; p is the process that they belong to, nil for people.
func (w *world) clients(key string, p *process) *awsclient.Pool {
	o := awsclient.Options{
		Targets:    w.scenario.targets(),
		HTTPClient: &http.Client{Transport: &wire{w: w, p: p}}, Endpoint: "http://sandbox.invalid",
		Static: true, AccessKey: key, Unlimited: p == nil, UserAgent: "person/1",
	}
	if p != nil {
		o.UserAgent = p.agent
		o.OnCall = func(c awsclient.Call) { w.audited(p, c) }
	}
	pool, err := awsclient.New(w.ctx, o)
	if err != nil {
		panic(err)
	}
	return pool
}

// audited writes a record down, which the dead do not.
func (w *world) audited(p *process, c awsclient.Call) {
	r, ok := audit.Of(c)
	if !ok {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if p.dead {
		return
	}
	if err := audit.To(&w.audit).Add(r); err != nil {
		w.problems = append(w.problems, err.Error())
	}
}

// wire carries the calls of one process, or of people.
type wire struct {
	w *world
	p *process
}

// RoundTrip answers a call, unless its process is dead.
func (x *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	x.w.calls.Add(1)
	defer x.w.calls.Done()
	if x.p != nil {
		time.Sleep(latency(r))
	}
	if x.w.isDead(x.p) {
		return nil, errKilled
	}
	ctx, cancel := context.WithTimeout(r.Context(), callTimeout)
	defer cancel()
	resp, err := x.w.called(r).RoundTrip(r.WithContext(ctx))
	if x.p != nil {
		x.w.tap.answered()
	}
	if x.w.isDead(x.p) {
		return nil, errKilled
	}
	return resp, err
}

// latency is how long a call is on its way, about as long as to AWS. It depends on the
// call and on nothing else, and no two different calls are equally long: what goroutines
// do side by side has its order in time, and a case runs the same again.
func latency(r *http.Request) time.Duration {
	h := fnv.New32a()
	for _, s := range []string{r.URL.Path, r.Header.Get("X-Amz-Target"), r.Header.Get("Authorization")[:60], strconv.FormatInt(r.ContentLength, 10)} {
		_, _ = io.WriteString(h, s) // a hash takes everything
	}
	return 10*time.Millisecond + time.Duration(h.Sum32()%10e6)
}

// called is the AWS that a call goes to: that of the Region in its signature.
func (w *world) called(r *http.Request) http.RoundTripper {
	if w.second != nil && strings.Contains(r.Header.Get("Authorization"), "/"+secondRegion+"/") {
		return abroad{w.second.Transport()}
	}
	return w.aws.Transport()
}

// account makes one AWS of the world: a fresh one, or that of the ground.
func (w *world) account(name string, g ground, from *sandbox.Image) *sandbox.Sandbox {
	x, strikes := newWatcher(w, name), w.tap.in(name)
	o := sandbox.Options{Watch: x.see, Logf: w.broken, Now: g.now, Door: w.door, Speed: g.speed, Fault: func(ctx context.Context, c sandbox.Call) *sandbox.Fault {
		x.call(c)
		f := strikes(ctx, c)
		x.read(c, f)
		return w.scenario.told(c, f)
	}}
	if o.Now == nil {
		o.Now = w.now
	}
	if from == nil {
		x.aws = sandbox.New(o)
	} else {
		x.aws = from.Sandbox(o)
	}
	w.watchers[name] = x
	return w.authorised(x.aws, g)
}

func (w *world) authorised(a *sandbox.Sandbox, g ground) *sandbox.Sandbox {
	if err := a.Authorise(operatorKey, g.policy); err != nil {
		panic(err)
	}
	return a
}

// export keeps all accounts of the world as a ground.
func (w *world) export(t *testing.T, g *ground) {
	keep := func(a *sandbox.Sandbox) *sandbox.Image {
		raw, err := a.Export()
		if err != nil {
			t.Fatal(err)
		}
		i, err := sandbox.ReadImage(raw)
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	g.world = keep(w.aws)
	if w.second != nil {
		g.second = keep(w.second)
	}
}

// sandboxes are all accounts of the world, by what their things are told by in pictures
// and calls.
func (w *world) sandboxes() map[string]*sandbox.Sandbox {
	all := map[string]*sandbox.Sandbox{"": w.aws}
	if w.second != nil {
		all[secondTarget+"/"] = w.second
	}
	return all
}

var errKilled = fmt.Errorf("the process is dead")

func (w *world) isDead(p *process) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return p != nil && p.dead
}

// start begins a life of the operator, on an empty disk.
func (w *world) start() {
	w.watchers.refill()
	p := w.process("ecs-operator/1.2.3")
	w.mu.Lock()
	w.proc, w.quiet = p, 0
	w.mu.Unlock()
	p.begin()
}

// process makes a life of an operator that calls itself so.
func (w *world) process(agent string) *process {
	p := &process{agent: agent}
	pool := w.clients(operatorKey, p)
	o := reconcile.Options{
		Kinds: kinds.All(pool), Rollouts: kinds.NewRollouts(pool), Sections: kinds.Sections(), Source: w.files,
		Workers: 1, Resync: cmp.Or(w.resync, w.scenario.resync, resync), Poll: poll, AbsenceGrace: absenceGrace, Prune: w.scenario.prune, MaxRollouts: w.scenario.rollouts,
		Frame:  resource.Frame{Scope: scope},
		Random: w.random, OnEvent: func(e reconcile.Event) { w.heard(p, e) },
		Log: zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), lines{w}, zap.DebugLevel)),
	}
	if w.scenario.verify {
		v := verify.New(verify.Options{AWS: kinds.NewInspector(pool)})
		o.Verify = func(ctx context.Context, u *resource.Unit) []resource.Finding {
			return v.Verify(ctx, u.Key.Target, kinds.Needs(u))
		}
	}
	if w.second != nil {
		o.Targets = slices.Sorted(maps.Keys(w.scenario.targets()))
	}
	run := func(ctx context.Context) error { return w.commands(ctx, p, o) }
	if !w.scenario.diff && !w.scenario.saved {
		p.engine = reconcile.New(o)
		run = p.engine.Run
	}
	ctx, cancel := context.WithCancel(w.ctx)
	done := make(chan error, 1)
	p.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil && !w.isDead(p) {
			w.broken("Run returned %v", err)
		}
	})
	p.begin = func() { go func() { done <- run(ctx) }() }
	return p
}

// commands is somebody who runs diff every minute, or apply with a saved plan.
func (w *world) commands(ctx context.Context, p *process, o reconcile.Options) error {
	for ctx.Err() == nil {
		e := reconcile.New(o)
		w.mu.Lock()
		p.engine = e
		w.mu.Unlock()
		if l, err := e.Load(ctx); err == nil {
			if w.scenario.saved {
				e.Apply(ctx, l.Units, reconcile.ApplyOptions{Saved: w.plans})
			} else {
				e.Inspect(ctx, append(l.Units, e.Departed(ctx, l, true)...))
			}
			w.heard(p, reconcile.Event{Kind: reconcile.EventPass, Message: "command"})
		}
		select {
		case <-ctx.Done():
		case <-time.After(resync):
		}
	}
	return nil
}

// scope is what the documents belong to.
const scope = "sweep"

// kill ends the operator at this very moment; a new one starts a little later.
func (w *world) kill() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.proc.dead {
		w.proc.dead = true
		w.restarts++
		w.kills++
	}
}

// revive starts the operator again after a kill.
func (w *world) revive() {
	w.mu.Lock()
	again := w.restarts > 0
	w.restarts = 0
	p := w.proc
	w.mu.Unlock()
	if again {
		p.stop()
		w.start()
	}
}

// end stops the operator, and waits for a call that is on its way though nobody waits
// for its answer any more: a bubble of virtual time must not end before it.
func (w *world) end() {
	w.proc.stop()
	w.calls.Wait()
}

// restless: something has just been done to the world, so that it is not at rest.
func (w *world) restless() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.quiet = 0
}

// random are the case's own sequences: one for each n, because what draws from one is
// one goroutine, and the order of several would be chance.
func (w *world) random(n time.Duration) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.drawn[n]++
	z := w.seed + uint64(n) + w.drawn[n]*0x9e3779b97f4a7c15 // splitmix64
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return time.Duration((z ^ (z >> 31)) % uint64(n))
}

// heard keeps what the operator tells, and counts its quiet passes.
func (w *world) heard(p *process, e reconcile.Event) {
	settled := true
	calls, writes, spoiled := w.tap.counted()
	if e.Kind == reconcile.EventPass {
		for _, s := range w.services(p) {
			settled = settled && (isSettled(s.Reason) && w.mayRest(s.Reason) || w.tap.rests(s.Reason) || w.scenario.diff && s.Reason == status.Reconciling || w.scenario.saved && s.Reason == status.ChangedSincePlanned)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	fmt.Fprintln(&w.told, e.Kind, e.Message)
	w.events = append(w.events, e)
	if e.Kind != reconcile.EventPass || p.dead {
		return
	}
	if w.quiet++; writes != w.writes || spoiled != w.spoiled || !settled {
		w.quiet = 0 // who was not answered may have held something back
	}
	w.spoiled = spoiled
	if w.quiet == 1 {
		if w.rested, w.restedAt = w.idle, time.Now(); w.rested == 0 { // it was at rest from the beginning
			w.rested = calls
		}
	}
	w.writes = writes
}

// mayRest is whether a service of this scenario may be left standing so: what is tried
// again after minutes only is waited for, unless the fault has an end of its own.
func (w *world) mayRest(r status.Reason) bool {
	if len(w.scenario.rest) == 0 || w.tap.strike != nil && w.tap.strike.fault.ends != nil {
		return true
	}
	for _, expected := range w.scenario.rest {
		if r == expected {
			return true
		}
	}
	return false
}

// isSettled is whether nothing is under way in a service that stands so.
func isSettled(r status.Reason) bool {
	switch r {
	case status.Reconciling, status.RolloutInProgress, status.RollingBack, status.Throttled, status.Unobserved, status.ChangedSincePlanned,
		status.DeploymentRunning, status.AbsenceGrace, status.Draining, status.Waiting, status.OutcomeUnknown, status.WaveWaiting,
		status.ConcurrencyLimit, status.DriftGrace, status.AccessDenied, status.InternalError, "":
		return false
	}
	return true
}

// lines is the operator's log.
type lines struct{ w *world }

func (l lines) Write(p []byte) (int, error) {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	return l.w.told.Write(p)
}

func (l lines) Sync() error { return nil }

// stands are the reasons of all services, by name; of those of the second account with
// its target in front.
func (w *world) stands() map[string]status.Reason {
	out := map[string]status.Reason{}
	for _, s := range w.services(w.proc) {
		name := s.Name
		if s.Target == secondTarget {
			name = s.Target + "/" + name
		}
		out[name] = s.Reason
	}
	return out
}

// settle lets the world live until it is at rest, for at most so long, and says
// whether it came to that.
func (w *world) settle(most time.Duration) bool {
	began := time.Now()
	acts := w.scenario.acts
	for time.Since(began) < most {
		synctest.Wait()
		if *first && w.isBroken() { // a bug is caught: what comes of it is nobody's matter
			w.tap.release()
			return false
		}
		for len(acts) > 0 && time.Since(began) >= acts[0].after && acts[0].do(w.human()) == nil {
			acts = acts[1:] // what failed is tried again, as people do
			w.restless()
		}
		w.revive()
		if w.tap.busy() { // what is seen while the fault goes on is not the end
			w.restless()
		}
		calls, _, _ := w.tap.counted()
		w.mu.Lock()
		if calls == w.seen {
			w.idle = calls
		}
		w.seen = calls
		rest := w.quiet >= 3 && w.restarts == 0
		w.mu.Unlock()
		if rest && len(acts) == 0 && !w.tap.busy() {
			return true
		}
		time.Sleep(time.Second)
		for _, a := range w.sandboxes() {
			a.Advance(0) // it lives by itself, whether somebody asks or not
		}
	}
	return false
}

// policy is what the operators of a scenario may do, made from its documents.
func (s *scenario) policy(more ...documents) []byte {
	var units []*resource.Unit
	for _, docs := range append([]documents{s.before, s.past, s.after}, more...) {
		e := reconcile.New(reconcile.Options{Kinds: kinds.All(nil), Sections: kinds.Sections(), Source: &files{all: docs},
			Lint: func(u *resource.Unit) []spec.Problem {
				units = append(units, u)
				return nil
			}})
		_, _ = e.Load(context.Background()) // what cannot be read asks for no leave, and the operator says so
	}
	return iampolicy.For(units, iampolicy.Options{Owner: resource.DefaultOwner, Account: sandbox.Account, Region: sandbox.Region, Prune: s.prune}).JSON()
}

// files is a source in memory.
type files struct {
	mu    sync.Mutex
	all   documents
	err   error
	hints map[chan<- struct{}]bool
	spell func(source.Snapshot) (source.Snapshot, error) // what it gives instead, for a while
	moved bool                                           // G2 has come
	past  []edition                                      // what was there before
	dir   bool                                           // they are named as source.Dir names those in the directory documents
}

// commit puts other documents in place and tells who watches.
func (f *files) commit(all documents, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.past = append(f.past, edition{f.all, f.err, time.Now()})
	if f.moved {
		all = later(all)
	}
	f.all, f.err = all, err
	f.hint()
}

// hint tells who watches. The lock is held.
func (f *files) hint() {
	for h := range f.hints {
		select {
		case h <- struct{}{}:
		default:
		}
	}
}

// Snapshot is the documents as they are.
func (f *files) Snapshot(context.Context) (source.Snapshot, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return source.Snapshot{}, f.err
	}
	s := source.Snapshot{Complete: true}
	sum := uint64(14695981039346656037)
	for _, name := range slices.Sorted(maps.Keys(f.all)) {
		s.Files = append(s.Files, source.File{Path: name, Data: []byte(f.all[name])})
		for _, b := range []byte(name + f.all[name]) {
			sum = (sum ^ uint64(b)) * 1099511628211
		}
	}
	s.Revision = fmt.Sprintf("mem-%x", sum)
	if f.dir {
		asDir(&s)
	}
	if f.spell != nil {
		return f.spell(s)
	}
	return s, nil
}

// asDir names a snapshot as the program does that reads it from a directory: what people
// approve is a plan for a revision. Where the names are others, nothing is ever approved.
func asDir(s *source.Snapshot) {
	sum := sha256.New()
	for i := range s.Files {
		f := &s.Files[i]
		f.Path = documentsName + "/" + f.Path
		fmt.Fprintf(sum, "%d %s %d %s", len(f.Path), f.Path, len(f.Data), f.Data)
	}
	s.Revision = fmt.Sprintf("dir-%x", sum.Sum(nil)[:6])
}

// under lets the source give something else than it has; nil ends that.
func (f *files) under(spell func(source.Snapshot) (source.Snapshot, error)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.spell = spell
	f.hint()
}

// move is the commit of G2: it holds for all that is committed later, too.
func (f *files) move() {
	f.mu.Lock()
	f.moved = true
	all, err := f.all, f.err
	f.mu.Unlock()
	f.commit(all, err)
}

// Watch hints at every commit until ctx ends.
func (f *files) Watch(ctx context.Context, hint chan<- struct{}) error {
	f.mu.Lock()
	if f.hints == nil {
		f.hints = map[chan<- struct{}]bool{}
	}
	f.hints[hint] = true
	f.mu.Unlock()
	<-ctx.Done()
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.hints, hint)
	return nil
}
