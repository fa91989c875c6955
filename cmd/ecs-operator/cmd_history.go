package main

import (
	"cmp"
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// looks is what the three commands have that list one thing of a service.
type looks[T any] struct {
	verb, short, long, example string
	list                       func(ctx context.Context, n *named) ([]T, error)
	row                        func(p palette, x T) []cell
	json                       func(x T) any
}

// lookReport is `history|tasks|events -o json`.
type lookReport struct {
	serviceFrame
	Items []any `json:"items"`
}

func newLookCommand[T any](c *console, g *globalOptions, l looks[T]) *cobra.Command {
	o := &serviceOptions{}
	cmd := &cobra.Command{
		Use: l.verb + " NAME", Short: l.short, Example: l.example, Args: exactlyOneName,
		Long: l.long + `

NAME is the service's name or cluster/name in the documents; with --cluster it is
the ECS service's name, and no document is needed. Nothing is written.

Exit codes: 0; 2 an error, also when there is no such ECS service.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := o.find(cmd.Context(), c, g, args[0], job{readOnly: true})
			if err != nil {
				return err
			}
			defer n.m.close()
			items, err := l.list(cmd.Context(), n)
			if err != nil {
				return err
			}
			if o.json() {
				r := lookReport{serviceFrame: n.frame(cmd.Context(), l.verb), Items: []any{}}
				for _, x := range items {
					r.Items = append(r.Items, l.json(x))
				}
				return writeJSON(c.out, r)
			}
			var rows [][]cell
			for _, x := range items {
				rows = append(rows, l.row(c.outStyle, x))
			}
			if len(rows) == 0 {
				c.note("%s: ECS tells of none", n.unit.Key)
			}
			writeTable(c.out, rows, c.width())
			return nil
		},
	}
	o.AddFlags(cmd.Flags())
	return cmd
}

// deploymentJSON is a deployment in `history -o json`.
type deploymentJSON struct {
	Deployment     string `json:"deployment"`
	Status         string `json:"status"`
	Strategy       string `json:"strategy,omitempty"`
	TaskDefinition string `json:"taskDefinition,omitempty"`
	Revision       string `json:"serviceRevision,omitempty"`
	CreatedAt      string `json:"createdAt"`
	FinishedAt     string `json:"finishedAt,omitempty"`
	Reason         string `json:"reason,omitempty"`
}

// historyLength is how many deployments are listed: a page of ECS'.
const historyLength = 100

func newHistoryCommand(c *console, g *globalOptions) *cobra.Command {
	return newLookCommand(c, g, looks[resource.Deployment]{
		verb: "history", short: "List the deployments of a service",
		long: `history lists the deployments that ECS remembers (90 days, here the newest 100),
newest first: when each was started, how it ended, and what it brought.`,
		example: `  ecs-operator history checkout -f services/

  # For a script, without the documents
  ecs-operator history checkout --cluster main -o json`,
		list: func(ctx context.Context, n *named) ([]resource.Deployment, error) {
			return n.m.History(ctx, n.unit, historyLength)
		},
		row: func(p palette, d resource.Deployment) []cell {
			paint := p.good
			if d.Status.Bad() {
				paint = p.bad
			} else if !d.Status.Ended() {
				paint = p.warn
			}
			return []cell{{text: d.CreatedAt}, {text: string(d.Status), paint: paint}, {text: plan.RevisionName(d.TaskDefinition)},
				{text: cmp.Or(d.Strategy, "-")}, {text: plan.DeploymentID(d.ARN), paint: p.dim}, {text: oneLine(d.Reason)}}
		},
		json: func(d resource.Deployment) any {
			return deploymentReport(d)
		},
	})
}

func newTasksCommand(c *console, g *globalOptions) *cobra.Command {
	return newLookCommand(c, g, looks[resource.ServiceTask]{
		verb: "tasks", short: "List the tasks of a service, and why they stopped",
		long: `tasks lists what runs, and what has stopped lately: ECS forgets a stopped task
within an hour. Of those it tells the reason and the exit codes.`,
		example: `  ecs-operator tasks checkout -f services/

  # For a script, without the documents
  ecs-operator tasks checkout --cluster main -o json`,
		list: func(ctx context.Context, n *named) ([]resource.ServiceTask, error) { return n.m.Tasks(ctx, n.unit) },
		row: func(p palette, t resource.ServiceTask) []cell {
			paint, why := p.good, t.Health
			if t.Status == "STOPPED" {
				paint, why = p.bad, t.StoppedReason
			} else if t.Status != t.Wanted {
				paint = p.warn
			}
			for _, x := range t.Containers {
				if x.Exit != nil {
					why += fmt.Sprintf("; %s exited with %d", x.Name, *x.Exit)
				}
			}
			return []cell{{text: t.ID, paint: p.bold}, {text: t.Status, paint: paint}, {text: t.TaskDefinition}, {text: t.CreatedAt},
				{text: cmp.Or(t.Address, t.Zone, "-")}, {text: oneLine(why)}}
		},
		json: func(t resource.ServiceTask) any { return t },
	})
}

func newEventsCommand(c *console, g *globalOptions) *cobra.Command {
	return newLookCommand(c, g, looks[resource.ServiceEvent]{
		verb: "events", short: "List what ECS tells of a service",
		long: `events lists the service events that ECS keeps, the newest 100, newest first.`,
		example: `  ecs-operator events checkout -f services/

  # For a script, without the documents
  ecs-operator events checkout --cluster main -o json`,
		list: func(ctx context.Context, n *named) ([]resource.ServiceEvent, error) { return n.m.Events(ctx, n.unit) },
		row: func(p palette, x resource.ServiceEvent) []cell {
			return []cell{{text: x.At, paint: p.dim}, {text: oneLine(x.Message)}}
		},
		json: func(x resource.ServiceEvent) any { return x },
	})
}
