package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"go.uber.org/zap"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/source"
)

// sourceOptions say where the documents are when they do not stand on this
// machine. Every command that reads documents takes them; the zero value means
// files.
type sourceOptions struct {
	git gitOptions
	s3  s3Options
}

// AddFlags declares the flags of every source; with all also those that only one
// who sets an operator up needs: the others are taken, but not listed.
func (o *sourceOptions) AddFlags(f *pflag.FlagSet, all bool) {
	mine := pflag.NewFlagSet("", pflag.ContinueOnError)
	o.git.AddFlags(mine)
	o.s3.AddFlags(mine)
	mine.VisitAll(func(flag *pflag.Flag) {
		flag.Hidden = !all && !slices.Contains(everyday, flag.Name)
		f.AddFlag(flag)
	})
}

// everyday are the flags of a source that every command lists.
var everyday = []string{"git", "ref", "s3"}

// remote reports whether the documents are not on this machine.
func (o *sourceOptions) remote() bool { return o.git.url != "" || o.s3.place != "" }

// finalize checks what the flags say together.
func (o *sourceOptions) finalize() error {
	if o.git.url != "" && o.s3.place != "" {
		return errors.New("--git and --s3 exclude one another: the documents of a run are in one place")
	}
	return errors.Join(o.git.finalize(), o.s3.finalize())
}

// treeOptions are for the commands whose arguments are PATHs.
type treeOptions struct {
	sourceOptions
	paths []string
}

// AddFlags declares --path and the flags of every source.
func (o *treeOptions) AddFlags(f *pflag.FlagSet) {
	o.sourceOptions.AddFlags(f, true)
	f.StringArrayVar(&o.paths, "path", nil, "with --git: `PATH` of a folder or file in the repository (repeatable; default: all of it); else as PATH")
}

// locate gives the paths that are meant: of the arguments, of --path, or of
// ECS_OPERATOR_PATH, to which --path is bound.
func (o *treeOptions) locate(c *console, verb string, args []string) ([]string, error) {
	if err := o.finalize(); err != nil {
		return nil, err
	}
	switch {
	case o.s3.place != "" && len(args) > 0:
		return nil, fmt.Errorf("PATH and --s3 exclude one another: the prefix says what is read (%s%s)", strings.Join(args, " "), fromEnvironment(c, "s3"))
	case o.remote() && len(args) > 0:
		return nil, fmt.Errorf("PATH and --git exclude one another: a path in the repository is given by --path (%s%s)",
			"--path "+strings.Join(args, " --path "), fromEnvironment(c, "git"))
	case o.remote():
		return o.paths, nil
	case len(args) == 0 && len(o.paths) > 0:
		return o.paths, nil
	}
	return pathArgs(c, verb, args)
}

// fromEnvironment adds where a flag came from, if that was a variable.
func fromEnvironment(c *console, flag string) string {
	if v := envName(flag); c.getenv(v) != "" {
		return "; " + v + " is set"
	}
	return ""
}

// origin is an opened source with how people write it.
type origin struct {
	source.Source
	url   string   // "" for files
	paths []string // as they are shown
	args  []string // of a command that reads the same, without the paths
	// attach makes the source's own calls to AWS like the program's others; nil
	// where it makes none.
	attach func(awsclient.Options)
}

// shown is the source in the header of a report, after "specs @ ".
func (o origin) shown(loaded reconcile.Loaded) string {
	where := cmp.Or(loaded.Ref, o.url, strings.Join(o.paths, ", "))
	if loaded.Signer != "" {
		where += ", signed by " + loaded.Signer
	}
	return fmt.Sprintf("%s (%s)", cmp.Or(shortRevision(loaded.Revision), "nothing yet"), where)
}

// again is how a command that takes PATHs is told to read the same documents;
// flag is how one is told whose arguments are names.
func (o origin) again() string {
	if o.url == "" {
		return strings.Join(o.paths, " ")
	}
	return o.flags()
}

func (o origin) flags() string {
	if o.url == "" {
		return "-f " + strings.Join(o.paths, " -f ")
	}
	args := o.args
	for _, p := range o.paths {
		if p != "." {
			args = append(slices.Clip(args), "--path", p)
		}
	}
	return strings.Join(args, " ")
}

// ref is the source in a JSON report.
func (o origin) ref(revision, ref, signer string) *sourceRef {
	return &sourceRef{Revision: revision, Ref: ref, Signer: signer, URL: o.url, Paths: o.paths}
}

func (o origin) close() error {
	if c, ok := o.Source.(interface{ Close() error }); ok {
		return c.Close()
	}
	return nil
}

// open makes the source. With look it is for a command that only shows.
func (o *sourceOptions) open(c *console, g *globalOptions, paths []string, look bool, log *zap.Logger) (origin, error) {
	if err := o.finalize(); err != nil {
		return origin{}, err
	}
	if o.git.url != "" {
		return o.git.open(c, g, paths, look, log)
	}
	if o.s3.place != "" {
		return o.s3.open(g, paths)
	}
	paths, err := cleanPaths(paths)
	if err != nil {
		return origin{}, err
	}
	files := source.Dir(paths...)
	files.Log = log
	return origin{Source: files, paths: paths}, nil
}

