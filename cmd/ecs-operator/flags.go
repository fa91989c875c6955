package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// globalOptions are the flags that every command takes.
type globalOptions struct {
	owner, scope string

	region, profile, assumeRole, externalID string
	targets                                 string // FILE
	defaultCluster                          string // of documents that write none

	cloudWatchProtocol      string
	readBudget, writeBudget float64
	quotaFactor             float64

	sandbox       bool
	sandboxState  string
	sandboxSpeed  float64
	sandboxListen string

	logLevel, logFormat string
	noColor             bool

	auditOptions
	sandboxPolicyOptions
}

// defaultListen is where the embedded AWS listens: the port that local AWS
// stand-ins have had for years, so that existing scripts find it.
const defaultListen = "127.0.0.1:4566"

// AddFlags declares the global flags.
func (g *globalOptions) AddFlags(f *pflag.FlagSet) {
	f.StringVar(&g.owner, "owner", resource.DefaultOwner, "value of the tag ecs-operator:owner; nothing without it is ever touched")
	f.StringVar(&g.scope, "scope", "", "name of this set of documents, written as the tag ecs-operator:scope")
	f.StringVar(&g.region, "region", "", "AWS region (default: AWS_REGION, or the profile's)")
	f.StringVar(&g.profile, "profile", "", "profile of the AWS configuration files")
	f.StringVar(&g.assumeRole, "assume-role", "", "ARN of a role to assume")
	f.StringVar(&g.externalID, "external-id", "", "external id for --assume-role")
	f.StringVar(&g.targets, "targets", "", "`FILE` with the named accounts and regions that documents may give as their target; or its content")
	f.StringVar(&g.defaultCluster, "default-cluster", "default", "`CLUSTER` of the documents that write none; '.' for that of the ECS task that this runs in")
	f.StringVar(&g.cloudWatchProtocol, "cloudwatch-protocol", "cbor", "wire protocol of CloudWatch: cbor, json or query (for emulators without cbor)")
	f.Float64Var(&g.readBudget, "read-budget", 0.25, "share of AWS' published read quota to use, 0 < x <= 1")
	f.Float64Var(&g.writeBudget, "write-budget", 0.5, "share of AWS' published write quota to use, 0 < x <= 1")
	f.Float64Var(&g.quotaFactor, "quota-factor", 1, "how many times AWS' published request quotas this account's are, where AWS has raised them")
	f.BoolVar(&g.sandbox, "sandbox", false, "work on the embedded AWS; no real AWS can be reached")
	f.StringVar(&g.sandboxState, "sandbox-state", "", "keep the embedded AWS in this `FILE` between commands (implies --sandbox)")
	f.Float64Var(&g.sandboxSpeed, "sandbox-speed", 10, "seconds that pass in the embedded AWS in one second")
	f.StringVar(&g.sandboxListen, "sandbox-listen", defaultListen, "where run --sandbox offers the embedded AWS (a free port when that one is taken)")
	g.sandboxPolicyOptions.AddFlags(f)
	g.auditOptions.AddFlags(f)
	f.StringVar(&g.logLevel, "log-level", "info", "debug, info, warn or error")
	f.StringVar(&g.logFormat, "log-format", "", "json or console (default: console on a terminal)")
	f.BoolVar(&g.noColor, "no-color", false, "no colours (also: NO_COLOR, TERM=dumb)")
}

// sandboxed reports whether the embedded AWS is meant.
func (g *globalOptions) sandboxed() bool { return g.sandbox || g.sandboxState != "" }

// isOwner: what a tag value, an alarm name and a scheduled action's name all allow.
func isOwner(s string) bool {
	return shape.IsName(s, 63, "_.-") && !strings.ContainsAny(s[:1], "_.-")
}

