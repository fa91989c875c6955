package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

type approveOptions struct {
	pathOptions
	formOptions
	outputOptions
	pruneOptions
	deletes string
	plan    string
}

// AddFlags declares the flags of approve.
func (o *approveOptions) AddFlags(f *pflag.FlagSet) {
	o.pathOptions.AddFlags(f)
	o.formOptions.AddFlags(f)
	o.outputOptions.AddFlags(f)
	o.pruneOptions.AddFlags(f)
	f.StringVar(&o.deletes, "deletes", "", "approve the deletion of services that diff showed with this `HASH`")
	f.StringVar(&o.plan, "plan", "", "approve the plan of NAME that diff showed with this `HASH` (policy.mode: manual)")
}

func (o *approveOptions) finalize(g *globalOptions, names []string) error {
	if err := o.outputOptions.finalize(); err != nil {
		return err
	}
	switch {
	case o.deletes == "" && o.plan == "":
		return errors.New("approve what? Give --deletes HASH, or NAME --plan HASH, as diff printed it")
	case o.deletes != "" && (o.plan != "" || len(names) > 0):
		return errors.New("--deletes approves the deletions of a whole scope: give it alone, without NAME and --plan")
	case o.plan != "" && len(names) != 1:
		return errors.New("which service's plan? Give one NAME, like 'ecs-operator approve checkout --plan HASH -f services/'")
	}
	return o.pruneOptions.finalize(g)
}

// approveReport is `approve -o json`.
type approveReport struct {
	frame
	Hash     string   `json:"hash"`
	Approved []string `json:"approved"`
}

func newApproveCommand(c *console, g *globalOptions) *cobra.Command {
	o := &approveOptions{}
	cmd := &cobra.Command{
		Use:   "approve NAME --plan HASH | --deletes HASH",
		Short: "Let a plan happen that waits for a person",
		Long: `approve gives the word that a plan waits for, as the tag ecs-operator:approved of
the ECS service. diff prints the hash and the command.

With NAME --plan it is the plan of one service with policy.mode: manual. It is
carried out by the next apply or pass of the daemon, if it is then still the same,
and the word is used up by that.

With --deletes it is the deletion of more services than --max-deletes lets one
revision delete. It holds for that revision of the documents and for the very
services that diff showed. Give the same --scope and --prune as to apply.

The plan is made again first; one that has changed since is not approved.

Exit codes: 0 done; 2 an error, also when there is nothing to approve.`,
		Example: `  # Look, approve, apply
  ecs-operator diff services/
  ecs-operator approve checkout --plan 0123456789abcdef01234567 -f services/
  ecs-operator apply services/

  # More services go than a run deletes unasked
  ecs-operator approve --deletes 0123456789abcdef01234567 --scope team-a --prune -f services/`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runApprove(cmd.Context(), c, g, o, args)
		},
	}
	o.AddFlags(cmd.Flags())
	return cmd
}

func runApprove(ctx context.Context, c *console, g *globalOptions, o *approveOptions, names []string) error {
	if err := o.finalize(g, names); err != nil {
		return err
	}
	m, loaded, err := open(ctx, c, g, job{paths: o.paths, form: o.formOptions, prune: o.pruneOptions})
	if err != nil {
		return err
	}
	defer m.close()
	header, err := m.header(ctx, loaded)
	if err != nil {
		return err
	}
	c.note("%s", c.errStyle.dim(header))
	keys, hash, err := o.approve(ctx, m, loaded, names)
	if err != nil {
		return err
	}
	if o.json() {
		r := approveReport{frame: m.frame(ctx, "approve", loaded), Hash: hash, Approved: []string{}}
		for _, k := range keys {
			r.Approved = append(r.Approved, k.String())
		}
		return writeJSON(c.out, r)
	}
	_, _ = fmt.Fprintf(c.out, "approved%s: %s; the next apply, or the daemon's next pass, does it\n", m.inSandbox(), keyNames(keys))
	return nil
}

func (o *approveOptions) approve(ctx context.Context, m *machine, loaded reconcile.Loaded, names []string) ([]resource.UnitKey, string, error) {
	if o.deletes != "" {
		keys, err := m.ApproveDeletes(ctx, loaded, o.deletes)
		return keys, o.deletes, err
	}
	units, err := pick(loaded, names)
	if err != nil {
		return nil, o.plan, err
	}
	return []resource.UnitKey{units[0].Key}, o.plan, m.ApprovePlan(ctx, units[0], o.plan)
}
