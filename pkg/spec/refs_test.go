package spec

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

const surroundings = `  targetGroups: {web: {port: 80, healthCheckPath: "/$$(x)", attributes: {a: "$(alarms.errors.name)"}}}
  scaling: {minCapacity: 1, policies: {cpu: {policyType: TargetTrackingScaling}}}
  alarms: {errors: {alarmActions: ["$(scaling.policies.cpu.arn)"], dimensions: {TargetGroup: $(targetGroups.web.fullName)}, alarmDescription: "$(service.name) of $(targetGroups.web.name), $(service.name)"}}
`

func TestReferences(t *testing.T) {
	got := parseOne(t, inHello(surroundings+goodService+`  taskDefinition:
    containerDefinitions:
      - name: web
        image: nginx
        command: [sh, -c, "echo $(date) $$(targetGroups.web.arn) $(nproc.x) $(service.arn)"]
        environment: {TG: $(targetGroups.web.arn)}
`))
	if len(got.Problems) != 0 {
		t.Fatal(said(got.Problems))
	}
	type ref struct{ Body, Path, Text, Section, Name, Attr, Pos string }
	var refs []ref
	strs := map[string]string{}
	for _, b := range got.Documents[0].Bodies {
		for _, r := range b.Refs {
			refs = append(refs, ref{b.Path(), r.Path, r.Text, r.Section, r.Name, r.Attr, r.Pos})
		}
		shape.MapStrings(b.Value, func(path, s string) string { strs[b.Path()+" "+path] = s; return s })
	}
	want := []ref{
		{"taskDefinition", "containerDefinitions[0].command[2]", "$(service.arn)", "service", "", "arn", "a.yaml:13:27"},
		{"taskDefinition", "containerDefinitions[0].environment[0].value", "$(targetGroups.web.arn)", "targetGroups", "web", "arn", "a.yaml:14:27"},
		{"targetGroups.web", "attributes[a]", "$(alarms.errors.name)", "alarms", "errors", "name", "a.yaml:5:77"},
		{"alarms.errors", "alarmActions[0]", "$(scaling.policies.cpu.arn)", "scaling.policies", "cpu", "arn", "a.yaml:7:36"},
		{"alarms.errors", "alarmDescription", "$(service.name)", "service", "", "name", "a.yaml:7:143"},
		{"alarms.errors", "alarmDescription", "$(targetGroups.web.name)", "targetGroups", "web", "name", "a.yaml:7:143"},
		{"alarms.errors", "dimensions[0].value", "$(targetGroups.web.fullName)", "targetGroups", "web", "fullName", "a.yaml:7:94"},
	}
	if diff := cmp.Diff(want, refs); diff != "" {
		t.Error(diff)
	}
	for path, want := range map[string]string{
		"taskDefinition containerDefinitions[0].command[2]": "echo $(date) $(targetGroups.web.arn) $(nproc.x) $(service.arn)",
		"targetGroups.web healthCheckPath":                  "/$(x)",
	} {
		if strs[path] != want {
			t.Errorf("%s: %q, want %q", path, strs[path], want)
		}
	}
}

func TestReferenceProblems(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"unknown place", "command: [\"$(targetGroups.wbe.arn)\"]",
			`taskDefinition.containerDefinitions[web].command[0]: $(targetGroups.wbe.arn): there is no targetGroups.wbe in this document; did you mean "targetGroups.web"?; there are alarms.errors, scaling, scaling.policies.cpu, service, targetGroups.web, taskDefinition`},
		{"near place name in a command", "command: [\"$(targetGroup.web.arn)\"]",
			`taskDefinition.containerDefinitions[web].command[0]: $(targetGroup.web.arn): there is no targetGroup.web in this document; did you mean "targetGroups.web"?; there are alarms.errors, scaling, scaling.policies.cpu, service, targetGroups.web, taskDefinition`},
		{"unknown attribute", "environment: {A: $(targetGroups.web.fullname)}",
			`taskDefinition.containerDefinitions[web].environment[A].value: $(targetGroups.web.fullname): targetGroups.web has no attribute fullname; did you mean "fullName"?; it has arn, name, fullName`},
		{"no attribute", "environment: [{name: A, value: $(targetGroups.web)}]",
			`taskDefinition.containerDefinitions[web].environment[A].value: $(targetGroups.web): the attribute is missing; targetGroups.web has arn, name, fullName`},
		{"itself", "user: $(taskDefinition.arn)",
			`taskDefinition.containerDefinitions[web].user: $(taskDefinition.arn): taskDefinition cannot refer to itself`},
		{"shell outside commands", "user: $(whoami)",
			`taskDefinition.containerDefinitions[web].user: $(whoami): not a reference of the form $(PLACE.attribute); write $$( for a literal $(`},
		{"not closed", "user: $(whoami",
			`taskDefinition.containerDefinitions[web].user: a $( has no closing parenthesis; write $$( for a literal $(`},
		{"variable", "user: $(env.user)",
			`$(env.user): this service has no environment: write spec.environment, or the value`},
		{"variable in a command", "command: [$(params.user)]",
			`$(params.user): parameters stand in a TaskTemplate only; here write the value`},
		{"in a key", "dockerLabels: {$(service.arn): x}",
			`taskDefinition.containerDefinitions[web].dockerLabels: $(service.arn) stands in a key: a reference can stand in values only`},
		{"escaped and not", "user: $$(service.arn)$(service.arn)",
			`taskDefinition.containerDefinitions[web].user: $(service.arn) stands both escaped and as a reference in one text`},
		{"shell inside commands", "entryPoint: [sh, -c, \"$(hostname -f) $((1+1)) ${X} $(a.b) $(open\"]", ""},
		{"health check", "healthCheck: {command: [CMD-SHELL, \"test $(id -u) = 0\"]}", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := parseOne(t, inHello(surroundings+goodService+"  taskDefinition:\n    containerDefinitions:\n      - name: web\n        image: nginx\n        "+c.text+"\n"))
			var messages []string
			for _, p := range got.Problems {
				if p.Line != 13 || p.Column == 0 {
					t.Errorf("wrong place: %s", p)
				}
				messages = append(messages, p.Message)
			}
			var want []string
			if c.want != "" {
				want = []string{c.want}
			}
			if diff := cmp.Diff(want, messages); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestIndexFree(t *testing.T) {
	for in, want := range map[string]string{
		"a": "a", "a[0].b[12]": "a[].b[]", "options[awslogs-group]": "options[]", "labels[a]b].c": "labels[].c", "x[0][1]": "x[][]", "labels[a.b[0]]": "labels[]", "a[": "a[]",
	} {
		if got := indexFree(in); got != want {
			t.Errorf("indexFree(%q) = %q, want %q", in, got, want)
		}
	}
}
