package spec

import (
	"strings"
	"testing"
)

const promotionEnvironments = `apiVersion: ecs-operator/v1
kind: Environment
metadata: {name: staging}
spec: {target: staging, vars: {registry: 111.example.com, job: "job:2"}}
---
apiVersion: ecs-operator/v1
kind: Environment
metadata: {name: prod}
spec: {target: prod, vars: {registry: 999.example.com, job: "job:1"}}
---
apiVersion: ecs-operator/v1
kind: Environment
metadata: {name: dev}
spec: {target: dev, vars: {registry: 111.example.com, job: "job:3"}}
---
`

// promotion is a base service with a patch for each of some environments.
func promotion(base string, patches ...string) string {
	out := promotionEnvironments + "apiVersion: ecs-operator/v1\nkind: Service\nmetadata: {name: checkout}\nspec:\n  service: {desiredCount: 1}\n" + base
	for i := 0; i < len(patches); i += 2 {
		out += "---\napiVersion: ecs-operator/v1\nkind: ServicePatch\nmetadata: {name: checkout-" + patches[i] + "}\nspec:\n  service: checkout\n  environment: " +
			patches[i] + "\n" + patches[i+1]
	}
	return out
}

// TestPromote: where the images of staging land in prod. was and is are the only
// difference of the file; a problem changes nothing.
func TestPromote(t *testing.T) {
	const (
		inherited = "  taskDefinition:\n    containerDefinitions:\n      - {name: api, image: checkout:1, memory: 64}\n"
		staging2  = "  patch: {taskDefinition: {containerDefinitions: [{name: api, image: checkout:2}]}}\n"
		dev       = "  patch: {service: {desiredCount: 0}}\n"
		templates = "---\napiVersion: ecs-operator/v1\nkind: TaskTemplate\nmetadata: {name: web-v1}\nspec:\n  params: {tag: {default: one}, cpu: {default: \"256\"}}\n" +
			"  taskDefinition: {cpu: $(params.cpu), containerDefinitions: [{name: app, memory: 64, image: \"web:$(params.tag)\"}]}\n" +
			"---\napiVersion: ecs-operator/v1\nkind: TaskTemplate\nmetadata: {name: web-v2}\nspec:\n  params: {tag: {required: true}, cpu: {default: \"256\"}}\n" +
			"  taskDefinition: {cpu: $(params.cpu), containerDefinitions: [{name: app, memory: 64, image: \"web:$(params.tag)\", stopTimeout: 9}]}\n" +
			"---\napiVersion: ecs-operator/v1\nkind: TaskTemplate\nmetadata: {name: web-v3}\nspec:\n  params: {tag: {required: true}, zone: {required: true}}\n" +
			"  taskDefinition: {containerDefinitions: [{name: app, memory: 64, image: \"web:$(params.tag)\", stopTimeout: 9, user: $(params.zone)}]}\n"
	)
	for name, c := range map[string]struct {
		documents, was, is, problem string
	}{
		"both patches write it": {documents: promotion(inherited, "staging", staging2, "dev", dev, "prod", strings.Replace(staging2, "checkout:2", "checkout:1.5", 1)),
			was: "checkout:1.5", is: "checkout:2"},
		"the base is prod's alone": {documents: promotion("  environment: prod\n"+inherited, "staging", staging2), was: "image: checkout:1,", is: "image: checkout:2,"},
		"inherited by both":        {documents: promotion(inherited, "staging", dev, "prod", dev)},
		"there already":            {documents: promotion(inherited, "staging", strings.Replace(staging2, "checkout:2", "checkout:1", 1), "prod", dev)},
		"shared with dev: into the brackets": {documents: promotion(inherited, "staging", staging2, "dev", dev, "prod", "  patch: {service: {desiredCount: 3}}\n"),
			was: "patch: {service: {desiredCount: 3}}",
			is:  "patch: {taskDefinition: {containerDefinitions: [{name: api, image: checkout:2}]}, service: {desiredCount: 3}}"},
		"shared with dev: into empty brackets": {documents: promotion(inherited, "staging", staging2, "dev", dev, "prod", "  patch: {}\n"),
			was: "patch: {}", is: "patch: {taskDefinition: {containerDefinitions: [{name: api, image: checkout:2}]}}"},
		"shared with dev: new lines": {documents: promotion(inherited, "staging", staging2, "dev", dev, "prod", "  patch:   # of prod\n    # three\n    service: {desiredCount: 3}\n"),
			was: "patch:   # of prod\n", is: "patch:   # of prod\n    taskDefinition:\n      containerDefinitions:\n        - name: api\n          image: checkout:2\n"},
		"shared with dev: under taskDefinition": {documents: promotion(inherited, "staging", staging2, "dev", dev, "prod", "  patch:\n    taskDefinition:\n      cpu: \"512\"\n"),
			was: "taskDefinition:\n      cpu", is: "taskDefinition:\n      containerDefinitions:\n        - name: api\n          image: checkout:2\n      cpu"},
		"shared with dev: into the list": {documents: promotion("  taskDefinition: {containerDefinitions: [{name: api, image: checkout:1, memory: 64}, {name: log, image: log:1, memory: 64}]}\n",
			"staging", staging2, "dev", dev, "prod", "  patch:\n    taskDefinition:\n      containerDefinitions:\n      - name: log\n        cpu: 3\n"),
			was: "containerDefinitions:\n      - name: log", is: "containerDefinitions:\n      - name: api\n        image: checkout:2\n      - name: log"},
		"shared with dev: into the container": {documents: promotion(inherited, "staging", staging2, "dev", dev, "prod", "  patch:\n    taskDefinition:\n      containerDefinitions:\n        - name: api   # ours\n          cpu: 3\n"),
			was: "- name: api   # ours\n", is: "- name: api   # ours\n          image: checkout:2\n"},
		"shared with dev: into the container's brackets": {documents: promotion(inherited, "staging", staging2, "dev", dev, "prod", "  patch:\n    taskDefinition: {containerDefinitions: [{name: \"api\", cpu: 3}]}\n"),
			was: `{name: "api", cpu`, is: `{name: "api", image: checkout:2, cpu`},
		"shared with dev: line ends of Windows": {documents: strings.ReplaceAll(promotion(inherited, "staging", staging2, "dev", dev, "prod", "  patch:\n    service: {desiredCount: 3}\n"), "\n", "\r\n"),
			was: "patch:\r\n    service", is: "patch:\r\n    taskDefinition:\r\n      containerDefinitions:\r\n        - name: api\r\n          image: checkout:2\r\n    service"},
		"shared with dev, and no patch": {documents: promotion("  environment: prod\n"+inherited, "staging", staging2, "dev", dev),
			problem: "api of checkout in prod does not stand in a place of its own, and none can be added: write it (taskDefinition.containerDefinitions.[api].image) into a ServicePatch for prod"},
		"the registry of prod": {documents: promotion(strings.Replace(inherited, "checkout:1", "$(env.registry)/checkout:1", 1), "staging", strings.Replace(staging2, "checkout:2", "$(env.registry)/checkout:2", 1), "prod", dev),
			was: "image: $(env.registry)/checkout:1", is: "image: $(env.registry)/checkout:2"},
		"no such variable in prod": {documents: strings.Replace(promotion(inherited, "staging", strings.Replace(staging2, "checkout:2", "$(env.more)/checkout:2", 1), "prod", dev), "vars: {", "vars: {more: x, ", 1),
			problem: `api of checkout in prod is "$(env.more)/checkout:2" in staging, and the environment prod has no such variable`},
		"a variable of the environment": {documents: promotion(strings.Replace(inherited, "checkout:1", "$(env.job)", 1), "staging", dev, "prod", dev), was: `job: "job:1"`, is: `job: "job:2"`},
		"a parameter":                   {documents: promotion("  environment: prod\n  template: {name: web-v1, params: {tag: one}}\n", "staging", "  patch: {template: {params: {tag: two, cpu: \"512\"}}}\n") + templates, was: "tag: one}}\n---", is: "tag: two}}\n---"},
		"a parameter like a number":     {documents: promotion("  environment: prod\n  template: {name: web-v1, params: {tag: one}}\n", "staging", "  patch: {template: {params: {tag: \"1.10\"}}}\n") + templates, was: "tag: one}}\n---", is: "tag: \"1.10\"}}\n---"},
		"the template and its parameter": {documents: promotion("  environment: prod\n  template: {name: web-v1}\n", "staging", "  patch: {template: {name: web-v2, params: {tag: two}}}\n", "prod", "  patch:\n    template:\n      name: web-v1\n") + templates,
			was: "    template:\n      name: web-v1\n", is: "    template:\n      params:\n        tag: two\n      name: web-v2\n"},
		"a template that wants more": {documents: promotion("  environment: prod\n  template: {name: web-v1}\n", "staging", "  patch: {template: {name: web-v3, params: {tag: two, zone: a}}}\n", "prod", "  patch: {template: {name: web-v1}}\n") + templates,
			problem: "needs the parameter zone"},
		"no such environment": {documents: promotion(inherited, "staging", staging2), problem: "the service checkout is not in an environment \"prod\"; it is in staging"},
		"broken":              {documents: promotion(inherited, "staging", staging2, "prod", "  patch: {taskDefinition: {cpus: 1}}\n"), problem: `unknown field "cpus"`},
	} {
		t.Run(name, func(t *testing.T) {
			files := []File{{Path: "all.yaml", Data: []byte(c.documents)}}
			pr, problems := ReadPromotion(files, testSections(), "checkout", "staging", "prod")
			var changed []File
			var changes []ImageChange
			if len(problems) == 0 {
				changed, changes, problems = pr.Write(files, testSections())
			}
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
			got := c.documents
			if len(changed) == 1 {
				got = string(changed[0].Data)
			}
			at := max(0, strings.LastIndex(c.documents, c.was)) // of two alike, the patch of prod, which stands last
			if c.was == "" {
				at = 0
			}
			if want := c.documents[:at] + c.is + c.documents[at+len(c.was):]; got != want {
				t.Errorf("%v\ngot  %s\nwant %s", changes, got, want)
			}
			for _, ch := range changes {
				if ch.Old != ch.New && (ch.Line == 0 || !strings.Contains(strings.Split(got, "\n")[ch.Line-1], ch.New)) {
					t.Errorf("%+v is not where it says", ch)
				}
			}
			if len(changed) == 0 {
				return
			}
			again, _, problems := pr.Write(changed, testSections())
			if len(again)+len(problems) > 0 {
				t.Errorf("the second time: %d files, %v", len(again), problems)
			}
		})
	}
}

