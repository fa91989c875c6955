package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// serviceOptions say which service is meant: by its document, or by its cluster
// and name alone, which needs no document.
type serviceOptions struct {
	pathOptions
	outputOptions
	cluster string
	target  string
}

// AddFlags declares what names the service.
func (o *serviceOptions) AddFlags(f *pflag.FlagSet) {
	o.pathOptions.AddFlags(f)
	o.outputOptions.AddFlags(f)
	f.StringVar(&o.cluster, "cluster", "", "the ECS cluster: NAME is then the ECS service's name, and no document is read")
	f.StringVar(&o.target, "target", resource.DefaultTarget, "with --cluster: the target, as --targets names it")
}

// named is the service that a command works on.
type named struct {
	m      *machine
	loaded reconcile.Loaded
	unit   *resource.Unit
}

// find opens a machine for a job and finds the service.
func (o *serviceOptions) find(ctx context.Context, c *console, g *globalOptions, name string, j job) (*named, error) {
	if err := o.finalize(); err != nil {
		return nil, err
	}
	if o.cluster == "" {
		j.paths, j.from = o.paths, o.sourceOptions
		m, loaded, err := open(ctx, c, g, j)
		if err != nil {
			return nil, err
		}
		units, err := pick(loaded, []string{name})
		if err != nil {
			m.close()
			return nil, err
		}
		return &named{m: m, loaded: loaded, unit: units[0]}, nil
	}
	if strings.Contains(name, "/") {
		return nil, fmt.Errorf("%q: with --cluster, NAME is the service's name alone", name)
	}
	m, err := assemble(ctx, c, g, j)
	if err != nil {
		return nil, err
	}
	return &named{m: m, unit: m.Bare(resource.UnitKey{Target: o.target, Cluster: o.cluster, Name: name})}, nil
}

// who says on stderr where the command works, and answers who does.
func (n *named) who(ctx context.Context, c *console) (string, error) {
	clients, err := n.m.pool.For(ctx, n.unit.Key.Target)
	if err != nil {
		return "", err
	}
	lines, err := n.m.headerTargets(ctx, []string{n.unit.Key.Target})
	if err != nil {
		return "", err
	}
	c.note("%s", c.errStyle.dim(strings.Join(lines, "\n")))
	return shortCaller(clients.Caller), nil
}

// on finds the service, says where the command works, and calls do with who does.
func (o *serviceOptions) on(ctx context.Context, c *console, g *globalOptions, name string, j job, do func(n *named, by string) error) error {
	n, err := o.find(ctx, c, g, name, j)
	if err != nil {
		return err
	}
	defer n.m.close()
	by, err := n.who(ctx, c)
	if err != nil {
		return err
	}
	return do(n, by)
}

// serviceFrame starts a JSON report about one service.
type serviceFrame struct {
	frame
	Service string `json:"service"`
	Cluster string `json:"cluster"`
}

func (n *named) frame(ctx context.Context, kind string) serviceFrame {
	return serviceFrame{frame: n.m.frame(ctx, kind, n.loaded), Service: n.unit.Key.Name, Cluster: n.unit.Key.Cluster}
}
