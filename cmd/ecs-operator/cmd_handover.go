package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

type handoverOptions struct {
	pathOptions
	outputOptions
	to string
}

// AddFlags declares the flags of handover.
func (o *handoverOptions) AddFlags(f *pflag.FlagSet) {
	o.pathOptions.AddFlags(f)
	o.outputOptions.AddFlags(f)
	f.StringVar(&o.to, "to", "", "the tool that shall let go, whatever the tags say; nothing is read from AWS then: "+strings.Join(handoverTools, ", "))
}

// handoverReport is `handover -o json`.
type handoverReport struct {
	frame
	Services []handoverService `json:"services"`
}

type handoverService struct {
	Service string         `json:"service"`
	Cluster string         `json:"cluster"`
	Holders []handoverPart `json:"holders"`
}

// handoverPart is one tool and what it holds of a service.
type handoverPart struct {
	Tool      string             `json:"tool"`
	Words     string             `json:"words"` // who it is, for a sentence
	Resources []handoverResource `json:"resources"`
	Text      string             `json:"text"` // what to put into the tool
	held      []reconcile.Holding
}

type handoverResource struct {
	Key  string `json:"key"` // kind and unit-local name
	Name string `json:"name,omitempty"`
	ARN  string `json:"arn,omitempty"`
}

func newHandoverCommand(c *console, g *globalOptions) *cobra.Command {
	o := &handoverOptions{}
	cmd := &cobra.Command{
		Use:   "handover NAME",
		Short: "Print what makes another tool let go of a service",
		Long: `handover says, for every object of a document that lives under another tool, what
to put into that tool so that it lets go without deleting anything: Terraform's
removed blocks, CloudFormation's DeletionPolicy, and so on. It goes before or
beside policy.adopt, which takes over and stops nobody.

Whose an object is, its tags in AWS say (aws:cloudformation:*, copilot-*,
pipecd-dev-*, terraform or ManagedBy), and a service's deployment controller.
With --to nothing is read from AWS: every object is taken to be that tool's. So
for ecspresso, which leaves no tags. Nothing is ever written.

NAME is the service's name or cluster/name in the documents of -f, or a file or
directory: all its services then.

Exit codes: 0 printed, also when no other tool was found; 2 an error.`,
		Example: `  ecs-operator handover checkout -f services/

  # Offline
  ecs-operator handover services/checkout.yaml --to terraform`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runHandover(cmd.Context(), c, g, o, args[0])
		},
	}
	o.AddFlags(cmd.Flags())
	return cmd
}

func runHandover(ctx context.Context, c *console, g *globalOptions, o *handoverOptions, what string) error {
	if err := o.finalize(); err != nil {
		return err
	}
	if o.to != "" && !slices.Contains(handoverTools, o.to) {
		return fmt.Errorf("--to %q: want one of %s", o.to, strings.Join(handoverTools, ", "))
	}
	var names []string
	if _, err := os.Stat(what); err == nil {
		o.paths = []string{what}
	} else {
		names = []string{what}
	}
	m, loaded, err := open(ctx, c, g, job{paths: o.paths, from: o.sourceOptions, readOnly: true})
	if err != nil {
		return err
	}
	defer m.close()
	units, err := pick(loaded, names)
	if err != nil {
		return err
	}
	if o.to == "" {
		header, err := m.header(ctx, loaded)
		if err != nil {
			return err
		}
		c.note("%s", c.errStyle.dim(header))
	}
	var services []handoverService
	for _, u := range units {
		held := m.Holdings(ctx, u, o.to != "")
		if err := unreadHoldings(u, held, o.to != ""); err != nil {
			return err
		}
		services = append(services, handoverService{Service: u.Key.Name, Cluster: u.Key.Cluster, Holders: holders(held, o.to)})
	}
	if o.json() {
		f := frame{APIVersion: "ecs-operator/handover/v1", Sandbox: m.embedded != nil}
		return writeJSON(c.out, handoverReport{frame: f, Services: services})
	}
	for _, s := range services {
		printHandover(c, s)
	}
	return nil
}

// unreadHoldings refuses to answer from half a reading: an object of which nobody
// knows whose it is would look as if it were nobody's.
func unreadHoldings(u *resource.Unit, held []reconcile.Holding, offline bool) error {
	for _, h := range held {
		if !offline && h.Live.Presence == resource.Unknown {
			return fmt.Errorf("%s: %s could not be read: %w; --to TOOL needs no AWS", u.Key, h.Object.ID.Local(), h.Live.Err)
		}
	}
	return nil
}

// holders sorts what is held by who holds it. What carries no tags itself is
// with its scalable target, and a revision of a task definition with its service.
func holders(held []reconcile.Holding, to string) []handoverPart {
	parts := []handoverPart{}
	add := func(p resource.Party, h reconcile.Holding) {
		i := slices.IndexFunc(parts, func(x handoverPart) bool { return x.Tool == p.Tool && x.Words == p.Words })
		if i < 0 {
			parts = append(parts, handoverPart{Tool: p.Tool, Words: p.Words})
			i = len(parts) - 1
		}
		parts[i].held = append(parts[i].held, h)
		parts[i].Resources = append(parts[i].Resources, handoverResource{Key: h.Object.ID.Local(), Name: h.Name, ARN: h.Live.ARN})
	}
	for _, h := range held {
		if to != "" {
			add(resource.Party{Tool: to, Words: to}, h)
		}
		for _, p := range h.Under {
			add(p, h)
		}
	}
	for i := range parts {
		for _, h := range held {
			parent := resource.KindScalableTarget
			if h.Object.ID.Kind != resource.KindScalingPolicy && h.Object.ID.Kind != resource.KindScheduledAction {
				continue
			}
			if to == "" && slices.ContainsFunc(parts[i].held, func(x reconcile.Holding) bool { return x.Object.ID.Kind == parent }) {
				add(resource.Party{Tool: parts[i].Tool, Words: parts[i].Words}, h)
			}
		}
		parts[i].Text = letGo(parts[i].Tool, parts[i].held)
	}
	return parts
}

func printHandover(c *console, s handoverService) {
	_, _ = fmt.Fprintf(c.out, "# %s/%s\n", s.Cluster, s.Service)
	if len(s.Holders) == 0 {
		_, _ = fmt.Fprintf(c.out, "# no tag shows another tool; ecspresso leaves none: --to says which one it is (%s)\n", strings.Join(handoverTools, ", "))
		return
	}
	for _, p := range s.Holders {
		keys := make([]string, 0, len(p.Resources))
		for _, r := range p.Resources {
			keys = append(keys, r.Key)
		}
		_, _ = fmt.Fprintf(c.out, "# held by %s: %s\n%s", p.Words, strings.Join(keys, ", "), p.Text)
	}
}
