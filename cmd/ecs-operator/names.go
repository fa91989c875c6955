package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// pick finds the units that NAME arguments mean; none means all. A NAME is
// "name", "cluster/name" or "target/cluster/name".
func pick(loaded reconcile.Loaded, names []string) ([]*resource.Unit, error) {
	if len(names) == 0 {
		return loaded.Units, nil
	}
	var out []*resource.Unit
	for _, name := range names {
		u, err := pickOne(loaded, name)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(out, u) {
			out = append(out, u)
		}
	}
	return out, nil
}

func pickOne(loaded reconcile.Loaded, name string) (*resource.Unit, error) {
	var found []*resource.Unit
	var all []string
	for _, u := range loaded.Units {
		all = append(all, u.Key.Name, u.Key.TagValue(), u.Key.String())
		if name == u.Key.Name || name == u.Key.TagValue() || name == u.Key.String() {
			found = append(found, u)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return nil, noSuchService(loaded, name, all)
	}
	var choices []string
	for _, u := range found {
		choices = append(choices, u.Key.String())
	}
	return nil, fmt.Errorf("%q means more than one service: say which, %s", name, strings.Join(choices, " or "))
}

func noSuchService(loaded reconcile.Loaded, name string, all []string) error {
	if p, frozen := loaded.Frozen[name]; frozen {
		return fmt.Errorf("service %q cannot be used: %s", name, p)
	}
	if near := spec.Nearest(name, all); near != "" {
		return fmt.Errorf("there is no service %q in these documents, did you mean %q?", name, near)
	}
	return fmt.Errorf("there is no service %q in these documents", name)
}
