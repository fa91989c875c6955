package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"
)

// MaxPackBytes is how much a git server may send in one fetch, GitTimeout how
// long one look at it may take, and MaxTreeEntries how many entries of any kind
// may stand below the watched paths.
const (
	MaxPackBytes   = 256 << 20
	MaxTreeEntries = 400_000
	GitTimeout     = 60 * time.Second
	DefaultGitPoll = time.Minute
)

type gitLimits struct {
	pack    int64
	entries int
	timeout time.Duration
	depths  []int // how far back is looked, step by step, for the commit in force
}

// GitOptions say which documents of which repository.
type GitOptions struct {
	URL   string   // see ParseGitURL
	Ref   string   // branch, tag, full name or commit id; "" for the default branch
	Paths []string // folders and files in the repository; none for all of it
	// Cache is a directory of the operator's own, kept between runs; "" for one
	// that goes with the process.
	Cache string
	// Poll is how often Watch hints, with jitter; 0 for DefaultGitPoll.
	Poll time.Duration
	// AllowRewind takes a commit that does not descend from the one in force.
	AllowRewind bool
	// LookOnly is for those that only show: nothing is remembered, and going
	// backwards is nothing to refuse.
	LookOnly bool
	// MayLack: a watched path that is not in the commit is no error. Only for those
	// that compare: what a path held before may have been nothing.
	MayLack bool

	// Login gives the user and the password (or token) for https, right before
	// they are used; nil for none.
	Login func(ctx context.Context) (user, password string, err error)
	// AWS gives the credentials from which CodeCommit's password is made, right
	// before it is used.
	AWS func(ctx context.Context) (AWSKeys, error)
	// CodeCommitRegion makes any URL one of CodeCommit, for endpoints under a name
	// of their own.
	CodeCommitRegion string
	CAFile           string // of the authority that vouches for an https server, "" for the usual ones
	SSH              SSHOptions

	// Verify decides whether a revision may be used, and names who signed it. It
	// is asked before anything of the revision is read. nil: anything goes.
	Verify func(ctx context.Context, o GitObjects) (signer string, err error)

	Log    *zap.Logger
	Binary string // the git to run; "" for the one on the PATH
}

// GitObjects are what a signature may be on, byte for byte.
type GitObjects struct {
	Ref      string // full name: refs/heads/main, refs/tags/v1; "" for a bare commit id
	CommitID string
	Commit   []byte // as git cat-file commit prints it
	TagID    string // of the annotated tag object that the ref is; "" for anything else
	Tag      []byte // as git cat-file tag prints it
	// Again: it is no news, but what an earlier process had in force.
	Again bool
}

// Git is a source of the files of one commit of a repository. It is read by the
// git binary into a bare repository: there is never a work tree, and nothing of
// what is fetched is ever run or followed.
type Git struct {
	o      GitOptions
	url    GitURL
	paths  []string
	limits limits
	git    gitLimits
	unguarded
	binary string
	ssh    *sshFiles
	log    *zap.Logger
	now    func() time.Time

	poke chan struct{}
	due  dueness

	mu      sync.Mutex // one look at a time; guards what follows
	home    string     // the cache directory, "" until it is needed
	temp    bool
	version string
	header  string   // for https, of the look under way
	secrets []string // every form of the credentials in use, for redact
	whole   bool     // the server cannot send missing blobs by their ids
	last    *taken
	answer  *Snapshot        // what was given out last: that, with what is refused since
	told    string           // the refusal that was logged last
	refused map[string]error // by commit id, while the one in force stays the same
}

// taken is what was given out last.
type taken struct {
	tip  tip
	snap Snapshot
}

// tip is where the ref stood when it was asked for.
type tip struct {
	ref string // full name, "" for a commit id
	id  string // of the commit, or of the tag object
}

// NewGit checks the options and makes a source. It starts nothing and asks nobody.
func NewGit(o GitOptions) (*Git, error) { return newGit(o, unguarded{}) }