// What is JSON stays JSON.
func TestPromoteIntoJSON(t *testing.T) {
	base := promotion("  taskDefinition: {containerDefinitions: [{name: api, image: checkout:1, memory: 64}]}\n",
		"staging", "  patch: {taskDefinition: {containerDefinitions: [{name: api, image: checkout:2}]}}\n", "dev", "  patch: {}\n")
	for was, is := range map[string]string{
		`{}`: `{"taskDefinition": {"containerDefinitions": [{"name": "api", "image": "checkout:2"}]}}`,
		`{"taskDefinition": {"containerDefinitions": [ {"name": "api"} ]}}`: `{"taskDefinition": {"containerDefinitions": [ {"name": "api", "image": "checkout:2"} ]}}`,
		`{"taskDefinition": {"containerDefinitions": []}}`:                  `{"taskDefinition": {"containerDefinitions": [{"name": "api", "image": "checkout:2"}]}}`,
		`{"service": {"desiredCount": 2}}`:                                  `{"taskDefinition": {"containerDefinitions": [{"name": "api", "image": "checkout:2"}]}, "service": {"desiredCount": 2}}`,
	} {
		text := `{"apiVersion": "ecs-operator/v1", "kind": "ServicePatch", "metadata": {"name": "prod"}, "spec": {"service": "checkout", "environment": "prod", "patch": `
		files := []File{{Path: "all.yaml", Data: []byte(base)}, {Path: "prod.json", Data: []byte(text + was + "}}")}}
		pr, problems := ReadPromotion(files, testSections(), "checkout", "staging", "prod")
		if len(problems) > 0 {
			t.Errorf("%s: %v", was, problems)
			continue
		}
		changed, _, problems := pr.Write(files, testSections())
		if len(problems) > 0 || len(changed) != 1 || string(changed[0].Data) != text+is+"}}" {
			t.Errorf("%s: %+v, %v", was, changed, problems)
		}
	}
}

