package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
	"github.com/ecs-operator/ecs-operator/pkg/verify"
)

type verifyOptions struct {
	formOptions
	pathOptions
	outputOptions
	readSecrets bool
	quiet       bool
}

// AddFlags declares the flags of verify.
func (o *verifyOptions) AddFlags(f *pflag.FlagSet) {
	o.formOptions.AddFlags(f)
	o.pathOptions.AddFlags(f)
	o.outputOptions.AddFlags(f)
	f.BoolVar(&o.readSecrets, "read-secrets", false, "look for the JSON keys that documents name in secrets: this reads the secrets' values, and shows none")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "list only what is missing or was not checked")
}

// verifyReport is `verify -o json`.
type verifyReport struct {
	frame
	Services []verifiedService `json:"services"`
}

// verifiedService is one service in it.
type verifiedService struct {
	Target   string             `json:"target"`
	Cluster  string             `json:"cluster"`
	Name     string             `json:"name"`
	Findings []resource.Finding `json:"findings"`
}

func newVerifyCommand(c *console, g *globalOptions) *cobra.Command {
	o := &verifyOptions{}
	cmd := &cobra.Command{
		Use:   "verify [NAME...]",
		Short: "Check that what a rollout takes for granted is there",
		Long: `verify asks AWS and the image registries for what the documents refer to and do
not make: the image for the CPU of the tasks, roles that trust ECS, secrets and
parameters, log groups, subnets and security groups in one VPC, target groups that
fit the network mode, functions behind lifecycle hooks. apply and run make the same
checks before each rollout. Nothing is written.

What could not be checked, because it is denied, unreachable or of a form that is not
known, says so and is no failure.

NAME is the service's name or cluster/name; without one all are checked.

Exit codes: 0; 1 something is missing; 2 an error.`,
		Example: `  # Everything that the documents here declare
  ecs-operator verify

  # One service, only what is wrong with it
  ecs-operator verify checkout -f services/ -q

  # In a pipeline, before the merge
  ecs-operator verify -f services/ -o json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runVerify(cmd.Context(), c, g, o, args)
		},
	}
	o.AddFlags(cmd.Flags())
	return cmd
}

func runVerify(ctx context.Context, c *console, g *globalOptions, o *verifyOptions, names []string) error {
	if err := o.finalize(); err != nil {
		return err
	}
	m, loaded, err := open(ctx, c, g, job{paths: o.paths, from: o.sourceOptions, form: o.formOptions, readOnly: true, secrets: o.readSecrets})
	if err != nil {
		return err
	}
	defer m.close()
	units, err := pick(loaded, names)
	if err != nil {
		return err
	}
	header, err := m.header(ctx, loaded)
	if err != nil {
		return err
	}
	c.note("%s", c.errStyle.dim(header))
	var services []verifiedService
	var all []resource.Finding
	for _, u := range units {
		found := m.verified(ctx, u)
		all = append(all, found...)
		services = append(services, verifiedService{Target: u.Key.Target, Cluster: u.Key.Cluster, Name: u.Key.Name, Findings: found})
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if o.json() {
		err = writeJSON(c.out, verifyReport{frame: m.frame(ctx, "verify", loaded), Services: services})
	} else {
		writeFindings(c, services, o.quiet)
	}
	switch {
	case err != nil:
		return err
	case countErrors(loaded.Problems) > 0:
		return exitWith(status.ExitError)
	case len(resource.Missing(all)) > 0:
		return exitWith(status.ExitNotDone)
	}
	return nil
}

// writeFindings lists what was found, service by service, and counts it.
func writeFindings(c *console, services []verifiedService, quiet bool) {
	counts := map[resource.Verdict]int{}
	for _, s := range services {
		var rows [][]cell
		for _, f := range s.Findings {
			counts[f.Verdict]++
			paint := c.outStyle.good
			switch f.Verdict {
			case resource.NotThere:
				paint = c.outStyle.bad
			case resource.NotChecked:
				paint = c.outStyle.warn
			default:
				if quiet {
					continue
				}
			}
			rows = append(rows, []cell{{text: "  " + string(f.Verdict), paint: paint}, {text: string(f.Check)}, {text: f.Name}, {text: oneLine(f.Why)}})
		}
		if len(rows) == 0 && quiet {
			continue
		}
		_, _ = fmt.Fprintln(c.out, resource.UnitKey{Target: s.Target, Cluster: s.Cluster, Name: s.Name})
		writeTable(c.out, rows, c.width())
	}
	var words []string
	for _, v := range []resource.Verdict{resource.Verified, resource.NotThere, resource.NotChecked} {
		words = append(words, fmt.Sprintf("%d %s", counts[v], v))
	}
	c.note("%s: %s", count(len(services), "service"), strings.Join(words, ", "))
}

// newVerifier wires the checks. Under the embedded AWS no registry is reached.
func newVerifier(c *console, pool *awsclient.Pool, embedded, readSecrets bool) *verify.Verifier {
	o := verify.Options{AWS: kinds.NewInspector(pool), ReadSecrets: readSecrets}
	if !embedded {
		o.Registry = verify.NewRegistry(verify.RegistryOptions{
			DockerConfig: verify.DockerConfigPath(c.getenv), UserAgent: "ecs-operator/" + buildVersion().Version,
		})
	}
	return verify.New(o)
}

// verified makes the checks of one service.
func (m *machine) verified(ctx context.Context, u *resource.Unit) []resource.Finding {
	return m.verifier.Verify(ctx, u.Key.Target, kinds.Needs(u))
}