// finalize checks what pflag cannot. It runs once for every command.
func (g *globalOptions) finalize(c *console, cmd *cobra.Command) error {
	if g.noColor {
		c.noColor()
	}
	if !isOwner(g.owner) {
		return fmt.Errorf("--owner %q: use 1 to 63 letters, digits, '.', '_' or '-'", g.owner)
	}
	if g.scope != "" && !isOwner(g.scope) {
		return fmt.Errorf("--scope %q: use 1 to 63 letters, digits, '.', '_' or '-'", g.scope)
	}
	if g.defaultCluster != ownCluster && !shape.IsName(g.defaultCluster, 255, "_-") {
		return fmt.Errorf("--default-cluster %q: want the short name of a cluster, up to 255 letters, digits, hyphens and underscores, or '.'", g.defaultCluster)
	}
	if err := oneOf("--cloudwatch-protocol", g.cloudWatchProtocol, "cbor", "json", "query"); err != nil {
		return err
	}
	if err := oneOf("--log-format", g.logFormat, "", "json", "console"); err != nil {
		return err
	}
	if err := oneOf("--log-level", g.logLevel, "debug", "info", "warn", "error"); err != nil {
		return err
	}
	for name, v := range map[string]float64{"--read-budget": g.readBudget, "--write-budget": g.writeBudget} {
		if v <= 0 || v > 1 {
			return fmt.Errorf("%s %v: want a share above 0 and at most 1", name, v)
		}
	}
	if g.quotaFactor < 1 {
		return fmt.Errorf("--quota-factor %v: want 1 or more; for a smaller share of the quotas there are --read-budget and --write-budget", g.quotaFactor)
	}
	if g.externalID != "" && g.assumeRole == "" {
		return errors.New("--external-id is only for --assume-role")
	}
	if g.targets != "" && g.assumeRole != "" {
		return errors.New("--assume-role is for a run without --targets: write the role into that file, as roleArn of its target")
	}
	return g.finalizeSandbox(c, cmd)
}

// finalizeSandbox keeps the embedded AWS and the real one apart.
func (g *globalOptions) finalizeSandbox(c *console, cmd *cobra.Command) error {
	if g.sandboxSpeed <= 0 || g.sandboxSpeed > 1e6 {
		return fmt.Errorf("--sandbox-speed %v: want more than 0 and at most 1000000", g.sandboxSpeed)
	}
	for _, name := range sandboxFlags {
		if env := envName(name); c.getenv(env) != "" {
			return fmt.Errorf("%s is set, but the embedded AWS is chosen by the flag --%s only, so that no forgotten variable decides what is real; unset it", env, name)
		}
	}
	if !g.sandboxed() && cmd.Name() != "sandbox" {
		return nil
	}
	for _, kv := range c.environ() {
		name, value, _ := strings.Cut(kv, "=")
		// The sandbox command calls no AWS: what is meant for its users may be set.
		if value != "" && cmd.Name() != "sandbox" && (name == "AWS_ENDPOINT_URL" || strings.HasPrefix(name, "AWS_ENDPOINT_URL_")) {
			return fmt.Errorf("--sandbox and %s=%s contradict each other: unset the variable to work on an embedded AWS of this process, or leave the flag out to work on that endpoint", name, value)
		}
	}
	for _, name := range []string{"profile", "assume-role", "external-id"} {
		if f := cmd.Flags().Lookup(name); f != nil && f.Changed {
			return fmt.Errorf("--%s means nothing on the embedded AWS, which has one account and no credentials: leave it out, or leave out --sandbox", name)
		}
	}
	return nil
}

// pathOptions is -f, for the commands whose arguments are names.
type pathOptions struct {
	sourceOptions
	paths []string
}

// AddFlags declares -f. Its variable is ECS_OPERATOR_PATH, as bindEnvironment has it.
func (o *pathOptions) AddFlags(f *pflag.FlagSet) {
	o.sourceOptions.AddFlags(f, false)
	f.StringArrayVarP(&o.paths, "path", "f", []string{"."}, "directory or file with the documents; with --git, in the repository")
}

// paceOptions are for the commands that write and follow rollouts.
type paceOptions struct {
	poll, absenceGrace time.Duration
	maxRollouts        int
	verify             bool
}