// gitOptions are the flags of a repository.
type gitOptions struct {
	url, ref           string
	user, tokenFile    string
	keyFile, hostsFile string
	caFile             string
	cache              string
	region             string
	poll               time.Duration
	rewind             bool
	lacks              bool // a path may be missing: see source.GitOptions.MayLack
	signed             signingOptions
}

// AddFlags declares --git and what belongs to it.
func (o *gitOptions) AddFlags(f *pflag.FlagSet) {
	f.StringVar(&o.url, "git", "", "read the documents from this repository: https, ssh or codecommit `URL`")
	f.StringVar(&o.ref, "ref", "", "with --git: `NAME` of a branch or tag, full ref name, or commit id (default: the repository's default branch)")
	f.StringVar(&o.user, "git-user", "", "user for https (default: what tokens of the hosting service go with)")
	f.StringVar(&o.tokenFile, "git-token-file", "", "`FILE` with the token or password for https, read at each use (else: the variable ECS_OPERATOR_GIT_TOKEN)")
	f.StringVar(&o.keyFile, "git-ssh-key-file", "", "`FILE` with the private key for ssh (else: the key in ECS_OPERATOR_GIT_SSH_KEY)")
	f.StringVar(&o.hostsFile, "git-known-hosts-file", "", "`FILE` with the host keys that are believed (else: the text in ECS_OPERATOR_GIT_KNOWN_HOSTS)")
	f.StringVar(&o.caFile, "git-ca-file", "", "`FILE` with the certificates of the authorities that vouch for an https server")
	f.StringVar(&o.cache, "git-cache", "", "`DIR` for the copy of the repository and the commit in force (default: a directory that goes with the process)")
	f.StringVar(&o.region, "git-codecommit-region", "", "sign in as to CodeCommit in this `REGION`, where the URL does not say so")
	f.DurationVar(&o.poll, "git-poll", source.DefaultGitPoll, "how often the repository is asked for a new commit (±10 %)")
	o.signed.AddFlags(f)
	f.BoolVar(&o.rewind, "git-allow-rewind", false, "take a commit that does not descend from the one in force (a force-push, a branch that went back)")
}

func (o *gitOptions) finalize() error {
	if o.url == "" {
		if o.ref != "" {
			return errors.New("--ref is for --git: files on this machine have no branches")
		}
		if o.signed.mode != "" {
			return errors.New("--verify-signatures is for --git: files on this machine are not signed")
		}
		return nil
	}
	if o.poll < time.Second {
		return fmt.Errorf("--git-poll %s: want at least 1s", o.poll)
	}
	if _, err := source.ParseGitURL(o.url, o.region); err != nil {
		return fmt.Errorf("--git: %w", err)
	}
	if err := source.CheckGitRef(o.ref); err != nil {
		return fmt.Errorf("--ref %w", err)
	}
	return o.signed.finalize(o.ref)
}

// Secrets come by file or by these variables: never by a flag, whose value every
// list of processes shows.
const (
	gitTokenEnv = "ECS_OPERATOR_GIT_TOKEN"
	gitKeyEnv   = "ECS_OPERATOR_GIT_SSH_KEY"
	gitHostsEnv = "ECS_OPERATOR_GIT_KNOWN_HOSTS"
)

func (o *gitOptions) open(c *console, g *globalOptions, paths []string, look bool, log *zap.Logger) (origin, error) {
	u, err := source.ParseGitURL(o.url, o.region)
	if err != nil {
		return origin{}, fmt.Errorf("--git: %w", err)
	}
	if u.CodeCommit() != "" && g.sandboxed() {
		return origin{}, errors.New("--sandbox reaches no real AWS, and CodeCommit is one: read another repository, or leave out --sandbox")
	}
	verify, err := o.signed.verify(c)
	if err != nil {
		return origin{}, err
	}
	repo, err := source.NewGit(source.GitOptions{
		URL: o.url, Ref: o.ref, Paths: paths, Cache: o.cache, Poll: o.poll, AllowRewind: o.rewind, LookOnly: look, MayLack: o.lacks,
		Login: o.login(c, u), AWS: callerKeys(g, u.CodeCommit()), CodeCommitRegion: o.region, CAFile: o.caFile,
		SSH:    source.SSHOptions{KeyFile: o.keyFile, KnownHostsFile: o.hostsFile, Key: c.getenv(gitKeyEnv), KnownHosts: c.getenv(gitHostsEnv)},
		Verify: verify, Log: log,
	})
	if err != nil {
		return origin{}, fmt.Errorf("--git: %w", err)
	}
	args := []string{"--git", u.String()}
	if o.ref != "" {
		args = append(args, "--ref", o.ref)
	}
	return origin{Source: repo, url: u.String(), paths: repo.Paths(), args: args}, nil
}

// login gives the user and the token at each use, so that one that is renewed in
// its file is taken.
func (o *gitOptions) login(c *console, u source.GitURL) func(context.Context) (string, string, error) {
	return func(context.Context) (string, string, error) {
		token := c.getenv(gitTokenEnv)
		if o.tokenFile != "" {
			data, err := os.ReadFile(o.tokenFile)
			if err != nil {
				return "", "", fmt.Errorf("--git-token-file %s cannot be read: %w", o.tokenFile, errors.Unwrap(err))
			}
			token = string(data)
		}
		if token = strings.TrimSpace(token); token == "" {
			return "", "", nil
		}
		return cmp.Or(o.user, u.TokenUser()), token, nil
	}
}
