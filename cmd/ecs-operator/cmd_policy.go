package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ecs-operator/ecs-operator/pkg/iampolicy"
	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/source"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

type policyOptions struct {
	formOptions
	pathOptions
	outputOptions
	target           string
	readOnly, verify bool
	caller, prune    bool
	part             int
	account          string
	partition        string
	from             string
	sources          iampolicy.Sources
}

// AddFlags declares the flags of policy.
func (o *policyOptions) AddFlags(f *pflag.FlagSet) {
	o.formOptions.AddFlags(f)
	o.pathOptions.AddFlags(f)
	o.outputOptions.AddFlags(f)
	f.StringVar(&o.target, "target", "", "only the services of this `NAME` of --targets; needed where the documents are for several")
	f.BoolVar(&o.readOnly, "read-only", false, "what diff, status and get need; nothing is written with it")
	f.BoolVar(&o.verify, "verify", false, "with --read-only: what verify asks as well")
	f.BoolVar(&o.prune, "prune", false, "the policy is for runs with --prune, which delete services without a document")
	f.BoolVar(&o.caller, "caller", false, "of the operator's own identity instead: the roles of --targets that it assumes, and its sources")
	f.IntVar(&o.part, "part", 0, "print the `N`th part alone of a policy that is too long for one managed policy")
	f.StringVar(&o.account, "account", "", "account id for the ARNs (default: what --targets or the Environment says, else any)")
	f.StringVar(&o.partition, "partition", "aws", "partition for the ARNs: aws, aws-cn, aws-us-gov")
	f.StringVar(&o.from, "source", "", "where the operator reads its documents: `URL` of a CodeCommit repository, or s3://BUCKET/PREFIX")
	f.StringVar(&o.sources.Queue, "events-queue", "", "`URL` of the SQS queue with events that the operator listens to")
}

// policyReport is `policy -o json`.
type policyReport struct {
	frame
	Policies []targetPolicy `json:"policies"`
}

// targetPolicy is the policy of one target in it.
type targetPolicy struct {
	Target     string           `json:"target"`
	Account    string           `json:"account,omitempty"`
	Region     string           `json:"region,omitempty"`
	Role       string           `json:"role,omitempty"` // that it is for
	Characters int              `json:"characters"`
	Notes      []string         `json:"notes"`
	Policy     iampolicy.Policy `json:"policy"`
}

func newPolicyCommand(c *console, g *globalOptions) *cobra.Command {
	o := &policyOptions{}
	cmd := &cobra.Command{
		Use:   "policy",
		Short: "Print the least IAM policy that the documents need",
		Long: `policy prints an IAM policy document for the services here: what apply, run and
the other verbs call, narrowed by the owner's tag, the clusters and the roles that
the documents name; with --read-only, what diff reads. It asks nobody and needs no
credentials. What deletes is in it only where something can be deleted.

The policy is for one account: where the documents are for several targets, say
which with --target, or take all with -o json. --caller prints what the operator's
own identity needs to assume the roles of --targets.

With --sandbox-policy the embedded AWS enforces it (docs/iam.md).`,
		Example: `  # For the role of the daemon
  ecs-operator policy -f services/ > writer.json

  # For the role with which pull requests run diff
  ecs-operator policy -f services/ --read-only > reader.json

  # For the role in the account of a target, and for whoever assumes it
  ecs-operator policy -f services/ --targets targets.yaml --target prod
  ecs-operator policy --targets targets.yaml --caller`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runPolicy(cmd.Context(), c, g, o) },
	}
	o.AddFlags(cmd.Flags())
	return cmd
}

func runPolicy(ctx context.Context, c *console, g *globalOptions, o *policyOptions) error {
	if err := o.finalize(); err != nil {
		return err
	}
	if err := o.check(); err != nil {
		return err
	}
	if strings.HasPrefix(o.from, "s3:") {
		place, err := source.ParsePlace(o.from)
		if err != nil {
			return fmt.Errorf("--source: %w", err)
		}
		o.sources.S3 = place.String() // a prefix ends with a slash, and allows nothing that only begins like it
	} else {
		o.sources.Git = o.from
	}
	targets, err := readTargets(c, g)
	if err != nil {
		return err
	}
	if o.caller {
		return o.printCaller(c, g, targets)
	}
	log := newLogger(c, g)
	documents, err := o.open(c, g, o.paths, true, log)
	if err != nil {
		return err
	}
	defer func() { _ = documents.close() }() // a copy in a directory for such things
	load, err := offlineLoad(ctx, c, g, &o.formOptions, kinds.All(nil), log)
	if err != nil {
		return err
	}
	loaded, err := load(documents.Source)
	if err != nil {
		return err
	}
	writeProblems(c.err, c.errStyle, loaded.Problems)
	if n := countErrors(loaded.Problems); n > 0 {
		return fmt.Errorf("no policy is printed while documents are bad, because it would lack what those need: mend the %s above", count(n, "error"))
	}
	if len(loaded.Units) == 0 {
		return nothingToDo(documents, loaded)
	}
	policies, err := o.policies(g, targets, loaded.Units)
	if err != nil {
		return err
	}
	if o.json() {
		return writeJSON(c.out, policyReport{frame: frame{APIVersion: "ecs-operator/policy/v1", Source: documents.ref(loaded.Revision, loaded.Ref, loaded.Signer)}, Policies: policies})
	}
	if len(policies) > 1 {
		var names []string
		for _, p := range policies {
			names = append(names, p.Target)
		}
		return fmt.Errorf("the documents are for the targets %s, and each has a policy of its own: choose with --target, or take all with -o json", strings.Join(names, ", "))
	}
	return o.print(c, policies[0].Policy)
}

