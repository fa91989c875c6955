package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
)

type validateOptions struct {
	treeOptions
	formOptions
	outputOptions
	verbose bool
}

// AddFlags declares the flags of validate.
func (o *validateOptions) AddFlags(f *pflag.FlagSet) {
	o.treeOptions.AddFlags(f)
	o.formOptions.AddFlags(f)
	o.outputOptions.AddFlags(f)
	f.BoolVarP(&o.verbose, "verbose", "v", false, "list the files and documents that are not ours, with the reason")
}

// validateReport is `validate -o json`.
type validateReport struct {
	frame
	Services []string      `json:"services"`
	Errors   int           `json:"errors"`
	Warnings int           `json:"warnings"`
	Problems []problemJSON `json:"problems"`
	Skipped  []problemJSON `json:"skipped"`
}

func newValidateCommand(c *console, g *globalOptions) *cobra.Command {
	o := &validateOptions{}
	cmd := &cobra.Command{
		Use:   "validate PATH... | --git URL",
		Short: "Check documents without asking AWS",
		Long: `validate reads the documents and prints every problem of every file at once, as
file:line:column. It needs no credentials and no network.

Unknown fields, wrong enum values and references to nothing are errors; what
AWS would accept but is seldom meant is a warning. What several fields together
make impossible is told with a code in brackets (docs/lint.md). Documents of other tools in
the same tree are skipped and counted.

Exit codes: 0 no errors, 1 errors.`,
		Example: `  # Every problem of a tree
  ecs-operator validate services/

  # Also what was skipped, and why
  ecs-operator validate -v .

  # For an editor or a bot
  ecs-operator validate services/ -o json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runValidate(cmd.Context(), c, g, o, args)
		},
	}
	o.AddFlags(cmd.Flags())
	return cmd
}

func runValidate(ctx context.Context, c *console, g *globalOptions, o *validateOptions, args []string) error {
	if err := o.outputOptions.finalize(); err != nil {
		return err
	}
	if err := o.check(); err != nil {
		return err
	}
	paths, err := o.locate(c, "validate", args)
	if err != nil {
		return err
	}
	log := newLogger(c, g)
	from, err := o.open(c, g, paths, true, log)
	if err != nil {
		return err
	}
	defer func() { _ = from.close() }() // a copy in a directory for such things
	load, err := offlineLoad(ctx, c, g, &o.formOptions, kinds.All(nil), log)
	if err != nil {
		return err
	}
	loaded, err := load(from.Source)
	if err != nil {
		return err
	}
	errors := countErrors(loaded.Problems)
	if o.json() {
		report := validateReport{
			frame:    frame{APIVersion: "ecs-operator/validate/v1", Source: from.ref(loaded.Revision, loaded.Ref, loaded.Signer)},
			Services: []string{}, Errors: errors, Warnings: len(loaded.Problems) - errors,
			Problems: problemsJSON(loaded.Problems), Skipped: problemsJSON(loaded.Skipped),
		}
		for _, u := range loaded.Units {
			report.Services = append(report.Services, u.Key.String())
		}
		if err := writeJSON(c.out, report); err != nil {
			return err
		}
	} else if err := validateText(c, o, from, loaded); err != nil {
		return err
	}
	if errors > 0 {
		return exitWith(1)
	}
	return nil
}

// validateText prints problems as data: they are what was asked for.
func validateText(c *console, o *validateOptions, from origin, loaded reconcile.Loaded) error {
	writeProblems(c.out, c.outStyle, loaded.Problems)
	if o.verbose {
		for _, s := range loaded.Skipped {
			_, _ = fmt.Fprintf(c.out, "%s %s\n", c.outStyle.dim("skipped:"), s)
		}
	}
	errors := countErrors(loaded.Problems)
	if errors == 0 && len(loaded.Units) == 0 {
		return &exitError{code: 1, err: nothingToDo(from, loaded)}
	}
	line := fmt.Sprintf("%s valid", count(len(loaded.Units), "service"))
	if errors > 0 {
		line += ", " + count(errors, "error")
	}
	if n := len(loaded.Problems) - errors; n > 0 {
		line += ", " + count(n, "warning")
	}
	if n := len(loaded.Skipped); n > 0 {
		line += fmt.Sprintf(", %d skipped as not ours", n)
		if !o.verbose {
			line += " (list: -v)"
		}
	}
	c.note("%s", line)
	return nil
}
