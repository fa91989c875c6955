package checkout

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// File is a file of a tree with what it shall hold.
type File struct {
	Path string // below the top, with slashes
	Data []byte
}

// Edit tells what becomes of the files below a directory, which holds those of
// one commit, and how to call that. No files: all is as it shall be.
type Edit func(ctx context.Context, root string) (files []File, message string, err error)

// Push is an edit on its way to a branch of others.
type Push struct {
	Remote, Branch string
	Paths          []string      // what the edit looks at, below the top
	Edit           Edit          //
	Message        string        // of the commit, whatever the edit calls itself; "" for the edit's
	First          string        // what the edit called itself in the commit that was made
	Patience       time.Duration // how long to try while others are faster
	Note           func(format string, args ...any)

	c       *Checkout
	here    string // the branch that is checked out
	start   string // HEAD before anything was done
	tip     string // of the branch, as fetched last; "" where there is none
	carried bool   // commits of others go along, as with git push
}

// Landed is how a push ended.
type Landed struct {
	Commit string // the tip that holds the edit
	Pushed bool   // not, where it held it already
	Again  int    // how often it had to be made anew
}

// NotPushedError says that the branch did not take the commit, which stays.
type NotPushedError struct {
	Outraced bool // others were faster until the time was over
	err      error
}

func (e *NotPushedError) Error() string { return e.err.Error() }

func (e *NotPushedError) Unwrap() error { return e.err }

// RefusedError is what an Edit answers with where nothing may be pushed at all.
type RefusedError struct{ Err error }

func (e *RefusedError) Error() string { return e.Err.Error() }

func (e *RefusedError) Unwrap() error { return e.Err }

// Begin finds out where to push to and whether this checkout may, before a byte
// is written. An empty Remote is the branch's own, else origin; an empty Branch
// the one that is checked out.
func (c *Checkout) Begin(ctx context.Context, p *Push) error {
	p.c = c
	p.here = c.branch(ctx)
	if p.Branch == "" {
		if p.Branch = p.here; p.Branch == "" {
			return errors.New("HEAD is detached, as CI systems leave it: say with --branch which branch to push to")
		}
	}
	if _, err := c.git(ctx, call{}, "check-ref-format", "--branch", p.Branch); err != nil || strings.HasPrefix(p.Branch, "-") {
		return fmt.Errorf("--branch %q is no name of a branch", p.Branch)
	}
	if p.Remote == "" {
		p.Remote = "origin"
		if out, err := c.git(ctx, call{}, "config", "branch."+p.Branch+".remote"); err == nil && strings.TrimSpace(out) != "." {
			p.Remote = strings.TrimSpace(out)
		}
	}
	if strings.HasPrefix(p.Remote, "-") {
		return fmt.Errorf("--remote %q is no name of a remote", p.Remote)
	}
	var err error
	if p.start, err = c.head(ctx); err != nil {
		return err
	}
	if err := p.fetch(ctx); err != nil {
		return fmt.Errorf("%s cannot be fetched: %w", p.where(), err)
	}
	return p.own(ctx)
}

// where names the branch to people.
func (p *Push) where() string { return Mask(p.Remote) + "/" + p.Branch }

// ref is the branch's full name.
func (p *Push) ref() string { return "refs/heads/" + p.Branch }

// noSuchRef is how git ls-remote --exit-code ends without a match.
const noSuchRef = 2

// fetch asks what the branch holds.
func (p *Push) fetch(ctx context.Context) error {
	_, err := p.c.git(ctx, call{}, "fetch", "--quiet", "--no-tags", "--no-recurse-submodules", p.Remote, p.ref())
	if err != nil {
		var failed *Error
		if _, none := p.c.git(ctx, call{}, "ls-remote", "--exit-code", "--heads", p.Remote, p.ref()); errors.As(none, &failed) && failed.Code == noSuchRef {
			p.tip = ""
			return nil
		}
		return err
	}
	out, err := p.c.git(ctx, call{}, "rev-parse", "--verify", "FETCH_HEAD^{commit}")
	if err != nil {
		return err
	}
	p.tip = strings.TrimSpace(out)
	return nil
}

func (p *Push) ancestor(ctx context.Context, old, young string) bool {
	_, err := p.c.git(ctx, call{}, "merge-base", "--is-ancestor", old, young)
	return err == nil
}

// own refuses a checkout with commits that are neither on the branch nor of this
// edit, unless git push would take them along as well.
func (p *Push) own(ctx context.Context) error {
	if p.tip == "" || p.ancestor(ctx, p.start, p.tip) {
		return nil
	}
	base, err := p.c.git(ctx, call{}, "merge-base", p.tip, p.start)
	base = strings.TrimSpace(base)
	if err == nil {
		tree, _, err := p.on(ctx, base)
		if refused := (*RefusedError)(nil); err != nil && (ctx.Err() != nil || errors.As(err, &refused)) {
			return err
		}
		have, _ := p.c.git(ctx, call{}, "rev-parse", p.start+"^{tree}")
		if err == nil && tree != "" && tree == strings.TrimSpace(have) {
			return nil // this very edit, not pushed yet
		}
		if p.here == p.Branch && base == p.tip {
			p.carried = true
			return nil
		}
	}
	if p.here == p.Branch {
		return fmt.Errorf("%s and the checkout have gone different ways, and not all commits here are of this edit: 'git pull --rebase' first; nothing was changed", p.where())
	}
	return fmt.Errorf("the checkout is at %s, which is not part of %s, and would be pushed with the edit: check out %s, or name the branch that this belongs to with --branch; nothing was changed", Short(p.start), p.where(), p.Branch)
}

