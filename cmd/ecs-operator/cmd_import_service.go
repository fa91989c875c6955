package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ecs-operator/ecs-operator/pkg/importer"
	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// liveOptions are those of imports from what runs.
type liveOptions struct {
	importOptions
	cluster string
}

// AddFlags declares the flags of import service and import --all.
func (o *liveOptions) AddFlags(f *pflag.FlagSet) {
	o.importOptions.AddFlags(f)
	f.StringVar(&o.cluster, "cluster", "", "the ECS cluster's name")
}

func newImportServiceCommand(c *console, g *globalOptions) *cobra.Command {
	o := &liveOptions{}
	cmd := &cobra.Command{
		Use:   "service NAME... --cluster CLUSTER",
		Short: "Write the document of a service that runs",
		Long: `import service reads an ECS service, its task definition, its target groups, the
listener rules that lead to them, the alarms that its deployments watch, and its
scaling, and writes the document that declares them. AWS' defaults are left out.

The document is read back and compared with AWS before it is printed: nothing
may be left to do but writing our tags. Where something is, it is printed with
its field, and no document is. Nothing is written to AWS.

Exit codes: 0 whole, 1 something cannot be expressed, 2 an error.`,
		Example: `  # One service
  ecs-operator import service checkout --cluster main > checkout.yaml

  # Two, into a directory, a file per service
  ecs-operator import service checkout ledger --cluster main -o services/`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runImportLive(cmd.Context(), c, g, o, args)
		},
	}
	o.AddFlags(cmd.Flags())
	return cmd
}

// imports is one run of an import from what runs.
type imports struct {
	c       *console
	m       *machine
	find    *kinds.Discoverer
	live    *importer.Live
	cluster string
	scratch string // directory of the documents that are tried

	drafts  []spec.Draft
	theirs  map[string]bool // by metadata.name: adopting must be decided by people
	problem []spec.Problem
}

// runImportLive imports the named services, all of the cluster without a name.
func runImportLive(ctx context.Context, c *console, g *globalOptions, o *liveOptions, names []string) error {
	if o.cluster == "" {
		return errors.New("which cluster? Name it: --cluster NAME")
	}
	scratch, err := os.MkdirTemp("", "ecs-operator-import-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	m, err := assemble(ctx, c, g, job{paths: []string{scratch}, readOnly: true})
	if err != nil {
		return err
	}
	defer m.close()
	all := kinds.All(nil)
	r := &imports{c: c, m: m, find: kinds.NewDiscoverer(m.pool.ReadOnly()), cluster: o.cluster, scratch: scratch,
		live:   &importer.Live{Frame: resource.Frame{Owner: g.owner, Scope: g.scope}, Kinds: all},
		theirs: map[string]bool{}}
	if len(names) == 0 {
		if names, err = r.find.Services(ctx, resource.DefaultTarget, o.cluster); err != nil {
			return fmt.Errorf("the cluster %s: %w", o.cluster, err)
		}
		if len(names) == 0 {
			return fmt.Errorf("the cluster %s has no services", o.cluster)
		}
	}
	for _, name := range names {
		if err := r.discover(ctx, name); err != nil {
			return err
		}
	}
	if err := r.prove(ctx); err != nil {
		return err
	}
	return r.deliver(o, len(names))
}

// discover reads one service and drafts its document.
func (r *imports) discover(ctx context.Context, name string) error {
	name = name[strings.LastIndexByte(name, '/')+1:]
	found, err := r.find.Discover(ctx, resource.DefaultTarget, r.cluster, name)
	if err != nil {
		return fmt.Errorf("%s/%s: %w", r.cluster, name, err)
	}
	if found.Service.Presence != resource.Present {
		hint := ""
		if there, err := r.find.Services(ctx, resource.DefaultTarget, r.cluster); err == nil {
			if near := spec.Nearest(name, there); near != "" {
				hint = fmt.Sprintf(", did you mean %s?", near)
			}
		}
		return fmt.Errorf("there is no service %s in the cluster %s%s", name, r.cluster, hint)
	}
	res, theirs := r.live.Service(r.cluster, found)
	r.problem = append(r.problem, res.Problems...)
	for _, d := range res.Drafts {
		r.theirs[d.Name] = theirs
		r.drafts = append(r.drafts, d)
	}
	return nil
}

// prove reads the drafts back as documents and plans them against AWS. What is
// not whole is taken out, and each field of it becomes a problem.
func (r *imports) prove(ctx context.Context) error {
	for _, d := range r.drafts {
		text, err := d.YAML()
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(r.scratch, d.Name+".yaml"), text, 0o600); err != nil {
			return err
		}
	}
	if len(r.drafts) == 0 {
		return nil
	}
	loaded, err := r.m.Load(ctx)
	if err != nil {
		return err
	}
	faults := map[string][]string{}
	for _, p := range loaded.Problems {
		name := strings.TrimSuffix(filepath.Base(p.File), ".yaml")
		if p.Severity == spec.Error {
			faults[name] = append(faults[name], p.Message)
		}
	}
	planned := map[string]bool{}
	for i, o := range r.m.Inspect(ctx, loaded.Units) {
		name := loaded.Units[i].Key.Name
		planned[name] = true
		faults[name] = append(faults[name], importer.Judge(o.Plan)...)
		if o.Err != nil {
			faults[name] = append(faults[name], o.Err.Error())
		}
	}
	if ctx.Err() != nil {
		return errors.New("interrupted: the comparison is not complete")
	}
	r.drafts = slices.DeleteFunc(r.drafts, func(d spec.Draft) bool {
		if len(faults[d.Name]) == 0 && !planned[d.Name] {
			faults[d.Name] = []string{"its document could not be read back"}
		}
		for _, f := range faults[d.Name] {
			r.problem = append(r.problem, spec.Problem{File: r.cluster + "/" + d.Name, Message: "cannot be expressed: " + f})
		}
		return len(faults[d.Name]) > 0
	})
	return nil
}

func (r *imports) deliver(o *liveOptions, asked int) error {
	for i := range r.drafts {
		if r.theirs[r.drafts[i].Name] {
			r.drafts[i].Spec = slices.DeleteFunc(r.drafts[i].Spec, func(e spec.Entry) bool { return e.Key == "policy" })
		}
	}
	if len(r.drafts) == 0 {
		writeProblems(r.c.err, r.c.errStyle, r.problem)
		r.c.note("nothing was imported: see above what a document cannot express")
		return exitWith(status.ExitNotDone)
	}
	err := o.importOptions.deliver(r.c, importer.Result{Drafts: r.drafts, Problems: r.problem})
	r.c.note("%d of %s imported; nothing would be done to them but writing our tags", len(r.drafts), count(asked, "service"))
	return err
}
