package main

import (
	"github.com/spf13/pflag"

	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// formOptions are what documents become: for which environments, with what set.
type formOptions struct{ envs, set []string }

// AddFlags declares --env and --set.
func (o *formOptions) AddFlags(f *pflag.FlagSet) {
	f.StringArrayVar(&o.envs, "env", nil, "only the services of this environment (repeatable; default: of all, and those of none)")
	f.StringArrayVar(&o.set, "set", nil, "`PATH=VALUE`, written over every document: 'taskDefinition.containerDefinitions[api].image=nginx:1.29' (repeatable)")
}

// check is what finalize is for the others; every reader of documents calls it.
func (o *formOptions) check() error { return spec.CheckSet(o.set) }

// parse is how the documents are to be read.
func (o *formOptions) parse(cluster string) spec.Options {
	return spec.Options{Environments: o.envs, Set: o.set, Cluster: cluster}
}
