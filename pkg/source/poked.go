package source

import (
	"context"
	"sync"
	"time"
)

// Poked is a source that others may poke: a webhook or an event says that there
// is something new, and the source is looked at now instead of at its next
// poll. What they say beyond that is nobody's business here.
type Poked struct {
	Source
	// Every is the shortest time between two hints that pokes bring. The first
	// after a calm is passed on at once; those within that time become one at its
	// end, so that none is lost.
	Every time.Duration

	pokes chan struct{}

	mu   sync.Mutex
	last time.Time
	due  bool // a poke waits for its time
}

// PokeEvery is the rhythm to which pokes are slowed down.
const PokeEvery = 10 * time.Second

// Poke lets a source be poked.
func Poke(s Source) *Poked {
	return &Poked{Source: s, Every: PokeEvery, pokes: make(chan struct{}, 1)}
}

// Poke hints that there is something new. It never blocks; many are as good as one.
func (p *Poked) Poke() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.due {
		return
	}
	now := time.Now()
	if wait := p.last.Add(p.Every).Sub(now); wait > 0 && !p.last.IsZero() {
		p.due = true
		time.AfterFunc(wait, p.pass)
		return
	}
	p.last = now
	send(p.pokes)
}

// pass lets the poke through that waited.
func (p *Poked) pass() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.due, p.last = false, time.Now()
	send(p.pokes)
}

// Watch passes on the hints of the source and the pokes.
func (p *Poked) Watch(ctx context.Context, hint chan<- struct{}) error {
	ctx, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop()
	wg.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-p.pokes:
				if s, ok := p.Source.(interface{ Poke() }); ok {
					s.Poke() // it hints by itself, and knows then that it is to ask its server
				} else {
					send(hint)
				}
			}
		}
	})
	return p.Source.Watch(ctx, hint)
}
