package plan_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// Golden plans: spec, live and policy to the bytes of a plan.
func TestGolden(t *testing.T) {
	for name, in := range map[string]func() plan.Input{
		"create":            func() plan.Input { return newWorld().input(webUnit("nginx:1", 80)) },
		"nothing":           func() plan.Input { return web().in },
		"image":             func() plan.Input { return hello("nginx:1").now(desire(helloDoc("nginx:2"))).in },
		"target-group-held": func() plan.Input { return web().now(webUnit("nginx:1", 81)).in },
		"target-group-replaced": func() plan.Input {
			u := webUnit("nginx:1", 81)
			u.Policy.Recreate = true
			return web().now(u).in
		},
		"quarantined": func() plan.Input {
			s := rolledBack().edit(resource.KindService, "", func(l *resource.Live) { l.Value.(*service).GracePeriod = p(int32(1)) })
			return s.with(history(failed(s.unit, "2", resource.DeploymentRolledBack))).in
		},
		"not-ours": func() plan.Input { return web().edit(resource.KindService, "", tag(resource.TagOwner, "")).in },
		"adopt": func() plan.Input {
			d := helloDoc("nginx:2")
			d.Policy.Adopt = true
			return hello("nginx:1").now(desire(d)).edit(resource.KindService, "", tag(resource.TagOwner, "")).in
		},
		"suspended": func() plan.Input {
			return hello("nginx:1").now(desire(helloDoc("nginx:2"))).
				edit(resource.KindService, "", tag(resource.TagSuspend, "until=2026-12-01T00:00:00Z by=ann reason=freeze")).in
		},
		"secret": func() plan.Input {
			d := helloDoc("nginx:1")
			td := d.Bodies[0].Value.(*taskDefinition)
			td.Containers[0].Environment = append(td.Containers[0].Environment, pair{p("DB_PASSWORD"), p("hunter2")})
			return hello("nginx:1").now(desire(d)).in
		},
	} {
		t.Run(name, func(t *testing.T) {
			pl := plan.Make(in())
			got, err := json.MarshalIndent(pl, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, '\n')
			file := filepath.Join("testdata", name+".json")
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), string(got)); d != "" {
				t.Errorf("%s (-want +got; -update rewrites it):\n%s", file, d)
			}
			if bytes.Contains(got, []byte("hunter2")) {
				t.Error("the plan tells a secret")
			}
			// What was written can be read, and says the same.
			var back plan.Plan
			if err := json.Unmarshal(got, &back); err != nil {
				t.Fatal(err)
			}
			again, err := json.MarshalIndent(back, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(got), string(again)+"\n"); d != "" {
				t.Errorf("read and written again (-first +second):\n%s", d)
			}
			if back.Empty() != pl.Empty() {
				t.Errorf("read back: empty %v, was %v", back.Empty(), pl.Empty())
			}
		})
	}
}
