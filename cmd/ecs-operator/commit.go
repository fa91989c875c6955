package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/ecs-operator/ecs-operator/pkg/checkout"
	"github.com/ecs-operator/ecs-operator/pkg/source"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// commitOptions are what becomes of edited documents beyond their files.
type commitOptions struct {
	commit, push            bool
	message, remote, branch string
	patience                time.Duration
}

// AddFlags declares --commit, --push and what goes with them.
func (o *commitOptions) AddFlags(f *pflag.FlagSet) {
	f.BoolVar(&o.commit, "commit", false, "commit the files that are edited, and nothing else that is staged or changed")
	f.StringVarP(&o.message, "message", "m", "", "with --commit: the message (default: service, container, old and new image)")
	f.BoolVar(&o.push, "push", false, "push the commit, again and again while others are faster (implies --commit)")
	f.StringVar(&o.remote, "remote", "", "with --push: where to (default: the branch's own remote, else origin)")
	f.StringVar(&o.branch, "branch", "", "with --push: which branch (default: the one that is checked out)")
	f.DurationVar(&o.patience, "push-timeout", 2*time.Minute, "with --push: how long to try while others are faster")
}

func (o *commitOptions) finalize() error {
	o.commit = o.commit || o.push
	if o.message != "" && !o.commit {
		return errors.New("--message is for --commit: add that, or leave the message out")
	}
	if o.patience <= 0 {
		return fmt.Errorf("--push-timeout %s: want more than nothing", o.patience)
	}
	return nil
}

// editing is an edit of documents: what is found in files, and what becomes of it.
type editing struct {
	paths []string
	edit  func(files []spec.File) ([]spec.File, []spec.ImageChange, []spec.Problem)
	quiet bool // what is there already is not told one by one
	// refused is why nothing may be written, known once the edit was made; nil for never.
	refused func() error

	changes []spec.ImageChange // of the last time
}

// below makes the edit on the files of paths, whose names are told without a
// prefix.
func (e *editing) below(ctx context.Context, paths []string, prefix string) (before, after []spec.File, problems []spec.Problem, err error) {
	if prefix == "" {
		if err := checkPaths(paths); err != nil {
			return nil, nil, nil, err
		}
	}
	snap, err := source.Dir(paths...).Snapshot(ctx)
	if err != nil {
		return nil, nil, nil, errors.New(strings.TrimPrefix(err.Error(), prefix))
	}
	for _, p := range snap.Problems {
		return nil, nil, nil, fmt.Errorf("%s: %s", strings.TrimPrefix(p.Path, prefix), p.Message)
	}
	for _, f := range snap.Files {
		before = append(before, spec.File{Path: strings.TrimPrefix(f.Path, prefix), Data: f.Data()})
	}
	after, e.changes, problems = e.edit(before)
	return before, after, problems, nil
}

// tell says what was edited, or is there already.
func (e *editing) tell(c *console) {
	for _, ch := range e.changes {
		where := fmt.Sprintf("%s:%d:%d", ch.File, ch.Line, ch.Column)
		if ch.Old == ch.New {
			if !e.quiet {
				c.note("%s: %s is already at %s (%s)", where, ch.Container, ch.New, strings.Join(ch.Instances, ", "))
			}
			continue
		}
		c.note("%s: %s: %s → %s (%s)", where, ch.Container, ch.Old, ch.New, strings.Join(ch.Instances, ", "))
	}
}

// writeDocuments makes an edit in the files, and commits and pushes it where that
// is asked for.
func writeDocuments(ctx context.Context, c *console, o *commitOptions, e *editing) error {
	var git *checkout.Checkout
	var push *checkout.Push
	var err error
	if o.commit {
		if git, push, err = o.begin(ctx, c, e); err != nil {
			return err
		}
	}
	before, after, problems, err := e.below(ctx, e.paths, "")
	if err != nil {
		return err
	}
	if err := tellProblems(c, problems); err != nil {
		return err
	}
	if git == nil {
		if err := replaceFiles(after); err != nil {
			return err
		}
		e.tell(c)
		return nil
	}
	message, err := o.commitFiles(ctx, c, git, e, before, after)
	if err != nil || push == nil {
		return err
	}
	push.First = message
	return o.land(ctx, c, push, e)
}

// begin finds the checkout, and with --push whether and where it may push.
func (o *commitOptions) begin(ctx context.Context, c *console, e *editing) (*checkout.Checkout, *checkout.Push, error) {
	if err := checkPaths(e.paths); err != nil {
		return nil, nil, err
	}
	dir := e.paths[0]
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		real, err := filepath.EvalSymlinks(dir)
		if err != nil {
			return nil, nil, err
		}
		dir = filepath.Dir(real)
	}
	git, err := checkout.Open(ctx, dir)
	if err != nil || !o.push {
		return git, nil, err
	}
	p := &checkout.Push{Remote: o.remote, Branch: o.branch, Message: o.message, Patience: o.patience, Note: c.note}
	for _, path := range e.paths {
		rel, err := git.Rel(path)
		if err != nil {
			return nil, nil, err
		}
		p.Paths = append(p.Paths, rel)
	}
	p.Edit = func(ctx context.Context, root string) ([]checkout.File, string, error) {
		return e.elsewhere(ctx, root, p.Paths)
	}
	return git, p, git.Begin(ctx, p)
}

