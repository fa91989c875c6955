package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
)

// quickRun are the flags of a daemon that a test can watch.
var quickRun = []string{"--sandbox-speed", fastWorld, "--sandbox-listen", "127.0.0.1:0", "--listen", "127.0.0.1:0", "--resync", "1s"}

// TestRunQuickstart is the README's first command, seen from a terminal: three
// services come up, an edit rolls out, a change behind the operator's back is
// healed, Ctrl-C ends it.
func TestRunQuickstart(t *testing.T) {
	t.Parallel()
	dir := workDir(t)
	args := append([]string{"run", "--sandbox", "--log-format", "console", "quickstart"}, quickRun...)
	p := start(t, dir, cleanEnv(dir), args...)

	endpoint, _ := p.await(0, `^  export AWS_ENDPOINT_URL=(\S+)$`)
	p.await(0, `^  aws ecs update-service --cluster default --service hello --desired-count 1 --endpoint-url `+endpoint[1])
	status, _ := p.await(0, `status: (http://\S+)/metrics`)
	_, end := p.await(0, `3 services ready`)

	for path, want := range map[string]string{"/healthz": "ok", "/readyz": "ok", "/metrics": "ecs_operator_"} {
		if code, body := get(t, status[1]+path); code != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %d %.200s", path, code, body)
		}
	}
	must(t, dir, cleanEnv(dir), 0, "healthcheck", "--listen", strings.TrimPrefix(status[1], "http://"))

	// An edit rolls out.
	edit(t, filepath.Join(dir, "quickstart", "hello.yaml"), "nginx:1.29", "nginx:1.28")
	_, end = p.await(end, `hello .*Ready .*nginx:1\.28`)

	// A bad file stops nothing, and is told.
	edit(t, filepath.Join(dir, "quickstart", "hello.yaml"), "kind: Service", "kind: Servise")
	_, end = p.await(end, `Servise`)
	edit(t, filepath.Join(dir, "quickstart", "hello.yaml"), "kind: Servise", "kind: Service")

	// A change behind the operator's back is noticed and healed.
	client := ecs.NewFromConfig(sdkConfig(endpoint[1]))
	_, err := client.UpdateService(context.Background(), &ecs.UpdateServiceInput{
		Cluster: aws.String("default"), Service: aws.String("hello"), DesiredCount: aws.Int32(1)})
	if err != nil {
		t.Fatal(err)
	}
	p.await(end, `hello .*! drift: .*desiredCount.* \(put back\)$`)
	out, err := client.DescribeServices(context.Background(), &ecs.DescribeServicesInput{Cluster: aws.String("default"), Services: []string{"hello"}})
	if err != nil {
		t.Fatal(err)
	}
	if n := out.Services[0].DesiredCount; n != 2 {
		t.Errorf("desired count %d after it was healed, want 2", n)
	}

	// A second terminal reaches it by the exports alone.
	env := cleanEnv(dir, "AWS_ENDPOINT_URL="+endpoint[1], "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=sandbox", "AWS_SECRET_ACCESS_KEY=sandbox")
	if text := must(t, dir, env, 0, "get", "-f", "quickstart"); !strings.Contains(text, "worker") {
		t.Errorf("get says:\n%s", text)
	}

	p.signal(os.Interrupt)
	if code := p.exit(); code != 0 {
		t.Errorf("exit code %d after Ctrl-C, want 0", code)
	}
	p.await(0, `Stopped; the embedded AWS is gone\.`)
}

// TestRunJSON: without a terminal every line on stderr is one JSON object, and
// says that it is the sandbox.
func TestRunJSON(t *testing.T) {
	t.Parallel()
	dir := workDir(t)
	p := start(t, dir, cleanEnv(dir), append([]string{"run", "--sandbox", "quickstart"}, quickRun...)...)
	p.await(0, `"msg":"3 services ready"`)
	p.signal(syscall.SIGTERM)
	if code := p.exit(); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
	text, _ := p.output()
	for line := range strings.Lines(text) {
		var entry struct {
			Level   string
			Sandbox bool
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.Level == "" || !entry.Sandbox {
			t.Errorf("not a log line of the sandbox: %s", line)
		}
	}
}

// TestRunEmpty: a directory that is still empty is waited for.
func TestRunEmpty(t *testing.T) {
	t.Parallel()
	dir := workDir(t)
	specs := filepath.Join(dir, "specs")
	if err := os.Mkdir(specs, 0o755); err != nil {
		t.Fatal(err)
	}
	p := start(t, dir, cleanEnv(dir), append([]string{"run", "--sandbox", "--log-format", "console", "specs"}, quickRun...)...)
	_, end := p.await(0, `specs: no documents here`)
	if err := os.Rename(filepath.Join(dir, "quickstart", "hello.yaml"), filepath.Join(specs, "hello.yaml")); err != nil {
		t.Fatal(err)
	}
	p.await(end, `1 service ready`)
}

// TestQuarantineSurvives: the daemon does not deploy failed content again, also
// not after a restart.
func TestQuarantineSurvives(t *testing.T) {
	t.Parallel()
	dir := workDir(t)
	_, url, env := serveUnderPolicy(t, dir)
	hello := filepath.Join(dir, "quickstart", "hello.yaml")
	run := []string{"run", "--log-format", "console", "--listen", "127.0.0.1:0", "--resync", "1s", hello}

	p := start(t, dir, env, run...)
	_, end := p.await(0, `1 service ready`)
	edit(t, hello, "nginx:1.29", "nginx:crash")
	p.await(end, `hello .*Stalled .*quarantined`)
	p.signal(os.Interrupt)
	if code := p.exit(); code != 0 {
		t.Errorf("exit code %d after Ctrl-C, want 0", code)
	}

	before := servedWrites(t, url)
	again := start(t, dir, env, run...)
	again.await(0, `hello .*Stalled .*quarantined`)
	if now := servedWrites(t, url); len(now) != len(before) {
		t.Errorf("written after a restart:\n%s", strings.Join(now[len(before):], "\n"))
	}
	must(t, dir, env, 5, "apply", "--wait", hello)
}
