package sweep

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/ecs-operator/ecs-operator/pkg/audit"
	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
	"github.com/ecs-operator/ecs-operator/pkg/verify"
)

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
		elapse(latency(r))
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

// lines is the operator's log.
type lines struct{ w *world }

func (l lines) Write(p []byte) (int, error) {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	return l.w.told.Write(p)
}

func (l lines) Sync() error { return nil }
