package spec

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// repeated are the places whose wrong value stands in messages: names, which a
// reader looks for. Everywhere else a value may be a secret that slipped there.
var repeated = []string{
	"kind", "metadata.name", "spec.cluster", "spec.dependsOn", "spec.dependsOn[]", "spec.policy.ignore", "spec.policy.ignore[]",
	"spec.taskDefinition.containerDefinitions[].name", "spec.taskDefinition.containerDefinitions[].secrets[].name",
}

// TestNoMessageRepeatsASecret: each value of a document is replaced by a password, and
// no message holds it, whatever is wrong with it there.
func TestNoMessageRepeatsASecret(t *testing.T) {
	const secret = "s3cr3t/Pa55w0rd+"
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(everywhere), &doc); err != nil {
		t.Fatal(err)
	}
	places, echoes := 0, map[string]bool{}
	var walk func(n *yaml.Node, path string)
	walk = func(n *yaml.Node, path string) {
		for _, form := range []string{secret, "[" + secret + "]", "{x: " + secret + "}", "*" + secret, "!" + secret, "&" + secret + " x", "NAME=" + secret, "$(" + secret, "${A:-" + secret + "}"} {
			places++
			was := *n
			*n = yaml.Node{Kind: yaml.ScalarNode, Value: "PLANTED"}
			text, err := yaml.Marshal(&doc)
			*n = was
			if err != nil {
				t.Fatal(err)
			}
			p := Parse([]File{{Path: "a.yaml", Data: []byte(strings.Replace(string(text), "PLANTED", form, 1))}}, testSections(), Options{})
			for _, problem := range p.Problems {
				if strings.Contains(problem.String(), "Pa55w0rd") && !slices.Contains(repeated, path) {
					echoes[fmt.Sprintf("%s %s: %s", path, form, problem)] = true
				}
			}
		}
		for i := 0; i < len(n.Content); i++ {
			switch n.Kind {
			case yaml.MappingNode:
				if i%2 == 1 {
					walk(n.Content[i], strings.TrimPrefix(path+"."+n.Content[i-1].Value, "."))
				}
			default:
				walk(n.Content[i], path+"[]")
			}
		}
	}
	walk(doc.Content[0], "")
	for _, echo := range slices.Sorted(maps.Keys(echoes)) {
		t.Error(echo)
	}
	t.Logf("%d places and forms", places)
}

const everywhere = `apiVersion: ecs-operator/v1
kind: Service
metadata: {name: hello, labels: {team: a}}
spec:
  cluster: main
  dependsOn: [other]
  policy: {mode: auto, adopt: true, driftGrace: 1h, keepRevisions: 3, wave: 1, ignore: [service.desiredCount]}
  hooks: {preDeploy: {migrate: {overrides: {containerOverrides: [{name: web, command: [migrate]}]}, timeout: 5m}}}
  taskDefinition:
    cpu: "256"
    requiresCompatibilities: [FARGATE]
    runtimePlatform: {cpuArchitecture: ARM64}
    containerDefinitions:
      - name: web
        image: nginx
        essential: true
        memory: 64
        command: [run]
        portMappings: [{containerPort: 80, protocol: tcp}]
        environment: {A: b}
        secrets: [{name: C, valueFrom: d}]
        dockerLabels: {e: f}
        healthCheck: {command: [CMD, run], interval: 5}
        logConfiguration: {logDriver: awslogs, options: {awslogs-group: g}}
  service:
    launchType: FARGATE
    desiredCount: 1
    deploymentConfiguration: {deploymentCircuitBreaker: {enable: true, rollback: true}, lifecycleHooks: [{hookDetails: {a: [b]}}]}
    tags: {team: a}
  targetGroups: {web: {port: 80, protocol: HTTP, attributes: {a: b}}}
  alarms:
    errors: {threshold: 1.5, evaluationPeriods: 3, comparisonOperator: GreaterThanThreshold, evaluationWindow: {slidingWindow: {}}}
  scaling: {minCapacity: 1, maxCapacity: 2, scheduledActions: {up: {startTime: "2030-01-01T00:00:00Z", schedule: rate(1 day)}}}
`

// TestToldValues: a slip of the finger is repeated, anything else is not.
func TestToldValues(t *testing.T) {
	for value, want := range map[string]string{
		"abc": `"abc"`, "FARGAT": `"FARGAT"`, "1.5": `"1.5"`, "010": `"010"`, "1GB": `"1GB"`, "0.5 GB": `"0.5 GB"`, "1e30": `"1e30"`, "-3": `"-3"`, "tomorrow": `"tomorrow"`,
		"99999999999999999999": `"99999999999999999999"`, "json_file": `"json_file"`, "http2": `"http2"`, "": `""`, "GreaterThanOrEqualTo": `"GreaterThanOrEqualTo"`,
		"two words": "text", "xK9f2Qp7LmZ4": "text", "DB_PASSWORD=hunter2": "text", "https://u:p@example.com": "text", "a$b": "text", "AKIAIOSFODNN7EXAMPLE": "text", "7f3c9a1e5b2d": "text",
	} {
		if have := told(value); have != want {
			t.Errorf("%q is told as %s, want %s", value, have, want)
		}
	}
	if have := told("json-fi le", "json-file"); have != `"json-fi le"` {
		t.Errorf("what is near a word that is known is told as %s", have)
	}
}

// TestSecretParameter: the value of a parameter that is called like a secret is
// repeated in no case.
func TestSecretParameter(t *testing.T) {
	for _, declared := range []string{"{type: integer}", "{type: string, enum: [one, two]}", "{type: boolean}"} {
		files := []File{
			{Path: "a.yaml", Data: []byte(inHello("  template: {name: web, params: {api_token: hunter}}\n" + goodService))},
			{Path: "b.yaml", Data: []byte(fmt.Sprintf(tplOf, "web", "{params: {api_token: "+declared+"}, taskDefinition: {containerDefinitions: [{name: web, image: i, user: $(params.api_token)}]}}"))},
		}
		got := said(Parse(files, testSections(), Options{}).Problems)
		if !strings.Contains(got, "spec.template.params.api_token: the value is none of type") || strings.Contains(got, "hunter") {
			t.Errorf("%s: %s", declared, got)
		}
	}
}
