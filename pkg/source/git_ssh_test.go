package source

import (
	"bufio"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// keyPair is an ssh key: as ssh's own file, and to sign with.
func keyPair(t *testing.T) (file string, signer ssh.Signer) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	if signer, err = ssh.NewSignerFromKey(private); err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(block)), signer
}

// sshServer is an ssh server that does what a hosting service does: it runs
// git-upload-pack of one directory, for one key, and nothing else.
type sshServer struct {
	addr     string
	host     ssh.Signer
	mu       sync.Mutex
	commands []string
	envs     []string
}

func serveSSH(t *testing.T, root string, allowed ssh.PublicKey) *sshServer {
	t.Helper()
	if _, err := exec.LookPath("ssh"); err != nil {
		t.Skip("there is no ssh client on this machine")
	}
	_, host := keyPair(t)
	s := &sshServer{host: host}
	config := &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		if string(key.Marshal()) != string(allowed.Marshal()) {
			return nil, errors.New("who is that?")
		}
		return nil, nil
	}}
	config.AddHostKey(host)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().String()
	var wg sync.WaitGroup
	var conns sync.Map
	t.Cleanup(func() {
		_ = l.Close()
		conns.Range(func(c, _ any) bool { _ = c.(net.Conn).Close(); return true })
		wg.Wait()
	})
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conns.Store(conn, true)
			wg.Go(func() { defer conn.Close(); s.serve(conn, config, root) })
		}
	})
	return s
}

func (s *sshServer) serve(conn net.Conn, config *ssh.ServerConfig, root string) {
	_, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for c := range channels {
		if c.ChannelType() != "session" {
			_ = c.Reject(ssh.UnknownChannelType, "no")
			continue
		}
		channel, asked, err := c.Accept()
		if err != nil {
			return
		}
		s.session(channel, asked, root)
	}
}

var uploadPack = regexp.MustCompile(`^git-upload-pack '/([a-z.]+)'$`)

func (s *sshServer) session(channel ssh.Channel, asked <-chan *ssh.Request, root string) {
	defer channel.Close()
	protocol := ""
	for r := range asked {
		switch r.Type {
		case "env":
			var kv struct{ Name, Value string }
			_ = ssh.Unmarshal(r.Payload, &kv)
			s.mu.Lock()
			s.envs = append(s.envs, kv.Name)
			s.mu.Unlock()
			if kv.Name == "GIT_PROTOCOL" {
				protocol = kv.Value
			}
			_ = r.Reply(true, nil)
		case "exec":
			var line struct{ Command string }
			_ = ssh.Unmarshal(r.Payload, &line)
			s.mu.Lock()
			s.commands = append(s.commands, line.Command)
			s.mu.Unlock()
			_ = r.Reply(true, nil)
			code := uint32(1)
			if m := uploadPack.FindStringSubmatch(line.Command); m != nil {
				cmd := exec.Command("git", "upload-pack", filepath.Join(root, m[1]))
				cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + root, "GIT_PROTOCOL=" + protocol, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null"}
				cmd.Stdout, cmd.Stderr = channel, channel.Stderr()
				stdin, _ := cmd.StdinPipe()
				go func() { _, _ = io.Copy(stdin, channel); _ = stdin.Close() }()
				if cmd.Run() == nil {
					code = 0
				}
			}
			_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Code uint32 }{code}))
			return
		default:
			_ = r.Reply(false, nil)
		}
	}
}

