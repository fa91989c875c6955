package spec

import (
	"strings"
	"testing"
)

const imageDocuments = `apiVersion: ecs-operator/v1
kind: Environment
metadata: {name: prod}
spec: {vars: {registry: 999.example.com, whole: "team/job:1"}}
---
apiVersion: ecs-operator/v1
kind: Environment
metadata: {name: staging}
spec: {vars: {registry: 111.example.com}}
---
apiVersion: ecs-operator/v1
kind: Service
metadata: {name: checkout}
spec:
  environment: prod
  taskDefinition: {containerDefinitions: [{name: api, image: $(env.registry)/checkout:1}, {name: side, image: side:1}]}
---
apiVersion: ecs-operator/v1
kind: ServicePatch
metadata: {name: checkout-staging}
spec:
  service: checkout
  environment: staging
  patch: {taskDefinition: {containerDefinitions: [{name: api, image: checkout:0.9}]}}
---
apiVersion: ecs-operator/v1
kind: Service
metadata: {name: nightly}
spec:
  environment: prod
  taskDefinition: {containerDefinitions: [{name: job, image: $(env.whole)}]}
---
apiVersion: ecs-operator/v1
kind: TaskTemplate
metadata: {name: web}
spec:
  params: {image: {default: nginx:1}, tag: {default: "1"}}
  taskDefinition: {containerDefinitions: [{name: app, image: $(params.image)}, {name: log, image: "log:$(params.tag)"}]}
---
apiVersion: ecs-operator/v1
kind: Service
metadata: {name: pricing}
spec: {template: {name: web, params: {image: pricing:2}}}
---
apiVersion: ecs-operator/v1
kind: Service
metadata: {name: other}
spec: {template: {name: web}}
`

// TestSetImages: which scalar it is, and what it becomes. was and is are the only
// difference of the file; a problem changes nothing.
func TestSetImages(t *testing.T) {
	for name, c := range map[string]struct {
		container, image string
		o                ImageOptions
		was, is, problem string
	}{
		"prefix kept":        {"api", "999.example.com/checkout:2", ImageOptions{Environment: "prod"}, "$(env.registry)/checkout:1", "$(env.registry)/checkout:2", ""},
		"prefix differs":     {"api", "111.example.com/checkout:2", ImageOptions{Environment: "prod"}, "$(env.registry)/checkout:1", "111.example.com/checkout:2", ""},
		"prefix, not a part": {"api", "999.example.community/checkout:2", ImageOptions{Environment: "prod"}, "$(env.registry)/checkout:1", "999.example.community/checkout:2", ""},
		"already resolved":   {"api", "999.example.com/checkout:1", ImageOptions{Environment: "prod"}, "", "", ""},
		"patch":              {"api", "checkout:1.0", ImageOptions{Environment: "staging"}, "checkout:0.9", "checkout:1.0", ""},
		"through the patch":  {"side", "side:2", ImageOptions{Environment: "staging"}, "side:1", "side:2", ""},
		"one place of two":   {"side", "side:2", ImageOptions{}, "side:1", "side:2", ""},
		"ambiguous":          {"api", "checkout:1.0", ImageOptions{}, "", "", "written in 2 places"},
		"whole variable":     {"job", "team/job:2", ImageOptions{}, "team/job:1", "team/job:2", ""},
		"parameter":          {"app", "pricing:3", ImageOptions{Service: "pricing"}, "pricing:2", "pricing:3", ""},
		"cluster/name":       {"app", "pricing:3", ImageOptions{Service: "default/pricing"}, "pricing:2", "pricing:3", ""},
		"default":            {"app", "nginx:2", ImageOptions{Service: "other"}, "default: nginx:1", "default: nginx:2", ""},
		"part of one":        {"log", "log:2", ImageOptions{Service: "other"}, "", "", "put together from parameters"},
		"not there":          {"ap", "x:1", ImageOptions{}, "", "", `did you mean "api"`},
		"no such service":    {"api", "x:1", ImageOptions{Service: "checkin"}, "", "", "no container"},
		"no image":           {"api", "a b", ImageOptions{}, "", "", "is no image"},
	} {
		t.Run(name, func(t *testing.T) {
			files := []File{{Path: "all.yaml", Data: []byte(imageDocuments)}}
			changed, changes, problems := SetImages(files, testSections(), []ImageEdit{{c.container, c.image}}, c.o)
			var told []string
			for _, p := range problems {
				told = append(told, p.String())
			}
			if text := strings.Join(told, "\n"); c.problem != "" || text != "" {
				if c.problem == "" || !strings.Contains(text, c.problem) || len(changed) > 0 {
					t.Errorf("%d files changed, problems %q, want %q", len(changed), text, c.problem)
				}
				return
			}
			got := imageDocuments
			if len(changed) == 1 {
				got = string(changed[0].Data)
			}
			if want := strings.Replace(imageDocuments, c.was, c.is, 1); got != want || len(changes) != 1 {
				t.Errorf("%d changes\ngot  %s\nwant %s", len(changes), got, want)
			}
		})
	}
}

func TestSetImagesEverywhere(t *testing.T) {
	files := []File{{Path: "all.yaml", Data: []byte(imageDocuments)}}
	edits := []ImageEdit{{"api", "999.example.com/checkout:2"}, {"side", "side:2"}, {"app", "app:3"}}
	changed, changes, problems := SetImages(files, testSections(), edits, ImageOptions{All: true})
	if len(problems) > 0 || len(changed) != 1 || len(changes) != 5 {
		t.Fatalf("%d files, %d changes, problems %v", len(changed), len(changes), problems)
	}
	want := strings.NewReplacer("$(env.registry)/checkout:1", "$(env.registry)/checkout:2", "checkout:0.9", "999.example.com/checkout:2",
		"side:1", "side:2", "pricing:2", "app:3", "default: nginx:1", "default: app:3").Replace(imageDocuments)
	if got := string(changed[0].Data); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if again, _, problems := SetImages(changed, testSections(), edits, ImageOptions{All: true}); len(again)+len(problems) > 0 {
		t.Errorf("the second time: %d files, %v", len(again), problems)
	}
}

// What is not among the files is said, and nothing is guessed.
func TestSetImagesMissingParts(t *testing.T) {
	docs := strings.Split(imageDocuments, "---\n")
	for name, c := range map[string]struct {
		docs             []int
		container, image string
		problem          string
	}{
		"the patch alone has it":     {[]int{3}, "api", "checkout:1", ""},
		"the patch alone has it not": {[]int{3}, "side", "side:2", "own document is not among the files"},
		"the template":               {[]int{6}, "app", "x:1", "the template web of pricing is not among the files"},
		"the environment":            {[]int{4}, "job", "x:1", "the Environment that holds it is not among the files"},
	} {
		t.Run(name, func(t *testing.T) {
			var text []string
			for _, i := range c.docs {
				text = append(text, docs[i])
			}
			changed, _, problems := SetImages([]File{{Path: "a.yaml", Data: []byte(strings.Join(text, "---\n"))}}, testSections(), []ImageEdit{{c.container, c.image}}, ImageOptions{})
			if c.problem == "" {
				if len(problems) > 0 || len(changed) != 1 {
					t.Errorf("problems %v", problems)
				}
				return
			}
			if len(problems) != 1 || !strings.Contains(problems[0].Message, c.problem) || len(changed) > 0 {
				t.Errorf("problems %v, want %q", problems, c.problem)
			}
		})
	}
}
