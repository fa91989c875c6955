package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

type diffOptions struct {
	treeOptions
	formOptions
	pruneOptions
	outputOptions
	all              bool
	verbose          bool
	exitCode         bool
	detailedExitCode bool
	against          string
}

// AddFlags declares the flags of diff.
func (o *diffOptions) AddFlags(f *pflag.FlagSet) {
	o.treeOptions.AddFlags(f)
	o.formOptions.AddFlags(f)
	o.pruneOptions.AddFlags(f)
	f.StringVarP(&o.format, "output", "o", "text", "text, json (a plan that apply takes) or markdown (a comment for a pull request)")
	f.StringVar(&o.against, "against", "", "compare with the documents of this `REVISION` (of the work tree that PATH is in, or of --git) and ask no AWS")
	f.BoolVar(&o.all, "all", false, "list what is in sync too")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "list for every service what was compared, who governs it, and what is ignored")
	f.BoolVar(&o.exitCode, "exit-code", true, "end with 1 where something differs (kubectl's way); with =false that is 0")
	f.BoolVar(&o.detailedExitCode, "detailed-exitcode", false, "end with 0 for no differences, 1 for an error, 2 for differences (terraform's way)")
}

func (o *diffOptions) finalize() error {
	if o.detailedExitCode && !o.exitCode {
		return errors.New("--detailed-exitcode and --exit-code=false contradict each other: leave one of them out")
	}
	return oneOf("--output", o.format, "text", "json", "markdown")
}

// exit translates diff's own code, which is kubectl's: 0, 1 for differences, 2
// for an error.
func (o *diffOptions) exit(code int) int {
	switch {
	case o.detailedExitCode && code == status.ExitNotDone:
		return terraformDiff
	case o.detailedExitCode && code == status.ExitError:
		return terraformError
	case !o.exitCode && code == status.ExitNotDone:
		return status.ExitOK
	}
	return code
}

// errorCode is how a command line ends that led nowhere: where 2 would be read as
// differences, an error is 1 from the first typing mistake on.
func errorCode(args []string, getenv func(string) string) int {
	const flag = "detailed-exitcode"
	on, _ := strconv.ParseBool(getenv(envName(flag)))
	for _, arg := range args {
		if value, ok := strings.CutPrefix(arg, "--"+flag); ok {
			given, err := strconv.ParseBool(strings.TrimPrefix(value, "="))
			on = value == "" || err != nil || given
		}
	}
	if on && slices.Contains(args, "diff") {
		return terraformError
	}
	return status.ExitError
}

// The exit codes of `terraform plan -detailed-exitcode`.
const (
	terraformError = 1
	terraformDiff  = 2
)

func newDiffCommand(c *console, g *globalOptions) *cobra.Command {
	o := &diffOptions{}
	cmd := &cobra.Command{
		Use:   "diff PATH... | --git URL",
		Short: "Show what apply would change in AWS, and change nothing",
		Long: `diff compares the documents with AWS and shows, field by field and under the
spec's own names, what apply would do and what the running tasks would feel.

It only reads: its clients refuse every operation that is not a Describe, List
or Get. A rollout that is under way is not a difference. Values that may be
secrets are shown as a short hash.

With --against it compares two revisions of the documents with each other and asks
nobody: the files as they stand with what that commit of their repository holds,
or with --git what --ref holds. The effects are those of an AWS that is as the
former revision wants it.

Exit codes: 0 no differences, 1 differences (also those that are held back),
2 an error. With --exit-code=false differences are 0; with --detailed-exitcode
they are 2, and an error is 1.`,
		Example: `  # What would change?
  ecs-operator diff services/

  # In a pipeline: a machine-readable plan, for apply --plan
  ecs-operator diff services/ -o json > plan.json

  # A comment for a pull request
  ecs-operator diff services/ -o markdown --exit-code=false > comment.md

  # A branch, as it stands in the repository, with what is live
  ecs-operator diff --git https://github.com/acme/deploy.git --ref new-image --path services/

  # What a pull request changes, without credentials and without AWS
  ecs-operator diff --against origin/main services/

  # Which fields are compared, and who governs the others?
  ecs-operator diff services/ -v

  # Against the embedded AWS that an earlier command left in a file
  ecs-operator diff --sandbox-state world.json examples/quickstart`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runDiff(cmd.Context(), c, g, o, args)
		},
	}
	o.AddFlags(cmd.Flags())
	return cmd
}

