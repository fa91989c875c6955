package checkout_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/checkout"
)

// world is a bare repository with one branch, main, and a file with a line for
// each of some keys.
type world struct {
	t      *testing.T
	dir    string
	origin string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git in PATH")
	}
	w := &world{t: t, dir: t.TempDir()}
	t.Setenv("HOME", w.dir)
	t.Setenv("XDG_CONFIG_HOME", "")
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	t.Setenv("GIT_CONFIG_GLOBAL", filepath.Join(w.dir, "config"))
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); strings.HasPrefix(name, "GIT_") && !strings.HasPrefix(name, "GIT_CONFIG_") {
			t.Setenv(name, "")
			if err := os.Unsetenv(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.git(w.dir, "config", "--global", "user.name", "CI")
	w.git(w.dir, "config", "--global", "user.email", "ci@example.com")
	w.git(w.dir, "config", "--global", "gc.auto", "0")
	w.origin = filepath.Join(w.dir, "origin.git")
	w.git(w.dir, "init", "--quiet", "--bare", "--initial-branch=main", w.origin)
	w.git(w.dir, "init", "--quiet", "--initial-branch=main", "seed")
	seed := filepath.Join(w.dir, "seed")
	w.write(seed, "docs/keys", "a=0\nb=0\nc=0\nd=0\n")
	w.write(seed, "other", "one\n")
	w.git(seed, "add", "--all")
	w.git(seed, "commit", "--quiet", "--message", "first")
	w.git(seed, "push", "--quiet", w.origin, "main")
	return w
}

func (w *world) git(dir string, args ...string) string {
	w.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (w *world) write(dir, name, text string) {
	w.t.Helper()
	path := filepath.Join(dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o755)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) clone(name string, args ...string) string {
	w.t.Helper()
	w.git(w.dir, append(append([]string{"clone", "--quiet"}, args...), "file://"+w.origin, name)...)
	return filepath.Join(w.dir, name)
}

// holds are the keys on a branch of the bare repository.
func (w *world) holds(branch string) string {
	w.t.Helper()
	return strings.ReplaceAll(w.git(w.origin, "show", branch+":docs/keys"), "\n", " ")
}

// set is the edit that gives a key a value.
func set(root, key, value string) ([]checkout.File, string, error) {
	data, err := os.ReadFile(filepath.Join(root, "docs/keys"))
	if err != nil {
		return nil, "", err
	}
	lines := strings.Split(string(data), "\n")
	for i, line := range lines {
		if name, old, _ := strings.Cut(line, "="); name == key {
			if old == value {
				return nil, "", nil
			}
			lines[i] = key + "=" + value
			return []checkout.File{{Path: "docs/keys", Data: []byte(strings.Join(lines, "\n"))}}, fmt.Sprintf("%s: %s to %s", key, old, value), nil
		}
	}
	return nil, "", fmt.Errorf("docs/keys has no %s", key)
}

// job does what a command does: begin, edit, commit, push.
func job(ctx context.Context, dir, branch, key, value string, patience time.Duration) (checkout.Landed, error) {
	c, err := checkout.Open(ctx, dir)
	if err != nil {
		return checkout.Landed{}, err
	}
	p := &checkout.Push{Branch: branch, Paths: []string{"docs"}, Patience: patience, Note: func(string, ...any) {},
		Edit: func(_ context.Context, root string) ([]checkout.File, string, error) { return set(root, key, value) }}
	if err := c.Begin(ctx, p); err != nil {
		return checkout.Landed{}, err
	}
	files, message, err := set(dir, key, value)
	if err != nil {
		return checkout.Landed{}, err
	}
	if len(files) > 0 {
		if err := c.Untouched(ctx, []string{"docs/keys"}); err != nil {
			return checkout.Landed{}, err
		}
		if err := os.WriteFile(filepath.Join(dir, "docs/keys"), files[0].Data, 0o644); err != nil {
			return checkout.Landed{}, err
		}
		if _, err := c.Commit(ctx, []string{"docs/keys"}, message); err != nil {
			return checkout.Landed{}, err
		}
		p.First = message
	}
	return p.Run(ctx)
}

// long is a patience that no test uses up.
const long = 5 * time.Minute

// Jobs that change neighbouring lines, and one line, at the same moment all land:
// each as one commit, on a straight branch.
func TestEveryJobOfARaceLands(t *testing.T) {
	w := newWorld(t)
	keys := []string{"a", "b", "c", "c"}
	errs := make([]error, len(keys))
	var wg sync.WaitGroup
	for i, key := range keys {
		dir := w.clone(fmt.Sprint("job", i))
		if i%2 == 1 {
			w.git(dir, "checkout", "--quiet", "--detach") // as Jenkins does
		}
		wg.Go(func() { _, errs[i] = job(t.Context(), dir, "main", key, fmt.Sprint(i+1), long) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if got := w.holds("main"); got != "a=1 b=2 c=3 d=0" && got != "a=1 b=2 c=4 d=0" {
		t.Errorf("main holds %s", got)
	}
	if got := w.git(w.origin, "rev-list", "--count", "--no-merges", "main"); got != "5" {
		t.Errorf("%s commits:\n%s", got, w.git(w.origin, "log", "--graph", "--stat", "main"))
	}
	for line := range strings.Lines(w.git(w.origin, "log", "--format=%an %ae", "main")) {
		if strings.TrimSpace(line) != "CI ci@example.com" {
			t.Errorf("a commit is by %s", line)
		}
	}
}

// A commit takes the edited files, and leaves what else is staged, changed or new;
// so does the way of the checkout to what landed.
func TestOnlyTheEdit(t *testing.T) {
	w := newWorld(t)
	dir, rival := w.clone("mine"), w.clone("rival")
	w.write(dir, "other", "changed\n")
	w.write(dir, "staged", "staged\n")
	w.git(dir, "add", "staged")
	w.write(dir, "new", "new\n")
	if _, err := job(t.Context(), rival, "", "b", "1", long); err != nil {
		t.Fatal(err)
	}
	landed, err := job(t.Context(), dir, "", "a", "1", long)
	if err != nil || !landed.Pushed || landed.Again != 1 {
		t.Fatalf("%+v, %v", landed, err)
	}
	if got := w.holds("main"); got != "a=1 b=1 c=0 d=0" {
		t.Errorf("main holds %s", got)
	}
	if got := w.git(dir, "rev-parse", "HEAD"); got != w.git(w.origin, "rev-parse", "main") {
		t.Errorf("the checkout stays at %s", got)
	}
	if got := w.git(dir, "status", "--porcelain"); got != "M other\nA  staged\n?? new" {
		t.Errorf("status:\n%s", got)
	}
	if got := w.git(dir, "symbolic-ref", "HEAD"); got != "refs/heads/main" {
		t.Errorf("HEAD is %s", got)
	}
	if got := w.git(dir, "show", "--stat=80", "--format=%s", "HEAD"); !strings.HasPrefix(got, "a: 0 to 1") || !strings.Contains(got, "1 file changed") {
		t.Errorf("the commit:\n%s", got)
	}
	// The same once more: it is there.
	if again, err := job(t.Context(), dir, "", "a", "1", long); err != nil || again.Pushed {
		t.Errorf("once more: %+v, %v", again, err)
	}
	// A change in the very file is nobody's to commit.
	w.write(dir, "docs/keys", "a=1\nb=1\nc=0\nd=by hand\n")
	if _, err := job(t.Context(), dir, "", "a", "2", long); err == nil || !strings.Contains(err.Error(), "docs/keys has changes that are not committed") {
		t.Errorf("a changed file: %v", err)
	}
}

// What a shallow clone of a CI system has is enough, and filters of line ends are
// those of the checkout.
func TestShallow(t *testing.T) {
	w := newWorld(t)
	old := w.clone("old", "--depth=1")
	w.git(old, "checkout", "--quiet", "--detach")
	rival := w.clone("rival")
	for _, value := range []string{"1", "2"} {
		if _, err := job(t.Context(), rival, "main", "b", value, long); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := job(t.Context(), old, "main", "a", "1", long); err != nil {
		t.Fatal(err)
	}
	if got := w.holds("main"); got != "a=1 b=2 c=0 d=0" {
		t.Errorf("main holds %s", got)
	}
}

// What is checked out and not on the branch does not land with the edit, but for
// the edit itself whose push failed before.
func TestOnlyWhatIsOnTheBranch(t *testing.T) {
	w := newWorld(t)
	dir := w.clone("mine")
	w.git(dir, "checkout", "--quiet", "--detach")
	w.write(dir, "other", "of a pull request\n")
	w.git(dir, "commit", "--quiet", "--all", "--message", "not reviewed")
	if _, err := job(t.Context(), dir, "main", "a", "1", long); err == nil || !strings.Contains(err.Error(), "is not part of origin/main") {
		t.Errorf("an unreviewed commit: %v", err)
	}
	if got := w.git(dir, "status", "--porcelain"); got != "" {
		t.Errorf("something was written:\n%s", got)
	}
	if _, err := job(t.Context(), dir, "", "a", "1", long); err == nil || !strings.Contains(err.Error(), "--branch") {
		t.Errorf("a detached HEAD without --branch: %v", err)
	}
	// As git push would, on the branch itself, while nobody else pushed.
	ahead := w.clone("ahead")
	w.write(ahead, "other", "mine\n")
	w.git(ahead, "commit", "--quiet", "--all", "--message", "mine")
	if _, err := job(t.Context(), ahead, "", "a", "1", long); err != nil {
		t.Error(err)
	}
	if got := w.git(w.origin, "rev-list", "--count", "main"); got != "3" {
		t.Errorf("%s commits on main", got)
	}
	// A branch that is not there yet is made.
	if _, err := job(t.Context(), dir, "release/1", "a", "1", long); err != nil {
		t.Error(err)
	}
	if got := w.holds("release/1"); got != "a=1 b=0 c=0 d=0" {
		t.Errorf("release/1 holds %s", got)
	}
}

// A server that refuses is believed at once, the commit stays, and the same job
// pushes it later, also on what others pushed meanwhile.
func TestRefused(t *testing.T) {
	w := newWorld(t)
	dir, rival := w.clone("mine"), w.clone("rival")
	hook := filepath.Join(w.origin, "hooks/pre-receive")
	w.write(w.origin, "hooks/pre-receive", "#!/bin/sh\necho 'main is protected, see https://u:secret@git.example.com/rules' >&2\nexit 1\n")
	_, err := job(t.Context(), dir, "", "a", "1", long)
	var lost *checkout.NotPushedError
	if !errors.As(err, &lost) || lost.Outraced {
		t.Fatalf("%v", err)
	}
	for _, want := range []string{"pre-receive hook declined", "main is protected", "stays in this checkout", "https://***@git.example.com"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in: %v", want, err)
		}
	}
	if err := os.Remove(hook); err != nil {
		t.Fatal(err)
	}
	if _, err := job(t.Context(), rival, "", "b", "1", long); err != nil {
		t.Fatal(err)
	}
	landed, err := job(t.Context(), dir, "", "a", "1", long)
	if err != nil || !landed.Pushed {
		t.Fatalf("%+v, %v", landed, err)
	}
	if got := w.holds("main") + " " + w.git(w.origin, "rev-list", "--count", "main"); got != "a=1 b=1 c=0 d=0 3" {
		t.Errorf("main holds %s", got)
	}
}

// Who is outraced for ever ends when the time is over.
func TestOutraced(t *testing.T) {
	w := newWorld(t)
	dir := w.clone("mine")
	// Before it judges, the server takes somebody else's commit.
	w.write(w.origin, "hooks/pre-receive", "#!/bin/sh\nunset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES\n"+
		"git update-ref refs/heads/main $(git commit-tree main^{tree} -p main -m rival)\n")
	_, err := job(t.Context(), dir, "", "a", "1", time.Second)
	var lost *checkout.NotPushedError
	if !errors.As(err, &lost) || !lost.Outraced || !strings.Contains(err.Error(), "others were faster for 1s") {
		t.Fatalf("%v", err)
	}
	if got := w.holds("main"); got != "a=0 b=0 c=0 d=0" {
		t.Errorf("main holds %s", got)
	}
}

// A push whose answer is lost, but not its effect, is known by what the branch has.
func TestLostAnswer(t *testing.T) {
	w := newWorld(t)
	dir := w.clone("mine")
	w.write(w.origin, "hooks/reference-transaction", "#!/bin/sh\nif [ \"$1\" = committed ]; then kill -9 $PPID; fi\n")
	landed, err := job(t.Context(), dir, "", "a", "1", long)
	if err != nil || !landed.Pushed {
		t.Fatalf("%+v, %v", landed, err)
	}
	if got := w.holds("main") + " " + w.git(w.origin, "rev-list", "--count", "main"); got != "a=1 b=0 c=0 d=0 2" {
		t.Errorf("main holds %s", got)
	}
}

// What the edit cannot be made on any more is told, with where.
func TestGoneOnTheBranch(t *testing.T) {
	w := newWorld(t)
	dir, rival := w.clone("mine"), w.clone("rival")
	w.git(rival, "mv", "docs", "elsewhere")
	w.git(rival, "commit", "--quiet", "--message", "moved")
	w.git(rival, "push", "--quiet")
	_, err := job(t.Context(), dir, "", "a", "1", long)
	if err == nil || !strings.Contains(err.Error(), "there is no docs any more") || !strings.Contains(err.Error(), "on origin/main") {
		t.Errorf("%v", err)
	}
}

// Hooks and signing are the user's: a hook that refuses refuses, one that adds to
// the message is not lost when the commit is made anew.
func TestHooks(t *testing.T) {
	w := newWorld(t)
	dir, rival := w.clone("mine"), w.clone("rival")
	w.write(dir, ".git/hooks/commit-msg", "#!/bin/sh\nprintf '\\nChange-Id: I42\\n' >>\"$1\"\n")
	if _, err := job(t.Context(), rival, "", "a", "1", long); err != nil {
		t.Fatal(err)
	}
	if _, err := job(t.Context(), dir, "", "a", "2", long); err != nil {
		t.Fatal(err)
	}
	if got := w.git(w.origin, "log", "-1", "--format=%B", "main"); got != "a: 1 to 2\n\nChange-Id: I42" {
		t.Errorf("message:\n%s", got)
	}
	w.write(dir, ".git/hooks/pre-commit", "#!/bin/sh\necho nothing on Fridays >&2\nexit 1\n")
	if _, err := job(t.Context(), dir, "", "a", "3", long); err == nil || !strings.Contains(err.Error(), "nothing on Fridays") {
		t.Errorf("a hook that refuses: %v", err)
	}
}

func TestOpen(t *testing.T) {
	w := newWorld(t)
	if _, err := checkout.Open(t.Context(), w.dir); err == nil || !strings.Contains(err.Error(), "is in no checkout of git") {
		t.Errorf("no repository: %v", err)
	}
	dir := w.clone("mine")
	w.git(w.dir, "config", "--global", "--unset", "user.email")
	w.git(w.dir, "config", "--global", "user.useConfigOnly", "true")
	if _, err := checkout.Open(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "does not know who commits") {
		t.Errorf("no identity: %v", err)
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := checkout.Open(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "needs git") {
		t.Errorf("no git: %v", err)
	}
}

func TestMask(t *testing.T) {
	for in, want := range map[string]string{
		"https://oauth2:glpat-1@git.example.com/a.git": "https://***@git.example.com/a.git",
		"ssh://git@git.example.com/a@b":                "ssh://***@git.example.com/a@b",
		"git@git.example.com:a.git":                    "git@git.example.com:a.git",
	} {
		if got := checkout.Mask(in); got != want {
			t.Errorf("%s: %s", in, got)
		}
	}
}
