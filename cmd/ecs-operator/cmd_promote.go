package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/source"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

type promoteOptions struct {
	paths []string // of a checkout: what is edited is on this machine
	outputOptions
	commitOptions
	from, to string
	preview  bool // --dry-run
}

// AddFlags declares the flags of promote.
func (o *promoteOptions) AddFlags(f *pflag.FlagSet) {
	f.StringArrayVarP(&o.paths, "path", "f", []string{"."}, "directory or file with the documents")
	o.outputOptions.AddFlags(f)
	o.commitOptions.AddFlags(f)
	f.StringVar(&o.from, "from", "", "the `ENVIRONMENT` that runs it already")
	f.StringVar(&o.to, "to", "", "the `ENVIRONMENT` that shall get it")
	f.BoolVar(&o.preview, "dry-run", false, "say what would be written, and write nothing")
}

func (o *promoteOptions) finalize() error {
	if err := o.outputOptions.finalize(); err != nil {
		return err
	}
	if o.from == "" || o.to == "" {
		return errors.New("from where to where? Name two environments, like --from staging --to prod")
	}
	if o.preview && (o.commit || o.push) {
		return errors.New("--dry-run writes nothing: leave --commit and --push out, or --dry-run")
	}
	return o.commitOptions.finalize()
}

// promoteReport is `promote -o json`.
type promoteReport struct {
	frame
	Service string          `json:"service"`
	From    string          `json:"from"`
	To      string          `json:"to"`
	Written bool            `json:"written"`
	Changes []promoteChange `json:"changes"`
	// Runs is how the service stands where it is promoted from; nothing was asked
	// where nothing is to be written.
	Runs *status.Service `json:"runs,omitempty"`
}

// promoteChange is one value of a promoteReport.
type promoteChange struct {
	Item string `json:"item"` // a container, "template" or "parameter NAME"
	Pos  string `json:"pos,omitempty"`
	Old  string `json:"old"`
	New  string `json:"new"`
}

func newPromoteCommand(c *console, g *globalOptions) *cobra.Command {
	o := &promoteOptions{}
	cmd := &cobra.Command{
		Use:   "promote NAME",
		Short: "Write what runs in one environment into the documents of another",
		Long: `promote copies the images of a service, its template and the parameters that make
images of it from one environment's documents to another's, once AWS says that
the first runs exactly that: the deployment which carries its document's content
has succeeded. It writes into AWS nothing.

Only the values change, and every other byte of the files stays. Where the other
environment takes an image from a place that it shares with a third, a line is
added to its ServicePatch. $(env.registry) in front stays a variable, and means
the other environment's. What a container is not in both is left out. Sizes,
counts and environment variables are each environment's own.

--commit and --push are as in 'ecs-operator set image'. When the branch moved
meanwhile, what was seen running is written there, and nothing newer.

Exit codes:
  0  written, committed, pushed, or there already
  1  AWS could not be asked; or committed, but not pushed
  2  an error, and no file is changed
  3  refused: the first environment does not run it, or not yet
  4  committed, but others were faster until --push-timeout`,
		Example: `  # What would be written?
  ecs-operator promote checkout --from staging --to prod -f services/ --dry-run

  # In a pipeline, after the tests on staging
  ecs-operator promote checkout --from staging --to prod -f . --commit --push --branch main`,
		Args: exactlyOneName,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runPromote(cmd.Context(), c, g, o, args[0])
		},
	}
	o.AddFlags(cmd.Flags())
	return cmd
}