func runDiff(ctx context.Context, c *console, g *globalOptions, o *diffOptions, args []string) error {
	if err := o.finalize(); err != nil {
		return err
	}
	if err := o.pruneOptions.finalize(g); err != nil {
		return err
	}
	paths, err := o.locate(c, "diff", args)
	if err != nil {
		return err
	}
	if o.against != "" {
		return runAgainst(ctx, c, g, o, paths)
	}
	m, loaded, err := open(ctx, c, g, job{paths: paths, from: o.sourceOptions, form: o.formOptions, prune: o.pruneOptions, readOnly: true, cover: o.verbose})
	if err != nil {
		return err
	}
	defer m.close()
	header, err := m.header(ctx, loaded)
	if err != nil {
		return err
	}
	c.note("%s\n", c.errStyle.dim(header))
	loaded = m.withDeparted(ctx, loaded, true)
	outcomes := m.Inspect(ctx, loaded.Units)
	if err := ctx.Err(); err != nil {
		return errors.New("interrupted: the comparison is not complete")
	}
	totals := totalDiff(outcomes)
	code := diffExit(loaded, totals)
	if o.json() {
		report := diffReport{frame: m.frame(ctx, "diff", loaded), Owner: g.owner, Scope: g.scope, GeneratedAt: c.now().UTC(),
			Summary: totals, Services: diffJSON(outcomes, o.all || o.verbose), Problems: problemsJSON(loaded.Problems), Exit: code}
		for i := range report.Services {
			report.Services[i].place(ctx, m)
			if err := report.Services[i].bind(); err != nil {
				return err
			}
		}
		if err := writeJSON(c.out, report); err != nil {
			return err
		}
		return exitWith(o.exit(code))
	}
	if o.format == "markdown" {
		text := m.markdown(ctx, loaded, outcomes, totals, c.now()).text()
		if _, err := io.WriteString(c.out, text); err != nil {
			return err
		}
		return exitWith(o.exit(code))
	}
	diffText{w: c.out, p: c.outStyle, all: o.all || o.verbose, fields: o.verbose, width: c.width()}.write(outcomes)
	_, _ = fmt.Fprintln(c.out, totals.summary(o.all))
	_, _ = fmt.Fprintf(c.out, "Nothing was changed%s. exit %d\n", m.inSandbox(), o.exit(code))
	return exitWith(o.exit(code))
}

// markdown is the diff as a comment.
func (m *machine) markdown(ctx context.Context, loaded reconcile.Loaded, outcomes []reconcile.Outcome, totals diffTotals, at time.Time) diffMarkdown {
	f := m.frame(ctx, "diff", loaded)
	return diffMarkdown{revision: shortRevision(loaded.Revision), account: f.Account, region: f.Region, at: at, sandbox: f.Sandbox,
		totals: totals, outcomes: outcomes, problems: loaded.Problems}
}

// inSandbox marks the closing line of a report.
func (m *machine) inSandbox() string {
	if m.embedded != nil {
		return " (sandbox)"
	}
	return ""
}

func diffExit(loaded reconcile.Loaded, t diffTotals) int {
	switch {
	case countErrors(loaded.Problems) > 0 || t.Errors > 0:
		return status.ExitError
	case t.Changed > 0:
		return status.ExitNotDone // differences, in diff's own sense of 1
	}
	return status.ExitOK
}

// open is how every command that runs once begins: the machine, and what the
// documents say. The caller closes the machine.
func open(ctx context.Context, c *console, g *globalOptions, j job) (*machine, reconcile.Loaded, error) {
	m, err := assemble(ctx, c, g, j)
	if err != nil {
		return nil, reconcile.Loaded{}, err
	}
	loaded, err := m.load(ctx, c)
	if err != nil {
		m.close()
		return nil, reconcile.Loaded{}, err
	}
	return m, loaded, nil
}

// load reads the documents, prints their problems, and refuses to go on where
// there is nothing at all.
func (m *machine) load(ctx context.Context, c *console) (reconcile.Loaded, error) {
	loaded, err := m.Load(ctx)
	if err != nil {
		return loaded, err
	}
	writeProblems(c.err, c.errStyle, loaded.Problems)
	if len(loaded.Units) == 0 {
		return loaded, nothingToDo(m.origin, loaded)
	}
	return loaded, nil
}

// nothingToDo says why there is no service to work on.
func nothingToDo(from origin, loaded reconcile.Loaded) error {
	where := from.paths[0]
	if len(from.paths) > 1 {
		where = fmt.Sprintf("%s and %s", where, count(len(from.paths)-1, "other path"))
	}
	switch {
	case from.url != "" && from.paths[0] == ".":
		where = from.url
	case from.url != "":
		where += " in " + from.url
	}
	if loaded.Revision == "" {
		return fmt.Errorf("%s: nothing of it is in force yet", where)
	}
	if n := countErrors(loaded.Problems); n > 0 {
		return fmt.Errorf("%s: no service can be used, because of the %s above", where, count(n, "error"))
	}
	hint := "a document starts with 'apiVersion: " + spec.APIVersion + "' and 'kind: Service'"
	if n := len(loaded.Skipped); n > 0 {
		return fmt.Errorf("%s: no documents of ecs-operator here, %s skipped as somebody else's (list them: ecs-operator validate -v %s); %s",
			where, count(n, "document"), from.again(), hint)
	}
	return fmt.Errorf("%s: no documents here; %s", where, hint)
}
