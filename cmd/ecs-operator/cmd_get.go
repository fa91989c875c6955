package main

import (
	"context"
	"os"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

type getOptions struct {
	formOptions
	pathOptions
	outputOptions
}

// AddFlags declares the flags of get.
func (o *getOptions) AddFlags(f *pflag.FlagSet) {
	o.formOptions.AddFlags(f)
	o.pathOptions.AddFlags(f)
	o.outputOptions.AddFlags(f)
}

// getReport is `get -o json`.
type getReport struct {
	frame
	Services []status.Service `json:"services"`
	Problems []problemJSON    `json:"problems"`
}

func newGetCommand(c *console, g *globalOptions) *cobra.Command {
	o := &getOptions{}
	cmd := &cobra.Command{
		Use:   "get [NAME...]",
		Short: "List services with their state, and why",
		Long: `get shows how the services of the documents stand in AWS: image, running and
desired tasks, state and the reason for it. It needs no running daemon. With --scope
it lists the services of that scope that no document names any more, too.

NAME is the service's name or cluster/name; without one all are listed. The
documents are those of -f, else of ECS_OPERATOR_PATH, else of this directory.

Exit codes: 0; 1 when AWS could not be asked about a service; 2 on an error.`,
		Example: `  # Everything that the documents here declare
  ecs-operator get

  # One service, for a script
  ecs-operator get checkout -f services/ -o json

  # From a second terminal, beside 'ecs-operator run --sandbox examples/quickstart'
  AWS_ENDPOINT_URL=http://127.0.0.1:4566 ecs-operator get -f examples/quickstart --region us-east-1`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runGet(cmd.Context(), c, g, o, args)
		},
	}
	o.AddFlags(cmd.Flags())
	return cmd
}

func runGet(ctx context.Context, c *console, g *globalOptions, o *getOptions, names []string) error {
	if err := o.finalize(); err != nil {
		return err
	}
	m, loaded, err := open(ctx, c, g, job{paths: o.paths, from: o.sourceOptions, form: o.formOptions, readOnly: true})
	if err != nil {
		return err
	}
	defer m.close()
	loaded = m.withDeparted(ctx, loaded, true)
	units, err := pick(loaded, names)
	if err != nil {
		return err
	}
	header, err := m.header(ctx, loaded)
	if err != nil {
		return err
	}
	if c.outTTY || m.embedded != nil {
		c.note("%s", c.errStyle.dim(header))
	}
	services := statuses(m.Inspect(ctx, units))
	if o.json() {
		err = writeJSON(c.out, getReport{frame: m.frame(ctx, "get", loaded), Services: services, Problems: problemsJSON(loaded.Problems)})
	} else {
		writeServices(c.out, c.outStyle, services, c.width())
	}
	if err == nil && countErrors(loaded.Problems) > 0 {
		return exitWith(status.ExitError)
	}
	if err == nil && slices.ContainsFunc(services, unasked) {
		return exitWith(status.ExitNotDone) // what the table says of them is not what is there
	}
	return err
}

// unasked: AWS could not be asked about the service.
func unasked(s status.Service) bool {
	return slices.Contains([]status.Reason{status.Unobserved, status.AccessDenied, status.WrongAccount, status.Throttled, status.ClusterMissing}, s.Reason)
}

func statuses(outcomes []reconcile.Outcome) []status.Service {
	out := make([]status.Service, 0, len(outcomes))
	for _, o := range outcomes {
		out = append(out, o.Status)
	}
	return out
}

// width of the terminal, 0 where there is none.
func (c *console) width() int {
	if !c.outTTY {
		return 0
	}
	w, _, err := term.GetSize(int(os.Stdout.Fd()))
	if err != nil {
		return 0
	}
	return w
}