func newGit(o GitOptions, off unguarded) (*Git, error) {
	u, err := ParseGitURL(o.URL, o.CodeCommitRegion)
	if err != nil {
		return nil, err
	}
	if err := CheckGitRef(o.Ref); err != nil && !off.refs {
		return nil, err
	}
	g := &Git{
		o: o, url: u, binary: cmp.Or(o.Binary, "git"), log: o.Log, now: time.Now, poke: make(chan struct{}, 1), refused: map[string]error{},
		limits:    usualLimits(),
		unguarded: off,
		git:       gitLimits{pack: MaxPackBytes, entries: MaxTreeEntries, timeout: GitTimeout, depths: []int{64, 1024, 16_384, 100_000}},
	}
	if g.log == nil {
		g.log = zap.NewNop()
	}
	if g.o.Poll == 0 {
		g.o.Poll = DefaultGitPoll
	}
	if g.paths, err = gitPaths(o.Paths); err != nil {
		return nil, err
	}
	if o.CAFile != "" {
		if g.o.CAFile, err = givenFile("--git-ca-file", o.CAFile); err != nil {
			return nil, err
		}
	}
	if u.scheme == "ssh" {
		if g.ssh, err = o.SSH.check(); err != nil {
			return nil, err
		}
	}
	if u.region != "" && o.AWS == nil {
		return nil, fmt.Errorf("%s: CodeCommit needs credentials of AWS", u)
	}
	return g, nil
}

// gitPaths cleans paths in a repository: "services/" and "/services" are services,
// and "." is all of it.
func gitPaths(given []string) ([]string, error) {
	var out []string
	for _, p := range given {
		clean := strings.TrimPrefix(path.Clean("/"+p), "/")
		if strings.ContainsRune(p, 0) || slices.Contains(strings.Split(p, "/"), "..") {
			return nil, fmt.Errorf("--path %q is not within the repository", p)
		}
		if clean == "" {
			return nil, nil
		}
		if len(clean) > MaxPathBytes {
			return nil, fmt.Errorf("--path is longer than %d bytes", MaxPathBytes)
		}
		if !slices.Contains(out, clean) {
			out = append(out, clean)
		}
	}
	return out, nil
}

// URL is where the repository is.
func (g *Git) URL() string { return g.url.text }

// Paths are the watched paths in the repository.
func (g *Git) Paths() []string {
	if g.paths == nil {
		return []string{"."}
	}
	return g.paths
}

// Snapshot fetches the ref and reads what it holds. While it is watched, and no
// hint is due, the last snapshot is given again. An error means that the commit
// could not be had; one that may not be used (rewound, unsigned) leaves the last
// one in force, and is a Problem of it.
func (g *Git) Snapshot(ctx context.Context) (Snapshot, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	asked, rest := g.due.take()
	if rest && g.answer != nil {
		return *g.answer, nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, g.git.timeout,
		fmt.Errorf("%s: git took longer than %s, and was stopped", g.url, g.git.timeout))
	defer cancel()
	err := g.prepare(ctx)
	var s Snapshot
	if err == nil {
		if s, err = g.look(ctx); err != nil {
			err = &away{err}
		}
	}
	if err != nil {
		g.due.again(asked) // it is still due
		return Snapshot{}, err
	}
	g.answer = &s
	return s, nil
}

// look is one whole look at the repository.
func (g *Git) look(ctx context.Context) (Snapshot, error) {
	unlock, err := g.lock(ctx)
	if err != nil {
		return Snapshot{}, err
	}
	defer unlock()
	defer g.forget()
	if err := g.login(ctx); err != nil {
		return Snapshot{}, err
	}
	at, err := g.resolve(ctx)
	if err != nil {
		return Snapshot{}, err
	}
	if g.last != nil && g.last.tip == at {
		return g.last.snap, nil
	}
	s, err := g.read(ctx, at)
	if errors.Is(err, errWhole) {
		g.log.Info("the server does not send single files: it is asked for all of a commit's")
		g.whole = true
		if err := g.discard(); err != nil {
			return Snapshot{}, err
		}
		s, err = g.read(ctx, at)
	}
	if broken := (*gitError)(nil); errors.As(err, &broken) && broken.local && ctx.Err() == nil {
		// What is on the disk is a cache, and can be had again.
		g.log.Warn("the copy of the repository is damaged: it is fetched again", zap.String("error", err.Error()))
		if err := g.discard(); err != nil {
			return Snapshot{}, err
		}
		s, err = g.read(ctx, at)
	}
	return s, err
}