func TestGitOverSSH(t *testing.T) {
	root := t.TempDir()
	r := newRepo(t, root, "a.git")
	r.commit("main", map[string]string{"services/a.yaml": "a", "other/b.yaml": "b"})
	private, signer := keyPair(t)
	s := serveSSH(t, root, signer.PublicKey())
	known := knownhosts.Line([]string{s.addr}, s.host.PublicKey())
	o := GitOptions{URL: "ssh://git@" + s.addr + "/a.git", Ref: "main", Paths: []string{"services"}, SSH: SSHOptions{Key: private, KnownHosts: known}}

	// A user's own configuration and agent have no say.
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("SSH_AUTH_SOCK", filepath.Join(home, "agent"))
	t.Setenv("GIT_SSH_COMMAND", "touch "+filepath.Join(home, "ran"))
	if got := read(t, open(t, o)); contents(got) != "services/a.yaml=a" || !got.Complete {
		t.Errorf("files %q, problems %v", contents(got), got.Problems)
	}
	if _, err := os.Stat(filepath.Join(home, "ran")); err == nil {
		t.Error("GIT_SSH_COMMAND of the environment was run")
	}
	s.mu.Lock()
	for _, c := range s.commands {
		if c != "git-upload-pack '/a.git'" {
			t.Errorf("the server was told %q", c)
		}
	}
	for _, e := range s.envs {
		if e != "GIT_PROTOCOL" {
			t.Errorf("the server was sent the variable %s", e)
		}
	}
	s.mu.Unlock()

	// By files, as well.
	dir := t.TempDir()
	files := o
	files.SSH = SSHOptions{KeyFile: filepath.Join(dir, "key"), KnownHostsFile: filepath.Join(dir, "hosts")}
	for name, text := range map[string]string{"key": private, "hosts": known + "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	read(t, open(t, files))

	// Another host key: nothing is sent, and it is not remembered.
	_, other := keyPair(t)
	swapped := o
	swapped.SSH.KnownHosts = knownhosts.Line([]string{s.addr}, other.PublicKey())
	refuses(t, open(t, swapped), "shows a host key that is not in the file of known hosts")
	unknown := o
	unknown.SSH.KnownHosts = knownhosts.Line([]string{"example.com"}, s.host.PublicKey())
	refuses(t, open(t, unknown), "shows a host key that is not in the file of known hosts")
	// Another key of one's own.
	stranger := o
	stranger.SSH.Key, _ = keyPair(t)
	refuses(t, open(t, stranger), "refuses the ssh key", "deploy key")
}

func TestGitOverSSHNeedsKeyAndHosts(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"key", "ho sts", "per%cent"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	key := filepath.Join(dir, "key")
	for _, tc := range []struct {
		o    SSHOptions
		want string
	}{
		{SSHOptions{KnownHosts: "x"}, "ssh needs a key"},
		{SSHOptions{Key: "x"}, "ssh needs the host keys that are believed"},
		{SSHOptions{KeyFile: key + "-not", KnownHosts: "x"}, "there is no such file"},
		{SSHOptions{KeyFile: dir, KnownHosts: "x"}, "is not a file"},
		{SSHOptions{KeyFile: key, KnownHostsFile: filepath.Join(dir, "ho sts")}, "name a path without them"},
		{SSHOptions{KeyFile: filepath.Join(dir, "per%cent"), KnownHosts: "x"}, "name a path without them"},
	} {
		if _, err := NewGit(GitOptions{URL: "git@example.com:a.git", SSH: tc.o}); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%+v: error %v, want %q", tc.o, err, tc.want)
		}
	}
}

// TestGitOverRealSSH is the same over OpenSSH's own server, where there is one.
func TestGitOverRealSSH(t *testing.T) {
	sshd := ""
	for _, p := range []string{os.Getenv("ECS_OPERATOR_TEST_SSHD"), "/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd"} {
		if _, err := os.Stat(p); err == nil {
			sshd = p
		}
	}
	if sshd == "" {
		t.Skip("there is no sshd on this machine")
	}
	root, dir := t.TempDir(), t.TempDir()
	newRepo(t, root, "a.git").commit("main", map[string]string{"a.yaml": "a"})
	private, signer := keyPair(t)
	hostKey, host := keyPair(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_, port, _ := net.SplitHostPort(addr)
	_ = l.Close()
	write := func(name, text string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	config := write("sshd_config", fmt.Sprintf("ListenAddress 127.0.0.1\nPort %s\nHostKey %s\nAuthorizedKeysFile %s\nStrictModes no\nUsePAM no\nPidFile none\nPasswordAuthentication no\nAcceptEnv GIT_PROTOCOL\n",
		port, write("host", hostKey), write("authorized", string(ssh.MarshalAuthorizedKey(signer.PublicKey())))))
	cmd := exec.Command(sshd, "-D", "-e", "-f", config)
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Skipf("sshd does not start: %v", err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	lines, last := bufio.NewScanner(said), ""
	for !strings.Contains(last, "Server listening") {
		if !lines.Scan() {
			t.Skipf("sshd does not listen: %s", last)
		}
		last = lines.Text()
	}
	me, err := exec.Command("id", "-un").Output()
	if err != nil {
		t.Skip("this user has no name")
	}
	g := open(t, GitOptions{URL: "ssh://" + strings.TrimSpace(string(me)) + "@" + addr + filepath.Join(root, "a.git"),
		SSH: SSHOptions{Key: private, KnownHosts: knownhosts.Line([]string{addr}, host.PublicKey())}})
	if got := read(t, g); contents(got) != "a.yaml=a" {
		t.Errorf("files %q", contents(got))
	}
}