// print writes one document, or one part of it, and to stderr what there is to
// know of it.
func (o *policyOptions) print(c *console, p iampolicy.Policy) error {
	if o.part != 0 {
		parts := p.Parts()
		if o.part < 0 || o.part > len(parts) {
			return fmt.Errorf("--part %d: there is 1 to %d", o.part, len(parts))
		}
		p = parts[o.part-1]
	}
	for _, n := range p.Notes() {
		c.note("note: %s", n)
	}
	c.note("%s, %d characters (a managed policy takes %d)", count(len(p.Statement), "statement"), p.Size(), iampolicy.ManagedLimit)
	_, err := c.out.Write(p.JSON())
	return err
}

// policies makes one for each target of the units.
func (o *policyOptions) policies(g *globalOptions, targets targetSet, units []*resource.Unit) ([]targetPolicy, error) {
	byTarget := map[string][]*resource.Unit{}
	var names []string
	for _, u := range units {
		if o.target != "" && u.Key.Target != o.target {
			continue
		}
		if byTarget[u.Key.Target] == nil {
			names = append(names, u.Key.Target)
		}
		byTarget[u.Key.Target] = append(byTarget[u.Key.Target], u)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("--target %s: no document is for that target", o.target)
	}
	slices.Sort(names)
	var out []targetPolicy
	for _, name := range names {
		t := targets.file[name]
		p := targetPolicy{Target: name, Account: cmp.Or(o.account, t.Account), Region: cmp.Or(t.Region, targets.region), Role: t.RoleARN, Notes: []string{}}
		if targets.sandbox {
			p.Account, p.Region = sandbox.Account, sandbox.Region
		}
		p.settle(byTarget[name])
		options := iampolicy.Options{Owner: g.owner, Partition: o.partition, Account: p.Account, Region: p.Region,
			ReadOnly: o.readOnly, Verify: o.verify, Prune: o.prune}
		if t.RoleARN == "" { // the caller works there itself
			options.Sources = o.sources
		}
		p.Policy = iampolicy.For(byTarget[name], options)
		p.Characters, p.Notes = p.Policy.Size(), append(p.Notes, p.Policy.Notes()...)
		out = append(out, p)
	}
	return out, nil
}

// settle takes account and region from the documents where all agree.
func (p *targetPolicy) settle(units []*resource.Unit) {
	account, region := units[0].Account, units[0].Region
	for _, u := range units {
		if u.Account != account {
			account = ""
		}
		if u.Region != region {
			region = ""
		}
	}
	p.Account, p.Region = cmp.Or(p.Account, account), cmp.Or(p.Region, region)
}

// printCaller is the policy of the operator's own identity.
func (o *policyOptions) printCaller(c *console, g *globalOptions, targets targetSet) error {
	options := iampolicy.Options{Owner: g.owner, Partition: o.partition, Account: o.account, Region: g.region, Sources: o.sources}
	roles := map[string]spec.Target{}
	for name, t := range targets.file {
		if t.RoleARN != "" && (o.target == "" || o.target == name) {
			roles[t.RoleARN+" "+t.ExternalID] = t
		}
	}
	if g.assumeRole != "" {
		roles[g.assumeRole] = spec.Target{RoleARN: g.assumeRole, ExternalID: g.externalID}
	}
	for _, key := range slices.Sorted(maps.Keys(roles)) {
		options.Assume = append(options.Assume, iampolicy.Role{ARN: roles[key].RoleARN, ExternalID: roles[key].ExternalID})
	}
	p := iampolicy.Caller(options)
	if len(p.Statement) == 0 {
		return errors.New("the caller needs no policy of its own: no target has a role, and no source of AWS is given (--source, --events-queue)")
	}
	if o.json() {
		return writeJSON(c.out, policyReport{frame: frame{APIVersion: "ecs-operator/policy/v1"}, Policies: []targetPolicy{{Characters: p.Size(), Notes: append([]string{}, p.Notes()...), Policy: p}}})
	}
	return o.print(c, p)
}
