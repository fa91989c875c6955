package sweep

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// Paces of the program, on the wall. Its AWS lives faster.
const (
	killSpeed    = 1000
	killActSpeed = 100 // where something happens in the course of a scenario
	killResync   = time.Second
	killPoll     = 100 * time.Millisecond
	killGrace    = killResync      // as in process
	killNoticing = 2 * time.Second // files.noticing: it watches its directory
	killPatience = 2 * time.Minute // that a case may take; nothing is measured by it
)

// victim is a case whose operator is the program, in a process of its own, and whose
// AWS it reaches by TCP.
type victim struct {
	w       *world
	program string
	dir     string // of this case: documents, and a disk for each life
	url     string
	plan    []byte    // that was saved
	began   time.Time // of the swept part, on the world's clock
	passed  pass      // the last one
	lives   int

	mu   sync.Mutex
	now  *life
	hit  time.Time // on the wall: when it was killed
	over bool      // it is at rest, or has not come to it: nothing strikes any more
}

// killedOutcome is what became of such a case.
type killedOutcome struct {
	outcome
	wall, healed time.Duration // on the wall: all of it, and from the kill until rest was certain
	lives        int
}

var killFaults = map[string]string{"C0": "killed -9 before the call took effect", "C1": "killed -9 after the effect, before the answer"}

// fault kills the process at a call: before it takes effect, or after. When the
// effect comes, the process is dead: nobody hears the answer.
func (k *victim) fault(name string) *fault {
	return &fault{name: name, says: killFaults[name], strike: func(*world, *strike, sandbox.Call) *sandbox.Fault {
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.over {
			return nil
		}
		k.hit = time.Now()
		k.w.killed()
		k.now.kill()
		return &sandbox.Fault{Drop: true, AfterEffect: name == "C1"}
	}}
}

// playKilled runs the swept part with the program and kills it at a call; name "" for never.
func (s *scenario) playKilled(program, dir string, g ground, at callID, name string) (out killedOutcome) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), killPatience)
	defer cancel()
	from := bubbleBegins.Add(g.at)
	g.now = func() time.Time { return from.Add(time.Since(began)) }
	g.speed = s.killSpeed()
	k := &victim{program: program, dir: dir, plan: g.saved}
	var hit *strike
	if name != "" {
		hit = &strike{at: at, fault: k.fault(name)}
	}
	k.w = newWorld(ctx, s, g, hit)
	k.w.apart, k.w.files.noticing = true, killNoticing
	k.w.watchers.begin()
	k.began = k.w.aws.Clock()
	closed, err := k.listen()
	if err != nil {
		out.problems = []string{err.Error()}
		return out
	}
	out.settled, err = k.live(ctx)
	k.mu.Lock()
	k.over = true
	k.mu.Unlock()
	if err != nil {
		k.w.broken("%v", err)
	}
	out.stands, out.lives, out.wall = k.passed, k.lives, time.Since(began)
	out.took = k.w.aws.Clock().Sub(k.began)
	out.lived = out.took
	if k.now != nil {
		k.now.kill()
	}
	if err := closed(); err != nil {
		k.w.broken("%v", err)
	}
	k.w.sumUp(&out.outcome, hit)
	out.picture = byChance(out.picture)
	if out.fired = !k.hit.IsZero(); out.fired {
		out.healed = out.wall - k.hit.Sub(began)
	}
	return out
}

