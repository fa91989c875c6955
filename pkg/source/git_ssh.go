package source

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// SSHOptions are the key for a repository over ssh, and the servers that are
// believed: both are required. Each is a file, or its text where secrets come as
// variables, as ECS hands them over.
type SSHOptions struct {
	KeyFile, KnownHostsFile string
	Key, KnownHosts         string
}

// sshFiles are the files that ssh reads.
type sshFiles struct {
	key, hosts       string // paths; "" where the text is to be placed
	keyText, hostsIn string
}

func (o SSHOptions) check() (*sshFiles, error) {
	f := &sshFiles{keyText: o.Key, hostsIn: o.KnownHosts}
	switch {
	case o.KeyFile == "" && o.Key == "":
		return nil, errors.New("ssh needs a key: give --git-ssh-key-file, or the key itself in ECS_OPERATOR_GIT_SSH_KEY")
	case o.KnownHostsFile == "" && o.KnownHosts == "":
		return nil, errors.New("ssh needs the host keys that are believed: give --git-known-hosts-file (as ssh-keyscan HOST prints them; compare them with what the hosting service publishes), or the text itself in ECS_OPERATOR_GIT_KNOWN_HOSTS")
	}
	var err error
	if o.KeyFile != "" {
		if f.key, err = sshFile("--git-ssh-key-file", o.KeyFile); err != nil {
			return nil, err
		}
	}
	if o.KnownHostsFile != "" {
		if f.hosts, err = sshFile("--git-known-hosts-file", o.KnownHostsFile); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// sshFile is a file for ssh, which expands some characters in its options: it must
// read exactly that one.
func sshFile(flag, path string) (string, error) {
	abs, err := givenFile(flag, path)
	if err != nil {
		return "", err
	}
	if strings.ContainsAny(abs, "%$\"'\\~") || strings.ContainsFunc(abs, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return "", fmt.Errorf("%s %q: ssh reads spaces and %%, $, ~, quotes and backslashes in a path in a way of its own; name a path without them", flag, path)
	}
	return abs, nil
}

// givenFile makes the path of a file absolute, because git runs in a directory of
// its own, and sees that the file is there.
func givenFile(flag, path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(abs)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("%s %s: there is no such file", flag, path)
	case err != nil:
		return "", fmt.Errorf("%s %s cannot be read: %w", flag, path, reason(err))
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("%s %s is not a file", flag, path)
	}
	return abs, nil
}

// place writes what came as text into files that this user alone can read.
func (f *sshFiles) place(home string) error {
	write := func(name, text string) (string, error) {
		path := filepath.Join(home, name)
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("%s cannot be replaced: %w", name, reason(err))
		}
		text = strings.TrimRight(strings.ReplaceAll(text, "\r\n", "\n"), "\n") + "\n"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return "", fmt.Errorf("%s cannot be written: %w", name, reason(err))
		}
		return sshFile(name, path)
	}
	var err error
	if f.key == "" {
		if f.key, err = write("ssh-key", f.keyText); err != nil {
			return err
		}
	}
	if f.hosts == "" {
		f.hosts, err = write("known-hosts", f.hostsIn)
	}
	return err
}

// The variables by which this program, started by git in the place of ssh, knows
// what to do.
const (
	sshKeyVariable   = "ECS_OPERATOR_AS_SSH_KEY"
	sshHostsVariable = "ECS_OPERATOR_AS_SSH_HOSTS"
)

// environment makes git start this very program for ssh (see ActAsSSH): a fixed
// argument list could be had by GIT_SSH_COMMAND too, but only through a shell, and
// the image has none.
func (f *sshFiles) environment() []string {
	self, err := os.Executable()
	if err != nil {
		self = "/nowhere" // git says that it cannot be run
	}
	return []string{"GIT_SSH=" + self, "GIT_SSH_VARIANT=ssh", sshKeyVariable + "=" + f.key, sshHostsVariable + "=" + f.hosts}
}

// ActAsSSH is for the first line of main. Where git has started this program in
// the place of ssh it becomes ssh, with the key and the known hosts of the source
// and nothing of the user's configuration, and does not come back; else it does
// nothing.
func ActAsSSH(args []string) {
	key, hosts := os.Getenv(sshKeyVariable), os.Getenv(sshHostsVariable)
	if key == "" || hosts == "" {
		return
	}
	path, err := exec.LookPath("ssh")
	if err != nil {
		fmt.Fprintln(os.Stderr, "fatal: there is no ssh on the PATH: install the OpenSSH client")
		os.Exit(1)
	}
	err = syscall.Exec(path, append(sshArguments(key, hosts), args...), []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "GIT_PROTOCOL=" + os.Getenv("GIT_PROTOCOL")})
	fmt.Fprintf(os.Stderr, "fatal: ssh cannot be started: %v\n", err)
	os.Exit(1)
}

// sshArguments come before those of git: ssh takes the first value that it is given.
func sshArguments(key, hosts string) []string {
	args := []string{"ssh", "-F", "/dev/null", "-T", "-i", key}
	for _, o := range []string{
		"IdentitiesOnly=yes", "IdentityAgent=none", "BatchMode=yes", "PreferredAuthentications=publickey",
		"StrictHostKeyChecking=yes", "UserKnownHostsFile=" + hosts, "GlobalKnownHostsFile=/dev/null", "UpdateHostKeys=no", "VerifyHostKeyDNS=no",
		"CheckHostIP=no", "ClearAllForwardings=yes", "ForwardAgent=no", "ForwardX11=no", "PermitLocalCommand=no", "ControlMaster=no", "ControlPath=none",
		"ConnectTimeout=15", "ServerAliveInterval=10", "ServerAliveCountMax=2",
	} {
		args = append(args, "-o", o)
	}
	return args
}
