package schema_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/schema"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// family is one document of each kind, which fit together.
var family = []string{`apiVersion: ecs-operator/v1
kind: Environment
metadata: {name: prod}
spec:
  target: production
  account: "123456789012"
  region: eu-west-1
  vars: {cluster: main, subnets: [subnet-1], net: {awsvpcConfiguration: {subnets: [subnet-1]}}, count: 2, empty: ""}
  defaults: {policy: {adopt: true}, service: {enableECSManagedTags: true}, template: {name: web}}
  freeze: [{cron: "0 18 * * FRI", for: 62h, reason: weekend}]
`, `apiVersion: ecs-operator/v1
kind: TaskTemplate
metadata: {name: web}
spec:
  params:
    image: {type: string, required: true, description: what runs}
    cpu: {type: integer, default: 256, enum: [256, 512]}
    mounts: {type: list, default: []}
    plain:
  taskDefinition:
    cpu: $(params.cpu)
    containerDefinitions: [{name: app, image: $(params.image), memory: 64, mountPoints: $(params.mounts)}]
`, `apiVersion: ecs-operator/v1
kind: ServicePatch
metadata: {name: shop-prod}
spec:
  service: shop
  environment: prod
  patch:
    policy: {mode: manual, adopt: null}
    template: {params: {cpu: 512}}
    taskDefinition: {containerDefinitions: [{name: app, environment: {A: null, B: b}, healthCheck: null}]}
    service: {deploymentConfiguration: {deploymentCircuitBreaker: null}, loadBalancers: null, desiredCount: $(env.count)}
    alarms: null
`, `apiVersion: ecs-operator/v1
kind: Service
metadata: {name: shop}
spec:
  environment: prod
  cluster: $(env.cluster)
  template: {name: web, params: {image: nginx}}
  service: {desiredCount: 1, networkConfiguration: $(env.net), launchType: EC2}
  targetGroups: {web: {protocol: HTTP, port: 80, vpcId: vpc-1}}
`}

// takenTogether reports whether the decoder takes documents that belong together.
func takenTogether(docs []string) (spec.Result, bool) {
	res := spec.Parse([]spec.File{{Path: "x.yaml", Data: []byte(strings.Join(docs, "---\n"))}}, kinds.Sections(), spec.Options{})
	return res, res.Errors() == 0
}

