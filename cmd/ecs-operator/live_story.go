package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// beneath is a terminal on which what is written scrolls by above lines that are
// drawn in their place.
type beneath struct {
	mu    sync.Mutex
	live  live
	lines [][]cell
}

// Write puts text above the lines.
func (b *beneath) Write(text []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.erase()
	n, err := b.live.w.Write(text)
	b.live.draw(b.lines)
	return n, err
}

// show replaces the lines.
func (b *beneath) show(lines [][]cell) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines = lines
	b.live.draw(lines)
}

func (b *beneath) erase() {
	if b.live.rows > 0 {
		_, _ = fmt.Fprintf(b.live.w, "\x1b[%dA\r\x1b[J", b.live.rows)
		b.live.rows = 0
	}
}

// mostBlocks are shown below a story: a fleet does not fit on a screen.
const mostBlocks = 4

// liveBelow lets the blocks of services under way stand below a story on a
// terminal; elsewhere it changes nothing. It gives the writer for the story, and
// what to call with the machine when there is one, which answers with the end.
func liveBelow(ctx context.Context, c *console) (w io.Writer, begin func(m *machine, units []*resource.Unit, poll time.Duration) (stop func())) {
	if !c.errTTY || c.getenv("TERM") == "dumb" {
		return c.err, func(*machine, []*resource.Unit, time.Duration) func() { return func() {} }
	}
	b := &beneath{live: live{w: c.err, size: stderrSize}}
	return b, func(m *machine, units []*resource.Unit, poll time.Duration) func() {
		ctx, cancel := context.WithCancel(ctx)
		done := make(chan struct{})
		go func() {
			defer close(done)
			b.follow(ctx, c.errStyle, m, units, m.clock(c), poll)
		}()
		return func() {
			cancel()
			<-done
			b.mu.Lock()
			defer b.mu.Unlock()
			b.erase()
			b.lines = nil
		}
	}
}

// follow draws until ctx ends.
func (b *beneath) follow(ctx context.Context, p palette, m *machine, units []*resource.Unit, clock func() time.Time, poll time.Duration) {
	for {
		pictures := m.Glimpse(ctx, underWay(m.Status(), units))
		for until := time.Now().Add(poll); ctx.Err() == nil; {
			var lines [][]cell
			for _, x := range pictures {
				lines = append(append(lines, nil), block(p, x, clock())...)
			}
			b.show(lines)
			select {
			case <-ctx.Done():
			case <-time.After(min(time.Second, poll)):
			}
			if !time.Now().Before(until) {
				break
			}
		}
		if ctx.Err() != nil {
			return
		}
	}
}

// underWay are the first units of which a deployment runs.
func underWay(services []status.Service, units []*resource.Unit) []*resource.Unit {
	going := map[resource.UnitKey]bool{}
	for _, s := range services {
		going[resource.UnitKey{Target: s.Target, Cluster: s.Cluster, Name: s.Name}] = s.Reason == status.RolloutInProgress || s.Reason == status.RollingBack
	}
	var out []*resource.Unit
	for _, u := range units {
		if going[u.Key] && len(out) < mostBlocks {
			out = append(out, u)
		}
	}
	return out
}

// stderrSize is of the terminal that stderr is.
func stderrSize() (width, height int) {
	width, height, err := term.GetSize(int(os.Stderr.Fd()))
	if err != nil {
		return 0, 0
	}
	return width, height
}
