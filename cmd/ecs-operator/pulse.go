package main

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
)

// pulse knows from the daemon's events whether its loop is alive.
type pulse struct {
	now   func() time.Time
	limit time.Duration // a pass must end at least this often

	mu     sync.Mutex
	last   time.Time
	passed bool
}

// newPulse allows for a slow or throttled AWS: a loop that is only waiting must
// not be killed for it.
func newPulse(now func() time.Time, resync time.Duration) *pulse {
	return &pulse{now: now, limit: 3*resync + 10*time.Minute, last: now()}
}

func (p *pulse) event(e reconcile.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = p.now()
	p.passed = p.passed || e.Kind == reconcile.EventPass
}

// alive is /healthz.
func (p *pulse) alive() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if silent := p.now().Sub(p.last); silent > p.limit {
		return fmt.Errorf("no pass has ended for %s", silent.Round(time.Second))
	}
	return nil
}

// ready is /readyz: the documents were read and compared with AWS once.
func (p *pulse) ready() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.passed {
		return errors.New("the first pass has not ended")
	}
	return nil
}