// Run pushes what was committed, or makes the edit on what the branch has by now.
func (p *Push) Run(ctx context.Context) (Landed, error) {
	made, err := p.c.head(ctx) // by the caller, or HEAD as it was
	if err != nil {
		return Landed{}, err
	}
	deadline := time.Now().Add(p.Patience)
	tried := map[string]bool{}
	out := Landed{}
	for again := 0; ; again++ {
		commit, err := p.onTip(ctx, made)
		if err != nil {
			return Landed{}, p.unpushed(ctx, made, err)
		}
		out.Commit = commit
		if commit == p.tip {
			if made != p.start { // what was committed here stands there already
				p.follow(ctx, made, commit)
			}
			return out, nil
		}
		if commit != made {
			out.Again++
		}
		tried[commit] = true
		refused := p.send(ctx, commit)
		if refused == nil {
			out.Pushed = true
			p.follow(ctx, made, commit)
			return out, nil
		}
		was := p.tip
		if err := p.fetch(ctx); err != nil {
			return Landed{}, p.unpushed(ctx, made, fmt.Errorf("%w; and it cannot be fetched: %w", refused, err))
		}
		for c := range tried { // a push that failed here may have landed there
			if p.tip != "" && p.ancestor(ctx, c, p.tip) {
				out.Commit, out.Pushed = p.tip, true
				p.follow(ctx, made, p.tip)
				return out, nil
			}
		}
		if p.tip == was && !busy(refused) {
			return Landed{}, p.unpushed(ctx, made, fmt.Errorf("%s did not take it: %w", p.where(), refused))
		}
		wait := backoff(again)
		if time.Now().Add(wait).After(deadline) {
			lost := p.unpushed(ctx, made, fmt.Errorf("others were faster for %s: %w", p.Patience, refused))
			lost.Outraced = true
			return Landed{}, lost
		}
		p.Note("%s has moved: once more on %s", p.where(), Short(p.tip))
		if err := sleep(ctx, wait); err != nil {
			return Landed{}, err
		}
	}
}

// onTip is the commit to push: the one that was made, or the edit on the tip.
// The tip itself where that has it already.
func (p *Push) onTip(ctx context.Context, made string) (string, error) {
	if p.tip == "" || made != p.tip && p.ancestor(ctx, p.tip, made) {
		return made, nil
	}
	if p.carried {
		return "", errors.New("somebody else pushed meanwhile, and the checkout has other commits that are not pushed: 'git pull --rebase', then 'git push'")
	}
	tree, message, err := p.on(ctx, p.tip)
	if err != nil {
		return "", fmt.Errorf("on %s, which moved to %s: %w", p.where(), Short(p.tip), err)
	}
	if tree == "" {
		return p.tip, nil
	}
	return p.commitTree(ctx, tree, message, made)
}

// unpushed wraps why a commit stays where it is.
func (p *Push) unpushed(ctx context.Context, made string, err error) *NotPushedError {
	stays := "nothing was committed"
	if made != p.start || p.tip == "" || !p.ancestor(ctx, made, p.tip) {
		stays = "the commit " + Short(made) + " stays in this checkout, and the same command pushes it"
	}
	return &NotPushedError{err: fmt.Errorf("not pushed: %w; %s", err, stays)}
}

// send pushes one commit.
func (p *Push) send(ctx context.Context, commit string) error {
	out, err := p.c.git(ctx, call{}, "push", "--porcelain", p.Remote, commit+":"+p.ref())
	if err == nil {
		return nil
	}
	for line := range strings.Lines(out) { // "!" TAB from:to TAB summary (reason)
		if parts := strings.Split(strings.TrimSpace(line), "\t"); len(parts) == 3 && parts[0] == "!" {
			return fmt.Errorf("%s; %w", Mask(parts[2]), err)
		}
	}
	return err
}

// busy reports whether a refusal is about two pushes at one moment, which the
// server may tell although the branch stands where it stood.
func busy(err error) bool {
	for _, word := range []string{"lock", "failed to update ref", "incorrect old value", "fetch first", "non-fast-forward"} {
		if strings.Contains(err.Error(), word) {
			return true
		}
	}
	return false
}

// backoff grows to some seconds, and differs between those who wait.
func backoff(again int) time.Duration {
	const least, most = 100 * time.Millisecond, 5 * time.Second
	d := min(least<<min(again, 10), most)
	return d/2 + rand.N(d)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
