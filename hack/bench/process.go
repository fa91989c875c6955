package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// started is the process of the world as its parent sees it.
type started struct {
	url string
	cmd *exec.Cmd
	in  io.Closer
}

// startWorld starts this program again, as the world.
func startWorld() (*started, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "world")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("the world does not start: %w", err)
	}
	return &started{url: strings.TrimSpace(line), cmd: cmd, in: in}, nil
}

func (s *started) stop() {
	_ = s.in.Close() // it ends with its input
	_ = s.cmd.Wait()
}

// ask sends one of the questions of serveWorld.
func (s *started) ask(ctx context.Context, method, path string) (tally, error) {
	r, err := http.NewRequestWithContext(ctx, method, s.url+path, nil)
	if err != nil {
		return tally{}, err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return tally{}, err
	}
	defer resp.Body.Close()
	var t tally
	if resp.StatusCode != http.StatusNoContent {
		err = json.NewDecoder(resp.Body).Decode(&t)
	}
	return t, err
}

// quiet waits until no call has come for a while.
func (s *started) quiet(ctx context.Context, d time.Duration) error {
	for {
		t, err := s.ask(ctx, "GET", "/bench/look")
		if err != nil {
			return err
		}
		if time.Since(t.Last) > d {
			return nil
		}
		if err := pause(ctx, d/4); err != nil {
			return err
		}
	}
}

// pause waits, or ends with ctx.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// operator is the binary under measurement.
type operator struct {
	cmd   *exec.Cmd
	url   string
	log   string
	began time.Time
	ended chan error
}

// startOperator starts the daemon over the documents, against the world.
func startOperator(binary, world, dir, log string, flags ...string) (*operator, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := ln.Addr().String() // free a moment ago
	if err := ln.Close(); err != nil {
		return nil, err
	}
	f, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	cmd := exec.Command(binary, append([]string{"run", dir, "--listen", addr}, flags...)...)
	cmd.Stdout, cmd.Stderr = f, f
	cmd.Env = []string{"HOME=/nowhere", "AWS_ENDPOINT_URL=" + world, "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=sandbox", "AWS_SECRET_ACCESS_KEY=sandbox"}
	for _, kv := range os.Environ() { // BENCH_GOGC=50 is GOGC=50 to the operator: for experiments
		if own, ok := strings.CutPrefix(kv, "BENCH_"); ok {
			cmd.Env = append(cmd.Env, own)
		}
	}
	o := &operator{cmd: cmd, url: "http://" + addr, log: log, began: time.Now(), ended: make(chan error, 1)}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() { o.ended <- cmd.Wait() }()
	return o, nil
}

// stop ends it as a service manager would.
func (o *operator) stop() error {
	if err := o.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return <-o.ended
}

// ready waits for the end of the first pass.
func (o *operator) ready(ctx context.Context) (time.Duration, error) {
	for {
		resp, err := http.Get(o.url + "/readyz")
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return time.Since(o.began), nil
			}
		}
		select {
		case err := <-o.ended:
			text, _ := os.ReadFile(o.log)
			return 0, fmt.Errorf("the operator ended (%v): %s", err, text[max(0, len(text)-2000):])
		default:
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return 0, err
		}
	}
}

// metrics are the sums of what it serves, over all labels but those of the operations
// and states, which stand behind the name.
func (o *operator) metrics() (map[string]float64, error) {
	resp, err := http.Get(o.url + "/metrics")
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	out := map[string]float64{}
	for s := bufio.NewScanner(resp.Body); s.Scan(); {
		line := s.Text()
		at := strings.LastIndexByte(line, ' ')
		if at < 0 || line[0] == '#' {
			continue
		}
		v, err := strconv.ParseFloat(line[at+1:], 64)
		if err != nil {
			continue
		}
		name, labels, _ := strings.Cut(line[:at], "{")
		out[name] += v
		for _, label := range []string{`operation="`, `state="`} {
			if _, rest, ok := strings.Cut(labels, label); ok {
				value, _, _ := strings.Cut(rest, `"`)
				out[name+" "+value] += v
			}
		}
	}
	return out, nil
}

// ticks a second, as Linux tells them to every program (proc(5), sysconf(_SC_CLK_TCK)).
const ticks = 100

// cpu is the time that it has had of the processors.
func (o *operator) cpu() (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", o.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 13 {
		return 0, errors.New("/proc/PID/stat has no times")
	}
	user, err := strconv.Atoi(fields[11])
	if err != nil {
		return 0, err
	}
	system, err := strconv.Atoi(fields[12])
	return float64(user+system) / ticks, err
}

// peak is the most memory that it has had at once, in MB (VmHWM of proc(5)).
func (o *operator) peak() (float64, error) { return o.memory("VmHWM:") }

// mapped is how much of its memory is the program's own file (RssFile), which the kernel
// takes back when it needs it, in MB.
func (o *operator) mapped() (float64, error) { return o.memory("RssFile:") }

func (o *operator) memory(field string) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", o.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), field)
	var kB float64
	_, err = fmt.Sscan(rest, &kB)
	return kB * 1024 / 1e6, err
}