func runPromote(ctx context.Context, c *console, g *globalOptions, o *promoteOptions, name string) error {
	if err := o.finalize(); err != nil {
		return err
	}
	paths, err := cleanPaths(o.paths)
	if err != nil {
		return err
	}
	what, changes, err := readPromotion(ctx, c, paths, name, o)
	if err != nil {
		return err
	}
	for _, skipped := range what.Skipped {
		c.note("the container %s is not in %s: left out", skipped, o.to)
	}
	report := promoteReport{frame: frame{APIVersion: "ecs-operator/promote/v1", Sandbox: g.sandboxed()}, Service: name, From: o.from, To: o.to, Changes: []promoteChange{}}
	p := &prover{ask: func() (reconcile.Waited, error) { return proven(ctx, c, g, o, what) }}
	if slices.ContainsFunc(changes, func(ch spec.ImageChange) bool { return ch.Old != ch.New }) {
		if err := p.proven(); err != nil {
			return err
		}
	}
	e := &editing{paths: paths, refused: func() error { return p.refused }, edit: func(files []spec.File) ([]spec.File, []spec.ImageChange, []spec.Problem) {
		changed, changes, problems := what.Write(files, kinds.Sections())
		if len(changed) > 0 && p.proven() != nil { // the branch that is pushed to may lack what is here already
			return nil, nil, nil
		}
		return changed, changes, problems
	}}
	if o.preview {
		e.changes = changes
		e.tell(c)
		c.note("Nothing was written.")
	} else if err := writeDocuments(ctx, c, &o.commitOptions, e); err != nil {
		return errors.Join(p.refused, err)
	}
	if p.asked {
		report.Runs = &p.found.Status
		c.note("%s in %s: %s", name, o.from, stateText(p.found.Status))
	}
	if !o.json() {
		return nil
	}
	for _, ch := range e.changes {
		report.Written = report.Written || ch.Old != ch.New && !o.preview
		at := promoteChange{Item: ch.Container, Old: ch.Old, New: ch.New}
		if ch.File != "" {
			at.Pos = fmt.Sprintf("%s:%d:%d", ch.File, ch.Line, ch.Column)
		}
		report.Changes = append(report.Changes, at)
	}
	return writeJSON(c.out, report)
}

// prover asks AWS once, as soon as something is to be written.
type prover struct {
	ask     func() (reconcile.Waited, error)
	asked   bool
	found   reconcile.Waited
	refused error
}

func (p *prover) proven() error {
	if !p.asked {
		p.asked = true
		p.found, p.refused = p.ask()
	}
	return p.refused
}

// readPromotion reads from the documents what is to be promoted, and what that
// would change in them.
func readPromotion(ctx context.Context, c *console, paths []string, name string, o *promoteOptions) (spec.Promotion, []spec.ImageChange, error) {
	snap, err := source.Dir(paths...).Snapshot(ctx)
	if err != nil {
		return spec.Promotion{}, nil, err
	}
	for _, p := range snap.Problems {
		return spec.Promotion{}, nil, fmt.Errorf("%s: %s", p.Path, p.Message)
	}
	var files []spec.File
	for _, f := range snap.Files {
		files = append(files, spec.File{Path: f.Path, Data: f.Data()})
	}
	what, problems := spec.ReadPromotion(files, kinds.Sections(), name, o.from, o.to)
	var changes []spec.ImageChange
	if len(problems) == 0 {
		_, changes, problems = what.Write(files, kinds.Sections())
	}
	return what, changes, tellProblems(c, problems)
}

// tellProblems prints why documents are not edited, and ends the command.
func tellProblems(c *console, problems []spec.Problem) error {
	for _, p := range problems {
		if p.File == "" {
			c.note("%s %s", c.errStyle.bad("Error:"), p.Message)
		} else {
			writeProblems(c.err, c.errStyle, []spec.Problem{p})
		}
	}
	if len(problems) > 0 {
		return exitWith(status.ExitError)
	}
	return nil
}

// proven asks AWS whether the instance that is promoted runs what its document
// says: the deployment that carries this content has succeeded.
func proven(ctx context.Context, c *console, g *globalOptions, o *promoteOptions, what spec.Promotion) (reconcile.Waited, error) {
	m, loaded, err := open(ctx, c, g, job{paths: o.paths, form: formOptions{envs: []string{o.from}}, readOnly: true})
	if err != nil {
		return reconcile.Waited{}, err
	}
	defer m.close()
	i := slices.IndexFunc(loaded.Units, func(u *resource.Unit) bool { return u.Key.String() == what.Source })
	if i < 0 {
		return reconcile.Waited{}, noSuchService(loaded, what.Source, nil)
	}
	n := named{m: m, loaded: loaded, unit: loaded.Units[i]}
	if _, err := n.who(ctx, c); err != nil {
		return reconcile.Waited{}, err
	}
	w := m.Await(ctx, n.unit, reconcile.GoalDeployed, 0)
	switch {
	case w.Reached:
		return w, nil
	case w.Code == status.ExitNotDone || w.Code == status.ExitError:
		return w, &exitError{code: w.Code, err: fmt.Errorf("whether %s runs it is not known, and nothing was written: %s", o.from, stateText(w.Status))}
	}
	return w, &exitError{code: status.ExitHeld, err: fmt.Errorf("%s in %s does not run what its document says, and only that is promoted: %s; wait for it ('ecs-operator wait %s --env %s'), nothing was written",
		what.Service, o.from, stateText(w.Status), what.Service, o.from)}
}