// listen lets the program reach the AWS by TCP: the second account, where there is one,
// at the same address, as every AWS is the Internet's.
func (k *victim) listen() (closed func() error, err error) {
	if k.w.second == nil {
		l, err := k.w.aws.Listen("127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		k.url = l.URL
		return l.Close, nil
	}
	both := httptest.NewUnstartedServer(http.HandlerFunc(k.forward))
	both.Config.ErrorLog = log.New(io.Discard, "", 0) // of the calls that are cut off
	both.Start()
	k.url = both.URL
	return func() error { both.Close(); return nil }, nil
}

// forward hands a call to the account that it goes to.
func (k *victim) forward(rw http.ResponseWriter, r *http.Request) {
	resp, err := k.w.called(r).RoundTrip(r.WithContext(context.WithoutCancel(r.Context()))) // what has arrived takes effect, whoever has hung up
	if err != nil {
		panic(http.ErrAbortHandler) // net/http's way to cut a connection
	}
	defer func() { _ = resp.Body.Close() }()
	maps.Copy(rw.Header(), resp.Header)
	rw.WriteHeader(resp.StatusCode)
	_, _ = io.Copy(rw, resp.Body) // the program is gone: nobody to tell
}

// isCommand is whether somebody runs a command again and again, and no daemon runs.
func (s *scenario) isCommand() bool { return s.diff || s.saved }

// savePlan is what the program's own diff saves, of the AWS before people came.
func (s *scenario) savePlan(t *testing.T, program, dir string, g ground) []byte {
	began, from := time.Now(), bubbleBegins.Add(g.at)
	g.now, g.world = func() time.Time { return from.Add(time.Since(began)) }, g.before
	looks := *s
	looks.saved, looks.diff = false, true
	k := &victim{program: program, dir: dir, w: newWorld(t.Context(), &looks, g, nil)}
	k.w.apart = true
	closed, err := k.listen()
	must(err)
	defer func() { must(closed()) }()
	must(os.Mkdir(filepath.Join(dir, documentsName), 0o755))
	must(k.w.files.on(filepath.Join(dir, documentsName)))
	var saved bytes.Buffer
	l, err := begin(program, dir, filepath.Join(dir, "home"), k.url, &looks, func(line []byte) { saved.Write(append(line, '\n')) }, "-o", "json")
	must(err)
	<-l.gone
	if code := l.cmd.ProcessState.ExitCode(); code != 1 {
		t.Fatalf("diff ends with %d:\n%s", code, saved.String())
	}
	return saved.Bytes()[bytes.IndexByte(saved.Bytes(), '{'):] // before it, it says on stderr which AWS it is
}

// onTheWall is the scenario as the program can play it.
func (s *scenario) onTheWall() *scenario {
	if s.wall == nil {
		return s
	}
	out := *s
	for _, all := range []*documents{&out.before, &out.past, &out.after} {
		docs := documents{}
		for name, text := range *all {
			docs[name] = strings.NewReplacer(s.wall.edit...).Replace(text)
		}
		if *all != nil {
			*all = docs
		}
	}
	out.slack = map[string]int{}
	maps.Copy(out.slack, s.slack)
	maps.Copy(out.slack, s.wall.slack)
	return &out
}

// killSpeed is how much faster the AWS of a scenario lives: what happens in its course
// must not come before the program has begun, and ECS forgets the task of a hook within
// an hour after its end, in which the next life must have seen it.
func (s *scenario) killSpeed() float64 {
	if s.wall != nil && s.wall.speed > 0 {
		return s.wall.speed
	}
	if len(s.acts) > 0 {
		return killActSpeed
	}
	for _, text := range s.after {
		if strings.Contains(text, "\n  hooks:") {
			return killActSpeed
		}
	}
	return killSpeed
}

// live lets the program live until it is at rest, and again after each death.
func (k *victim) live(ctx context.Context) (settled bool, err error) {
	documents := filepath.Join(k.dir, documentsName)
	if err := os.Mkdir(documents, 0o755); err != nil {
		return false, err
	}
	hints := make(chan struct{}, 1)
	go func() { _ = k.w.files.Watch(ctx, hints) }() // ends with ctx
	if err := k.w.files.on(documents); err != nil {
		return false, err
	}
	if err := os.WriteFile(filepath.Join(k.dir, planName), k.plan, 0o644); err != nil {
		return false, err
	}
	if wall := k.w.scenario.wall; wall != nil && wall.begin != nil {
		wall.begin(k.w.human())
	}
	if err := k.start(); err != nil {
		return false, err
	}
	acts := k.w.scenario.acts
	pause := time.Duration(0) // before what failed is tried again
	for {
		var due <-chan time.Time
		if len(acts) > 0 {
			due = time.After(max(pause, k.until(acts[0].after)))
		}
		select {
		case <-ctx.Done():
			return false, fmt.Errorf("not at rest after %s, with %d quiet passes; the program's last words:\n%s", killPatience, k.w.quiet, k.now.last())
		case <-hints:
			if err := k.w.files.on(documents); err != nil {
				return false, err
			}
		case <-due:
			pause = 5 * time.Millisecond
			if acts[0].do(k.w.human()) == nil { // what failed is tried again, as people do
				acts, pause = acts[1:], 0
			}
			k.w.restless()
		case <-k.now.gone:
			if k.now.cmd.ProcessState.Exited() {
				if code := k.now.cmd.ProcessState.ExitCode(); !k.w.scenario.isCommand() || code > 1 || k.w.scenario.saved && code != 1 {
					return false, fmt.Errorf("the program ended by itself: %s\n%s", k.now.cmd.ProcessState, k.now.last())
				}
				k.passed = k.w.scenario.rest // a command that ended so is a pass; how a service stands it does not say
				if quiet := k.w.hear(nil); quiet >= 3 && len(acts) == 0 && !k.dying() {
					return true, nil
				}
			}
			if err := k.start(); err != nil {
				return false, err
			}
		case k.passed = <-k.now.news:
			if quiet := k.w.hear(k.passed); quiet >= 3 && len(acts) == 0 && !k.dying() {
				return true, nil
			}
		}
	}
}

// until is how long it is on the wall until so much of the swept part has passed.
func (k *victim) until(after time.Duration) time.Duration {
	left := after - k.w.aws.Clock().Sub(k.began)
	return max(0, time.Duration(float64(left)/k.w.scenario.killSpeed()))
}

// dying is whether it was killed and has not begun its next life.
func (k *victim) dying() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return !k.hit.IsZero() && k.lives == 1
}

