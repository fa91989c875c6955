package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// pruneOptions are for the commands that may delete services, or show that.
type pruneOptions struct {
	prune      bool
	maxDeletes string
	parsed     reconcile.MaxDeletes
}

// AddFlags declares --prune and --max-deletes.
func (o *pruneOptions) AddFlags(f *pflag.FlagSet) {
	f.BoolVar(&o.prune, "prune", false, "with --scope: delete services whose document is gone and whose policy.onDelete was not written (one that says keep is kept)")
	f.StringVar(&o.maxDeletes, "max-deletes", "10%", "how many of the scope's services one revision may delete without 'approve --deletes': a `COUNT` or a share; never all")
}

func (o *pruneOptions) finalize(g *globalOptions) error {
	if o.prune && g.scope == "" {
		return fmt.Errorf("--prune needs --scope: without a name for this set of documents nobody can tell a service whose document is gone from one that stands in another directory")
	}
	share, isShare := strings.CutSuffix(o.maxDeletes, "%")
	if isShare {
		p, err := strconv.ParseFloat(share, 64)
		if err != nil || p <= 0 || p > 100 {
			return fmt.Errorf("--max-deletes %q: want a share above 0%% and at most 100%%, or a count", o.maxDeletes)
		}
		o.parsed = reconcile.MaxDeletes{Percent: p}
		return nil
	}
	n, err := strconv.Atoi(o.maxDeletes)
	if err != nil || n < 1 {
		return fmt.Errorf("--max-deletes %q: want a count of at least 1, or a share like 10%%", o.maxDeletes)
	}
	o.parsed = reconcile.MaxDeletes{Count: n}
	return nil
}

// withDeparted adds the services whose documents are gone to those that have one;
// with told also those to which nothing is done.
func (m *machine) withDeparted(ctx context.Context, loaded reconcile.Loaded, told bool) reconcile.Loaded {
	gone := m.Departed(ctx, loaded, told)
	loaded.Units = append(slices.Clone(loaded.Units), gone...)
	return loaded
}

// names prints keys for people.
func keyNames(keys []resource.UnitKey) string {
	var out []string
	for _, k := range keys {
		out = append(out, k.String())
	}
	return strings.Join(out, ", ")
}