func TestPromoteWords(t *testing.T) {
	files := []File{{Path: "all.yaml", Data: []byte(promotion("  taskDefinition: {containerDefinitions: [{name: api, image: checkout:1, memory: 64}]}\n",
		"staging", "  patch: {taskDefinition: {containerDefinitions: [{name: api, image: checkout:2}, {name: debug, image: busybox:1, memory: 64}]}}\n", "prod", "  patch: {}\n"))}}
	pr, problems := ReadPromotion(files, testSections(), "default/checkout", "staging", "prod")
	if len(problems) > 0 || len(pr.Skipped) != 1 || pr.Skipped[0] != "debug" || pr.Source != "staging/default/checkout" {
		t.Errorf("%+v, %v", pr, problems)
	}
	for want, args := range map[string][3]string{
		`there is no service "checkin" with an environment in these documents; did you mean "checkout"?`: {"checkin", "staging", "prod"},
		`is not in an environment "stagin"; did you mean "staging"?; it is in prod, staging`:             {"checkout", "stagin", "prod"},
		"from prod to prod is no way": {"checkout", "prod", "prod"},
	} {
		if _, problems := ReadPromotion(files, testSections(), args[0], args[1], args[2]); len(problems) != 1 || !strings.Contains(problems[0].Message, want) {
			t.Errorf("%v: %v, want %s", args, problems, want)
		}
	}
}
