//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// inside is the variable by which this test's binary knows that it is to become a
// process of the image.
const inside = "ECS_OPERATOR_TEST_INSIDE"

func TestMain(m *testing.M) {
	if root := os.Getenv(inside); root != "" {
		if err := enter(root, os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, "inside:", err)
			os.Exit(111)
		}
	}
	os.Exit(m.Run())
}

// enter does what a container engine does, in a mount namespace that it has been
// given: the root file system is read-only, the volume is not, /proc and /dev/null are
// there, and the process is the user of the image.
func enter(root string, command []string) error {
	volume := filepath.Join(root, "var/cache/ecs-operator")
	if err := errors.Join(
		syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""),
		syscall.Mount(root, root, "", syscall.MS_BIND, ""),
		syscall.Mount(volume, volume, "", syscall.MS_BIND, ""),
		syscall.Mount("/dev", filepath.Join(root, "dev"), "", syscall.MS_BIND, ""),
		syscall.Mount("proc", filepath.Join(root, "proc"), "proc", 0, ""),
		syscall.Mount("", root, "", syscall.MS_REMOUNT|syscall.MS_BIND|syscall.MS_RDONLY, ""),
		syscall.Chroot(root), os.Chdir("/"),
		syscall.Setgroups(nil), syscall.Setgid(User), syscall.Setuid(User),
	); err != nil {
		return err
	}
	if err := os.WriteFile("/etc/passwd", nil, 0o600); err == nil {
		return errors.New("the root file system can be written")
	}
	var env []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, inside+"=") {
			env = append(env, kv)
		}
	}
	return syscall.Exec(command[0], command, env)
}

// container starts processes of an image.
type container struct {
	t     *testing.T
	image *stage
	env   []string
}

func (c *container) command(ctx context.Context, words ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		c.t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, self, words...)
	cmd.Env = append([]string{inside + "=" + c.image.dir}, c.env...)
	for k, v := range c.image.env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = time.Minute
	return cmd
}

// must runs a command to its end.
func (c *container) must(words ...string) string {
	c.t.Helper()
	out, err := c.command(c.t.Context(), words...).CombinedOutput()
	if err != nil {
		c.t.Fatalf("%q: %v\n%s", words, err, out)
	}
	return string(out)
}

const document = `apiVersion: ecs-operator/v1
kind: Service
metadata: {name: hello}
spec:
  taskDefinition: {containerDefinitions: [{name: web, image: "nginx:1.29", memory: 64}]}
  service: {desiredCount: 1, deploymentConfiguration: {deploymentCircuitBreaker: {enable: true, rollback: true}}}
`

// repository serves a bare repository over https, as a hosting service does.
func repository(t *testing.T) (url string, authority []byte) {
	t.Helper()
	dir := t.TempDir()
	git := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	git("init", "-q", "-b", "main", "work")
	if err := os.WriteFile(filepath.Join(dir, "work", "hello.yaml"), []byte(document), 0o600); err != nil {
		t.Fatal(err)
	}
	git("-C", "work", "add", ".")
	git("-C", "work", "commit", "-qm", "hello")
	git("clone", "-q", "--bare", "work", "repo.git")
	git("-C", "repo.git", "config", "uploadpack.allowFilter", "true")
	backend := filepath.Join(git("--exec-path"), "git-http-backend")
	if _, err := os.Stat(backend); err != nil {
		t.Skip("git's own http server is not installed here")
	}
	s := httptest.NewTLSServer(&cgi.Handler{Path: backend, Env: []string{"GIT_PROJECT_ROOT=" + dir, "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*"},
		InheritEnv: []string{"PATH"}, Stderr: &bytes.Buffer{}})
	t.Cleanup(s.Close)
	return s.URL + "/repo.git", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
}

