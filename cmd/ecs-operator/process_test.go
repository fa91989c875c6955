package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// patience bounds what a test waits for; nothing is measured by it.
const patience = 60 * time.Second

// cleanEnv is this environment without anybody's AWS, plus what is given.
func cleanEnv(home string, extra ...string) []string {
	var env []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "AWS_") && !strings.HasPrefix(kv, "ECS_OPERATOR_") && !strings.HasPrefix(kv, "HOME=") {
			env = append(env, kv)
		}
	}
	env = append(env, "HOME="+home, "AWS_EC2_METADATA_DISABLED=true", "HTTPS_PROXY="+nowhere, "NO_COLOR=1",
		"ECS_OPERATOR_POLL=50ms", "ECS_OPERATOR_ABSENCE_GRACE=100ms", "ECS_OPERATOR_READ_BUDGET=1", "ECS_OPERATOR_WRITE_BUDGET=1",
		"ECS_OPERATOR_SANDBOX_POLICY="+generatedPolicy)
	return append(env, extra...)
}

// proc is a running ecs-operator whose output can be awaited.
type proc struct {
	t    *testing.T
	cmd  *exec.Cmd
	mu   sync.Mutex
	text bytes.Buffer  // stdout and stderr
	news chan struct{} // closed and replaced when text grows
	gone chan struct{}
	err  error
}

// start runs ecs-operator in dir until the test ends, at the latest.
func start(t *testing.T, dir string, env []string, args ...string) *proc {
	t.Helper()
	path, err := exec.LookPath("ecs-operator")
	if err != nil {
		t.Fatal(err)
	}
	p := &proc{t: t, cmd: exec.Command(path, args...), news: make(chan struct{}), gone: make(chan struct{})}
	p.cmd.Dir, p.cmd.Env = dir, env
	p.cmd.Stdout, p.cmd.Stderr = p, p
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.gone)
	}()
	t.Cleanup(p.kill)
	return p
}

// Write collects output.
func (p *proc) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.news)
	p.news = make(chan struct{})
	return p.text.Write(b)
}

func (p *proc) output() (string, chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String(), p.news
}

// await blocks until the output after offset from matches, and returns the
// groups and the offset behind the match.
func (p *proc) await(from int, pattern string) (groups []string, end int) {
	p.t.Helper()
	re := regexp.MustCompile("(?m)" + pattern)
	deadline := time.After(patience)
	for {
		text, news := p.output()
		if at := re.FindStringSubmatchIndex(text[from:]); at != nil {
			return re.FindStringSubmatch(text[from:]), from + at[1]
		}
		select {
		case <-news:
		case <-p.gone:
			if again, _ := p.output(); again == text {
				p.t.Fatalf("ended (%v) before %q:\n%s", p.err, pattern, text)
			}
		case <-deadline:
			p.t.Fatalf("no %q in %s:\n%s", pattern, patience, text)
		}
	}
}

// exit waits for the end and returns the exit code.
func (p *proc) exit() int {
	p.t.Helper()
	select {
	case <-p.gone:
	case <-time.After(patience):
		text, _ := p.output()
		p.t.Fatalf("does not end:\n%s", text)
	}
	if exit := (*exec.ExitError)(nil); errors.As(p.err, &exit) {
		return exit.ExitCode()
	}
	return 0
}

func (p *proc) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// kill is kill -9.
func (p *proc) kill() {
	_ = p.cmd.Process.Signal(syscall.SIGKILL) // it may be gone already
	<-p.gone
}

// must runs ecs-operator to its end and wants an exit code.
func must(t *testing.T, dir string, env []string, code int, args ...string) string {
	t.Helper()
	p := start(t, dir, env, args...)
	got := p.exit()
	text, _ := p.output()
	if got != code {
		t.Fatalf("ecs-operator %s: exit code %d, want %d:\n%s", strings.Join(args, " "), got, code, text)
	}
	return text
}

// get asks a URL; the body comes back as text.
func get(t *testing.T, url string) (int, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// servedWrites are the calls that changed something at a served sandbox.
func servedWrites(t *testing.T, url string) []string {
	t.Helper()
	_, body := get(t, url+"/_sandbox/journal")
	var entries []sandbox.Entry
	if err := json.Unmarshal([]byte(body), &entries); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return writesIn(entries)
}

// serveSandbox starts `ecs-operator sandbox` in a process of its own.
func serveSandbox(t *testing.T, dir string, args ...string) (p *proc, url string, env []string) {
	t.Helper()
	p = start(t, dir, cleanEnv(dir), append([]string{"sandbox", "--listen", "127.0.0.1:0", "--sandbox-speed", fastWorld}, args...)...)
	groups, _ := p.await(0, `^export AWS_ENDPOINT_URL=(\S+)$`)
	url = groups[1]
	return p, url, cleanEnv(dir, "AWS_ENDPOINT_URL="+url, "AWS_REGION="+sandbox.Region, "AWS_ACCESS_KEY_ID=sandbox", "AWS_SECRET_ACCESS_KEY=sandbox")
}

// serveUnderPolicy is serveSandbox with the policy of the quickstart upon who signs as
// env does; the test itself signs with another key.
func serveUnderPolicy(t *testing.T, dir string) (p *proc, url string, env []string) {
	t.Helper()
	path := filepath.Join(dir, "writer.json")
	if err := os.WriteFile(path, quickstartPolicy(t), 0o600); err != nil {
		t.Fatal(err)
	}
	p, url, env = serveSandbox(t, dir, "--sandbox-policy", path)
	return p, url, append(env, "AWS_ACCESS_KEY_ID="+operatorKey)
}

// quickstartPolicy is what `ecs-operator policy` prints for the quickstart.
func quickstartPolicy(t *testing.T) []byte {
	t.Helper()
	data, err := printedPolicy()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

var printedPolicy = sync.OnceValues(func() ([]byte, error) { return printPolicy("../../examples/quickstart") })

// printPolicy is what the command prints for documents.
func printPolicy(documents string) ([]byte, error) {
	path, err := exec.LookPath("ecs-operator")
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(path, "policy", "--account", sandbox.Account, "--region", sandbox.Region, "-f", documents)
	cmd.Env = cleanEnv(os.TempDir())
	return cmd.Output()
}

// workDir is a directory with the quickstart in it.
func workDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "quickstart"), os.DirFS("../../examples/quickstart")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// edit replaces a text in a file the way editors do: write aside, then rename.
func edit(t *testing.T, path, old, replacement string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(data, []byte(old)) {
		t.Fatalf("%s holds no %q", path, old)
	}
	aside := path + "~"
	if err := os.WriteFile(aside, bytes.ReplaceAll(data, []byte(old), []byte(replacement)), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(aside, path); err != nil {
		t.Fatal(err)
	}
}
