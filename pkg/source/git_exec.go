package source

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// The oldest git that is used: it has fetch --stdin and --refetch, and the
// protections of 2022 against repositories of others.
const (
	oldestMajor = 2
	oldestMinor = 39
)

// command is one run of git.
type command struct {
	dir     string // the repository; "" for none
	network bool   // it may reach the server, and only the server
	promise bool   // it works on a partial repository as git fetch --filter does
	exact   bool   // it fetches what it names, whatever is here already
	stdin   io.Reader
	args    []string
	// out reads what git says; nil to have it returned, up to maxAnswer.
	out func(io.Reader) error
}

// maxAnswer bounds what a run may answer where nobody reads it as a stream.
const maxAnswer = 8 << 20

// gitError is a run that failed: what git said, for people.
type gitError struct {
	words string
	// local: what is on the disk may be what is wrong.
	local bool
}

func (e *gitError) Error() string { return e.words }

// run starts git with a fixed argument list, a clean environment and no shell,
// and ends it with everything that it started.
func (g *Git) run(ctx context.Context, c command) ([]byte, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	args := c.args
	if c.dir != "" {
		args = append([]string{"--git-dir=" + c.dir}, args...)
	}
	cmd := exec.CommandContext(ctx, g.binary, args...)
	cmd.Dir = g.home
	cmd.Env = g.environment(c)
	cmd.Stdin = c.stdin
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	said := &tail{max: 8 << 10}
	cmd.Stderr = said
	answer := &tail{max: maxAnswer}
	var pipe io.ReadCloser
	if c.out == nil {
		cmd.Stdout = answer
	} else {
		var err error
		if pipe, err = cmd.StdoutPipe(); err != nil {
			return nil, err
		}
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("git cannot be started: %w", err)
	}
	stop := make(chan struct{})
	if c.network && c.dir != "" {
		go g.watchSize(c.dir, stop, cancel)
	}
	var readErr error
	if c.out != nil {
		if readErr = c.out(pipe); readErr != nil {
			cancel(readErr) // nobody reads on: it would wait for ever
		}
	}
	err := cmd.Wait()
	close(stop)
	switch cause := context.Cause(ctx); {
	case readErr != nil && cause != nil && ctx.Err() != nil:
		return nil, cause
	case readErr != nil:
		return nil, readErr
	case cause != nil && err != nil:
		return nil, cause
	case err != nil:
		return nil, g.failed(c, err, said.String())
	case answer.cut:
		return nil, errors.New("git answered more than " + strconv.Itoa(maxAnswer>>20) + " MiB")
	}
	return answer.buf.Bytes(), nil
}

func (g *Git) failed(c command, err error, said string) error {
	words, known := g.plain(said)
	return &gitError{
		words: cmp.Or(words, fmt.Sprintf("%s: git %s failed: %v", g.url, c.args[0], err)),
		local: c.dir != "" && !(c.network && known),
	}
}

// tail keeps the beginning of a stream, and drops the rest.
type tail struct {
	buf bytes.Buffer
	max int
	cut bool
}

// Write never fails: a full pipe would stop git.
func (t *tail) Write(p []byte) (int, error) {
	if room := t.max - t.buf.Len(); room < len(p) {
		t.cut = true
		t.buf.Write(p[:max(room, 0)])
		return len(p), nil
	}
	return t.buf.Write(p)
}

// String is what was kept.
func (t *tail) String() string { return t.buf.String() }

// errPackSize ends a fetch that brings too much.
func (l gitLimits) tooMuch() error {
	return fmt.Errorf("the server sends more than %d MiB for one commit: watch a smaller repository, or one whose server can leave out what is not watched (uploadpack.allowFilter)", l.pack>>20)
}

// watchSize ends a fetch whose packs grow over the limit. Git has no such limit
// for a fetch (receive.maxInputSize is for pushes).
func (g *Git) watchSize(dir string, stop <-chan struct{}, cancel context.CancelCauseFunc) {
	before := packSize(dir)
	t := time.NewTicker(20 * time.Millisecond)
	defer t.Stop()
	for {
		select {
		case <-stop:
			return
		case <-t.C:
			if packSize(dir)-before > g.git.pack {
				cancel(g.git.tooMuch())
				return
			}
		}
	}
}

func packSize(dir string) int64 {
	var sum int64
	entries, _ := os.ReadDir(filepath.Join(dir, "objects", "pack"))
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			sum += info.Size()
		}
	}
	return sum
}

// passed are the variables of this process that git gets: none of its own, so
// that nobody's GIT_DIR, GIT_TRACE or GIT_SSH has a say.
var passed = []string{"PATH", "TMPDIR", "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"}