// elsewhere makes the edit on the files of another commit, which stand below root.
func (e *editing) elsewhere(ctx context.Context, root string, rels []string) ([]checkout.File, string, error) {
	var paths []string
	for _, rel := range rels {
		path := filepath.Join(root, filepath.FromSlash(rel))
		if _, err := os.Stat(path); err != nil {
			return nil, "", fmt.Errorf("there is no %s any more", rel)
		}
		paths = append(paths, path)
	}
	prefix := root + string(filepath.Separator)
	_, after, problems, err := e.below(ctx, paths, prefix)
	if err != nil {
		return nil, "", err
	}
	if e.refused != nil && e.refused() != nil {
		return nil, "", &checkout.RefusedError{Err: e.refused()}
	}
	if len(problems) > 0 {
		p := problems[0]
		if p.File == "" {
			return nil, "", errors.New(p.Message)
		}
		return nil, "", errors.New(p.String())
	}
	var out []checkout.File
	for _, f := range after {
		real, err := filepath.EvalSymlinks(filepath.Join(root, f.Path))
		if err != nil {
			return nil, "", err
		}
		out = append(out, checkout.File{Path: filepath.ToSlash(strings.TrimPrefix(real, prefix)), Data: f.Data})
	}
	return out, commitMessage(e.changes), nil
}

// commitFiles writes the files and commits them. What cannot be committed is not
// written.
func (o *commitOptions) commitFiles(ctx context.Context, c *console, git *checkout.Checkout, e *editing, before, after []spec.File) (string, error) {
	if len(after) == 0 {
		e.tell(c)
		return "", nil
	}
	var rels []string
	for _, f := range after {
		rel, err := git.Rel(f.Path)
		if err != nil {
			return "", err
		}
		rels = append(rels, rel)
	}
	if err := git.Untouched(ctx, rels); err != nil {
		return "", err
	}
	if err := replaceFiles(after); err != nil {
		return "", err
	}
	message := o.message
	if message == "" {
		changes := slices.Clone(e.changes)
		for i := range changes {
			if rel, err := git.Rel(changes[i].File); err == nil {
				changes[i].File = rel // in the repository, wherever the command runs
			}
		}
		message = commitMessage(changes)
	}
	commit, err := git.Commit(ctx, rels, message)
	if err != nil {
		var old []spec.File
		for _, f := range before {
			if slices.ContainsFunc(after, func(a spec.File) bool { return a.Path == f.Path }) {
				old = append(old, f)
			}
		}
		return "", errors.Join(fmt.Errorf("nothing was committed, and the files are as they were: %w", err), replaceFiles(old))
	}
	e.tell(c)
	subject, _, _ := strings.Cut(message, "\n")
	c.note("committed %s: %s", checkout.Short(commit), subject)
	return message, nil
}

// land pushes, and says how that ended.
func (o *commitOptions) land(ctx context.Context, c *console, p *checkout.Push, e *editing) error {
	landed, err := p.Run(ctx)
	if lost := (*checkout.NotPushedError)(nil); errors.As(err, &lost) {
		code := status.ExitNotDone
		if lost.Outraced {
			code = status.ExitTimeout
		}
		return &exitError{code: code, err: err}
	}
	if err != nil {
		return err
	}
	where := checkout.Mask(p.Remote) + "/" + p.Branch
	switch {
	case !landed.Pushed:
		c.note("%s has it already (%s): nothing to push", where, checkout.Short(landed.Commit))
	case landed.Again > 0:
		e.quiet = true
		e.tell(c)
		c.note("pushed %s to %s, made anew on what others pushed", checkout.Short(landed.Commit), where)
	default:
		c.note("pushed %s to %s", checkout.Short(landed.Commit), where)
	}
	return nil
}

// replaceFiles writes files anew, each whole or not at all.
func replaceFiles(files []spec.File) error {
	for _, f := range files {
		if err := replaceFile(f.Path, f.Data); err != nil {
			return err
		}
	}
	return nil
}

// widestSubject is what the first line of a commit's message has at most.
const widestSubject = 72

// commitMessage names service, container, old and new image.
func commitMessage(changes []spec.ImageChange) string {
	var subject, services, body []string
	for _, ch := range changes {
		if ch.Old == ch.New {
			continue
		}
		who := strings.Join(ch.Instances, ", ")
		subject = append(subject, fmt.Sprintf("%s: %s %s", who, ch.Container, step(ch.Old, ch.New)))
		services = append(services, ch.Instances...)
		body = append(body, fmt.Sprintf("%s: %s: %s → %s (%s)", ch.File, ch.Container, ch.Old, ch.New, who))
	}
	first := strings.Join(subject, "; ")
	if slices.Sort(services); len([]rune(first)) > widestSubject && len(subject) > 0 {
		first = strings.Join(slices.Compact(services), ", ") + ": " + count(len(subject), "new image")
		if len(subject) == 1 {
			first = subject[0]
		}
	}
	return first + "\n\n" + strings.Join(body, "\n")
}

// step is a change of images without what stays: the repository.
func step(old, new string) string {
	at := strings.LastIndexAny(old, ":@")
	if at > strings.LastIndexByte(old, '/') && len(new) > at && new[:at+1] == old[:at+1] {
		return old[at+1:] + " → " + new[at+1:]
	}
	return old + " → " + new
}