// read fetches a tip, decides whether it may be used, and reads it.
func (g *Git) read(ctx context.Context, at tip) (Snapshot, error) {
	content, err := g.repository("content.git", len(at.id))
	if err != nil {
		return Snapshot{}, err
	}
	objects, err := g.fetchTip(ctx, content, at)
	if err != nil {
		return Snapshot{}, err
	}
	signer, err := g.permit(ctx, objects)
	if refusal := (*refusal)(nil); errors.As(err, &refusal) {
		return g.keep(ctx, content, objects.Ref, refusal)
	}
	if err != nil {
		return Snapshot{}, err
	}
	s, err := g.files(ctx, content, objects.CommitID)
	if refusal := (*refusal)(nil); errors.As(err, &refusal) {
		return g.keep(ctx, content, objects.Ref, refusal)
	}
	if err != nil {
		return Snapshot{}, err
	}
	s.Revision, s.Ref, s.Signer = objects.CommitID, shortRef(objects.Ref), signer
	if err := g.accept(objects); err != nil {
		return Snapshot{}, err
	}
	g.last = &taken{tip: at, snap: s}
	return s, nil
}

// shortRef is a ref as people say it.
func shortRef(ref string) string {
	for _, prefix := range []string{"refs/heads/", "refs/tags/"} {
		if s, ok := strings.CutPrefix(ref, prefix); ok {
			return s
		}
	}
	return ref
}

// Poke says that the repository may have changed: the next Snapshot asks the
// server, and who watches is told now. It never waits, and many are one.
func (g *Git) Poke() {
	g.due.now()
	select {
	case g.poke <- struct{}{}:
	default:
	}
}

// Watch hints at once, every Poll (±10 %), and when it is poked.
func (g *Git) Watch(ctx context.Context, hint chan<- struct{}) error {
	g.due.watch(1)
	defer g.due.watch(-1)
	for {
		g.due.now()
		send(hint)
		wait := time.NewTimer(g.o.Poll - g.o.Poll/10 + rand.N(g.o.Poll/5+1))
		select {
		case <-ctx.Done():
			wait.Stop()
			return nil
		case <-wait.C:
		case <-g.poke:
			wait.Stop()
		}
	}
}

// dueness knows whether the server is to be asked: always while nobody watches,
// and else after a hint.
type dueness struct {
	mu       sync.Mutex
	watchers int
	due      bool
}

func (d *dueness) watch(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.watchers += n
}

func (d *dueness) now() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.due = true
}

// take uses up what is due; rest says that nothing is, and that it will be told.
func (d *dueness) take() (due, rest bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	due, d.due = d.due, false
	return due, !due && d.watchers > 0
}

// again gives back what take used up.
func (d *dueness) again(due bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.due = d.due || due || d.watchers > 0
}

// Close removes what goes with the process.
func (g *Git) Close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.temp || g.home == "" {
		return nil
	}
	home := g.home
	g.home, g.last, g.answer = "", nil, nil
	return os.RemoveAll(home)
}

// prepare makes sure of the directory and of the git that works in it.
func (g *Git) prepare(ctx context.Context) error {
	if g.home == "" {
		if err := g.makeHome(); err != nil {
			return err
		}
	}
	if err := g.checkVersion(ctx); err != nil {
		return err
	}
	if g.ssh != nil {
		return g.ssh.place(g.home)
	}
	return nil
}

func (g *Git) makeHome() error {
	if g.o.Cache == "" {
		dir, err := os.MkdirTemp("", "ecs-operator-git-*")
		if err == nil {
			dir, err = filepath.Abs(dir) // TMPDIR may be relative, and git runs in it
		}
		if err != nil {
			return fmt.Errorf("there is no room for a copy of the repository: %w (set TMPDIR, or --git-cache)", reason(err))
		}
		g.home, g.temp = dir, true
		return nil
	}
	cache, err := filepath.Abs(g.o.Cache)
	if err != nil {
		return err
	}
	home := filepath.Join(cache, g.place())
	if err := os.MkdirAll(home, 0o700); err != nil {
		return fmt.Errorf("--git-cache %s cannot be used: %w", g.o.Cache, reason(err))
	}
	if err := ownAndPrivate(home); err != nil {
		return err
	}
	g.home = home
	return nil
}
