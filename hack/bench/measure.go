package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
)

// bench measures one size.
type bench struct {
	*options
	fleet fleet
	world *started
	tmp   string
	runs  int
}

// free lifts the budgets.
var free = []string{"--quota-factor", "1000", "--read-budget", "1", "--write-budget", "1"}

func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

// measure makes a world, a fleet in it, and lives over it.
// What is whole is saved on the way: the last scenarios take long.
func measure(ctx context.Context, o *options, services int, save func(result) error) (r result, err error) {
	b := &bench{options: o}
	if b.tmp, err = os.MkdirTemp("", "ecs-operator-bench-"); err != nil {
		return r, err
	}
	defer os.RemoveAll(b.tmp)
	if b.world, err = startWorld(); err != nil {
		return r, err
	}
	defer b.world.stop()
	b.fleet = fleet{dir: filepath.Join(b.tmp, "documents"), services: services}
	balancers := (services + rulesPerListener - 1) / rulesPerListener
	if b.fleet.listeners, err = balance(ctx, elb.NewFromConfig(awsConfig(b.world.url)), balancers); err != nil {
		return r, err
	}
	if err := b.fleet.write(); err != nil {
		return r, err
	}
	r = result{Services: services, Measured: time.Now().UTC().Format("2006-01-02"), Machine: machine()}
	r.Load[0] = load()
	if r.Made, err = b.make(ctx); err != nil {
		return r, fmt.Errorf("making %d services: %w", services, err)
	}
	var passes []recorded
	if r.Free, passes, err = b.live(ctx, setting{resync: o.resync, passes: o.passes, edits: o.edits, flags: free, record: true}); err != nil {
		return r, err
	}
	if r.Bare, err = b.bare(passes, r.Free.Steady.Passes); err != nil {
		return r, err
	}
	if r.Edit, err = b.oneEdit(ctx); err != nil {
		return r, err
	}
	r.Load[1] = load()
	if err := save(r); err != nil {
		return r, err
	}
	if o.with("latency") {
		s, _, err := b.live(ctx, setting{world: "latency=50ms", resync: max(2*o.resync, perService(services, 20*time.Millisecond)), passes: 2, edits: o.edits / 4, flags: free})
		if err != nil {
			return r, err
		}
		r.Latency = &s
		if err := save(r); err != nil {
			return r, err
		}
	}
	if o.with("quotas") {
		s, _, err := b.live(ctx, setting{world: "quotas=on", resync: max(time.Minute, perService(services, 90*time.Millisecond)), passes: 1, edits: min(10, o.edits), calm: 4 * time.Second, spread: true})
		if err != nil {
			return r, err
		}
		r.Quotas = &s
	}
	r.Load[1] = load()
	return r, save(r)
}

// start starts an operator; what the world was told before is forgotten.
func (b *bench) start(ctx context.Context, world string, flags ...string) (*operator, error) {
	if _, err := b.world.ask(ctx, "POST", "/bench/set?"+world); err != nil {
		return nil, err
	}
	b.runs++
	log := filepath.Join(b.tmp, fmt.Sprintf("operator-%d.log", b.runs))
	if b.logs != "" {
		log = filepath.Join(b.logs, fmt.Sprintf("%d-%d.log", b.fleet.services, b.runs))
	}
	return startOperator(b.binary, b.world.url, b.fleet.dir, log, flags...)
}

// make has an operator make the fleet from nothing.
func (b *bench) make(ctx context.Context) (p phase, err error) {
	op, err := b.start(ctx, "", append([]string{"--resync", "10m"}, free...)...)
	if err != nil {
		return p, err
	}
	defer func() { _ = op.cmd.Process.Kill() }() // stopped below, unless something failed
	began := time.Now()
	for {
		if err := pause(ctx, time.Second); err != nil {
			return p, err
		}
		if _, err := op.ready(ctx); err != nil {
			return p, err
		}
		m, err := op.metrics()
		if err != nil {
			return p, err
		}
		if int(m["ecs_operator_services Ready"]) == b.fleet.services {
			break
		}
	}
	p.Wall = time.Since(began).Seconds()
	if err := b.world.quiet(ctx, 8*time.Second); err != nil {
		return p, err
	}
	if p.CPU, err = op.cpu(); err != nil {
		return p, err
	}
	t, err := b.world.ask(ctx, "POST", "/bench/take")
	if err != nil {
		return p, err
	}
	p.Calls = t.Calls
	peak, err := op.peak()
	say("%d services made in %.0f s: %d calls, %.1f s of CPU, at most %.0f MB", b.fleet.services, p.Wall, p.Calls.total(), p.CPU, peak)
	if err != nil {
		return p, err
	}
	return p, op.stop()
}

// setting says under which conditions an operator lives.
type setting struct {
	world  string
	flags  []string
	resync time.Duration
	passes int
	edits  int
	calm   time.Duration // between edits
	spread bool          // budgets spread the calls, so that there is no pause between passes
	record bool
}