// AddFlags declares --poll, --absence-grace, --max-concurrent-rollouts and --verify.
func (o *paceOptions) AddFlags(f *pflag.FlagSet) {
	f.BoolVar(&o.verify, "verify", true, "start no deployment while an image, role, secret or other thing that it needs is missing")
	f.IntVar(&o.maxRollouts, "max-concurrent-rollouts", 0, "start no deployment while those of `N` services of this run are under way; 0 for any number")
	f.DurationVar(&o.poll, "poll", 0, "how often a running rollout is looked at (default 5s; with --sandbox by its speed)")
	f.DurationVar(&o.absenceGrace, "absence-grace", 0, "how long something that may be there must be missing before it is made again (default 1m0s; 2s with --sandbox)")
}

func (o *paceOptions) finalize() error {
	if o.poll != 0 && o.poll < 50*time.Millisecond {
		return fmt.Errorf("--poll %s: want at least 50ms", o.poll)
	}
	if o.absenceGrace < 0 {
		return fmt.Errorf("--absence-grace %s: want no less than nothing", o.absenceGrace)
	}
	if o.maxRollouts < 0 {
		return fmt.Errorf("--max-concurrent-rollouts %d: want a number of services, or 0 for any", o.maxRollouts)
	}
	return nil
}

// outputOptions is -o.
type outputOptions struct{ format string }

// AddFlags declares -o.
func (o *outputOptions) AddFlags(f *pflag.FlagSet) {
	f.StringVarP(&o.format, "output", "o", "text", "text or json")
}

func (o *outputOptions) finalize() error { return oneOf("--output", o.format, "text", "json") }

func (o *outputOptions) json() bool { return o.format == "json" }

func oneOf(flag, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	words := slices.DeleteFunc(slices.Clone(allowed), func(s string) bool { return s == "" })
	return fmt.Errorf("%s %q: want %s", flag, value, strings.Join(words, " or "))
}

// sandboxFlags are not read from the environment (see finalizeSandbox).
var sandboxFlags = []string{"sandbox", "sandbox-state"}

// notBound are flags without a variable.
var notBound = append([]string{"help", "version"}, sandboxFlags...)

func envName(flag string) string {
	return "ECS_OPERATOR_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// bindEnvironment sets every flag that was not given from ECS_OPERATOR_<FLAG>; one
// that may be repeated takes each line of it.
func bindEnvironment(cmd *cobra.Command, getenv func(string) string) error {
	var errs []error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Changed || slices.Contains(notBound, f.Name) {
			return
		}
		value := getenv(envName(f.Name))
		if value == "" {
			return
		}
		values := []string{value}
		if f.Value.Type() == "stringArray" { // one a line
			values = strings.FieldsFunc(value, func(r rune) bool { return r == '\n' || r == '\r' })
		}
		for _, v := range values {
			if err := cmd.Flags().Set(f.Name, v); err != nil {
				errs = append(errs, fmt.Errorf("%s=%q: %s", envName(f.Name), v, plainFlagError(err)))
			}
		}
	})
	return errors.Join(errs...)
}

// plainFlagError drops what pflag says around the cause.
func plainFlagError(err error) string {
	msg := err.Error()
	if i := strings.LastIndex(msg, ": "); i >= 0 {
		msg = msg[i+2:]
	}
	return msg
}

// flagError adds the nearest flag to "unknown flag".
func flagError(cmd *cobra.Command, err error) error {
	hint := fmt.Sprintf("see '%s --help'", cmd.CommandPath())
	if name, ok := strings.CutPrefix(err.Error(), "unknown flag: --"); ok {
		if near := spec.Nearest(name, flagNames(cmd)); near != "" {
			return fmt.Errorf("%w, did you mean --%s? (%s)", err, near, hint)
		}
	}
	return fmt.Errorf("%w (%s)", err, hint)
}

func flagNames(cmd *cobra.Command) []string {
	var names []string
	add := func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	}
	cmd.Flags().VisitAll(add)
	cmd.InheritedFlags().VisitAll(add)
	return names
}

// checkPaths refuses a path that is not there: a typing mistake must not look
// like a directory in which everything was deleted.
func checkPaths(paths []string) error {
	for _, p := range paths {
		if _, err := os.Stat(p); err != nil {
			if errors.Is(err, os.ErrNotExist) {
				return fmt.Errorf("%s: there is no such file or directory", p)
			}
			return fmt.Errorf("%s cannot be read: %w", p, errors.Unwrap(err))
		}
	}
	return nil
}
