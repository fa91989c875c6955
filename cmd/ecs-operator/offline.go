package main

import (
	"context"

	"go.uber.org/zap"

	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/lint"
	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/source"
)

// offlineLoad makes what reads documents for a command that asks no AWS.
func offlineLoad(ctx context.Context, c *console, g *globalOptions, form *formOptions, all []resource.Kind, log *zap.Logger) (func(source.Source) (reconcile.Loaded, error), error) {
	targets, err := readTargets(c, g)
	if err != nil {
		return nil, err
	}
	cluster, err := g.offlineCluster(ctx, c)
	if err != nil {
		return nil, err
	}
	return func(from source.Source) (reconcile.Loaded, error) {
		return reconcile.New(reconcile.Options{
			Frame: resource.Frame{Owner: g.owner, Scope: g.scope}, Kinds: all, Sections: kinds.Sections(), Lint: lint.Check,
			Source: from, Parse: form.parse(cluster), Log: log, Targets: targets.offline(), Place: targets.place,
		}).Load(ctx)
	}, nil
}