// live starts an operator over a fleet that is there, and follows it through its
// first pass, some passes over an unchanged world, and edits.
func (b *bench) live(ctx context.Context, set setting) (s scenario, passes []recorded, err error) {
	op, err := b.start(ctx, set.world, append([]string{"--resync", set.resync.String()}, set.flags...)...)
	if err != nil {
		return s, nil, err
	}
	defer func() { _ = op.cmd.Process.Kill() }() // stopped below, unless something failed
	if s.Cold, s.Ready, err = b.cold(ctx, op); err != nil {
		return s, nil, err
	}
	say("%d services %s: ready after %.1f s, %d calls, %.2f s of CPU", b.fleet.services, set.world, s.Ready, s.Cold.Calls.total(), s.Cold.CPU)
	pass := b.pass
	if set.spread {
		pass = func(ctx context.Context, n int) error { return b.told(ctx, op, n) }
	}
	if s.Steady, passes, err = b.steady(ctx, op, pass, set.passes, set.record, &s.Writes); err != nil {
		return s, nil, err
	}
	say("a steady pass: %d calls (floor %d), %.3f s of CPU, %.2f s, %.1f MB in %.0f allocations", s.Steady.Calls.total(), steadyFloor(b.fleet.services).total(),
		s.Steady.CPU, s.Steady.Wall, s.Steady.MB, s.Steady.Allocs)
	if s.Edits, err = b.edited(ctx, set.edits, set.calm); err != nil {
		return s, nil, err
	}
	say("an edit's first write: %+v", s.Edits)
	if err := b.world.quiet(ctx, 2*time.Second); err != nil {
		return s, nil, err
	}
	m, err := op.metrics()
	if err != nil {
		return s, nil, err
	}
	t, err := b.world.ask(ctx, "POST", "/bench/take")
	if err != nil {
		return s, nil, err
	}
	s.Throttles, s.Refused = int(m["ecs_operator_api_throttles_total"]), s.Refused+t.Refused
	if s.MappedMB, err = op.mapped(); err != nil {
		return s, nil, err
	}
	if s.PeakMB, err = op.peak(); err != nil {
		return s, nil, err
	}
	say("at most %.1f MB, %d throttles", s.PeakMB, s.Throttles)
	return s, passes, op.stop()
}

// cold is the first pass of a process.
func (b *bench) cold(ctx context.Context, op *operator) (p phase, ready float64, err error) {
	took, err := op.ready(ctx)
	if err != nil {
		return p, 0, err
	}
	if p.CPU, err = op.cpu(); err != nil {
		return p, 0, err
	}
	t, err := b.world.ask(ctx, "POST", "/bench/take")
	p.Calls, p.Wall = t.Calls, t.Last.Sub(t.First).Seconds()
	return p, took.Seconds(), err
}

// steady follows passes over an unchanged world, and gives their calls where they are to
// be recorded.
func (b *bench) steady(ctx context.Context, op *operator, pass func(context.Context, int) error, n int, record bool, writes *int) (s steady, all []recorded, err error) {
	if err := pass(ctx, 1); err != nil { // the one after the first, which may still learn
		return s, nil, err
	}
	before, err := op.metrics()
	if err != nil {
		return s, nil, err
	}
	begin := "/bench/take"
	if record {
		begin = "/bench/set?record=on"
	}
	if _, err := b.world.ask(ctx, "POST", begin); err != nil {
		return s, nil, err
	}
	cpu, err := op.cpu()
	if err != nil {
		return s, nil, err
	}
	if err := pass(ctx, n); err != nil {
		return s, nil, err
	}
	cpuAfter, err := op.cpu()
	if err != nil {
		return s, nil, err
	}
	t, err := b.world.ask(ctx, "POST", "/bench/take")
	if err != nil {
		return s, nil, err
	}
	if record {
		if _, err := b.world.ask(ctx, "POST", "/bench/set"); err != nil {
			return s, nil, err
		}
	}
	after, err := op.metrics()
	if err != nil {
		return s, nil, err
	}
	was, took := passed(before)
	is, tookAfter := passed(after)
	if s.Passes = is - was; s.Passes == 0 {
		return s, nil, fmt.Errorf("none of %d passes ended before the next one began: measure with a longer -resync", n)
	}
	per := 1 / float64(s.Passes)
	s.CPU, s.Wall = round((cpuAfter-cpu)*per), round((tookAfter-took)*per)
	s.MB = round((after["go_memstats_alloc_bytes_total"] - before["go_memstats_alloc_bytes_total"]) * per / 1e6)
	s.Allocs = math.Round((after["go_memstats_mallocs_total"] - before["go_memstats_mallocs_total"]) * per)
	s.Calls = calls{}
	for operation, k := range t.Calls {
		s.Calls[operation] = int(math.Ceil(float64(k) * per))
		if !isRead(operation) {
			*writes += k
		}
	}
	return s, t.Recorded, nil
}

// isRead: AWS' reads begin with these.
func isRead(operation string) bool {
	for _, verb := range []string{"Describe", "List", "Get"} {
		if strings.HasPrefix(operation, verb) {
			return true
		}
	}
	return false
}

// bare has the bare SDK make the calls of so many passes.
func (b *bench) bare(list []recorded, passes int) (out bareResult, err error) {
	self, err := os.Executable()
	if err != nil {
		return out, err
	}
	in, err := json.Marshal(list)
	if err != nil {
		return out, err
	}
	cmd := exec.Command(self, "bare", b.world.url, strconv.Itoa(passes), b.resync.String())
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return out, fmt.Errorf("the bare SDK: %w", err)
	}
	err = json.Unmarshal(text, &out)
	out.CPU, out.Wall, out.MB, out.Allocs = round(out.CPU), round(out.Wall), round(out.MB), math.Round(out.Allocs)
	say("the bare SDK, %d calls a pass: %.3f s of CPU, %.2f s, %.1f MB in %.0f allocations", len(list)/passes, out.CPU, out.Wall, out.MB, out.Allocs)
	return out, err
}

// perService is so much for every service: the time from one pass to the next that leaves a pause
// after each, in fleets of every size.
func perService(services int, d time.Duration) time.Duration { return time.Duration(services) * d }

func round(v float64) float64 { return math.Round(v*1000) / 1000 }