// runImage runs the image's own processes, on a read-only root as the user of the
// image: ssh, the operator on a repository, its health check, and its end.
func runImage(t *testing.T, image *stage) {
	if os.Getuid() != 0 {
		t.Skip("only root can make a root file system of the tree")
	}
	for _, dir := range []string{"dev", "proc"} { // an engine makes them
		if err := os.MkdirAll(filepath.Join(image.dir, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(filepath.Join(image.dir, image.volumes[0]), User, User); err != nil {
		t.Fatal(err)
	}
	for dir := image.dir; dir != "/" && strings.HasPrefix(dir, os.TempDir()); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil && dir == image.dir {
			t.Fatal(err)
		}
	}
	c := &container{t: t, image: image}
	if out, err := c.command(t.Context(), "/usr/bin/ssh", "-V").CombinedOutput(); err != nil {
		if strings.Contains(string(out), "inside:") || errors.Is(err, syscall.EPERM) {
			t.Skipf("nothing can be mounted here: %v %s", err, out)
		}
		t.Fatalf("ssh: %v\n%s", err, out)
	}
	if got := c.must("/usr/bin/git", "version"); !strings.HasPrefix(got, "git version 2.") {
		t.Error(got)
	}
	t.Run("ssh", func(t *testing.T) { sshInside(t, c) })
	t.Run("operator", func(t *testing.T) { operatorInside(t, c) })
}

// sshInside lets git start ssh by way of the operator, without a shell: a server that
// hangs up is told by ssh's own words.
func sshInside(t *testing.T, c *container) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
		}
	}()
	with := &container{t: t, image: c.image, env: []string{"ECS_OPERATOR_GIT_SSH_KEY=none", "ECS_OPERATOR_GIT_KNOWN_HOSTS=none"}}
	out, err := with.command(t.Context(), "/ecs-operator", "diff", "--sandbox", "--git", "ssh://git@"+l.Addr().String()+"/repo.git").CombinedOutput()
	if text := string(out); err == nil || !strings.Contains(text, "kex_exchange_identification") && !strings.Contains(text, "Connection closed") && !strings.Contains(text, "Connection reset") {
		t.Errorf("%v\n%s", err, text)
	}
}

// output collects what a process says, and tells of it.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
	news chan struct{}
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	select {
	case o.news <- struct{}{}:
	default:
	}
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

func operatorInside(t *testing.T, c *container) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // a port that was free a moment ago
	if err != nil {
		t.Fatal(err)
	}
	listen := l.Addr().String()
	_ = l.Close()
	url, authority := repository(t)
	trusted := filepath.Join(c.image.volumes[0], "authority.pem")
	if err := os.WriteFile(filepath.Join(c.image.dir, trusted), authority, 0o644); err != nil {
		t.Fatal(err)
	}
	with := &container{t: t, image: c.image, env: []string{"ECS_OPERATOR_GIT=" + url, "ECS_OPERATOR_GIT_CA_FILE=" + trusted}}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	// The image's LISTEN is for a network namespace of its own; a sandbox is chosen by flag only.
	cmd := with.command(ctx, append(append([]string{}, c.image.entrypoint...), "--sandbox", "--sandbox-listen", "127.0.0.1:0", "--sandbox-speed", "1000", "--listen", listen)...)
	said := &output{news: make(chan struct{}, 1)}
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	deadline := time.After(2 * time.Minute)
	for !strings.Contains(said.String(), "1 service ready") {
		select {
		case <-said.news:
		case err := <-ended:
			t.Fatalf("it ended (%v):\n%s", err, said)
		case <-deadline:
			stop()
			<-ended
			t.Fatalf("hello did not become ready:\n%s", said)
		}
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	if want := fmt.Sprintf("Uid:\t%[1]d\t%[1]d\t%[1]d\t%[1]d\n", User); err != nil || !strings.Contains(string(status), want) {
		t.Errorf("the process is not the user of the image: %v\n%s", err, status)
	}
	resp, err := http.Get("http://" + listen + "/readyz")
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("/readyz: %v %v", resp, err)
	}
	if err == nil {
		_ = resp.Body.Close()
	}
	with.must(append(append([]string{}, c.image.health...), "--listen", listen)...) // or it ends with 2
	stop()
	if err := <-ended; cmd.ProcessState.ExitCode() != 0 {
		t.Errorf("SIGTERM: %v\n%s", err, said)
	}
	if n := strings.Count(said.String(), "panic"); n > 0 {
		t.Errorf("%s", said)
	}
}
