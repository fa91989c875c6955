package reconcile

import (
	"context"
	"os"
	"runtime"
	"runtime/pprof"
	"sync"
	"testing"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/lint"
)

// BenchmarkSteadyPass is a full pass over an unchanged fleet of ECS_OPERATOR_SCALE
// (1,000) services, with the embedded AWS in the same process: for profiles of it. What
// a pass costs the operator alone is measured by hack/bench.
func BenchmarkSteadyPass(b *testing.B) {
	f := makeFleet(b, scale())
	files := newMemory()
	for name, doc := range f.docs {
		files.put(name, doc)
	}
	passes := make(chan struct{}, 1)
	e := New(Options{Kinds: kinds.All(f.pool), Rollouts: kinds.NewRollouts(f.pool), Sections: kinds.Sections(), Lint: lint.Check, Source: files,
		Poll: DefaultPoll, AbsenceGrace: 2 * time.Second, Resync: time.Hour, OnEvent: func(ev Event) {
			if ev.Kind == EventPass {
				passes <- struct{}{}
			}
		}})
	ctx, cancel := context.WithCancel(b.Context())
	var running sync.WaitGroup
	running.Go(func() { fine(b, e.Run(ctx)) })
	defer running.Wait()
	defer cancel()
	pass := func() {
		e.mu.Lock()
		d := e.daemon
		e.mu.Unlock()
		d.hints <- struct{}{}
		d.wakeSweep()
		<-passes
	}
	<-passes
	f.calm(b, e)
	pass() // it may still learn
	pass()
	runtime.GC()
	stop := profile(b)
	defer stop()
	b.ReportAllocs()
	for b.Loop() {
		pass()
	}
}

// profile writes a CPU profile to ECS_OPERATOR_PROFILE from now on, if that is set, and
// what was allocated before and after beside it: of what is measured, and not of making
// the fleet.
func profile(b *testing.B) (stop func()) {
	name := os.Getenv("ECS_OPERATOR_PROFILE")
	if name == "" {
		return func() {}
	}
	create := func(suffix string) *os.File {
		to, err := os.Create(name + suffix)
		fine(b, err)
		return to
	}
	allocs := func(suffix string) {
		to := create(suffix)
		fine(b, pprof.Lookup("allocs").WriteTo(to, 0))
		fine(b, to.Close())
	}
	allocs(".allocs-before")
	to := create("")
	fine(b, pprof.StartCPUProfile(to))
	return func() {
		pprof.StopCPUProfile()
		fine(b, to.Close())
		allocs(".allocs-after")
	}
}
