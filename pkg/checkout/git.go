package checkout

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Checkout is a work tree of git.
type Checkout struct {
	Top string // its directory, without symbolic links
}

// Error is a git command that failed.
type Error struct {
	Command string // the subcommand
	Code    int    // -1 where it did not run to its end
	Output  string // what it said, without the secrets of URLs
}

func (e *Error) Error() string {
	if e.Output == "" {
		return fmt.Sprintf("git %s ended with %d", e.Command, e.Code)
	}
	return fmt.Sprintf("git %s: %s", e.Command, e.Output)
}

// userinfo is what stands before the host of a URL.
var userinfo = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://)[^/\s'"]*@`)

// Mask takes the user's part out of every URL of a text: tokens stand there.
func Mask(text string) string { return userinfo.ReplaceAllString(text, "${1}***@") }

// Open finds the checkout that a directory lies in, and asks for what a commit needs.
func Open(ctx context.Context, dir string) (*Checkout, error) {
	if _, err := exec.LookPath("git"); err != nil {
		return nil, errors.New("--commit needs git, and there is none in PATH: install it, or leave --commit out and commit by other means")
	}
	c := &Checkout{Top: dir}
	out, err := c.git(ctx, call{}, "rev-parse", "--show-toplevel")
	if err != nil {
		return nil, fmt.Errorf("%s is in no checkout of git that can be used: %w", dir, err)
	}
	if c.Top, err = filepath.EvalSymlinks(strings.TrimSpace(out)); err != nil {
		return nil, err
	}
	if _, err := c.git(ctx, call{}, "var", "GIT_COMMITTER_IDENT"); err != nil {
		return nil, fmt.Errorf("git does not know who commits: set user.name and user.email ('git config user.email ci@example.com'), or the GIT_AUTHOR_* and GIT_COMMITTER_* variables (%w)", err)
	}
	return c, nil
}

// patience is what git has to end by itself when it is interrupted.
const patience = 10 * time.Second

// call is what a git command gets beside its arguments.
type call struct {
	index string // another index
	env   []string
	stdin string
}

// git runs a command in the checkout and answers with its stdout.
func (c *Checkout) git(ctx context.Context, with call, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = c.Top
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // so that git takes its locks away
	cmd.WaitDelay = patience
	cmd.Env = append(os.Environ(), with.env...)
	if with.index != "" {
		cmd.Env = append(cmd.Env, "GIT_INDEX_FILE="+with.index)
	}
	if with.stdin != "" {
		cmd.Stdin = strings.NewReader(with.stdin)
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err == nil {
		return stdout.String(), nil
	}
	failed := &Error{Command: args[0], Code: -1, Output: told(stderr.String())}
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		failed.Code = exit.ExitCode()
	} else if failed.Output == "" {
		failed.Output = err.Error()
	}
	return stdout.String(), failed
}

// told is what git said in one line: without its advice, and not without end.
func told(stderr string) string {
	const most = 600
	var lines []string
	for line := range strings.Lines(Mask(stderr)) {
		line = strings.TrimRight(line, " \r\n")
		if bare := strings.TrimSpace(strings.TrimPrefix(line, "remote:")); bare == "" || strings.HasPrefix(line, "hint:") || strings.HasPrefix(line, "To ") {
			continue
		}
		lines = append(lines, strings.TrimSpace(line))
	}
	text := strings.Join(lines, "; ")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// Rel is the place of a file in the checkout, with slashes.
func (c *Checkout) Rel(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	real, err := filepath.EvalSymlinks(abs)
	if err != nil {
		return "", err
	}
	rel, err := filepath.Rel(c.Top, real)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return "", fmt.Errorf("%s lies outside the checkout %s: commit what is in one repository at a time", path, c.Top)
	}
	return filepath.ToSlash(rel), nil
}

// Untouched refuses files that git does not know, or that have changes which are
// not committed: a commit takes the whole file.
func (c *Checkout) Untouched(ctx context.Context, files []string) error {
	for _, f := range files {
		if _, err := c.git(ctx, call{}, "ls-files", "--error-unmatch", "--", literal(f)); err != nil {
			return fmt.Errorf("%s is not in git yet: commit it first, or leave --commit out", f)
		}
		out, err := c.git(ctx, call{}, "status", "--porcelain", "-z", "--untracked-files=no", "--", literal(f))
		if err != nil {
			return err
		}
		if out != "" {
			return fmt.Errorf("%s has changes that are not committed, and the commit would take them along: commit or stash them first, or leave --commit out", f)
		}
	}
	return nil
}

// literal is a path that git reads as no pattern.
func literal(path string) string {
	if path == "." {
		return ":(top)" // all of it; a literal dot is nothing's name
	}
	return ":(top,literal)" + path
}

// Commit commits these files as they are, and nothing else. What else is staged
// stays staged.
func (c *Checkout) Commit(ctx context.Context, files []string, message string) (string, error) {
	args := []string{"commit", "--quiet", "--only", "--message", message, "--"}
	for _, f := range files {
		args = append(args, literal(f))
	}
	if _, err := c.git(ctx, call{}, args...); err != nil {
		return "", err
	}
	return c.head(ctx)
}

func (c *Checkout) head(ctx context.Context) (string, error) {
	out, err := c.git(ctx, call{}, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
	if err != nil {
		return "", errors.New("the repository has no commit yet: make the first one by hand")
	}
	return strings.TrimSpace(out), nil
}

// branch is the one that is checked out; "" where HEAD is detached.
func (c *Checkout) branch(ctx context.Context) string {
	out, err := c.git(ctx, call{}, "symbolic-ref", "--quiet", "--short", "HEAD")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(out)
}

// Short is how people write a commit.
func Short(commit string) string { return commit[:min(len(commit), 10)] }