// environment is all that git sees.
func (g *Git) environment(c command) []string {
	env := []string{
		"HOME=" + g.home, "LC_ALL=C",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_ATTR_NOSYSTEM=1",
		"GIT_TERMINAL_PROMPT=0", "GIT_NO_REPLACE_OBJECTS=1", "GIT_NO_LAZY_FETCH=1", "GIT_LITERAL_PATHSPECS=1", "GIT_OPTIONAL_LOCKS=0",
		"GIT_CEILING_DIRECTORIES=" + filepath.Dir(g.home),
		// One allocation, so that no object of the server's costs more: what is
		// larger is streamed (core.bigFileThreshold) or refused.
		"GIT_ALLOC_LIMIT=128m",
	}
	for _, name := range passed {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	scheme := "none"
	if c.network {
		scheme = g.url.scheme
		if scheme == "ssh" {
			env = append(env, g.ssh.environment()...)
		}
	}
	env = append(env, "GIT_ALLOW_PROTOCOL="+scheme)
	config := g.config(c)
	for i, kv := range config {
		env = append(env, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", i, kv[0]), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", i, kv[1]))
	}
	return append(env, fmt.Sprintf("GIT_CONFIG_COUNT=%d", len(config)))
}

// config is git's whole configuration: the repository's own file says nothing
// but its format.
func (g *Git) config(c command) [][2]string {
	kv := [][2]string{
		{"core.hooksPath", "/dev/null"}, {"core.fsmonitor", "false"}, {"core.askPass", ""}, {"core.symlinks", "false"},
		{"core.protectHFS", "true"}, {"core.protectNTFS", "true"}, {"core.bigFileThreshold", "1m"},
		{"credential.helper", ""}, {"protocol.allow", "never"}, {"protocol.version", "2"},
		{"transfer.fsckObjects", strconv.FormatBool(!g.unguarded.fsck)}, {"transfer.bundleURI", "false"}, {"promisor.acceptFromServer", "none"},
		{"fetch.recurseSubmodules", "false"}, {"fetch.unpackLimit", "1"}, {"fetch.writeCommitGraph", "false"},
		{"gc.auto", "0"}, {"maintenance.auto", "false"}, {"pack.threads", "1"},
	}
	if !c.network {
		// A work tree may be another user's, as in the container of a CI job: nothing
		// of its configuration is run here.
		return append(kv, [2]string{"safe.directory", "*"})
	}
	kv = append(kv, [][2]string{
		{"protocol." + g.url.scheme + ".allow", "always"}, {"remote.origin.url", g.url.text}, {"remote.origin.tagOpt", "--no-tags"},
		{"http.followRedirects", "false"}, {"http.sslVerify", "true"}, {"http.sslVersion", "tlsv1.2"}, {"http.delegation", "none"},
		{"http.lowSpeedLimit", "512"}, {"http.lowSpeedTime", "20"}, {"http.postBuffer", "8m"},
	}...)
	if c.promise {
		kv = append(kv, [2]string{"remote.origin.promisor", "true"}, [2]string{"remote.origin.partialCloneFilter", "blob:none"})
	}
	if c.exact {
		kv = append(kv, [2]string{"fetch.negotiationAlgorithm", "noop"})
	}
	if g.o.CAFile != "" {
		kv = append(kv, [2]string{"http.sslCAInfo", g.o.CAFile})
	}
	if g.header != "" { // for this host, and for no other that a redirect may name
		kv = append(kv, [2]string{"http." + g.url.scheme + "://" + g.url.host + "/.extraHeader", g.header})
	}
	return kv
}

var versionForm = regexp.MustCompile(`^git version (\d+)\.(\d+)`)

// checkVersion asks the git on this machine how old it is, once.
func (g *Git) checkVersion(ctx context.Context) error {
	if g.version != "" {
		return nil
	}
	path, err := exec.LookPath(g.binary)
	if err != nil {
		return fmt.Errorf("there is no %s on the PATH: install git %d.%d or newer", filepath.Base(g.binary), oldestMajor, oldestMinor)
	}
	out, err := g.run(ctx, command{args: []string{"version"}})
	if err != nil {
		return fmt.Errorf("%s does not work: %w", path, err)
	}
	m := versionForm.FindStringSubmatch(string(out))
	if m == nil {
		return fmt.Errorf("%s is no git: it calls itself %q", path, firstLine(string(out)))
	}
	major, _ := strconv.Atoi(m[1])
	minor, _ := strconv.Atoi(m[2])
	if major < oldestMajor || major == oldestMajor && minor < oldestMinor {
		return fmt.Errorf("%s is git %s.%s, which is too old: install %d.%d or newer", path, m[1], m[2], oldestMajor, oldestMinor)
	}
	g.version = m[1] + "." + m[2]
	return nil
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}
