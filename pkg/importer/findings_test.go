package importer_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/importer"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// TestFindings: what validate would refuse of an imported document is named at
// the place of the source that it comes from, and the document is there all the same.
func TestFindings(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		read  func(dir string) (importer.Result, error)
		want  []string
	}{
		{"task definition", map[string]string{"task.json": `{"family": "shop",
  "volumes": [{"name": "data"}],
  "containerDefinitions": [
    {"name": "api", "image": "api:1", "memory": 256},
    {"name": "log", "image": "log:1",
     "mountPoints": [{"containerPath": "/x",
       "sourceVolume": "dota"}]}]}`},
			func(dir string) (importer.Result, error) {
				return importer.TaskDefinition(filepath.Join(dir, "task.json"), importer.TaskDefinitionOptions{Cluster: "main", Env: "prod"})
			},
			[]string{"task.json:5:5 container-memory", "task.json:7:24 volume-unknown"}},
		{"ecspresso", map[string]string{
			"ecspresso.yml": "region: eu-west-1\ncluster: main\nservice: shop\nservice_definition: service.json\ntask_definition: task.json\n",
			"task.json":     `{"family": "shop", "containerDefinitions": [{"name": "api", "image": "api:1", "memory": 256}]}`,
			"service.json":  "{\"desiredCount\": 2,\n \"healthCheckGracePeriodSeconds\": 30}"},
			func(dir string) (importer.Result, error) { return importer.Ecspresso(dir, "prod") },
			[]string{"service.json:2:35 grace-period"}},
		{"Copilot", map[string]string{"manifest.yml": `name: shop
type: Backend Service
image: {location: "api:1"}
cpu: 256
memory: 512
sidecars:
  log:
    image: log:1
    mount_points:
      - source_volume: dota
        path: /x
`}, func(dir string) (importer.Result, error) { return importer.Copilot(dir, "prod") },
			[]string{"manifest.yml:10:24 volume-unknown"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range c.files {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			r, err := c.read(dir)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range r.Problems {
				if p.Severity == spec.Error {
					place, _, _ := strings.Cut(strings.TrimPrefix(p.String(), dir+"/"), ": ")
					got = append(got, place+" "+p.Code)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("named %q, want %q\n%v", got, c.want, r.Problems)
			}
			if len(r.Drafts) == 0 {
				t.Error("there is no document")
			}
		})
	}
}
