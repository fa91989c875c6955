package spec

import (
	"strings"
	"testing"
)

// TestTakenAway: what is missing because a patch or --set took it away is
// reported there, with the place that misses it.
func TestTakenAway(t *testing.T) {
	files := func(patch string) []File {
		return []File{
			{Path: "a.yaml", Data: []byte("apiVersion: ecs-operator/v1\nkind: Service\nmetadata: {name: web}\nspec:\n  taskDefinition: {containerDefinitions: [{name: web, image: 'web:1'}]}\n  service: {desiredCount: 1}\n")},
			{Path: "e.yaml", Data: []byte("apiVersion: ecs-operator/v1\nkind: Environment\nmetadata: {name: prod}\nspec: {}\n")},
			{Path: "p.yaml", Data: []byte("apiVersion: ecs-operator/v1\nkind: ServicePatch\nmetadata: {name: p}\nspec: {service: web, environment: prod, patch: " + patch + "}\n")},
		}
	}
	for _, c := range []struct{ patch, set, want string }{
		{"{taskDefinition: {containerDefinitions: [{name: web, image: null}]}}", "", "p.yaml:4:101: taskDefinition.containerDefinitions[web]: image is required, and it is taken away here (a.yaml:5:43)"},
		{"{service: {desiredCount: null}}", "", "p.yaml:4:59: service.desiredCount is required"},
		{"{taskDefinition: null}", "", "p.yaml:4:49: spec.taskDefinition is required, and it is taken away here (a.yaml:5:3)"},
		{"{}", "taskDefinition.containerDefinitions[web].image=null", "--set taskDefinition.containerDefinitions[web].image: taskDefinition.containerDefinitions[web]: image is required"},
	} {
		o := Options{}
		if c.set != "" {
			o.Set = []string{c.set}
		}
		got := said(Parse(files(c.patch), testSections(), o).Problems)
		if !strings.Contains(got, c.want) {
			t.Errorf("got\n%swant\n%s", got, c.want)
		}
	}
}
