package spec

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/google/go-cmp/cmp"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

func plainJSON(t testing.TB, v any) string {
	t.Helper()
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(shape.Plain(v, nil)); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func sound(t *testing.T, path, text string) Body {
	t.Helper()
	b, problems := DecodeBody("b.yaml", []byte(text), sectionNamed(t, path))
	for _, p := range problems {
		if p.Severity == Error {
			t.Fatalf("%s\n%s", text, said(problems))
		}
	}
	return b
}

const oneContainer = "containerDefinitions: [{name: web, image: nginx}]\n"

// What an author wrote, and what AWS is told.
func TestValues(t *testing.T) {
	for _, c := range []struct{ name, path, text, want string }{
		{"text keeps its source", "taskDefinition", oneContainer + "cpu: 1.10\nmemory: 0x10\nfamily: yes\ntaskRoleArn: 2026-01-01\nexecutionRoleArn: 012345678901\n",
			`{"containerDefinitions":[{"image":"nginx","name":"web"}],"cpu":"1.10","executionRoleArn":"012345678901","family":"yes","memory":"0x10","taskRoleArn":"2026-01-01"}`},
		{"numbers and numeric text", "taskDefinition", "cpu: 256\ncontainerDefinitions:\n  - {name: web, image: nginx, cpu: '128', memory: 5.12e2, stopTimeout: 0x1E, startTimeout: 1_0, essential: 'true', privileged: no}\n",
			`{"containerDefinitions":[{"cpu":128,"essential":true,"image":"nginx","memory":512,"name":"web","privileged":false,"startTimeout":10,"stopTimeout":30}],"cpu":"256"}`},
		{"null is not written", "taskDefinition", oneContainer + "cpu: ~\nmemory:\nvolumes: null\n",
			`{"containerDefinitions":[{"image":"nginx","name":"web"}]}`},
		{"zero, false and empty are", "service", "desiredCount: 0\nloadBalancers: []\nplatformVersion: ''\nhealthCheckGracePeriodSeconds: 0\n",
			`{"desiredCount":0,"healthCheckGracePeriodSeconds":0,"loadBalancers":[],"platformVersion":""}`},
		{"empty enums and ARNs are not written", "service", "launchType: ''\nrole: ''\nloadBalancers: [{targetGroupArn: '', loadBalancerName: ''}]\n",
			`{"loadBalancers":[{"loadBalancerName":""}]}`},
		{"PascalCase", "targetGroups", "HealthCheckPath: /\nPort: 80\nMatcher: {HttpCode: '200'}\n",
			`{"healthCheckPath":"/","matcher":{"httpCode":"200"},"port":80}`},
		{"maps for lists of pairs", "alarms", "dimensions: {LoadBalancer: app/x, 1: 2}\nmetrics: [{id: a, metricStat: {metric: {dimensions: {A: b}}}}]\ntags: {t: v}\n",
			`{"dimensions":[{"name":"LoadBalancer","value":"app/x"},{"name":"1","value":"2"}],"metrics":[{"id":"a","metricStat":{"metric":{"dimensions":[{"name":"A","value":"b"}]}}}],"tags":[{"key":"t","value":"v"}]}`},
		{"lists of pairs too", "alarms", "dimensions: [{name: a, value: b}]\n", `{"dimensions":[{"name":"a","value":"b"}]}`},
		{"unions", "alarms", "evaluationCriteria: {promQLCriteria: {query: up}}\nevaluationWindow: {WallClockWindow: {}}\n",
			`{"evaluationCriteria":{"promQLCriteria":{"query":"up"}},"evaluationWindow":{"wallClockWindow":{}}}`},
		{"a union of an enum", "service", "serviceConnectConfiguration: {enabled: true, containerConfigurations: [{logLevel: debug}]}\n",
			`{"serviceConnectConfiguration":{"containerConfigurations":[{"logLevel":"debug"}],"enabled":true}}`},
		{"free form", "service", "deploymentConfiguration: {lifecycleHooks: [{hookDetails: {a: [1, 2.5, true, null, 'x'], b: {}}}]}\n",
			`{"deploymentConfiguration":{"lifecycleHooks":[{"hookDetails":{"a":[1,2.5,true,null,"x"],"b":{}}}]}}`},
		{"times", "scaling.scheduledActions", "startTime: 2026-01-31T06:00:00+01:00\nendTime: 1769839200.25\n",
			`{"endTime":"2026-01-31T06:00:00.25Z","startTime":"2026-01-31T05:00:00Z"}`},
		{"numbers with a fraction", "alarms", "threshold: 1.5\n", `{"threshold":1.5}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := plainJSON(t, sound(t, c.path, c.text).Value); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestTimesAreExact(t *testing.T) {
	in := sound(t, "scaling.scheduledActions", "startTime: 1769839200\n").Value.(*applicationautoscaling.PutScheduledActionInput)
	if want := time.Date(2026, 1, 31, 6, 0, 0, 0, time.UTC); !in.StartTime.Equal(want) {
		t.Errorf("got %v, want %v", in.StartTime, want)
	}
}

// Written names exactly what stands in the file.
func TestWritten(t *testing.T) {
	b := sound(t, "taskDefinition", `cpu:
memory: "512"
networkMode: ""
containerDefinitions:
  - name: web
    image: nginx
    command: []
    environment:
      A: x
    dockerLabels: {a.b: c}
`)
	want := map[string]string{
		"memory":                                       "b.yaml:2:9",
		"containerDefinitions":                         "b.yaml:5:3",
		"containerDefinitions[0]":                      "b.yaml:5:5",
		"containerDefinitions[0].name":                 "b.yaml:5:11",
		"containerDefinitions[0].image":                "b.yaml:6:12",
		"containerDefinitions[0].command":              "b.yaml:7:14",
		"containerDefinitions[0].environment":          "b.yaml:9:7",
		"containerDefinitions[0].environment[0]":       "b.yaml:9:7",
		"containerDefinitions[0].environment[0].name":  "b.yaml:9:7",
		"containerDefinitions[0].environment[0].value": "b.yaml:9:10",
		"containerDefinitions[0].dockerLabels":         "b.yaml:10:19",
		"containerDefinitions[0].dockerLabels[a.b]":    "b.yaml:10:25",
	}
	if diff := cmp.Diff(want, b.Written.Map()); diff != "" {
		t.Error(diff)
	}
}

func TestExtra(t *testing.T) {
	for name, text := range map[string]string{
		"map":   "port: 80\nattributes: {deregistration_delay.timeout_seconds: 30}\n",
		"pairs": "port: 80\nattributes: [{Key: deregistration_delay.timeout_seconds, Value: 30}]\n",
	} {
		b := sound(t, "targetGroups", text)
		want := map[string]any{"attributes": map[string]string{"deregistration_delay.timeout_seconds": "30"}}
		if diff := cmp.Diff(want, b.Extra); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if b.Written.At("attributes[deregistration_delay.timeout_seconds]") == "" {
			t.Errorf("%s: no place in %v", name, b.Written)
		}
	}
	if b := sound(t, "targetGroups", "port: 80\n"); len(b.Extra) != 0 {
		t.Errorf("extra that nobody wrote: %v", b.Extra)
	}
}

// Whole documents with every section, in the order of the sections and by name.
func TestSections(t *testing.T) {
	got := parseOne(t, inHello(`  policy: {mode: manual, adopt: true, prune: true, onDelete: prune, recreate: true, desiredCount: band, driftGrace: 90m, keepRevisions: 3, wave: 2, ignore: [service.desiredCount]}
  dependsOn: [ledger, main/other]
  alarms: {slow: {threshold: 2}, errors: {threshold: 1}}
  scaling:
    minCapacity: 1
    maxCapacity: 3
    suspendedState: {dynamicScalingInSuspended: true}
    policies: {cpu: {policyType: TargetTrackingScaling}}
    scheduledActions: {night: {schedule: "cron(0 1 ? * * *)"}}
  listenerRules: {web: {priority: 1}, removed: null}
  targetGroups: {web: {port: 80}}
`+goodTask+goodService))
	if got.Errors() != 0 {
		t.Fatal(said(got.Problems))
	}
	d := got.Documents[0]
	var paths []string
	for _, b := range d.Bodies {
		paths = append(paths, b.Path()+" "+b.Kind)
	}
	want := []string{"taskDefinition task-definition", "service service", "targetGroups.web target-group", "listenerRules.web rule",
		"scaling scalable-target", "scaling.policies.cpu scaling-policy", "scaling.scheduledActions.night scheduled-action", "alarms.errors alarm", "alarms.slow alarm"}
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(Policy{Mode: "manual", Adopt: true, Prune: true, OnDelete: "prune", Recreate: true, DesiredCount: "band",
		DriftGrace: "90m", KeepRevisions: 3, Wave: 2, Ignore: []string{"service.desiredCount"}}, d.Policy); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"ledger", "main/other"}, d.DependsOn); diff != "" {
		t.Error(diff)
	}
	if got, want := plainJSON(t, d.Bodies[4].Value), `{"maxCapacity":3,"minCapacity":1,"suspendedState":{"dynamicScalingInSuspended":true}}`; got != want {
		t.Errorf("scaling: got %s want %s", got, want)
	}
}

// A word in place of a number stands beside the body, and anything else that is
// no number is told what would be.
func TestWords(t *testing.T) {
	b := sound(t, "listenerRules", "priority: auto\n")
	if b.Extra["priority"] != "auto" || b.Written.At("priority") == "" {
		t.Errorf("extra %v, written %v", b.Extra, b.Written)
	}
	if b := sound(t, "listenerRules", "priority: 10\n"); len(b.Extra) != 0 {
		t.Errorf("a number stands beside the body: %v", b.Extra)
	}
}
