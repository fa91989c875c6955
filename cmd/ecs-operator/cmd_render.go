package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

type renderOptions struct {
	treeOptions
	formOptions
	format  string
	origins bool
}

// AddFlags declares the flags of render.
func (o *renderOptions) AddFlags(f *pflag.FlagSet) {
	o.treeOptions.AddFlags(f)
	o.formOptions.AddFlags(f)
	f.StringVarP(&o.format, "output", "o", "yaml", "yaml or json")
	f.BoolVar(&o.origins, "show-origin", false, "where each value is written")
}

func (o *renderOptions) finalize() error {
	return errors.Join(oneOf("--output", o.format, "yaml", "json"), o.check())
}

// renderReport is `render -o json`.
type renderReport struct {
	frame
	Documents []renderedJSON `json:"documents"`
	Problems  []problemJSON  `json:"problems"`
}

type renderedJSON struct {
	ID          string `json:"id"`
	Environment string `json:"environment,omitempty"`
	Document    any    `json:"document"`
	// Origins are the places of the values, by path; with --show-origin only.
	Origins map[string]string `json:"origins,omitempty"`
}

func newRenderCommand(c *console, g *globalOptions) *cobra.Command {
	o := &renderOptions{}
	cmd := &cobra.Command{
		Use:   "render PATH... | --git URL",
		Short: "Print the documents as they are after merging",
		Long: `render prints every service as it is after its environment's defaults, its task
template, its patch and --set were merged and all variables are put in. It needs
no credentials and no network.

What it prints can be applied: the environments come first, without the
variables and defaults that the services have taken in already. With
--show-origin every value is followed by the file and line that it comes from.

Exit codes: 0 no errors, 1 errors; services that have one are not printed.`,
		Example: `  # What does staging get?
  ecs-operator render --env staging services/

  # Which file does this value come from?
  ecs-operator render --show-origin services/

  # With an image of the pipeline, for another program
  ecs-operator render services/ --set 'taskDefinition.containerDefinitions[api].image=api:1.42.1' -o json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runRender(cmd.Context(), c, g, o, args)
		},
	}
	o.AddFlags(cmd.Flags())
	return cmd
}

func runRender(ctx context.Context, c *console, g *globalOptions, o *renderOptions, args []string) error {
	if err := o.finalize(); err != nil {
		return err
	}
	paths, err := o.locate(c, "render", args)
	if err != nil {
		return err
	}
	from, err := o.open(c, g, paths, true, newLogger(c, g))
	if err != nil {
		return err
	}
	defer func() { _ = from.close() }() // a copy in a directory for such things
	snap, err := from.Snapshot(ctx)
	if err != nil {
		return err
	}
	files := make([]spec.File, 0, len(snap.Files))
	for _, f := range snap.Files {
		files = append(files, spec.File{Path: f.Path, Data: f.Data()})
	}
	cluster, err := g.offlineCluster(ctx, c)
	if err != nil {
		return err
	}
	options := o.parse(cluster)
	options.Forms = true
	res := spec.Parse(files, kinds.Sections(), options)
	for _, p := range snap.Problems {
		res.Problems = append(res.Problems, spec.Problem{File: p.Path, Message: p.Message})
	}
	if o.format == "json" {
		err = renderJSON(c, o, frame{APIVersion: "ecs-operator/render/v1", Source: from.ref(snap.Revision, snap.Ref, snap.Signer)}, res)
	} else {
		err = renderYAML(c, o, res)
	}
	switch {
	case err != nil:
		return err
	case countErrors(res.Problems) > 0:
		return exitWith(1)
	case len(res.Documents) == 0:
		return &exitError{code: 1, err: fmt.Errorf("there is no service of ours to render%s", o.among())}
	}
	return nil
}

// among says what --env left.
func (o *renderOptions) among() string {
	if len(o.envs) == 0 {
		return ""
	}
	return " in the environments of --env"
}

func renderYAML(c *console, o *renderOptions, res spec.Result) error {
	writeProblems(c.err, c.errStyle, res.Problems)
	if len(res.Documents) == 0 {
		return nil
	}
	out, err := res.YAML(o.origins)
	if err != nil {
		return err
	}
	_, err = c.out.Write(out)
	return err
}

func renderJSON(c *console, o *renderOptions, f frame, res spec.Result) error {
	report := renderReport{frame: f, Documents: []renderedJSON{}, Problems: problemsJSON(res.Problems)}
	for _, d := range res.Documents {
		plain, err := d.Plain()
		if err != nil {
			return err
		}
		r := renderedJSON{ID: d.ID(), Environment: d.Environment, Document: plain}
		if o.origins {
			if r.Origins, err = d.Origins(); err != nil {
				return err
			}
		}
		report.Documents = append(report.Documents, r)
	}
	return writeJSON(c.out, report)
}