// TestKinds: what is right and what is wrong in a document of each kind is so
// for the schema as for the decoder.
func TestKinds(t *testing.T) {
	s := compiled(t)
	if res, ok := takenTogether(family); !ok || len(res.Documents) != 1 {
		t.Fatalf("the decoder refuses the good ones: %v", res.Problems)
	}
	for _, doc := range family {
		if err := s.Validate(plain(t, doc)); err != nil {
			t.Errorf("%v\n%s", err, doc)
		}
	}
	wrong := map[string][][3]string{}
	for i, kind := range []string{"Environment", "TaskTemplate", "ServicePatch", "Service"} {
		name := strings.Split(strings.Split(family[i], "name: ")[1], "}")[0]
		name, _, _ = strings.Cut(name, ",")
		wrong[kind] = [][3]string{
			{"an unknown field of the document", "metadata:", "specs: {}\nmetadata:"},
			{"an unknown field of metadata", "metadata: {name: " + name, "metadata: {nam: a, name: " + name},
			{"an unknown field of spec", "spec:\n", "spec:\n  nonesuch: 1\n"},
			{"no name", "{name: " + name, "{"},
			{"a null name", "{name: " + name, "{name: null"},
			{"a list for the name", "{name: " + name, "{name: [a]"},
			{"no spec", family[i][strings.Index(family[i], "spec:"):], ""},
			{"a null spec", family[i][strings.Index(family[i], "spec:"):], "spec: null\n"},
			{"text for the spec", family[i][strings.Index(family[i], "spec:"):], "spec: text\n"},
			{"a list for the spec", family[i][strings.Index(family[i], "spec:"):], "spec: []\n"},
		}
	}
	add := func(kind string, cases ...[3]string) { wrong[kind] = append(wrong[kind], cases...) }
	add("Environment",
		[3]string{"text for vars", "vars: {", "vars: text #{"},
		[3]string{"a number for freeze", "freeze: [", "freeze: 3 #["},
		[3]string{"a window without a cron", `cron: "0 18 * * FRI", `, ""},
		[3]string{"a window without an end", "for: 62h, ", ""},
		[3]string{"an unknown field of a window", "reason: weekend", "why: weekend"},
		[3]string{"an unknown field of defaults", "defaults: {", "defaults: {nonesuch: 1, "},
		[3]string{"an environment in defaults", "defaults: {", "defaults: {environment: prod, "},
		[3]string{"an unknown field in a default body", "{enableECSManagedTags", "{nonesuch: 1, enableECSManagedTags"},
		[3]string{"text for a boolean in a default body", "enableECSManagedTags: true", "enableECSManagedTags: maybe"},
		[3]string{"a role", "target: production", "role: arn"},
		[3]string{"a list for the target", "target: production", "target: [a]"})
	add("TaskTemplate",
		[3]string{"no task definition", family[1][strings.Index(family[1], "  taskDefinition"):], ""},
		[3]string{"a null task definition", family[1][strings.Index(family[1], "  taskDefinition"):], "  taskDefinition: null\n"},
		[3]string{"an unknown field of a parameter", "description: what", "text: what"},
		[3]string{"an unknown type", "type: integer", "type: int"},
		[3]string{"text for required", "required: true", "required: always"},
		[3]string{"text for params", family[1][strings.Index(family[1], "  params"):strings.Index(family[1], "  taskDefinition")], "  params: x\n"},
		[3]string{"text for an enum", "enum: [256, 512]", "enum: 256"},
		[3]string{"an unknown field in the body", "    cpu: $", "    cpuu: 1\n    cpu: $"},
		[3]string{"text for a number in the body", "memory: 64", "memory: lots"})
	add("ServicePatch",
		[3]string{"no service", "  service: shop\n", ""},
		[3]string{"no environment", "  environment: prod\n", ""},
		[3]string{"text for the patch", family[2][strings.Index(family[2], "  patch"):], "  patch: x\n"},
		[3]string{"an environment in the patch", "  patch:\n", "  patch:\n    environment: prod\n"},
		[3]string{"an unknown field in the patch", "  patch:\n", "  patch:\n    nonesuch: 1\n"},
		[3]string{"an unknown field in a body", "{name: app, env", "{name: app, nonesuch: 1, env"},
		[3]string{"a wrong choice of ours", "mode: manual", "mode: fast"},
		[3]string{"an object for a list", "loadBalancers: null", "loadBalancers: {a: b}"},
		[3]string{"a part of a variable for an object", "deploymentCircuitBreaker: null", "deploymentCircuitBreaker: x$(env.count)"})
	add("Service",
		[3]string{"an unknown field in a body", "{desiredCount: 1", "{nonesuch: 1, desiredCount: 1"},
		[3]string{"a wrong enum", "launchType: EC2", "launchType: EC3"},
		[3]string{"an unknown field of template", "{name: web, params", "{name: web, param: {}, params"},
		[3]string{"text for a number", "port: 80", "port: eighty"},
		[3]string{"a name that is none", "targetGroups: {web", "targetGroups: {\"a b\""})
	for i, kind := range []string{"Environment", "TaskTemplate", "ServicePatch", "Service"} {
		for _, c := range wrong[kind] {
			docs := append([]string{}, family...)
			if docs[i] = strings.Replace(family[i], c[1], c[2], 1); docs[i] == family[i] {
				t.Fatalf("%s: %s: nothing to replace", kind, c[0])
			}
			if s.Validate(plain(t, docs[i])) == nil {
				t.Errorf("%s: %s is taken by the schema", kind, c[0])
			}
			if _, ok := takenTogether(docs); ok {
				t.Errorf("%s: %s is taken by the decoder", kind, c[0])
			}
		}
	}
}

// TestKindIsKnown: a document of another kind of ours, or of none, is refused.
func TestKindIsKnown(t *testing.T) {
	s := compiled(t)
	for _, old := range []string{"kind: Environment\n", "apiVersion: ecs-operator/v1\n"} {
		for _, fresh := range []string{"", strings.Replace(old, ": ", ": Other", 1)} {
			if s.Validate(plain(t, strings.Replace(family[0], old, fresh, 1))) == nil {
				t.Errorf("%q for %q is taken", fresh, old)
			}
		}
	}
}

// TestPatchesOfRandomDocuments: any part of a document that the schema takes is
// a patch that it takes, with any member replaced by null or by a variable.
func TestPatchesOfRandomDocuments(t *testing.T) {
	s := compiled(t)
	r := rand.New(rand.NewPCG(3, 4))
	for range 400 {
		g := generator{r: r}
		doc := g.value(schema.Service(), 0).(map[string]any)
		b, err := yaml.Marshal(map[string]any{"apiVersion": "ecs-operator/v1", "kind": "ServicePatch", "metadata": map[string]any{"name": "x"},
			"spec": map[string]any{"service": "x", "environment": "e", "patch": g.thinned(doc["spec"])}})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(plain(t, string(b))); err != nil {
			t.Fatalf("%v\n%s", err, b)
		}
	}
}

// thinned drops members of objects, and replaces others by null or a variable.
func (g generator) thinned(v any) any {
	switch x := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, e := range x {
			switch g.r.IntN(8) {
			case 0:
			case 1:
				out[k] = nil
			case 2:
				out[k] = "$(env.x)"
			default:
				out[k] = g.thinned(e)
			}
		}
		return out
	case []any:
		for i := range x {
			x[i] = g.thinned(x[i])
		}
	}
	return v
}
