package sweep

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// buildProgram builds the program.
func buildProgram(t *testing.T) string {
	t.Helper()
	if *killProgram != "" {
		return *killProgram
	}
	program := filepath.Join(t.TempDir(), "ecs-operator")
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", program, "../../cmd/ecs-operator")
	if *killAll { // as it is released: it starts in half the time; a few cases are over sooner than it is compiled anew
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
	}
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// frugal is the environment of a life: it lasts seconds, and most of its time on a
// processor would be the collection of garbage.
var frugal = []string{"GOMAXPROCS=1", "GOGC=off", "GOMEMLIMIT=128MiB"}

// What stands in a program's directory: the documents, and a saved plan.
const (
	documentsName = "documents"
	planName      = "plan.json"
)

// pass is how the services stood when a full pass of the program ended.
type pass map[string]status.Reason

// life is one process of the program, from its start until it is killed.
type life struct {
	cmd  *exec.Cmd
	gone chan struct{}
	news chan pass // each full pass that ended

	mu   sync.Mutex
	told func([]byte) // hears every line that it prints
	part []byte       // of a line that has not ended
	tail []string     // its last lines
}

// begin starts the daemon in a directory that holds the documents, with a home of its
// own that is empty: of an earlier life there is nothing. The documents are named as
// in every other case, because the name is part of the source's revision.
func begin(program, dir, home, url string, s *scenario, told func([]byte), more ...string) (*life, error) {
	if err := os.MkdirAll(filepath.Join(home, "tmp"), 0o755); err != nil {
		return nil, err
	}
	args, err := s.command(home, more...)
	if err != nil {
		return nil, err
	}
	l := &life{cmd: exec.Command(program, args...), gone: make(chan struct{}), news: make(chan pass, 100), told: told}
	l.cmd.Dir, l.cmd.Stdout, l.cmd.Stderr = dir, l, l
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "AWS_") && !strings.HasPrefix(kv, "ECS_OPERATOR_") && !strings.HasPrefix(kv, "HOME=") && !strings.HasPrefix(kv, "TMPDIR=") {
			l.cmd.Env = append(l.cmd.Env, kv)
		}
	}
	l.cmd.Env = append(l.cmd.Env, frugal...)
	l.cmd.Env = append(l.cmd.Env, "HOME="+home, "TMPDIR="+filepath.Join(home, "tmp"), "AWS_EC2_METADATA_DISABLED=true",
		"AWS_ENDPOINT_URL="+url, "AWS_REGION="+sandbox.Region, "AWS_ACCESS_KEY_ID="+operatorKey, "AWS_SECRET_ACCESS_KEY=sandbox")
	if err := l.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = l.cmd.Wait() // how it ended is in its state
		close(l.gone)
	}()
	return l, nil
}

// command is what the program is called with.
func (s *scenario) command(home string, more ...string) ([]string, error) {
	args := []string{"--scope", scope, "--read-budget", "1", "--write-budget", "1"}
	grace := killGrace
	if s.wall != nil && s.wall.grace > 0 {
		grace = s.wall.grace
	}
	switch {
	case s.diff:
		args = append(args, "diff", "--no-color")
	case s.saved:
		args = append(args, "apply", "--no-color", "--plan", planName)
	default:
		args = append(args, "run", "--log-format", "json", "--log-level", "debug", "--listen", "127.0.0.1:0",
			"--resync", killResync.String(), "--poll", killPoll.String(), "--absence-grace", grace.String(), "--workers", "1",
			fmt.Sprintf("--verify=%v", s.verify))
	}
	if s.rollouts > 0 {
		args = append(args, "--max-concurrent-rollouts", fmt.Sprint(s.rollouts))
	}
	if s.prune {
		args = append(args, "--prune")
	}
	if s.second {
		path := filepath.Join(home, "targets.yaml")
		text := fmt.Sprintf("targets:\n  default: {region: %s}\n  %s: {region: %s}\n", sandbox.Region, secondTarget, secondRegion)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return nil, err
		}
		args = append(args, "--targets", path)
	}
	return append(append(args, more...), documentsName), nil
}

// kill is kill -9; when it returns, the process is no more.
func (l *life) kill() {
	_ = l.cmd.Process.Kill() // it may be gone already
	<-l.gone
}

// Write reads the program's log.
func (l *life) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.part = append(l.part, p...)
	for {
		line, rest, ended := bytes.Cut(l.part, []byte("\n"))
		if !ended {
			return len(p), nil
		}
		l.line(line)
		l.part = bytes.Clone(rest)
	}
}

// line hears one line of the log.
func (l *life) line(text []byte) {
	var v struct {
		Event   string
		Reasons map[string]status.Reason
	}
	if json.Unmarshal(text, &v) == nil && v.Event == "pass" {
		stands := pass{}
		for service, reason := range v.Reasons { // target/cluster/name
			name := path.Base(service)
			if strings.HasPrefix(service, secondTarget+"/") {
				name = secondTarget + "/" + name
			}
			if other, two := stands[name]; !two || other == status.Synced { // of two clusters: the one with something to tell
				stands[name] = reason
			}
		}
		select {
		case l.news <- stands:
		default: // whoever listens has enough to hear
		}
	}
	l.told(text)
	const kept = 40
	if l.tail = append(l.tail, string(text)); len(l.tail) > kept {
		l.tail = l.tail[1:]
	}
}

// last are the last lines that it printed.
func (l *life) last() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.tail, "\n")
}