// start begins a life.
func (k *victim) start() error {
	if !k.w.scenario.isCommand() { // every run of it is a process
		k.w.restless()
	}
	k.mu.Lock() // its first call may come before this ends
	defer k.mu.Unlock()
	k.lives++
	l, err := begin(k.program, k.dir, filepath.Join(k.dir, fmt.Sprint("life", k.lives)), k.url, k.w.scenario, k.w.said)
	if err == nil {
		k.now = l
	}
	return err
}

// killed counts the kills. That of a process of its own may cut off a second call, of
// another service: one that was answered, and whose answer it has not read yet.
func (w *world) killed() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.kills += 2
}

// said keeps a line that the program printed.
func (w *world) said(line []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	of := &w.told
	if bytes.Contains(line, []byte(`"apiVersion":"ecs-operator/audit/`)) {
		of = &w.audit
	}
	of.Write(line)
	of.WriteByte('\n')
}

// hear counts the quiet passes of the program, as heard does those of an engine.
func (w *world) hear(stands pass) int {
	calls, writes, _ := w.tap.counted()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.quiet++
	for _, reason := range stands {
		if !isSettled(reason) || !w.mayRest(reason) {
			w.quiet = 0
		}
	}
	if writes != w.writes {
		w.quiet = 0
	}
	if w.quiet == 1 {
		w.rested = calls
	}
	w.writes = writes
	return w.quiet
}

// on puts the files into a directory, each whole or not at all.
func (f *files) on(dir string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return f.err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if _, stays := f.all[e.Name()]; !stays {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	for name, text := range f.all {
		aside := filepath.Join(filepath.Dir(dir), name+"~")
		if err := os.WriteFile(aside, []byte(text), 0o644); err != nil {
			return err
		}
		if err := os.Rename(aside, filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}
