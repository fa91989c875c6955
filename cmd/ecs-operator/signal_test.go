package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// serve offers an embedded AWS of the test process.
func serve(t *testing.T, dir string, opts sandbox.Options) (env []string) {
	t.Helper()
	l, err := sandbox.New(opts).Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return cleanEnv(dir, "AWS_ENDPOINT_URL="+l.URL, "AWS_REGION="+sandbox.Region, "AWS_ACCESS_KEY_ID=sandbox", "AWS_SECRET_ACCESS_KEY=sandbox")
}

// TestApplyInterrupted: Ctrl-C stops watching and not the deployment, and says
// how to go on.
func TestApplyInterrupted(t *testing.T) {
	t.Parallel()
	dir := workDir(t)
	env := serve(t, dir, sandbox.Options{Speed: 0.01}) // a rollout that takes hours
	p := start(t, dir, env, "apply", "--wait", "quickstart/hello.yaml")
	p.await(0, `rollout in progress`)
	p.signal(os.Interrupt)
	if code := p.exit(); code != 1 {
		t.Errorf("exit code %d, want 1: not done, and it may still be", code)
	}
	p.await(0, `Stopped watching; deployments that were started go on in AWS\. Watch them again with: ecs-operator apply --wait quickstart/hello\.yaml`)
	if text := must(t, dir, env, 0, "get", "-f", "quickstart/hello.yaml"); !strings.Contains(text, "rollout in progress") {
		t.Errorf("the deployment does not go on:\n%s", text)
	}
}

// TestSecondSignal: a call that hangs cannot keep a person waiting.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	dir := workDir(t)
	release := make(chan struct{})
	hangs := make(chan struct{}, 1000)
	env := serve(t, dir, sandbox.Options{Speed: 1, Fault: func(ctx context.Context, c sandbox.Call) *sandbox.Fault {
		if c.Operation == "RegisterTaskDefinition" {
			hangs <- struct{}{}
			select {
			case <-release:
			case <-ctx.Done():
			}
		}
		return nil
	}})
	t.Cleanup(func() { close(release) })
	p := start(t, dir, env, "run", "--listen", "127.0.0.1:0", "quickstart/hello.yaml")
	<-hangs // a write is in hand, and will not come back
	for again := time.NewTicker(20 * time.Millisecond); ; {
		select {
		case <-again.C: // equal signals that arrive together count once
			_ = p.cmd.Process.Signal(os.Interrupt)
			continue
		case <-p.gone:
			again.Stop()
		}
		break
	}
	if code := p.exit(); code != 130 {
		t.Errorf("exit code %d, want 130", code)
	}
	p.await(0, `stopped at once, on the second signal`)
}

// TestStateLocked: a second process is refused and told who has the file; a
// dead one holds nothing.
func TestStateLocked(t *testing.T) {
	t.Parallel()
	dir := workDir(t)
	state := filepath.Join(dir, "world.json")
	holder, url, _ := serveSandbox(t, dir, "--sandbox-state", state)
	get := []string{"get", "-f", "quickstart", "--sandbox-state", state}
	if text := must(t, dir, cleanEnv(dir), 2, get...); !strings.Contains(text, "is in use by pid") || !strings.Contains(text, url) {
		t.Errorf("refused without saying by whom (%s):\n%s", url, text)
	}
	holder.kill()
	must(t, dir, cleanEnv(dir), 0, get...)
}
