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
	cluster string
	target  string
	deletes string
	plan    string
	stage   string
}

// AddFlags declares the flags of approve.
func (o *approveOptions) AddFlags(f *pflag.FlagSet) {
	o.pathOptions.AddFlags(f)
	o.formOptions.AddFlags(f)
	o.outputOptions.AddFlags(f)
	o.pruneOptions.AddFlags(f)
	f.StringVar(&o.deletes, "deletes", "", "approve the deletion of services that diff showed with this `HASH`")
	f.StringVar(&o.plan, "plan", "", "approve the plan of NAME that diff showed with this `HASH` (policy.mode: manual)")
	f.StringVar(&o.stage, "stage", "", "continue the deployment of NAME that waits at this `STAGE` in a pause hook")
	f.StringVar(&o.cluster, "cluster", "", "for a stage: the ECS cluster; NAME is then the ECS service's name, and no document is read")
	f.StringVar(&o.target, "target", resource.DefaultTarget, "with --cluster: the target, as --targets names it")
}

func (o *approveOptions) finalize(g *globalOptions, names []string) error {
	if err := o.outputOptions.finalize(); err != nil {
		return err
	}
	switch {
	case o.deletes == "" && len(names) == 0 && o.plan == "" && o.stage == "":
		return errors.New("approve what? Give a NAME to see what of it waits, or --deletes HASH as diff printed it")
	case o.deletes != "" && (o.plan != "" || o.stage != "" || len(names) > 0):
		return errors.New("--deletes approves the deletions of a whole scope: give it alone, without NAME, --plan and --stage")
	case o.deletes == "" && len(names) != 1:
		return errors.New("which service's? Give one NAME, like 'ecs-operator approve checkout --plan HASH -f services/'")
	case o.plan != "" && o.stage != "":
		return errors.New("--plan and --stage are two approvals: give them one after the other")
	case o.cluster != "" && (o.plan != "" || o.deletes != ""):
		return errors.New("a plan is made from documents: leave out --cluster")
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
		Use:   "approve NAME [--stage STAGE | --plan HASH] | --deletes HASH",
		Short: "Let happen what waits for a person",
		Long: `approve gives the word that something waits for. With NAME alone it prints what of
the service waits, with the command for each; where that is one stage of a deployment
and nothing else, it is continued.

With NAME --stage it is a deployment that waits at that lifecycle stage in a pause
hook: ECS continues it at once. 'ecs-operator abort' rolls it back instead. With
--cluster, NAME is the ECS service's name, and no document is needed.

With NAME --plan it is the plan of one service with policy.mode: manual. It is
carried out by the next apply or pass of the daemon, if it is then still the same,
and the word is used up by that. It stands in the tag ecs-operator:approved of the
ECS service; diff prints the hash and the command.

With --deletes it is the deletion of more services than --max-deletes lets one
revision delete. It holds for that revision of the documents and for the very
services that diff showed. Give the same --scope and --prune as to apply.

The plan is made again first; one that has changed since is not approved.

Exit codes: 0 done; 2 an error, also when there is nothing to approve.`,
		Example: `  # What waits? A stage that alone does is continued
  ecs-operator approve checkout -f services/
  ecs-operator approve checkout --cluster main --stage PRE_PRODUCTION_TRAFFIC_SHIFT

  # Look, approve, apply
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
	completeStage(cmd)
	return cmd
}

func runApprove(ctx context.Context, c *console, g *globalOptions, o *approveOptions, names []string) error {
	if err := o.finalize(g, names); err != nil {
		return err
	}
	if o.plan == "" && o.deletes == "" {
		return runApproveStage(ctx, c, g, o, names[0])
	}
	m, loaded, err := open(ctx, c, g, job{paths: o.paths, from: o.sourceOptions, form: o.formOptions, prune: o.pruneOptions})
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
