package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// worldSpeed is how fast rollouts go in the world: a task starts in about a second.
const worldSpeed = 60

// recorded is one call that is to be made again.
type recorded struct {
	Service, Operation string
	Input              json.RawMessage
}

// tally is what the world has seen since it was taken last.
type tally struct {
	Calls       calls
	Refused     int
	First, Last time.Time // of the calls
	FirstWrite  time.Time
	Recorded    []recorded `json:",omitempty"`
}

// world is the embedded AWS, and what is told about its calls.
type world struct {
	mu        sync.Mutex
	tally     tally
	wrote     chan struct{} // closed by the first write
	recording bool
	latency   time.Duration
	quotas    sandbox.FaultFunc
}

// serveWorld is the process of the world: it says its address and stays until its
// input ends.
func serveWorld() error {
	debug.SetGCPercent(400) // it shares the machine with what is measured
	w := &world{}
	w.reset()
	box := sandbox.New(sandbox.Options{Speed: worldSpeed, TargetGroups: 20_000, Fault: w.call, Logf: func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, format+"\n", args...)
	}})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /bench/set", w.set)
	mux.HandleFunc("POST /bench/take", w.take)
	mux.HandleFunc("GET /bench/look", w.look)
	mux.HandleFunc("GET /bench/written", w.written)
	mux.Handle("/", box)
	fmt.Println("http://" + ln.Addr().String())
	go func() {
		_, _ = os.Stdin.Read(make([]byte, 1)) // ends with who started this
		os.Exit(0)
	}()
	return http.Serve(ln, mux)
}

// reset forgets the tally; the lock is held, or nobody else is there.
func (w *world) reset() {
	w.tally = tally{Calls: calls{}}
	w.wrote = make(chan struct{})
}

// call is the sandbox' hook: it sees every call before it is answered.
func (w *world) call(ctx context.Context, c sandbox.Call) *sandbox.Fault {
	now := time.Now()
	w.mu.Lock()
	t := &w.tally
	t.Calls[c.Operation]++
	if t.First.IsZero() {
		t.First = now
	}
	t.Last = now
	if c.Operation == "RegisterTaskDefinition" && t.FirstWrite.IsZero() {
		t.FirstWrite = now
		close(w.wrote)
	}
	if w.recording {
		if in, err := json.Marshal(c.Input); err == nil {
			t.Recorded = append(t.Recorded, recorded{c.Service, c.Operation, in})
		}
	}
	latency, quotas := w.latency, w.quotas
	w.mu.Unlock()
	if latency > 0 {
		time.Sleep(latency)
	}
	if quotas == nil {
		return nil
	}
	f := quotas(ctx, c)
	if f != nil {
		w.mu.Lock()
		w.tally.Refused++
		w.mu.Unlock()
	}
	return f
}

// set says what the world is like from now on: latency=50ms, quotas=on, record=on.
func (w *world) set(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	q := r.URL.Query()
	w.latency, _ = time.ParseDuration(q.Get("latency")) // none is none
	w.recording = q.Get("record") != ""
	if w.quotas = nil; q.Get("quotas") != "" {
		w.quotas = sandbox.Quotas(nil)
	}
	w.reset()
	rw.WriteHeader(http.StatusNoContent)
}

func (w *world) take(rw http.ResponseWriter, _ *http.Request) {
	w.mu.Lock()
	t := w.tally
	w.reset()
	w.mu.Unlock()
	_ = json.NewEncoder(rw).Encode(t) // who asked is gone
}

func (w *world) look(rw http.ResponseWriter, _ *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := w.tally
	t.Recorded = nil
	_ = json.NewEncoder(rw).Encode(t) // as above
}

// written answers when the first write since the last take has come.
func (w *world) written(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	wrote := w.wrote
	w.mu.Unlock()
	select {
	case <-wrote:
	case <-r.Context().Done():
		return
	}
	w.look(rw, r)
}
