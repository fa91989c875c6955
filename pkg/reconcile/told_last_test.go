package reconcile

import (
	"sync"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// slowGauge lets, while it is told of a first count, somebody else come to a second
// one, where nothing keeps him from it.
type slowGauge struct {
	NoMetrics
	lock   *sync.Mutex // that is to keep him
	second func()

	begun    bool
	services map[status.State]int
	blocked  map[status.Reason]int
}

func (g *slowGauge) during() {
	first := !g.begun
	if g.begun = true; first && g.lock.TryLock() {
		g.lock.Unlock()
		g.second()
	}
}

func (g *slowGauge) Services(counts map[status.State]int) { g.during(); g.services = counts }

func (g *slowGauge) Blocked(counts map[status.Reason]int) { g.during(); g.blocked = counts }

// Counts are told when one of them moves and not after every pass: what is told last
// must be the newest, or a gauge stays wrong for as long as nothing else happens.
func TestTheNewestCountIsToldLast(t *testing.T) {
	t.Parallel()
	unit := func(name string) resource.UnitKey {
		return resource.UnitKey{Target: "default", Cluster: "main", Name: name}
	}
	ready := func(name string) status.Service {
		return status.Service{Target: "default", Cluster: "main", Name: name, State: status.StateReady, Reason: status.Synced}
	}
	g := &slowGauge{}
	e := New(Options{Metrics: g})
	g.lock, g.second = &e.mu, func() { e.settle(ready("two")) }
	e.settle(ready("one"))
	if e.settle(ready("two")); g.services[status.StateReady] != 2 {
		t.Errorf("two services are ready, and the gauge says %v", g.services)
	}

	g = &slowGauge{}
	e = New(Options{Metrics: g})
	d := newDaemon(e)
	defer d.queue.ShutDown()
	hold := func(name string) {
		m := &member{unit: &resource.Unit{Key: unit(name)}}
		d.mu.Lock()
		d.units[unit(name)] = m
		d.mu.Unlock()
		d.learn(m, 0, Outcome{Plan: plan.Plan{Steps: []plan.Step{{Blocked: status.OnHold}}}}, true)
		d.blocked()
	}
	g.lock, g.second = &d.mu, func() { hold("two") }
	hold("one")
	if hold("two"); g.blocked[status.OnHold] != 2 {
		t.Errorf("two services are on hold, and the gauge says %v", g.blocked)
	}
}
